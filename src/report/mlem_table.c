/* MLEM as a table: a row a layer; how well the distances are predicted, and each feature's share of
 * what there is to predict, PFI / (2 Var y): 100 % for a feature that explains everything alone. */
#include "gonio/measure.h"

#include "base/number.h"
#include "base/str.h"
#include "report/table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIXED = 4 };

/* The features in the order of the rows of the first layer that has them. */
static size_t find_features(const gn_result *r, const char **name, size_t room) {
    size_t n = 0;
    for (size_t i = 0; i < r->n_rows; i++) {
        const gn_result_field *f = gn_result_row_param(r, i, "feature");
        if (strcmp(r->row[i].m.measure, "pfi") != 0 || !f || !f->text) continue;
        size_t k = 0;
        while (k < n && strcmp(name[k], f->text) != 0) k++;
        if (k == n && n < room) name[n++] = f->text;
    }
    return n;
}

static gn_point share_of(const gn_profile *p, size_t i, const char *feature) {
    size_t row = gn_profile_row(p, i, "pfi", "", "feature", feature);
    gn_point v = gn_profile_at(p, i, "pfi", "", "feature", feature);
    double share = gn_profile_number(p, row, "share");
    v.se = v.value > 0 ? 100 * v.se * share / v.value : (double)NAN;
    v.value = 100 * share;
    return v;
}

static const char *cell(gn_sheet *t, const gn_profile *p, size_t column, size_t i,
                        const char *feature) {
    gn_str s = {0};
    char number[GN_NUMBER_ROOM];
    if (column == 0)
        gn_str_addf(&s, "%d", p->layer[i]);
    else if (column == 1)
        gn_str_add(&s, isfinite(p->depth[i]) ? gn_number_fixed(number, p->depth[i], 2) : "-");
    else if (column == 2)
        gn_str_add_value(&s, gn_profile_at(p, i, "r2", "", NULL, NULL), 3, true);
    else if (column == 3)
        gn_str_add_value(&s, gn_profile_at(p, i, "r", "", NULL, NULL), 3, false);
    else
        gn_str_add_value(&s, share_of(p, i, feature), 2, true);
    return gn_sheet_keep(t, &s);
}

/* What a row's note is about: a layer without a fit, or a feature. "" for other rows. */
static const char *noted(const gn_result *r, size_t i, char *layer, size_t n) {
    const gn_measurement *m = &r->row[i].m;
    if (!m->note || !*m->note || (m->variant && *m->variant)) return "";
    const gn_result_field *f = gn_result_row_param(r, i, "feature");
    if (strcmp(m->measure, "pfi") == 0 && f && f->text) return f->text;
    if (strcmp(m->measure, "r2") != 0) return "";
    snprintf(layer, n, "layer %d", m->layer);
    return layer;
}

/* A line a note: "layer 0: ...", "a, b: ...". A feature has its note in every layer: once is
 * enough.
 */
static gn_status add_notes(const gn_result *r, gn_str *s, gn_error *err) {
    gn_status st;
    char layer[32], other[32];
    size_t *row = NULL, n = 0;
    GN_TRY(gn_alloc_array(&row, r->n_rows, sizeof *row, "notes", err));
    for (size_t i = 0; i < r->n_rows; i++) {
        const char *name = noted(r, i, layer, sizeof layer);
        bool known = !*name;
        for (size_t k = 0; k < n && !known; k++)
            known = strcmp(noted(r, row[k], other, sizeof other), name) == 0 &&
                    strcmp(r->row[row[k]].m.note, r->row[i].m.note) == 0;
        if (!known) row[n++] = i;
    }
    for (size_t k = 0; k < n; k++) {
        const char *note = r->row[row[k]].m.note;
        size_t first = 0;
        while (strcmp(r->row[row[first]].m.note, note) != 0) first++;
        if (first < k) continue;
        for (size_t j = k; j < n; j++)
            if (strcmp(r->row[row[j]].m.note, note) == 0)
                gn_str_addf(s, "%s%s", j > k ? ", " : "", noted(r, row[j], layer, sizeof layer));
        gn_str_addf(s, ": %s.\n", note);
    }
done:
    gn_free(row);
    return st;
}

gn_status gn_mlem_table(gn_result *result, char **out, gn_error *err) {
    static const char *const heads[FIXED] = {"layer", "depth", "R\xc2\xb2", "r"};
    gn_status st;
    gn_profile p = {0};
    gn_sheet t = {0};
    gn_str s = {0};
    const char **name = NULL;
    GN_TRY(gn_profile_make(result, &p, err));
    GN_TRY(gn_alloc_array(&name, result->n_rows, sizeof *name, "a table", err));
    size_t n = FIXED + find_features(result, name, result->n_rows);
    bool good = (t.column = gn_arena_alloc(&t.arena, n, sizeof *t.column)) != NULL;
    t.n_rows = p.n_layers;
    for (size_t c = 0; good && c < n; c++) {
        const char *feature = c < FIXED ? NULL : name[c - FIXED];
        gn_sheet_column col = {.head = feature ? feature : heads[c],
                               .sub = "",
                               .title = "",
                               .cell = gn_arena_alloc(&t.arena, t.n_rows, sizeof(char *))};
        good = col.cell != NULL;
        for (size_t i = 0; good && i < t.n_rows; i++)
            good = (col.cell[i] = cell(&t, &p, c, i, feature)) != NULL;
        t.column[t.n_columns++] = col;
    }
    if (!good) {
        st = gn_fail_nomem(err, "a table", n * t.n_rows * 16);
        goto done;
    }
    gn_sheet_print(&t, &s);
    gn_str_add(
        &s, "\nR\xc2\xb2: share of the variance of squared distances that the features predict. A "
            "feature's column is its permutation\nimportance in percent of what it could be, PFI "
            "/ (2 Var y). \xc2\xb1 is one standard error over sentences.\n");
    GN_TRY(add_notes(p.r, &s, err));
    st = gn_str_take(&s, out, err);
done:
    gn_str_free(&s);
    gn_free(name);
    gn_sheet_free(&t);
    gn_profile_free(&p);
    return st;
}
