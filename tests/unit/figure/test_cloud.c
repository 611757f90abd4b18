/* Clouds: nothing leaves the canvas, no group hides another, space is drawn from far to near,
 * colours mean what the bar says. */
#include "tap.h"

#include "boxes.h"

#include "base/random.h"
#include "figure/cloud.h"
#include "figure/draw.h"

#include <cairo.h>

static gn_error err;

#define LONG_NAME                                                                                  \
    "a name that goes on and on: sentence-transformers/all-MiniLM-L6-v2, layer 6 of 6, WordNet's " \
    "example sentences, one row a target word, <b>&amp; not markup</b>"

enum { N = 900, KINDS = 8 };
static double x[N], y[N], z[N], value[N];
static int32_t group[N];
static const char *const names[GN_CLOUD_GROUPS] = {
    "noun", "verb", "adj", LONG_NAME, "the fifth", "6", "seven", "8", "nine", "ten & <more>"};

static void fill(void) {
    gn_random r = gn_random_new(1, 0);
    for (int i = 0; i < N; i++) {
        x[i] = gn_random_normal(&r) * 1e-3;
        y[i] = gn_random_normal(&r) * 40 + 1000;
        z[i] = exp(3 * gn_random_normal(&r));
        value[i] = i % 9 ? floor(exp(9 * gn_random_uniform(&r))) : (double)NAN;
        group[i] = i % 12 - 1 < 10 ? i % 12 - 1 : -1;
    }
    y[5] = (double)NAN;
}

/* kind: bit 0 in space, bit 1 by group, bit 2 names (or a linear bar) */
static gn_figure *make(int kind) {
    gn_figure *fig = NULL;
    gn_figure_opts o = {
        .title = kind == 3 ? LONG_NAME : "Title", .x_label = "PC 1", .y_label = "PC 2"};
    gn_cloud c = {.n = N, .x = x, .y = y};
    fill();
    if (kind & 1) {
        c.z = z;
        c.z_label = "PC 3 (1.2 %)";
    }
    if (kind & 2) {
        c.group = group;
        c.n_groups = GN_CLOUD_GROUPS;
        c.group_name = names;
        c.name_groups = kind & 4;
        c.faint_label = "35 others";
    } else {
        c.value = value;
        c.value_label = kind & 4 ? NULL : "occurrences of the token";
        c.value_log = !(kind & 4);
    }
    if (gn_figure_new(&o, &fig, &err) == GN_OK && gn_figure_cloud(fig, &c, &err) == GN_OK)
        return fig;
    printf("# kind %d: %s\n", kind, err.message);
    gn_figure_free(fig);
    return NULL;
}

TEST(no_text_leaves_the_canvas_or_meets_another) {
    for (int kind = 0; kind < KINDS; kind++) {
        gn_figure *fig = make(kind);
        gn_fonts *fonts;
        REQUIRE(fig != NULL);
        OK(gn_fonts_open(&fonts, &err));
        gn_layout *l = calloc(1, sizeof *l);
        gn_layout_make(fig, fonts, l);
        gn_box canvas = {0, 0, l->width, l->height};
        bool good;
        /* names stand among the points, and a crowd of ten may come close to an axis */
        size_t n = check_texts(fonts, l, kind, (kind & 6) == 6, &good);
        CHECK(good);
        CHECK(n >= 8 && (l->n_legend > 0) == ((kind & 6) == 2));
        CHECK(inside(l->frame, canvas, 0) && l->frame.x1 - l->frame.x0 > 0.5 * l->width);
        CHECK((l->bar.x1 > l->frame.x1) == !(kind & 2));
        for (size_t i = 0; i < N; i++) {
            double px, py;
            bool shown = gn_cloud_place(fig, l, i, &px, &py);
            CHECK(shown == (i != 5));
            gn_box p = {px, py, px, py};
            if (shown) CHECK(inside(p, l->frame, 0.1));
            for (size_t k = 0; k < l->n_legend && shown; k++)
                CHECK(apart(p, gn_text_box(fonts, &l->legend[k].text)));
        }
        free(l);
        gn_fonts_close(fonts);
        gn_figure_free(fig);
    }
}

TEST(bytes_repeat) {
    const char *format[] = {"png", "svg", "pdf"};
    for (int kind = 0; kind < KINDS; kind++) {
        gn_figure *fig = make(kind);
        REQUIRE(fig != NULL);
        for (int f = 0; f < 3; f++) {
            unsigned char *a, *b;
            size_t n_a, n_b;
            OK(gn_figure_render(fig, format[f], &a, &n_a, &err));
            OK(gn_figure_render(fig, format[f], &b, &n_b, &err));
            CHECK(n_a == n_b && memcmp(a, b, n_a) == 0 && n_a > 5000);
            free(a);
            free(b);
        }
        gn_figure_free(fig);
    }
}

