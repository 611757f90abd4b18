/* One question at a time: the bounds hold for every row, and the answer is the naive one, in every
 * space, with and without the int8 copy, on sets that are hard for a filter. */
#include "fail_alloc.h"
#include "sets.h"

#include "base/cpu.h"
#include "gonio/scan.h"
#include "neighbors/scan.h"

enum { N_SPACES = 3 }; /* raw, centred, two directions off */

struct space {
    double *mean, *direction;
    size_t n_directions;
};

static struct space space_make(gn_mat x, int kind) {
    size_t n = x.rows, d = x.cols;
    struct space s = {0};
    double *buf = malloc(d * sizeof *buf);
    if (kind > 0) {
        s.mean = calloc(d, sizeof *s.mean);
        for (size_t i = 0; i < n; i++) {
            const double *row = gn_mat_row_f64(x, i, buf);
            for (size_t c = 0; c < d; c++) s.mean[c] += row[c] / (double)n;
        }
    }
    if (kind > 1 && d > 2) {
        gn_random r = gn_random_new(3, d);
        s.n_directions = 2;
        s.direction = malloc(2 * d * sizeof *s.direction);
        for (int v = 0; v < 2; v++)
            for (int again = 0; again < 3; again++) { /* Gram-Schmidt, until rounding is all */
                double *u = s.direction + (size_t)v * d, sum = 0, dot = 0;
                for (size_t c = 0; c < d && again == 0; c++)
                    u[c] = c == d / 2 ? 5.0 * (v + 1) : gn_random_normal(&r);
                for (size_t c = 0; c < d && v; c++) dot += u[c] * s.direction[c];
                for (size_t c = 0; c < d && v; c++) u[c] -= dot * s.direction[c];
                for (size_t c = 0; c < d; c++) sum += u[c] * u[c];
                for (size_t c = 0; c < d; c++) u[c] /= sqrt(sum);
            }
    }
    free(buf);
    return s;
}

static void space_free(struct space *s) {
    free(s->mean);
    free(s->direction);
}

/* P(x) in extended precision. */
static void place_slowly(gn_mat x, size_t i, const struct space *s, long double *out) {
    double *buf = malloc(x.cols * sizeof *buf);
    const double *row = gn_mat_row_f64(x, i, buf);
    for (size_t c = 0; c < x.cols; c++)
        out[c] = (long double)row[c] - (s->mean ? (long double)s->mean[c] : 0);
    for (size_t v = 0; v < s->n_directions; v++) {
        const double *u = s->direction + v * x.cols;
        long double dot = 0;
        for (size_t c = 0; c < x.cols; c++) dot += out[c] * (long double)u[c];
        for (size_t c = 0; c < x.cols; c++) out[c] -= dot * (long double)u[c];
    }
    free(buf);
}

struct scanned {
    gn_mat x;
    struct space space;
    gn_codes *codes;
    gn_scan *scan;
};

static gn_status scanned_make(gn_ctx *ctx, gn_mat x, int space, gn_metric metric, bool codes,
                              struct scanned *out, gn_error *err) {
    *out = (struct scanned){.x = x, .space = space_make(x, space)};
    gn_status st = codes ? gn_codes_new(ctx, x, &out->codes, err) : GN_OK;
    gn_scan_opts o = {metric, out->space.mean, out->space.direction, out->space.n_directions,
                      out->codes};
    return st == GN_OK ? gn_scan_new(ctx, x, &o, &out->scan, err) : st;
}

static void scanned_free(struct scanned *s) {
    gn_scan_free(s->scan);
    gn_codes_free(s->codes);
    space_free(&s->space);
}

/* Rows whose bounds, for the question of row i, do not enclose what is measured and what is true.
 */
