/* Markers: equal areas, distinct shapes; styles and keys in the legend. */
#include "tap.h"

#include "figure/draw.h"
#include "figure/marks.h"

#include <cairo.h>

enum { SIZE = 120 };

/* How much of a picture the marker covers, and how much of the disk of the same radius. */
static void coverage(gn_marker shape, double *area, double *in_disk) {
    const double r = 30, middle = SIZE / 2.0;
    cairo_surface_t *image = cairo_image_surface_create(CAIRO_FORMAT_A8, SIZE, SIZE);
    cairo_t *cr = cairo_create(image);
    gn_marker_draw(cr, shape, middle, middle, r);
    cairo_fill(cr);
    cairo_surface_flush(image);
    const unsigned char *data = cairo_image_surface_get_data(image);
    int stride = cairo_image_surface_get_stride(image);
    *area = *in_disk = 0;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            double v = data[i * stride + j] / 255.0;
            *area += v;
            if (hypot(i + 0.5 - middle, j + 0.5 - middle) < r) *in_disk += v;
        }
    cairo_destroy(cr);
    cairo_surface_destroy(image);
}

TEST(markers_cover_the_same_area_in_other_ways) {
    double disk = acos(-1.0) * 30 * 30, area, inside[GN_MARKERS];
    for (int m = 0; m < GN_MARKERS; m++) {
        coverage((gn_marker)m, &area, &inside[m]);
        CHECK_NEAR(area, disk, 0.01 * disk);
    }
    CHECK_NEAR(inside[GN_MARKER_CIRCLE], disk, 0.01 * disk);
    /* A square lies in the disk but for its corners, however it is turned; crosses and triangles
     * reach out farther. */
    CHECK_NEAR(inside[GN_MARKER_SQUARE], inside[GN_MARKER_DIAMOND], 0.01 * disk);
    CHECK(inside[GN_MARKER_SQUARE] < 0.95 * disk);
    CHECK(inside[GN_MARKER_TRIANGLE] < inside[GN_MARKER_SQUARE] - 0.03 * disk);
    CHECK_NEAR(inside[GN_MARKER_CROSS], inside[GN_MARKER_PLUS], 0.01 * disk);
    CHECK(inside[GN_MARKER_PLUS] < inside[GN_MARKER_SQUARE] - 0.03 * disk);
}

TEST(keys_are_listed_and_styled_series_need_not_be) {
    gn_error err;
    gn_figure *fig;
    gn_fonts *fonts;
    const double x[] = {1, 2, 3};
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_scatter(fig, &(gn_series){.label = "hidden", .n = 3, .x = x, .y = x}, &err));
    gn_color full = gn_mark_color(fig, &fig->mark[0]);
    OK(gn_figure_style(fig, &(gn_style){GN_MARKER_PLUS, 0.5, true}, &err));
    gn_color half = gn_mark_color(fig, &fig->mark[0]);
    CHECK_NEAR(half.r, (1 + full.r) / 2, 1e-12);
    CHECK_NEAR(half.b, (1 + full.b) / 2, 1e-12);
    OK(gn_figure_key(fig, "plus", -1, &(gn_style){.marker = GN_MARKER_PLUS}, &err));
    OK(gn_figure_key(fig, "second", 1, &(gn_style){.marker = GN_MARKER_SQUARE}, &err));
    CHECK(fig->mark[1].color == -1 && fig->mark[2].color == 1);
    OK(gn_fonts_open(&fonts, &err));
    gn_layout *l = calloc(1, sizeof *l);
    REQUIRE(l != NULL);
    gn_layout_make(fig, fonts, l);
    REQUIRE(l->n_legend == 2);
    CHECK_STR(l->legend[0].text.text, "plus");
    CHECK_STR(l->legend[1].text.text, "second");
    free(l);
    gn_fonts_close(fonts);
    gn_figure_free(fig);
}

TEST(styles_without_a_series_are_refused) {
    gn_error err;
    gn_figure *fig;
    const double x[] = {1, 2, 3};
    OK(gn_figure_new(NULL, &fig, &err));
    CHECK(gn_figure_style(fig, &(gn_style){0}, &err) == GN_EINVAL);
    OK(gn_figure_hline(fig, 1, NULL, &err));
    CHECK(gn_figure_style(fig, &(gn_style){0}, &err) == GN_EINVAL);
    OK(gn_figure_points(fig, &(gn_series){.n = 3, .x = x, .y = x}, &err));
    OK(gn_figure_style(fig, &(gn_style){0}, &err));
    CHECK(gn_figure_style(fig, &(gn_style){.marker = (gn_marker)GN_MARKERS}, &err) == GN_EINVAL);
    CHECK(strstr(err.message, "expected 0 to 5"));
    CHECK(gn_figure_style(fig, &(gn_style){.tint = 1}, &err) == GN_EINVAL);
    gn_figure_free(fig);
}

int main(void) {
    RUN(markers_cover_the_same_area_in_other_ways);
    RUN(keys_are_listed_and_styled_series_need_not_be);
    RUN(styles_without_a_series_are_refused);
    return tap_done();
}
