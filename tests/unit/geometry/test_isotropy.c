/* The isotropy summary against naive double loops, closed forms, invariances and edge cases. Its
 * error bars are tested in test_isotropy_errors.c. */
#include "tap.h"

#include "base/random.h"
#include "gonio/isotropy.h"

enum { N = 240, D = 20, V = 40 };

/* A cloud with a mean, types, and a zero vector; its values are multiples of 1/8 below 16, so that
 * every floating type holds them exactly. */
static void make_cloud(double *x, int32_t *type, int32_t *sequence) {
    gn_random r = gn_random_new(1, 0);
    double centre[V][D];
    for (size_t t = 0; t < V; t++)
        for (size_t j = 0; j < D; j++) centre[t][j] = 1 + gn_random_normal(&r);
    for (size_t i = 0; i < N; i++) {
        uint64_t t = gn_random_below(&r, V), u = gn_random_below(&r, V);
        type[i] = (int32_t)(3 * (t < u ? t : u)); /* rare and frequent types, gaps in the numbers */
        sequence[i] = (int32_t)(i / 7);
        for (size_t j = 0; j < D; j++)
            x[i * D + j] = round(8 * (centre[type[i] / 3][j] + gn_random_normal(&r))) / 8;
    }
    for (size_t j = 0; j < D; j++) x[17 * D + j] = 0;
}

static double cosine(const double *a, const double *b, size_t d) {
    double ab = 0, aa = 0, bb = 0;
    for (size_t j = 0; j < d; j++) {
        ab += a[j] * b[j];
        aa += a[j] * a[j];
        bb += b[j] * b[j];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa) / sqrt(bb) : 0;
}

/* Mean over pairs of types (over types) of the mean cosine over their pairs of instances. */
static void naive_cosines(const double *x, size_t n, size_t d, const int32_t *type, double *inter,
                          double *intra) {
    enum { MOST = 256 };
    static double sum[MOST][MOST];
    static size_t count[MOST];
    memset(sum, 0, sizeof sum);
    memset(count, 0, sizeof count);
    for (size_t i = 0; i < n; i++) count[type[i]]++;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            if (i != j) sum[type[i]][type[j]] += cosine(x + i * d, x + j * d, d);
    double types = 0, repeated = 0;
    *inter = *intra = 0;
    for (size_t s = 0; s < MOST; s++) {
        if (!count[s]) continue;
        types++;
        double m = (double)count[s];
        if (count[s] > 1) {
            repeated++;
            *intra += sum[s][s] / (m * (m - 1));
        }
        for (size_t t = 0; t < MOST; t++)
            if (t != s && count[t]) *inter += sum[s][t] / (m * (double)count[t]);
    }
    *inter /= types * (types - 1);
    *intra /= repeated;
}

static void centre(double *x, size_t n, size_t d) {
    for (size_t j = 0; j < d; j++) {
        double mean = 0;
        for (size_t i = 0; i < n; i++) mean += x[i * d + j] / (double)n;
        for (size_t i = 0; i < n; i++) x[i * d + j] -= mean;
    }
}

TEST(cosines_equal_a_naive_double_loop) {
    gn_error err;
    double x[N * D], inter, intra;
    int32_t type[N], sequence[N];
    make_cloud(x, type, sequence);
    gn_isotropy iso;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D),
                           &(gn_isotropy_opts){.type = type, .sequence = sequence}, &iso, NULL,
                           &err));
    naive_cosines(x, N, D, type, &inter, &intra);
    CHECK_NEAR(iso.raw.inter, inter, 1e-12);
    CHECK_NEAR(iso.raw.intra, intra, 1e-12);
    CHECK(iso.raw.n_types == iso.centred.n_types && iso.raw.n_intra_types < iso.raw.n_types);
    centre(x, N, D);
    naive_cosines(x, N, D, type, &inter, &intra);
    CHECK_NEAR(iso.centred.inter, inter, 1e-12);
    CHECK_NEAR(iso.centred.intra, intra, 1e-12);
}