static size_t outside(const struct scanned *s, size_t i, double *largest_gap) {
    gn_error err;
    size_t n = s->x.rows, d = s->x.cols, bad = 0;
    double *point = malloc(d * sizeof *point), *buf = malloc(d * sizeof *buf);
    long double *y = malloc(d * sizeof *y);
    gn_interval *bound = malloc(n * sizeof *bound);
    gn_question q = {0};
    gn_scan_place_row(s->scan, i, point);
    if (gn_question_new(s->scan, point, &q, &err) == GN_OK) {
        for (size_t b = 0; b < n; b += GN_SCAN_BLOCK)
            gn_scan_bounds(s->scan, &q, b, n - b < GN_SCAN_BLOCK ? n - b : GN_SCAN_BLOCK,
                           bound + b);
        for (size_t j = 0; j < n; j++) {
            long double sum = 0, f = (long double)gn_rows_factor(&s->scan->rows, j);
            if (f == 0) continue;
            place_slowly(s->x, j, &s->space, y);
            for (size_t c = 0; c < d; c++) {
                long double u = (long double)q.point[c] - f * y[c];
                sum += u * u;
            }
            double measured = gn_scan_measure(s->scan, &q, j, buf);
            /* the true distance may differ from the measured one by rounding alone */
            long double slop =
                gn_scan_raw(s->scan) ? 1e-12L * sum + 1e-14L * sqrtl(sum) + 1e-28L : 0;
            bad += !(bound[j].low <= measured && measured <= bound[j].high);
            bad += !((long double)bound[j].low <= sum + slop &&
                     sum - slop <= (long double)bound[j].high);
            *largest_gap = fmax(*largest_gap, sqrt(bound[j].high) - sqrt(bound[j].low));
        }
    }
    gn_question_free(&q);
    free(point);
    free(buf);
    free(y);
    free(bound);
    return bad;
}

TEST(bounds_hold_for_every_row) {
    gn_error err;
    gn_ctx *ctx = NULL;
    OK(gn_ctx_new(NULL, &ctx, &err));
    for (int kind = 0; kind < SET_KINDS; kind++) {
        point_set p = set_make((enum set_kind)kind, 310, kind % 2 ? 67 : 24);
        gn_mat x = gn_mat_f32(p.x, p.n, p.d);
        for (int at = 0; at < N_SPACES * 4; at++) {
            struct scanned s;
            bool codes = at & 1;
            gn_metric metric = at & 2 ? GN_COSINE : GN_EUCLIDEAN;
            OK(scanned_make(ctx, x, at / 4, metric, codes, &s, &err));
            size_t bad = 0;
            double gap = 0;
            for (size_t i = 0; i < p.n; i += test_quick() ? 103 : 31) bad += outside(&s, i, &gap);
            if (bad)
                printf("# %s, space %d, %s, codes %d: %zu bounds are wrong\n", p.name, at / 4,
                       gn_metric_name(metric), codes, bad);
            CHECK(bad == 0);
            if (kind == SET_GAUSS) CHECK(gap < 0.1); /* bounds that hold because they say nothing */
            scanned_free(&s);
        }
        free(p.x);
    }
    gn_ctx_free(ctx);
}

/* How an answer may differ from the naive one: by rows whose distances are the same to within
 * rounding, 1e-12 of the lengths that enter. */
