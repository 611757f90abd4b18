#include "report/page.h"

#include "base/number.h"
#include "base/str.h"
#include "figure/svg.h"
#include "report/charts.h"
#include "report/page_style.h"
#include "report/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What the page is about: the model, or the set when no model is named. */
const char *gn_page_subject(const gn_profile *p) {
    for (size_t i = 0; i < p->r->n_conditions; i++)
        if (strcmp(p->r->condition[i].key, "model") == 0 && p->r->condition[i].text &&
            *p->r->condition[i].text)
            return p->r->condition[i].text;
    return *p->set ? p->set : "a set";
}

static double condition(const gn_profile *p, const char *key) {
    for (size_t i = 0; i < p->r->n_conditions; i++)
        if (strcmp(p->r->condition[i].key, key) == 0 && !p->r->condition[i].text)
            return p->r->condition[i].number;
    return (double)NAN;
}

/* 46211 as 46,211. */
static void add_count(gn_str *s, double n) {
    char number[GN_NUMBER_ROOM];
    gn_number_fixed(number, n, 0);
    size_t length = strlen(number);
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && number[i - 1] != '-') gn_str_add(s, ",");
        gn_str_add_bytes(s, number + i, 1);
    }
}

/* ---- the top
 * ------------------------------------------------------------------------------------- */

static void add_fact(gn_str *s, const char *name, const char *value, const char *detail) {
    gn_str_addf(s, "<div><dt>%s</dt><dd>%s<small>%s</small></dd></div>\n", name, value, detail);
}

static void add_id_fact(gn_str *s, const gn_profile *p, size_t i, const char *name) {
    gn_str value = {0};
    char detail[64];
    gn_point point = gn_profile_at(p, i, "twonn", "base_0.9", NULL, NULL);
    gn_str_add_value(&value, point, 2, true);
    snprintf(detail, sizeof detail, "TwoNN, layer %d", p->layer[i]);
    if (value.bad)
        s->bad = true;
    else
        add_fact(s, name, value.text, detail);
    gn_str_free(&value);
}

static void add_facts(gn_str *s, const gn_profile *p) {
    char number[32];
    gn_str rows = {0};
    gn_str_add(s, "<dl class=\"facts\">\n");
    snprintf(number, sizeof number, "%zu", p->n_layers);
    add_fact(s, "Layers", number, "layer 0 is the embedding output");
    double n = condition(p, "rows");
    if (n > 0) {
        add_count(&rows, n);
        double d = condition(p, "dims");
        char detail[48] = "vectors a layer";
        if (d > 0) snprintf(detail, sizeof detail, "vectors a layer, %.0f dimensions each", d);
        if (rows.bad)
            s->bad = true;
        else
            add_fact(s, "Rows", rows.text, detail);
        gn_str_free(&rows);
    }
    if (p->peak != SIZE_MAX) add_id_fact(s, p, p->peak, "Peak of the intrinsic dimension");
    if (p->suggested != SIZE_MAX) {
        char detail[64];
        snprintf(number, sizeof number, "%d", p->layer[p->suggested]);
        snprintf(detail, sizeof detail, "low intrinsic dimension after the peak");
        add_fact(s, "Suggested layer", number, detail);
    }
    gn_str_add(s, "</dl>\n");
}

static void add_head(gn_str *s, const gn_profile *p) {
    const char *name = gn_page_subject(p);
    gn_str_add(s, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                  "<title>Geometry of ");
    gn_str_add_escaped(s, name);
    gn_str_add(s, "</title>\n<style>\n");
    gn_str_add(s, page_style);
    gn_str_add(s, "</style>\n</head>\n<body>\n<header>\n<p class=\"kind\">gonio ");
    gn_str_add_escaped(s, p->r->command);
    gn_str_add(s, "</p>\n<h1>Geometry of ");
    gn_str_add_escaped(s, name);
    gn_str_add(s,
               "</h1>\n<p class=\"lead\">How the hidden representations are spread, on how many "
               "dimensions they live, what is near what, and how all of it changes from layer to "
               "layer.</p>\n");
    add_facts(s, p);
}