/* Norms and the two forms of the participation ratio by plain loops. */
TEST(norms_and_covariance_equal_naive_loops) {
    gn_error err;
    double x[N * D], norm[N], mean[D] = {0}, tr = 0, F = 0, spectrum[D], sum = 0, squares = 0;
    int32_t type[N], sequence[N];
    make_cloud(x, type, sequence);
    gn_isotropy iso;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), NULL, &iso,
                           &(gn_isotropy_arrays){.spectrum = spectrum}, &err));
    double s = 0, ss = 0, lo = HUGE_VAL, hi = 0;
    for (size_t i = 0; i < N; i++) {
        norm[i] = 0;
        for (size_t j = 0; j < D; j++) norm[i] += x[i * D + j] * x[i * D + j];
        norm[i] = sqrt(norm[i]);
        s += norm[i] / N;
        lo = fmin(lo, norm[i]);
        hi = fmax(hi, norm[i]);
        for (size_t j = 0; j < D; j++) mean[j] += x[i * D + j] / N;
    }
    size_t below = 0, above = 0;
    for (size_t i = 0; i < N; i++) {
        ss += (norm[i] - s) * (norm[i] - s) / N;
        below += norm[i] < iso.norm_median;
        above += norm[i] > iso.norm_median;
    }
    CHECK(iso.n == N && iso.d == D);
    CHECK_NEAR(iso.norm_mean, s, 1e-13);
    CHECK_NEAR(iso.norm_sd, sqrt(ss), 1e-13);
    CHECK_NEAR(iso.norm_mean_se, sqrt(ss / (N - 1)), 1e-13); /* every row its own sequence */
    CHECK(iso.norm_min == lo && lo == 0);
    CHECK_NEAR(iso.norm_max, hi, 1e-14);
    CHECK(below == N / 2 && above == N / 2);
    double m = 0;
    for (size_t j = 0; j < D; j++) m += mean[j] * mean[j];
    CHECK_NEAR(iso.mean_norm, sqrt(m), 1e-13);
    centre(x, N, D);
    for (size_t a = 0; a < D; a++)
        for (size_t b = 0; b < D; b++) {
            double c = 0;
            for (size_t i = 0; i < N; i++) c += x[i * D + a] * x[i * D + b] / N;
            F += c * c;
            if (a == b) tr += c;
        }
    for (size_t j = 0; j < D; j++) {
        sum += spectrum[j];
        squares += spectrum[j] * spectrum[j];
        if (j) CHECK(spectrum[j] <= spectrum[j - 1]);
    }
    CHECK_NEAR(iso.participation_ratio, tr * tr / F, 1e-12);
    CHECK_NEAR(iso.participation_ratio, sum * sum / squares, 1e-12);
    CHECK_NEAR(iso.isoscore, (tr * tr / F - 1) / (D - 1), 1e-12);
    CHECK_NEAR(sum, tr, 1e-12);
    CHECK_NEAR(iso.top1_share, spectrum[0] / tr, 1e-12);
}

/* ---- closed forms ---------------------------------------------------------------------------- */

TEST(cosines_of_exact_configurations) {
    gn_error err;
    enum { M = 12 };
    double x[2 * M * M] = {0};
    gn_isotropy iso;
    for (size_t i = 0; i < M * M; i++) x[i] = (double)(i % M) - 3.3; /* identical rows */
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, M, M), NULL, &iso, NULL, &err));
    CHECK_NEAR(iso.raw.inter, 1, 1e-14);
    CHECK(iso.raw.inter_se < 1e-14);
    memset(x, 0, sizeof x);
    for (size_t i = 0; i < M; i++) x[i * M + i] = 0.1 * (double)(i + 1); /* orthogonal axes */
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, M, M), NULL, &iso, NULL, &err));
    CHECK(fabs(iso.raw.inter) < 1e-16);
    for (size_t i = 0; i < M; i++) x[(M + i) * M + i] = -x[i * M + i]; /* and their opposites */
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 2 * M, M), NULL, &iso, NULL, &err));
    CHECK_NEAR(iso.raw.inter, -1.0 / (2 * M - 1), 1e-14);
    CHECK_NEAR(iso.centred.inter, -1.0 / (2 * M - 1), 1e-14);
}

