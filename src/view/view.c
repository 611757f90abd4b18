/* Opening, running and ending the viewer's server: see gonio/view.h and view.h. */
#define _XOPEN_SOURCE 700
#include "view/view.h"

#include "base/ctx.h"
#include "view/http.h"
#include "view/page.h"
#include "view/data/scan.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Other rooms' files join here. */
const gn_view_part *const gn_view_parts[] = {
    /* clang-format off */
    &gn_part_log,
    &gn_part_cache,
    &gn_part_jobs,
    &gn_part_sources,
    &gn_part_sets,
    &gn_part_tags,
    &gn_part_uploads,
    &gn_part_export,
    &gn_part_export_neighbors,
    &gn_part_export_geometry,
    &gn_part_neighbors,
    &gn_part_search,
    &gn_part_geometry,
    &gn_part_points,
    &gn_part_compare,
    &gn_part_layouts,
    &gn_part_embed,
    &gn_part_sprite,
    /* clang-format on */
};
_Static_assert(sizeof gn_view_parts / sizeof *gn_view_parts <= GN_VIEW_MAX_PARTS, "too many parts");
const size_t gn_view_n_parts = sizeof gn_view_parts / sizeof *gn_view_parts;

static gn_status copy_text(const char *text, char **out, gn_error *err) {
    if (!text) return GN_OK;
    *out = gn_strdup(text);
    return *out ? GN_OK : gn_fail_nomem(err, "an option", strlen(text));
}

static gn_status take_options(gn_view *v, const gn_view_opts *o, gn_error *err) {
    gn_status st;
    if (o->port > 65535)
        return gn_fail(err, GN_EINVAL, "port %u: expected 0 (any free one) to 65535", o->port);
    if (o->assets) { /* as a real path: what is served is compared with it */
        char real[PATH_MAX];
        if (!realpath(o->assets, real) || !gn_path_is_dir(real))
            return gn_fail(err, GN_EIO, "%s: the folder of the page's files cannot be read",
                           o->assets);
        GN_TRY(copy_text(real, &v->assets, err));
    }
    GN_TRY(copy_text(o->model, &v->model, err));
    GN_TRY(copy_text(o->scratch ? o->scratch : "/tmp", &v->scratch, err));
    v->port = o->port;
done:
    return st;
}

gn_status gn_view_prepare(gn_ctx *ctx, const char *const *paths, size_t n_paths,
                          const gn_view_opts *opts, gn_view **out, gn_error *err) {
    const gn_view_opts none = {0};
    gn_status st;
    if (n_paths == 0) return gn_fail(err, GN_EINVAL, "no folder or file to view");
    gn_view *v = gn_calloc(1, sizeof *v);
    if (!v) return gn_fail_nomem(err, "the viewer", sizeof *v);
    pthread_mutex_init(&v->lock, NULL);
    pthread_mutex_init(&v->listing, NULL);
    v->ctx = ctx;
    GN_TRY(take_options(v, opts ? opts : &none, err));
    for (size_t i = 0; i < n_paths; i++) GN_TRY(gn_view_scan(v, paths[i], err));
    for (size_t i = 0; i < gn_view_n_parts; i++)
        if (gn_view_parts[i]->open) GN_TRY(gn_view_parts[i]->open(v, err));
    *out = v;
    v = NULL;
done:
    gn_view_free(v);
    return st;
}

gn_status gn_view_open(gn_ctx *ctx, const char *const *paths, size_t n_paths,
                       const gn_view_opts *opts, gn_view **out, gn_error *err) {
    gn_view *v;
    gn_status st = gn_view_prepare(ctx, paths, n_paths, opts, &v, err);
    if (st == GN_OK && (st = gn_http_start(v, &v->port, &v->http, err)) != GN_OK) gn_view_free(v);
    if (st != GN_OK) return st;
    snprintf(v->url, sizeof v->url, "http://127.0.0.1:%u/", v->port);
    *out = v;
    return GN_OK;
}

const char *gn_view_url(const gn_view *v) {
    return v->url;
}

