/* Pairs of layers: see compare.h.
 *
 * Vocabularies differ, so rows may be matched by token. A row's neighbours then only count where
 * they have partners, too; taking rows without partners out on both sides before the search is the
 * same, and leaves k neighbours on either side. */
#include "view/compare.h"

#include "base/ctx.h"
#include "math/moments.h"
#include "view/columns.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MATCHED = 150000 };

/* ---- which row is which
 * -------------------------------------------------------------------------- */

struct named {
    const char *name;
    int32_t code;
};

static int by_name(const void *x, const void *y) {
    const struct named *a = x, *b = y;
    return strcmp(a->name, b->name);
}

/* For each code of a the code of b with the same name, or -1. */
static gn_status match_names(const gn_view_column *a, const gn_view_column *b, int32_t **out,
                             gn_error *err) {
    gn_status st;
    struct named *list = NULL;
    int32_t *code = NULL;
    GN_TRY(gn_alloc_array(&list, b->n_names, sizeof *list, "names", err));
    GN_TRY(gn_alloc_array(&code, a->n_names, sizeof *code, "names", err));
    for (size_t i = 0; i < b->n_names; i++) list[i] = (struct named){b->names[i], (int32_t)i};
    qsort(list, b->n_names, sizeof *list, by_name);
    for (size_t i = 0; i < a->n_names; i++) {
        struct named wanted = {a->names[i], 0};
        const struct named *found = bsearch(&wanted, list, b->n_names, sizeof *list, by_name);
        code[i] = found ? found->code : -1;
    }
    *out = code;
    code = NULL;
done:
    gn_free(list);
    gn_free(code);
    return st;
}

static gn_status token_column(gn_source *s, gn_view_column **out, gn_error *err) {
    const char *name = gn_source_token_column(s);
    if (!name) return gn_fail(err, GN_EINVAL, "%s has no tokens to match by", s->about.name);
    gn_status st = gn_source_column(s, name, out, err);
    if (st == GN_OK && !(*out)->code)
        st = gn_fail(err, GN_EINVAL, "column '%s' of %s holds numbers, no tokens", name,
                     s->about.name);
    return st;
}

/* The rows of each code, in order: those of code c are row[begin[c]] ... row[begin[c + 1] - 1]. */
static gn_status rows_by_code(const gn_view_column *c, size_t **out_begin, int32_t **row,
                              gn_error *err) {
    gn_status st;
    size_t *begin = NULL;
    int32_t *list = NULL;
    GN_TRY(gn_alloc_array(&begin, c->n_names + 2, sizeof *begin, "rows by token", err));
    GN_TRY(gn_alloc_array(&list, c->n, sizeof *list, "rows by token", err));
    memset(begin, 0, (c->n_names + 2) * sizeof *begin);
    for (size_t i = 0; i < c->n; i++)
        if (c->code[i] >= 0) begin[c->code[i] + 2]++;
    for (size_t i = 2; i < c->n_names + 2; i++) begin[i] += begin[i - 1];
    for (size_t i = 0; i < c->n; i++) /* begin[c + 1] runs from the start of c to its end */
        if (c->code[i] >= 0) list[begin[c->code[i] + 1]++] = (int32_t)i;
    *out_begin = begin;
    *row = list;
    begin = NULL;
    list = NULL;
done:
    gn_free(begin);
    gn_free(list);
    return st;
}

static gn_status pair_tokens(gn_source *a, gn_source *b, gn_pairing *out, gn_error *err) {
    gn_status st;
    gn_view_column *of_a = NULL, *of_b = NULL;
    int32_t *code = NULL, *row = NULL, *taken = NULL;
    size_t *begin = NULL, n = 0;
    gn_pairing p = {0};
    GN_TRY(token_column(a, &of_a, err));
    GN_TRY(token_column(b, &of_b, err));
    GN_TRY(match_names(of_a, of_b, &code, err));
    GN_TRY(rows_by_code(of_b, &begin, &row, err));
    taken = gn_calloc(of_b->n_names, sizeof *taken);
    if (!taken) GN_TRY(gn_fail_nomem(err, "pairs of rows", of_b->n_names));
    GN_TRY(gn_alloc_array(&p.a, of_a->n, sizeof *p.a, "pairs of rows", err));
    GN_TRY(gn_alloc_array(&p.b, of_a->n, sizeof *p.b, "pairs of rows", err));
    for (size_t i = 0; i < of_a->n; i++) {
        int32_t c = of_a->code[i] < 0 ? -1 : code[of_a->code[i]];
        if (c < 0) continue;
        size_t at = begin[c] + (size_t)taken[c];
        if (at >= begin[c + 1]) continue;
        taken[c]++;
        p.a[n] = (int32_t)i;
        p.b[n++] = row[at];
    }
    p.n = n;
    *out = p;
    p = (gn_pairing){0};
done:
    gn_view_column_free(of_a);
    gn_view_column_free(of_b);
    gn_free(code);
    gn_free(row);
    gn_free(begin);
    gn_free(taken);
    gn_pairing_free(&p);
    return st;
}

