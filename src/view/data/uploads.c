/* Files that the user drops onto the page: kept in a private folder while the server runs. */
#define _POSIX_C_SOURCE 200809L
#include "view/data/marks.h"
#include "view/data/metadata.h"
#include "view/data/scan.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_BYTES = 200 };

static gn_status check_name(const char *name, gn_error *err) {
    if (!name || !*name || strlen(name) > NAME_BYTES || strchr(name, '/') || name[0] == '.')
        return gn_fail(err, GN_EINVAL,
                       "'name': expected the file's name, at most %d bytes, without a folder",
                       NAME_BYTES);
    return GN_OK;
}

/** Moves the upload to a folder of its own under its name; free *out with gn_free. */
static gn_status keep(const char *upload, const char *name, char **out, gn_error *err) {
    char *dir = gn_alloc(strlen(upload) + 3, 1), *path = NULL;
    gn_status st = GN_OK;
    if (!dir) return gn_fail_nomem(err, "a path", strlen(upload));
    sprintf(dir, "%s.d", upload);
    if (mkdir(dir, 0700) != 0)
        st = gn_fail_errno(err, "the upload cannot be kept: %s", dir);
    else if (!(path = gn_path_join(dir, name)))
        st = gn_fail_nomem(err, "a path", strlen(dir));
    else if (rename(upload, path) != 0)
        st = gn_fail_errno(err, "the upload cannot be kept: %s", path);
    gn_free(dir);
    if (st == GN_OK)
        *out = path;
    else
        gn_free(path);
    return st;
}

static gn_status answer(gn_view *v, size_t first, size_t n, gn_reply *re, gn_error *err) {
    json_t *list = json_array();
    pthread_mutex_lock(&v->lock);
    for (size_t i = first; i < first + n; i++)
        json_array_append_new(list, gn_source_json(v->source[i]));
    pthread_mutex_unlock(&v->lock);
    return gn_reply_json(re, json_pack("{s:o}", "sources", list), err);
}

static gn_status upload(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    const char *name = gn_query_text(rq, "name"), *of = gn_query_text(rq, "for");
    char *path = NULL;
    size_t first, n;
    gn_source *s;
    gn_status st;
    double started = gn_view_seconds();
    GN_TRY(check_name(name, err));
    if (of) GN_TRY(gn_view_source(v, of, &s, re, err));
    GN_TRY(keep(rq->upload, name, &path, err));
    if (of) {
        GN_TRY(gn_source_add_metadata(s, path, name, &n, err));
        first = s->id;
        n = 1;
    } else {
        GN_TRY(gn_view_add_file(v, path, name, &first, &n, err));
    }
    gn_view_note(v, "upload", json_pack("{s:s}", "name", name), gn_view_seconds() - started);
    st = answer(v, first, n, re, err);
done:
    if (path && (of || st != GN_OK)) unlink(path); /* only tensors are mapped, and stay */
    gn_free(path);
    return st;
}

static const gn_route routes[] = {{"POST", "/api/sources/upload", upload, GN_BODY_FILE}, {0}};
const gn_view_part gn_part_uploads = {.routes = routes};
