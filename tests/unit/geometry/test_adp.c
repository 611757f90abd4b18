/* ADP and the adjusted Rand index: labels of DADApy's python version, a naive version of the
 * algorithm with matrices, and identities. */
#include "geometry_data.h"

#include "base/random.h"
#include "gonio/density.h"
#include "gonio/id.h"

enum { N = 2000, K = 100 };

static void check_set(const char *file, size_t d, size_t n_clusters, const size_t *size,
                      const int32_t *center) {
    gn_error err;
    double *x = points_read(file, N, d);
    if (!x) SKIP("no shared data");
    gn_knn *knn;
    gn_id_estimate e;
    static int32_t kstar[N], label[N], halo[N], peak[N];
    static double rho[N], se[N];
    OK(gn_knn_compute(NULL, gn_mat_f64(x, N, d), &(gn_knn_opts){.k = K}, &knn, &err));
    OK(gn_id_twonn(gn_mat_f32(knn->distance, N, K), NULL, &e, &err));
    OK(gn_kstar(NULL, knn, e.dim, 0, kstar, &err));
    for (int dadapy = 0; dadapy < 2; dadapy++) {
        gn_adp_summary a, b;
        gn_density_opts o = {.dim = e.dim, .kstar = kstar, .dadapy = dadapy == 1};
        OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
        OK(gn_adp(NULL, knn, kstar, rho, se, NULL, label, peak, &a, &err));
        CHECK(a.n_clusters == n_clusters && a.n_peaks >= n_clusters);
        for (size_t c = 0; c < n_clusters && c < a.n_clusters; c++) {
            size_t n = 0;
            for (size_t i = 0; i < N; i++) n += label[i] == (int32_t)c;
            CHECK(n == size[c] && peak[c] == center[c]);
        }
        OK(gn_adp(NULL, knn, kstar, rho, se, &(gn_adp_opts){.halo = true}, halo, NULL, &b, &err));
        size_t n_halo = 0, moved = 0;
        for (size_t i = 0; i < N; i++) {
            n_halo += halo[i] == -1;
            moved += halo[i] != -1 && halo[i] != label[i];
        }
        CHECK(n_halo == a.n_halo && n_halo == b.n_halo && moved == 0);
        CHECK((n_halo > 0) == (n_clusters > 1));
    }
    gn_knn_free(knn);
    free(x);
}
TEST(a_gaussian_is_one_cluster) {
    check_set("A_gauss5in50.npy", 50, 1, (const size_t[]){2000}, (const int32_t[]){1625});
}
TEST(golden_clusters_of_two_clouds) {
    check_set("C_twoclusters20.npy", 20, 2, (const size_t[]){1998, 2}, (const int32_t[]){650, 796});
}

static int32_t *ints(const json_t *root, const char *name, size_t *n) {
    const json_t *a = json_object_get(root, name);
    *n = json_array_size(a);
    int32_t *v = malloc((*n + 1) * sizeof *v);
    for (size_t i = 0; i < *n; i++) v[i] = (int32_t)json_integer_value(json_array_get(a, i));
    return v;
}
static double *reals(const json_t *root, const char *name, size_t *n) {
    const json_t *a = json_object_get(root, name);
    *n = json_array_size(a);
    double *v = malloc((*n + 1) * sizeof *v);
    for (size_t i = 0; i < *n; i++) v[i] = json_number_value(json_array_get(a, i));
    return v;
}

