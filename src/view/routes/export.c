/* Downloads: a selection of rows with what is known of them. Text is made in pieces while it is
 * sent, so that a selection of a million rows needs no memory. */
#include "view/data/cards.h"
#include "view/wire/csv_text.h"
#include "view/view.h"

#include "base/number.h"
#include "reps/about.h"

#include <string.h>

enum { PIECE_ROWS = 256 };

/** A JSON value as a cell: null is empty, a number has as few digits as it needs. */
static void add_value(gn_str *to, const json_t *value) {
    char buf[GN_NUMBER_ROOM];
    gn_str_add(to, ",");
    if (json_is_string(value))
        gn_csv_add(to, json_string_value(value));
    else if (json_is_number(value))
        gn_str_add(to, gn_number_text(buf, json_number_value(value)));
}

struct selection {
    gn_source *s;
    gn_view_column **column;
    int32_t *rows; /* NULL: all */
    size_t n, at;
    bool csv;
};

static void release_selection(void *user) {
    struct selection *x = user;
    gn_cards_free(x->column);
    gn_free(x->rows);
    gn_free(x);
}

static void csv_head(const struct selection *x, gn_str *to) {
    gn_str_add(to, "row,context_before,context_token,context_after");
    for (size_t j = 0; x->column[j]; j++) {
        gn_str_add(to, ",");
        gn_csv_add(to, x->column[j]->name);
    }
    gn_str_add(to, "\n");
}

static void csv_row(const struct selection *x, size_t row, const json_t *card, gn_str *to) {
    static const char *const piece[] = {"before", "token", "after"};
    gn_str_addf(to, "%zu", row);
    for (size_t j = 0; j < 3; j++)
        add_value(to, json_object_get(json_object_get(card, "context"), piece[j]));
    for (size_t j = 0; x->column[j]; j++)
        add_value(to, json_object_get(json_object_get(card, "columns"), x->column[j]->name));
    gn_str_add(to, "\n");
}

static gn_status add_row(const struct selection *x, size_t row, gn_str *to, gn_error *err) {
    json_t *card;
    gn_status st = gn_card(x->s, x->column, row, &card, err);
    if (st != GN_OK) return st;
    if (x->csv) {
        csv_row(x, row, card, to);
    } else {
        gn_about_text(card, JSON_COMPACT, to);
        gn_str_add(to, "\n");
    }
    json_decref(card);
    return GN_OK;
}

static gn_status next_rows(void *user, unsigned wait_ms, gn_block *out, bool *end, gn_error *err) {
    (void)wait_ms; /* there is always something */
    struct selection *x = user;
    gn_str text = {0};
    gn_status st = GN_OK;
    if (x->csv && x->at == 0) csv_head(x, &text);
    for (size_t i = 0; i < PIECE_ROWS && x->at < x->n; i++, x->at++)
        GN_TRY(add_row(x, x->rows ? (size_t)x->rows[x->at] : x->at, &text, err));
    *end = x->at == x->n;
    if (text.bad) {
        st = gn_fail_nomem(err, "an export", text.n);
    } else if (text.n) {
        *out = (gn_block){.bytes = (unsigned char *)text.text, .n = text.n};
        text = (gn_str){0};
    }
done:
    gn_str_free(&text);
    return st;
}

static gn_status export_selection(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    static const char *const formats[] = {"csv", "jsonl", NULL};
    size_t format;
    struct selection *x = gn_calloc(1, sizeof *x);
    gn_status st;
    if (!x) return gn_fail_nomem(err, "an export", sizeof *x);
    GN_TRY(gn_view_body_source(v, rq->body, "source", &x->s, re, err));
    GN_TRY(gn_body_word(rq->body, "format", formats, 0, &format, err));
    GN_TRY(gn_source_subset(v, x->s, json_object_get(rq->body, "rows"), &x->rows, &x->n, err));
    GN_TRY(gn_cards_columns(x->s, &x->column, err));
    x->csv = format == 0;
    st = gn_reply_stream(re, x->csv ? "text/csv; charset=utf-8" : "application/jsonl",
                         (gn_stream){x, next_rows, release_selection, true});
    gn_reply_download(re, x->csv ? "selection.csv" : "selection.jsonl");
    x = NULL;
done:
    if (x) release_selection(x);
    return st;
}

static const gn_route routes[] = {
    {"POST", "/api/export/selection", export_selection, GN_BODY_ROWS},
    {0},
};
const gn_view_part gn_part_export = {.routes = routes};
