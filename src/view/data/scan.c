/* Finding sources: see scan.h. */
#define _XOPEN_SOURCE 700
#include "view/data/scan.h"

#include "base/ctx.h"
#include "base/str.h"
#include "view/data/watch.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ENTRIES = 10000, MAX_NAMES = 1 << 20 };

/* ---- the list ---------------------------------------------------------------------------- */

gn_status gn_listing_add(gn_listing *to, gn_entry *entry, gn_error *err) {
    if (to->n == to->room) {
        size_t room = to->room ? 2 * to->room : 8;
        gn_entry *more = gn_realloc(to->entry, room, sizeof *more);
        if (!more) {
            gn_entry_free(entry);
            return gn_fail_nomem(err, "the list of sources", room * sizeof *more);
        }
        to->entry = more;
        to->room = room;
    }
    to->entry[to->n++] = *entry;
    *entry = (gn_entry){0};
    return GN_OK;
}

void gn_entry_free(gn_entry *e) {
    gn_free(e->name);
    gn_free(e->member);
    gn_free(e->layer);
    gn_free(e->depth);
    gn_free(e->preview[0]);
    gn_free(e->preview[1]);
    gn_free(e->note);
    *e = (gn_entry){0};
}

/** Where the sources that are being listed come from. */
struct origin {
    gn_view *v;
    const char *file, *path, *base; /* as in gn_source */
    size_t root;
};

static gn_status add_source(const struct origin *o, const gn_reader *reader, gn_entry *entry,
                            gn_error *err) {
    gn_view *v = o->v;
    gn_status st = GN_OK;
    gn_source *s = gn_calloc(1, sizeof *s);
    if (!s) return gn_fail_nomem(err, "a source", sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->bookmarks_lock, NULL);
    s->reader = reader;
    s->root = o->root;
    s->file = gn_strdup(o->file);
    s->path = gn_strdup(o->path);
    s->base = o->base ? gn_strdup(o->base) : NULL;
    s->about = *entry;
    *entry = (gn_entry){0};
    if (!s->file || !s->path || (o->base && !s->base)) {
        gn_source_free(s);
        return gn_fail_nomem(err, "a source", strlen(o->file));
    }
    pthread_mutex_lock(&v->lock);
    if (v->n_sources == v->source_room) {
        size_t room = v->source_room ? 2 * v->source_room : 16;
        gn_source **more = gn_realloc(v->source, room, sizeof(gn_source *));
        if (more) {
            v->source = more;
            v->source_room = room;
        }
    }
    if (v->n_sources < v->source_room) {
        s->id = v->n_sources;
        v->source[v->n_sources++] = s;
        s = NULL;
    } else {
        st = gn_fail_nomem(err, "the list of sources", v->source_room);
    }
    pthread_mutex_unlock(&v->lock);
    gn_source_free(s);
    return st;
}

/** What went wrong with the file, which the user knows by its place in the given folder. */
static char *note_of(const struct origin *o, const char *message) {
    size_t n = strlen(o->file);
    gn_str s = {0};
    char *note = NULL;
    gn_error ignored;
    bool named = strncmp(message, o->file, n) == 0;
    gn_str_addf(&s, "%s%s", named ? o->path : "", named ? message + n : message);
    if (gn_str_take(&s, &note, &ignored) != GN_OK) note = NULL;
    gn_str_free(&s);
    return note;
}

/** Lists the file or set at `file` with the first reader that claims it. A reader's failure, but
 * for lack of memory, becomes an entry that carries the message. */
static gn_status list_one(const struct origin *o, bool folder, bool *claimed, gn_error *err) {
    const char *file = o->file;
    gn_listing found = {0};
    const gn_reader *reader = NULL;
    gn_error why = {0};
    for (size_t i = 0; i < gn_n_readers && !reader; i++)
        if (gn_readers[i]->claims(file, folder)) reader = gn_readers[i];
    *claimed = reader != NULL;
    if (!reader) return GN_OK;
    gn_status st = gn_watch_check(o->base, file, &why);
    if (st == GN_OK) st = reader->list(file, &found, &why);
    if (st == GN_ENOMEM) {
        gn_fail(err, st, "%s", why.message);
    } else if (st != GN_OK) {
        gn_entry broken = {.name = gn_strdup(gn_path_base(file)), .note = note_of(o, why.message)};
        st = broken.name && broken.note ? gn_listing_add(&found, &broken, err)
                                        : gn_fail_nomem(err, file, strlen(file));
        gn_entry_free(&broken);
    }
    for (size_t i = 0; i < found.n && st == GN_OK; i++)
        st = add_source(o, reader, &found.entry[i], err);
    for (size_t i = 0; i < found.n; i++) gn_entry_free(&found.entry[i]);
    gn_free(found.entry);
    return st;
}

/* ---- folders ----------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** The names in a folder that do not start with a dot, ascending; free each and the list. Of very
 *  many the first, which is said. */
