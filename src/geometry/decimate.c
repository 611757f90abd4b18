/* TwoNN over scale, by decimation (Facco et al. 2017; Valeriani et al. 2023, appendix B).
 *
 * With fewer points the two nearest neighbours lie farther away: thinning the sample moves TwoNN to
 * larger scales without a new formula. Each thinned sample gets a neighbour search of its own.
 * Masking a stored neighbour table instead would be cheaper and wrong: of 50 stored neighbours a
 * thinning by 32 leaves two or more to only 47 % of the points, and those are not a fair sample.
 *
 * As in DADApy, the samples of one size are drawn independently (Facco's are a partition), and the
 * error bar is their population sd / sqrt(their number). Samples of n/2 out of n share half of
 * their points, so for the first sizes it is too small. The full sample has no repeats: its bar is
 * the estimate's own, where DADApy (and its compatibility mode) prints 0. */
#include "gonio/id.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "base/random.h"
#include "gonio/neighbors.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

/* The rows of x in `rows` (m), copied as they are into `to`. */
static gn_mat gather(gn_mat x, const int32_t *rows, size_t m, char *to) {
    size_t element = gn_dtype_size(x.dtype), bytes = x.cols * element;
    for (size_t i = 0; i < m; i++)
        memcpy(to + i * bytes, (const char *)x.data + (size_t)rows[i] * x.stride * element, bytes);
    return (gn_mat){to, m, x.cols, x.cols, x.dtype};
}

static gn_status one_sample(gn_ctx *ctx, gn_mat x, const gn_twonn_opts *opts, gn_id_estimate *out,
                            gn_error *err) {
    gn_knn *knn = NULL;
    gn_status st;
    GN_TRY(gn_knn_compute(ctx, x, &(gn_knn_opts){.k = 2, .task = "decimation"}, &knn, err));
    GN_TRY(gn_id_twonn(gn_mat_f32(knn->distance, knn->n, 2), opts, out, err));
done:
    gn_knn_free(knn);
    return st;
}

gn_status gn_id_samples(gn_ctx *ctx, gn_mat x, const int32_t *rows, size_t n_samples, size_t size,
                        const gn_twonn_opts *opts, gn_decimate_point *out, gn_error *err) {
    gn_status st;
    char *copy = NULL;
    double *dim = NULL, *scale = NULL;
    size_t row_bytes;
    gn_id_estimate e = {0};
    if (n_samples < 1 || size < 3) {
        st = gn_fail(err, GN_EINVAL, "decimation: %zu samples of %zu rows, expected 3 rows or more",
                     n_samples, size);
        goto done;
    }
    for (size_t i = 0; i < n_samples * size; i++)
        if (rows[i] < 0 || (size_t)rows[i] >= x.rows) {
            st = gn_fail(err, GN_EINVAL, "decimation: sample %zu names row %d of %zu", i / size,
                         (int)rows[i], x.rows);
            goto done;
        }
    if (!gn_mul(x.cols, gn_dtype_size(x.dtype), &row_bytes)) row_bytes = SIZE_MAX;
    GN_TRY(gn_alloc_array(&copy, size, row_bytes, "a sample of the points", err));
    GN_TRY(gn_alloc_array(&dim, n_samples, sizeof *dim, "estimates", err));
    GN_TRY(gn_alloc_array(&scale, n_samples, sizeof *scale, "estimates", err));
    for (size_t s = 0; s < n_samples; s++) {
        st = one_sample(ctx, gather(x, rows + s * size, size, copy), opts, &e, err);
        if (st != GN_OK) {
            gn_error_prefix(err, "sample %zu of %zu rows", s, size);
            goto done;
        }
        dim[s] = e.dim;
        scale[s] = e.scale;
    }
    if (n_samples > 1) e.se = gn_sd(dim, n_samples, 0) / sqrt((double)n_samples);
    e.dim = gn_mean(dim, n_samples);
    e.scale = gn_mean(scale, n_samples);
    *out = (gn_decimate_point){size, n_samples, e};
done:
    gn_free(copy);
    gn_free(dim);
    gn_free(scale);
    return st;
}

gn_status gn_id_decimate(gn_ctx *ctx, gn_mat x, const gn_decimate_opts *opts,
                         gn_decimate_point *points, size_t *n_points, gn_error *err) {
    gn_decimate_opts o = opts ? *opts : (gn_decimate_opts){0};
    gn_decimate_point curve[32];
    size_t n = x.rows, count = 0, last = 0;
    int32_t *rows = NULL;
    gn_status st;
    if (o.n_min == 0) o.n_min = 10;
    if (n < 4 || n <= o.n_min || n > INT32_MAX) {
        st = gn_fail(err, GN_EINVAL, "decimation of %zu rows, expected 4 or more and more than %zu",
                     n, o.n_min);
        goto done;
    }
    while (n >> (last + 3)) last++; /* floor(log2 n) - 2 */
    if (o.n_halvings && o.n_halvings < last) last = o.n_halvings;
    /* round(n / size) samples of round(n / 2^j) rows: at most 1.5 n + 1 rows for any size above 2
     */
    GN_TRY(gn_alloc_array(&rows, 2 * n, sizeof *rows, "samples", err));
    if (o.full) curve[count++] = (gn_decimate_point){n, 1, *o.full};
    for (size_t j = count; j <= last; j++) {
        double exact = (double)n / (double)((size_t)1 << j);
        size_t size = (size_t)rint(exact), n_samples = (size_t)rint((double)n / (double)size);
        if (size <= o.n_min || size < 3) break;
        for (size_t s = 0; s < n_samples; s++) {
            gn_random r = gn_random_new(gn_ctx_seed(ctx), (uint64_t)j << 32 | s);
            gn_random_subset(&r, n, size, rows + s * size);
        }
        GN_TRY(gn_id_samples(ctx, x, rows, n_samples, size, &o.twonn, &curve[count], err));
        count++;
    }
    memcpy(points, curve, count * sizeof *points);
    *n_points = count;
done:
    gn_free(rows);
    return st;
}
