/* Figures: properties of every layout, stable bytes, well-formed files, and errors that say why. */
#define _XOPEN_SOURCE 700
#include "tap.h"

#include "boxes.h"
#include "csv_text.h"

#include "base/random.h"
#include "figure/layout.h"
#include "figure/svg.h"
#include "markup.h"

#include <cairo.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static gn_error err;

#define LONG_NAME                                                                                  \
    "a name that goes on and on: sentence-transformers/all-MiniLM-L6-v2, layer 6 of 6, WordNet's " \
    "example sentences, one row a target word, <b>&amp; not markup</b>"

/* Bars of all sorts: side by side with names that must stand upright, or stacks of short names. */
static bool add_bars(gn_figure *fig, bool stacked) {
    enum { GROUPS = 40, BARS = 3 };
    static double value[GROUPS * BARS], lo[GROUPS * BARS], hi[GROUPS * BARS];
    static const char *const bar[BARS] = {"one", LONG_NAME, "others"};
    static char text[GROUPS][256];
    const char *group[GROUPS];
    for (int i = 0; i < GROUPS * BARS; i++) {
        value[i] = stacked ? (i % 7) * 0.1 : (i % 7) - 3;
        lo[i] = value[i] - 0.5;
        hi[i] = value[i] + 0.25;
    }
    value[4] = hi[7] = (double)NAN;
    for (int g = 0; g < GROUPS; g++) {
        group[g] = text[g];
        snprintf(text[g], sizeof text[g], stacked ? "%d" : "%d " LONG_NAME, g);
    }
    const gn_bars b = {stacked ? 9 : GROUPS, BARS,    group,  bar, value, stacked ? NULL : lo,
                       stacked ? NULL : hi,  stacked, stacked};
    return gn_figure_bars(fig, &b, &err) == GN_OK &&
           gn_figure_hline(fig, 0.5, "chance", &err) == GN_OK;
}

/* A figure of one of eleven kinds; NULL (with a note) when something failed. */
enum { N_KINDS = 11 };
static gn_figure *make(int kind) {
    gn_figure *fig = NULL;
    gn_figure_opts o = {.title = "Title", .x_label = "layer", .y_label = "value"};
    gn_random r = gn_random_new(1, (uint64_t)kind);
    static double x[3000], y[3000], lo[3000], hi[3000];
    if (kind == 1 || kind == 6) o.title = o.x_label = o.y_label = LONG_NAME;
    if (kind == 2) o.palette = GN_PALETTE_VIRIDIS;
    if (kind == 3) o.y_log = true;
    if (kind == 4) o.width_in = 1.6, o.height_in = 1.5;
    bool ok = gn_figure_new(kind == 8 ? NULL : &o, &fig, &err) == GN_OK;
    size_t n = kind == 5 ? 3000 : 25;
    if (ok && kind >= 9) ok = add_bars(fig, kind == 10);
    for (int s = 0; ok && kind != 6 && kind < 8 && s < (kind == 2 ? 40 : 3); s++) {
        char label[256];
        snprintf(label, sizeof label, "series %d%s", s, kind == 1 ? LONG_NAME : "");
        for (size_t i = 0; i < n; i++) {
            x[i] = (double)i;
            y[i] = exp(2 * gn_random_normal(&r)) - (kind == 3 ? 0.5 : 0);
            lo[i] = y[i] * 0.7;
            hi[i] = y[i] * 1.4;
        }
        y[3] = (double)NAN;
        hi[7] = (double)NAN;
        lo[8] = -1;
        gn_series series = {label, n, x, y, lo, hi, -1};
        if (kind == 5)
            ok = gn_figure_scatter(fig, &series, &err) == GN_OK;
        else if (s == 1)
            ok = gn_figure_points(fig, &series, &err) == GN_OK;
        else
            ok = gn_figure_line(fig, &series, &err) == GN_OK;
        if (kind == 7) ok = ok && gn_figure_hline(fig, 1 + s * 0.01, LONG_NAME, &err) == GN_OK;
    }
    if (ok && kind == 6)
        ok = gn_figure_heatmap(fig, (double[]){1, 2, (double)NAN, 4, -5e6, 6}, 2, 3, LONG_NAME,
                               &err) == GN_OK;
    if (ok) return fig;
    printf("# kind %d: %s\n", kind, err.message);
    gn_figure_free(fig);
    return NULL;
}

