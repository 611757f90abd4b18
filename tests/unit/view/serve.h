/* A small view without HTTP for tests: a folder of its own with a table and a stack, and requests
 * that go to the handlers directly. */
#ifndef GN_TESTS_SERVE_H
#define GN_TESTS_SERVE_H

#include "files.h"
#include "view/view.h"

#include <string.h>

enum { SERVE_ROWS = 5, SERVE_DIMS = 3 };

/** GN_TMP/NAME with a.npy (5, 3) and b.npy (2, 5, 3), values 0, 1, 2, ... */
static inline const char *serve_folder(const char *name) {
    const char *dir = fresh_dir(name);
    float x[2 * SERVE_ROWS * SERVE_DIMS];
    char path[1200];
    gn_error err;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)i;
    snprintf(path, sizeof path, "%s/a.npy", dir);
    if (gn_npy_write(path, GN_F32, (size_t[]){SERVE_ROWS, SERVE_DIMS}, 2, x, &err) != GN_OK)
        printf("# %s\n", err.message);
    snprintf(path, sizeof path, "%s/b.npy", dir);
    if (gn_npy_write(path, GN_F32, (size_t[]){2, SERVE_ROWS, SERVE_DIMS}, 3, x, &err) != GN_OK)
        printf("# %s\n", err.message);
    return dir;
}

/** Hands one request to its handler; the reply is to be freed with gn_reply_free.
 *  @param body NULL: none; else bytes that are parsed as JSON. */
static inline gn_status serve(gn_view *v, const char *method, const char *target, const char *body,
                              size_t n_body, gn_reply *re, gn_error *err) {
    const gn_route *table[GN_VIEW_MAX_PARTS];
    gn_request rq = {.method = method};
    json_error_t why;
    gn_status st = gn_request_parse(target, &rq, err);
    for (size_t i = 0; i < gn_view_n_parts; i++) table[i] = gn_view_parts[i]->routes;
    const gn_route *route =
        st == GN_OK ? gn_route_find(table, gn_view_n_parts, &rq, re, err) : NULL;
    if (st == GN_OK && (!route || route->body == GN_BODY_FILE)) st = GN_EINVAL;
    if (st == GN_OK && body) {
        rq.body = json_loadb(body, n_body, JSON_REJECT_DUPLICATES, &why);
        if (!json_is_object(rq.body)) st = GN_EDATA;
    }
    if (st == GN_OK) st = route->handler(v, &rq, re, err);
    gn_request_free(&rq);
    return st;
}

#endif