gn_status gn_pairing_new(gn_source *a, gn_source *b, bool by_token, gn_pairing *out,
                         gn_error *err) {
    gn_pairing p = {.n = a->about.rows};
    if (!by_token && a->about.rows != b->about.rows)
        return gn_fail(err, GN_EINVAL,
                       "%s has %zu rows and %s has %zu: they can only be matched by token",
                       a->about.name, a->about.rows, b->about.name, b->about.rows);
    gn_status st = by_token ? pair_tokens(a, b, &p, err) : GN_OK;
    if (st == GN_OK && (p.n < 3 || p.n > MAX_MATCHED)) {
        st = gn_fail(err, GN_EINVAL, "%s and %s have %zu rows in common: expected 3 to %d",
                     a->about.name, b->about.name, p.n, MAX_MATCHED);
        gn_pairing_free(&p);
    }
    if (st == GN_OK) *out = p;
    return st;
}

void gn_pairing_free(gn_pairing *p) {
    gn_free(p->a);
    gn_free(p->b);
    *p = (gn_pairing){0};
}

/* ---- overlap
 * ------------------------------------------------------------------------------------- */

void gn_lists_overlap(const gn_knn *a, const gn_knn *b, size_t k, int32_t *mark, float *out) {
    for (size_t i = 0; i < a->n; i++) mark[i] = -1;
    for (size_t i = 0; i < a->n; i++) { /* a mark is the number of the row that left it */
        size_t same = 0;
        for (size_t j = 0; j < k; j++) mark[a->index[i * a->k + j]] = (int32_t)i;
        for (size_t j = 0; j < k; j++) same += mark[b->index[i * b->k + j]] == (int32_t)i;
        out[i] = (float)same / (float)k;
    }
}

struct compare_args {
    gn_layer a, b;
    gn_comparison_opts o;
};

/* Lists of the matched rows of one layer. Those of all rows come from the cache (*held). */
static gn_status matched_lists(gn_layer l, const int32_t *row, size_t n,
                               const gn_comparison_opts *o, gn_ctx *ctx, gn_cached **held,
                               gn_knn **own, const gn_knn **out, gn_error *err) {
    gn_status st;
    float *x = NULL;
    if (!row) {
        GN_TRY(gn_layer_neighbors(l, o->metric, (gn_space){0}, o->k, ctx, held, err));
        *out = ((const gn_neighbors *)gn_cached_value(*held))->all;
        return GN_OK;
    }
    size_t d = l.s->about.dims;
    gn_knn_opts knn = {.k = o->k < n - 1 ? o->k : n - 1, .metric = o->metric};
    GN_TRY(gn_alloc_array(&x, n, d * sizeof *x, "matched rows", err));
    GN_TRY(gn_layer_place(l, (gn_space){0}, row, n, ctx, x, err));
    st = gn_layer_prefix(l, gn_knn_compute(ctx, gn_mat_f32(x, n, d), &knn, own, err), err);
    if (st == GN_OK) *out = *own;
done:
    gn_free(x);
    return st;
}

static gn_status compare_lists(const struct compare_args *a, const gn_pairing *p, gn_ctx *ctx,
                               gn_comparison *c, gn_error *err) {
    gn_status st;
    gn_cached *held[2] = {NULL, NULL};
    gn_knn *own[2] = {NULL, NULL};
    const gn_knn *of_a, *of_b;
    int32_t *mark = NULL;
    float *value = NULL;
    double sum = 0, squares = 0;
    GN_TRY(matched_lists(a->a, p->a, p->n, &a->o, ctx, &held[0], &own[0], &of_a, err));
    GN_TRY(matched_lists(a->b, p->b, p->n, &a->o, ctx, &held[1], &own[1], &of_b, err));
    c->k = a->o.k < of_a->k ? a->o.k : of_a->k;
    c->matched = p->n;
    GN_TRY(gn_alloc_array(&mark, p->n, sizeof *mark, "overlaps", err));
    GN_TRY(gn_alloc_array(&value, p->n, sizeof *value, "overlaps", err));
    gn_lists_overlap(of_a, of_b, c->k, mark, value);
    for (size_t i = 0; i < p->n; i++) sum += (double)value[i];
    c->mean = sum / (double)p->n;
    for (size_t i = 0; i < p->n; i++)
        squares += ((double)value[i] - c->mean) * ((double)value[i] - c->mean);
    c->se = sqrt(squares / (double)(p->n - 1) / (double)p->n);
    c->chance = (double)c->k / (double)(p->n - 1);
    for (size_t i = 0; i < p->n; i++) {
        size_t row = p->a ? (size_t)p->a[i] : i;
        c->overlap[row] = value[i];
        c->match[row] = p->b ? p->b[i] : (int32_t)i;
    }
done:
    for (int side = 0; side < 2; side++) {
        gn_cache_give(a->a.v, held[side]);
        gn_knn_free(own[side]);
    }
    gn_free(mark);
    gn_free(value);
    return st;
}

