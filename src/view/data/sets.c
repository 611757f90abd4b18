/* Named sets of rows and their routes. */
#include "view/data/sets.h"

#include "view/data/marks.h"
#include "view/view.h"

#include <string.h>

enum { NAME_BYTES = 200 };

gn_status gn_sets_rows(gn_view *v, gn_source *s, const char *name, int32_t **rows, size_t *n,
                       gn_error *err) {
    json_t *marks;
    gn_status st = gn_marks_open(v, s, &marks, err);
    if (st != GN_OK) return st;
    const json_t *set = json_object_get(json_object_get(marks, "sets"), name);
    if (set)
        st = gn_source_rows(s, set, rows, n, err);
    else
        st = gn_fail(err, GN_EINVAL, "%s has no set '%s'", s->about.name, name);
    if (st != GN_OK && set) gn_error_prefix(err, "set '%s'", name);
    gn_marks_close(v, s);
    return st;
}

static gn_status query_source(gn_view *v, const gn_request *rq, gn_source **s, gn_reply *re,
                              gn_error *err) {
    const char *text = gn_query_text(rq, "source");
    if (!text) return gn_fail(err, GN_EINVAL, "'source' is missing: expected a source's number");
    return gn_view_source(v, text, s, re, err);
}

static gn_status check_name(const char *name, gn_error *err) {
    if (!*name || strlen(name) > NAME_BYTES)
        return gn_fail(err, GN_EINVAL, "a set's name has 1 to %d bytes, found %zu", NAME_BYTES,
                       strlen(name));
    return GN_OK;
}

static json_t *rows_json(const int32_t *rows, size_t n) {
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(list, json_integer(rows[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *set_json(const char *name, json_t *rows) {
    return json_pack("{s:o,s:o,s:O}", "name", gn_json_text(name), "count",
                     gn_json_whole(json_array_size(rows)), "rows", rows);
}

/** Keeps a set and answers its name and count. */
static gn_status store_set(gn_view *v, gn_source *s, const char *name, const int32_t *rows,
                           size_t n, gn_reply *re, gn_error *err) {
    json_t *marks;
    gn_status st = gn_marks_open(v, s, &marks, err);
    if (st != GN_OK) return st;
    json_t *sets = json_object_get(marks, "sets");
    if (json_object_set_new(sets, name, rows_json(rows, n)) != 0) {
        gn_marks_close(v, s);
        return gn_fail_nomem(err, "a set", n);
    }
    json_t *answer = json_pack("{s:o,s:o}", "name", gn_json_text(name), "count", gn_json_whole(n));
    return gn_marks_answer(v, s, true, answer, re, err);
}

static gn_status get_sets(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    json_t *marks, *rows, *list;
    const char *name;
    gn_status st;
    GN_TRY(query_source(v, rq, &s, re, err));
    GN_TRY(gn_marks_open(v, s, &marks, err));
    list = json_array();
    json_object_foreach(json_object_get(marks, "sets"), name, rows) {
        json_array_append_new(list, set_json(name, rows));
    }
    json_t *file = gn_json_text(gn_marks_path(v, s));
    st = gn_marks_answer(v, s, false, json_pack("{s:o,s:o}", "sets", list, "file", file), re, err);
done:
    return st;
}

static gn_status put_set(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    int32_t *rows = NULL;
    size_t n;
    gn_status st;
    GN_TRY(check_name(rq->part[0], err));
    GN_TRY(query_source(v, rq, &s, re, err));
    GN_TRY(gn_source_rows(s, json_object_get(rq->body, "rows"), &rows, &n, err));
    st = store_set(v, s, rq->part[0], rows, n, re, err);
done:
    gn_free(rows);
    return st;
}

static gn_status delete_set(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    json_t *marks;
    gn_status st;
    GN_TRY(query_source(v, rq, &s, re, err));
    GN_TRY(gn_marks_open(v, s, &marks, err));
    json_t *sets = json_object_get(marks, "sets"), *old = json_object_get(sets, rq->part[0]);
    if (!old) {
        gn_marks_close(v, s);
        return gn_not_found(re, err, "%s has no set '%s'", s->about.name, rq->part[0]);
    }
    json_t *answer = set_json(rq->part[0], old);
    json_object_del(sets, rq->part[0]);
    st = gn_marks_answer(v, s, true, answer, re, err);
done:
    return st;
}

/** One byte a row: 1 for the rows of the set `key` of the body names; of a missing one, all. */
static gn_status body_set(gn_view *v, gn_source *s, const json_t *body, const char *key,
                          unsigned char **out, gn_error *err) {
    const char *name;
    int32_t *rows = NULL;
    size_t n = 0;
    unsigned char *in = NULL;
    gn_status st;
    GN_TRY(gn_body_text(body, key, NULL, &name, err));
    if (name) GN_TRY(gn_sets_rows(v, s, name, &rows, &n, err));
    GN_TRY(gn_alloc_array(&in, s->about.rows, 1, "a set", err));
    memset(in, name ? 0 : 1, s->about.rows);
    for (size_t i = 0; i < n; i++) in[rows[i]] = 1;
    *out = in;
done:
    gn_free(rows);
    return st;
}

/** a and b, a or b, a not b; without a, "not" takes b from all rows. */
static gn_status combine(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    static const char *const ops[] = {"and", "or", "not", NULL};
    gn_source *s;
    size_t op, n = 0;
    const char *name, *text;
    unsigned char *a = NULL, *b = NULL;
    int32_t *rows = NULL;
    gn_status st;
    GN_TRY(gn_view_body_source(v, rq->body, "source", &s, re, err));
    GN_TRY(gn_body_need_text(rq->body, "op", &text, err));
    GN_TRY(gn_body_word(rq->body, "op", ops, 0, &op, err));
    GN_TRY(gn_body_need_text(rq->body, "b", &text, err));
    if (op != 2) GN_TRY(gn_body_need_text(rq->body, "a", &text, err));
    GN_TRY(gn_body_need_text(rq->body, "name", &name, err));
    GN_TRY(check_name(name, err));
    GN_TRY(body_set(v, s, rq->body, "a", &a, err));
    GN_TRY(body_set(v, s, rq->body, "b", &b, err));
    GN_TRY(gn_alloc_array(&rows, s->about.rows, sizeof *rows, "a set", err));
    for (size_t i = 0; i < s->about.rows; i++) {
        bool in = op == 0 ? a[i] && b[i] : op == 1 ? a[i] || b[i] : a[i] && !b[i];
        if (in) rows[n++] = (int32_t)i;
    }
    st = store_set(v, s, name, rows, n, re, err);
done:
    gn_free(a);
    gn_free(b);
    gn_free(rows);
    return st;
}

static const gn_route routes[] = {
    {"GET", "/api/sets", get_sets, GN_BODY_SMALL},
    {"PUT", "/api/sets/{name}", put_set, GN_BODY_ROWS},
    {"DELETE", "/api/sets/{name}", delete_set, GN_BODY_SMALL},
    {"POST", "/api/sets/combine", combine, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_sets = {.routes = routes, .open = gn_marks_start, .free = gn_marks_end};