unsigned gn_view_port(const gn_view *v) {
    return v->port;
}

size_t gn_view_sources(const gn_view *v) {
    return v->n_sources;
}

bool gn_view_has_page(const gn_view *v) {
    return v->assets || gn_built_in_page.n_bytes > 0;
}

gn_status gn_view_run(gn_view *v, gn_error *err) {
    const struct timespec pause = {0, 100 * 1000 * 1000};
    gn_status st;
    while ((st = gn_ctx_poll(v->ctx, err)) == GN_OK) nanosleep(&pause, NULL);
    return st;
}

gn_status gn_view_context(gn_view *v, const gn_hooks *hooks, gn_ctx **out, gn_error *err) {
    gn_ctx_opts o = {.n_threads = gn_ctx_threads(v->ctx),
                     .seed = gn_ctx_seed(v->ctx),
                     .cpu = gn_ctx_cpu(v->ctx)};
    if (hooks) o.hooks = *hooks;
    return gn_ctx_new(&o, out, err);
}

static bool asker_gone(void *user) {
    const gn_asker *a = user;
    return atomic_load(&a->v->ending) || (a->rq->gone && a->rq->gone(a->rq));
}

gn_status gn_view_answer_context(gn_asker *asker, gn_ctx **out, gn_error *err) {
    return gn_view_context(asker->v, &(gn_hooks){.user = asker, .cancel = asker_gone}, out, err);
}

/* ---- uploads ----------------------------------------------------------------------------- */

gn_status gn_view_upload_file(gn_view *v, char **out, gn_error *err) {
    gn_status st = GN_OK;
    char *path = NULL, *dir = NULL;
    pthread_mutex_lock(&v->lock);
    if (!v->upload_dir) {
        dir = gn_path_join(v->scratch, "gonio-view-XXXXXX");
        if (!dir)
            st = gn_fail_nomem(err, "a path", strlen(v->scratch));
        else if (!mkdtemp(dir))
            st = gn_fail_errno(err, "uploads cannot be kept: %s", dir);
        if (st != GN_OK) goto done;
        v->upload_dir = dir;
        dir = NULL;
    }
    path = gn_path_join(v->upload_dir, "part-XXXXXX");
    if (!path) {
        st = gn_fail_nomem(err, "a path", strlen(v->upload_dir));
        goto done;
    }
    int fd = mkstemp(path);
    if (fd < 0) {
        st = gn_fail_errno(err, "the upload cannot be kept: %s", path);
        goto done;
    }
    close(fd);
    *out = path;
    path = NULL;
done:
    pthread_mutex_unlock(&v->lock);
    gn_free(path);
    gn_free(dir);
    return st;
}

/** Removes the folder of uploads: files, and folders of files. */
static void remove_folder(const char *dir, int depth) {
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        char *path = gn_path_join(dir, e->d_name);
        if (path && unlink(path) != 0 && depth > 0) remove_folder(path, depth - 1);
        gn_free(path);
    }
    if (d) closedir(d);
    rmdir(dir);
}

void gn_view_free(gn_view *v) {
    if (!v) return;
    atomic_store(&v->ending, true);
    for (size_t i = 0; i < gn_view_n_parts; i++)
        if (gn_view_parts[i]->stop) gn_view_parts[i]->stop(v);
    gn_http_stop(v->http);
    for (size_t i = gn_view_n_parts; i-- > 0;)
        if (gn_view_parts[i]->free) gn_view_parts[i]->free(v);
    for (size_t i = 0; i < v->n_sources; i++) gn_source_free(v->source[i]);
    for (size_t i = 0; i < v->n_folders; i++) gn_free(v->folder[i]);
    if (v->upload_dir) remove_folder(v->upload_dir, 2);
    gn_free(v->upload_dir);
    gn_free(v->source);
    gn_free(v->folder);
    gn_free(v->assets);
    gn_free(v->model);
    gn_free(v->scratch);
    pthread_mutex_destroy(&v->listing);
    pthread_mutex_destroy(&v->lock);
    gn_free(v);
}
