/* A request as handlers see it: the path cut into decoded segments, the query, the JSON body.
 *
 * Everything here comes from the network, so everything is checked: segments and values are decoded
 * once and must be UTF-8 without NUL; numbers must be whole numbers in their range. */
#ifndef GN_VIEW_REQUEST_H
#define GN_VIEW_REQUEST_H

#include "base/mem.h"

#include <jansson.h>

enum { GN_URI_SEGMENTS = 8, GN_URI_PAIRS = 32, GN_URI_BYTES = 16384 };

typedef struct gn_request {
    const char *method; /**< "GET", ... */
    size_t n_segments;  /**< of the path: /api/sources/3 has three */
    const char *segment[GN_URI_SEGMENTS];
    size_t n_pairs; /**< of the query */
    struct gn_pair {
        const char *key, *value;
    } pair[GN_URI_PAIRS];
    const char *part[GN_URI_SEGMENTS]; /**< what stands for each {} of the route's pattern */
    json_t *body;                      /**< NULL: none */
    const char *upload;                /**< of a route that takes a file: where it is */
    gn_arena arena;
    /** True when the client has closed its connection; NULL where there is none. */
    bool (*gone)(const struct gn_request *rq);
    void *connection;
} gn_request;

/** Cuts and decodes a request target ("/api/x%20y?k=1&name=a+b"). The request starts as {0}.
 *  @return GN_OK; GN_EINVAL (not a path, a bad escape, NUL, no UTF-8, too long); GN_ENOMEM. */
gn_status gn_request_parse(const char *target, gn_request *rq, gn_error *err);
/** Frees what parsing made, and the body. {0} is fine. */
void gn_request_free(gn_request *rq);

/** True when a Host header names this server: 127.0.0.1:PORT or localhost:PORT. */
bool gn_is_own_host(const char *host, unsigned port);
/** True when an Origin header is this server's own. */
bool gn_is_own_origin(const char *origin, unsigned port);

/** The value of a query's key; NULL when it is not there. */
const char *gn_query_text(const gn_request *rq, const char *key);
/** A whole number in [min, max]; `missing` when the key is not there. GN_EINVAL otherwise. */
gn_status gn_query_size(const gn_request *rq, const char *key, size_t min, size_t max,
                        size_t missing, size_t *out, gn_error *err);
/** 0, 1, true, false. */
gn_status gn_query_bool(const gn_request *rq, const char *key, bool missing, bool *out,
                        gn_error *err);
/** A whole number in [min, max] in a text such as a path's segment. */
gn_status gn_text_size(const char *text, const char *what, size_t min, size_t max, size_t *out,
                       gn_error *err);

/* Members of a JSON object, usually rq->body (NULL counts as {}). A member that is missing or null
 * leaves `missing`, or fails where the call has none. All failures are GN_EINVAL. */
gn_status gn_body_object(const json_t *body, const char *key, json_t **out, gn_error *err);
gn_status gn_body_text(const json_t *body, const char *key, const char *missing, const char **out,
                       gn_error *err);
/** Fails when the member is missing. */
gn_status gn_body_need_text(const json_t *body, const char *key, const char **out, gn_error *err);
gn_status gn_body_size(const json_t *body, const char *key, size_t min, size_t max, size_t missing,
                       size_t *out, gn_error *err);
gn_status gn_body_real(const json_t *body, const char *key, double min, double max, double missing,
                       double *out, gn_error *err);
gn_status gn_body_bool(const json_t *body, const char *key, bool missing, bool *out, gn_error *err);
/** The position of a text member in a NULL-terminated list of words. */
gn_status gn_body_word(const json_t *body, const char *key, const char *const *words,
                       size_t missing, size_t *out, gn_error *err);

#endif
