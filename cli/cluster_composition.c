/* Rows cluster_share hold the numbers: a value of one column, its share in one cluster. Here they
 * become a stack for each cluster. Values that have an order (positions, frequencies) keep it and
 * run along viridis; others are stacked by the rows that they cover. */
#define _POSIX_C_SOURCE 200809L
#include "cluster_composition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CLUSTERS = 256, VALUES = GN_BARS_MAX - 1, MOST_VALUES = 5 * MOST_CLUSTERS, NAME = 160 };

struct value {
    char name[NAME];
    double rows, order;
    double share[MOST_CLUSTERS];
};

struct composition {
    size_t n_clusters, n_values;
    double size[MOST_CLUSTERS];
    struct value *value; /* (MOST_VALUES) */
    bool ordered;
    char column[NAME];
};

static double number_of(gn_result *r, size_t row, const char *key) {
    const char *text = gn_result_param(r, row, key);
    return text ? strtod(text, NULL) : (double)NAN;
}

/* What a row about a column calls it: the label's name, or the variant. */
static const char *column_of(gn_result *r, size_t row) {
    const char *label = gn_result_param(r, row, "label");
    return label ? label : gn_result_at(r, row).variant;
}

/* The column `by`, or the one with the sentence. */
static gn_status find_column(gn_result *r, const char *by, struct composition *c, gn_error *err) {
    char known[512] = "";
    for (size_t i = 0; i < gn_result_count(r); i++) {
        if (strcmp(gn_result_at(r, i).measure, "cluster_explained") != 0) continue;
        if (by ? strcmp(column_of(r, i), by) == 0 : gn_result_param(r, i, "sentence") != NULL) {
            snprintf(c->column, sizeof c->column, "%s", column_of(r, i));
            const char *variant = gn_result_at(r, i).variant;
            c->ordered = strcmp(variant, "position") == 0 || strcmp(variant, "frequency") == 0;
            return GN_OK;
        }
        size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", column_of(r, i));
    }
    if (c->n_clusters < 2)
        return cli_fail(err, GN_EINVAL,
                        "there is one cluster, so no composition to draw; -k K asks for more");
    if (!*known)
        return cli_fail(
            err, GN_EINVAL,
            "this set has no column to be composed of: types, positions and frequencies "
            "belong to rows that are tokens (extract without --pool); --labels FILE "
            "brings a column");
    return cli_fail(err, GN_EINVAL, "--by %.100s: expected one of %.300s", by ? by : "", known);
}

static struct value *value_named(struct composition *c, const char *name) {
    for (size_t v = 0; v < c->n_values; v++)
        if (strcmp(c->value[v].name, name) == 0) return &c->value[v];
    if (c->n_values == MOST_VALUES) return NULL;
    struct value *v = &c->value[c->n_values++];
    snprintf(v->name, sizeof v->name, "%s", name);
    v->order = strtod(name + strcspn(name, "0123456789"), NULL);
    return v;
}

static void read_shares(gn_result *r, struct composition *c) {
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        double cluster = number_of(r, i, "cluster");
        if (strcmp(m.measure, "cluster_share") != 0 || !(cluster < MOST_CLUSTERS) ||
            strcmp(column_of(r, i), c->column) != 0)
            continue;
        struct value *v = value_named(c, gn_result_param(r, i, "content"));
        if (!v) continue;
        v->share[(size_t)cluster] = m.value;
        v->rows += number_of(r, i, "count");
    }
}

static int by_rows(const void *a, const void *b) {
    const struct value *x = a, *y = b;
    return (x->rows < y->rows) - (x->rows > y->rows);
}
static int by_order(const void *a, const void *b) {
    const struct value *x = a, *y = b;
    return (x->order > y->order) - (x->order < y->order);
}

static gn_status draw(const struct composition *c, const char *path, gn_error *err) {
    size_t n = c->n_values < VALUES ? c->n_values : VALUES, bars = n + 1;
    double *share = calloc(c->n_clusters * bars, sizeof *share);
    char(*text)[64] = calloc(c->n_clusters, sizeof *text);
    const char *group[MOST_CLUSTERS], *bar[GN_BARS_MAX];
    gn_figure *fig = NULL;
    gn_status st = GN_OK;
    if (!share || !text) {
        st = cli_fail(err, GN_ENOMEM, "out of memory: a figure's bars");
        goto done;
    }
    bool others = false;
    for (size_t k = 0; k < c->n_clusters; k++) {
        double rest = 1;
        for (size_t v = 0; v < n; v++) {
            share[k * bars + v] = c->value[v].share[k];
            rest -= c->value[v].share[k];
        }
        share[k * bars + n] = rest > 1e-9 ? rest : 0;
        others = others || rest > 1e-9;
        snprintf(text[k], sizeof text[k], "%zu: %.0f rows", k, c->size[k]);
        group[k] = text[k];
    }
    for (size_t v = 0; v < n; v++) bar[v] = c->value[v].name;
    bar[n] = others ? "others" : NULL;
    st = gn_figure_new(
        &(gn_figure_opts){.width_in = 5.6,
                          .height_in = 4.0,
                          .x_label = "cluster",
                          .y_label = "share of the cluster's rows",
                          .y_max = 1,
                          .palette = c->ordered ? GN_PALETTE_VIRIDIS : GN_PALETTE_DEEP},
        &fig, err);
    const gn_bars b = {.n_groups = c->n_clusters,
                       .n_bars = bars,
                       .group = group,
                       .bar = bar,
                       .value = share,
                       .stacked = true,
                       .faint_last = true};
    if (st == GN_OK) st = gn_figure_bars(fig, &b, err);
    if (st == GN_OK) st = cli_write_figure(fig, path, err);
done:
    gn_figure_free(fig);
    free(share);
    free(text);
    return st;
}

gn_status cli_composition(gn_result *r, const char *by, const char *path, gn_error *err) {
    struct composition c = {.value = calloc(MOST_VALUES, sizeof *c.value)};
    if (!c.value) return cli_fail(err, GN_ENOMEM, "out of memory: a figure's bars");
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        if (strcmp(m.measure, "kmeans_size") != 0 || c.n_clusters == MOST_CLUSTERS) continue;
        c.size[c.n_clusters++] = m.value;
    }
    gn_status st = find_column(r, by, &c, err);
    if (st == GN_OK) {
        read_shares(r, &c);
        qsort(c.value, c.n_values, sizeof *c.value, by_rows);
        size_t shown = c.n_values < VALUES ? c.n_values : VALUES;
        if (c.ordered) qsort(c.value, shown, sizeof *c.value, by_order);
        st = draw(&c, path, err);
    }
    free(c.value);
    return st;
}
