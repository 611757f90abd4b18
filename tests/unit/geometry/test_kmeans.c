/* k-means against a plain Lloyd from the same seeds, and as a fixed point by naive loops;
 * silhouettes against a double loop. */
#include "tap.h"

#include "base/random.h"
#include "geometry/kmeans.h"

static gn_ctx *one, *two;
static gn_error err;

static void gauss(double *x, size_t n, uint64_t seed) {
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) x[i] = gn_random_normal(&r);
}

static double square(const double *a, const double *b, size_t d) {
    double s = 0;
    for (size_t j = 0; j < d; j++) s += (a[j] - b[j]) * (a[j] - b[j]);
    return s;
}

/* ---- a plain Lloyd ------------------------------------------------------------------------ */

struct plain {
    size_t n, d, k, iterations;
    const double *x;
    double *centre;
    int32_t *label;
    bool emptied;
};

static size_t plain_assign(struct plain *p) {
    size_t changed = 0;
    for (size_t i = 0; i < p->n; i++) {
        size_t best = 0;
        for (size_t j = 1; j < p->k; j++)
            if (square(p->x + i * p->d, p->centre + j * p->d, p->d) <
                square(p->x + i * p->d, p->centre + best * p->d, p->d))
                best = j;
        changed += p->label[i] != (int32_t)best;
        p->label[i] = (int32_t)best;
    }
    return changed;
}

static void plain_run(struct plain *p, size_t most) {
    for (size_t i = 0; i < p->n; i++) p->label[i] = -1;
    plain_assign(p);
    p->emptied = false;
    for (p->iterations = 0; p->iterations < most;) {
        for (size_t j = 0; j < p->k; j++) {
            double n = 0;
            for (size_t i = 0; i < p->n; i++) n += p->label[i] == (int32_t)j;
            if (n < 1) {
                p->emptied = true;
                return;
            }
            for (size_t c = 0; c < p->d; c++) {
                double s = 0;
                for (size_t i = 0; i < p->n; i++)
                    if (p->label[i] == (int32_t)j) s += p->x[i * p->d + c];
                p->centre[j * p->d + c] = s / n;
            }
        }
        p->iterations++;
        if (!plain_assign(p)) return;
    }
}

/* Bounds and changed sums only save work: same labels after the same number of iterations. */
TEST(bounded_iterations_are_lloyds) {
    enum { N = 1500, D = 5, K = 9 };
    double *x = malloc(N * D * sizeof *x), centre[K * D];
    int32_t *label = malloc(N * sizeof *label);
    size_t iterations = 0;
    for (uint64_t t = 0; t < 6; t++) {
        gauss(x, N * D, t);
        for (size_t i = 0; i < N * D; i++) x[i] = x[i] * (double)(1 + i % D) + (t % 2 ? 50 : 0);
        gn_kmeans_rows r;
        gn_kmeans_delta delta;
        gn_kmeans_seeds seeds;
        gn_kmeans_run run;
        OK(gn_kmeans_rows_new(two, gn_mat_f64(x, N, D), K, &r, &err));
        OK(gn_kmeans_delta_new(&r, &delta, &err));
        OK(gn_kmeans_seeds_new(&r, &delta, &seeds, &err));
        OK(gn_kmeans_run_new(&r, &delta, &run, &err));
        gn_kmeans_seeds_restart(&seeds, 1, t);
        for (size_t k = 1; k <= K; k++) {
            bool found;
            OK(gn_kmeans_seeds_add(two, &r, &seeds, &found, &err));
            CHECK(found);
            OK(gn_kmeans_lloyd(two, &r, &seeds, 400, -1, &run, &err));
            struct plain p = {N, D, k, 0, x, centre, label, false};
            memcpy(centre, seeds.centres.at, k * D * sizeof *centre);
            plain_run(&p, 400);
            CHECK(!p.emptied && p.iterations == run.iterations && run.converged);
            CHECK(memcmp(label, run.state.label, N * sizeof *label) == 0);
            double sum = 0;
            for (size_t i = 0; i < N; i++) sum += square(x + i * D, centre + label[i] * D, D);
            CHECK_NEAR(run.inertia / sum, 1, 1e-11);
            iterations += run.iterations;
        }
        gn_kmeans_run_free(&run);
        gn_kmeans_seeds_free(&seeds);
        gn_kmeans_delta_free(&delta);
        gn_kmeans_rows_free(&r);
    }
    CHECK(iterations > 500); /* there was something to be wrong about */
    free(x), free(label);
}

