/* Routes: tables of method, pattern and handler, one table a file. */
#ifndef GN_VIEW_ROUTE_H
#define GN_VIEW_ROUTE_H

#include "gonio/view.h"
#include "view/wire/reply.h"
#include "view/wire/request.h"

/** Answers one request, on its connection's thread. Long work belongs into a job, never under a
 *  lock that a light route takes. */
typedef gn_status (*gn_handler)(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);

/** What a route's body may be; http.c bounds it by that. Parsed JSON takes up to fifty times its
 *  bytes. */
typedef enum gn_body_kind {
    GN_BODY_ROWS = 0, /**< JSON that may list rows: up to 64 MiB */
    GN_BODY_SMALL,    /**< other JSON, or none: up to 1 MiB */
    GN_BODY_FILE,     /**< a file of any bytes (rq->upload), not JSON */
} gn_body_kind;

typedef struct gn_route {
    const char *method;
    const char *pattern; /**< "/api/sources/{s}/columns/{name}"; {x} takes any one segment */
    gn_handler handler;
    gn_body_kind body;
} gn_route;

/** Finds the route of a request and fills rq->part. Where several patterns fit, the one with a
 *  literal segment in the first place in which they differ wins, so that
 *  /api/sources/{s}/columns/norm may stand beside /api/sources/{s}/columns/{name}.
 *  @param table (n_tables) of tables that end with a route without method.
 *  @return NULL after filling err and the reply's status: 404, or 405 with the methods there are.
 */
const gn_route *gn_route_find(const gn_route *const *table, size_t n_tables, gn_request *rq,
                              gn_reply *re, gn_error *err);

#endif