/* ---- CKA
 * ------------------------------------------------------------------------------------------- */

/* Rows of both layers laid end to end: their second moments hold X'X, Y'Y and X'Y. */
struct both {
    gn_mat a, b;
    const gn_pairing *p;
};

static void load_both(void *user, size_t i0, size_t k, unsigned worker, double *out) {
    const struct both *w = user;
    size_t da = w->a.cols, db = w->b.cols;
    (void)worker;
    for (size_t i = 0; i < k; i++) {
        size_t ra = w->p->a ? (size_t)w->p->a[i0 + i] : i0 + i;
        size_t rb = w->p->b ? (size_t)w->p->b[i0 + i] : i0 + i;
        double *to = out + i * (da + db);
        const double *x = gn_mat_row_f64(w->a, ra, to);
        if (x != to) memcpy(to, x, da * sizeof *to);
        x = gn_mat_row_f64(w->b, rb, to + da);
        if (x != to + da) memcpy(to + da, x, db * sizeof *to);
    }
}

static double squares_of(const double *m, size_t ld, size_t row, size_t rows, size_t col,
                         size_t cols) {
    double sum = 0;
    for (size_t i = row; i < row + rows; i++)
        for (size_t j = col; j < col + cols; j++) sum += m[i * ld + j] * m[i * ld + j];
    return sum;
}

static gn_status compare_moments(const struct compare_args *a, const gn_pairing *p, gn_ctx *ctx,
                                 gn_comparison *c, gn_error *err) {
    gn_status st;
    struct both w = {a->a.s->view[a->a.i], a->b.s->view[a->b.i], p};
    size_t da = w.a.cols, db = w.b.cols, d = da + db;
    gn_rows rows = {.n = p->n, .d = d, .user = &w, .load = load_both};
    double *mean = NULL, *row = NULL, *m = NULL;
    GN_TRY(gn_alloc_array(&mean, d, sizeof *mean, "means", err));
    GN_TRY(gn_alloc_array(&row, d, sizeof *row, "a row", err));
    GN_TRY(gn_alloc_array(&m, d, d * sizeof *m, "second moments", err));
    memset(mean, 0, d * sizeof *mean);
    for (size_t i = 0; i < p->n; i++) {
        load_both(&w, i, 1, 0, row);
        for (size_t j = 0; j < d; j++) mean[j] += row[j] / (double)p->n;
    }
    GN_TRY(gn_rows_moments(ctx, &rows, mean, 1, m, err));
    double across = squares_of(m, d, 0, da, da, db), of_a = squares_of(m, d, 0, da, 0, da),
           of_b = squares_of(m, d, da, db, da, db);
    c->cka = of_a > 0 && of_b > 0 ? across / sqrt(of_a) / sqrt(of_b) : (double)NAN;
done:
    gn_free(mean);
    gn_free(row);
    gn_free(m);
    return st;
}

/* ---- both
 * ------------------------------------------------------------------------------------------ */

static void free_comparison(void *value) {
    gn_comparison *c = value;
    gn_free(c->overlap);
    gn_free(c->match);
    gn_free(c);
}

static gn_status make_comparison(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes,
                                 gn_error *err) {
    const struct compare_args *a = args;
    gn_status st;
    gn_pairing p = {0};
    gn_comparison *c = gn_calloc(1, sizeof *c);
    if (!c) return gn_fail_nomem(err, "a comparison", sizeof *c);
    c->n = a->a.s->about.rows;
    GN_TRY(gn_alloc_array(&c->overlap, c->n, sizeof *c->overlap, "overlaps", err));
    GN_TRY(gn_alloc_array(&c->match, c->n, sizeof *c->match, "matches", err));
    for (size_t i = 0; i < c->n; i++) {
        c->overlap[i] = NAN;
        c->match[i] = -1;
    }
    GN_TRY(gn_pairing_new(a->a.s, a->b.s, a->o.by_token, &p, err));
    GN_TRY(compare_lists(a, &p, ctx, c, err));
    GN_TRY(compare_moments(a, &p, ctx, c, err));
    *n_bytes = c->n * 8;
    *value = c;
    c = NULL;
done:
    gn_pairing_free(&p);
    if (c) free_comparison(c);
    return st;
}

gn_status gn_layers_compare(gn_layer a, gn_layer b, const gn_comparison_opts *opts, gn_ctx *ctx,
                            gn_cached **out, gn_error *err) {
    struct compare_args args = {a, b, *opts};
    gn_recipe r = {.make = make_comparison, .args = &args, .free = free_comparison};
    snprintf(r.key, sizeof r.key, "%zu/%zu beside %zu/%zu %d %d %zu", a.s->id, a.i, b.s->id, b.i,
             (int)opts->by_token, (int)opts->metric, opts->k);
    return gn_cache_get(a.v, &r, ctx, out, err);
}
