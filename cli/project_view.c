#define _POSIX_C_SOURCE 200809L
#include "project.h"
#include "row_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All other rows. */
static gn_status complement(cli_view *v, size_t n_rows, gn_error *err) {
    bool *taken = calloc(n_rows + 1, sizeof *taken);
    int32_t *rest = malloc((n_rows + 1) * sizeof *rest);
    size_t n = 0;
    for (size_t i = 0; taken && i < v->n; i++) taken[v->row[i]] = true;
    for (size_t i = 0; taken && rest && i < n_rows; i++)
        if (!taken[i]) rest[n++] = (int32_t)i;
    free(v->row);
    v->row = taken ? rest : NULL;
    v->n = n;
    if (!taken) free(rest);
    free(taken);
    return v->row ? GN_OK : cli_fail(err, GN_ENOMEM, "out of memory: the rows of --zoom");
}

static gn_status copy_rows(gn_mat x, cli_view *v, gn_error *err) {
    v->copy = malloc((v->n * x.cols + 1) * sizeof *v->copy);
    if (!v->copy) return cli_fail(err, GN_ENOMEM, "out of memory: the rows of --zoom");
    for (size_t i = 0; i < v->n; i++) {
        float *to = v->copy + i * x.cols;
        const float *from = gn_mat_row_f32(x, (size_t)v->row[i], to);
        if (from != to) memcpy(to, from, x.cols * sizeof *to);
    }
    v->x = gn_mat_f32(v->copy, v->n, x.cols);
    return GN_OK;
}

gn_status cli_view_open(const gn_reps *reps, size_t layer, const char *zoom, cli_view *v,
                        gn_error *err) {
    gn_mat x = gn_reps_layer(reps, layer);
    *v = (cli_view){.layer = layer, .n = x.rows, .x = x};
    if (!zoom) return GN_OK;
    char *spec = strdup(zoom), *not_equal = spec ? strstr(spec, "!=") : NULL;
    if (!spec) return cli_fail(err, GN_ENOMEM, "out of memory: --zoom");
    if (not_equal) memmove(not_equal, not_equal + 1, strlen(not_equal));
    gn_status st = cli_row_list(reps, spec, &v->row, &v->n, err);
    if (st == GN_OK && not_equal) st = complement(v, x.rows, err);
    if (st == GN_OK) st = copy_rows(x, v, err);
    free(spec);
    if (st != GN_OK) cli_view_free(v);
    return st;
}

void cli_view_free(cli_view *v) {
    free(v->row);
    free(v->copy);
    *v = (cli_view){0};
}
