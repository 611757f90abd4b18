/* Feature tables from CSV. Every column is first read as words (gn_label_set numbers them); a
 * column whose words all turn out to be numbers is then renumbered in ascending order, with words
 * that are the same number ("4.5", "4.50") made one level. */
#include "encoding/features.h"

#include "io/csv.h"
#include "io/csv_matrix.h"
#include "io/labels.h"
#include "io/spec.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

struct reader {
    const char *path;
    const gn_features_opts *opts;
    gn_csv csv;
    size_t n_fields; /* columns of the file */
    size_t n;        /* those that are features */
    size_t *field;   /* (n) their place in a line */
    char **name;     /* (n) */
    gn_arena arena;
    gn_label_set **set; /* (n) */
    gn_labels **labels; /* (n) */
};

static bool is_missing(const char *text, size_t n) {
    static const char *const words[] = {"NA", "NaN", "nan"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (n == strlen(words[i]) && memcmp(text, words[i], n) == 0) return true;
    return n == 0;
}

static bool left_out(const struct reader *r, const char *name) {
    if (!*name || strcmp(name, "sentence") == 0 || strcmp(name, "text") == 0) return true;
    for (size_t i = 0; r->opts && i < r->opts->n_skip; i++)
        if (strcmp(name, r->opts->skip[i]) == 0) return true;
    return false;
}

/* ---- options ----------------------------------------------------------------------------------
 */

static gn_status no_column(const struct reader *r, const char *option, size_t n, gn_error *err) {
    gn_choices names = {0};
    for (size_t k = 0; k < r->n; k++) gn_choices_add(&names, r->name[k], strlen(r->name[k]));
    return gn_fail(err, GN_EINVAL, "%s: no feature '%.*s'; there are: %s", r->path, (int)n, option,
                   names.text);
}

/* Every column to be skipped must be there: a misspelt one would stay a feature unseen. */
static gn_status check_skipped(const struct reader *r, gn_error *err) {
    for (size_t i = 0; r->opts && i < r->opts->n_skip; i++) {
        const char *name = r->opts->skip[i];
        bool found = false;
        for (size_t j = 0; j < r->n_fields && !found; j++)
            found = r->csv.field[j].n == strlen(name) &&
                    memcmp(r->csv.field[j].text, name, strlen(name)) == 0;
        if (found) continue;
        gn_choices names = {0};
        for (size_t j = 0; j < r->n_fields; j++)
            gn_choices_add(&names, r->csv.field[j].text, r->csv.field[j].n);
        return gn_fail(err, GN_EINVAL, "%s: no column '%s' to skip; there are: %s", r->path, name,
                       names.text);
    }
    return GN_OK;
}

/* Every "COLUMN=distance" must name a feature. */
static gn_status check_options(const struct reader *r, gn_error *err) {
    for (size_t i = 0; r->opts && i < r->opts->n_distances; i++) {
        const char *text = r->opts->distance[i], *equals = strrchr(text, '=');
        gn_feature_distance d;
        gn_status st = gn_feature_distance_parse(equals ? equals + 1 : text, &d, err);
        if (st != GN_OK) return st;
        bool found = !equals;
        for (size_t k = 0; k < r->n && !found; k++)
            found = strlen(r->name[k]) == (size_t)(equals - text) &&
                    memcmp(r->name[k], text, strlen(r->name[k])) == 0;
        if (!found) return no_column(r, text, (size_t)(equals - text), err);
    }
    return GN_OK;
}

/* The distance that the options name for a column; a word alone is for columns of numbers. */
static gn_feature_distance chosen(const struct reader *r, size_t k, bool numbers) {
    gn_feature_distance all = GN_BY_KIND, own = GN_BY_KIND, d;
    for (size_t i = 0; r->opts && i < r->opts->n_distances; i++) {
        const char *text = r->opts->distance[i], *equals = strrchr(text, '=');
        if (gn_feature_distance_parse(equals ? equals + 1 : text, &d, NULL) != GN_OK) continue;
        if (!equals)
            all = numbers || d == GN_DIFFER ? d : GN_BY_KIND;
        else if (strlen(r->name[k]) == (size_t)(equals - text) &&
                 memcmp(r->name[k], text, strlen(r->name[k])) == 0)
            own = d;
    }
    return own != GN_BY_KIND ? own : all;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

static gn_status read_header(struct reader *r, gn_error *err) {
    gn_status st;
    bool more;
    GN_TRY(gn_csv_next(&r->csv, &more, err));
    if (!more) return gn_fail(err, GN_EDATA, "%s: is empty, expected a header line", r->path);
    r->n_fields = r->csv.n_fields;
    GN_TRY(gn_alloc_array(&r->field, r->n_fields, sizeof *r->field, r->path, err));
    GN_TRY(gn_alloc_array(&r->name, r->n_fields, sizeof *r->name, r->path, err));
    for (size_t j = 0; j < r->n_fields; j++) {
        const gn_csv_field f = r->csv.field[j];
        if (f.n && memchr(f.text, '\0', f.n))
            return gn_fail(err, GN_EDATA, "%s: column %zu: its name contains a NUL byte", r->path,
                           j + 1);
        char *name = gn_arena_text(&r->arena, f.text, f.n);
        if (!name) return gn_fail_nomem(err, r->path, f.n);
        if (left_out(r, name)) continue;
        for (size_t k = 0; k < r->n; k++)
            if (strcmp(name, r->name[k]) == 0)
                return gn_fail(err, GN_EDATA, "%s: columns %zu and %zu are both called '%s'",
                               r->path, r->field[k] + 1, j + 1, name);
        r->field[r->n] = j;
        r->name[r->n++] = name;
    }
    GN_TRY(check_skipped(r, err));
    if (r->n == 0)
        st = gn_fail(err, GN_EDATA,
                     "%s: no feature in its header: expected a column beside the text", r->path);
done:
    return st;
}

static gn_status read_rows(struct reader *r, gn_error *err) {
    gn_status st;
    bool more;
    for (;;) {
        GN_TRY(gn_csv_next(&r->csv, &more, err));
        if (!more) break;
        if (r->n_fields > 1 && gn_csv_blank(&r->csv)) continue;
        if (r->csv.n_fields != r->n_fields)
            return gn_fail(err, GN_EDATA,
                           "%s: line %zu: %zu columns, expected %zu as in the header", r->path,
                           r->csv.line, r->csv.n_fields, r->n_fields);
        for (size_t k = 0; k < r->n; k++) {
            gn_csv_field f = r->csv.field[r->field[k]];
            GN_TRY(gn_label_set_add(r->set[k], f.text, is_missing(f.text, f.n) ? 0 : f.n, err));
        }
    }
done:
    return st;
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

/* A column's words as ascending numbers: true when all of them are numbers (of none, it is false).
 */
static bool as_numbers(const gn_labels *l, double *number) {
    for (size_t v = 0; v < l->n_classes; v++)
        if (!gn_csv_number((gn_csv_field){l->name[v], strlen(l->name[v])}, &number[v]))
            return false;
    return l->n_classes > 0;
}

static gn_status add_numbers(const struct reader *r, gn_feature_table *t, size_t k,
                             const double *number, gn_error *err) {
    gn_status st;
    gn_labels *l = r->labels[k];
    int32_t *order = NULL, *rank = NULL;
    double *level = NULL;
    const char **name = NULL;
    size_t n = 0;
    GN_TRY(gn_alloc_array(&order, l->n_classes, sizeof *order, r->path, err));
    GN_TRY(gn_alloc_array(&rank, l->n_classes, sizeof *rank, r->path, err));
    GN_TRY(gn_alloc_array(&level, l->n_classes, sizeof *level, r->path, err));
    GN_TRY(gn_alloc_array(&name, l->n_classes, sizeof *name, r->path, err));
    GN_TRY(gn_argsort_f64(number, l->n_classes, order, err));
    for (size_t i = 0; i < l->n_classes; i++) {
        size_t v = (size_t)order[i];
        if (n == 0 || number[v] > level[n - 1]) {
            name[n] = l->name[v];
            level[n++] = number[v];
        }
        rank[v] = (int32_t)n - 1;
    }
    for (size_t i = 0; i < l->n; i++)
        if (l->code[i] >= 0) l->code[i] = rank[l->code[i]];
    GN_TRY(gn_table_add(t, &(gn_column){r->name[k], l->code, n, name, level, chosen(r, k, true)},
                        err));
done:
    gn_free(order);
    gn_free(rank);
    gn_free(level);
    gn_free(name);
    return st;
}

static gn_status add_column(const struct reader *r, gn_feature_table *t, size_t k, gn_error *err) {
    gn_status st;
    const gn_labels *l = r->labels[k];
    double *number = NULL;
    GN_TRY(gn_alloc_array(&number, l->n_classes, sizeof *number, r->path, err));
    if (as_numbers(l, number)) {
        for (size_t i = 0; i < l->n; i++)
            if (l->code[i] >= 0 && !isfinite(number[l->code[i]])) {
                st = gn_fail(err, GN_EDATA,
                             "%s: column '%s', row %zu (counted from 1): '%s', expected a finite "
                             "number",
                             r->path, r->name[k], i + 1, l->name[l->code[i]]);
                goto done;
            }
        st = add_numbers(r, t, k, number, err);
    } else {
        st = gn_table_add(t,
                          &(gn_column){r->name[k], l->code, l->n_classes,
                                       (const char *const *)l->name, NULL, chosen(r, k, false)},
                          err);
        if (st != GN_OK) gn_error_prefix(err, "%s", r->path);
    }
done:
    gn_free(number);
    return st;
}

gn_status gn_features_parse(const char *text, size_t n_bytes, char separator, const char *path,
                            const gn_features_opts *opts, gn_features **out, gn_error *err) {
    gn_status st;
    struct reader r = {.path = path, .opts = opts};
    gn_feature_table *t = NULL;
    gn_csv_start(&r.csv, text, n_bytes, separator, path);
    GN_TRY(read_header(&r, err));
    GN_TRY(check_options(&r, err));
    r.set = gn_calloc(r.n, sizeof(gn_label_set *));
    r.labels = gn_calloc(r.n, sizeof(gn_labels *));
    if (!r.set || !r.labels) {
        st = gn_fail_nomem(err, path, r.n * sizeof(gn_labels *));
        goto done;
    }
    for (size_t k = 0; k < r.n; k++) GN_TRY(gn_label_set_new(path, &r.set[k], err));
    GN_TRY(read_rows(&r, err));
    for (size_t k = 0; k < r.n; k++) {
        gn_label_set *set = r.set[k];
        r.set[k] = NULL;
        GN_TRY(gn_label_set_end(set, &r.labels[k], err));
    }
    GN_TRY(gn_table_start(r.labels[0]->n, r.n, &t, err));
    for (size_t k = 0; k < r.n; k++) GN_TRY(add_column(&r, t, k, err));
    *out = &t->features;
    t = NULL;
done:
    gn_features_free(t ? &t->features : NULL);
    for (size_t k = 0; k < r.n; k++) {
        if (r.set) gn_label_set_free(r.set[k]);
        if (r.labels) gn_labels_free(r.labels[k]);
    }
    gn_free(r.set);
    gn_free(r.labels);
    gn_free(r.field);
    gn_free(r.name);
    gn_arena_free(&r.arena);
    gn_csv_free(&r.csv);
    return st;
}

gn_status gn_features_open(const char *path, const gn_features_opts *opts, gn_features **out,
                           gn_error *err) {
    gn_map map = {0};
    char *inflated = NULL, separator = gn_csv_separator(path);
    const char *text;
    size_t n;
    if (!separator)
        return gn_fail(err, GN_EINVAL, "%s: unknown kind of feature table, expected .csv or .tsv",
                       path);
    gn_status st = gn_open_text(path, &map, &inflated, &text, &n, err);
    if (st == GN_OK) st = gn_features_parse(text, n, separator, path, opts, out, err);
    gn_free(inflated);
    gn_map_close(&map);
    return st;
}