/* Five clouds in the plane, two of which touch: k*, densities, clusters and halo from points. */
TEST(golden_clusters_of_five_clouds) {
    gn_error err;
    json_t *root = json_load_file(test_path("golden/density/clusters.json"), 0, NULL);
    REQUIRE(root);
    size_t n, m, n_peaks, k = (size_t)golden(root, "k");
    double *x = reals(root, "points", &n), *rho = reals(root, "log_density", &m),
           *pak = reals(root, "pak_log_density", &m), *se = reals(root, "se", &m),
           *got = malloc(m * sizeof *got), *got_se = malloc(m * sizeof *got_se);
    int32_t *kstar = ints(root, "kstar", &m), *label = ints(root, "label", &m),
            *halo = ints(root, "label_halo", &m), *pak_halo = ints(root, "pak_label_halo", &m),
            *truth = ints(root, "truth", &m), *peaks = ints(root, "peaks", &n_peaks);
    int32_t *own = malloc(m * sizeof *own), *peak = malloc(m * sizeof *peak);
    gn_knn *knn;
    gn_adp_summary a;
    REQUIRE(m == 600 && n == 2 * m && n_peaks == 4);
    OK(gn_knn_compute(NULL, gn_mat_f64(x, m, 2), &(gn_knn_opts){.k = k}, &knn, &err));
    OK(gn_kstar(NULL, knn, 2, 0, own, &err));
    CHECK(memcmp(own, kstar, m * sizeof *own) == 0);
    gn_density_opts o = {.method = GN_DENSITY_KSTAR, .dim = 2, .kstar = kstar};
    OK(gn_density_compute(NULL, knn, &o, got, got_se, &err));
    for (size_t i = 0; i < m; i++) {
        CHECK_NEAR(got[i], rho[i], 1e-6);
        CHECK_NEAR(got_se[i], se[i], 1e-12);
    }
    OK(gn_adp(NULL, knn, kstar, got, got_se, NULL, own, peak, &a, &err));
    CHECK(a.n_clusters == 4 && memcmp(own, label, m * sizeof *own) == 0);
    CHECK(memcmp(peak, peaks, n_peaks * sizeof *peak) == 0);
    double ari;
    OK(gn_adjusted_rand(own, truth, m, &ari, &err));
    CHECK_NEAR(ari, golden(root, "adjusted_rand"), 1e-12);
    OK(gn_adp(NULL, knn, kstar, got, got_se, &(gn_adp_opts){.halo = true}, own, NULL, &a, &err));
    CHECK(a.n_halo == 73 && memcmp(own, halo, m * sizeof *own) == 0);
    o = (gn_density_opts){.dim = 2, .kstar = kstar, .dadapy = true};
    OK(gn_density_compute(NULL, knn, &o, got, got_se, &err));
    for (size_t i = 0; i < m; i++) CHECK_NEAR(got[i], pak[i], 1e-6);
    OK(gn_adp(NULL, knn, kstar, got, got_se, &(gn_adp_opts){.halo = true}, own, NULL, &a, &err));
    CHECK(memcmp(own, pak_halo, m * sizeof *own) == 0);
    gn_knn_free(knn);
    void *all[] = {x,     rho,  pak,      se,    got,   got_se, kstar,
                   label, halo, pak_halo, truth, peaks, own,    peak};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    json_decref(root);
}

/* ---- the algorithm once more, with matrices ----------------------------------------------------
 */

enum { M = 400, L = 12 };

struct table {
    gn_knn knn;
    int32_t index[M * L], kstar[M];
    double rho[M], se[M], g[M];
};

static bool within(const struct table *t, size_t i, size_t j, size_t k) {
    for (size_t r = 0; r < k; r++)
        if (t->index[i * L + r] == (int32_t)j) return true;
    return false;
}

/* Labels in order of the peaks' rows, halo marked; *n_peaks counts them before merging, *stray the
 * points that only the fallback could assign. */
