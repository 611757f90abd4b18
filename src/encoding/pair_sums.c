/* What the table of patterns answers once the distances are summed: moments for a regression, the
 * similarity of each feature alone, rank correlation of a fit and its parts.
 *
 * Spearman's correlation is Pearson's between average ranks. The prediction is constant on a
 * pattern, so its ranks come from sorting patterns by prediction, and the correlation needs only
 * the mean rank of the distances of each pattern and their variance over pairs. Permuting feature k
 * over pairs makes it independent of everything: a share p_k of every pattern's pairs gets x_k = 1.
 * The expected correlation follows from patterns split in that proportion; 100 drawn permutations
 * scatter around it (and so does nothing here). */
#include "encoding/pair_index.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

void gn_pair_moments(const gn_pair_index *p, const gn_pair_sums *s, double *mean_x, double *cov_xx,
                     double *cov_xy) {
    size_t f = p->f;
    for (size_t k = 0; k < f; k++) {
        if (mean_x) mean_x[k] = p->mean[k];
        if (cov_xy) cov_xy[k] = s->numeric[k] - p->mean[k] * s->mean;
        for (size_t l = 0; cov_xx && l < f; l++) cov_xx[k * f + l] = p->cov[k * f + l];
    }
    for (size_t b = 0; cov_xy && b < p->n_differ; b++) {
        double sum = 0;
        for (size_t u = 0; u < p->patterns.n; u++)
            if (p->patterns.bits[u] >> b & 1)
                sum += (double)p->patterns.count[u] * (s->target[u] - s->mean);
        cov_xy[p->differ[b]] = sum / s->n_pairs;
    }
}

void gn_pair_rsa(const gn_pair_index *p, const gn_pair_sums *s, double *pearson, double *spearman) {
    double centre = (s->n_pairs + 1) / 2;
    gn_pair_moments(p, s, NULL, NULL, pearson);
    for (size_t k = 0; k < p->f; k++) {
        pearson[k] /= sqrt(p->cov[k * p->f + k] * s->variance);
        if (spearman) spearman[k] = (double)NAN;
    }
    for (size_t b = 0; spearman && b < p->n_differ; b++) {
        double sum = 0, sd = sqrt(p->cov[p->differ[b] * (p->f + 1)]);
        for (size_t u = 0; u < p->patterns.n; u++)
            if (p->patterns.bits[u] >> b & 1)
                sum += (double)p->patterns.count[u] * (s->rank[u] - centre);
        spearman[p->differ[b]] = sum / s->n_pairs / (sd * sqrt(s->rank_variance));
    }
}

/* ---- ranks of a prediction ----------------------------------------------------------------------
 */

struct mass {
    double value, pairs, rank; /* prediction, how many pairs, their mean rank by distance */
};

static int by_value(const void *x, const void *y) {
    const struct mass *a = x, *b = y;
    return (a->value > b->value) - (a->value < b->value);
}

/* Correlation between the average ranks of the masses' values and their ranks; NaN when constant.
 */
static double rank_correlation(struct mass *m, size_t n, double n_pairs, double rank_variance) {
    double below = 0, centre = (n_pairs + 1) / 2, cov = 0, var = 0;
    qsort(m, n, sizeof *m, by_value);
    for (size_t i = 0; i < n;) {
        double tied = 0, ranks = 0;
        size_t j = i;
        for (; j < n && !(m[j].value > m[i].value); j++) {
            tied += m[j].pairs;
            ranks += m[j].pairs * (m[j].rank - centre);
        }
        double mine = below + (tied + 1) / 2 - centre;
        cov += mine * ranks;
        var += mine * mine * tied;
        below += tied;
        i = j;
    }
    return cov / n_pairs / sqrt(var / n_pairs * rank_variance);
}

static double predict(const double *w, size_t f, uint64_t bits) {
    double sum = 0; /* always in the same order: equal predictions are equal bit for bit */
    for (size_t k = 0; k < f; k++)
        if (bits >> k & 1) sum += w[k];
    return sum;
}

gn_status gn_pair_rank_test(const gn_pair_index *p, const gn_pair_sums *s, const double *w,
                            double *rho, double *drop, gn_error *err) {
    gn_status st;
    struct mass *m = NULL;
    double base, lost[GN_PATTERN_FEATURES];
    if (!s->rank || p->n_numeric) {
        st = gn_fail(err, GN_EINVAL, "a rank correlation needs %s",
                     s->rank ? "features that are equal or different, not differences of numbers"
                             : "sums that were made with ranks");
        goto done;
    }
    GN_TRY(gn_alloc_array(&m, 2 * p->patterns.n, sizeof *m, "ranks of patterns", err));
    for (size_t u = 0; u < p->patterns.n; u++)
        m[u] = (struct mass){predict(w, p->f, p->patterns.bits[u]), (double)p->patterns.count[u],
                             s->rank[u]};
    base = rank_correlation(m, p->patterns.n, s->n_pairs, s->rank_variance);
    if (isnan(base)) {
        st = gn_fail(err, GN_EDATA, "the %s the same for all pairs: they have no ranks",
                     s->rank_variance > 0 ? "prediction is" : "distances are");
        goto done;
    }
    for (size_t k = 0; drop && k < p->f; k++) {
        double share = p->mean[k];
        uint64_t bit = (uint64_t)1 << k;
        for (size_t u = 0; u < p->patterns.n; u++) {
            m[2 * u] = (struct mass){predict(w, p->f, p->patterns.bits[u] & ~bit),
                                     (double)p->patterns.count[u] * (1 - share), s->rank[u]};
            m[2 * u + 1] = (struct mass){predict(w, p->f, p->patterns.bits[u] | bit),
                                         (double)p->patterns.count[u] * share, s->rank[u]};
        }
        double without = rank_correlation(m, 2 * p->patterns.n, s->n_pairs, s->rank_variance);
        lost[k] = base - (isnan(without) ? 0 : without); /* nothing left to predict with */
    }
    *rho = base;
    for (size_t k = 0; drop && k < p->f; k++) drop[k] = lost[k];
done:
    gn_free(m);
    return st;
}
