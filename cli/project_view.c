#define _POSIX_C_SOURCE 200809L
#include "labels.h"
#include "project.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

gn_status cli_project_fail(gn_error *err, gn_status code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    err->code = code;
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

/* Splits LABEL=VALUE or LABEL!=VALUE at the last '='. */
static gn_status split(char *zoom, const char **value, bool *equal, gn_error *err) {
    char *sign = strrchr(zoom, '=');
    if (!sign || sign == zoom || !sign[1])
        return cli_project_fail(err, GN_EINVAL,
                                "--zoom '%.200s': expected LABEL=VALUE or LABEL!=VALUE", zoom);
    *value = sign + 1;
    *equal = sign[-1] != '!';
    sign[*equal ? 0 : -1] = '\0';
    return GN_OK;
}

static gn_status choose(const gn_labels *labels, const char *name, const char *value, bool equal,
                        cli_view *v, gn_error *err) {
    int32_t code = -1;
    for (size_t c = 0; c < labels->n_classes; c++)
        if (strcmp(labels->name[c], value) == 0) code = (int32_t)c;
    if (code < 0)
        return cli_project_fail(err, GN_EINVAL, "--zoom: no row has '%.200s' as its %.200s", value,
                                name);
    v->row = malloc((labels->n + 1) * sizeof *v->row);
    if (!v->row) return cli_project_fail(err, GN_ENOMEM, "out of memory: rows");
    for (size_t i = 0; i < labels->n; i++)
        if ((labels->code[i] == code) == equal) v->row[v->n++] = (int32_t)i;
    return GN_OK;
}

static gn_status copy_rows(gn_mat x, cli_view *v, gn_error *err) {
    v->copy = malloc((v->n * x.cols + 1) * sizeof *v->copy);
    if (!v->copy) return cli_project_fail(err, GN_ENOMEM, "out of memory: the rows of --zoom");
    for (size_t i = 0; i < v->n; i++) {
        float *to = v->copy + i * x.cols;
        const float *from = gn_mat_row_f32(x, (size_t)v->row[i], to);
        if (from != to) memcpy(to, from, x.cols * sizeof *to);
    }
    v->x = gn_mat_f32(v->copy, v->n, x.cols);
    return GN_OK;
}

gn_status cli_view_open(const gn_reps *reps, const char *zoom, cli_view *v, gn_error *err) {
    gn_status st = GN_OK;
    gn_mat x = gn_reps_layer(reps, 0);
    gn_labels *owned = NULL;
    const gn_labels *labels = NULL;
    const char *value = NULL;
    bool equal = true;
    *v = (cli_view){.n = x.rows, .x = x};
    if (!zoom) return GN_OK;
    v->n = 0;
    char *name = strdup(zoom);
    if (!name) return cli_project_fail(err, GN_ENOMEM, "out of memory: --zoom");
    st = split(name, &value, &equal, err);
    if (st == GN_OK) st = cli_labels(reps, name, &owned, &labels, err);
    if (st == GN_OK && labels->n != x.rows)
        st = cli_project_fail(err, GN_EINVAL,
                              "--zoom: %.200s has another number of rows than %.200s", name,
                              gn_reps_name(reps));
    if (st == GN_OK) st = choose(labels, name, value, equal, v, err);
    if (st == GN_OK) st = copy_rows(x, v, err);
    free(name);
    gn_labels_free(owned);
    if (st != GN_OK) cli_view_free(v);
    return st;
}

void cli_view_free(cli_view *v) {
    free(v->row);
    free(v->copy);
    *v = (cli_view){0};
}
