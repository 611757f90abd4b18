/* Scaling recovers planted points, lowers the stress, and says what it cannot do. */
#include "tap.h"

#include "base/random.h"
#include "gonio/mds.h"

enum { N = 60 };

static void planted(double *x, double *d, double noise) {
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < 2 * N; i++) x[i] = gn_random_normal(&r) * (i % 2 ? 1 : 2) + 7;
    for (size_t i = 0; i < N; i++) {
        d[i * N + i] = 0;
        for (size_t j = 0; j < i; j++)
            d[i * N + j] = d[j * N + i] =
                fabs(hypot(x[2 * i] - x[2 * j], x[2 * i + 1] - x[2 * j + 1]) +
                     noise * gn_random_normal(&r));
    }
}

static double stress_of(const double *x, const double *d) {
    double sum = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i; j++)
            sum += pow(hypot(x[2 * i] - x[2 * j], x[2 * i + 1] - x[2 * j + 1]) - d[i * N + j], 2);
    return sum;
}

/* R2 of the best rotation, reflection, scale and shift of b onto a (two dimensions). */
static double procrustes(const double *a, const double *b) {
    double ma[2] = {0}, mb[2] = {0}, m[2][2] = {{0}}, aa = 0, bb = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < 2; c++) {
            ma[c] += a[2 * i + c] / N;
            mb[c] += b[2 * i + c] / N;
        }
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < 2; c++) {
            aa += pow(a[2 * i + c] - ma[c], 2);
            bb += pow(b[2 * i + c] - mb[c], 2);
            for (size_t e = 0; e < 2; e++)
                m[c][e] += (a[2 * i + c] - ma[c]) * (b[2 * i + e] - mb[e]);
        }
    /* The sum of singular values of a 2 x 2 matrix: sqrt(|M|^2 + 2 |det M|). */
    double norm2 = m[0][0] * m[0][0] + m[0][1] * m[0][1] + m[1][0] * m[1][0] + m[1][1] * m[1][1];
    double det = fabs(m[0][0] * m[1][1] - m[0][1] * m[1][0]);
    return (norm2 + 2 * det) / (aa * bb);
}

static double points[2 * N], x[2 * N], d[N * N];

TEST(planted_points_are_recovered) {
    gn_error err;
    gn_mds m;
    double explained[2];
    planted(points, d, 0);
    gn_mat table = gn_mat_f64(d, N, N);
    OK(gn_mds_classical(NULL, table, 2, x, explained, &err));
    CHECK_NEAR(procrustes(points, x), 1, 1e-9);
    CHECK_NEAR(explained[0] + explained[1], 1, 1e-9);
    CHECK(explained[0] > explained[1]);
    CHECK(stress_of(x, d) < 1e-12);
    OK(gn_mds_metric(NULL, table, NULL, x, &m, &err));
    CHECK(procrustes(points, x) > 0.999 && m.normalized < 1e-6);
    planted(points, d, 0.05);
    OK(gn_mds_metric(NULL, table, NULL, x, &m, &err));
    CHECK(procrustes(points, x) > 0.999);
}

TEST(stress_is_what_it_says_and_majorisation_lowers_it) {
    gn_error err;
    gn_mds few, many;
    planted(points, d, 0.5);
    gn_mat table = gn_mat_f64(d, N, N);
    OK(gn_mds_classical(NULL, table, 2, x, NULL, &err));
    double start = stress_of(x, d);
    OK(gn_mds_metric(NULL, table, &(gn_mds_opts){.iterations = 3, .tolerance = 1e-12}, x, &few,
                     &err));
    CHECK_NEAR(few.stress, stress_of(x, d), 1e-10);
    OK(gn_mds_metric(NULL, table, &(gn_mds_opts){.tolerance = 1e-12}, x, &many, &err));
    CHECK_NEAR(many.stress, stress_of(x, d), 1e-10);
    CHECK(many.stress < few.stress && few.stress < start);
    CHECK(few.iterations == 3 && many.iterations > 3);
    /* A stationary point: nothing nearby is better. */
    gn_random r = gn_random_new(4, 0);
    for (int t = 0; t < 20; t++) {
        double moved[2 * N];
        for (size_t i = 0; i < 2 * N; i++) moved[i] = x[i] + 0.01 * gn_random_normal(&r);
        CHECK(stress_of(moved, d) > many.stress);
    }
    double squares = 0;
    for (size_t i = 0; i < N * N; i++) squares += d[i] * d[i] / 2;
    CHECK_NEAR(many.normalized, sqrt(many.stress / squares), 1e-12);
}