TEST(no_text_leaves_the_canvas_or_meets_another) {
    for (int kind = 0; kind < N_KINDS; kind++) {
        gn_figure *fig = make(kind);
        gn_fonts *fonts;
        REQUIRE(fig != NULL);
        OK(gn_fonts_open(&fonts, &err));
        gn_layout *l = calloc(1, sizeof *l);
        gn_layout_make(fig, fonts, l);
        gn_box canvas = {0, 0, l->width, l->height};
        bool good;
        size_t n = check_texts(fonts, l, kind, kind == 7, &good);
        CHECK(good);
        CHECK(n >= 4);
        CHECK(inside(l->frame, canvas, 0) && l->frame.x1 - l->frame.x0 > 0.3 * l->width);
        free(l);
        gn_fonts_close(fonts);
        gn_figure_free(fig);
    }
}

TEST(the_legend_covers_no_data) {
    for (int corner = 0; corner < 5; corner++) {
        /* data in all corners but one; for corner 4 everywhere */
        double x[4000], y[4000];
        size_t n = 0;
        gn_random r = gn_random_new(5, 0);
        while (n < 4000) {
            double u = gn_random_uniform(&r), v = gn_random_uniform(&r);
            bool left = u<0.45, top = v> 0.6;
            if (corner < 4 && left == (corner % 2) && top == (corner / 2)) continue;
            x[n] = u;
            y[n++] = v;
        }
        gn_figure *fig;
        gn_fonts *fonts;
        OK(gn_figure_new(&(gn_figure_opts){.title = "t"}, &fig, &err));
        OK(gn_figure_scatter(fig, &(gn_series){"label", n, x, y, NULL, NULL, -1}, &err));
        OK(gn_fonts_open(&fonts, &err));
        gn_layout *l = calloc(1, sizeof *l);
        gn_layout_make(fig, fonts, l);
        REQUIRE(l->n_legend == 1);
        gn_box b = gn_text_box(fonts, &l->legend[0].text);
        CHECK(inside(b, l->frame, 0) == (corner < 4));
        bool covered = false;
        for (size_t i = 0; i < n; i++) {
            double px = gn_layout_x(l, x[i]), py = gn_layout_y(l, y[i]);
            covered = covered || (px > l->legend[0].x && px < b.x1 && py > b.y0 && py < b.y1);
        }
        CHECK(!covered);
        free(l);
        gn_fonts_close(fonts);
        gn_figure_free(fig);
    }
}

TEST(bytes_repeat) {
    const char *format[] = {"png", "svg", "pdf"}, *magic[] = {"\x89PNG", "<?xml", "%PDF-"};
    for (int kind = 0; kind < N_KINDS; kind++) {
        gn_figure *fig = make(kind);
        REQUIRE(fig != NULL);
        for (int f = 0; f < 3; f++) {
            unsigned char *a, *b;
            size_t n_a, n_b;
            OK(gn_figure_render(fig, format[f], &a, &n_a, &err));
            OK(gn_figure_render(fig, format[f], &b, &n_b, &err));
            CHECK(n_a == n_b && memcmp(a, b, n_a) == 0);
            CHECK(n_a > 1000 && memcmp(a, magic[f], strlen(magic[f])) == 0);
            free(a);
            free(b);
        }
        gn_figure_free(fig);
    }
}

TEST(svg_is_well_formed) {
    for (int kind = 0; kind < N_KINDS; kind++) {
        gn_figure *fig = make(kind);
        REQUIRE(fig != NULL);
        unsigned char *svg;
        size_t n;
        OK(gn_figure_render(fig, "svg", &svg, &n, &err));
        CHECK(strlen((char *)svg) == n && well_formed((char *)svg));
        CHECK(strstr((char *)svg, "nan") == NULL && strstr((char *)svg, "inf") == NULL);
        free(svg);
        gn_figure_free(fig);
    }
}