static bool answer_is_naive(const struct scanned *s, gn_metric metric, size_t i, size_t k,
                            const int32_t *row, const double *distance, size_t found) {
    size_t n = s->x.rows, d = s->x.cols, may = 0, nearer = 0;
    long double *q = malloc(d * sizeof *q), *y = malloc(d * sizeof *y), lq = 0;
    double *want = malloc(n * sizeof *want), tolerance = 0;
    bool *listed = calloc(n, sizeof *listed), good = true;
    place_slowly(s->x, i, &s->space, q);
    for (size_t c = 0; c < d; c++) lq += q[c] * q[c];
    for (size_t j = 0; j < n; j++) {
        long double sum = 0, ly = 0;
        place_slowly(s->x, j, &s->space, y);
        for (size_t c = 0; c < d; c++) ly += y[c] * y[c];
        bool cosine = metric == GN_COSINE;
        for (size_t c = 0; c < d; c++) {
            long double u = cosine ? q[c] / sqrtl(lq) - y[c] / sqrtl(ly) : q[c] - y[c];
            sum += u * u;
        }
        bool answers = j != i && gn_scan_has_direction(s->scan, j);
        want[j] = !answers ? HUGE_VAL : cosine ? (double)(sum / 2) : (double)sqrtl(sum);
        may += answers;
        if (answers) tolerance = fmax(tolerance, cosine ? 1e-12 : 1e-13 * (double)sqrtl(ly + lq));
    }
    good = found == (may < k ? may : k);
    for (size_t r = 0; r < found && good; r++) {
        size_t j = (size_t)row[r];
        listed[j] = true;
        good = want[j] < HUGE_VAL && fabs(distance[r] - want[j]) <= tolerance + 1e-12 * want[j] &&
               (r == 0 || distance[r - 1] < distance[r] ||
                (distance[r - 1] == distance[r] && row[r - 1] < row[r]));
    }
    for (size_t j = 0; j < n && good && found; j++)
        nearer += !listed[j] && want[j] < distance[found - 1] * (1 - 1e-12) - tolerance;
    free(q);
    free(y);
    free(want);
    free(listed);
    return good && nearer == 0;
}

/* Asks row i for k neighbours, itself excluded. */
static gn_status ask(gn_ctx *ctx, const struct scanned *s, size_t i, size_t k, int32_t *row,
                     double *distance, gn_scan_answer *answer, gn_error *err) {
    double *point = malloc(s->x.cols * sizeof *point);
    int32_t self = (int32_t)i;
    gn_scan_place_row(s->scan, i, point);
    gn_scan_query q = {point, k, &self, 1};
    gn_status st = gn_scan_nearest(ctx, s->scan, &q, row, distance, answer, err);
    free(point);
    return st;
}

TEST(answers_are_the_naive_ones) {
    enum { K = 12 };
    gn_error err;
    gn_ctx *one = NULL, *two = NULL;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .cpu = GN_CPU_SCALAR}, &one, &err));
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &two, &err));
    for (int kind = 0; kind < SET_KINDS; kind++) {
        point_set p = set_make((enum set_kind)kind, 1300, kind % 2 ? 67 : 24);
        gn_mat x = gn_mat_f32(p.x, p.n, p.d);
        for (int at = 0; at < N_SPACES * 2; at++) {
            struct scanned with, without;
            gn_metric metric = at & 1 ? GN_COSINE : GN_EUCLIDEAN;
            OK(scanned_make(two, x, at / 2, metric, true, &with, &err));
            OK(scanned_make(one, x, at / 2, metric, false, &without, &err));
            for (size_t i = 0; i < p.n; i += test_quick() ? 1001 : 187) {
                int32_t a[K] = {0}, b[K] = {0};
                double da[K] = {0}, db[K] = {0};
                gn_scan_answer found = {0}, same = {0};
                if (!gn_scan_has_direction(with.scan, i)) {
                    CHECK(ask(two, &with, i, K, a, da, &found, &err) != GN_OK || found.n <= K);
                    continue;
                }
                OK(ask(two, &with, i, K, a, da, &found, &err));
                OK(ask(one, &without, i, K, b, db, &same, &err));
                bool good = answer_is_naive(&with, metric, i, K, a, da, found.n);
                if (!good)
                    printf("# %s, space %d, %s, row %zu is wrong\n", p.name, at / 2,
                           gn_metric_name(metric), i);
                CHECK(good);
                CHECK(found.n == same.n && memcmp(a, b, sizeof a) == 0 &&
                      memcmp(da, db, sizeof da) == 0);
                if (kind == SET_GAUSS) CHECK(found.n_measured < 300);
            }
            scanned_free(&with);
            scanned_free(&without);
        }
        free(p.x);
    }
    gn_ctx_free(one);
    gn_ctx_free(two);
}