TEST(threads_change_no_bit_and_seeds_draw_the_random_start) {
    gn_error err;
    gn_mds m;
    double run[3][2 * N];
    planted(points, d, 0.5);
    for (unsigned t = 0; t < 3; t++) {
        gn_ctx *ctx = NULL;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t == 1 ? 3 : 1, .seed = t == 2}, &ctx, &err));
        OK(gn_mds_metric(ctx, gn_mat_f64(d, N, N), &(gn_mds_opts){.start = GN_MDS_RANDOM}, run[t],
                         &m, &err));
        CHECK(procrustes(points, run[t]) > 0.9);
        gn_ctx_free(ctx);
    }
    CHECK(memcmp(run[0], run[1], sizeof run[0]) == 0);
    CHECK(memcmp(run[0], run[2], sizeof run[0]) != 0);
}

TEST(what_is_no_table_of_distances_is_refused) {
    gn_error err;
    gn_mds m;
    planted(points, d, 0);
    CHECK(gn_mds_metric(NULL, gn_mat_f64(d, N, N - 1), NULL, x, &m, &err) == GN_EINVAL);
    CHECK(gn_mds_metric(NULL, gn_mat_f64(d, 2, 2), NULL, x, &m, &err) == GN_EINVAL);
    d[3 * N + 5] = -1;
    CHECK(gn_mds_metric(NULL, gn_mat_f64(d, N, N), NULL, x, &m, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "(3, 5)");
    d[3 * N + 5] = d[5 * N + 3] + 1;
    CHECK(gn_mds_metric(NULL, gn_mat_f64(d, N, N), NULL, x, &m, &err) == GN_EDATA);
    memset(d, 0, sizeof d); /* all points the same: a picture of one point */
    OK(gn_mds_metric(NULL, gn_mat_f64(d, N, N), NULL, x, &m, &err));
    CHECK(m.stress <= 0 && m.normalized <= 0 && fabs(x[3]) < 1e-12);
}

TEST(distances_are_a_double_loops) {
    enum { ROWS = 70, COLS = 9 };
    gn_error err;
    float data[ROWS * COLS], out[ROWS * ROWS];
    gn_random r = gn_random_new(6, 0);
    for (size_t i = 0; i < ROWS * COLS; i++) data[i] = (float)(gn_random_normal(&r) + 2);
    for (int metric = 0; metric < 2; metric++) {
        OK(gn_mds_distances(NULL, gn_mat_f32(data, ROWS, COLS), (gn_metric)metric, out, &err));
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = 0; j < ROWS; j++) {
                double d2 = 0, dot = 0, a = 0, b = 0;
                for (size_t c = 0; c < COLS; c++) {
                    const double u = (double)data[i * COLS + c], v = (double)data[j * COLS + c];
                    d2 += (u - v) * (u - v);
                    dot += u * v;
                    a += u * u;
                    b += v * v;
                }
                CHECK_NEAR((double)out[i * ROWS + j], metric ? 1 - dot / sqrt(a * b) : sqrt(d2),
                           1e-6);
                CHECK(out[i * ROWS + j] == out[j * ROWS + i]);
            }
    }
    CHECK(gn_mds_distances(NULL, gn_mat_f32(data, 1, COLS), GN_EUCLIDEAN, out, &err) == GN_EINVAL);
    data[2 * COLS + 4] = (float)NAN;
    CHECK(gn_mds_distances(NULL, gn_mat_f32(data, ROWS, COLS), GN_EUCLIDEAN, out, &err) ==
          GN_EDATA);
    CHECK_CONTAINS(err.message, "row 2");
}

int main(void) {
    RUN(planted_points_are_recovered);
    RUN(stress_is_what_it_says_and_majorisation_lowers_it);
    RUN(threads_change_no_bit_and_seeds_draw_the_random_start);
    RUN(what_is_no_table_of_distances_is_refused);
    RUN(distances_are_a_double_loops);
    return tap_done();
}
