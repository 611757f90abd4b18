/* The interpolated repulsion against the double loop that it stands for. */
#include "base/mem.h"
#include "base/random.h"
#include "projection/repulsion.h"
#include "support/tap.h"

static void naive(const double *y, size_t n, size_t dim, double *force, double *z) {
    *z = 0;
    memset(force, 0, n * dim * sizeof *force);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (i == j) continue;
            double d2 = 0;
            for (size_t x = 0; x < dim; x++) {
                const double d = y[i * dim + x] - y[j * dim + x];
                d2 += d * d;
            }
            const double q = 1 / (1 + d2);
            *z += q;
            for (size_t x = 0; x < dim; x++)
                force[i * dim + x] += (y[i * dim + x] - y[j * dim + x]) * q * q;
        }
}

/* Relative root mean square error of the force, and of Z, for Gaussian points of this extent. */
static double error_of(gn_ctx *ctx, size_t n, size_t dim, double extent, double *z_error) {
    double *y = gn_alloc(n * dim, sizeof *y), *f = gn_alloc(n * dim, sizeof *f),
           *g = gn_alloc(n * dim, sizeof *g), z = 0, exact, e = 0, s = 0;
    gn_random r = gn_random_new(7, n);
    for (size_t i = 0; i < n * dim; i++) y[i] = 3 + extent * gn_random_normal(&r);
    gn_repulsion *rep = NULL;
    CHECK(gn_repulsion_new(n, dim, &rep, NULL) == GN_OK);
    CHECK(gn_repulsion_compute(ctx, rep, y, f, &z, NULL) == GN_OK);
    naive(y, n, dim, g, &exact);
    for (size_t i = 0; i < n * dim; i++) {
        e += (f[i] - g[i]) * (f[i] - g[i]);
        s += g[i] * g[i];
    }
    *z_error = fabs(z - exact) / exact;
    gn_repulsion_free(rep);
    gn_free(y);
    gn_free(f);
    gn_free(g);
    return sqrt(e / s);
}

/* A small map is exact to float32; a spread one has the interpolation error of its spacing, which
 * these bounds hold to twice what was measured when they were written. */
TEST(accuracy) {
    static const struct {
        size_t dim;
        double extent, force, z;
    } cases[] = {
        {1, 1e-4, 1e-6, 1e-6}, {1, 1, 1e-6, 1e-6}, {1, 30, 1e-4, 1e-6},
        {2, 1e-4, 1e-6, 1e-6}, {2, 1, 1e-6, 1e-6}, {2, 10, 2e-2, 5e-6},
        {3, 1e-4, 1e-6, 1e-6}, {3, 1, 2e-4, 2e-5}, {3, 5, 5e-2, 2e-4},
    };
    gn_ctx *ctx = NULL;
    REQUIRE(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, NULL) == GN_OK);
    const size_t n = test_quick() ? 500 : 3000;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double z, f = error_of(ctx, n, cases[c].dim, cases[c].extent, &z);
        printf("# dim %zu, extent %g: force %.1e, Z %.1e\n", cases[c].dim, cases[c].extent, f, z);
        CHECK(f < (test_quick() ? 2 : 1) * cases[c].force);
        CHECK(z < (test_quick() ? 4 : 1) * cases[c].z);
    }
    gn_ctx_free(ctx);
}

/* One grid serves a map that grows, and a point far from all others. */
TEST(growing_map) {
    enum { N = 400 };
    double y[2 * N], f[2 * N], g[2 * N], z, exact;
    gn_repulsion *rep = NULL;
    REQUIRE(gn_repulsion_new(N, 2, &rep, NULL) == GN_OK);
    for (double extent = 1e-4; extent < 1000; extent *= 20) {
        gn_random r = gn_random_new(1, 2);
        for (size_t i = 0; i < 2 * N; i++) y[i] = gn_random_normal(&r);
        y[0] = extent;
        CHECK(gn_repulsion_compute(NULL, rep, y, f, &z, NULL) == GN_OK);
        naive(y, N, 2, g, &exact);
        printf("# extent %g: Z %.1e\n", extent, fabs(z - exact) / exact);
        CHECK(fabs(z - exact) < 1e-3 * exact); /* nodes 0.3 apart under a cloud of width 1 */
    }
    gn_repulsion_free(rep);
}

TEST(threads) {
    enum { N = 5000 };
    double *y = gn_alloc(2 * N, sizeof *y), *f[2], z[2];
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < 2 * N; i++) y[i] = 20 * gn_random_normal(&r);
    for (unsigned t = 0; t < 2; t++) {
        gn_ctx *ctx = NULL;
        gn_repulsion *rep = NULL;
        f[t] = gn_alloc(2 * N, sizeof *y);
        CHECK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t + 1}, &ctx, NULL) == GN_OK);
        CHECK(gn_repulsion_new(N, 2, &rep, NULL) == GN_OK);
        CHECK(gn_repulsion_compute(ctx, rep, y, f[t], &z[t], NULL) == GN_OK);
        gn_repulsion_free(rep);
        gn_ctx_free(ctx);
    }
    CHECK(memcmp(f[0], f[1], 2 * N * sizeof **f) == 0);
    CHECK(memcmp(&z[0], &z[1], sizeof *z) == 0);
    gn_free(y);
    gn_free(f[0]);
    gn_free(f[1]);
}

int main(void) {
    RUN(accuracy);
    RUN(growing_map);
    RUN(threads);
    return tap_done();
}
