/* Keeping marks: see marks.h. One store for each path that was given, one more for uploads. */
#define _GNU_SOURCE
#include "view/data/marks.h"

#include "io/json.h"
#include "reps/about.h"
#include "view/view.h"
#include "view/data/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 400 }; /* of 5 ms */

static const size_t max_marks = (size_t)1 << 30;

struct store {
    pthread_mutex_t lock;
    char *path;   /* NULL: memory only */
    char *folder; /* real, exists: what is kept lies in it */
    int held;     /* the folder, locked against other servers while marks are read and written */
    json_t *root; /* NULL until it is needed */
    bool unsaved; /* memory knows more than the file: it is not read again */
    struct stat seen;
};

struct gn_marks {
    size_t n;
    struct store store[]; /* one a folder, then one for uploads */
};

static struct store *store_of(const gn_view *v, const gn_source *s) {
    return &v->marks->store[s->root < v->n_folders ? s->root : v->n_folders];
}

const char *gn_marks_path(const gn_view *v, const gn_source *s) {
    return store_of(v, s)->path;
}

static bool unchanged(const struct store *store, const struct stat *now) {
    const struct stat *old = &store->seen;
    return old->st_ino == now->st_ino && old->st_size == now->st_size &&
           old->st_mtim.tv_sec == now->st_mtim.tv_sec &&
           old->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/** Two servers may keep marks in one folder: from reading to writing it belongs to one of them. A
 *  server that does not let go within LOCK_TRIES is passed by: a mark may be lost, nobody hangs. */
static void hold(struct store *store) {
    const struct timespec pause = {0, 5 * 1000 * 1000};
    if (!store->path) return;
    store->held = open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; store->held >= 0 && i < LOCK_TRIES; i++) {
        if (flock(store->held, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
        nanosleep(&pause, NULL);
    }
}

static void let_go(struct store *store) {
    if (store->held >= 0) close(store->held);
    store->held = -1;
}

/** The file's content in store->root, read when it is not there or was changed by somebody else. */
static gn_status load(struct store *store, gn_error *err) {
    struct stat now = {0};
    json_t *root = NULL, *data;
    size_t format;
    gn_status st;
    bool there = store->path && stat(store->path, &now) == 0;
    if (there) {
        st = gn_watch_check(store->folder, store->path, err);
        if (st != GN_OK) return st;
    }
    if (store->root && (store->unsaved || !store->path || (there && unchanged(store, &now))))
        return GN_OK;
    if (there) {
        GN_TRY(gn_json_open(store->path, max_marks, &root, err));
        GN_TRY(gn_json_size(root, store->path, "format", &format, err));
        GN_TRY(gn_json_object(root, store->path, "data", &data, err));
        if (format != 1) {
            st = gn_fail(err, GN_EDATA, "%s: format %zu, this version reads format 1", store->path,
                         format);
            goto done;
        }
    } else {
        st = GN_OK;
        root = json_pack("{s:i,s:{}}", "format", 1, "data");
        if (!root) return gn_fail_nomem(err, "marks", 1);
    }
    json_decref(store->root);
    store->root = root;
    store->seen = now;
    root = NULL;
done:
    json_decref(root);
    return st;
}

static gn_status save(struct store *store, gn_error *err) {
    gn_status st;
    char *dir = NULL;
    gn_str text = {0};
    if (!store->path)
        return gn_fail(err, GN_EIO,
                       "an uploaded file has no place of its own: its sets and labels last until "
                       "the viewer ends");
    gn_about_text(store->root, JSON_COMPACT, &text);
    if (!(dir = gn_path_dir(store->path)) || text.bad) {
        st = gn_fail_nomem(err, store->path, strlen(store->path));
        goto done;
    }
    GN_TRY(gn_make_dirs(dir, err));
    if (strcmp(dir, store->folder) != 0 && !gn_path_is_inside(store->folder, dir)) {
        st = gn_fail(err, GN_EIO, "%s leads out of %s", dir, store->folder);
        goto done;
    }
    GN_TRY(gn_write_file(store->path, text.text, text.n, err));
    stat(store->path, &store->seen);
done:
    store->unsaved = st != GN_OK;
    gn_str_free(&text);
    gn_free(dir);
    return st;
}

/** root.data[hash], made with its members when it is not there. */
static json_t *entry_of(json_t *root, const char *hash, const char *name) {
    json_t *data = json_object_get(root, "data"), *entry = json_object_get(data, hash);
    if (!json_is_object(entry)) {
        entry = json_pack("{s:o}", "name", gn_json_text(name));
        if (json_object_set_new(data, hash, entry) != 0) return NULL;
    }
    for (size_t i = 0; i < 2; i++) {
        const char *member = i ? "tags" : "sets";
        if (!json_is_object(json_object_get(entry, member)) &&
            json_object_set_new(entry, member, json_object()) != 0)
            return NULL;
    }
    return entry;
}

gn_status gn_marks_open(gn_view *v, gn_source *s, json_t **out, gn_error *err) {
    struct store *store = store_of(v, s);
    const char *hash;
    json_t *entry;
    gn_status st = gn_source_hash(s, &hash, err);
    if (st != GN_OK) return st;
    pthread_mutex_lock(&store->lock);
    hold(store);
    GN_TRY(load(store, err));
    if (!(entry = entry_of(store->root, hash, s->about.name))) {
        st = gn_fail_nomem(err, "marks", 1);
        goto done;
    }
    *out = entry;
    return GN_OK;
done:
    let_go(store);
    pthread_mutex_unlock(&store->lock);
    return st;
}

void gn_marks_close(gn_view *v, gn_source *s) {
    struct store *store = store_of(v, s);
    let_go(store);
    pthread_mutex_unlock(&store->lock);
}

gn_status gn_marks_answer(gn_view *v, gn_source *s, bool changed, json_t *answer, gn_reply *re,
                          gn_error *err) {
    gn_status st = gn_reply_json(re, answer, err);
    if (st == GN_OK && changed && (st = save(store_of(v, s), err)) != GN_OK) {
        gn_error_prefix(err, "the change lasts until the viewer ends, it could not be written");
        re->status = 409;
    }
    gn_marks_close(v, s);
    return st;
}

/* ---- the part ---------------------------------------------------------------------------- */

static gn_status find_place(struct store *store, const char *given, gn_error *err) {
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/gonio.json", given);
    bool inside = gn_path_is_dir(given) && !gn_path_is_file(path); /* a set is one thing */
    snprintf(path, sizeof path, inside ? "%s/view/marks.json" : "%s.view.json", given);
    store->path = gn_strdup(path);
    store->folder = inside ? gn_strdup(given) : gn_path_dir(given);
    return store->path && store->folder ? GN_OK : gn_fail_nomem(err, given, strlen(given));
}

gn_status gn_marks_start(gn_view *v, gn_error *err) {
    size_t n = v->n_folders + 1;
    struct gn_marks *m = gn_calloc(1, sizeof *m + n * sizeof m->store[0]);
    if (!m) return gn_fail_nomem(err, "marks", n);
    v->marks = m;
    for (size_t i = 0; i < n; i++) {
        pthread_mutex_init(&m->store[i].lock, NULL);
        m->store[i].held = -1;
    }
    m->n = n;
    gn_status st = GN_OK;
    for (size_t i = 0; i < v->n_folders && st == GN_OK; i++)
        st = find_place(&m->store[i], v->folder[i], err);
    return st;
}

void gn_marks_end(gn_view *v) {
    for (size_t i = 0; v->marks && i < v->marks->n; i++) {
        struct store *store = &v->marks->store[i];
        json_decref(store->root);
        gn_free(store->path);
        gn_free(store->folder);
        pthread_mutex_destroy(&store->lock);
    }
    gn_free(v->marks);
    v->marks = NULL;
}
