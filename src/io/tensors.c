/* The tensors of a checkpoint: one safetensors file, or several under an index
 * (model.safetensors.index.json, {"weight_map": {tensor: file}}). Files stay mapped, so opening
 * costs the header only. A tensor whose bytes do not lie at a multiple of its element's size (early
 * writers did not pad the header) is copied when the file is opened: kernels may assume alignment.
 *
 * The index is checked against the shards: every tensor it names must be in the shard it names, no
 * tensor may be in two shards, and a shard's name may not lead out of the folder. */
#include "gonio/io.h"

#include "io/file.h"
#include "io/json.h"
#include "io/safetensors.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    gn_tensor_info info; /* first: the public pointer is this entry's */
    const void *data;
    size_t file;
} entry;

struct gn_tensors {
    gn_arena arena;
    size_t n, n_files;
    entry *item;
    const entry **by_name;
    gn_map *map;
    const char **path;
};

static const size_t max_index = (size_t)1 << 28;

static gn_status keep_text(gn_tensors *t, const char *text, const char **out, gn_error *err) {
    *out = gn_arena_text(&t->arena, text, strlen(text));
    return *out ? GN_OK : gn_fail_nomem(err, text, strlen(text));
}

static gn_status keep_array(gn_tensors *t, size_t n, size_t size, void *out_pointer,
                            const char *what, gn_error *err) {
    void *p = gn_arena_alloc(&t->arena, n, size);
    if (!p) return gn_fail_nomem(err, what, n * size);
    memset(p, 0, n * size);
    memcpy(out_pointer, &p, sizeof p);
    return GN_OK;
}

/** Maps file number `f` (its path is set) and reads its tensors. */
static gn_status read_file(gn_tensors *t, size_t f, gn_tensor_info **list, size_t *n,
                           gn_error *err) {
    gn_status st = gn_map_open(t->path[f], &t->map[f], err);
    if (st != GN_OK) return st;
    return gn_safetensors_parse(t->map[f].data, t->map[f].n, t->path[f], &t->arena, list, n, err);
}

static gn_status fill_entry(gn_tensors *t, size_t f, const gn_tensor_info *info, entry *out,
                            gn_error *err) {
    const unsigned char *data = t->map[f].data + info->offset;
    if ((uintptr_t)data % gn_dtype_size(info->dtype) != 0) {
        void *copy = NULL;
        gn_status st = keep_array(t, (size_t)info->n_bytes, 1, &copy, info->name, err);
        if (st != GN_OK) return st;
        memcpy(copy, data, (size_t)info->n_bytes);
        data = copy;
    }
    *out = (entry){*info, data, f};
    return GN_OK;
}

static int compare_entries(const void *a, const void *b) {
    const entry *const *x = a, *const *y = b;
    return strcmp((*x)->info.name, (*y)->info.name);
}

/** Reads all files whose paths are set. */
static gn_status read_files(gn_tensors *t, gn_error *err) {
    gn_status st;
    gn_tensor_info **list = NULL;
    size_t *n = NULL, total = 0;
    GN_TRY(gn_alloc_array(&list, t->n_files, sizeof *list, "a list of shards", err));
    GN_TRY(gn_alloc_array(&n, t->n_files, sizeof *n, "a list of shards", err));
    for (size_t f = 0; f < t->n_files; f++) {
        GN_TRY(read_file(t, f, &list[f], &n[f], err));
        total += n[f];
    }
    GN_TRY(keep_array(t, total, sizeof *t->item, &t->item, "a list of tensors", err));
    GN_TRY(keep_array(t, total, sizeof *t->by_name, &t->by_name, "a list of tensors", err));
    for (size_t f = 0; f < t->n_files; f++) {
        for (size_t i = 0; i < n[f]; i++) {
            GN_TRY(fill_entry(t, f, &list[f][i], &t->item[t->n], err));
            t->by_name[t->n] = &t->item[t->n];
            t->n++;
        }
    }
    qsort(t->by_name, t->n, sizeof *t->by_name, compare_entries);
    for (size_t i = 1; i < t->n; i++) {
        const entry *a = t->by_name[i - 1], *b = t->by_name[i];
        if (compare_entries(&a, &b) == 0) {
            st = gn_fail(err, GN_EDATA, "%s: tensor '%s' is also in %s", t->path[b->file],
                         b->info.name, t->path[a->file]);
            goto done;
        }
    }
done:
    gn_free(list);
    gn_free(n);
    return st;
}

static gn_status set_files(gn_tensors *t, size_t n, gn_error *err) {
    gn_status st = keep_array(t, n, sizeof *t->map, &t->map, "a list of shards", err);
    if (st == GN_OK) st = keep_array(t, n, sizeof *t->path, &t->path, "a list of shards", err);
    if (st == GN_OK) t->n_files = n;
    return st;
}

