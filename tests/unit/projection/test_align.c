/* Joint bases and turns against scikit-learn and SciPy; what must not change anything; pulls that
 * keep rows in place; places without a projection. */
#include "tap.h"

#include "base/mem.h"
#include "base/random.h"
#include "gonio/align.h"
#include "gonio/axes.h"
#include "gonio/io.h"
#include "gonio/map.h"
#include "math/linalg.h"

static gn_error err;

/* A golden matrix, copied; free(). */
static double *golden(const char *name, size_t n) {
    char path[64];
    gn_matrix *m = NULL;
    double *out = calloc(n, sizeof *out);
    snprintf(path, sizeof path, "golden/align/%s.npy", name);
    CHECK(gn_matrix_open(test_path(path), &m, &err) == GN_OK);
    if (!m) return out;
    gn_mat v = gn_matrix_view(m);
    CHECK(v.rows * v.cols == n && v.dtype == GN_F64);
    if (v.rows * v.cols == n) memcpy(out, v.data, n * sizeof *out);
    gn_matrix_free(m);
    return out;
}

static double most_apart(const double *a, const double *b, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* ---- turns ---- */

TEST(singular_values) {
    gn_random r = gn_random_new(2, 0);
    for (size_t n = 1; n <= 64; n += 21) {
        double *a = calloc(4 * n * n + n, sizeof *a), *u = a + n * n, *v = u + n * n,
               *b = v + n * n, *s = b + n * n;
        for (size_t i = 0; i < n * n; i++) a[i] = gn_random_normal(&r);
        OK(gn_svd_small(a, n, u, s, v, &err));
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                for (size_t l = 0; l < n; l++) b[i * n + j] += u[i * n + l] * s[l] * v[l * n + j];
        CHECK(most_apart(a, b, n * n) < 1e-12 * (double)n);
        for (size_t l = 1; l < n; l++) CHECK(s[l] <= s[l - 1] && s[l] >= 0);
        free(a);
    }
    double one = 1;
    CHECK(gn_svd_small(&one, 65, &one, &one, &one, &err) == GN_EINVAL);
}

TEST(turns_are_scipys) {
    double *x = golden("x", 120), *t = golden("target", 120), *r = golden("rotation", 9),
           *scale = golden("scale", 1), *disparity = golden("disparity", 1), moved[120];
    gn_procrustes p, q;
    const gn_mat from = gn_mat_f64(x, 40, 3), to = gn_mat_f64(t, 40, 3);
    OK(gn_procrustes_fit(from, to, NULL, &p, &err));
    CHECK(most_apart(p.rotation, r, 9) < 1e-12);
    CHECK(p.scale == 1);
    OK(gn_procrustes_fit(from, to, &(gn_procrustes_opts){.scale = true}, &q, &err));
    CHECK_NEAR(q.scale, scale[0], 1e-12);
    gn_procrustes_apply(&q, from, moved);
    double left = 0, size = 0;
    for (size_t i = 0; i < 120; i++) {
        left += pow(moved[i] - t[i], 2);
        size += pow(t[i] - q.to[i % 3], 2);
    }
    CHECK_NEAR(left / size, disparity[0], 1e-12); /* SciPy's target has size 1 */
    CHECK_NEAR(q.residual, sqrt(left / 40), 1e-12);
    CHECK(q.residual < p.residual);
    /* The planted turn is a reflection: without one it fits worse, and is a rotation. */
    OK(gn_procrustes_fit(from, to, &(gn_procrustes_opts){.no_reflection = true}, &q, &err));
    CHECK(q.residual > p.residual * 1.01);
    const double *m = q.rotation;
    CHECK_NEAR(m[0] * (m[4] * m[8] - m[5] * m[7]) - m[1] * (m[3] * m[8] - m[5] * m[6]) +
                   m[2] * (m[3] * m[7] - m[4] * m[6]),
               1, 1e-12);
    /* No small turn away from it is better: it is the optimum among rotations. */
    for (int a = 0; a < 3; a++)
        for (int sign = -1; sign <= 1; sign += 2) {
            gn_procrustes n = q;
            const int b = (a + 1) % 3;
            const double c = cos(1e-3), s = sign * sin(1e-3);
            for (int i = 0; i < 3; i++) {
                n.rotation[i * 3 + a] = c * m[i * 3 + a] - s * m[i * 3 + b];
                n.rotation[i * 3 + b] = s * m[i * 3 + a] + c * m[i * 3 + b];
            }
            gn_procrustes_apply(&n, from, moved);
            double sum = 0;
            for (size_t i = 0; i < 120; i++) sum += pow(moved[i] - t[i], 2);
            CHECK(sqrt(sum / 40) > q.residual);
        }
    /* Nor is another scale. */
    OK(gn_procrustes_fit(from, to, &(gn_procrustes_opts){true, true}, &q, &err));
    for (int sign = -1; sign <= 1; sign += 2) {
        gn_procrustes n = q;
        n.scale *= 1 + 1e-3 * sign;
        gn_procrustes_apply(&n, from, moved);
        double sum = 0;
        for (size_t i = 0; i < 120; i++) sum += pow(moved[i] - t[i], 2);
        CHECK(sqrt(sum / 40) > q.residual);
    }
    free(x), free(t), free(r), free(scale), free(disparity);
}

TEST(what_is_only_turned_comes_back) {
    enum { N = 200 };
    gn_random r = gn_random_new(4, 0);
    double x[2 * N], y[2 * N], back[2 * N];
    float y32[2 * N];
    for (size_t i = 0; i < 2 * N; i++) x[i] = gn_random_normal(&r) * (i % 2 ? 1 : 1e-3) + 1e4;
    for (size_t i = 0; i < N; i++) {
        y[2 * i] = 0.6 * x[2 * i] + 0.8 * x[2 * i + 1] + 3;
        y[2 * i + 1] = 0.8 * x[2 * i] - 0.6 * x[2 * i + 1];
        y32[2 * i] = (float)y[2 * i];
        y32[2 * i + 1] = (float)y[2 * i + 1];
    }
    gn_procrustes p;
    gn_displacement before, after;
    OK(gn_procrustes_fit(gn_mat_f64(y, N, 2), gn_mat_f64(x, N, 2), NULL, &p, &err));
    gn_procrustes_apply(&p, gn_mat_f64(y, N, 2), back);
    CHECK(most_apart(back, x, 2 * N) < 1e-9);
    OK(gn_displacement_compute(gn_mat_f64(y, N, 2), gn_mat_f64(x, N, 2), &before, &err));
    OK(gn_displacement_compute(gn_mat_f64(back, N, 2), gn_mat_f64(x, N, 2), &after, &err));
    double mean = 0, square = 0;
    for (size_t i = 0; i < N; i++)
        mean += hypot(y[2 * i] - x[2 * i], y[2 * i + 1] - x[2 * i + 1]) / N;
    CHECK_NEAR(before.mean, mean, 1e-12);
    for (size_t i = 0; i < N; i++)
        square += pow(hypot(y[2 * i] - x[2 * i], y[2 * i + 1] - x[2 * i + 1]) - mean, 2);
    CHECK_NEAR(before.se, sqrt(square / (N - 1) / N), 1e-9);
    CHECK(before.mean > 1e3 && after.mean < 1e-9 && after.relative < 1e-9);
    OK(gn_procrustes_fit(gn_mat_f32(y32, N, 2), gn_mat_f64(x, N, 2), NULL, &p, &err));
    CHECK(p.residual < 2e-3); /* float32 at 1e4 */
    CHECK(gn_procrustes_fit(gn_mat_f64(y, N, 2), gn_mat_f64(x, N - 1, 2), NULL, &p, &err) ==
          GN_EINVAL);
    y[5] = (double)NAN;
    CHECK(gn_procrustes_fit(gn_mat_f64(y, N, 2), gn_mat_f64(x, N, 2), NULL, &p, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, column 1");
    for (size_t i = 0; i < 2 * N; i++) y[i] = 3;
    CHECK(gn_procrustes_fit(gn_mat_f64(y, N, 2), gn_mat_f64(x, N, 2),
                            &(gn_procrustes_opts){.scale = true}, &p, &err) == GN_EDATA);
    CHECK(gn_displacement_compute(gn_mat_f64(y, 0, 2), gn_mat_f64(x, 0, 2), &before, &err) ==
          GN_EINVAL);
}

/* ---- joint bases ---- */

TEST(joint_bases_are_scikit_learns) {
    static const char *const names[] = {"own", "common", "equal", "both"};
    double *x = golden("layers", 1080), place[180], share[3];
    float single[360];
    for (int kind = 0; kind < 4; kind++) {
        char name[32];
        snprintf(name, sizeof name, "%s_directions", names[kind]);
        double *want = golden(name, 18);
        snprintf(name, sizeof name, "%s_shares", names[kind]);
        double *shares = golden(name, 3);
        gn_joint *j = NULL;
        OK(gn_joint_new(6, &(gn_joint_opts){.keep_means = kind % 2 == 1, .equal_layers = kind >= 2},
                        &j, &err));
        for (size_t l = 0; l < 3; l++) {
            for (size_t i = 0; i < 360; i++) single[i] = (float)x[360 * l + i];
            OK(gn_joint_add(NULL, j, gn_mat_f32(single, 60, 6), &err));
        }
        OK(gn_joint_solve(j, &err));
        const gn_pca *pca = gn_joint_pca(j);
        for (size_t c = 0; c < 3; c++) {
            double product = 0;
            for (size_t i = 0; i < 6; i++)
                product += gn_pca_directions(pca)[6 * c + i] * want[6 * c + i];
            CHECK_NEAR(fabs(product), 1, 1e-9);
            CHECK_NEAR(gn_pca_share(pca, c), shares[c], 1e-9);
        }
        /* Coordinates and the layer's own shares, by their definitions. */
        for (size_t l = 0; l < 3; l++) {
            const double *v = x + 360 * l;
            double mean[6] = {0}, all = 0;
            for (size_t i = 0; i < 360; i++) mean[i % 6] += v[i] / 60;
            for (size_t i = 0; i < 360; i++) all += pow(v[i] - mean[i % 6], 2);
            const double spread = kind >= 2 ? sqrt(all / 60) : 1;
            OK(gn_joint_project(NULL, j, l, gn_mat_f64(v, 60, 6), place, share, &err));
            for (size_t c = 0; c < 3; c++) {
                double square = 0;
                for (size_t i = 0; i < 60; i++) {
                    double at = 0, own = 0;
                    for (size_t e = 0; e < 6; e++) {
                        const double u = gn_pca_directions(pca)[6 * c + e];
                        const double m = kind % 2 ? spread * gn_pca_mean(pca)[e] : mean[e];
                        at += (v[6 * i + e] - m) / spread * u;
                        own += (v[6 * i + e] - mean[e]) * u;
                    }
                    CHECK_NEAR(place[3 * i + c], at, 1e-9);
                    square += own * own;
                }
                CHECK_NEAR(share[c], square / all, 1e-9);
            }
        }
        gn_joint_free(j);
        free(want);
        free(shares);
    }
    free(x);
}

TEST(a_joint_basis_of_one_layer_is_its_pca) {
    double *x = golden("layers", 1080), a[180], b[180];
    const gn_mat layer = gn_mat_f64(x, 60, 6);
    gn_joint *j = NULL;
    gn_pca *pca = NULL;
    OK(gn_joint_new(6, NULL, &j, &err));
    CHECK(gn_joint_solve(j, &err) == GN_EINVAL);
    CHECK(gn_joint_project(NULL, j, 0, layer, a, NULL, &err) == GN_EINVAL);
    OK(gn_joint_add(NULL, j, layer, &err));
    OK(gn_joint_solve(j, &err));
    OK(gn_joint_project(NULL, j, 0, layer, a, NULL, &err));
    OK(gn_pca_fit(NULL, layer, 3, &pca, &err));
    OK(gn_pca_project(NULL, pca, layer, b, &err));
    CHECK(most_apart(a, b, 180) < 1e-12);
    CHECK(gn_joint_add(NULL, j, layer, &err) == GN_EINVAL);
    gn_pca_free(pca);
    gn_joint_free(j);
    CHECK(gn_joint_new(6, &(gn_joint_opts){.n_components = 7}, &j, &err) == GN_EINVAL);
    OK(gn_joint_new(6, &(gn_joint_opts){.equal_layers = true}, &j, &err));
    CHECK(gn_joint_add(NULL, j, gn_mat_f64(x, 60, 5), &err) == GN_EINVAL);
    x[13] = (double)NAN;
    CHECK(gn_joint_add(NULL, j, layer, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, column 1");
    for (size_t i = 0; i < 360; i++) x[i] = 5;
    CHECK(gn_joint_add(NULL, j, layer, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "layer 0");
    gn_joint_free(j);
    OK(gn_joint_new(6, NULL, &j, &err));
    OK(gn_joint_add(NULL, j, layer, &err));
    CHECK(gn_joint_solve(j, &err) == GN_EDATA);
    gn_joint_free(j);
    free(x);
}

/* ---- pulls ---- */

enum { N = 300, D = 6, CLUSTERS = 5 };

/* Clusters, each layer with other noise. */
static float *noisy_layer(uint64_t seed) {
    float *x = gn_alloc(N * D, sizeof *x);
    gn_random c = gn_random_new(1, 0), r = gn_random_new(seed, 1);
    double centre[CLUSTERS * D];
    for (size_t i = 0; i < CLUSTERS * D; i++) centre[i] = 4 * gn_random_normal(&c);
    for (size_t i = 0; i < N * D; i++)
        x[i] = (float)(centre[(i / D) % CLUSTERS * D + i % D] + gn_random_normal(&r));
    return x;
}

static gn_map *run_map(int method, const gn_knn *knn, gn_mat start, gn_mat target,
                       const float *weight, double strength) {
    gn_map *map = NULL;
    CHECK((method ? gn_umap_new(NULL, knn, start, &(gn_umap_opts){.min_dist = -1, .n_steps = 150},
                                &map, &err)
                  : gn_tsne_new(NULL, knn, start, start.data != NULL,
                                &(gn_tsne_opts){.n_early = start.data ? 0 : 100, .n_steps = 150},
                                &map, &err)) == GN_OK);
    if (strength > 0) CHECK(gn_map_pull(map, target, weight, strength, &err) == GN_OK);
    CHECK(gn_map_run(NULL, map, SIZE_MAX, &err) == GN_OK);
    return map;
}

TEST(pulled_maps_stay_in_place) {
    float *x[2] = {noisy_layer(8), noisy_layer(9)};
    gn_knn *knn[2];
    for (int l = 0; l < 2; l++)
        REQUIRE(gn_knn_compute(NULL, gn_mat_f32(x[l], N, D), &(gn_knn_opts){.k = 60}, &knn[l],
                               &err) == GN_OK);
    for (int method = 0; method < 2; method++) {
        gn_map *first = run_map(method, knn[0], (gn_mat){0}, (gn_mat){0}, NULL, 0);
        const gn_mat before = gn_map_positions(first);
        double moved[4], kept[4];
        /* apart; from the first; pulled, too; pulled more */
        const double strength[4] = {0, 0, method ? 0.01 : 0.1, method ? 0.1 : 1};
        for (int kind = 0; kind < 4; kind++) {
            gn_displacement d;
            gn_map_quality q;
            gn_map *map =
                run_map(method, knn[1], kind ? before : (gn_mat){0}, before, NULL, strength[kind]);
            OK(gn_displacement_compute(gn_map_positions(map), before, &d, &err));
            OK(gn_map_quality_compute(NULL, gn_mat_f32(x[1], N, D), knn[1], gn_map_positions(map),
                                      NULL, NULL, &q, &err));
            moved[kind] = d.relative;
            kept[kind] = q.kept;
            gn_map_free(map);
        }
        printf("# %s: moved %.3f %.3f %.3f %.3f, kept %.3f %.3f %.3f %.3f\n",
               method ? "umap" : "tsne", moved[0], moved[1], moved[2], moved[3], kept[0], kept[1],
               kept[2], kept[3]);
        CHECK(moved[1] < moved[0]);
        CHECK(moved[2] < moved[1]);
        CHECK(moved[3] < moved[2]);
        CHECK(kept[2] > 0.8 * kept[0]); /* and shows the second layer all the same */
        gn_map_free(first);
    }
    for (int l = 0; l < 2; l++) {
        gn_knn_free(knn[l]);
        gn_free(x[l]);
    }
}

/* One step of t-SNE's descent moves a pulled row by the gradient of the documented loss more. */
TEST(the_pull_is_the_documented_one) {
    float *x = noisy_layer(8), weight[N];
    double target[2 * N], start[2 * N];
    gn_random r = gn_random_new(3, 0);
    gn_knn *knn = NULL;
    REQUIRE(gn_knn_compute(NULL, gn_mat_f32(x, N, D), &(gn_knn_opts){.k = 60}, &knn, &err) ==
            GN_OK);
    double mean[4] = {0};
    for (size_t i = 0; i < 2 * N; i++) {
        start[i] = gn_random_normal(&r);
        target[i] = gn_random_normal(&r);
    }
    for (size_t i = 0; i < 2 * N; i++) {
        mean[i % 2] += start[i] / N;
        mean[2 + i % 2] += target[i] / N;
    }
    for (size_t i = 0; i < N; i++) weight[i] = (float)(i % 3) / 2;
    double moved[2][2 * N], average[2] = {0};
    for (int pulled = 0; pulled < 2; pulled++) {
        gn_map *map = NULL;
        OK(gn_tsne_new(NULL, knn, gn_mat_f64(start, N, 2), true,
                       &(gn_tsne_opts){.learning_rate = 1, .n_steps = 1}, &map, &err));
        if (pulled) OK(gn_map_pull(map, gn_mat_f64(target, N, 2), weight, 0.5, &err));
        OK(gn_map_run(NULL, map, 1, &err));
        memcpy(moved[pulled], gn_map_positions(map).data, sizeof moved[0]);
        gn_map_free(map);
    }
    double want[2 * N];
    for (size_t i = 0; i < 2 * N; i++) {
        /* gain: 0.8 where the first gradient is negative, 1.2 where positive (velocity 0) */
        const double g = 0.5 * (double)weight[i / 2] / (4.0 * N) *
                         ((start[i] - mean[i % 2]) - (target[i] - mean[2 + i % 2]));
        want[i] = g;
        average[i % 2] += (moved[1][i] - moved[0][i]) / N;
    }
    size_t counted = 0;
    for (size_t i = 0; i < 2 * N; i++) {
        /* Rows whose gain is the same with and without: their shift is one of the two multiples,
         * less the re-centring, which rows of weight 0 show. */
        const double shift = moved[1][i] - moved[0][i] - (moved[1][i % 2] - moved[0][i % 2]);
        if (fabs(shift + 0.8 * want[i]) < 1e-9 || fabs(shift + 1.2 * want[i]) < 1e-9) counted++;
    }
    CHECK(weight[0] == 0 && counted > 500);
    gn_map *map = NULL;
    OK(gn_umap_new(NULL, knn, gn_mat_f64(start, N, 2), NULL, &map, &err));
    CHECK(gn_map_pull(map, gn_mat_f64(target, N - 1, 2), NULL, 0.1, &err) == GN_EINVAL);
    CHECK(gn_map_pull(map, gn_mat_f64(target, N, 2), NULL, 1.5, &err) == GN_EINVAL);
    weight[7] = 2;
    CHECK(gn_map_pull(map, gn_mat_f64(target, N, 2), weight, 0.1, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 7");
    OK(gn_map_pull(map, gn_mat_f64(target, N, 2), NULL, 0.1, &err));
    OK(gn_map_pull(map, gn_mat_f64(target, N, 2), NULL, 0, &err)); /* off again */
    gn_map_free(map);
    gn_knn_free(knn);
    gn_free(x);
}

TEST(shared_neighbours) {
    int32_t a[] = {1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2}, b[] = {1, 3, 2, 3, 2, 0, 9, 8, 7, 0, 5, 6};
    const gn_knn ka = {.n = 4, .k = 3, .index = a}, kb = {.n = 4, .k = 3, .index = b};
    float out[4];
    OK(gn_lists_jaccard(NULL, &ka, &kb, 3, out, &err));
    CHECK(out[0] == 1 && out[1] == 1 && out[2] == 0);
    CHECK_NEAR((double)out[3], 0.2, 1e-7);
    OK(gn_lists_jaccard(NULL, &ka, &kb, 2, out, &err));
    CHECK_NEAR((double)out[0], 1.0 / 3, 1e-7);
    CHECK(gn_lists_jaccard(NULL, &ka, &kb, 4, out, &err) == GN_EINVAL);
}

/* ---- without a projection ---- */

TEST(raw_and_axes) {
    const float x[] = {1, 2, 3, 4, 5, 6, -1, 0, 2, 7, 7, 7};
    double out[12], direction[6], unit[3], length = 0;
    OK(gn_raw_places(gn_mat_f32(x, 4, 3), out, &err));
    for (size_t i = 0; i < 12; i++) CHECK(out[i] == (double)x[i]);
    CHECK(gn_raw_places(gn_mat_f32(x, 3, 4), out, &err) == GN_EINVAL);
    const int32_t left[] = {0, 2}, right[] = {1, 3, 3}, wrong[] = {4};
    const gn_axis_rows axes[2] = {{left, right, 2, 3}, {right, left, 1, 1}};
    OK(gn_axes_places(NULL, gn_mat_f32(x, 4, 3), axes, 2, direction, out, &err));
    for (size_t c = 0; c < 3; c++) {
        unit[c] =
            ((double)x[3 + c] + 2 * (double)x[9 + c]) / 3 - ((double)x[c] + (double)x[6 + c]) / 2;
        length += unit[c] * unit[c];
    }
    for (size_t i = 0; i < 4; i++) {
        double sum = 0;
        for (size_t c = 0; c < 3; c++) sum += (double)x[3 * i + c] * unit[c] / sqrt(length);
        CHECK_NEAR(out[2 * i], sum, 1e-12);
    }
    for (size_t c = 0; c < 3; c++) CHECK_NEAR(direction[3 + c], -1 / sqrt(3.0), 1e-12);
    CHECK(gn_axes_places(NULL, gn_mat_f32(x, 4, 3), &(gn_axis_rows){left, right, 0, 1}, 1, NULL,
                         out, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "axis 1: left side: no rows");
    CHECK(gn_axes_places(NULL, gn_mat_f32(x, 4, 3), &(gn_axis_rows){left, wrong, 1, 1}, 1, NULL,
                         out, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "right side: row 4");
    CHECK(gn_axes_places(NULL, gn_mat_f32(x, 4, 3), &(gn_axis_rows){left, left, 2, 2}, 1, NULL, out,
                         &err) == GN_EDATA);
    float bad[12];
    memcpy(bad, x, sizeof bad);
    bad[10] = (float)INFINITY;
    CHECK(gn_axes_places(NULL, gn_mat_f32(bad, 4, 3), &(gn_axis_rows){left, right, 2, 1}, 1, NULL,
                         out, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 3, column 1");
    CHECK(gn_raw_places(gn_mat_f32(bad, 4, 3), out, &err) == GN_EDATA);
}

int main(void) {
    RUN(singular_values);
    RUN(turns_are_scipys);
    RUN(what_is_only_turned_comes_back);
    RUN(joint_bases_are_scikit_learns);
    RUN(a_joint_basis_of_one_layer_is_its_pca);
    RUN(pulled_maps_stay_in_place);
    RUN(the_pull_is_the_documented_one);
    RUN(shared_neighbours);
    RUN(raw_and_axes);
    return tap_done();
}