static gn_status read_folder(gn_view *v, const char *dir, char ***out, size_t *n_out,
                             gn_error *err) {
    gn_status st = GN_OK;
    size_t n = 0, room = 0;
    char **name = NULL;
    DIR *d = opendir(dir);
    if (!d) return gn_fail_errno(err, "%s", dir);
    for (struct dirent *e; n < MAX_NAMES && (e = readdir(d));) {
        if (e->d_name[0] == '.') continue;
        if (n == room) {
            size_t want = room ? 2 * room : 64;
            char **more = gn_realloc(name, want, sizeof *more);
            if (!more) {
                st = gn_fail_nomem(err, dir, want * sizeof *more);
                break;
            }
            name = more;
            room = want;
        }
        if (!(name[n] = gn_strdup(e->d_name))) {
            st = gn_fail_nomem(err, dir, strlen(e->d_name));
            break;
        }
        n++;
    }
    closedir(d);
    if (n) qsort(name, n, sizeof *name, by_name);
    if (n > MAX_ENTRIES)
        gn_ctx_log(v->ctx, GN_LOG_WARNING, "%s: of %zu names the first %d are looked at", dir, n,
                   MAX_ENTRIES);
    while (n > MAX_ENTRIES) gn_free(name[--n]);
    *out = name;
    *n_out = n;
    return st;
}

static gn_status scan_folder(gn_view *v, const char *root, const char *dir, const char *relative,
                             int depth, gn_error *err) {
    char **name = NULL, *file = NULL, *path = NULL;
    size_t n = 0;
    gn_status st;
    GN_TRY(read_folder(v, dir, &name, &n, err));
    for (size_t i = 0; i < n; i++) {
        gn_free(file);
        gn_free(path);
        path = NULL;
        file = gn_path_join(dir, name[i]);
        path = gn_path_join(relative, name[i]);
        if (!file || !path) {
            st = gn_fail_nomem(err, "a path", strlen(dir));
            goto done;
        }
        bool folder = gn_path_is_dir(file), inside = gn_path_is_inside(root, file), claimed;
        if (folder && !inside) continue;
        GN_TRY(list_one(&(struct origin){v, file, path, root, v->n_folders - 1}, folder, &claimed,
                        err));
        if (folder && !claimed && depth > 0) {
            gn_error why;
            if (scan_folder(v, root, file, path, depth - 1, &why) == GN_ENOMEM) {
                st = gn_fail(err, GN_ENOMEM, "%s", why.message);
                goto done;
            }
        }
    }
done:
    for (size_t i = 0; i < n; i++) gn_free(name[i]);
    gn_free(name);
    gn_free(file);
    gn_free(path);
    return st;
}

static gn_status keep_folder(gn_view *v, const char *root, gn_error *err) {
    char **more = gn_realloc(v->folder, v->n_folders + 1, sizeof *more);
    if (!more) return gn_fail_nomem(err, root, strlen(root));
    v->folder = more;
    if (!(more[v->n_folders] = gn_strdup(root))) return gn_fail_nomem(err, root, strlen(root));
    v->n_folders++;
    return GN_OK;
}

gn_status gn_view_scan(gn_view *v, const char *path, gn_error *err) {
    bool claimed;
    char root[PATH_MAX], *base = NULL;
    gn_status st;
    if (!realpath(path, root)) return gn_fail_errno(err, "%s", path);
    bool folder = gn_path_is_dir(root);
    if (!folder && !gn_path_is_regular(root))
        return gn_fail(err, GN_EINVAL, "%s: is a pipe or a device, expected a file or a folder",
                       path);
    if (!(base = folder ? gn_strdup(root) : gn_path_dir(root)))
        return gn_fail_nomem(err, root, strlen(root));
    GN_TRY(keep_folder(v, root, err));
    GN_TRY(list_one(&(struct origin){v, root, gn_path_base(root), base, v->n_folders - 1}, folder,
                    &claimed, err));
    if (!claimed && folder)
        st = scan_folder(v, root, root, "", 1, err);
    else if (!claimed)
        st =
            gn_fail(err, GN_EINVAL,
                    "%s: not a file that can be viewed, expected a representation set, .npy, .npz, "
                    ".safetensors, .tsv, .vec, a TensorBoard folder or a folder of them",
                    path);
done:
    gn_free(base);
    return st;
}

gn_status gn_view_add_file(gn_view *v, const char *file, const char *name, size_t *first, size_t *n,
                           gn_error *err) {
    bool claimed;
    const struct origin o = {v, file, name, NULL, v->n_folders};
    pthread_mutex_lock(&v->listing);
    size_t before = v->n_sources; /* changed under that lock only, once the server runs */
    gn_status st = list_one(&o, false, &claimed, err);
    size_t found = v->n_sources - before;
    pthread_mutex_unlock(&v->listing);
    if (st != GN_OK) return st;
    if (!claimed)
        return gn_fail(
            err, GN_EINVAL,
            "%s: not a file that can be viewed, expected .npy, .npz, .safetensors, .tsv or .vec",
            name);
    *first = before;
    *n = found;
    return GN_OK;
}