static size_t naive_adp(const struct table *t, double z, int32_t *label, size_t *n_peaks,
                        size_t *stray) {
    static double saddle[M][M]; /* log density; NaN: none */
    static size_t at[M][M];
    size_t peak[M], p = 0, strike[M];
    bool alive[M], done[M] = {false};
    for (size_t i = 0; i < M; i++) {
        bool top = true;
        strike[i] = SIZE_MAX;
        label[i] = -1;
        for (size_t r = 0; r < (size_t)t->kstar[i]; r++)
            top = top && t->g[i] > t->g[t->index[i * L + r]];
        if (!top) continue;
        for (size_t l = 0; l < M; l++)
            if (t->g[l] > t->g[i] && within(t, l, i, (size_t)t->kstar[l]) &&
                (strike[i] == SIZE_MAX || t->g[l] > t->g[strike[i]]))
                strike[i] = l;
        if (strike[i] != SIZE_MAX) continue;
        label[i] = (int32_t)p;
        alive[p] = true;
        peak[p++] = i;
    }
    *n_peaks = p;
    for (size_t step = 0; step < M; step++) {
        size_t i = SIZE_MAX;
        for (size_t j = 0; j < M; j++)
            if (!done[j] && (i == SIZE_MAX || t->g[j] > t->g[i])) i = j;
        done[i] = true;
        for (size_t r = 0; label[i] < 0 && r < L; r++) label[i] = label[t->index[i * L + r]];
        if (label[i] >= 0) continue;
        size_t by = strike[i];
        ++*stray;
        for (size_t j = 0; j < M; j++)
            if (strike[j] != SIZE_MAX && within(t, i, j, L) && t->g[strike[j]] > t->g[by])
                by = strike[j];
        label[i] = label[by];
    }
    for (size_t a = 0; a < p; a++)
        for (size_t b = 0; b < p; b++) saddle[a][b] = (double)NAN;
    for (size_t i = 0; i < M; i++) {
        size_t c = (size_t)label[i], q = SIZE_MAX;
        for (size_t r = 0; q == SIZE_MAX && r < (size_t)t->kstar[i]; r++)
            if (label[t->index[i * L + r]] != (int32_t)c) q = (size_t)t->index[i * L + r];
        if (peak[c] == i || q == SIZE_MAX) continue;
        bool border = true, met = false;
        for (size_t r = 0; r < L && !met; r++) {
            size_t other = (size_t)t->index[q * L + r];
            met = other == i;
            border = border && (met || label[other] != (int32_t)c);
        }
        size_t o = (size_t)label[q];
        if (!border || (!isnan(saddle[c][o]) && t->g[at[c][o]] > t->g[i])) continue;
        saddle[c][o] = saddle[o][c] = t->rho[i];
        at[c][o] = at[o][c] = i;
    }
    for (;;) {
        size_t a = SIZE_MAX, b = 0;
        for (size_t i = 0; i < p; i++)
            for (size_t j = i + 1; j < p; j++) {
                if (isnan(saddle[i][j])) continue;
                double rise_i = t->rho[peak[i]] - saddle[i][j];
                double rise_j = t->rho[peak[j]] - saddle[i][j], e = t->se[at[i][j]];
                bool firm =
                    rise_i >= z * (t->se[peak[i]] + e) && rise_j >= z * (t->se[peak[j]] + e);
                if (!firm && (a == SIZE_MAX || saddle[i][j] > saddle[a][b])) a = i, b = j;
            }
        if (a == SIZE_MAX) break;
        double e = t->se[at[a][b]];
        if ((t->rho[peak[a]] - saddle[a][b]) / (t->se[peak[a]] + e) <
            (t->rho[peak[b]] - saddle[a][b]) / (t->se[peak[b]] + e)) {
            size_t swap = a;
            a = b;
            b = swap;
        }
        alive[b] = false;
        for (size_t i = 0; i < M; i++)
            if (label[i] == (int32_t)b) label[i] = (int32_t)a;
        saddle[a][b] = saddle[b][a] = (double)NAN;
        for (size_t c = 0; c < p; c++) {
            if (c != a && !isnan(saddle[b][c]) && !(saddle[a][c] >= saddle[b][c])) {
                saddle[a][c] = saddle[c][a] = saddle[b][c];
                at[a][c] = at[c][a] = at[b][c];
            }
            saddle[b][c] = saddle[c][b] = (double)NAN;
        }
    }
    size_t n_clusters = 0;
    int32_t name[M];
    double top[M];
    for (size_t c = 0; c < p; c++) {
        name[c] = (int32_t)n_clusters;
        n_clusters += alive[c];
        top[c] = -HUGE_VAL;
        for (size_t o = 0; o < p; o++)
            if (!isnan(saddle[c][o])) top[c] = fmax(top[c], saddle[c][o]);
    }
    for (size_t i = 0; i < M; i++) label[i] = t->rho[i] < top[label[i]] ? -1 : name[label[i]];
    return n_clusters;
}

