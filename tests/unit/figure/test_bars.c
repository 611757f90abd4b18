/* Bars: where they stand, what they show, what stands below them, and what is refused. */
#include "tap.h"

#include "csv_text.h"
#include "figure/bars.h"

#include <cairo.h>

static gn_error err;

static const char *const three[] = {"a", "b & <c>", "a name that is far too long to lie below"};
static const char *const two[] = {"first", "second"};

static gn_layout *laid_out(const gn_figure *fig) {
    gn_fonts *fonts = NULL;
    gn_layout *l = calloc(1, sizeof *l);
    CHECK(l && gn_fonts_open(&fonts, &err) == GN_OK);
    gn_layout_make(fig, fonts, l);
    gn_fonts_close(fonts);
    return l;
}

static unsigned pixel(cairo_surface_t *s, double x, double y) {
    uint32_t p;
    memcpy(&p,
           cairo_image_surface_get_data(s) +
               (int)(y * 200 / 72) * cairo_image_surface_get_stride(s) + 4 * (int)(x * 200 / 72),
           4);
    return p & 0xffffff;
}

TEST(bars_stand_on_zero_side_by_side) {
    const double value[] = {1, 2, -1, (double)NAN, 3, 0.5};
    gn_figure *fig;
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_bars(fig, &(gn_bars){3, 2, three, two, value, NULL, NULL, false, false}, &err));
    gn_layout *l = laid_out(fig);
    CHECK(l->x.lo == -0.5 && l->x.hi == 2.5 && l->y.lo < -1 && l->y.hi > 3);
    gn_box b[6];
    for (int k = 0; k < 6; k++)
        CHECK(gn_bar_box(l, &fig->mark[k % 2], (size_t)k / 2, &b[k]) == (k != 3));
    const double zero = gn_layout_y(l, 0);
    CHECK_NEAR(b[0].y1, zero, 1e-9);
    CHECK_NEAR(b[0].y0, gn_layout_y(l, 1), 1e-9);
    CHECK_NEAR(b[2].y0, zero, 1e-9); /* a negative one hangs */
    CHECK_NEAR(b[2].y1, gn_layout_y(l, -1), 1e-9);
    CHECK_NEAR(b[0].x1, b[1].x0, 1e-9); /* they touch, and share the group's cell */
    CHECK_NEAR((b[0].x0 + b[1].x1) / 2, gn_layout_x(l, 0), 1e-9);
    CHECK(b[1].x1 < b[2].x0 - 5);
    const char *path = tmp_path("bars.png");
    OK(gn_figure_write(fig, path, &err));
    cairo_surface_t *s = cairo_image_surface_create_from_png(path);
    REQUIRE(cairo_surface_status(s) == CAIRO_STATUS_SUCCESS);
    for (int k = 0; k < 6; k++) {
        if (k == 3) continue;
        const unsigned want = k % 2 ? 0xDD8452 : 0x4C72B0;
        CHECK(pixel(s, (b[k].x0 + b[k].x1) / 2, (b[k].y0 + b[k].y1) / 2) == want);
    }
    cairo_surface_destroy(s);
    remove(path);
    free(l);
    gn_figure_free(fig);
}

TEST(stacks_add_up) {
    const double value[] = {0.25, 0.5, 0.25, 0.75, (double)NAN, 0.25};
    const char *const bar[] = {"x", "y", "others"};
    gn_figure *fig;
    OK(gn_figure_new(&(gn_figure_opts){.y_max = 1}, &fig, &err));
    OK(gn_figure_bars(fig, &(gn_bars){2, 3, two, bar, value, NULL, NULL, true, true}, &err));
    gn_layout *l = laid_out(fig);
    gn_box b;
    double top = gn_layout_y(l, 0);
    for (size_t j = 0; j < 3; j++) {
        CHECK(gn_bar_box(l, &fig->mark[j], 0, &b));
        CHECK_NEAR(b.y1, top, 1e-9);
        top = b.y0;
    }
    CHECK_NEAR(top, l->frame.y0, 1e-9);
    CHECK(gn_bar_box(l, &fig->mark[2], 1, &b)); /* on what is there below it */
    CHECK_NEAR(b.y1, gn_layout_y(l, 0.75), 1e-9);
    CHECK(!gn_bar_box(l, &fig->mark[1], 1, &b));
    const gn_color grey = gn_mark_color(fig, &fig->mark[2]);
    CHECK(grey.r == grey.g && grey.g == grey.b);
    free(l);
    gn_figure_free(fig);
}