/* The result by itself: nearest centres, means, sizes in order, inertia. */
static void check_fit(const gn_kmeans_fit *f, const double *x, size_t n, size_t d) {
    double sum = 0, worst = 0;
    size_t wrong = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        const double *own = f->centre + (size_t)f->label[i] * d;
        for (size_t j = 0; j < f->k; j++)
            wrong +=
                square(x + i * d, f->centre + j * d, d) < square(x + i * d, own, d) * (1 - 1e-13);
        sum += square(x + i * d, own, d);
    }
    for (size_t j = 0; j < f->k; j++) {
        size_t size = 0;
        for (size_t i = 0; i < n; i++) size += f->label[i] == (int32_t)j;
        CHECK(size == f->size[j] && size > 0 && (j == 0 || size <= f->size[j - 1]));
        count += size;
        for (size_t c = 0; c < d; c++) {
            double mean = 0;
            for (size_t i = 0; i < n; i++)
                if (f->label[i] == (int32_t)j) mean += x[i * d + c] / (double)size;
            worst = fmax(worst, fabs(mean - f->centre[j * d + c]));
        }
    }
    CHECK(wrong == 0 && count == n);
    CHECK_NEAR(f->inertia, sum, 1e-11);
    if (f->converged) CHECK(worst < 1e-9);
}

TEST(fits_are_fixed_points) {
    enum { N = 3000, D = 33 };
    double *x = malloc(N * D * sizeof *x);
    float *f = malloc(N * D * sizeof *f);
    gauss(x, N * D, 3);
    for (size_t i = 0; i < N * D; i++)
        x[i] = (double)(f[i] = (float)(x[i] + 3 * (double)(i / D % 4) * (i % D < 4)));
    gn_kmeans_opts o = {.k_min = 2, .k_max = 6, .restarts = 3, .tolerance = -1};
    gn_kmeans *a, *b;
    OK(gn_kmeans_compute(one, gn_mat_f32(f, N, D), &o, &a, &err));
    OK(gn_kmeans_compute(two, gn_mat_f32(f, N, D), &o, &b, &err));
    CHECK(a->n_fits == 5 && a->n == N && a->d == D);
    for (size_t i = 0; i < 5; i++) {
        CHECK(a->fit[i].k == 2 + i && a->fit[i].converged);
        check_fit(&a->fit[i], x, N, D);
        if (i) CHECK(a->fit[i].inertia < a->fit[i - 1].inertia);
        /* threads change no bit */
        CHECK(memcmp(a->fit[i].label, b->fit[i].label, N * sizeof(int32_t)) == 0);
        CHECK(memcmp(a->fit[i].centre, b->fit[i].centre, a->fit[i].k * D * sizeof(double)) == 0);
        CHECK(a->fit[i].inertia == b->fit[i].inertia &&
              a->fit[i].iterations == b->fit[i].iterations);
    }
    gn_kmeans_free(a);
    gn_kmeans_free(b);
    /* more restarts never do worse; other k in the range do not matter */
    gn_kmeans_opts few = {.k_min = 5, .k_max = 6, .restarts = 1, .tolerance = -1};
    gn_kmeans_opts many = {.k_min = 5, .k_max = 6, .restarts = 8, .tolerance = -1};
    OK(gn_kmeans_compute(one, gn_mat_f32(f, N, D), &few, &a, &err));
    OK(gn_kmeans_compute(one, gn_mat_f32(f, N, D), &many, &b, &err));
    CHECK(b->fit[0].inertia <= a->fit[0].inertia * (1 + 1e-12));
    CHECK(b->fit[1].inertia <= a->fit[1].inertia * (1 + 1e-12));
    gn_kmeans_free(a);
    gn_kmeans_free(b);
    free(x), free(f);
}

