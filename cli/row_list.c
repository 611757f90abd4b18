/* Slices as in NumPy, but a row that is not there is an error: a typing mistake should not look
 * like a smaller set. */
#include "row_list.h"
#include "cli.h"
#include "labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct list {
    const char *spec, *at;
    size_t n_rows; /* of the set */
    int32_t *row;
    size_t n, room;
};

static gn_status add(struct list *l, size_t row, gn_error *err) {
    if (l->n == l->room) {
        size_t room = l->room ? 2 * l->room : 1024;
        int32_t *more = realloc(l->row, room * sizeof *more);
        if (!more) return cli_fail(err, GN_ENOMEM, "out of memory: a list of %zu rows", room);
        l->row = more;
        l->room = room;
    }
    l->row[l->n++] = (int32_t)row;
    return GN_OK;
}

/* An integer at l->at, negative ones counted from the end; `most` is the largest one allowed. False
 * when there is none. */
static bool number(struct list *l, long long *out, bool from_end) {
    char *end;
    long long x = strtoll(l->at, &end, 10);
    if (end == l->at || *l->at == ' ' || *l->at == '+') return false;
    l->at = end;
    *out = x < 0 && from_end ? x + (long long)l->n_rows : x;
    return true;
}

/* One part: I, A:B or A:B:STEP. */
static gn_status part(struct list *l, gn_error *err) {
    gn_status st = GN_OK;
    long long n = (long long)l->n_rows, first = 0, last = n, step = 1;
    const char *begin = l->at;
    bool given = number(l, &first, true);
    if (*l->at != ':' && given) {
        last = first + 1;
    } else if (*l->at == ':') {
        l->at++;
        number(l, &last, true);
        if (*l->at == ':') {
            l->at++;
            if (!number(l, &step, false)) step = 0;
        }
    } else {
        last = -1;
    }
    if ((*l->at && *l->at != ',') || step < 1 || last < 0)
        return cli_fail(err, GN_EINVAL,
                        "rows \"%s\": expected numbers or slices such as 0:1000:10, separated by "
                        "commas, LABEL=VALUE or FILE.npy",
                        l->spec);
    int width = (int)(l->at - begin);
    if (first < 0 || first >= n || last > n)
        return cli_fail(err, GN_EINVAL, "rows \"%s\": %.*s is outside of the %zu rows", l->spec,
                        width, begin, l->n_rows);
    for (long long i = first; i < last && st == GN_OK; i += step) st = add(l, (size_t)i, err);
    return st;
}

static gn_status by_label(struct list *l, const gn_reps *reps, const char *equals, gn_error *err) {
    cli_labels found = {0};
    const gn_labels *labels = NULL;
    int32_t code = -1;
    size_t width = (size_t)(equals - l->spec);
    char *name = malloc(width + 1);
    if (!name) return cli_fail(err, GN_ENOMEM, "out of memory: a label's name");
    memcpy(name, l->spec, width);
    name[width] = '\0';
    gn_status st = cli_labels_find(&found, reps, name, err);
    if (st == GN_OK) labels = found.label[0].labels;
    if (st == GN_OK && labels->n != l->n_rows)
        st = cli_fail(err, GN_EINVAL, "%s: %zu labels for %zu rows", name, labels->n, l->n_rows);
    for (size_t c = 0; st == GN_OK && c < labels->n_classes; c++)
        if (strcmp(labels->name[c], equals + 1) == 0) code = (int32_t)c;
    if (st == GN_OK && code < 0)
        st = cli_fail(err, GN_EINVAL, "rows \"%s\": no row has that label (one of %zu is '%s')",
                      l->spec, labels->n_classes, labels->n_classes ? labels->name[0] : "");
    for (size_t i = 0; st == GN_OK && i < l->n_rows; i++)
        if (labels->code[i] == code) st = add(l, i, err);
    cli_labels_free(&found);
    free(name);
    return st;
}

/* position=P, where the set has no label of that name. */
static bool is_position(const gn_reps *reps, const char *spec) {
    for (size_t c = 0; c < gn_reps_label_count(reps); c++)
        if (strcmp(gn_reps_label_name(reps, c), "position") == 0) return false;
    return gn_reps_position(reps) && strncmp(spec, "position=", 9) == 0;
}

static gn_status by_position(struct list *l, const int32_t *position, gn_error *err) {
    gn_status st = GN_OK;
    char *end;
    long long at = strtoll(l->spec + 9, &end, 10);
    if (end == l->spec + 9 || *end || at < 0)
        return cli_fail(err, GN_EINVAL, "rows \"%s\": expected a position, such as position=0",
                        l->spec);
    for (size_t i = 0; i < l->n_rows && st == GN_OK; i++)
        if (position[i] == at) st = add(l, i, err);
    return st;
}

static gn_status by_file(struct list *l, gn_error *err) {
    gn_matrix *m = NULL;
    gn_status st = gn_matrix_open(l->spec, &m, err);
    if (st != GN_OK) return st;
    gn_mat x = gn_matrix_view(m);
    if (x.cols != 1)
        st = cli_fail(err, GN_EINVAL, "%s: %zu columns, expected one of row numbers", l->spec,
                      x.cols);
    for (size_t i = 0; st == GN_OK && i < x.rows; i++) {
        double buf, row = *gn_mat_row_f64(x, i, &buf);
        if (!(row >= 0 && row < (double)l->n_rows) || row != (double)(size_t)row)
            st = cli_fail(err, GN_EINVAL, "%s: entry %zu is %g: expected a row, 0 to %zu", l->spec,
                          i, row, l->n_rows - 1);
        else
            st = add(l, (size_t)row, err);
    }
    gn_matrix_free(m);
    return st;
}

gn_status cli_row_list(const gn_reps *reps, const char *spec, int32_t **rows, size_t *n,
                       gn_error *err) {
    struct list l = {.spec = spec, .at = spec, .n_rows = gn_reps_rows(reps)};
    const char *equals = strrchr(spec, '=');
    gn_status st = GN_OK;
    if (is_position(reps, spec)) {
        st = by_position(&l, gn_reps_position(reps), err);
    } else if (equals) {
        st = by_label(&l, reps, equals, err);
    } else if (strspn(spec, "0123456789:,-") == strlen(spec)) {
        for (bool more = true; st == GN_OK && more;) {
            st = part(&l, err);
            more = *l.at == ',';
            l.at += more;
        }
    } else {
        st = by_file(&l, err);
    }
    if (st == GN_OK && l.n == 0) st = cli_fail(err, GN_EINVAL, "rows \"%s\": there is none", spec);
    if (st != GN_OK) {
        free(l.row);
        return st;
    }
    *rows = l.row;
    *n = l.n;
    return GN_OK;
}