/* Random tables are no geometry, so that every branch is met: peaks struck out, points that no
 * neighbour can assign, chains of merges with inherited saddles. */
TEST(equals_a_naive_version_on_random_tables) {
    gn_error err;
    struct table *t = malloc(sizeof *t);
    size_t strays = 0, several = 0, merged = 0, halos = 0;
    for (uint64_t seed = 0; seed < 60; seed++) {
        gn_random r = gn_random_new(seed, 0);
        double x[M];
        size_t reach = 1 + (size_t)seed % 5 * 20;
        t->knn = (gn_knn){.n = M, .k = L, .index = t->index};
        for (size_t i = 0; i < M; i++) {
            /* neighbours around on a ring, nearest first but shuffled by `reach` */
            for (size_t j = 0; j < L; j++)
                for (bool fresh = false; !fresh;) {
                    size_t step = 1 + j / 2 + (size_t)gn_random_below(&r, reach);
                    size_t id = j % 2 ? (i + step) % M : (i + M - step) % M;
                    fresh = id != i && !within(t, i, id, j);
                    if (!fresh) id = (size_t)gn_random_below(&r, M);
                    fresh = id != i && !within(t, i, id, j);
                    t->index[i * L + j] = (int32_t)id;
                }
            t->kstar[i] = (int32_t)(2 + gn_random_below(&r, seed % 3 ? L - 2 : 3));
            x[i] = gn_random_normal(&r);
        }
        for (size_t i = 0; i < M; i++) {
            t->rho[i] = 2 * sin((double)i * (0.05 + 0.01 * (double)(seed % 7))) + 0.4 * x[i] - 30;
            t->se[i] = 0.1 + 0.3 * gn_random_uniform(&r);
            t->g[i] = t->rho[i] - t->se[i];
        }
        int32_t want[M], got[M], peak[M];
        size_t n_peaks, stray = 0, halo = 0;
        size_t n_clusters = naive_adp(t, 1.65, want, &n_peaks, &stray);
        gn_adp_summary a;
        OK(gn_adp(NULL, &t->knn, t->kstar, t->rho, t->se, &(gn_adp_opts){.halo = true}, got, peak,
                  &a, &err));
        for (size_t i = 0; i < M; i++) halo += want[i] < 0;
        CHECK(a.n_clusters == n_clusters && a.n_peaks == n_peaks && a.n_halo == halo);
        CHECK(memcmp(want, got, sizeof want) == 0);
        for (size_t c = 0; c < n_clusters; c++) CHECK(got[peak[c]] == (int32_t)c);
        strays += stray;
        several += n_clusters > 1;
        merged += n_peaks > n_clusters + 1;
        halos += halo > 0;
    }
    CHECK(strays > 0 && several > 5 && merged > 5 && halos > 5);
    free(t);
}

/* A plateau, all densities equal, is ordered by row and has one peak; groups that do not touch are
 * clusters whatever z is. */
TEST(plateaus_and_islands) {
    gn_error err;
    struct table *t = malloc(sizeof *t);
    int32_t label[M], peak[M];
    gn_adp_summary a;
    t->knn = (gn_knn){.n = M, .k = L, .index = t->index};
    for (size_t i = 0; i < M; i++) { /* four rings of 100 */
        size_t base = i / 100 * 100;
        for (size_t j = 0; j < L; j++) {
            size_t step = 1 + j / 2;
            t->index[i * L + j] = (int32_t)(base + (j % 2 ? i + step : i + 100 - step) % 100);
        }
        t->kstar[i] = 6;
        t->rho[i] = -3;
        t->se[i] = 0.5;
    }
    OK(gn_adp(NULL, &t->knn, t->kstar, t->rho, t->se, &(gn_adp_opts){.z = 50, .halo = true}, label,
              peak, &a, &err));
    CHECK(a.n_clusters == 4 && a.n_halo == 0);
    for (size_t i = 0; i < M; i++) CHECK(label[i] == (int32_t)(i / 100));
    for (int32_t c = 0; c < 4; c++) CHECK(peak[c] == 100 * c);
    free(t);
}

