/* Every float16 and bfloat16 pattern, and what lies between neighbours: narrowing must give the
 * nearer one, the even one in the middle. */
#include "tap.h"

#include "reps/narrow.h"

static uint16_t narrow1(float x, gn_dtype dtype) {
    uint16_t h = 0xdead;
    gn_narrow(&x, 1, dtype, &h);
    return h;
}

static double value(uint16_t h, gn_dtype dtype) {
    double buf[1];
    return *gn_mat_row_f64((gn_mat){&h, 1, 1, 1, dtype}, 0, buf);
}

/* All pairs of neighbouring finite patterns of one sign. */
static void check_neighbours(gn_dtype dtype, uint16_t last_finite) {
    int bad_exact = 0, bad_middle = 0, bad_near = 0;
    for (unsigned sign = 0; sign < 2; sign++)
        for (uint16_t h = 0; h < last_finite; h++) {
            uint16_t s = (uint16_t)(sign << 15), lo = s | h, hi = (uint16_t)(s | (h + 1));
            double a = value(lo, dtype), b = value(hi, dtype), middle = (a + b) / 2;
            if (narrow1((float)a, dtype) != lo) bad_exact++;
            float m = (float)middle; /* exact: one more bit, unless float32 itself is subnormal */
            if ((double)m != middle) continue;
            if (narrow1(m, dtype) != (h % 2 ? hi : lo)) bad_middle++;
            if (narrow1(nextafterf(m, (float)a), dtype) != lo) bad_near++;
            if (narrow1(nextafterf(m, (float)b), dtype) != hi) bad_near++;
        }
    CHECK(bad_exact == 0);
    CHECK(bad_middle == 0);
    CHECK(bad_near == 0);
}

TEST(float16_rounds_to_the_nearest_even) {
    check_neighbours(GN_F16, 0x7bff);
}
TEST(bfloat16_rounds_to_the_nearest_even) {
    check_neighbours(GN_BF16, 0x7f7f);
}

TEST(what_is_not_finite_is_found) {
    float x[5] = {1, 2, 3, 4, 5}, f[5];
    uint16_t h[5];
    CHECK(gn_narrow(x, 5, GN_F32, f) == 5 && f[4] == 5.0f);
    CHECK(gn_narrow(x, 5, GN_F16, h) == 5);
    CHECK(gn_narrow(x, 5, GN_BF16, h) == 5);
    x[2] = 65520; /* the first value that rounds to float16's infinity */
    CHECK(gn_narrow(x, 5, GN_F16, h) == 2 && h[2] == 0x7c00 && h[4] == 0x4500);
    CHECK(gn_narrow(x, 5, GN_BF16, h) == 5);
    x[2] = 65519;
    CHECK(gn_narrow(x, 5, GN_F16, h) == 5 && h[2] == 0x7bff);
    x[2] = -3.39e38f; /* bfloat16 ends at 3.3895e38, and rounds to that up to 3.396e38 */
    CHECK(gn_narrow(x, 5, GN_BF16, h) == 5 && gn_narrow(x, 5, GN_F16, h) == 2 && h[2] == 0xfc00);
    x[2] = x[3] = (float)NAN;
    for (gn_dtype t = GN_F32; t <= GN_BF16; t++)
        if (t != GN_F64) CHECK(gn_narrow(x, 5, t, f) == 2);
    CHECK(isnan(value(narrow1((float)NAN, GN_F16), GN_F16)));
    CHECK(isnan(value(narrow1((float)NAN, GN_BF16), GN_BF16)));
    x[2] = (float)INFINITY;
    x[3] = 0;
    CHECK(gn_narrow(x, 5, GN_F32, f) == 2);
}

int main(void) {
    RUN(float16_rounds_to_the_nearest_even);
    RUN(bfloat16_rounds_to_the_nearest_even);
    RUN(what_is_not_finite_is_found);
    return tap_done();
}