/* x = m + t_type + e: the closed forms of the expectation. Fixed seed; tolerances are 3 sd. */
TEST(cosines_of_the_type_model) {
    gn_error err;
    enum { TYPES = 800, EACH = 10, W = 256 };
    double *x = malloc(TYPES * EACH * W * sizeof *x);
    int32_t *type = malloc(TYPES * EACH * sizeof *type);
    gn_random r = gn_random_new(2, 0);
    for (size_t t = 0; t < TYPES; t++) {
        double at[W];
        for (size_t j = 0; j < W; j++) at[j] = 1 + 0.5 * gn_random_normal(&r);
        for (size_t e = 0; e < EACH; e++) {
            size_t i = e * TYPES + t;
            type[i] = (int32_t)t;
            for (size_t j = 0; j < W; j++) x[i * W + j] = at[j] + 0.5 * gn_random_normal(&r);
        }
    }
    gn_isotropy iso;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, TYPES * EACH, W), &(gn_isotropy_opts){.type = type},
                           &iso, NULL, &err));
    CHECK(fabs(iso.raw.inter - 256 / 384.) < 0.005);
    CHECK(fabs(iso.raw.intra - 320 / 384.) < 0.005);
    CHECK(fabs(iso.centred.inter) < 0.005);
    CHECK(fabs(iso.centred.intra - 0.5) < 0.01);
    CHECK(iso.raw.n_types == TYPES && iso.raw.n_intra_types == TYPES);
    /* One instance a type, centred on their own mean: the artefact -1 / (V - 1). */
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, TYPES, W), &(gn_isotropy_opts){.type = type}, &iso,
                           NULL, &err));
    CHECK(fabs(iso.centred.inter + 1.0 / (TYPES - 1)) < 1e-4);
    CHECK(isnan(iso.centred.intra) && isnan(iso.centred.intra_se));
    free(x);
    free(type);
}

/* Points +-a_i e_i have an exactly diagonal covariance. */
static void axes(double *x, size_t d, const double *a, size_t m) {
    memset(x, 0, 2 * m * d * sizeof *x);
    for (size_t i = 0; i < m; i++) {
        x[2 * i * d + i] = a[i];
        x[(2 * i + 1) * d + i] = -a[i];
    }
}

