/* Panels beside each other: where they lie, what they share, their numbers, what is refused. */
#include "tap.h"

#include "figure/panels.h"

#include <cairo.h>

static gn_error err;

enum { N = 50 };

static gn_figure *panel(const char *title, bool no_legend, double width_in) {
    static const char *const names[] = {"left \"one\"", "right"};
    double x[N], y[N];
    int32_t group[N];
    gn_figure *fig = NULL;
    for (int i = 0; i < N; i++) {
        x[i] = i;
        y[i] = i % 7;
        group[i] = i % 3 - 1;
    }
    CHECK(gn_figure_new(&(gn_figure_opts){.title = title, .width_in = width_in, .height_in = 2},
                        &fig, &err) == GN_OK);
    CHECK(gn_figure_cloud(fig,
                          &(gn_cloud){.n = N,
                                      .x = x,
                                      .y = y,
                                      .group = group,
                                      .n_groups = 2,
                                      .group_name = names,
                                      .faint_label = "neither",
                                      .no_legend = no_legend},
                          &err) == GN_OK);
    return fig;
}

static gn_figure *sheet(bool no_legend, size_t n, size_t columns) {
    gn_figure *p[8], *fig = NULL;
    for (size_t i = 0; i < n; i++) p[i] = panel(i ? "b, c" : "a", no_legend, i == 1 ? 3 : 2.5);
    CHECK(gn_figure_panels("All of them", p, n, columns, &fig, &err) == GN_OK);
    return fig;
}

TEST(cells_are_as_large_as_the_largest) {
    gn_fonts *fonts = NULL;
    OK(gn_fonts_open(&fonts, &err));
    for (int shared = 0; shared < 2; shared++) {
        gn_figure *fig = sheet(shared, 5, 2);
        gn_panels p;
        OK(gn_panels_make(fig, fonts, &p, &err));
        CHECK(p.n == 5 && p.columns == 2);
        CHECK_NEAR(p.width, 2 * 3 * 72, 1e-9);
        CHECK_NEAR(p.height, p.top + 3 * 2 * 72, 1e-9);
        CHECK(p.n_key == (shared ? 3 : 0) && p.top > 10);
        for (size_t i = 0; i < p.n; i++) {
            CHECK((p.layout[i].n_legend == 0) == shared);
            if (shared && i != 1) /* without legends all frames are equal */
                CHECK(p.layout[i].frame.y0 == p.layout[0].frame.y0 &&
                      p.layout[i].frame.x1 == p.layout[0].frame.x1);
        }
        for (size_t g = 0; g < p.n_key; g++) {
            const gn_box b = gn_text_box(fonts, &p.key[g]);
            CHECK(b.x0 > 0 && b.x1 < p.width && b.y1 <= p.top && b.y0 >= p.title.y);
        }
        gn_panels_free(&p);
        gn_figure_free(fig);
    }
    gn_fonts_close(fonts);
}

/* Each panel is painted in its own cell: blank it and its cell changes, the others do not. */
TEST(panels_are_painted_into_their_cells) {
    for (int with = 0; with < 2; with++) {
        gn_figure *fig = sheet(true, 3, 2);
        gn_fonts *fonts = NULL;
        gn_panels p;
        OK(gn_fonts_open(&fonts, &err));
        OK(gn_panels_make(fig, fonts, &p, &err));
        cairo_surface_t *s =
            cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)p.width, (int)p.height);
        cairo_t *cr = cairo_create(s);
        cairo_set_source_rgb(cr, 1, 1, 1);
        cairo_paint(cr);
        gn_panels_draw(cr, fig, fonts, &p, with);
        cairo_surface_flush(s);
        size_t ink[4] = {0};
        const unsigned char *bytes = cairo_image_surface_get_data(s);
        for (int y = (int)p.top + 1; y < (int)p.height; y++)
            for (int x = 0; x < (int)p.width; x++) {
                uint32_t pixel;
                memcpy(&pixel, bytes + y * cairo_image_surface_get_stride(s) + 4 * x, 4);
                ink[(y > p.top + 144) * 2 + (x >= 216)] += (pixel & 0xffffff) != 0xffffff;
            }
        CHECK(ink[0] > 500 && ink[1] > 500 && ink[2] > 500 && ink[3] == 0);
        cairo_destroy(cr);
        cairo_surface_destroy(s);
        gn_panels_free(&p);
        gn_fonts_close(fonts);
        gn_figure_free(fig);
    }
}

TEST(numbers_carry_their_panel) {
    gn_figure *fig = sheet(true, 2, 2);
    const char *path = tmp_path("panels.csv");
    char line[256];
    size_t n = 0, second = 0;
    OK(gn_figure_write_csv(fig, path, &err));
    FILE *f = fopen(path, "r");
    REQUIRE(f != NULL);
    while (fgets(line, sizeof line, f)) {
        if (n == 0) CHECK_STR(line, "panel,group,x,y,z,value\n");
        if (n == 2) CHECK_STR(line, "\"a\",\"left \"\"one\"\"\",1,1,,\n");
        second += strncmp(line, "\"b, c\",", 7) == 0;
        n++;
    }
    fclose(f);
    CHECK(n == 1 + 2 * N && second == N);
    OK(gn_figure_write(fig, tmp_path("panels.svg"), &err));
    OK(gn_figure_write(fig, tmp_path("panels.pdf"), &err));
    OK(gn_figure_write(fig, tmp_path("panels.png"), &err));
    gn_figure_free(fig);
}

TEST(refusals) {
    gn_figure *fig = sheet(true, 2, 2), *alone = panel("p", false, 0), *out = NULL;
    gn_figure *const nested[] = {alone, fig};
    const double one = 1;
    CHECK(gn_figure_panels(NULL, nested, 2, 2, &out, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "panel 1");
    CHECK(gn_figure_panels(NULL, nested, 0, 2, &out, &err) == GN_EINVAL);
    CHECK(gn_figure_panels(NULL, nested, 1, 0, &out, &err) == GN_EINVAL && out == NULL);
    CHECK(gn_figure_line(fig, &(gn_series){.n = 1, .x = &one, .y = &one}, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "sheet");
    gn_figure_free(fig);
    gn_figure_free(alone);
}

int main(void) {
    RUN(cells_are_as_large_as_the_largest);
    RUN(panels_are_painted_into_their_cells);
    RUN(numbers_carry_their_panel);
    RUN(refusals);
    return tap_done();
}
