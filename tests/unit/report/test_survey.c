/* A survey's folder: every file is there, parses, holds no NaN, repeats, and survives bad names. */
#define _XOPEN_SOURCE 700
#include "tap.h"

#include "gonio/survey.h"
#include "markup.h"
#include "synthetic.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

static gn_error err;
static const char *const three[] = {"part_of_speech", "lexicographer", "sense"};
static const char *const charts[] = {"intrinsic_dimension",
                                     "gride_curve",
                                     "cosines",
                                     "norms",
                                     "participation_ratio",
                                     "isotropy_shares",
                                     "position_zero",
                                     "local_dimension",
                                     "kmeans_clusters",
                                     "overlap_previous_layer",
                                     "overlap_layers",
                                     "imbalance_previous_layer",
                                     "imbalance_layers",
                                     "label_overlap",
                                     "kstar",
                                     "density_clusters",
                                     "cluster_agreement"};
enum { N_CHARTS = sizeof charts / sizeof *charts };

/* The file's text, free() it; NULL when it cannot be read. */
static char *slurp(const char *dir, const char *name, size_t *n) {
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t room = 1 << 22;
    char *text = malloc(room);
    size_t got = fread(text, 1, room - 1, f);
    fclose(f);
    text[got] = '\0';
    if (n) *n = got;
    return text;
}

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++) n++;
    return n;
}

TEST(folder_is_complete) {
    gn_result *r = make_survey("all-MiniLM-L6-v2", 7, three, 3, &err);
    REQUIRE(r != NULL);
    const char *dir = tmp_path("survey/inner");
    OK(gn_survey_write(NULL, r, dir, &err));
    char *json = slurp(dir, "survey.json", NULL);
    REQUIRE(json != NULL);
    json_t *doc = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
    CHECK(json_array_size(json_object_get(doc, "rows")) == gn_result_count(r));
    json_decref(doc);
    free(json);
    char *csv = slurp(dir, "survey.csv", NULL);
    REQUIRE(csv != NULL);
    CHECK(count(csv, "\n") == gn_result_count(r) + 1);
    CHECK(count(csv, "nan") == 0);
    free(csv);
    for (size_t c = 0; c < N_CHARTS; c++) {
        char name[64];
        snprintf(name, sizeof name, "figures/%s.svg", charts[c]);
        char *svg = slurp(dir, name, NULL);
        REQUIRE(svg != NULL);
        CHECK(well_formed(svg) && !strstr(svg, "nan"));
        free(svg);
        snprintf(name, sizeof name, "figures/%s.csv", charts[c]);
        char *numbers = slurp(dir, name, NULL);
        REQUIRE(numbers != NULL);
        CHECK(count(numbers, "\n") > 6 && count(numbers, "nan") == 0);
        free(numbers);
        snprintf(name, sizeof name, "figures/%s.png", charts[c]);
        char *png = slurp(dir, name, NULL);
        REQUIRE(png != NULL);
        CHECK(memcmp(png, "\x89PNG", 4) == 0);
        free(png);
    }
    gn_result_free(r);
}

TEST(page_stands_alone_and_is_sound) {
    gn_result *r = make_survey("all-MiniLM-L6-v2", 7, three, 3, &err);
    REQUIRE(r != NULL);
    const char *dir = tmp_path("survey_page");
    OK(gn_survey_write(NULL, r, dir, &err));
    char *page = slurp(dir, "report.html", NULL);
    REQUIRE(page != NULL);
    CHECK(well_formed(page));
    CHECK(count(page, "<svg ") == N_CHARTS && count(page, "<figcaption>") == N_CHARTS);
    CHECK(count(page, "aria-label=\"") == N_CHARTS + 1);
    CHECK(count(page, "How to read this") == N_CHARTS && count(page, "Definition") == N_CHARTS);
    CHECK(count(page, "<th scope=\"row\">") == 7 && count(page, "<tr class=\"chosen\">") == 1);
    CHECK(count(page, "<h1>") == 1);
    CHECK(count(page, "<script") == 0 && count(page, "<link") == 0 && count(page, "<img") == 0);
    CHECK(count(page, "src=\"http") == 0 && count(page, "url(http") == 0);
    CHECK(count(page, "NaN") == 0 && count(page, "nan<") == 0 && count(page, ">inf") == 0);
    CHECK_CONTAINS(page, "prefers-color-scheme:dark");
    CHECK_CONTAINS(page, "@media print");
    CHECK_CONTAINS(page, "46,211");
    CHECK_CONTAINS(page, "21.40 \xc2\xb1 0.10");
    CHECK_CONTAINS(page, ">part_of_speech<");
    CHECK_CONTAINS(page, "pandas.DataFrame(doc[\"rows\"])");
    /* no two elements share an id */
    size_t n_twice = 0;
    for (const char *p = page; (p = strstr(p, " id=\"")) != NULL; p++) {
        char id[64];
        snprintf(id, sizeof id, "%.*s\"", (int)(5 + strcspn(p + 5, "\"")), p);
        if (!strstr(p + 1, id)) continue;
        printf("# twice: %s\n", id);
        n_twice++;
    }
    CHECK(n_twice == 0);
    /* every link inside the page leads somewhere */
    for (const char *p = page; (p = strstr(p, "<a href=\"#")) != NULL; p++) {
        char id[64];
        snprintf(id, sizeof id, " id=\"%.*s\"", (int)strcspn(p + 10, "\""), p + 10);
        CHECK_CONTAINS(page, id);
    }
    free(page);
    gn_result_free(r);
}

