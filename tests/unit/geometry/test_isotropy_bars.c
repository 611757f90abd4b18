/* What error bars and whitened cosines of many rows take shortcuts for, beside the long way: the
 * participation ratio's bar from leading axes, the rotated map of whitening, sums over both sides.
 */
#include "tap.h"

#include "base/random.h"
#include "geometry/groups.h"
#include "geometry/view.h"
#include "gonio/isotropy.h"

enum { N = 6400, D = 48, G = 160 };

static gn_error err;
static double x[N * D];
static int32_t type[N], sequence[N];

/* Rows of sequences that differ, with a spectrum of this steepness; 0: all axes alike. */
static void make_rows(double power) {
    gn_random r = gn_random_new(3, 0);
    double shift[D];
    for (size_t i = 0; i < N; i++) {
        sequence[i] = (int32_t)(i / (N / G));
        type[i] = (int32_t)gn_random_below(&r, 300);
        for (size_t j = 0; i % (N / G) == 0 && j < D; j++) shift[j] = 0.5 * gn_random_normal(&r);
        double size = 1 + 0.5 * gn_random_uniform(&r);
        for (size_t j = 0; j < D; j++)
            x[i * D + j] =
                3 + pow(1.0 + (double)j, -power) * (shift[j] + size * gn_random_normal(&r));
    }
}

/* The infinitesimal jackknife in float64 double loops, without shortcuts. */
static double naive_bar(const double *mean, const double *c) {
    double tr = 0, F = 0, sum[G] = {0}, squares = 0;
    for (size_t j = 0; j < D * D; j++) F += c[j] * c[j];
    for (size_t j = 0; j < D; j++) tr += c[j * D + j];
    for (size_t i = 0; i < N; i++) {
        double form = 0, square = 0;
        for (size_t a = 0; a < D; a++) {
            double y = x[i * D + a] - mean[a], row = 0;
            for (size_t b = 0; b < D; b++) row += c[a * D + b] * (x[i * D + b] - mean[b]);
            form += y * row;
            square += y * y;
        }
        sum[sequence[i]] += 2 * tr / F * (square - tr) / N - tr / F * tr / F * 2 * (form - F) / N;
    }
    for (size_t g = 0; g < G; g++) squares += sum[g] * sum[g];
    return sqrt(squares * G / (G - 1));
}

TEST(the_bar_of_the_participation_ratio) {
    const double power[] = {0, 0.5, 1, 3};
    for (int k = 0; k < 4; k++) {
        static double mean[D], c[D * D];
        gn_isotropy s;
        make_rows(power[k]);
        gn_isotropy_opts o = {.sequence = sequence, .skip = GN_SKIP_COSINES};
        gn_isotropy_arrays arrays = {.mean = mean, .covariance = c};
        OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &s, &arrays, &err));
        /* a thousandth is what leaving out axes may cost */
        CHECK_NEAR(s.participation_ratio_se / naive_bar(mean, c), 1, 2e-3);
    }
}

