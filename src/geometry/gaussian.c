/* y = mean + E^T sqrt(l) z, from the eigenvectors of C, which may be singular, as it is for
 * fewer rows than dimensions and behind a layer norm. Each block of rows draws from a stream of its
 * own number. */
#include "geometry/gaussian.h"

#include "base/mem.h"
#include "base/random.h"
#include "math/linalg.h"

#include <math.h>
#include <string.h>

enum { ROWS = 64 };

struct run {
    const double *mean;
    const gn_linear_map *map;
    size_t d, n, scratch_size;
    uint64_t seed, stream;
    double *scratch;
    float *out;
};

static gn_status fill(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct run *r = user;
    size_t d = r->d, i0 = block * ROWS, k = r->n - i0 < ROWS ? r->n - i0 : ROWS;
    double *z = r->scratch + worker * r->scratch_size, *y = z + ROWS * d;
    gn_random random = gn_random_new(r->seed ^ r->stream << 32, block);
    for (size_t i = 0; i < k * d; i++) z[i] = gn_random_normal(&random);
    gn_linear_map_run(r->map, z, k, y, y + ROWS * d);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < d; j++)
            r->out[(i0 + i) * d + j] = (float)(r->mean[j] + y[i * d + j]);
    return GN_OK;
}

gn_status gn_gaussian_rows(gn_ctx *ctx, const double *mean, const double *covariance, size_t d,
                           size_t n, uint64_t stream, float *out, gn_error *err) {
    struct run r = {
        .mean = mean, .d = d, .n = n, .seed = gn_ctx_seed(ctx), .stream = stream, .out = out};
    double *work = NULL, *l = NULL, *root = NULL;
    gn_linear_map *map = NULL;
    gn_status st;
    size_t elements;
    if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "Gaussian rows", SIZE_MAX);
    GN_TRY(gn_alloc_array(&work, 2 * elements, sizeof *work, "Gaussian rows", err));
    GN_TRY(gn_alloc_array(&root, elements, sizeof *root, "Gaussian rows", err));
    GN_TRY(gn_alloc_array(&l, d, sizeof *l, "eigenvalues", err));
    double *vectors = work + elements;
    memcpy(work, covariance, elements * sizeof *work);
    GN_TRY(gn_eigen_symmetric(work, d, l, vectors, err));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++)
            root[j * d + i] = vectors[i * d + j] * (l[i] > 0 ? sqrt(l[i]) : 0);
    GN_TRY(gn_linear_map_new(gn_ctx_cpu(ctx), root, d, d, &map, err));
    r.map = map;
    r.scratch_size = 2 * ROWS * d + gn_linear_map_scratch(map);
    GN_TRY(gn_alloc_array(&r.scratch, gn_ctx_threads(ctx), r.scratch_size * sizeof(double),
                          "Gaussian rows", err));
    GN_TRY(gn_parallel(ctx, (n + ROWS - 1) / ROWS, fill, &r, NULL, err));
done:
    gn_free(work), gn_free(root), gn_free(l), gn_free(r.scratch);
    gn_linear_map_free(map);
    return st;
}