/* In the raw space a question by a row gives that row's line of gn_knn_compute. */
TEST(raw_answers_are_those_of_the_full_search) {
    enum { N = 700, D = 33, K = 20 };
    gn_error err;
    gn_ctx *ctx = NULL;
    OK(gn_ctx_new(NULL, &ctx, &err));
    for (int kind = 0; kind < SET_KINDS; kind++) {
        if (kind == SET_ZEROS || kind == SET_EQUAL) continue; /* no cosine; nothing but ties */
        point_set p = set_make((enum set_kind)kind, N, D);
        gn_mat x = gn_mat_f32(p.x, N, D);
        for (int metric = 0; metric < 2; metric++) {
            gn_knn *knn = NULL;
            gn_knn_opts o = {.k = K, .metric = (gn_metric)metric};
            struct scanned s;
            OK(gn_knn_compute(ctx, x, &o, &knn, &err));
            OK(scanned_make(ctx, x, 0, (gn_metric)metric, true, &s, &err));
            size_t wrong = 0;
            for (size_t i = 0; i < N; i += 13) {
                int32_t row[K];
                double distance[K];
                gn_scan_answer found;
                OK(ask(ctx, &s, i, K, row, distance, &found, &err));
                for (size_t r = 0; r < K; r++) {
                    double want = (double)knn->distance[i * K + r];
                    /* cosine: lengths are summed in another order, so rows may swap that are equal
                     * to within rounding */
                    wrong += metric == GN_EUCLIDEAN ? row[r] != knn->index[i * K + r] : 0;
                    wrong += fabs(distance[r] - want) > 1e-6 * want + 1e-15;
                }
            }
            if (wrong) printf("# %s, metric %d: %zu differ\n", p.name, metric, wrong);
            CHECK(wrong == 0);
            scanned_free(&s);
            gn_knn_free(knn);
        }
        free(p.x);
    }
    gn_ctx_free(ctx);
}

/* The same values as float16, bfloat16 and float64 give the same lists. */
TEST(every_type_of_element) {
    enum { N = 500, D = 40, K = 9 };
    static uint16_t half[N * D], brain[N * D];
    static double wide[2][N * D];
    gn_random r = gn_random_new(17, 0);
    gn_error err;
    for (size_t i = 0; i < N * D; i++) {
        half[i] = (uint16_t)(gn_random_below(&r, 2) << 15 | (12 + gn_random_below(&r, 5)) << 10 |
                             gn_random_below(&r, 1024));
        brain[i] = (uint16_t)(gn_random_below(&r, 2) << 15 | (124 + gn_random_below(&r, 5)) << 7 |
                              gn_random_below(&r, 128));
    }
    gn_mat narrow[2] = {{half, N, D, D, GN_F16}, {brain, N, D, D, GN_BF16}};
    for (int type = 0; type < 2; type++) {
        for (size_t i = 0; i < N; i++) gn_mat_row_f64(narrow[type], i, wide[type] + i * D);
        for (int at = 0; at < N_SPACES * 2; at++) {
            struct scanned a, b;
            gn_metric metric = at & 1 ? GN_COSINE : GN_EUCLIDEAN;
            OK(scanned_make(NULL, narrow[type], at / 2, metric, true, &a, &err));
            OK(scanned_make(NULL, gn_mat_f64(wide[type], N, D), at / 2, metric, false, &b, &err));
            for (size_t i = 0; i < N; i += 71) {
                int32_t ra[K], rb[K];
                double da[K], db[K];
                gn_scan_answer fa, fb;
                OK(ask(NULL, &a, i, K, ra, da, &fa, &err));
                OK(ask(NULL, &b, i, K, rb, db, &fb, &err));
                CHECK(fa.n == K && memcmp(ra, rb, sizeof ra) == 0 &&
                      memcmp(da, db, sizeof da) == 0);
            }
            scanned_free(&a);
            scanned_free(&b);
        }
    }
}

