/* Rows that are the same thing in two sources: see pairing.h.
 *
 * Vocabularies differ, so rows may be matched by token. A row's neighbours then only count where
 * they have partners, too; taking rows without partners out on both sides before the search is the
 * same, and leaves k neighbours on either side. */
#include "view/layers/pairing.h"

#include "view/data/columns.h"

#include <stdlib.h>
#include <string.h>

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
    if (st == GN_OK && p.n < 3) {
        st = gn_fail(err, GN_EINVAL, "%s and %s have %zu rows in common: expected 3 at least",
                     a->about.name, b->about.name, p.n);
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

size_t gn_compared_k(size_t n, size_t k) {
    size_t most = n > 3 ? (n - 1) / 2 : 1;
    return k < most ? k : most;
}
