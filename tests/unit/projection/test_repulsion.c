/* Repulsion against the double loop that it stands for: pair by pair, and by interpolation. */
#include "base/mem.h"
#include "base/random.h"
#include "gonio/map.h"
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
static double error_of(gn_ctx *ctx, gn_repulsion_way way, size_t n, size_t dim, double extent,
                       double *z_error) {
    double *y = gn_alloc(n * dim, sizeof *y), *f = gn_alloc(n * dim, sizeof *f),
           *g = gn_alloc(n * dim, sizeof *g), z = 0, exact, e = 0, s = 0;
    gn_random r = gn_random_new(7, n);
    for (size_t i = 0; i < n * dim; i++) y[i] = 3 + extent * gn_random_normal(&r);
    gn_repulsion *rep = NULL;
    CHECK(gn_repulsion_new(n, dim, way, &rep, NULL) == GN_OK);
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
        double z, f = error_of(ctx, GN_REPULSION_GRID, n, cases[c].dim, cases[c].extent, &z);
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
    REQUIRE(gn_repulsion_new(N, 2, GN_REPULSION_GRID, &rep, NULL) == GN_OK);
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

/* Every instruction set, and numbers of points around whole vectors. */
TEST(pair_by_pair) {
    static const size_t ns[] = {1, 2, 3, 15, 16, 17, 33, 400};
    for (int cpu = GN_CPU_SCALAR; cpu <= GN_CPU_AMX; cpu++) {
        gn_ctx *ctx = NULL;
        const gn_ctx_opts opts = {.n_threads = 2, .cpu = (gn_cpu)cpu};
        if (gn_ctx_new(&opts, &ctx, NULL) != GN_OK) continue; /* not on this processor */
        for (size_t dim = 1; dim <= 3; dim++)
            for (size_t a = 1; a < sizeof ns / sizeof *ns; a++)
                for (double extent = 1e-4; extent < 1e4; extent *= 1000) {
                    double z, f = error_of(ctx, GN_REPULSION_EXACT, ns[a], dim, extent, &z);
                    if (!(f < 1e-12 && z < 1e-9)) /* Z loses the 1 of the point itself */
                        printf("# dim %zu, n %zu, extent %g: force %.1e, Z %.1e\n", dim, ns[a],
                               extent, f, z);
                    CHECK(f < 1e-12 && z < 1e-9);
                }
        gn_ctx_free(ctx);
    }
    double y = 3, f = 1, z = 1; /* a point alone */
    gn_repulsion *one = NULL;
    REQUIRE(gn_repulsion_new(1, 1, GN_REPULSION_AUTO, &one, NULL) == GN_OK);
    CHECK(gn_repulsion_compute(NULL, one, &y, &f, &z, NULL) == GN_OK);
    CHECK(f == 0 && z == 0);
    gn_repulsion_free(one);
}

/* On a map that t-SNE makes both ways push alike: to rounding while it is small, to a thousandth
 * while clusters part, and at last to the error of nodes 0.3 apart, 0.9 % when this was written. */
TEST(both_ways_agree) {
    enum { N = 1500, D = 8, CLUSTERS = 10 };
    static const struct {
        size_t step;
        double force, z;
    } at[] = {{1, 1e-6, 1e-6}, {60, 1e-3, 1e-5}, {750, 2e-2, 1e-4}};
    float *x = gn_alloc(N * D, sizeof *x);
    double centre[CLUSTERS][D], *force[2], z[2];
    gn_knn *knn = NULL;
    gn_map *map = NULL;
    gn_repulsion *rep[2];
    gn_random r = gn_random_new(8, 0);
    for (size_t c = 0; c < CLUSTERS; c++)
        for (size_t j = 0; j < D; j++) centre[c][j] = 3 * gn_random_normal(&r);
    for (size_t i = 0; i < N * D; i++)
        x[i] = (float)(centre[i / D % CLUSTERS][i % D] + gn_random_normal(&r));
    REQUIRE(gn_knn_compute(NULL, gn_mat_f32(x, N, D), &(gn_knn_opts){.k = 90}, &knn, NULL) ==
            GN_OK);
    REQUIRE(gn_tsne_new(NULL, knn, (gn_mat){0}, false, NULL, &map, NULL) == GN_OK);
    for (int way = 0; way < 2; way++) {
        force[way] = gn_alloc(2 * N, sizeof **force);
        REQUIRE(gn_repulsion_new(N, 2, way ? GN_REPULSION_GRID : GN_REPULSION_EXACT, &rep[way],
                                 NULL) == GN_OK);
    }
    for (size_t a = 0; a < (test_quick() ? 2 : sizeof at / sizeof *at); a++) {
        double e = 0, s = 0;
        REQUIRE(gn_map_run(NULL, map, at[a].step - gn_map_get(map).step, NULL) == GN_OK);
        for (int way = 0; way < 2; way++)
            REQUIRE(gn_repulsion_compute(NULL, rep[way], gn_map_positions(map).data, force[way],
                                         &z[way], NULL) == GN_OK);
        for (size_t i = 0; i < 2 * N; i++) {
            e += pow(force[0][i] / z[0] - force[1][i] / z[1], 2);
            s += pow(force[0][i] / z[0], 2);
        }
        printf("# step %zu: force %.1e, Z %.1e\n", at[a].step, sqrt(e / s), fabs(z[0] / z[1] - 1));
        CHECK(sqrt(e / s) < at[a].force);
        CHECK(fabs(z[0] / z[1] - 1) < at[a].z);
    }
    for (int way = 0; way < 2; way++) {
        gn_repulsion_free(rep[way]);
        gn_free(force[way]);
    }
    gn_map_free(map);
    gn_knn_free(knn);
    gn_free(x);
}

TEST(threads) {
    enum { N = 5000, WAYS = 2 };
    double *y = gn_alloc(2 * N, sizeof *y);
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < 2 * N; i++) y[i] = 20 * gn_random_normal(&r);
    for (int way = 0; way < WAYS; way++) {
        double *f[3], z[3];
        for (unsigned t = 0; t < 3; t++) {
            gn_ctx *ctx = NULL;
            gn_repulsion *rep = NULL;
            f[t] = gn_alloc(2 * N, sizeof *y);
            CHECK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t + 1}, &ctx, NULL) == GN_OK);
            CHECK(gn_repulsion_new(N, 2, way ? GN_REPULSION_GRID : GN_REPULSION_EXACT, &rep,
                                   NULL) == GN_OK);
            CHECK(gn_repulsion_compute(ctx, rep, y, f[t], &z[t], NULL) == GN_OK);
            gn_repulsion_free(rep);
            gn_ctx_free(ctx);
        }
        for (unsigned t = 1; t < 3; t++) {
            CHECK(memcmp(f[0], f[t], 2 * N * sizeof **f) == 0);
            CHECK(memcmp(&z[0], &z[t], sizeof *z) == 0);
        }
        for (unsigned t = 0; t < 3; t++) gn_free(f[t]);
    }
    gn_free(y);
}

int main(void) {
    RUN(accuracy);
    RUN(growing_map);
    RUN(pair_by_pair);
    RUN(both_ways_agree);
    RUN(threads);
    return tap_done();
}
