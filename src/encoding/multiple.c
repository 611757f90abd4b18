/* Many tests at once. Holm (1979) bounds the chance of a single false positive; Benjamini and
 * Hochberg (1995) bound the share of false ones among the positives. */
#include "gonio/mlem.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>

gn_status gn_adjust_p(const double *p, size_t n, gn_correction correction, double *out,
                      gn_error *err) {
    gn_status st;
    int32_t *order = NULL;
    size_t m = 0;
    GN_TRY(gn_alloc_array(&order, n, sizeof *order, "tests", err));
    GN_TRY(gn_argsort_f64(p, n, order, err)); /* NaN last */
    while (m < n && !isnan(p[order[m]])) m++;
    double bound = correction == GN_CORRECT_BH ? 1 : 0;
    for (size_t r = 0; r < m; r++) {
        size_t rank = correction == GN_CORRECT_BH ? m - 1 - r : r, i = (size_t)order[rank];
        if (correction == GN_CORRECT_BH)
            bound = fmin(bound, p[i] * (double)m / (double)(rank + 1));
        else if (correction == GN_CORRECT_HOLM)
            bound = fmin(1, fmax(bound, p[i] * (double)(m - rank)));
        else
            bound = p[i];
        out[i] = bound;
    }
    for (size_t r = m; r < n; r++) out[order[r]] = (double)NAN;
done:
    gn_free(order);
    return st;
}
