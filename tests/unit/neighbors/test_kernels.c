/* The kernels of every instruction set give the scalar ones' bits, and those are right. */
#include "tap.h"

#include "base/cpu.h"
#include "base/random.h"
#include "math/knn.h"

static const gn_cpu levels[] = {GN_CPU_SCALAR, GN_CPU_NEON, GN_CPU_AVX2, GN_CPU_AVX512};
enum { LEVELS = sizeof levels / sizeof *levels, MAX_D = 1025 };

static double plain(const double *x, const double *y, double factor, size_t d) {
    long double s = 0;
    for (size_t c = 0; c < d; c++) {
        long double u = (long double)x[c] - (long double)y[c] * (long double)factor;
        s += u * u;
    }
    return (double)s;
}

TEST(distances_have_the_same_bits) {
    static double x[MAX_D], y64[MAX_D], w16[MAX_D], wb[MAX_D], w32[MAX_D];
    static float y32[MAX_D];
    static uint16_t y16[MAX_D], yb[MAX_D];
    gn_random r = gn_random_new(5, 0);
    for (size_t i = 0; i < MAX_D; i++) {
        x[i] = gn_random_normal(&r);
        y64[i] = gn_random_normal(&r);
        y32[i] = (float)gn_random_normal(&r);
        uint32_t bits;
        memcpy(&bits, &y32[i], 4);
        yb[i] = (uint16_t)(bits >> 16);
        y16[i] = (uint16_t)((bits & 0x8000u) | (i % 31) << 10 | (bits >> 3 & 0x3ffu));
    }
    const double *p = gn_mat_row_f64((gn_mat){y16, 1, MAX_D, MAX_D, GN_F16}, 0, w16);
    const double *q = gn_mat_row_f64((gn_mat){yb, 1, MAX_D, MAX_D, GN_BF16}, 0, wb);
    const double *o = gn_mat_row_f64(gn_mat_f32(y32, 1, MAX_D), 0, w32);
    static const size_t widths[] = {1, 2, 7, 8, 9, 31, 32, 33, 47, 64, 65, 511, 1024, 1025};
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        size_t d = widths[w];
        double f = d % 2 ? 1 / 3.0 : 0.25;
        const gn_knn_kernels *s = gn_knn_kernels_for(GN_CPU_SCALAR);
        CHECK_NEAR(s->distance_f64(x, y64, f, d) / plain(x, y64, f, d), 1, 1e-13);
        CHECK_NEAR(s->distance_f32(x, y32, f, d) / plain(x, o, f, d), 1, 1e-13);
        CHECK_NEAR(s->distance_f16(x, y16, f, d) / plain(x, p, f, d), 1, 1e-13);
        CHECK_NEAR(s->distance_bf16(x, yb, f, d) / plain(x, q, f, d), 1, 1e-13);
        for (int l = 1; l < LEVELS; l++) {
            if (!gn_cpu_has(levels[l])) continue;
            const gn_knn_kernels *v = gn_knn_kernels_for(levels[l]);
            CHECK(v->distance_f64(x, y64, f, d) == s->distance_f64(x, y64, f, d));
            CHECK(v->distance_f32(x, y32, f, d) == s->distance_f32(x, y32, f, d));
            CHECK(v->distance_f16(x, y16, f, d) == s->distance_f16(x, y16, f, d));
            CHECK(v->distance_bf16(x, yb, f, d) == s->distance_bf16(x, yb, f, d));
        }
    }
}

TEST(int8_products_have_the_same_bits) {
    enum { D = 192, N = 5 };
    static float w[D], got[N], want[N];
    static int8_t code[N * D];
    gn_random r = gn_random_new(5, 3);
    for (size_t c = 0; c < D; c++) w[c] = (float)gn_random_normal(&r);
    for (size_t c = 0; c < N * D; c++) code[c] = (int8_t)((int)gn_random_below(&r, 255) - 127);
    for (size_t d = 64; d <= D; d += 64) {
        gn_knn_scalar.dots_i8(w, code, d, N, want);
        for (size_t i = 0; i < N; i++) {
            double sum = 0;
            for (size_t c = 0; c < d; c++) sum += (double)w[c] * code[i * d + c];
            CHECK_NEAR((double)want[i], sum, 1e-3);
        }
        for (int l = 1; l < LEVELS; l++) {
            if (!gn_cpu_has(levels[l])) continue;
            gn_knn_kernels_for(levels[l])->dots_i8(w, code, d, N, got);
            CHECK(memcmp(got, want, sizeof got) == 0);
        }
    }
}