TEST(no_group_hides_another) {
    /* two groups at the same places: each is on top in half of them; points of no group never are
     */
    enum { PAIRS = 5000 };
    static double u[3 * PAIRS];
    static int32_t g[3 * PAIRS];
    static size_t drawn[3 * PAIRS];
    const char *const two[] = {"a", "b"};
    gn_random r = gn_random_new(2, 0);
    for (int i = 0; i < PAIRS; i++) {
        u[i] = u[i + PAIRS] = u[i + 2 * PAIRS] = gn_random_uniform(&r);
        g[i] = 0;
        g[i + PAIRS] = 1;
        g[i + 2 * PAIRS] = -1;
    }
    gn_figure *fig;
    gn_cloud c = {.n = 3 * PAIRS, .x = u, .y = u, .group = g, .n_groups = 2, .group_name = two};
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_cloud(fig, &c, &err));
    for (size_t k = 0; k < c.n; k++) drawn[fig->cloud_order[k]] = k;
    int first = 0, faint = 0;
    for (int i = 0; i < PAIRS; i++) {
        first += drawn[i] > drawn[i + PAIRS];
        faint += drawn[i + 2 * PAIRS] > drawn[i] || drawn[i + 2 * PAIRS] > drawn[i + PAIRS];
    }
    CHECK(abs(first - PAIRS / 2) < 4 * 36); /* four standard deviations */
    CHECK(faint == 0);
    gn_figure_free(fig);
}

TEST(space_is_drawn_from_far_to_near) {
    gn_figure *fig;
    gn_fonts *fonts;
    /* the corners of the box, and its middle */
    double p[9][3];
    for (int i = 0; i < 9; i++)
        for (int k = 0; k < 3; k++) p[i][k] = i == 8 ? 0.5 : i >> k & 1;
    double px[9], py[9], pz[9], sx[9], sy[9];
    for (int i = 0; i < 9; i++) px[i] = p[i][0], py[i] = p[i][1], pz[i] = p[i][2];
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_cloud(fig, &(gn_cloud){.n = 9, .x = px, .y = py, .z = pz}, &err));
    OK(gn_fonts_open(&fonts, &err));
    gn_layout *l = calloc(1, sizeof *l);
    gn_layout_make(fig, fonts, l);
    for (size_t i = 0; i < 9; i++) CHECK(gn_cloud_place(fig, l, i, &sx[i], &sy[i]));
    /* x goes right and towards the viewer (down), y right and away (up), z straight up */
    CHECK(sx[1] > sx[0] && sy[1] > sy[0] && sx[2] > sx[0] && sy[2] < sy[0]);
    CHECK_NEAR(sx[4], sx[0], 1e-9);
    CHECK(sy[4] < sy[0]);
    /* parallel edges are parallel, and the middle is in the middle */
    for (int k = 0; k < 8; k++) {
        CHECK_NEAR(sx[k] + sx[7 - k], 2 * sx[8], 1e-9);
        CHECK_NEAR(sy[k] + sy[7 - k], 2 * sy[8], 1e-9);
    }
    CHECK(fig->cloud_order[0] == 2 && fig->cloud_order[8] == 5); /* back bottom; front top */
    CHECK(fig->cloud_order[4] == 8);
    free(l);
    gn_fonts_close(fonts);
    gn_figure_free(fig);
}

static unsigned pixel(cairo_surface_t *s, double px, double py) {
    uint32_t p;
    const unsigned char *data = cairo_image_surface_get_data(s);
    memcpy(&p, data + (int)py * cairo_image_surface_get_stride(s) + 4 * (int)px, 4);
    return p & 0xffffff;
}

TEST(colours_are_those_of_the_bar) {
    gn_figure *fig;
    gn_fonts *fonts;
    double at[3] = {0, 1, 2}, counts[3] = {1, 100, 10000};
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_cloud(
        fig, &(gn_cloud){.n = 3, .x = at, .y = at, .value = counts, .value_log = true}, &err));
    const char *path = tmp_path("cloud.png");
    OK(gn_figure_write(fig, path, &err));
    OK(gn_fonts_open(&fonts, &err)); /* only now: the figure opens them, too */
    gn_layout *l = calloc(1, sizeof *l);
    gn_layout_make(fig, fonts, l);
    cairo_surface_t *s = cairo_image_surface_create_from_png(path);
    REQUIRE(cairo_surface_status(s) == CAIRO_STATUS_SUCCESS);
    const unsigned want[] = {0x440154, 0x21908c, 0xfde725};
    for (size_t i = 0; i < 3; i++) {
        double px, py, t = gn_axis_place(&l->value, counts[i]);
        CHECK_NEAR(t, (double)i / 2, 1e-9);
        REQUIRE(gn_cloud_place(fig, l, i, &px, &py));
        /* inside the dot, off the grid lines that meet in its middle: 0.8 colour, 0.2 paper */
        unsigned dot = pixel(s, (px + 0.8) * 200 / 72, (py + 0.8) * 200 / 72);
        unsigned bar =
            pixel(s, (l->bar.x0 + l->bar.x1) / 2 * 200 / 72,
                  (l->bar.y1 - fmin(fmax(t, 0.01), 0.99) * (l->bar.y1 - l->bar.y0)) * 200 / 72);
        for (int shift = 0; shift < 24; shift += 8) {
            int w = (int)(want[i] >> shift & 255);
            CHECK(abs((int)(dot >> shift & 255) - (int)(0.8 * w + 0.2 * 255)) <= 4);
            CHECK(abs((int)(bar >> shift & 255) - w) <= 6);
        }
    }
    cairo_surface_destroy(s);
    remove(path);
    free(l);
    gn_fonts_close(fonts);
    gn_figure_free(fig);
}

