/* Sums over pairs under weights or other levels: x_k y enters them through
 *
 *     sum_ij c_i c_j K(i, j) a_i.a_j = sum over columns of P . (K P),   P = rows added up by level,
 *
 * which needs no row sums. Bootstraps draw c, permutation tests exchange levels, folds set c to 0
 * or
 * 1. Blocks are (columns, some of the forms). */
#include "encoding/levels.h"
#include "encoding/sums.h"

#include <string.h>

enum { WIDE = GN_LAYER_COLUMNS, FORMS_AT_ONCE = 16 };

struct forms {
    const gn_layer_view *v;
    const gn_form *form;
    size_t n_forms, n_columns, most_levels, worker_doubles;
    double *scratch; /* per worker: columns, level sums, applied, small */
    double *part;    /* (column blocks, n_forms) */
};

/* Columns beyond the last are zeros, see gn_layer_columns. */
static void add_levels(const int32_t *code, const double *weight, size_t n, const double *a,
                       double *sum) {
    for (size_t i = 0; i < n; i++) {
        double c = weight ? weight[i] : 1;
        if (code[i] < 0 || !(c > 0)) continue;
        double *restrict to = sum + (size_t)code[i] * WIDE;
        const double *restrict row = a + i * WIDE;
        for (size_t j = 0; j < WIDE; j++) to[j] += c * row[j];
    }
}

static gn_status form_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct forms *s = user;
    size_t n = s->v->x.rows, column = block % s->n_columns,
           first = block / s->n_columns * FORMS_AT_ONCE;
    double *a = s->scratch + worker * s->worker_doubles, *sum = a + n * WIDE,
           *applied = sum + s->most_levels * WIDE, *small = applied + s->most_levels * WIDE;
    gn_layer_columns(s->v, column * WIDE, a);
    for (size_t t = first; t < s->n_forms && t < first + FORMS_AT_ONCE; t++) {
        const gn_form *form = &s->form[t];
        const gn_feature *f = form->feature;
        double total = 0;
        if (!f) { /* one sum over all rows, squared */
            memset(sum, 0, WIDE * sizeof *sum);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < WIDE; j++)
                    sum[j] += (form->weight ? form->weight[i] : 1) * a[i * WIDE + j];
            for (size_t j = 0; j < WIDE; j++) total += sum[j] * sum[j];
            s->part[column * s->n_forms + t] = total;
            continue;
        }
        memset(sum, 0, f->n_levels * WIDE * sizeof *sum);
        add_levels(form->code ? form->code : f->code, form->weight, n, a, sum);
        gn_levels_apply(f, WIDE, sum, applied, small);
        for (size_t e = 0; e < f->n_levels * WIDE; e++) total += sum[e] * applied[e];
        s->part[column * s->n_forms + t] = total;
    }
    return GN_OK;
}

gn_status gn_layer_forms(gn_ctx *ctx, const gn_layer_view *v, const gn_form *form, size_t n_forms,
                         const char *task, double *out, gn_error *err) {
    gn_status st;
    struct forms s = {.v = v, .form = form, .n_forms = n_forms, .most_levels = 1};
    s.n_columns = (v->x.cols + WIDE - 1) / WIDE;
    size_t n_blocks = s.n_columns * ((n_forms + FORMS_AT_ONCE - 1) / FORMS_AT_ONCE);
    for (size_t t = 0; t < n_forms; t++)
        if (form[t].feature && form[t].feature->n_levels > s.most_levels)
            s.most_levels = form[t].feature->n_levels;
    s.worker_doubles = (v->x.rows + 2 * s.most_levels + GN_LEVELS_SCRATCH) * WIDE;
    gn_progress progress = {task, "sums", (double)n_forms, 0,
                            n_blocks ? (double)n_forms / (double)n_blocks : 0};
    GN_TRY(gn_alloc_array(&s.scratch, gn_ctx_threads(ctx), s.worker_doubles * sizeof(double),
                          "sums over pairs", err));
    GN_TRY(gn_alloc_array(&s.part, s.n_columns, n_forms * sizeof(double), "sums over pairs", err));
    GN_TRY(gn_parallel(ctx, n_blocks, form_block, &s, &progress, err));
    for (size_t t = 0; t < n_forms; t++) {
        out[t] = 0;
        for (size_t b = 0; b < s.n_columns; b++) out[t] += s.part[b * n_forms + t];
    }
done:
    gn_free(s.scratch);
    gn_free(s.part);
    return st;
}
