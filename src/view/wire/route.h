/* Routes: tables of method, pattern and handler, one table a file. */
#ifndef GN_VIEW_ROUTE_H
#define GN_VIEW_ROUTE_H

#include "gonio/view.h"
#include "view/wire/reply.h"
#include "view/wire/request.h"

/** Answers one request, on its connection's thread. Long work belongs into a job, never under a
 *  lock that a light route takes. */
typedef gn_status (*gn_handler)(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);

typedef struct gn_route {
    const char *method;
    const char *pattern; /**< "/api/sources/{s}/columns/{name}"; {x} takes any one segment */
    gn_handler handler;
    bool octets; /**< the body is a file of any bytes (rq->upload), not JSON */
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
