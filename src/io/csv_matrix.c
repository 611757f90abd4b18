#include "io/csv_matrix.h"

#include "io/csv.h"

enum { FIRST_ITEMS = 4096, SHOWN = 40 };

char gn_csv_separator(const char *path) {
    if (gn_path_has_suffix(path, ".csv") || gn_path_has_suffix(path, ".csv.gz")) return ',';
    if (gn_path_has_suffix(path, ".tsv") || gn_path_has_suffix(path, ".tsv.gz")) return '\t';
    return 0;
}

gn_status gn_open_text(const char *path, gn_map *map, char **inflated, const char **text, size_t *n,
                       gn_error *err) {
    gn_status st = gn_map_open(path, map, err);
    if (st != GN_OK) return st;
    if (!gn_is_gzip(map->data, map->n)) {
        *text = (const char *)map->data;
        *n = map->n;
        return GN_OK;
    }
    st = gn_gunzip(map->data, map->n, path, gn_machine_bytes() / 2, inflated, n, err);
    if (st == GN_OK) *text = *inflated;
    gn_map_close(map);
    return st;
}

static bool all_numbers(const gn_csv *c) {
    double value;
    for (size_t j = 0; j < c->n_fields; j++)
        if (!gn_csv_number(c->field[j], &value)) return false;
    return true;
}

static gn_status add_row(const gn_csv *c, double *row, gn_error *err) {
    for (size_t j = 0; j < c->n_fields; j++) {
        if (gn_csv_number(c->field[j], &row[j])) continue;
        size_t n = c->field[j].n;
        return gn_fail(err, GN_EDATA, "%s: line %zu, column %zu: '%.*s%s' is not a number", c->name,
                       c->line, j + 1, (int)(n < SHOWN ? n : SHOWN), c->field[j].text,
                       n > SHOWN ? "..." : "");
    }
    return GN_OK;
}

gn_status gn_csv_matrix_parse(const void *bytes, size_t n, char separator, const char *name,
                              gn_array *out, gn_error *err) {
    gn_status st;
    gn_csv c;
    bool more;
    double *item = NULL;
    size_t used = 0, room = 0, rows = 0, cols = 0, first_line = 0, blank_line = 0;
    gn_csv_start(&c, bytes, n, separator, name);
    for (;;) {
        GN_TRY(gn_csv_next(&c, &more, err));
        if (!more) break;
        if (gn_csv_blank(&c)) {
            if (!blank_line) blank_line = c.line;
            continue;
        }
        if (cols == 0) {
            cols = c.n_fields;
            first_line = c.line;
            blank_line = 0;
            if (!all_numbers(&c)) continue;
        }
        if (c.n_fields != cols) {
            st = gn_fail(err, GN_EDATA, "%s: line %zu: %zu columns, expected %zu as on line %zu",
                         name, c.line, c.n_fields, cols, first_line);
            goto done;
        }
        if (cols == 1 && blank_line) {
            st = gn_fail(err, GN_EDATA, "%s: line %zu: blank, expected a number", name, blank_line);
            goto done;
        }
        if (room - used < cols) {
            size_t grown = room ? room * 2 : FIRST_ITEMS;
            if (grown - used < cols) grown = used + cols;
            double *p = gn_realloc(item, grown, sizeof *p);
            if (!p) {
                st = gn_fail_nomem(err, name, grown * sizeof *p);
                goto done;
            }
            item = p;
            room = grown;
        }
        GN_TRY(add_row(&c, item + used, err));
        used += cols;
        rows++;
    }
    if (rows == 0) {
        st = gn_fail(err, GN_EDATA, "%s: holds no row of numbers", name);
        goto done;
    }
    *out = (gn_array){.dtype = GN_F64, .n_dims = 2, .shape = {rows, cols}, .n_items = used};
    out->data = out->owned = item;
    item = NULL;
done:
    gn_csv_free(&c);
    gn_free(item);
    return st;
}

gn_status gn_csv_matrix(const char *path, gn_array *out, gn_error *err) {
    gn_map map = {0};
    char *inflated = NULL;
    const char *text;
    size_t n;
    gn_status st;
    GN_TRY(gn_open_text(path, &map, &inflated, &text, &n, err));
    GN_TRY(gn_csv_matrix_parse(text, n, gn_csv_separator(path), path, out, err));
done:
    gn_map_close(&map);
    gn_free(inflated);
    return st;
}
