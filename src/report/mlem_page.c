/* MLEM's folder: rows, figures, and one page that shows them with how they are read. */
#include "gonio/measure.h"
#include "gonio/mlem_report.h"

#include "base/str.h"
#include "figure/svg.h"
#include "report/folder.h"
#include "report/mlem_charts.h"
#include "report/page.h"
#include "report/page_style.h"

#include <stdlib.h>
#include <string.h>

static void add_head(gn_str *s, const gn_profile *p) {
    const char *name = gn_page_subject(p);
    gn_str_add(s, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                  "<title>What distances encode: ");
    gn_str_add_escaped(s, name);
    gn_str_add(s, "</title>\n<style>\n");
    gn_str_add(s, page_style);
    gn_str_add(s, "</style>\n</head>\n<body>\n<header>\n<p class=\"kind\">gonio mlem</p>\n<h1>What "
                  "distances encode in ");
    gn_str_add_escaped(s, name);
    gn_str_add(s, "</h1>\n<p class=\"lead\">Which features of the sentences move their hidden "
                  "states apart, and by how much, layer by layer.</p>\n</header>\n<main>\n");
}

/* The printed table, as it is. */
static gn_status add_table(gn_str *s, gn_result *result, gn_error *err) {
    char *text = NULL;
    gn_status st = gn_mlem_table(result, &text, err);
    if (st != GN_OK) return st;
    gn_str_add(s, "<section aria-labelledby=\"table\">\n<h2 id=\"table\">All layers</h2>\n<pre>");
    gn_str_add_escaped(s, text);
    gn_str_add(s, "</pre>\n</section>\n");
    free(text);
    return GN_OK;
}

static void add_features(gn_str *s, const gn_features *features) {
    gn_str_add(s, "<section aria-labelledby=\"features\">\n<h2 id=\"features\">Features</h2>\n"
                  "<ol>\n");
    for (size_t k = 0; k < features->n_features; k++) {
        const gn_feature *f = &features->feature[k];
        gn_str_add(s, "<li>");
        gn_str_add_escaped(s, f->name);
        gn_str_addf(s, ": %s, %zu values, %zu missing, distance %s</li>\n",
                    gn_feature_kind_name(f->kind), f->n_levels, f->n_missing,
                    gn_feature_distance_name(f->distance));
    }
    gn_str_add(s, "</ol>\n</section>\n");
}

static gn_status page_make(gn_ctx *ctx, gn_result *result, const gn_profile *p, const gn_reps *reps,
                           const gn_features *features, char **out, gn_error *err) {
    gn_status st;
    gn_str s = {0};
    gn_chart charts[GN_MLEM_CHARTS_MAX];
    size_t n = 0;
    GN_TRY(gn_mlem_charts_make(ctx, p, reps, features, false, charts, &n, err));
    add_head(&s, p);
    for (size_t i = 0; i < n; i++) GN_TRY(gn_page_add_chart(&s, p, &charts[i], i + 1, err));
    if (features) add_features(&s, features);
    if (gn_profile_has(p, "pfi", "")) GN_TRY(add_table(&s, result, err));
    gn_page_add_conditions(&s, p);
    gn_str_addf(&s,
                "<section aria-labelledby=\"data\">\n<h2 id=\"data\">Data</h2>\n<p>%zu "
                "measurements, one a row, are in <a href=\"mlem.json\">mlem.json</a> and <a "
                "href=\"mlem.csv\">mlem.csv</a>.</p>\n</section>\n</main>\n<footer>Made by gonio "
                "%s.</footer>\n</body>\n</html>\n",
                p->r->n_rows, gn_version());
    st = gn_str_take(&s, out, err);
done:
    gn_str_free(&s);
    gn_charts_free(charts, n);
    return st;
}

gn_status gn_mlem_write_report(gn_ctx *ctx, gn_result *result, const gn_reps *reps,
                               const gn_features *features, const char *dir, gn_error *err) {
    gn_status st;
    gn_profile p = {0};
    gn_chart charts[GN_MLEM_CHARTS_MAX];
    size_t n = 0;
    char *page = NULL;
    GN_TRY(gn_profile_make(result, &p, err));
    GN_TRY(gn_mlem_charts_make(ctx, &p, reps, features, true, charts, &n, err));
    GN_TRY(page_make(ctx, result, &p, reps, features, &page, err));
    st = gn_report_folder(ctx, result, charts, n, page, dir, "mlem", "mlem", err);
done:
    gn_charts_free(charts, n);
    gn_profile_free(&p);
    gn_free(page);
    return st;
}
