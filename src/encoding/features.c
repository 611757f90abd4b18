/* Feature tables in memory. A column is stored as levels: the different values, and the level of
 * each row. Everything downstream (sums over pairs, profiles, patterns) works on levels, numbers
 * included: a number with many values simply has many levels, in ascending order. */
#include "encoding/features.h"

#include "base/number.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

const char *gn_feature_kind_name(gn_feature_kind kind) {
    static const char *const names[] = {"categorical", "ordinal", "numeric"};
    return kind <= GN_NUMERIC ? names[kind] : "?";
}

static const char *const distances[] = {"by kind", "categorical", "absdiff", "squared", "rank"};

const char *gn_feature_distance_name(gn_feature_distance distance) {
    return distance <= GN_RANKED ? distances[distance] : "?";
}

gn_status gn_feature_distance_parse(const char *name, gn_feature_distance *out, gn_error *err) {
    for (int d = GN_DIFFER; d <= GN_RANKED; d++)
        if (strcmp(name, distances[d]) == 0) {
            *out = (gn_feature_distance)d;
            return GN_OK;
        }
    return gn_fail(err, GN_EINVAL,
                   "feature distance '%s': expected categorical, absdiff, squared or rank", name);
}

double gn_feature_pair(const gn_feature *f, size_t i, size_t j) {
    int32_t a = f->code[i], b = f->code[j];
    if (a < 0 || b < 0 || a == b) return 0;
    if (f->distance == GN_DIFFER) return 1;
    double delta = fabs(f->level_value[a] - f->level_value[b]);
    return f->distance == GN_SQUARED ? delta * delta : delta;
}

/* ---- building ------------------------------------------------------------------------------- */

gn_status gn_table_start(size_t n, size_t n_columns, gn_feature_table **out, gn_error *err) {
    if (n == 0 || n > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "a feature table of %zu rows: expected 1 to %d", n,
                       INT32_MAX);
    gn_feature_table *t = gn_calloc(1, sizeof *t);
    if (t) t->feature = gn_arena_alloc(&t->arena, n_columns, sizeof *t->feature);
    if (!t || !t->feature) {
        gn_features_free(t ? &t->features : NULL);
        return gn_fail_nomem(err, "a feature table", n_columns * sizeof *t->feature);
    }
    t->features.n = n;
    t->features.feature = t->feature;
    *out = t;
    return GN_OK;
}

/* The levels' numbers scaled to [0, 1]; they ascend. */
static void scale_levels(gn_feature *f, const double *number, double *to) {
    f->min = f->n_levels ? number[0] : (double)NAN;
    f->max = f->n_levels ? number[f->n_levels - 1] : (double)NAN;
    /* Halves first: the range of finite numbers may overflow. */
    double range = f->max / 2 - f->min / 2;
    for (size_t v = 0; v < f->n_levels; v++)
        to[v] = range > 0 ? (number[v] / 2 - f->min / 2) / range : 0;
    f->level_value = to;
}

/* The levels' ranks over the rows, equal values at their average, scaled in the same way. */
static void rank_levels(const gn_feature *f, size_t n, double *to) {
    double below = 0;
    for (size_t v = 0; v < f->n_levels; v++) to[v] = 0;
    for (size_t i = 0; i < n; i++)
        if (f->code[i] >= 0) to[f->code[i]]++;
    for (size_t v = 0; v < f->n_levels; v++) {
        double count = to[v];
        to[v] = below + (count + 1) / 2;
        below += count;
    }
    double first = f->n_levels ? to[0] : 0;
    double range = f->n_levels ? to[f->n_levels - 1] - first : 0;
    for (size_t v = 0; v < f->n_levels; v++) to[v] = range > 0 ? (to[v] - first) / range : 0;
}

gn_status gn_table_add(gn_feature_table *t, const gn_column *c, gn_error *err) {
    size_t n = t->features.n, n_levels = c->n_levels;
    gn_feature f = {.name = gn_arena_text(&t->arena, c->name, strlen(c->name)),
                    .kind = !c->number                      ? GN_CATEGORICAL
                            : n_levels <= GN_ORDINAL_LEVELS ? GN_ORDINAL
                                                            : GN_NUMERIC,
                    .distance = c->distance,
                    .n_levels = n_levels,
                    .min = (double)NAN,
                    .max = (double)NAN};
    if (f.distance == GN_BY_KIND) f.distance = f.kind == GN_NUMERIC ? GN_ABSDIFF : GN_DIFFER;
    if (f.distance != GN_DIFFER && !c->number)
        return gn_fail(err, GN_EINVAL,
                       "feature '%s': its values are no numbers, expected the distance "
                       "'categorical', not '%s'",
                       c->name, gn_feature_distance_name(f.distance));
    int32_t *code = gn_arena_alloc(&t->arena, n, sizeof *code);
    const char **level = gn_arena_alloc(&t->arena, n_levels, sizeof *level);
    double *value = gn_arena_alloc(&t->arena, n_levels, sizeof *value);
    bool good = f.name && code && level && value;
    for (size_t v = 0; good && v < n_levels; v++)
        good = (level[v] = gn_arena_text(&t->arena, c->level[v], strlen(c->level[v]))) != NULL;
    if (!good) return gn_fail_nomem(err, "a feature table", n * sizeof *code);
    if (n) memcpy(code, c->code, n * sizeof *code);
    for (size_t i = 0; i < n; i++) f.n_missing += code[i] < 0;
    f.code = code;
    f.level = level;
    if (c->number) scale_levels(&f, c->number, value);
    if (f.distance == GN_RANKED) rank_levels(&f, n, value);
    t->feature[t->features.n_features++] = f;
    return GN_OK;
}