TEST(bad_clustering_input_is_named) {
    gn_error err;
    enum { n = 30, k = 5 };
    int32_t index[n * k], kstar[n], label[n] = {-7};
    double rho[n], se[n];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < k; j++) index[i * k + j] = (int32_t)((i + 1 + j) % n);
        kstar[i] = 3;
        rho[i] = (double)i;
        se[i] = 0.5;
    }
    gn_knn knn = {.n = n, .k = k, .index = index};
    gn_adp_summary a = {.n_clusters = 99};
    CHECK(gn_adp(NULL, &knn, kstar, rho, se, &(gn_adp_opts){.z = -1}, label, NULL, &a, &err) ==
          GN_EINVAL);
    kstar[4] = 6;
    CHECK(gn_adp(NULL, &knn, kstar, rho, se, NULL, label, NULL, &a, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "k* of row 4 is 6, expected 1 to 5");
    kstar[4] = 3;
    rho[5] = (double)NAN;
    CHECK(gn_adp(NULL, &knn, kstar, rho, se, NULL, label, NULL, &a, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 5 has log density nan");
    rho[5] = 5;
    index[7 * k + 2] = 7;
    CHECK(gn_adp(NULL, &knn, kstar, rho, se, NULL, label, NULL, &a, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 7, rank 3 is 7");
    CHECK(a.n_clusters == 99 && label[0] == -7);
}

TEST(adjusted_rand_index) {
    gn_error err;
    double v = -7;
    const int32_t a[] = {0, 0, 0, 1, 1, 1}, b[] = {0, 0, 1, 1, 2, 2},
                  renamed[] = {7, 7, 7, 2, 2, 2};
    const int32_t holes[] = {0, 0, -1, -1, 2, 2}, one[6] = {0}, apart[] = {0, 1, 2, 3, 4, 5};
    OK(gn_adjusted_rand(a, b, 6, &v, &err));
    CHECK_NEAR(v, (2 - 6 * 3 / 15.0) / (4.5 - 6 * 3 / 15.0), 1e-15); /* counted by hand */
    OK(gn_adjusted_rand(a, renamed, 6, &v, &err));
    CHECK(v == 1);
    OK(gn_adjusted_rand(a, holes, 6, &v, &err));
    CHECK(v == 1); /* rows 2 and 3 are left out */
    OK(gn_adjusted_rand(one, one, 6, &v, &err));
    CHECK(v == 1);
    OK(gn_adjusted_rand(apart, apart, 6, &v, &err));
    CHECK(v == 1);
    OK(gn_adjusted_rand(one, apart, 6, &v, &err));
    CHECK(v == 0);
    enum { n = 20000 };
    static int32_t p[n], q[n];
    gn_random r = gn_random_new(5, 0);
    for (size_t i = 0; i < n; i++) {
        p[i] = (int32_t)gn_random_below(&r, 4);
        q[i] = (int32_t)gn_random_below(&r, 7);
    }
    OK(gn_adjusted_rand(p, q, n, &v, &err));
    CHECK(fabs(v) < 1e-3);
    v = -7;
    CHECK(gn_adjusted_rand(a, (const int32_t[]){-1, -1, 0, -1, -1, -1}, 6, &v, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "1 of 6 points");
    CHECK(v == -7);
}

int main(void) {
    RUN(a_gaussian_is_one_cluster);
    RUN(golden_clusters_of_two_clouds);
    RUN(golden_clusters_of_five_clouds);
    RUN(equals_a_naive_version_on_random_tables);
    RUN(plateaus_and_islands);
    RUN(bad_clustering_input_is_named);
    RUN(adjusted_rand_index);
    return tap_done();
}
