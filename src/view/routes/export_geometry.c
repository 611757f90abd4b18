/* The geometry table as a download: what its route answers, as a file. */
#include "view/wire/csv_text.h"
#include "view/view.h"

#include "base/number.h"
#include "io/json.h"
#include "reps/about.h"

#include <string.h>

/** The members of all rows, in the order in which they first appear. */
static gn_status column_names(const json_t *rows, json_t *seen, json_t *names) {
    size_t i;
    json_t *row, *value;
    const char *key;
    json_array_foreach(rows, i, row) {
        json_object_foreach(row, key, value) {
            if (json_object_get(seen, key)) continue;
            if (json_object_set_new(seen, key, json_true()) != 0 ||
                json_array_append_new(names, json_string(key)) != 0)
                return GN_ENOMEM;
        }
    }
    return GN_OK;
}

static void csv_cell(gn_str *to, const json_t *value) {
    char buf[GN_NUMBER_ROOM];
    if (json_is_string(value))
        gn_csv_add(to, json_string_value(value));
    else if (json_is_number(value))
        gn_str_add(to, gn_number_text(buf, json_number_value(value)));
    else if (json_is_boolean(value))
        gn_str_add(to, json_is_true(value) ? "true" : "false");
}

static gn_status as_csv(const json_t *rows, gn_str *to, gn_error *err) {
    json_t *seen = json_object(), *names = json_array(), *row, *name;
    gn_status st = column_names(rows, seen, names);
    size_t i, j;
    json_array_foreach(names, j, name) {
        gn_str_add(to, j ? "," : "");
        gn_csv_add(to, json_string_value(name));
    }
    gn_str_add(to, "\n");
    json_array_foreach(rows, i, row) {
        json_array_foreach(names, j, name) {
            gn_str_add(to, j ? "," : "");
            csv_cell(to, json_object_get(row, json_string_value(name)));
        }
        gn_str_add(to, "\n");
    }
    json_decref(seen);
    json_decref(names);
    return st == GN_OK ? st : gn_fail_nomem(err, "a table", json_array_size(rows));
}

/** The table's own answer, parsed. A new reference. */
static gn_status ask_table(gn_view *v, const gn_request *rq, const char *source, json_t **out,
                           gn_reply *re, gn_error *err) {
    gn_request asked = *rq; /* borrows the query: center, remove */
    gn_reply inner = {0};
    asked.part[0] = source;
    gn_status st = gn_part_geometry.routes[0].handler(v, &asked, &inner, err);
    if (st == GN_OK)
        st = gn_json_parse((const char *)inner.bytes, inner.n, "the geometry table", out, err);
    re->status = inner.status;
    gn_reply_free(&inner);
    return st;
}

static gn_status export_geometry(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    const char *source = gn_query_text(rq, "source"), *format = gn_query_text(rq, "format");
    bool csv = !format || strcmp(format, "csv") == 0;
    json_t *table = NULL;
    gn_str text = {0};
    char *bytes;
    gn_status st;
    if (!csv && strcmp(format, "json") != 0)
        return gn_fail(err, GN_EINVAL, "format: '%.40s', expected csv or json", format);
    GN_TRY(ask_table(v, rq, source ? source : "", &table, re, err));
    const char *state = json_string_value(json_object_get(table, "state"));
    if (!state || strcmp(state, "done") != 0) {
        const char *why = json_string_value(json_object_get(table, "error"));
        st = gn_conflict(re, err, "the geometry table is not there yet: %s, %.0f %% done%s%s",
                         state ? state : "unknown",
                         100 * json_number_value(json_object_get(table, "progress")),
                         why ? ": " : "; ask again", why ? why : "");
        goto done;
    }
    if (csv)
        GN_TRY(as_csv(json_object_get(table, "rows"), &text, err));
    else
        gn_about_text(table, JSON_INDENT(1), &text);
    size_t n = text.n;
    GN_TRY(gn_str_take(&text, &bytes, err));
    gn_reply_download(re, csv ? "geometry.csv" : "geometry.json");
    st = gn_reply_bytes(re, csv ? "text/csv; charset=utf-8" : "application/json", bytes, n);
done:
    gn_str_free(&text);
    json_decref(table);
    return st;
}

static const gn_route routes[] = {
    {"GET", "/api/export/geometry", export_geometry, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_export_geometry = {.routes = routes};