TEST(whitened_cosines_may_be_taken_of_rotated_rows) {
    enum { FEW = 500 }; /* too few for the shortcut */
    make_rows(1);
    for (size_t i = 0; i < N; i++) x[i * D + 7] = 2 * x[i * D + 6] - 1; /* no rank for one axis */
    gn_repair *r;
    OK(gn_repair_new(NULL, gn_mat_f64(x, N, D), GN_REPAIR_WHITEN, NULL, &r, &err));
    REQUIRE(r->turned != NULL && r->rank == D - 1);
    float *rows = malloc(N * D * sizeof *rows);
    OK(gn_repair_apply(NULL, r, gn_mat_f64(x, N, D), 0, N, rows, &err));
    gn_isotropy_opts o = {.type = type, .sequence = sequence, .skip = GN_SKIP_SPECTRUM}, w = o;
    w.repair = r;
    w.skip |= GN_SKIP_CENTRED;
    gn_isotropy plain, turned, both;
    OK(gn_isotropy_compute(NULL, gn_mat_f32(rows, N, D), &o, &plain, NULL, &err));
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &w, &turned, NULL, &err));
    w.skip = GN_SKIP_SPECTRUM; /* with a mean to subtract, which is in the frame of the rows */
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &w, &both, NULL, &err));
    const gn_isotropy *other[] = {&turned, &both};
    for (int k = 0; k < 2; k++) { /* the rows that were written are float32 */
        CHECK_NEAR(other[k]->raw.inter, plain.raw.inter, 1e-7);
        CHECK_NEAR(other[k]->raw.intra, plain.raw.intra, 1e-7);
        CHECK_NEAR(other[k]->raw.intra_se / plain.raw.intra_se, 1, 1e-5);
        CHECK_NEAR(other[k]->norm_max, plain.norm_max, 1e-6);
        CHECK(other[k]->mean_norm < 1e-9);
    }
    CHECK_NEAR(turned.raw.inter, both.raw.inter, 1e-12);
    CHECK_NEAR(turned.raw.intra_se, both.raw.intra_se, 1e-12);
    CHECK_NEAR(both.centred.intra, plain.centred.intra, 1e-7);
    gn_context_cosines a, b;
    double share[D];
    OK(gn_context_compute(NULL, gn_mat_f64(x, N, D), &w, 0, &a, NULL, &err));
    OK(gn_context_compute(NULL, gn_mat_f64(x, N, D), &w, 0, &b, share, &err));
    CHECK_NEAR(a.baseline, b.baseline, 1e-12);
    CHECK_NEAR(a.sentence, b.sentence, 1e-12);
    double of_rows[D]; /* shares belong to the coordinates that are written, not to rotated ones */
    o.type = NULL;
    OK(gn_context_compute(NULL, gn_mat_f32(rows, N, D), &o, 0, &b, of_rows, &err));
    for (size_t j = 0; j < D; j++) CHECK_NEAR(share[j], of_rows[j], 1e-5);
    gn_repair_free(r);
    OK(gn_repair_new(NULL, gn_mat_f64(x, FEW, D), GN_REPAIR_WHITEN, NULL, &r, &err));
    CHECK(r->turned == NULL);
    gn_repair_free(r);
    free(rows);
}

/* Keys as dense as codes are counted, others sorted: the same groups in the same order. */
TEST(groups_of_dense_and_of_sparse_keys_agree) {
    int32_t dense[N], sparse[N], order[N];
    gn_random r = gn_random_new(8, 0);
    for (size_t i = 0; i < N; i++) {
        dense[i] = (int32_t)gn_random_below(&r, 900) - 20;
        sparse[i] = dense[i] < 0 ? dense[i] - 100000000 : dense[i] * 1000000;
        order[i] = (int32_t)(N - 1 - i);
    }
    for (int ordered = 0; ordered < 2; ordered++) {
        gn_groups a = {0}, b = {0};
        OK(gn_groups_new(dense, N, ordered ? order : NULL, &a, &err));
        OK(gn_groups_new(sparse, N, ordered ? order : NULL, &b, &err));
        CHECK(a.n == b.n && memcmp(a.row, b.row, N * sizeof *a.row) == 0);
        CHECK(memcmp(a.start, b.start, (a.n + 1) * sizeof *a.start) == 0);
        bool good = true;
        for (size_t p = 1; p < N; p++) {
            int32_t i = a.row[p - 1], j = a.row[p];
            good = good &&
                   (dense[i] < dense[j] || (dense[i] == dense[j] && (ordered ? i > j : i < j)));
        }
        CHECK(good);
        gn_groups_free(&a);
        gn_groups_free(&b);
    }
}

int main(void) {
    RUN(the_bar_of_the_participation_ratio);
    RUN(whitened_cosines_may_be_taken_of_rotated_rows);
    RUN(groups_of_dense_and_of_sparse_keys_agree);
    return tap_done();
}
