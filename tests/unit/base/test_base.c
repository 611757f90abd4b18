/* base: errors, sizes, strings, arenas, random streams, element types. */
#include "tap.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"

TEST(errors_carry_context) {
    gn_error err;
    CHECK(gn_fail(&err, GN_EDATA, "row %d", 3) == GN_EDATA);
    gn_error_prefix(&err, "%s", "x.npy");
    CHECK_STR(err.message, "x.npy: row 3");
    CHECK(err.code == GN_EDATA);
    CHECK(gn_fail(NULL, GN_EIO, "ignored") == GN_EIO);
}

TEST(sizes_do_not_wrap) {
    size_t out;
    CHECK(!gn_mul(SIZE_MAX / 2, 3, &out));
    CHECK(gn_alloc(SIZE_MAX / 2, 4) == NULL);
    CHECK(gn_alloc(SIZE_MAX - 8, 1) == NULL);
    void *p = gn_alloc(0, 4);
    CHECK(p != NULL && (uintptr_t)p % 64 == 0);
    gn_free(p);
}

TEST(strings_grow) {
    gn_str s = {0};
    for (int i = 0; i < 1000; i++) gn_str_addf(&s, "%d,", i);
    CHECK(s.n == 10 * 2 + 90 * 3 + 900 * 4);
    CHECK(strncmp(s.text, "0,1,2,", 6) == 0);
    gn_error err;
    char *text;
    OK(gn_str_take(&s, &text, &err));
    CHECK(s.text == NULL);
    gn_free(text);
    OK(gn_str_take(&s, &text, &err));
    CHECK_STR(text, "");
    gn_free(text);
}

TEST(arenas_align) {
    gn_arena a = {0};
    for (size_t n = 1; n < 200000; n = n * 3 + 1) {
        char *p = gn_arena_alloc(&a, n, 1);
        REQUIRE(p != NULL);
        CHECK((uintptr_t)p % 16 == 0);
        memset(p, 1, n);
    }
    CHECK_STR(gn_arena_text(&a, "abcdef", 3), "abc");
    gn_arena_free(&a);
}

TEST(random_streams) {
    gn_random a = gn_random_new(1, 2), b = gn_random_new(1, 2), c = gn_random_new(2, 1);
    uint64_t x = gn_random_u64(&a);
    CHECK(x == gn_random_u64(&b));
    CHECK(x != gn_random_u64(&c));
    double sum = 0, sum2 = 0;
    for (int i = 0; i < 100000; i++) {
        double z = gn_random_normal(&a);
        sum += z;
        sum2 += z * z;
    }
    CHECK(fabs(sum / 1e5) < 5 / sqrt(1e5));
    CHECK(fabs(sum2 / 1e5 - 1) < 5 * sqrt(2 / 1e5));
    int count[7] = {0};
    for (int i = 0; i < 70000; i++) count[gn_random_below(&a, 7)]++;
    for (int i = 0; i < 7; i++) CHECK(abs(count[i] - 10000) < 5 * 93);
}

TEST(random_subset_is_uniform) {
    int count[10] = {0};
    gn_random r = gn_random_new(7, 0);
    for (int t = 0; t < 10000; t++) {
        int32_t out[3];
        gn_random_subset(&r, 10, 3, out);
        REQUIRE(out[0] < out[1] && out[1] < out[2] && out[2] < 10 && out[0] >= 0);
        for (int i = 0; i < 3; i++) count[out[i]]++;
    }
    for (int i = 0; i < 10; i++) CHECK(abs(count[i] - 3000) < 5 * 46);
}

TEST(element_types_widen_exactly) {
    const uint16_t half[] = {0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00};
    const double want[] = {1, -2, 65504, 0x1p-24, -0.0, (double)INFINITY};
    gn_mat m = {half, 2, 3, 3, GN_F16};
    for (size_t i = 0; i < 2; i++) {
        double d[3];
        float f[3];
        const double *rd = gn_mat_row_f64(m, i, d);
        const float *rf = gn_mat_row_f32(m, i, f);
        for (size_t j = 0; j < 3; j++) {
            CHECK(rd[j] == want[3 * i + j]);
            CHECK((double)rf[j] == want[3 * i + j]);
        }
    }
    const uint16_t bf[] = {0x3f80, 0xc000};
    double d[2];
    CHECK(gn_mat_row_f64((gn_mat){bf, 1, 2, 2, GN_BF16}, 0, d)[1] == -2.0);
    CHECK(d[0] == 1.0);
    const float x[] = {1, 2};
    CHECK(gn_mat_row_f32(gn_mat_f32(x, 1, 2), 0, NULL) == x);
}

int main(void) {
    RUN(errors_carry_context);
    RUN(sizes_do_not_wrap);
    RUN(strings_grow);
    RUN(arenas_align);
    RUN(random_streams);
    RUN(random_subset_is_uniform);
    RUN(element_types_widen_exactly);
    return tap_done();
}
