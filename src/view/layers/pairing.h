/* Which row of one source is which row of another. */
#ifndef GN_VIEW_PAIRING_H
#define GN_VIEW_PAIRING_H

#include "view/data/source.h"

/** Rows of a and rows of b that are the same thing. */
typedef struct gn_pairing {
    size_t n;
    int32_t *a, *b; /**< (n), a ascending; NULL: row i is row i */
} gn_pairing;

/** @param by_token rows of the same token, the j-th of it with the j-th; else row i is row i.
 *  @return GN_OK; GN_EINVAL (other numbers of rows; no tokens; fewer than 3 pairs); GN_ENOMEM. */
gn_status gn_pairing_new(gn_source *a, gn_source *b, bool by_token, gn_pairing *out, gn_error *err);
/** {0} is fine. */
void gn_pairing_free(gn_pairing *p);

/** How many neighbours are compared where k are asked for among n rows: at most (n - 1) / 2, beyond
 *  which lists share rows because there are no others. At least 1. */
size_t gn_compared_k(size_t n, size_t k);

#endif