static gn_status open_one(gn_tensors *t, const char *path, gn_error *err) {
    gn_status st;
    GN_TRY(set_files(t, 1, err));
    GN_TRY(keep_text(t, path, &t->path[0], err));
    GN_TRY(read_files(t, err));
done:
    return st;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/** The distinct shard names of a weight map, ascending, checked; `*name` from gn_alloc. */
static gn_status shard_names(json_t *weights, const char *path, const char ***name, size_t *n,
                             gn_error *err) {
    const char *key, **list = NULL;
    json_t *value;
    gn_status st;
    size_t count = 0, kept = 0;
    GN_TRY(gn_alloc_array(&list, json_object_size(weights), sizeof *list, "a weight map", err));
    json_object_foreach(weights, key, value) {
        const char *shard = json_string_value(value);
        if (!shard || !*shard || strchr(shard, '/') || strcmp(shard, "..") == 0) {
            st = gn_fail(err, GN_EDATA,
                         "%s: tensor '%s': expected the name of a file in the same folder, found "
                         "%s%s%s",
                         path, key, shard ? "'" : "", shard ? shard : gn_json_kind(value),
                         shard ? "'" : "");
            goto done;
        }
        list[count++] = shard;
    }
    qsort(list, count, sizeof *list, compare_names);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(list[i], list[kept - 1]) != 0) list[kept++] = list[i];
    *name = list;
    *n = kept;
    list = NULL;
done:
    gn_free(list);
    return st;
}

static gn_status open_index(gn_tensors *t, const char *path, gn_error *err) {
    gn_status st;
    json_t *root = NULL, *weights, *value;
    const char **shard = NULL, *key;
    char *dir = NULL, *full = NULL;
    size_t n = 0;
    GN_TRY(gn_json_open(path, max_index, &root, err));
    GN_TRY(gn_json_object(root, path, "weight_map", &weights, err));
    GN_TRY(shard_names(weights, path, &shard, &n, err));
    if (!(dir = gn_path_dir(path))) {
        st = gn_fail_nomem(err, path, strlen(path));
        goto done;
    }
    GN_TRY(set_files(t, n, err));
    for (size_t f = 0; f < n; f++) {
        full = gn_path_join(strcmp(dir, ".") == 0 ? "" : dir, shard[f]);
        if (!full) {
            st = gn_fail_nomem(err, shard[f], strlen(shard[f]));
            goto done;
        }
        GN_TRY(keep_text(t, full, &t->path[f], err));
        gn_free(full);
        full = NULL;
        if (!gn_path_is_file(t->path[f])) {
            st = gn_fail(err, GN_EIO, "%s: the shard %s is missing", path, shard[f]);
            goto done;
        }
    }
    GN_TRY(read_files(t, err));
    json_object_foreach(weights, key, value) {
        const entry *e = (const entry *)gn_tensors_find(t, key);
        if (e && strcmp(gn_path_base(t->path[e->file]), json_string_value(value)) == 0) continue;
        st = gn_fail(err, GN_EDATA, "%s: tensor '%s' is not in %s%s%s", path, key,
                     json_string_value(value), e ? ", but in " : "",
                     e ? gn_path_base(t->path[e->file]) : "");
        goto done;
    }
done:
    json_decref(root);
    gn_free(shard);
    gn_free(dir);
    gn_free(full);
    return st;
}

static gn_status open_folder(gn_tensors *t, const char *path, gn_error *err) {
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *full = gn_path_join(path, names[i]);
        if (!full) return gn_fail_nomem(err, path, strlen(path));
        bool there = gn_path_is_file(full);
        gn_status st = !there ? GN_OK : i == 0 ? open_one(t, full, err) : open_index(t, full, err);
        gn_free(full);
        if (there) return st;
    }
    return gn_fail(err, GN_EIO, "%s: holds neither %s nor %s", path, names[0], names[1]);
}

gn_status gn_tensors_open(const char *path, gn_tensors **out, gn_error *err) {
    gn_status st;
    gn_tensors *t = gn_calloc(1, sizeof *t);
    if (!t) return gn_fail_nomem(err, path, sizeof *t);
    if (gn_path_is_dir(path)) {
        GN_TRY(open_folder(t, path, err));
    } else if (gn_path_has_suffix(path, ".json")) {
        GN_TRY(open_index(t, path, err));
    } else {
        GN_TRY(open_one(t, path, err));
    }
    *out = t;
    t = NULL;
done:
    gn_tensors_free(t);
    return st;
}

void gn_tensors_free(gn_tensors *t) {
    if (!t) return;
    for (size_t f = 0; f < t->n_files; f++) gn_map_close(&t->map[f]);
    gn_arena_free(&t->arena);
    gn_free(t);
}

size_t gn_tensors_count(const gn_tensors *t) {
    return t->n;
}

const gn_tensor_info *gn_tensors_at(const gn_tensors *t, size_t i) {
    return i < t->n ? &t->item[i].info : NULL;
}

const gn_tensor_info *gn_tensors_find(const gn_tensors *t, const char *name) {
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, t->by_name[middle]->info.name);
        if (order == 0) return &t->by_name[middle]->info;
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

const void *gn_tensors_data(const gn_tensors *t, const gn_tensor_info *info) {
    (void)t;
    return ((const entry *)info)->data;
}

const char *gn_tensors_path(const gn_tensors *t, const gn_tensor_info *info) {
    return t->path[((const entry *)info)->file];
}

size_t gn_tensors_file_count(const gn_tensors *t) {
    return t->n_files;
}

const char *gn_tensors_file(const gn_tensors *t, size_t i) {
    return i < t->n_files ? t->path[i] : NULL;
}
