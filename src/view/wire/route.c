/* Finding the handler of a request: see route.h. There are some forty routes: a walk over all of
 * them costs less than a microsecond. */
#include "view/wire/route.h"

#include <string.h>

/** How well a pattern fits: 0 not at all, else one bit a segment, set for a literal one, with a
 *  leading one. Fills part with what the braces took. */
static unsigned fit(const char *pattern, const gn_request *rq, const char **part) {
    unsigned score = 1;
    size_t n_parts = 0;
    for (size_t i = 0; i < rq->n_segments; i++) {
        if (*pattern != '/') return 0;
        pattern++;
        size_t len = strcspn(pattern, "/");
        bool literal = pattern[0] != '{';
        if (literal &&
            (strlen(rq->segment[i]) != len || strncmp(pattern, rq->segment[i], len) != 0))
            return 0;
        if (!literal) part[n_parts++] = rq->segment[i];
        score = score * 2 + literal;
        pattern += len;
    }
    return *pattern ? 0 : score;
}

/** The methods of 405's Allow header, as a set of bits and as a static string. */
static const char *allowed(unsigned methods) {
    static const char *const text[] = {
        "",       "GET",         "POST",         "GET, POST",
        "PUT",    "GET, PUT",    "POST, PUT",    "GET, POST, PUT",
        "DELETE", "GET, DELETE", "POST, DELETE", "GET, POST, DELETE"};
    return methods < sizeof text / sizeof *text ? text[methods] : "GET, POST, PUT, PATCH, DELETE";
}

static unsigned method_bit(const char *method) {
    static const char *const name[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    for (unsigned i = 0; i < sizeof name / sizeof *name; i++)
        if (strcmp(method, name[i]) == 0) return 1U << i;
    return 0;
}

const gn_route *gn_route_find(const gn_route *const *table, size_t n_tables, gn_request *rq,
                              gn_reply *re, gn_error *err) {
    const gn_route *best = NULL;
    unsigned best_score = 0, methods = 0;
    for (size_t t = 0; t < n_tables; t++) {
        for (const gn_route *r = table[t]; r->method; r++) {
            const char *part[GN_URI_SEGMENTS] = {0};
            unsigned score = fit(r->pattern, rq, part);
            if (!score) continue;
            methods |= method_bit(r->method);
            if (score <= best_score || strcmp(r->method, rq->method) != 0) continue;
            best = r;
            best_score = score;
            memcpy(rq->part, part, sizeof part);
        }
    }
    if (best) return best;
    re->status = methods ? 405 : 404;
    re->allow = methods ? allowed(methods) : NULL;
    if (methods)
        gn_fail(err, GN_EINVAL, "this address does not take %s, expected %s", rq->method,
                re->allow);
    else
        gn_fail(err, GN_EINVAL, "there is nothing at this address; docs/api.md lists the routes");
    return NULL;
}