static void add_contents(gn_str *s, const gn_chart *charts, size_t n) {
    gn_str_add(s,
               "<nav aria-label=\"Contents\"><ul>\n<li><a href=\"#table\">All layers</a></li>\n");
    for (size_t i = 0; i < n; i++)
        gn_str_addf(s, "<li><a href=\"#%s\">%s</a></li>\n", charts[i].text->name,
                    charts[i].text->title);
    gn_str_add(s, "<li><a href=\"#conditions\">Conditions</a></li>\n"
                  "<li><a href=\"#data\">Data</a></li>\n</ul></nav>\n</header>\n<main>\n");
}

/* ---- the table
 * ------------------------------------------------------------------------------------ */

static void add_table(gn_str *s, const gn_profile *p, const gn_sheet *t) {
    gn_str_add(s, "<section aria-labelledby=\"table\">\n<h2 id=\"table\">All layers</h2>\n"
                  "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"table\">"
                  "<table>\n<thead><tr>");
    for (size_t c = 0; c < t->n_columns; c++) {
        const gn_sheet_column *col = &t->column[c];
        gn_str_add(s, col->name ? "<th scope=\"col\" class=\"label\" title=\""
                                : "<th scope=\"col\" title=\"");
        gn_str_add_escaped(s, col->title);
        gn_str_add(s, "\">");
        gn_str_add_escaped(s, col->name ? col->name : col->head);
        gn_str_add(s, "<small>");
        gn_str_add_escaped(s, *col->sub ? col->sub : "\xc2\xa0");
        gn_str_add(s, "</small></th>");
    }
    gn_str_add(s, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < t->n_rows; i++) {
        gn_str_add(s, i == p->suggested ? "<tr class=\"chosen\">" : "<tr>");
        for (size_t c = 0; c < t->n_columns; c++) {
            gn_str_add(s, c ? "<td>" : "<th scope=\"row\">");
            gn_str_add_escaped(s, t->column[c].cell[i]);
            gn_str_add(s, c ? "</td>" : "</th>");
        }
        gn_str_add(s, "</tr>\n");
    }
    gn_str_add(s,
               "</tbody></table></div>\n<p class=\"note\">\xc2\xb1 is one standard error. Gride "
               "is given at the scale <i>n</i><sub>2</sub> where it changes least; cos is the "
               "mean cosine between types and intra the one within types, \xe2\x88\x92mean after "
               "removing the mean of all rows; PR is the participation ratio.");
    if (isfinite(p->overlap_k)) gn_str_addf(s, " Overlaps use %g neighbours.", p->overlap_k);
    gn_str_add(s, " ");
    gn_str_add_escaped(s, t->chance);
    gn_str_add(s, "</p>\n<p class=\"note\">");
    gn_str_add_escaped(s, t->suggestion);
    gn_str_add(s, "</p>\n</section>\n");
}

/* ---- measures
 * -------------------------------------------------------------------------------------- */

gn_status gn_page_add_chart(gn_str *s, const gn_profile *p, const gn_chart *chart, size_t number,
                            gn_error *err) {
    const gn_chart_text *t = chart->text;
    char prefix[24], label[256], *svg = NULL;
    snprintf(prefix, sizeof prefix, "f%zu-", number);
    snprintf(label, sizeof label, "%s of %.150s, layer by layer", t->title, gn_page_subject(p));
    gn_status st = gn_figure_inline_svg(chart->fig, prefix, label, &svg, err);
    if (st != GN_OK) return st;
    gn_str_addf(s,
                "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n<div class=\"measure\">\n"
                "<figure>\n",
                t->name, t->name, t->title);
    gn_str_add(s, svg);
    gn_str_addf(s,
                "<figcaption>%s <a href=\"figures/%s.svg\">SVG</a>, <a href=\"figures/%s.png\">PNG"
                "</a>, <a href=\"figures/%s.csv\">numbers</a></figcaption>\n</figure>\n",
                t->caption, t->name, t->name, t->name);
    gn_str_addf(s,
                "<div>\n<h3>How to read this</h3>\n<p>%s</p>\n<h3>Definition</h3>\n"
                "<p class=\"formula\">%s</p>\n<h3>Source</h3>\n<p>%s</p>\n</div>\n</div>\n"
                "</section>\n",
                t->reading, t->formula, t->source);
    gn_free(svg);
    return GN_OK;
}

