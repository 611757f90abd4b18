/* The page: see page.h. */
#define _XOPEN_SOURCE 700
#include "view/page.h"

#include "io/file.h"
#include "io/sha256.h"
#include "view/view.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t max_page = (size_t)64 << 20;

static const char no_page[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>gonio view</title>"
    "<h1>gonio view is running, but this build has no page</h1>"
    "<p>The page is made from the folder <code>web</code> of the source tree when gonio is built. "
    "Run <code>tools/setup build</code>, which installs Node.js and the page's packages, then "
    "build "
    "again. The addresses under <code>/api/</code> answer all the same.</p></html>";

static const char default_policy[] =
    "default-src 'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

static gn_status copy_reply(gn_reply *re, const char *type, const void *bytes, size_t n,
                            gn_error *err) {
    void *copy = gn_alloc(n, 1);
    if (!copy) return gn_fail_nomem(err, "the page", n);
    memcpy(copy, bytes, n);
    return gn_reply_bytes(re, type, copy, n);
}

static bool has_word(const char *list, const char *word) {
    return list && strstr(list, word);
}

static gn_status built_in(const char *accept_encoding, const char *if_none_match, gn_reply *re,
                          gn_error *err) {
    const gn_page *p = &gn_built_in_page;
    static const char type[] = "text/html; charset=utf-8";
    if (p->n_bytes == 0) return copy_reply(re, type, no_page, sizeof no_page - 1, err);
    snprintf(re->etag, sizeof re->etag, "%s", p->etag);
    if (!(re->policy = gn_strdup(p->policy))) return gn_fail_nomem(err, "the page's policy", 1);
    if (has_word(if_none_match, p->etag)) {
        re->status = 304;
        return copy_reply(re, type, "", 0, err);
    }
    if (has_word(accept_encoding, "gzip")) {
        re->gzip = true;
        return copy_reply(re, type, p->gzip, p->n_bytes, err);
    }
    char *text;
    size_t n;
    gn_status st = gn_gunzip(p->gzip, p->n_bytes, "the page", max_page, &text, &n, err);
    return st != GN_OK ? st : gn_reply_bytes(re, type, text, n);
}

/* ---- files of --assets ------------------------------------------------------------------- */

static const char *media_type(const char *path) {
    static const char *const known[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".json", "application/json"},
        {".map", "application/json"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (gn_path_has_suffix(path, known[i][0])) return known[i][1];
    return "application/octet-stream";
}

/** DIR/SEGMENTS as a real path in `real` (PATH_MAX); false unless it is a file inside DIR. */
static bool inside(const char *dir, const gn_request *rq, char *real) {
    char path[PATH_MAX];
    size_t used = (size_t)snprintf(path, sizeof path, "%s", dir), n = strlen(dir);
    for (size_t i = 0; i < rq->n_segments && used < sizeof path; i++) {
        if (strchr(rq->segment[i], '/') || rq->segment[i][0] == '.') return false;
        used += (size_t)snprintf(path + used, sizeof path - used, "/%s", rq->segment[i]);
    }
    if (rq->n_segments == 0 && used < sizeof path)
        used += (size_t)snprintf(path + used, sizeof path - used, "/index.html");
    return used < sizeof path && realpath(path, real) && strncmp(real, dir, n) == 0 &&
           real[n] == '/' && gn_path_is_file(real);
}

/** The policy that the page's build left beside it, read anew each time. */
static gn_status disk_policy(const char *dir, char **out, gn_error *err) {
    char *path = gn_path_join(dir, "index.csp");
    size_t n;
    gn_status st = GN_OK;
    if (!path) return gn_fail_nomem(err, "a path", strlen(dir));
    if (gn_path_is_file(path)) {
        st = gn_read_file(path, max_page, out, &n, err);
        if (st == GN_OK) (*out)[strcspn(*out, "\r\n")] = '\0';
    } else if (!(*out = gn_strdup(default_policy))) {
        st = gn_fail_nomem(err, "the page's policy", sizeof default_policy);
    }
    gn_free(path);
    return st;
}

static gn_status from_disk(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    char *text;
    size_t n;
    char path[PATH_MAX];
    if (!inside(v->assets, rq, path))
        return gn_not_found(re, err, "there is no such file in the folder of --assets");
    gn_status st = disk_policy(v->assets, &re->policy, err);
    if (st == GN_OK) st = gn_read_file(path, max_page, &text, &n, err);
    if (st == GN_OK) st = gn_reply_bytes(re, media_type(path), text, n);
    return st;
}

gn_status gn_page_answer(gn_view *v, const gn_request *rq, const char *accept_encoding,
                         const char *if_none_match, gn_reply *re, gn_error *err) {
    if (v->assets) return from_disk(v, rq, re, err);
    if (rq->n_segments == 0) return built_in(accept_encoding, if_none_match, re, err);
    return gn_not_found(re, err, "there is nothing at this address");
}