TEST(inline_svg_adapts) {
    gn_figure *fig = make(0);
    REQUIRE(fig != NULL);
    char *svg;
    OK(gn_figure_inline_svg(fig, "f3-", "a <b> \"c\" \x01", &svg, &err));
    CHECK(strncmp(svg, "<svg ", 5) == 0 && well_formed(svg));
    CHECK_CONTAINS(svg, "aria-label=\"a &lt;b&gt; &quot;c&quot; \xEF\xBF\xBD\"");
    CHECK_CONTAINS(svg, "var(--ink)");
    CHECK_CONTAINS(svg, "var(--grid)");
    CHECK_CONTAINS(svg, "var(--f3-c0,#4c72b0)");
    CHECK_CONTAINS(svg, "prefers-color-scheme:dark");
    CHECK(strstr(svg, "rgb(") == NULL);
    /* every id and every reference carries the prefix; every reference has its id */
    int references = 0, missing = 0;
    for (const char *p = svg; (p = strstr(p, "href=\"#")) != NULL; references++) {
        char id[64];
        p += strlen("href=\"#");
        snprintf(id, sizeof id, " id=\"%.*s\"", (int)strcspn(p, "\""), p);
        if (strncmp(p, "f3-", 3) != 0 || !strstr(svg, id)) missing++;
    }
    CHECK(references > 20 && missing == 0);
    free(svg);
    gn_figure_free(fig);
}

TEST(large_clouds_stay_small_in_vector_files) {
    enum { N = 20000 };
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    gn_random r = gn_random_new(9, 0);
    for (int i = 0; i < N; i++) x[i] = gn_random_normal(&r), y[i] = gn_random_normal(&r);
    gn_figure *fig;
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_scatter(fig, &(gn_series){NULL, N, x, y, NULL, NULL, -1}, &err));
    unsigned char *svg;
    size_t n;
    OK(gn_figure_render(fig, "svg", &svg, &n, &err));
    CHECK_CONTAINS((char *)svg, "data:image/png;base64");
    CHECK(n < 1200000);
    free(svg);
    free(x);
    free(y);
    gn_figure_free(fig);
}

static unsigned pixel(cairo_surface_t *s, double x, double y) {
    uint32_t p;
    memcpy(&p,
           cairo_image_surface_get_data(s) + (int)y * cairo_image_surface_get_stride(s) +
               4 * (int)x,
           4);
    return p & 0xffffff;
}

TEST(heatmap_cells_are_where_they_belong) {
    gn_figure *fig;
    gn_fonts *fonts;
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_heatmap(fig, (double[]){0, 0.5, 1, 1, 0, (double)NAN}, 2, 3, NULL, &err));
    const char *path = tmp_path("heat.png");
    OK(gn_figure_write(fig, path, &err));
    OK(gn_fonts_open(&fonts, &err));
    gn_layout *l = calloc(1, sizeof *l);
    gn_layout_make(fig, fonts, l);
    cairo_surface_t *s = cairo_image_surface_create_from_png(path);
    REQUIRE(cairo_surface_status(s) == CAIRO_STATUS_SUCCESS);
    CHECK(cairo_image_surface_get_width(s) == (int)lround(4.6 * 200));
    const unsigned want[] = {0x440154, 0x21908c, 0xfde725, 0xfde725, 0x440154, 0xd9d9d9};
    for (int i = 0; i < 6; i++) {
        unsigned got = pixel(s, gn_layout_x(l, i % 3) * 200 / 72, gn_layout_y(l, i / 3) * 200 / 72);
        for (int shift = 0; shift < 24; shift += 8)
            CHECK(abs((int)(got >> shift & 255) - (int)(want[i] >> shift & 255)) <= 2);
    }
    cairo_surface_destroy(s);
    remove(path);
    free(l);
    gn_fonts_close(fonts);
    gn_figure_free(fig);
}

/* Layers 0, 3 and 12 against 0 ... 59: ticks and CSV call them by their numbers. */
TEST(heatmap_rows_have_names) {
    enum { COLS = 60 };
    double value[3 * COLS];
    int row[] = {0, 3, 12}, col[COLS];
    gn_figure *fig;
    gn_fonts *fonts;
    for (int i = 0; i < 3 * COLS; i++) value[i] = i;
    for (int i = 0; i < COLS; i++) col[i] = 2 * i - 1;
    OK(gn_figure_new(NULL, &fig, &err));
    CHECK(gn_figure_heatmap_numbers(fig, row, col, &err) == GN_EINVAL);
    OK(gn_figure_heatmap(fig, value, 3, COLS, NULL, &err));
    OK(gn_figure_heatmap_numbers(fig, row, col, &err));
    OK(gn_fonts_open(&fonts, &err));
    gn_layout *l = calloc(1, sizeof *l);
    gn_layout_make(fig, fonts, l);
    REQUIRE(l->n_y_ticks == 3 && l->n_x_ticks >= 2 && l->n_x_ticks <= 12);
    CHECK_STR(l->y_tick[1].label, "3");
    CHECK_STR(l->y_tick[2].label, "12");
    CHECK(l->y_tick[2].value == 2);
    CHECK_STR(l->x_tick[0].label, "\xe2\x88\x92"
                                  "1");
    for (size_t i = 0; i < l->n_x_ticks; i++) {
        int at = (int)l->x_tick[i].value;
        char want[16];
        CHECK(at % 5 == 0);
        snprintf(want, sizeof want, "%d", 2 * at - 1);
        if (at > 0) CHECK_STR(l->x_tick[i].label, want);
    }
    char text[64];
    CHECK_CONTAINS(csv_text(fig, "named.csv", text, sizeof text),
                   "row,col,value\n0,-1,0\n0,1,1\n0,3,2\n");
    free(l);
    gn_fonts_close(fonts);
    gn_figure_free(fig);
}