/* ---- the end
 * ---------------------------------------------------------------------------------------- */

void gn_page_add_conditions(gn_str *s, const gn_profile *p) {
    char number[GN_NUMBER_ROOM];
    gn_str_add(s,
               "<section aria-labelledby=\"conditions\">\n<h2 id=\"conditions\">Conditions</h2>\n"
               "<dl class=\"conditions\">\n<dt>set</dt><dd>");
    gn_str_add_escaped(s, p->set);
    gn_str_add(s, "</dd>\n");
    for (size_t i = 0; i < p->r->n_conditions; i++) {
        const gn_result_field *f = &p->r->condition[i];
        gn_str_add(s, "<dt>");
        for (const char *c = f->key; *c; c++) {
            char one[2] = {*c == '_' ? ' ' : *c, '\0'};
            if ((unsigned char)*c < 0x80)
                gn_str_add_escaped(s, one);
            else
                gn_str_add_bytes(s, c, 1);
        }
        gn_str_add(s, "</dt><dd>");
        if (f->text)
            gn_str_add_escaped(s, f->text);
        else
            gn_str_add(s, isfinite(f->number) ? gn_number_text(number, f->number) : "\xe2\x80\x93");
        gn_str_add(s, "</dd>\n");
    }
    gn_str_add(s, "</dl>\n</section>\n");
}

static void add_data(gn_str *s, const gn_profile *p) {
    gn_str_add(s, "<section aria-labelledby=\"data\">\n<h2 id=\"data\">Data</h2>\n<p>");
    add_count(s, (double)p->r->n_rows);
    gn_str_add(s, " measurements, one a row, are in <a href=\"survey.json\">survey.json</a> and "
                  "<a href=\"survey.csv\">survey.csv</a>; a value that does not exist is null and "
                  "says why in its note.</p>\n<pre><code>import json, pandas\n\n"
                  "doc = json.load(open(\"survey.json\"))\n"
                  "rows = pandas.DataFrame(doc[\"rows\"])\n"
                  "rows.query(\"measure == 'twonn' and variant == 'base_0.9'\")"
                  ".plot(x=\"layer\", y=\"value\", yerr=\"se\")</code></pre>\n</section>\n");
}

gn_status gn_page_make(const gn_profile *p, char **out, gn_error *err) {
    gn_status st;
    gn_str s = {0};
    gn_sheet t = {0};
    gn_chart charts[GN_CHARTS_MAX];
    size_t n = 0;
    GN_TRY(gn_sheet_make(p, &t, err));
    GN_TRY(gn_charts_make(p, false, charts, &n, err));
    add_head(&s, p);
    add_contents(&s, charts, n);
    add_table(&s, p, &t);
    for (size_t i = 0; i < n; i++) GN_TRY(gn_page_add_chart(&s, p, &charts[i], i + 1, err));
    gn_page_add_conditions(&s, p);
    add_data(&s, p);
    gn_str_addf(&s, "</main>\n<footer>Made by gonio %s.</footer>\n</body>\n</html>\n",
                gn_version());
    st = gn_str_take(&s, out, err);
done:
    gn_str_free(&s);
    gn_charts_free(charts, n);
    gn_sheet_free(&t);
    return st;
}
