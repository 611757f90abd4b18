/* Scales and ticks: steps of 1, 2 and 5, never more than asked for, inside the axis, distinct. */
#include "tap.h"

#include "base/random.h"
#include "figure/scale.h"
#include "figure/theme.h"

TEST(places) {
    gn_axis a = {.lo = -1, .hi = 3};
    CHECK_NEAR(gn_axis_place(&a, -1), 0, 0);
    CHECK_NEAR(gn_axis_place(&a, 3), 1, 0);
    CHECK_NEAR(gn_axis_place(&a, 5), 1.5, 1e-15);
    CHECK(isnan(gn_axis_place(&a, (double)NAN)) && isnan(gn_axis_place(&a, HUGE_VAL)));
    gn_axis b = {.log = true, .lo = 0.1, .hi = 1000};
    CHECK_NEAR(gn_axis_place(&b, 10), 0.5, 1e-15);
    CHECK(isnan(gn_axis_place(&b, 0)) && isnan(gn_axis_place(&b, -1)));
}

TEST(labels_agree_in_decimals) {
    gn_tick t[GN_TICKS_MAX];
    size_t n = gn_axis_ticks(&(gn_axis){.lo = -0.61, .hi = 1.1}, 5, t);
    REQUIRE(n == 4);
    const char *want[] = {"\xe2\x88\x92\x30.5", "0.0", "0.5", "1.0"};
    for (size_t i = 0; i < n; i++) CHECK_STR(t[i].label, want[i]);
    CHECK(t[1].value == 0);
    n = gn_axis_ticks(&(gn_axis){.lo = -0.2, .hi = 2.2, .whole = true}, 10, t);
    REQUIRE(n == 3);
    CHECK_STR(t[2].label, "2");
    n = gn_axis_ticks(&(gn_axis){.lo = 0, .hi = 3.1e6}, 4, t);
    REQUIRE(n == 4);
    CHECK_STR(t[0].label, "0");
    CHECK_CONTAINS(t[1].label, "10<span");
    CHECK_CONTAINS(t[3].label, "3\xc2\xb7"
                               "10<span");
    n = gn_axis_ticks(&(gn_axis){.log = true, .binary = true, .lo = 1.8, .hi = 70}, 10, t);
    REQUIRE(n == 6);
    CHECK_STR(t[5].label, "64");
    n = gn_axis_ticks(&(gn_axis){.log = true, .lo = 0.05, .hi = 2e6}, 10, t);
    CHECK_STR(t[0].label, "0.1");
    CHECK_CONTAINS(t[n - 1].label, "10<span");
}

TEST(decades_below_one_have_short_labels) {
    gn_tick t[GN_TICKS_MAX];
    size_t n = gn_axis_ticks(&(gn_axis){.lo = 0.002, .hi = 20, .log = true}, 9, t), threes = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK(strlen(t[i].label) <= 5);
        threes += strchr(t[i].label, '3') != NULL;
    }
    CHECK(threes >= 3);
}

TEST(ticks_at_both_ends_count) {
    gn_tick t[GN_TICKS_MAX];
    CHECK(gn_axis_ticks(&(gn_axis){.lo = 0, .hi = 4}, 4, t) == 3);
    CHECK_STR(t[1].label, "2");
}

TEST(ticks_hold_on_any_range) {
    gn_random r = gn_random_new(3, 0);
    for (int round = 0; round < 20000; round++) {
        gn_axis a = {.log = round % 2, .whole = round % 3 == 0, .binary = round % 5 == 0};
        double size = pow(10, gn_random_uniform(&r) * 24 - 12);
        double lo = (gn_random_uniform(&r) - (a.log ? 0 : 0.5)) * size;
        gn_axis_fit(&a, lo,
                    lo + gn_random_uniform(&r) * pow(10, gn_random_uniform(&r) * 6 - 3) * size);
        REQUIRE(a.lo < a.hi && (!a.log || a.lo > 0));
        gn_tick t[GN_TICKS_MAX];
        size_t n_max = 2 + gn_random_below(&r, 10), n = gn_axis_ticks(&a, n_max, t);
        bool good = n <= n_max;
        for (size_t i = 0; i < n; i++) {
            double at = gn_axis_place(&a, t[i].value);
            good = good && at > -1e-6 && at < 1 + 1e-6 && *t[i].label;
            good = good && !strstr(t[i].label, "nan") && !strchr(t[i].label, '-');
            if (i) good = good && t[i].value > t[i - 1].value;
            if (i && fabs(lo) < 1e3 * (a.hi - a.lo))
                good = good && strcmp(t[i].label, t[i - 1].label) != 0;
        }
        if (!good)
            printf("# %s [%g, %g], %zu of %zu ticks, first '%s' '%s'\n", a.log ? "log" : "linear",
                   a.lo, a.hi, n, n_max, n ? t[0].label : "", n > 1 ? t[1].label : "");
        REQUIRE(good);
    }
}

TEST(empty_and_single_values_have_a_range) {
    gn_axis a = {0};
    gn_axis_fit(&a, HUGE_VAL, -HUGE_VAL);
    CHECK(a.lo < 0.1 && a.hi > 0.9);
    gn_axis_fit(&a, 7, 7);
    CHECK(a.lo < 7 && a.hi > 7);
    gn_axis_fit(&a, 0, 0);
    CHECK(a.lo < 0 && a.hi > 0);
    gn_axis b = {.log = true};
    gn_axis_fit(&b, 5, 5);
    CHECK(b.lo > 0 && b.lo < 5 && b.hi > 5);
}

TEST(viridis_ends) {
    gn_color a = gn_viridis(-1), b = gn_viridis(1), nan = gn_viridis((double)NAN);
    CHECK_NEAR(a.r, 0x44 / 255.0, 1e-12);
    CHECK_NEAR(b.r, 0xfd / 255.0, 1e-12);
    CHECK(nan.r == a.r);
    double before = -1;
    for (int i = 0; i <= 100; i++) { /* lightness rises: that is the point of the map */
        gn_color c = gn_viridis(i / 100.0);
        double y = 0.2126 * pow(c.r, 2.2) + 0.7152 * pow(c.g, 2.2) + 0.0722 * pow(c.b, 2.2);
        CHECK(y > before);
        before = y;
    }
}

int main(void) {
    RUN(places);
    RUN(labels_agree_in_decimals);
    RUN(decades_below_one_have_short_labels);
    RUN(ticks_at_both_ends_count);
    RUN(ticks_hold_on_any_range);
    RUN(empty_and_single_values_have_a_range);
    RUN(viridis_ends);
    return tap_done();
}
