/* Is the partition function Z(c) = sum_w exp(c . w) the same in all directions (Arora et al. 2016)?
 * Mu & Viswanath (2018) measure I(W) = min Z / max Z over the eigenvectors of W^T W. An eigenvector
 * has no sign, so c and -c both count. Exponents of contextual vectors run into the hundreds: Z is
 * summed as its logarithm, and the ratio of two may underflow where its logarithm does not.
 *
 * Expanding exp to first and second order gives, with 1^T W the sum of all rows and s the singular
 * values of W,
 *
 *     I1 = (n - |1^T W|) / (n + |1^T W|),
 *     I2 = (n - |1^T W| + s_min^2 / 2) / (n + |1^T W| + s_max^2 / 2),
 *
 * which mean something only while c . w is small: for norms of 1 and below, as in static
 * embeddings. I1 may be negative. */
#include "base/mem.h"
#include "geometry/groups.h"
#include "geometry/view.h"
#include "math/linalg.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 16 * GN_VIEW_ROWS }; /* rows of a partial sum: (2 d) numbers each */

/* log sum exp, grown term by term. */
struct log_sum {
    double most, sum; /* sum of exp(x - most) */
};

static void add_term(struct log_sum *s, double x, double weight) {
    if (x > s->most) {
        s->sum = s->sum * exp(s->most - x) + weight;
        s->most = x;
    } else {
        s->sum += weight * exp(x - s->most);
    }
}

struct run {
    const gn_view *v;
    const gn_linear_map *map; /* rows to coordinates along the eigenvectors */
    size_t scratch_size;
    double *scratch;
    struct log_sum *part; /* (blocks, 2 d): of +c, of -c */
};

static gn_status sum_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct run *r = user;
    size_t d = r->v->x.cols, end = (block + 1) * BLOCK < r->v->n ? (block + 1) * BLOCK : r->v->n;
    double *y = r->scratch + worker * r->scratch_size, *z = y + GN_VIEW_ROWS * d;
    double *own = z + GN_VIEW_ROWS * d;
    struct log_sum *plus = r->part + block * 2 * d, *minus = plus + d;
    for (size_t j = 0; j < 2 * d; j++) plus[j] = (struct log_sum){-HUGE_VAL, 0};
    for (size_t i = block * BLOCK, k; i < end; i += k) {
        k = end - i < GN_VIEW_ROWS ? end - i : GN_VIEW_ROWS;
        gn_view_load(r->v, NULL, i, k, y, own);
        gn_linear_map_run(r->map, y, k, z, own);
        for (size_t p = 0; p < k; p++)
            for (size_t j = 0; j < d; j++) {
                add_term(&plus[j], z[p * d + j], 1);
                add_term(&minus[j], -z[p * d + j], 1);
            }
    }
    return GN_OK;
}

/* The least and the largest log Z, blocks added in order. */
static void extremes(const struct run *r, size_t n_blocks, double *least, double *most) {
    size_t d = r->v->x.cols;
    *least = HUGE_VAL;
    *most = -HUGE_VAL;
    for (size_t j = 0; j < 2 * d; j++) {
        struct log_sum s = {-HUGE_VAL, 0};
        for (size_t b = 0; b < n_blocks; b++) {
            const struct log_sum *part = &r->part[b * 2 * d + j];
            add_term(&s, part->most, part->sum);
        }
        double z = s.most + log(s.sum);
        *least = fmin(*least, z);
        *most = fmax(*most, z);
    }
}

gn_status gn_partition_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                               gn_partition *out, gn_error *err) {
    size_t d = x.cols, elements, own, n_blocks;
    double *mean = NULL, *gram = NULL, *vectors = NULL, *values = NULL, least, most;
    gn_linear_map *map = NULL;
    struct run r = {0};
    gn_view v;
    gn_status st;
    GN_TRY(gn_view_new(ctx, x, opts, &v, err));
    if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "second moments", SIZE_MAX);
    GN_TRY(gn_alloc_array(&mean, d, sizeof *mean, "the mean", err));
    GN_TRY(gn_alloc_array(&values, d, sizeof *values, "eigenvalues", err));
    GN_TRY(gn_alloc_array(&gram, elements, sizeof *gram, "second moments", err));
    GN_TRY(gn_alloc_array(&vectors, elements, sizeof *vectors, "eigenvectors", err));
    GN_TRY(gn_view_means(ctx, &v, mean, err));
    GN_TRY(gn_view_moments(ctx, &v, NULL, 1, gram, err));
    GN_TRY(gn_eigen_symmetric(gram, d, values, vectors, err));
    GN_TRY(gn_linear_map_new(gn_ctx_cpu(ctx), vectors, d, d, &map, err));
    own = gn_view_scratch(&v) > gn_linear_map_scratch(map) ? gn_view_scratch(&v)
                                                           : gn_linear_map_scratch(map);
    r = (struct run){.v = &v, .map = map, .scratch_size = 2 * GN_VIEW_ROWS * d + own};
    n_blocks = (v.n + BLOCK - 1) / BLOCK;
    GN_TRY(gn_alloc_array(&r.scratch, gn_ctx_threads(ctx), r.scratch_size * sizeof(double),
                          "the partition function", err));
    GN_TRY(
        gn_alloc_array(&r.part, n_blocks, 2 * d * sizeof *r.part, "the partition function", err));
    GN_TRY(gn_parallel(ctx, n_blocks, sum_block, &r, NULL, err));
    extremes(&r, n_blocks, &least, &most);
    double n = (double)v.n, square = 0;
    for (size_t j = 0; j < d; j++) square += mean[j] * mean[j];
    double length = n * sqrt(square), smallest = values[d - 1] > 0 ? values[d - 1] : 0;
    *out = (gn_partition){.exact = exp(least - most),
                          .log_exact = least - most,
                          .first = (n - length) / (n + length),
                          .second = (n - length + smallest / 2) / (n + length + values[0] / 2),
                          .n = v.n};
done:
    gn_free(mean), gn_free(values), gn_free(gram), gn_free(vectors);
    gn_linear_map_free(map);
    gn_free(r.scratch), gn_free(r.part);
    return st;
}