TEST(spectrum_of_exact_data) {
    gn_error err;
    double x[32 * 16], spectrum[16], covariance[25];
    const double l[] = {5, 3, 1, 1, 0.5}, ones[] = {1, 1, 1, 1, 1, 1, 1};
    double a[5], entropy = 0, sum = 0;
    for (int i = 0; i < 5; i++) a[i] = sqrt(l[i]), sum += a[i];
    for (int i = 0; i < 5; i++) entropy -= a[i] / sum * log(a[i] / sum);
    gn_isotropy iso;
    axes(x, 5, a, 5);
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 10, 5), NULL, &iso,
                           &(gn_isotropy_arrays){.spectrum = spectrum, .covariance = covariance},
                           &err));
    CHECK_NEAR(iso.isoscore, .5103448275862067, 1e-12);
    CHECK_NEAR(iso.effective_rank, exp(entropy), 1e-12);
    CHECK_NEAR(iso.top1_share, 5 / 10.5, 1e-12);
    for (int i = 0; i < 5; i++) CHECK_NEAR(spectrum[i], l[i] / 5, 1e-14);
    for (int i = 0; i < 25; i++)
        if (i % 6) CHECK(covariance[i] == 0);
    axes(x, 16, ones, 7);
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 14, 16), NULL, &iso,
                           &(gn_isotropy_arrays){.spectrum = spectrum}, &err));
    CHECK_NEAR(iso.participation_ratio, 7, 1e-12);
    CHECK_NEAR(iso.effective_rank, 7, 1e-12);
    CHECK_NEAR(iso.isoscore, 6 / 15.0, 1e-12);
    CHECK_NEAR(iso.top1_share, 1 / 7.0, 1e-12);
    /* Rotated, seven equal axes are still seven: what rounding adds to the other nine is cut. */
    double w[16], s = 0;
    for (int j = 0; j < 16; j++) w[j] = cos(1 + 3 * j), s += w[j] * w[j];
    for (int i = 0; i < 14; i++) {
        double p = 0;
        for (int j = 0; j < 16; j++) p += w[j] * x[i * 16 + j];
        for (int j = 0; j < 16; j++) x[i * 16 + j] -= 2 * p / s * w[j];
    }
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 14, 16), NULL, &iso,
                           &(gn_isotropy_arrays){.spectrum = spectrum}, &err));
    CHECK_NEAR(iso.participation_ratio, 7, 1e-12);
    CHECK_NEAR(iso.effective_rank, 7, 1e-12);
    for (int j = 0; j < 16; j++) CHECK(spectrum[j] >= 0);
}

/* ---- invariances ----------------------------------------------------------------------------- */

/* Compares what must survive; `tol` relative. */
static void check_same(const gn_isotropy *a, const gn_isotropy *b, bool raw, double tol) {
    CHECK_NEAR(a->centred.inter, b->centred.inter, tol);
    CHECK_NEAR(a->centred.intra, b->centred.intra, tol);
    CHECK_NEAR(a->centred.inter_se, b->centred.inter_se, tol);
    CHECK_NEAR(a->centred.intra_se, b->centred.intra_se, tol);
    CHECK_NEAR(a->participation_ratio, b->participation_ratio, tol);
    CHECK_NEAR(a->isoscore, b->isoscore, tol);
    CHECK_NEAR(a->effective_rank, b->effective_rank, tol);
    CHECK_NEAR(a->top1_share, b->top1_share, tol);
    /* The product behind this error bar is float32. */
    CHECK_NEAR(a->participation_ratio_se / b->participation_ratio_se, 1, 1e-4);
    if (!raw) return;
    CHECK_NEAR(a->raw.inter, b->raw.inter, tol);
    CHECK_NEAR(a->raw.intra, b->raw.intra, tol);
    CHECK_NEAR(a->raw.inter_se, b->raw.inter_se, tol);
    CHECK_NEAR(a->raw.intra_se, b->raw.intra_se, tol);
}

