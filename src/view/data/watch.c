/* Mapped files are not ours: another program may shorten or overwrite them while they are shown
 * (numpy.save writes into the file that is there). Overwritten, they would give numbers that belong
 * neither to the old data nor to the new; shortened, they have no bytes where the mapping reaches,
 * and the kernel sends SIGBUS, which the program answers with pages of zeros (cli/cmd_view.c). In
 * both cases the size or the time of the last change differs, which is asked for before and after
 * each request: some microseconds for a set of thirty files. */
#define _GNU_SOURCE
#include "view/data/watch.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct gn_watched {
    char *path;
    struct stat seen;
};

typedef gn_status (*visit_fn)(void *user, const char *path, gn_error *err);

static bool belongs_to_set(const char *name) {
    static const char *const suffix[] = {".npy", ".txt", ".json", ".jsonl"};
    if (name[0] == '.') return false;
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
        if (gn_path_has_suffix(name, suffix[i])) return true;
    return false;
}

/** Visits the files of a representation set: those of its folder and of rows/ in it. */
static gn_status visit_set(const char *dir, visit_fn visit, void *user, gn_error *err) {
    static const char *const inner[] = {"", "/rows"};
    gn_status st = GN_OK;
    for (size_t k = 0; k < 2 && st == GN_OK; k++) {
        char *folder = gn_alloc(strlen(dir) + 8, 1);
        if (!folder) return gn_fail_nomem(err, "a path", strlen(dir));
        sprintf(folder, "%s%s", dir, inner[k]);
        DIR *d = opendir(folder);
        for (struct dirent *e; d && st == GN_OK && (e = readdir(d));) {
            if (!belongs_to_set(e->d_name)) continue;
            char *path = gn_path_join(folder, e->d_name);
            st = path ? visit(user, path, err) : gn_fail_nomem(err, "a path", strlen(folder));
            gn_free(path);
        }
        if (d) closedir(d);
        gn_free(folder);
    }
    return st;
}

/* ---- what may be read -------------------------------------------------------------------- */

static gn_status check_file(void *user, const char *path, gn_error *err) {
    const char *base = user;
    if (!gn_path_is_file(path)) return GN_OK;
    if (!gn_path_is_regular(path))
        return gn_fail(err, GN_EDATA, "%s: is a pipe or a device, expected a file", path);
    if (base && !gn_path_is_inside(base, path))
        return gn_fail(err, GN_EDATA, "%s: leads out of the folder that was opened, %s", path,
                       base);
    return GN_OK;
}

gn_status gn_watch_check(const char *base, const char *path, gn_error *err) {
    void *user = (void *)(uintptr_t)base;
    if (!gn_path_is_dir(path)) return check_file(user, path, err);
    return visit_set(path, check_file, user, err);
}

/* ---- what must stay as it is ------------------------------------------------------------- */

gn_status gn_watch_file(gn_source *s, const char *path, gn_error *err) {
    struct gn_watched one = {0};
    if (stat(path, &one.seen) != 0) return gn_fail_errno(err, "%s", path);
    struct gn_watched *more = gn_realloc(s->watched, s->n_watched + 1, sizeof *more);
    if (!more) return gn_fail_nomem(err, path, sizeof *more);
    s->watched = more;
    if (!(one.path = gn_strdup(path))) return gn_fail_nomem(err, path, strlen(path));
    s->watched[s->n_watched++] = one;
    return GN_OK;
}

static gn_status watch_visited(void *user, const char *path, gn_error *err) {
    gn_source *s = user;
    bool mapped = gn_path_has_suffix(path, ".npy") || gn_path_has_suffix(path, ".jsonl");
    return mapped ? gn_watch_file(s, path, err) : GN_OK;
}

gn_status gn_watch_set(gn_source *s, const char *dir, gn_error *err) {
    return visit_set(dir, watch_visited, s, err);
}

void gn_watch_end(gn_source *s) {
    for (size_t i = 0; i < s->n_watched; i++) gn_free(s->watched[i].path);
    gn_free(s->watched);
    s->watched = NULL;
    s->n_watched = 0;
}

gn_status gn_watch_unchanged(const gn_source *s, gn_error *err) {
    for (size_t i = 0; i < s->n_watched; i++) {
        const struct gn_watched *w = &s->watched[i];
        struct stat now;
        if (stat(w->path, &now) != 0 || now.st_dev != w->seen.st_dev ||
            now.st_ino != w->seen.st_ino)
            continue;
        if (now.st_size != w->seen.st_size || now.st_mtim.tv_sec != w->seen.st_mtim.tv_sec ||
            now.st_mtim.tv_nsec != w->seen.st_mtim.tv_nsec)
            return gn_fail(err, GN_EIO,
                           "%s was changed by another program while it was open (%lld bytes, it "
                           "had %lld): start gonio view again to see what it holds now",
                           w->path, (long long)now.st_size, (long long)w->seen.st_size);
    }
    return GN_OK;
}