/* The axis begins at 0 where no value is below it, ends of error bars included. */
TEST(the_axis_holds_bars_and_their_errors) {
    const double value[] = {1, 2, 3}, lo[] = {0.5, 1, 2}, below[] = {-0.5, 1, 2}, hi[] = {2, 3, 5};
    for (int k = 0; k < 2; k++) {
        gn_figure *fig;
        OK(gn_figure_new(NULL, &fig, &err));
        OK(gn_figure_bars(
            fig, &(gn_bars){3, 1, three, NULL, value, k ? below : lo, hi, false, false}, &err));
        OK(gn_figure_hline(fig, 2.5, "chance", &err));
        gn_layout *l = laid_out(fig);
        CHECK(k ? l->y.lo < -0.5 : l->y.lo == 0);
        CHECK(l->y.hi > 5 && l->n_legend == 0);
        free(l);
        gn_figure_free(fig);
    }
}

TEST(names_lie_or_stand) {
    const double value[] = {1, 2, 3};
    gn_figure *fig;
    for (size_t n = 2; n <= 3; n++) {
        OK(gn_figure_new(NULL, &fig, &err));
        OK(gn_figure_bars(fig, &(gn_bars){n, 1, three, NULL, value, NULL, NULL, false, false},
                          &err));
        gn_layout *l = laid_out(fig);
        CHECK(l->upright_names == (n == 3) && l->n_x_ticks == n);
        size_t found = 0;
        for (size_t t = 0; t < l->n_texts; t++)
            for (size_t i = 0; i < n; i++) {
                if (strcmp(l->text[t].text, three[i]) != 0) continue;
                CHECK(!l->text[t].markup && l->text[t].angle == (n == 3));
                CHECK_NEAR(l->text[t].x, gn_layout_x(l, (double)i), 1e-9);
                found++;
            }
        CHECK(found == n);
        free(l);
        gn_figure_free(fig);
    }
}

TEST(csv_names_the_groups) {
    const double value[] = {1, 2, 3, 4}, lo[] = {0, 1, 2, 3}, hi[] = {2, 3, 4, 5};
    gn_figure *fig;
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_bars(fig, &(gn_bars){2, 2, three, two, value, lo, hi, false, false}, &err));
    OK(gn_figure_hline(fig, 0.25, "chance", &err));
    char text[256];
    CHECK_STR(csv_text(fig, "bars.csv", text, sizeof text),
              "series,x,y,lo,hi\n\"first\",\"a\",1,0,2\n\"first\",\"b & <c>\",3,2,4\n"
              "\"second\",\"a\",2,1,3\n\"second\",\"b & <c>\",4,3,5\n\"chance\",,0.25,,\n");
    gn_figure_free(fig);
}

static void refused(const gn_figure_opts *o, const gn_bars *b, const char *why) {
    gn_figure *fig;
    OK(gn_figure_new(o, &fig, &err));
    CHECK(gn_figure_bars(fig, b, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, why);
    CHECK(fig->n_marks == 0 && fig->n_groups == 0);
    gn_figure_free(fig);
}

TEST(errors_name_what_is_wrong) {
    const double value[12] = {1, -2};
    const gn_figure_opts okabe = {.palette = GN_PALETTE_OKABE_ITO};
    refused(NULL, &(gn_bars){0, 1, three, NULL, value, NULL, NULL, false, false}, "0 groups");
    refused(NULL, &(gn_bars){1, 11, three, three, value, NULL, NULL, false, false}, "11 bars");
    refused(&okabe, &(gn_bars){1, 7, three, three, value, NULL, NULL, false, false}, "7 bars");
    refused(NULL, &(gn_bars){1, 2, three, NULL, value, NULL, NULL, false, false}, "with names");
    refused(NULL, &(gn_bars){2, 1, three, NULL, value, value, NULL, false, false}, "lo and hi");
    refused(NULL, &(gn_bars){2, 1, three, NULL, value, NULL, NULL, true, false}, "-2 (group 1)");
    gn_figure *fig;
    const gn_bars good = {2, 1, three, NULL, value, NULL, NULL, false, false};
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_bars(fig, &good, &err));
    CHECK(gn_figure_bars(fig, &good, &err) == GN_EINVAL);
    CHECK(gn_figure_line(fig, &(gn_series){"s", 1, value, value, NULL, NULL, -1}, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "a chart of bars");
    CHECK(gn_figure_heatmap(fig, value, 1, 1, NULL, &err) == GN_EINVAL);
    gn_figure_free(fig);
}

int main(void) {
    RUN(bars_stand_on_zero_side_by_side);
    RUN(stacks_add_up);
    RUN(the_axis_holds_bars_and_their_errors);
    RUN(names_lie_or_stand);
    RUN(csv_names_the_groups);
    RUN(errors_name_what_is_wrong);
    return tap_done();
}