TEST(rotation_shift_scale_and_order_change_nothing) {
    gn_error err;
    double x[N * D], y[N * D], w[D], s = 0;
    int32_t type[N], sequence[N], type2[N], sequence2[N];
    make_cloud(x, type, sequence);
    gn_isotropy_opts opts = {.type = type, .sequence = sequence};
    gn_isotropy iso, other;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &opts, &iso, NULL, &err));
    for (size_t j = 0; j < D; j++) w[j] = sin(1 + 2 * (double)j), s += w[j] * w[j];
    for (size_t i = 0; i < N; i++) { /* a reflection: orthogonal */
        double p = 0;
        for (size_t j = 0; j < D; j++) p += w[j] * x[i * D + j];
        for (size_t j = 0; j < D; j++) y[i * D + j] = x[i * D + j] - 2 * p / s * w[j];
    }
    OK(gn_isotropy_compute(NULL, gn_mat_f64(y, N, D), &opts, &other, NULL, &err));
    check_same(&iso, &other, true, 1e-11);
    CHECK_NEAR(iso.norm_mean, other.norm_mean, 1e-12);
    CHECK_NEAR(iso.mean_norm, other.mean_norm, 1e-12);
    for (size_t i = 0; i < N * D; i++) y[i] = 7.3 * x[i];
    OK(gn_isotropy_compute(NULL, gn_mat_f64(y, N, D), &opts, &other, NULL, &err));
    check_same(&iso, &other, true, 1e-11);
    CHECK_NEAR(7.3 * iso.norm_sd, other.norm_sd, 1e-12);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < D; j++) y[i * D + j] = x[i * D + j] + 10 * w[j];
    OK(gn_isotropy_compute(NULL, gn_mat_f64(y, N, D), &opts, &other, NULL, &err));
    check_same(&iso, &other, false, 1e-10);
    CHECK(other.raw.inter > 0.9);
    for (size_t i = 0; i < N; i++) { /* another order of rows, other names of types and sequences */
        size_t from = i * 77 % N;
        memcpy(y + i * D, x + from * D, D * sizeof *y);
        type2[i] = 500 - 2 * type[from];
        sequence2[i] = 200 - 5 * sequence[from];
    }
    OK(gn_isotropy_compute(NULL, gn_mat_f64(y, N, D),
                           &(gn_isotropy_opts){.type = type2, .sequence = sequence2}, &other, NULL,
                           &err));
    check_same(&iso, &other, true, 1e-11);
    CHECK_NEAR(iso.norm_mean_se, other.norm_mean_se, 1e-12);
}

static uint16_t bf16_of(double v) {
    float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, 4);
    return (uint16_t)(bits >> 16);
}
static uint16_t f16_of(double v) { /* exact for our multiples of 1/8 */
    if (v == 0) return 0;
    int e;
    double m = frexp(fabs(v), &e);
    return (uint16_t)((v < 0 ? 0x8000 : 0) | (e + 14) << 10 | (int)((2 * m - 1) * 1024));
}

TEST(all_float_types_and_strides_agree) {
    gn_error err;
    enum { WIDE = D + 3 };
    double x[N * D];
    static float f32[N * WIDE];
    static uint16_t f16[N * WIDE], bf16[N * WIDE];
    int32_t type[N], sequence[N];
    make_cloud(x, type, sequence);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < WIDE; j++) {
            double v = j < D ? x[i * D + j] : 999;
            f32[i * WIDE + j] = (float)v;
            f16[i * WIDE + j] = f16_of(v);
            bf16[i * WIDE + j] = bf16_of(v);
        }
    const gn_mat mats[] = {
        {f32, N, D, WIDE, GN_F32}, {f16, N, D, WIDE, GN_F16}, {bf16, N, D, WIDE, GN_BF16}};
    gn_isotropy_opts opts = {.type = type, .sequence = sequence};
    gn_isotropy iso, other;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &opts, &iso, NULL, &err));
    for (int m = 0; m < 3; m++) {
        memset(&other, 0, sizeof other);
        OK(gn_isotropy_compute(NULL, mats[m], &opts, &other, NULL, &err));
        CHECK(memcmp(&iso, &other, sizeof iso) == 0);
    }
}

TEST(threads_change_no_bit) {
    gn_error err;
    enum { M = 5000, W = 33 };
    double *x = malloc(M * W * sizeof *x);
    int32_t type[M], sequence[M];
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < M * W; i++) x[i] = 0.3 + gn_random_normal(&r);
    for (size_t i = 0; i < M; i++) {
        type[i] = (int32_t)(gn_random_below(&r, 900) * gn_random_below(&r, 900) / 900);
        sequence[i] = (int32_t)gn_random_below(&r, 700);
    }
    gn_isotropy iso[4];
    double spectrum[4][W];
    memset(iso, 0, sizeof iso);
    for (unsigned t = 0; t < 4; t++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t + 1, .seed = t}, &ctx, &err));
        OK(gn_isotropy_compute(ctx, gn_mat_f64(x, M, W),
                               &(gn_isotropy_opts){.type = type, .sequence = sequence}, &iso[t],
                               &(gn_isotropy_arrays){.spectrum = spectrum[t]}, &err));
        gn_ctx_free(ctx);
        CHECK(memcmp(&iso[t], &iso[0], sizeof *iso) == 0);
        CHECK(memcmp(spectrum[t], spectrum[0], sizeof *spectrum) == 0);
    }
    free(x);
}