void gn_features_free(gn_features *f) {
    if (!f) return;
    gn_feature_table *t = (gn_feature_table *)f;
    gn_arena_free(&t->arena);
    gn_free(t);
}

/* ---- from arrays ------------------------------------------------------------------------------
 */

/* Scratch for one column: levels of its rows, the levels' names and numbers. */
struct levels {
    int32_t *code, *order;
    const char **name;
    double *number;
    char (*text)[GN_NUMBER_ROOM];
    size_t n;
};

static gn_status levels_of_codes(struct levels *l, const gn_feature_column *c, size_t n,
                                 gn_error *err) {
    int32_t most = -1;
    for (size_t i = 0; i < n; i++) {
        if (c->code[i] < -1 || (c->code[i] >= 0 && (size_t)c->code[i] >= n))
            return gn_fail(err, GN_EINVAL, "feature '%s', row %zu: code %d, expected -1 to %zu",
                           c->name, i, c->code[i], n - 1);
        most = c->code[i] > most ? c->code[i] : most;
        l->code[i] = c->code[i];
    }
    l->n = (size_t)(most + 1);
    for (size_t v = 0; v < l->n; v++) l->name[v] = gn_number_text(l->text[v], (double)v);
    return GN_OK;
}

static gn_status levels_of_values(struct levels *l, const gn_feature_column *c, size_t n,
                                  gn_error *err) {
    gn_status st = gn_argsort_f64(c->value, n, l->order, err);
    if (st != GN_OK) return st;
    l->n = 0;
    for (size_t r = 0; r < n; r++) { /* ascending, NaN last */
        size_t i = (size_t)l->order[r];
        double x = c->value[i];
        if (isinf(x))
            return gn_fail(err, GN_EINVAL, "feature '%s', row %zu is %g: expected a finite number",
                           c->name, i, x);
        if (isnan(x)) {
            l->code[i] = -1;
            continue;
        }
        if (l->n == 0 || x > l->number[l->n - 1]) {
            l->name[l->n] = gn_number_text(l->text[l->n], x);
            l->number[l->n++] = x;
        }
        l->code[i] = (int32_t)l->n - 1;
    }
    return GN_OK;
}

gn_status gn_features_new(size_t n, const gn_feature_column *column, size_t n_columns,
                          gn_features **out, gn_error *err) {
    gn_status st;
    gn_feature_table *t = NULL;
    struct levels l = {0};
    GN_TRY(gn_table_start(n, n_columns, &t, err));
    GN_TRY(gn_alloc_array(&l.code, n, sizeof *l.code, "a feature's levels", err));
    GN_TRY(gn_alloc_array(&l.order, n, sizeof *l.order, "a feature's levels", err));
    GN_TRY(gn_alloc_array(&l.name, n, sizeof *l.name, "a feature's levels", err));
    GN_TRY(gn_alloc_array(&l.number, n, sizeof *l.number, "a feature's levels", err));
    GN_TRY(gn_alloc_array(&l.text, n, sizeof *l.text, "a feature's levels", err));
    for (size_t k = 0; k < n_columns; k++) {
        const gn_feature_column *c = &column[k];
        if (!c->code == !c->value) {
            st = gn_fail(err, GN_EINVAL, "feature '%s': expected either codes or values", c->name);
            goto done;
        }
        GN_TRY((c->code ? levels_of_codes : levels_of_values)(&l, c, n, err));
        GN_TRY(gn_table_add(t,
                            &(gn_column){.name = c->name,
                                         .code = l.code,
                                         .n_levels = l.n,
                                         .level = l.name,
                                         .number = c->value ? l.number : NULL,
                                         .distance = c->distance},
                            err));
    }
    *out = &t->features;
    t = NULL;
done:
    gn_features_free(t ? &t->features : NULL);
    gn_free(l.code);
    gn_free(l.order);
    gn_free(l.name);
    gn_free(l.number);
    gn_free(l.text);
    return st;
}