/* A cloud far from the origin loses digits in products, not in labels. */
TEST(an_offset_and_other_types_change_nothing) {
    enum { N = 900, D = 6 };
    double x[N * D], far[N * D];
    uint16_t half[N * D];
    gauss(x, N * D, 4);
    for (size_t i = 0; i < N * D;
         i++) { /* multiples of 1/8, exact as float16 and after the shift */
        x[i] = round(8 * x[i]) / 8;
        far[i] = x[i] + 4096;
        double m = fabs(x[i]);
        int e = m > 0 ? (int)floor(log2(m)) : 0;
        half[i] = (uint16_t)((x[i] < 0 ? 0x8000 : 0) |
                             (m > 0 ? (unsigned)((e + 15) << 10) |
                                          (unsigned)lrint((m / exp2(e) - 1) * 1024)
                                    : 0));
    }
    gn_kmeans_opts o = {.k_min = 3, .k_max = 4, .restarts = 2, .tolerance = -1};
    gn_kmeans *a, *b, *c;
    OK(gn_kmeans_compute(one, gn_mat_f64(x, N, D), &o, &a, &err));
    OK(gn_kmeans_compute(one, gn_mat_f64(far, N, D), &o, &b, &err));
    OK(gn_kmeans_compute(one, (gn_mat){half, N, D, D, GN_F16}, &o, &c, &err));
    for (size_t f = 0; f < 2; f++) {
        check_fit(&b->fit[f], far, N, D);
        CHECK_NEAR(b->fit[f].inertia / a->fit[f].inertia, 1, 0.02); /* other draws, other optimum */
        CHECK(memcmp(a->fit[f].label, c->fit[f].label, N * sizeof(int32_t)) == 0);
    }
    gn_kmeans_free(a);
    gn_kmeans_free(b);
    gn_kmeans_free(c);
}

/* Small clouds on which a plain Lloyd loses a cluster: ours keeps all. */
TEST(no_cluster_is_lost) {
    enum { N = 14, D = 2, K = 6 };
    double x[N * D], centre[K * D];
    int32_t label[N];
    size_t lost = 0;
    for (uint64_t t = 0; t < 3000; t++) {
        gauss(x, N * D, t);
        gn_kmeans_rows r;
        gn_kmeans_delta delta;
        gn_kmeans_seeds seeds;
        gn_kmeans_run run;
        OK(gn_kmeans_rows_new(NULL, gn_mat_f64(x, N, D), K, &r, &err));
        OK(gn_kmeans_delta_new(&r, &delta, &err));
        OK(gn_kmeans_seeds_new(&r, &delta, &seeds, &err));
        OK(gn_kmeans_run_new(&r, &delta, &run, &err));
        gn_kmeans_seeds_restart(&seeds, 0, t);
        bool found;
        for (size_t k = 1; k <= K; k++) OK(gn_kmeans_seeds_add(NULL, &r, &seeds, &found, &err));
        /* spread-out seeds lose no cluster: take poor ones, the first rows */
        struct plain p = {N, D, K, 0, x, centre, label, false};
        for (size_t j = 0; j < K * D; j++) {
            centre[j] = x[j / D / 2 * D + j % D] + (j / D % 2 ? 3 : 0);
            seeds.centres.at[j] = centre[j];
        }
        plain_run(&p, 100);
        lost += p.emptied;
        if (p.emptied) {
            memset(seeds.state.sum, 0, K * D * sizeof(double));
            memset(seeds.state.size, 0, K * sizeof(size_t));
            for (size_t i = 0; i < N; i++) {
                size_t best = 0;
                for (size_t j = 0; j < K; j++) {
                    double s = sqrt(square(x + i * D, centre + j * D, D));
                    seeds.state.lower[j * N + i] = 0;
                    if (s < sqrt(square(x + i * D, centre + best * D, D))) best = j;
                }
                seeds.state.label[i] = (int32_t)best;
                seeds.state.upper[i] = 1e6F;
                seeds.state.size[best]++;
                for (size_t c = 0; c < D; c++) seeds.state.sum[best * D + c] += x[i * D + c];
            }
            OK(gn_kmeans_lloyd(NULL, &r, &seeds, 100, -1, &run, &err));
            size_t size[K] = {0};
            for (size_t i = 0; i < N; i++) size[run.state.label[i]]++;
            for (size_t j = 0; j < K; j++) CHECK(size[j] > 0 && size[j] == run.state.size[j]);
            CHECK(run.converged);
        }
        gn_kmeans_run_free(&run);
        gn_kmeans_seeds_free(&seeds);
        gn_kmeans_delta_free(&delta);
        gn_kmeans_rows_free(&r);
        if (lost >= 20) break;
    }
    CHECK(lost >= 20);
}