/* ---- edges ----------------------------------------------------------------------------------- */

TEST(one_type_only_has_no_inter_cosine) {
    gn_error err;
    double x[N * D], inter, intra;
    int32_t type[N], sequence[N];
    make_cloud(x, type, sequence);
    memset(type, 0, sizeof type);
    gn_isotropy iso;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D),
                           &(gn_isotropy_opts){.type = type, .sequence = sequence}, &iso, NULL,
                           &err));
    naive_cosines(x, N, D, type, &inter, &intra);
    CHECK(isnan(iso.raw.inter) && isnan(iso.raw.inter_se) && isnan(iso.centred.inter));
    CHECK(iso.raw.n_types == 1 && iso.raw.n_intra_types == 1);
    CHECK_NEAR(iso.raw.intra, intra, 1e-12);
    CHECK(iso.raw.intra_se > 0);
}

TEST(types_seen_once_have_no_intra_cosine) {
    gn_error err;
    double x[N * D], inter, intra;
    int32_t type[N], sequence[N];
    make_cloud(x, type, sequence);
    for (size_t i = 0; i < N; i++) type[i] = (int32_t)i;
    gn_isotropy iso, none;
    memset(&iso, 0, sizeof iso);
    memset(&none, 0, sizeof none);
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D),
                           &(gn_isotropy_opts){.type = type, .sequence = sequence}, &iso, NULL,
                           &err));
    naive_cosines(x, N, D, type, &inter, &intra);
    CHECK(isnan(iso.raw.intra) && isnan(iso.raw.intra_se) && iso.raw.n_intra_types == 0);
    CHECK(iso.raw.n_types == N);
    CHECK_NEAR(iso.raw.inter, inter, 1e-12);
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D),
                           &(gn_isotropy_opts){.type = NULL, .sequence = sequence}, &none, NULL,
                           &err));
    CHECK(none.raw.inter == iso.raw.inter && none.raw.inter_se == iso.raw.inter_se);
    CHECK(none.centred.inter == iso.centred.inter && none.centred.inter_se == iso.centred.inter_se);
    for (size_t i = 0; i < N; i++) type[i] = -1; /* pooled rows have no token */
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D),
                           &(gn_isotropy_opts){.type = type, .sequence = sequence}, &iso, NULL,
                           &err));
    CHECK(memcmp(&none, &iso, sizeof iso) == 0);
}

TEST(a_constant_cloud_has_no_spread) {
    gn_error err;
    double x[30 * 4], spectrum[4];
    for (size_t i = 0; i < 120; i++) x[i] = 0.1 * (double)(i % 4 + 1);
    gn_isotropy iso;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 30, 4), NULL, &iso,
                           &(gn_isotropy_arrays){.spectrum = spectrum}, &err));
    CHECK_NEAR(iso.raw.inter, 1, 1e-14);
    CHECK(iso.centred.inter == 0); /* what is left of 0.1 - mean is rounding, not a direction */
    CHECK_NEAR(iso.norm_mean, sqrt(0.3), 1e-14);
    CHECK(isnan(iso.participation_ratio) && isnan(iso.effective_rank) && isnan(iso.top1_share));
    memset(x, 0, sizeof x);
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 30, 4), NULL, &iso,
                           &(gn_isotropy_arrays){.spectrum = spectrum}, &err));
    CHECK(iso.raw.inter == 0 && iso.norm_max == 0 && iso.mean_norm == 0);
    CHECK(isnan(iso.participation_ratio) && isnan(iso.participation_ratio_se));
    CHECK(isnan(iso.isoscore) && isnan(iso.effective_rank) && isnan(iso.top1_share));
    CHECK(spectrum[0] == 0 && spectrum[3] == 0);
}