TEST(heatmap_rows_have_words) {
    const char *row[] = {"subject", "a name that is much longer than any margin could ever hold"};
    const char *col[] = {"<tense>", "b & \"c\""};
    gn_figure *fig;
    gn_fonts *fonts;
    OK(gn_figure_new(NULL, &fig, &err));
    CHECK(gn_figure_heatmap_names(fig, row, col, &err) == GN_EINVAL);
    OK(gn_figure_heatmap(fig, (double[]){1, 2, 3, 4}, 2, 2, "r", &err));
    OK(gn_figure_heatmap_names(fig, row, col, &err));
    OK(gn_fonts_open(&fonts, &err));
    gn_layout *l = calloc(1, sizeof *l);
    gn_layout_make(fig, fonts, l);
    size_t found = 0;
    for (size_t t = 0; t < l->n_texts; t++)
        for (int i = 0; i < 2; i++) {
            bool x = strcmp(l->text[t].text, col[i]) == 0;
            if (!x && strcmp(l->text[t].text, row[i]) != 0) continue;
            gn_box box = gn_text_box(fonts, &l->text[t]);
            CHECK(!l->text[t].markup && (l->text[t].angle != 0) == x);
            CHECK(x ? box.y0 > l->frame.y1 : box.x1 < l->frame.x0);
            CHECK(box.x0 >= 0 && box.y1 <= l->height);
            found++;
        }
    CHECK(found == 4);
    char text[256];
    CHECK_CONTAINS(csv_text(fig, "words.csv", text, sizeof text),
                   "\"subject\",\"<tense>\",1\n\"subject\",\"b & \"\"c\"\"\",2\n");
    free(l);
    gn_fonts_close(fonts);
    gn_figure_free(fig);
}

TEST(csv_holds_the_numbers) {
    gn_figure *fig;
    OK(gn_figure_new(NULL, &fig, &err));
    OK(gn_figure_line(fig,
                      &(gn_series){"a \"b\", c", 2, (double[]){0, 1}, (double[]){0.1, (double)NAN},
                                   (double[]){0, 0}, (double[]){1, 2}, -1},
                      &err));
    OK(gn_figure_hline(fig, 0.25, "chance", &err));
    char text[256];
    CHECK_STR(csv_text(fig, "figure.csv", text, sizeof text),
              "series,x,y,lo,hi\n\"a \"\"b\"\", c\",0,0.1,0,1\n\"a \"\"b\"\", "
              "c\",1,,0,2\n\"chance\",,0.25,,\n");
    gn_figure_free(fig);
}