TEST(repeated_rows_and_wrong_use) {
    enum { N = 30, D = 3 };
    double x[N * D];
    gn_kmeans *km = NULL;
    gauss(x, N * D, 5);
    for (size_t i = 0; i < N * D; i++) x[i] = i < 4 * D ? x[i] + 1e4 : x[i % (4 * D)];
    OK(gn_kmeans_compute(two, gn_mat_f64(x, N, D), NULL, &km, &err));
    CHECK(km->n_fits == 3); /* 2, 3, 4 */
    CHECK(km->fit[2].inertia < 1e-18 && km->fit[2].size[0] == 8 && km->fit[2].size[3] == 7);
    gn_kmeans_free(km);
    km = NULL;
    gn_kmeans_opts o = {.k_min = 5, .k_max = 6};
    CHECK(gn_kmeans_compute(two, gn_mat_f64(x, N, D), &o, &km, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "5 clusters of 4 distinct rows");
    o = (gn_kmeans_opts){.k_min = 4, .k_max = 3};
    CHECK(gn_kmeans_compute(two, gn_mat_f64(x, N, D), &o, &km, &err) == GN_EINVAL);
    o = (gn_kmeans_opts){.k_min = 31, .k_max = 31};
    CHECK(gn_kmeans_compute(two, gn_mat_f64(x, N, D), &o, &km, &err) == GN_EINVAL);
    x[7] = (double)NAN;
    CHECK(gn_kmeans_compute(two, gn_mat_f64(x, N, D), NULL, &km, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2, column 1");
    x[7] = 1e20;
    CHECK(gn_kmeans_compute(two, gn_mat_f64(x, N, D), NULL, &km, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2");
    CHECK(!km);
    gauss(x, N * D, 6);
    o = (gn_kmeans_opts){.k_min = 1, .k_max = N, .restarts = 1};
    OK(gn_kmeans_compute(two, gn_mat_f64(x, N, D), &o, &km, &err));
    CHECK(km->n_fits == N && km->fit[N - 1].inertia < 1e-25 && km->fit[0].size[0] == N);
    gn_kmeans_free(km);
}

/* ---- silhouettes -------------------------------------------------------------------------- */

static double naive_silhouette(const double *x, const int32_t *row, size_t m, size_t d,
                               const int32_t *label, size_t k, double *value) {
    double mean = 0;
    for (size_t i = 0; i < m; i++) {
        double a = 0, b = HUGE_VAL;
        for (size_t c = 0; c < k; c++) {
            double sum = 0, n = 0;
            for (size_t j = 0; j < m; j++)
                if (j != i && label[row[j]] == (int32_t)c) {
                    sum += sqrt(square(x + (size_t)row[i] * d, x + (size_t)row[j] * d, d));
                    n++;
                }
            if (label[row[i]] == (int32_t)c)
                a = n > 0 ? sum / n : -1;
            else if (n > 0)
                b = fmin(b, sum / n);
        }
        value[i] = a < 0 ? 0 : (b - a) / fmax(a, b);
        mean += value[i] / (double)m;
    }
    return mean;
}

TEST(silhouettes_equal_a_double_loop) {
    enum { N = 700, D = 19, M = 300, P = 3 };
    double *x = malloc(N * D * sizeof *x), *value = malloc(P * N * sizeof *value),
           *again = malloc(P * N * sizeof *again), *want = malloc(N * sizeof *want);
    int32_t *label[P], row[N];
    size_t k[P] = {2, 5, 40};
    gn_silhouette s[P], t[P];
    gauss(x, N * D, 7);
    for (size_t i = 0; i < N * D; i++) x[i] += 100; /* an offset costs nothing */
    for (size_t i = 0; i < 20; i++) /* a small tight cluster far out, and twins in it */
        for (size_t j = 0; j < D; j++)
            x[i * D + j] = j == 0 ? 4000 : i % 3 == 1 ? x[(i - 1) * D + j] : 1e-3 * x[i * D + j];
    for (size_t p = 0; p < P; p++) {
        label[p] = malloc(N * sizeof **label);
        for (size_t i = 0; i < N; i++)
            label[p][i] = i < 20 ? (int32_t)k[p] - 1 : (int32_t)(i * i % (p ? k[p] - 1 : 1));
    }
    label[1][600] = 4; /* far from its cluster */
    label[2][20] = 38; /* few or alone in the sample */
    for (size_t pass = 0; pass < 2; pass++) {
        size_t m = pass ? M : N;
        for (size_t i = 0; i < m; i++) row[i] = (int32_t)(pass ? 2 * i + i % 2 : i);
        OK(gn_silhouette_compute(one, gn_mat_f64(x, N, D), pass ? row : NULL, m,
                                 (const int32_t *const *)label, k, P, value, s, &err));
        OK(gn_silhouette_compute(two, gn_mat_f64(x, N, D), row, m, (const int32_t *const *)label, k,
                                 P, again, t, &err));
        CHECK(memcmp(value, again, P * m * sizeof *value) == 0);
        for (size_t p = 0; p < P; p++) {
            double mean = naive_silhouette(x, row, m, D, label[p], k[p], want), worst = 0, sd = 0;
            for (size_t i = 0; i < m; i++) {
                worst = fmax(worst, fabs(value[p * m + i] - want[i]));
                sd += (want[i] - mean) * (want[i] - mean) / (double)(m - 1);
            }
            CHECK(worst < 1e-5); /* float32 products and sums; 3e-6 here */
            CHECK_NEAR(s[p].mean, mean, 1e-6);
            CHECK_NEAR(s[p].se, sqrt(sd / (double)m), 1e-5);
            CHECK(s[p].n == m && memcmp(&s[p], &t[p], sizeof *s) == 0);
        }
    }
    label[1][3] = 5;
    CHECK(gn_silhouette_compute(one, gn_mat_f64(x, N, D), NULL, 0, (const int32_t *const *)label, k,
                                P, NULL, s, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "partition 1: row 3 has label 5");
    for (size_t i = 0; i < N; i++) label[0][i] = 1;
    OK(gn_silhouette_compute(one, gn_mat_f64(x, N, D), NULL, 0, (const int32_t *const *)label, k, 1,
                             NULL, s, &err));
    CHECK(isnan(s[0].mean)); /* one cluster */
    for (size_t p = 0; p < P; p++) free(label[p]);
    free(x), free(value), free(again), free(want);
}

/* Rows that k-means did not see, with duplicates of centres and rows midway between two. */
TEST(nearest_centres_equal_a_double_loop) {
    enum { M = 700, D = 5, K = 9 };
    double x[M * D], centre[K * D];
    int32_t label[2][M], want[M];
    gauss(x, M * D, 21);
    gauss(centre, K * D, 22);
    for (size_t j = 0; j < D; j++) {
        x[3 * D + j] = centre[2 * D + j];
        x[4 * D + j] = (centre[2 * D + j] + centre[5 * D + j]) / 2;
        centre[8 * D + j] = centre[7 * D + j]; /* ties: the first */
    }
    struct plain p = {.n = M, .d = D, .k = K, .x = x, .centre = centre, .label = want};
    for (size_t i = 0; i < M; i++) want[i] = -1;
    plain_assign(&p);
    gn_mat mat = {.data = x, .rows = M, .cols = D, .stride = D, .dtype = GN_F64};
    OK(gn_kmeans_assign(one, mat, centre, K, label[0], &err));
    OK(gn_kmeans_assign(two, mat, centre, K, label[1], &err));
    CHECK(memcmp(label[0], want, sizeof want) == 0);
    CHECK(memcmp(label[1], want, sizeof want) == 0);
    CHECK(gn_kmeans_assign(one, mat, centre, 257, label[0], &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "257 centres");
    x[600 * D + 1] = (double)NAN;
    label[0][0] = 77;
    CHECK(gn_kmeans_assign(one, mat, centre, K, label[0], &err) == GN_EDATA && label[0][0] == 77);
}

/* A fit's labels are those of its centres. */
TEST(nearest_centres_repeat_a_fit) {
    enum { M = 900, D = 4 };
    double x[M * D];
    int32_t label[M];
    gauss(x, M * D, 23);
    gn_mat mat = {.data = x, .rows = M, .cols = D, .stride = D, .dtype = GN_F64};
    gn_kmeans *km = NULL;
    OK(gn_kmeans_compute(one, mat, &(gn_kmeans_opts){.k_min = 7, .k_max = 7}, &km, &err));
    REQUIRE(km);
    OK(gn_kmeans_assign(one, mat, km->fit[0].centre, 7, label, &err));
    CHECK(memcmp(label, km->fit[0].label, sizeof label) == 0);
    gn_kmeans_free(km);
}

int main(void) {
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 1}, &one, &err) != GN_OK) return 1;
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &two, &err) != GN_OK) return 1;
    RUN(bounded_iterations_are_lloyds);
    RUN(fits_are_fixed_points);
    RUN(an_offset_and_other_types_change_nothing);
    RUN(no_cluster_is_lost);
    RUN(repeated_rows_and_wrong_use);
    RUN(nearest_centres_equal_a_double_loop);
    RUN(nearest_centres_repeat_a_fit);
    RUN(silhouettes_equal_a_double_loop);
    gn_ctx_free(one);
    gn_ctx_free(two);
    return tap_done();
}