/* Viewers smooth an image of one pixel a cell, so that no cell has its colour. */
TEST(cells_of_heatmaps_are_many_pixels_wide) {
    gn_result *r = make_survey("m", 7, three, 0, &err);
    REQUIRE(r != NULL);
    const char *dir = tmp_path("survey_cells");
    OK(gn_survey_write(NULL, r, dir, &err));
    char *svg = slurp(dir, "figures/overlap_layers.svg", NULL);
    REQUIRE(svg != NULL);
    const char *image = strstr(svg, "<image ");
    REQUIRE(image != NULL);
    const char *width = strstr(image, "width=\"");
    REQUIRE(width != NULL);
    CHECK(atoi(width + 7) >= 7 * 50);
    free(svg);
    gn_result_free(r);
}

TEST(foreign_names_are_escaped) {
    const char *const evil[] = {"<script>alert(1)</script>", "\" onload=\"x",
                                "&amp;\xff\x01 </svg>"};
    gn_result *r = make_survey("</title><script>alert('m')</script>", 3, evil, 3, &err);
    REQUIRE(r != NULL);
    OK(gn_result_set_text(r, "<b>key", "</dd><script>", &err));
    const char *dir = tmp_path("survey_evil");
    OK(gn_survey_write(NULL, r, dir, &err));
    char *page = slurp(dir, "report.html", NULL);
    REQUIRE(page != NULL);
    CHECK(well_formed(page));
    CHECK(count(page, "<script") == 0 && count(page, "\" onload=\"") == 0);
    CHECK(count(page, "&lt;script&gt;") > 4);
    CHECK(count(page, "</title>") == 1);
    CHECK(strchr(page, '\x01') == NULL && strchr(page, '\xff') == NULL);
    free(page);
    gn_result_free(r);
}

TEST(bytes_repeat) {
    gn_result *r = make_survey("m", 7, three, 3, &err);
    REQUIRE(r != NULL);
    const char *a = tmp_path("survey_a"), *b = tmp_path("survey_b");
    OK(gn_survey_write(NULL, r, a, &err));
    OK(gn_survey_write(NULL, r, b, &err));
    OK(gn_survey_write(NULL, r, b, &err)); /* over the finished one */
    const char *const files[] = {"survey.json", "survey.csv", "report.html", "figures/norms.svg",
                                 "figures/gride_curve.png"};
    for (size_t i = 0; i < 5; i++) {
        size_t n_a = 0, n_b = 0;
        char *x = slurp(a, files[i], &n_a), *y = slurp(b, files[i], &n_b);
        REQUIRE(x && y);
        CHECK(n_a == n_b && memcmp(x, y, n_a) == 0);
        free(x);
        free(y);
    }
    gn_result_free(r);
}

TEST(small_and_partial_results_make_a_page) {
    for (int kind = 0; kind < 3; kind++) {
        gn_result *r = NULL;
        if (kind == 0) r = make_survey("one layer", 1, three, 0, &err);
        if (kind > 0) OK(gn_result_new("survey", &r, &err));
        if (kind == 1)
            OK(gn_result_add(r,
                             &(gn_measurement){"", 0, (double)NAN, "twonn", "base_0.9", (double)NAN,
                                               (double)NAN, (double)NAN, "few"},
                             &err));
        for (int l = 0; kind == 2 && l < 60; l++)
            for (int c = 1; c <= 3; c++) {
                OK(gn_result_add(r,
                                 &(gn_measurement){"s", l, l / 59.0, "spectrum", "",
                                                   100.0 / (c + l), (double)NAN, 3, NULL},
                                 &err));
                OK(gn_result_param_number(r, "component", c, &err));
            }
        REQUIRE(r != NULL);
        const char *dir = tmp_path("survey_small");
        OK(gn_survey_write(NULL, r, dir, &err));
        char *page = slurp(dir, "report.html", NULL);
        REQUIRE(page != NULL);
        CHECK(well_formed(page));
        CHECK(count(page, "nan<") + count(page, ">nan") + count(page, "nan \xc2\xb1") == 0);
        CHECK(count(page, "<svg ") == (kind == 0 ? 11 : kind == 1 ? 0 : 1));
        free(page);
        gn_result_free(r);
    }
}

static bool stop(void *user) {
    (void)user;
    return true;
}

TEST(failures_say_where) {
    gn_result *r;
    OK(gn_result_new("survey", &r, &err));
    CHECK(gn_survey_write(NULL, r, tmp_path("survey_empty"), &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "no rows");
    CHECK(access(tmp_path("survey_empty"), F_OK) != 0);
    gn_result_free(r);
    r = make_survey("m", 3, three, 1, &err);
    REQUIRE(r != NULL);
    const char *file = tmp_path("survey_is_a_file");
    OK(gn_text_write(file, "x", &err));
    CHECK(gn_survey_write(NULL, r, file, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "survey_is_a_file");
    if (access("/dev/full", W_OK) == 0) {
        char link[1200];
        const char *dir = tmp_path("survey_full");
        mkdir(dir, 0777);
        snprintf(link, sizeof link, "%s/survey.csv", dir);
        remove(link);
        REQUIRE(symlink("/dev/full", link) == 0);
        CHECK(gn_survey_write(NULL, r, dir, &err) == GN_EIO);
        CHECK_CONTAINS(err.message, "survey.csv");
        remove(link);
    }
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .hooks = {.cancel = stop}}, &ctx, &err));
    CHECK(gn_survey_write(ctx, r, tmp_path("survey_cancel"), &err) == GN_ECANCEL);
    gn_ctx_free(ctx);
    gn_result_free(r);
}

int main(void) {
    RUN(folder_is_complete);
    RUN(page_stands_alone_and_is_sound);
    RUN(cells_of_heatmaps_are_many_pixels_wide);
    RUN(foreign_names_are_escaped);
    RUN(bytes_repeat);
    RUN(small_and_partial_results_make_a_page);
    RUN(failures_say_where);
    return tap_done();
}