TEST(float32_distances_have_the_same_bits) {
    enum { D = 160, N = 7 };
    static float x[D], y[N][D], got[N], want[N];
    const float *row[N];
    gn_random r = gn_random_new(5, 4);
    for (size_t c = 0; c < D; c++) x[c] = (float)gn_random_normal(&r);
    for (size_t i = 0; i < N; i++) {
        row[i] = y[i];
        for (size_t c = 0; c < D; c++) y[i][c] = (float)gn_random_normal(&r);
    }
    for (size_t d = 32; d <= D; d += 32) {
        gn_knn_scalar.distances(x, row, N, d, want);
        for (size_t i = 0; i < N; i++) {
            double sum = 0;
            for (size_t c = 0; c < d; c++)
                sum += ((double)x[c] - (double)y[i][c]) * ((double)x[c] - (double)y[i][c]);
            CHECK_NEAR((double)want[i] / sum, 1, 1e-6);
        }
        for (int l = 0; l < LEVELS; l++) {
            if (!gn_cpu_has(levels[l])) continue;
            const gn_knn_kernels *v = gn_knn_kernels_for(levels[l]);
            for (size_t n = 1; n <= N; n++) {
                memset(got, 0, sizeof got);
                v->distances(x, row, n, d, got);
                CHECK(memcmp(got, want, n * sizeof *got) == 0);
            }
            const float *self = x;
            v->distances(y[2], &self, 1, d, got);
            CHECK(got[0] == want[2]); /* from either side */
        }
    }
}

enum { ROWS = 14, COLS = 40, ROOM = ROWS * COLS + 16 };

/* As a map of the tile: NaN where there is no hit; false when a place is hit twice. */
static bool spread(const uint32_t *where, const float *value, size_t hits, float *map) {
    for (size_t i = 0; i < ROWS * COLS; i++) map[i] = NAN;
    for (size_t h = 0; h < hits; h++) {
        size_t at = (where[h] >> 16) * COLS + (where[h] & 0xffff);
        if (at >= ROWS * COLS || !isnan(map[at])) return false;
        map[at] = value[h];
    }
    return true;
}

TEST(picks_what_is_not_above_the_limit) {
    float c[ROWS * COLS], add[COLS], limit[COLS], want[ROWS * COLS], got[ROWS * COLS];
    uint32_t where[ROOM];
    float value[ROOM];
    gn_random r = gn_random_new(5, 1);
    for (int round = 0; round < 60; round++) {
        size_t n = (size_t)round % COLS + 1;
        for (size_t i = 0; i < ROWS * COLS; i++) c[i] = (float)gn_random_below(&r, 6);
        for (size_t i = 0; i < COLS; i++) {
            add[i] = (float)gn_random_below(&r, 9);
            limit[i] = (float)gn_random_below(&r, 9) - 6.0f;
        }
        limit[1] = -INFINITY;
        limit[2] = INFINITY;
        add[3] = INFINITY;
        for (int by_row = 0; by_row < 2; by_row++) {
            size_t n_want = 0;
            for (size_t i = 0; i < ROWS * COLS; i++) {
                size_t row = i / COLS, col = i % COLS;
                float v = add[by_row ? col : row] - 2 * c[i];
                bool hit = col < n && !(v > limit[by_row ? row : col]);
                want[i] = hit ? v : NAN;
                n_want += hit ? 1 : 0;
            }
            for (int l = 0; l < LEVELS; l++) {
                if (!gn_cpu_has(levels[l])) continue;
                const gn_knn_kernels *k = gn_knn_kernels_for(levels[l]);
                size_t hits = (by_row ? k->pick_rows : k->pick_cols)(c, COLS, ROWS, n, add, limit,
                                                                     where, value);
                CHECK(hits == n_want && spread(where, value, hits, got));
                size_t wrong = 0;
                for (size_t i = 0; i < ROWS * COLS; i++)
                    if (isnan(want[i]) ? !isnan(got[i]) : got[i] != want[i]) wrong++;
                CHECK(wrong == 0);
            }
        }
    }
}

static int by_value(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

TEST(selects_the_kth) {
    enum { N = 300 };
    float v[N], sorted[N];
    gn_random r = gn_random_new(5, 2);
    for (size_t n = 1; n <= N; n = n * 3 / 2 + 1)
        for (int kind = 0; kind < 3; kind++) {
            for (size_t i = 0; i < n; i++)
                v[i] = kind == 0   ? (float)gn_random_normal(&r)
                       : kind == 1 ? (float)gn_random_below(&r, 4) - 2
                                   : ldexpf((float)gn_random_normal(&r), (int)(i % 200) - 100);
            if (n > 4) v[4] = INFINITY;
            memcpy(sorted, v, n * sizeof *v);
            qsort(sorted, n, sizeof *sorted, by_value);
            for (int l = 0; l < LEVELS; l++)
                for (size_t k = 1; gn_cpu_has(levels[l]) && k <= n; k += 1 + n / 9)
                    CHECK(gn_knn_kernels_for(levels[l])->select(v, n, k) == sorted[k - 1]);
        }
}

int main(void) {
    RUN(distances_have_the_same_bits);
    RUN(int8_products_have_the_same_bits);
    RUN(float32_distances_have_the_same_bits);
    RUN(picks_what_is_not_above_the_limit);
    RUN(selects_the_kth);
    return tap_done();
}