TEST(errors_name_what_is_wrong) {
    gn_figure *fig = NULL, *map;
    const double one = 1;
    CHECK(gn_figure_new(&(gn_figure_opts){.width_in = -1}, &fig, &err) == GN_EINVAL && !fig);
    CHECK(gn_figure_new(&(gn_figure_opts){.x_log = true, .x_min = -1, .x_max = 2}, &fig, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "-1");
    OK(gn_figure_new(NULL, &fig, &err));
    CHECK(gn_figure_line(fig, &(gn_series){.label = "s", .n = 1, .y = &one}, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "'s'");
    CHECK(gn_figure_line(fig, &(gn_series){"s", 1, &one, &one, &one, NULL, -1}, &err) == GN_EINVAL);
    CHECK(gn_figure_hline(fig, (double)NAN, "x", &err) == GN_EINVAL);
    CHECK(gn_figure_heatmap(fig, &one, 0, 1, NULL, &err) == GN_EINVAL);
    OK(gn_figure_line(fig, &(gn_series){"s", 1, &one, &one, NULL, NULL, -1}, &err));
    CHECK(gn_figure_heatmap(fig, &one, 1, 1, NULL, &err) == GN_EINVAL);
    OK(gn_figure_new(NULL, &map, &err));
    OK(gn_figure_heatmap(map, &one, 1, 1, NULL, &err));
    CHECK(gn_figure_line(map, &(gn_series){"s", 1, &one, &one, NULL, NULL, -1}, &err) == GN_EINVAL);
    gn_figure_free(map);
    CHECK(gn_figure_write(fig, tmp_path("x.jpeg"), &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "'jpeg'");
    CHECK(gn_figure_write(fig, tmp_path("none"), &err) == GN_EINVAL);
    CHECK(gn_figure_write(fig, tmp_path("no/such/dir/x.png"), &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "x.png");
    if (access("/dev/full", W_OK) == 0) {
        const char *full = tmp_path("full.svg");
        remove(full);
        REQUIRE(symlink("/dev/full", full) == 0);
        CHECK(gn_figure_write(fig, full, &err) == GN_EIO);
        remove(full);
    }
    gn_figure_free(fig);
    gn_figure_free(NULL);
}

/* In a process of its own, for fonts are loaded once; must run before anything is drawn here. */
TEST(odd_font_setups_do_not_matter) {
    unsigned char *here, *there = NULL;
    size_t n_here, n_there = 0;
    gn_figure *fig = make(0);
    REQUIRE(fig != NULL);
    int end[2];
    REQUIRE(pipe(end) == 0);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        setenv("FONTCONFIG_FILE", "/nonexistent/fonts.conf", 1);
        setenv("LANG", "ar_EG.UTF-8", 1);
        unsigned char *bytes;
        size_t n;
        bool good = gn_figure_render(fig, "png", &bytes, &n, &err) == GN_OK;
        for (size_t done = 0; good && done < n;) {
            ssize_t w = write(end[1], bytes + done, n - done);
            good = w > 0;
            done += good ? (size_t)w : 0;
        }
        _exit(good ? 0 : 1);
    }
    close(end[1]);
    OK(gn_figure_render(fig, "png", &here, &n_here, &err));
    there = malloc(n_here + 1);
    REQUIRE(there != NULL);
    for (ssize_t r; n_there <= n_here; n_there += (size_t)r)
        if ((r = read(end[0], there + n_there, n_here + 1 - n_there)) <= 0) break;
    close(end[0]);
    int status;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(n_here == n_there && memcmp(here, there, n_here) == 0);
    free(here);
    free(there);
    gn_figure_free(fig);
}

typedef struct drawing {
    pthread_t thread;
    gn_figure *fig;
    unsigned char *bytes;
    size_t n;
} drawing;

static void *draw_alone(void *to) {
    drawing *d = to;
    gn_error local;
    if (gn_figure_render(d->fig, "svg", &d->bytes, &d->n, &local) != GN_OK) d->bytes = NULL;
    return NULL;
}

TEST(threads_may_draw_at_once) {
    drawing d[4] = {0};
    for (int i = 0; i < 4; i++) REQUIRE((d[i].fig = make(1)) != NULL);
    for (int i = 0; i < 4; i++) REQUIRE(pthread_create(&d[i].thread, NULL, draw_alone, &d[i]) == 0);
    for (int i = 0; i < 4; i++) pthread_join(d[i].thread, NULL);
    for (int i = 0; i < 4; i++) {
        CHECK(d[i].bytes != NULL && d[i].n == d[0].n &&
              memcmp(d[i].bytes, d[0].bytes, d[i].n) == 0);
        if (i) free(d[i].bytes);
        gn_figure_free(d[i].fig);
    }
    free(d[0].bytes);
}

int main(void) {
    RUN(odd_font_setups_do_not_matter);
    RUN(no_text_leaves_the_canvas_or_meets_another);
    RUN(the_legend_covers_no_data);
    RUN(bytes_repeat);
    RUN(svg_is_well_formed);
    RUN(inline_svg_adapts);
    RUN(large_clouds_stay_small_in_vector_files);
    RUN(heatmap_cells_are_where_they_belong);
    RUN(heatmap_rows_have_names);
    RUN(heatmap_rows_have_words);
    RUN(csv_holds_the_numbers);
    RUN(errors_name_what_is_wrong);
    RUN(threads_may_draw_at_once);
    return tap_done();
}