TEST(excluded_rows_and_too_large_k) {
    enum { N = 40, D = 5 };
    point_set p = set_make(SET_GAUSS, N, D);
    gn_error err;
    struct scanned s;
    OK(scanned_make(NULL, gn_mat_f32(p.x, N, D), 1, GN_COSINE, true, &s, &err));
    int32_t row[2 * N], out[] = {3, 3, 17};
    double distance[2 * N], point[D];
    gn_scan_answer found;
    gn_scan_place_row(s.scan, 3, point);
    gn_scan_query q = {point, 2 * N, out, 3};
    OK(gn_scan_nearest(NULL, s.scan, &q, row, distance, &found, &err));
    CHECK(found.n == N - 2);
    for (size_t i = 0; i < found.n; i++) CHECK(row[i] != 3 && row[i] != 17);
    q.n_exclude = 0;
    OK(gn_scan_nearest(NULL, s.scan, &q, row, distance, &found, &err));
    CHECK(found.n == N && row[0] == 3 && distance[0] == 0);
    q.k = 0;
    CHECK(gn_scan_nearest(NULL, s.scan, &q, row, distance, &found, &err) == GN_EINVAL);
    q = (gn_scan_query){point, 1, (int32_t[]){N}, 1};
    CHECK(gn_scan_nearest(NULL, s.scan, &q, row, distance, &found, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "row 40 to leave out: there are 40 rows");
    memset(point, 0, sizeof point);
    q.n_exclude = 0;
    CHECK(gn_scan_nearest(NULL, s.scan, &q, row, distance, &found, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "no direction");
    point[2] = (double)NAN;
    CHECK(gn_scan_nearest(NULL, s.scan, &q, row, distance, &found, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "not finite");
    scanned_free(&s);
    free(p.x);
}

TEST(a_row_without_direction_is_nobodys_neighbour) {
    float x[] = {1, 0, 0, 1, 0, 0, 1, 1};
    gn_error err;
    struct scanned s;
    OK(scanned_make(NULL, gn_mat_f32(x, 4, 2), 0, GN_COSINE, true, &s, &err));
    int32_t row[4];
    double distance[4];
    gn_scan_answer found;
    CHECK(gn_scan_undirected(s.scan) == 1 && !gn_scan_has_direction(s.scan, 2));
    OK(ask(NULL, &s, 0, 4, row, distance, &found, &err));
    CHECK(found.n == 2 && row[0] == 3 && row[1] == 1);
    CHECK_NEAR(distance[0], 1 - sqrt(0.5), 1e-15);
    CHECK_NEAR(distance[1], 1, 1e-15);
    scanned_free(&s);
}

TEST(what_is_refused) {
    float x[] = {1, 2, 3, 4, 5, 6};
    gn_mat m = gn_mat_f32(x, 3, 2);
    gn_error err;
    gn_codes *codes = NULL;
    gn_scan *scan = NULL;
    double skew[] = {1, 0.1};
    gn_scan_opts o = {.direction = skew, .n_directions = 1};
    CHECK(gn_scan_new(NULL, m, &o, &scan, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "unit vectors at right angles");
    o.n_directions = 2;
    CHECK(gn_scan_new(NULL, m, &o, &scan, &err) == GN_EINVAL);
    OK(gn_codes_new(NULL, m, &codes, &err));
    o = (gn_scan_opts){.codes = codes};
    CHECK(gn_scan_new(NULL, gn_mat_f32(x, 2, 3), &o, &scan, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "(3, 2)");
    gn_codes_free(codes);
    x[3] = NAN;
    o.codes = NULL;
    CHECK(gn_scan_new(NULL, m, &o, &scan, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, column 1 is NaN");
    CHECK(gn_codes_new(NULL, m, &codes, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 1, column 1 is NaN");
    x[3] = INFINITY;
    CHECK(gn_codes_new(NULL, m, &codes, &err) == GN_EDATA);
    CHECK(gn_codes_new(NULL, (gn_mat){x, 3, 2, 2, GN_I32}, &codes, &err) == GN_EINVAL);
    CHECK(gn_codes_new(NULL, (gn_mat){x, 0, 2, 2, GN_F32}, &codes, &err) == GN_EINVAL);
}

/* float64 whose squares leave float64. */
TEST(extreme_float64) {
    double x[8];
    gn_error err;
    for (int sign = -1; sign <= 1; sign += 2)
        for (int codes = 0; codes < 2; codes++) {
            struct scanned s;
            for (size_t i = 0; i < 4; i++) {
                x[2 * i] = ldexp(1.0 + (double)i, sign * 700);
                x[2 * i + 1] = ldexp(1, sign * 700);
            }
            OK(scanned_make(NULL, gn_mat_f64(x, 4, 2), 0, GN_COSINE, codes, &s, &err));
            int32_t row[3];
            double distance[3];
            gn_scan_answer found;
            OK(ask(NULL, &s, 0, 3, row, distance, &found, &err));
            CHECK(found.n == 3 && row[0] == 1 && row[1] == 2 && row[2] == 3);
            CHECK_NEAR(distance[0], 1 - 3 / sqrt(10), 1e-12);
            scanned_free(&s);
            OK(scanned_make(NULL, gn_mat_f64(x, 4, 2), 0, GN_EUCLIDEAN, codes, &s, &err));
            OK(ask(NULL, &s, 0, 3, row, distance, &found, &err));
            CHECK(found.n == 3 && row[0] == 1 && row[2] == 3);
            CHECK_NEAR(distance[2] / ldexp(3, sign * 700), 1, 1e-12);
            scanned_free(&s);
        }
}

struct attempt {
    gn_mat x;
    double *mean, *direction;
};

static gn_status attempt(void *user, gn_error *err) {
    const struct attempt *a = user;
    gn_codes *codes = NULL;
    gn_scan *with = NULL, *without = NULL;
    double point[6] = {1, 2, 3, 4, 5, 6}, distance[3];
    int32_t row[3], out[1] = {4};
    gn_scan_answer found;
    gn_scan_query q = {point, 3, out, 1};
    gn_status st = gn_codes_new(NULL, a->x, &codes, err);
    gn_scan_opts o = {GN_COSINE, a->mean, a->direction, 1, codes};
    if (st == GN_OK) st = gn_scan_new(NULL, a->x, &o, &with, err);
    o.codes = NULL;
    if (st == GN_OK) st = gn_scan_new(NULL, a->x, &o, &without, err);
    if (st == GN_OK) st = gn_scan_nearest(NULL, with, &q, row, distance, &found, err);
    if (st == GN_OK) st = gn_scan_nearest(NULL, without, &q, row, distance, &found, err);
    gn_scan_free(with);
    gn_scan_free(without);
    gn_codes_free(codes);
    return st;
}

TEST(memory) {
    point_set p = set_make(SET_GAUSS, 30, 6);
    double mean[6] = {0.1}, direction[6] = {0, 1};
    struct attempt a = {gn_mat_f32(p.x, 30, 6), mean, direction};
    FAIL_SWEEP(attempt, &a, "a scan");
    free(p.x);
}

int main(void) {
    RUN(bounds_hold_for_every_row);
    RUN(answers_are_the_naive_ones);
    RUN(raw_answers_are_those_of_the_full_search);
    RUN(every_type_of_element);
    RUN(excluded_rows_and_too_large_k);
    RUN(a_row_without_direction_is_nobodys_neighbour);
    RUN(what_is_refused);
    RUN(extreme_float64);
    RUN(memory);
    return tap_done();
}