TEST(large_clouds_are_images_inside_vector_files) {
    enum { MANY = 30000 };
    static double u[MANY], v[MANY];
    gn_random r = gn_random_new(9, 0);
    for (int i = 0; i < MANY; i++) u[i] = gn_random_normal(&r), v[i] = gn_random_normal(&r);
    for (size_t n = 2000; n <= MANY; n += MANY - 2000) {
        gn_figure *fig;
        unsigned char *svg;
        size_t n_bytes;
        OK(gn_figure_new(NULL, &fig, &err));
        OK(gn_figure_cloud(fig, &(gn_cloud){.n = n, .x = u, .y = v}, &err));
        OK(gn_figure_render(fig, "svg", &svg, &n_bytes, &err));
        CHECK((strstr((char *)svg, "data:image/png;base64") != NULL) == (n > 2000));
        CHECK(n_bytes < 1200000);
        free(svg);
        gn_figure_free(fig);
    }
}

TEST(csv_holds_the_points) {
    gn_figure *fig;
    const char *const one[] = {"a \"b\""};
    double u[2] = {0.5, 1}, w[2] = {2, (double)NAN};
    int32_t g[2] = {0, -1};
    gn_cloud c = {.n = 2, .x = u, .y = u, .z = w, .group = g, .n_groups = 1, .group_name = one};
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_cloud(fig, &c, &err));
    const char *path = tmp_path("cloud.csv");
    OK(gn_figure_write_csv(fig, path, &err));
    char text[256] = {0};
    FILE *f = fopen(path, "rb");
    REQUIRE(f != NULL);
    CHECK(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    CHECK_STR(text, "group,x,y,z,value\n\"a \"\"b\"\"\",0.5,0.5,2,\n\"\",1,1,,\n");
    remove(path);
    gn_figure_free(fig);
}

TEST(errors_name_what_is_wrong) {
    static const char *const one[] = {"a"};
    double u[2] = {1, 2}, low[2] = {-1, 0};
    int32_t g[2] = {0, 1};
    const struct {
        gn_cloud cloud;
        const char *say;
    } bad[] = {
        {{.n = 0, .x = u, .y = u}, "0 points"},
        {{.n = 2, .x = u}, "with x and y"},
        {{.n = 2, .x = u, .y = u, .value = u, .group = g}, "not by both"},
        {{.n = 2, .x = u, .y = u, .group = g, .n_groups = 11, .group_name = one}, "11 groups"},
        {{.n = 2, .x = u, .y = u, .group = g, .n_groups = 1, .group_name = one},
         "point 1: group 1 of 1"},
        {{.n = 2, .x = u, .y = u, .value = low, .value_log = true}, "no value above 0"},
    };
    gn_figure *fig;
    OK(gn_figure_new(NULL, &fig, &err));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(gn_figure_cloud(fig, &bad[i].cloud, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, bad[i].say);
    }
    OK(gn_figure_cloud(fig, &(gn_cloud){.n = 2, .x = u, .y = u}, &err));
    CHECK(gn_figure_cloud(fig, &(gn_cloud){.n = 2, .x = u, .y = u}, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "already holds something");
    CHECK(gn_figure_scatter(fig, &(gn_series){.n = 2, .x = u, .y = u}, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "a cloud and takes no further");
    gn_figure_free(fig);
}

int main(void) {
    RUN(no_text_leaves_the_canvas_or_meets_another);
    RUN(bytes_repeat);
    RUN(no_group_hides_another);
    RUN(space_is_drawn_from_far_to_near);
    RUN(colours_are_those_of_the_bar);
    RUN(large_clouds_are_images_inside_vector_files);
    RUN(csv_holds_the_points);
    RUN(errors_name_what_is_wrong);
    return tap_done();
}