TEST(the_smallest_inputs) {
    gn_error err;
    const double x[] = {1, 3};
    gn_isotropy iso;
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 2, 1), NULL, &iso, NULL, &err));
    CHECK(iso.raw.inter == 1 && iso.centred.inter == -1 && isnan(iso.raw.inter_se));
    CHECK(iso.participation_ratio == 1 && isnan(iso.isoscore) && iso.effective_rank == 1);
    CHECK(iso.norm_median == 2 && iso.norm_mean == 2 && iso.mean_norm == 2);
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, 2, 1),
                           &(gn_isotropy_opts){.sequence = (int32_t[]){5, 5}}, &iso, NULL, &err));
    CHECK(isnan(iso.norm_mean_se) && isnan(iso.participation_ratio_se)); /* one sequence */
}

static bool always(void *user) {
    (void)user;
    return true;
}

TEST(bad_input_is_named_and_touches_nothing) {
    gn_error err;
    double x[N * D], spectrum[D], untouched[D];
    int32_t type[N], sequence[N];
    make_cloud(x, type, sequence);
    gn_isotropy iso, before;
    memset(&iso, 0x5a, sizeof iso);
    memset(spectrum, 0x5a, sizeof spectrum);
    memcpy(untouched, spectrum, sizeof spectrum);
    before = iso;
    gn_mat m = gn_mat_f64(x, N, D);
    gn_isotropy_opts opts = {.type = type, .sequence = sequence};
    gn_isotropy_arrays arrays = {.spectrum = spectrum};
    x[31 * D + 7] = (double)NAN;
    CHECK(gn_isotropy_compute(NULL, m, &opts, &iso, &arrays, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 31, column 7");
    x[31 * D + 7] = -HUGE_VAL;
    CHECK(gn_isotropy_compute(NULL, m, &opts, &iso, &arrays, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 31, column 7 is -inf");
    x[31 * D + 7] = 1e200;
    CHECK(gn_isotropy_compute(NULL, m, &opts, &iso, &arrays, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 31 is too long");
    x[31 * D + 7] = 0;
    CHECK(gn_isotropy_compute(NULL, gn_mat_f64(x, 1, D), &opts, &iso, &arrays, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "(1, 20)");
    m.dtype = GN_I64;
    CHECK(gn_isotropy_compute(NULL, m, &opts, &iso, &arrays, &err) == GN_EINVAL);
    m.dtype = GN_F64;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2, .hooks.cancel = always}, &ctx, &err));
    CHECK(gn_isotropy_compute(ctx, m, &opts, &iso, &arrays, &err) == GN_ECANCEL);
    gn_ctx_free(ctx);
    CHECK(memcmp(&iso, &before, sizeof iso) == 0);
    CHECK(memcmp(spectrum, untouched, sizeof spectrum) == 0);
}

int main(void) {
    RUN(cosines_equal_a_naive_double_loop);
    RUN(norms_and_covariance_equal_naive_loops);
    RUN(cosines_of_exact_configurations);
    RUN(cosines_of_the_type_model);
    RUN(spectrum_of_exact_data);
    RUN(rotation_shift_scale_and_order_change_nothing);
    RUN(all_float_types_and_strides_agree);
    RUN(threads_change_no_bit);
    RUN(one_type_only_has_no_inter_cosine);
    RUN(types_seen_once_have_no_intra_cosine);
    RUN(a_constant_cloud_has_no_spread);
    RUN(the_smallest_inputs);
    RUN(bad_input_is_named_and_touches_nothing);
    return tap_done();
}
