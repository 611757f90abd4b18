/* POST /api/search: rows by text, streamed while they are found.
 *
 * The first part is found before the answer begins, so that what is wrong with the question, or
 * shows at once, is an answer of status 400 and not a stream that breaks off. */
#include "view/data/cells.h"
#include "view/view.h"

#include <string.h>

enum {
    ROWS_AT_ONCE = 4096,       /* between two looks at the clock */
    ROWS_OF_A_BLOCK = 1 << 20, /* at most */
};
#define FIRST_BLOCK_S 0.02 /* typing should feel it at once; later blocks may be longer */
#define BLOCK_S 0.1

struct search {
    gn_view *v;
    gn_source_cells cells;
    gn_search *search;
    int32_t *within; /* NULL: all rows */
    size_t n, at;    /* rows to look at, and how many were */
    size_t count;
    bool ended;
    double begun;
    json_t *log;
    /* the first part, found before the stream began */
    gn_block first;
    bool has_first;
};

static void search_free(void *user) {
    struct search *s = user;
    if (!s) return;
    gn_block_free(&s->first);
    gn_search_free(s->search);
    gn_source_cells_close(&s->cells);
    gn_free(s->within);
    json_decref(s->log);
    gn_free(s);
}

/* The next part: rows found within about `seconds`. */
static gn_status find_part(struct search *s, double seconds, gn_block *out, gn_error *err) {
    gn_status st = GN_OK;
    size_t rest = s->n - s->at, most = rest < ROWS_OF_A_BLOCK ? rest : ROWS_OF_A_BLOCK, found = 0;
    double until = gn_view_seconds() + seconds;
    uint32_t *row = NULL;
    json_t *meta = NULL;
    GN_TRY(gn_alloc_array(&row, most, sizeof *row, "rows found", err));
    for (size_t looked = 0; looked < most;) {
        size_t n = most - looked < ROWS_AT_ONCE ? most - looked : ROWS_AT_ONCE, hits = 0;
        GN_TRY(gn_search_rows(s->search, s->within, s->at, n, row + found, &hits, err));
        s->at += n;
        looked += n;
        found += hits;
        if (gn_view_seconds() > until) break;
    }
    s->count += found;
    s->ended = s->at == s->n;
    meta = json_pack("{s:o,s:o,s:o,s:b}", "scanned", gn_json_whole(s->at), "total",
                     gn_json_whole(s->n), "count", gn_json_whole(s->count), "last", (int)s->ended);
    gn_block_array a = {
        .name = "rows", .dtype = GN_U32, .n_dims = 1, .shape = {found}, .data = row};
    st = gn_block_new(&a, 1, meta, out, err);
    if (st == GN_OK && s->ended) {
        json_object_set_new(s->log, "found", gn_json_whole(s->count));
        gn_view_note(s->v, "search", s->log, gn_view_seconds() - s->begun);
        s->log = NULL;
    }
done:
    json_decref(meta);
    gn_free(row);
    return st;
}

static gn_status next_part(void *user, unsigned wait_ms, gn_block *out, bool *end, gn_error *err) {
    (void)wait_ms;
    struct search *s = user;
    gn_status st = GN_OK;
    if (atomic_load(&s->v->ending)) return gn_fail(err, GN_ECANCEL, "the server is ending");
    if (s->has_first) {
        *out = s->first;
        s->first = (gn_block){0};
        s->has_first = false;
    } else
        st = find_part(s, BLOCK_S, out, err);
    *end = s->ended;
    return st;
}

static gn_status start_search(struct search *s, gn_source *source, const json_t *body,
                              gn_error *err) {
    static const char *const modes[] = {"substring", "prefix", "whole", "regex", "field", NULL};
    gn_status st;
    size_t mode = 0;
    bool match_case = false;
    const char *text, *column = NULL;
    GN_TRY(gn_body_word(body, "mode", modes, GN_SEARCH_SUBSTRING, &mode, err));
    GN_TRY(gn_body_need_text(body, "text", &text, err));
    GN_TRY(gn_body_text(body, "column", NULL, &column, err));
    GN_TRY(gn_body_bool(body, "case", false, &match_case, err));
    GN_TRY(gn_search_new((gn_search_mode)mode, text, match_case, &s->search, err));
    if (gn_search_column(s->search)) column = gn_search_column(s->search);
    GN_TRY(gn_source_cells_open(source, column, &s->cells, err));
    GN_TRY(gn_search_begin(s->search, &s->cells.cells, err));
    GN_TRY(gn_source_subset(s->v, source, json_object_get(body, "within"), &s->within, &s->n, err));
    s->log = json_pack("{s:o,s:s,s:s,s:s?,s:b}", "source", gn_json_whole(source->id), "mode",
                       modes[mode], "text", text, "column", column, "case", (int)match_case);
    if (!s->log) st = gn_fail_nomem(err, "a search", 1);
done:
    return st;
}

static gn_status post_search(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_status st;
    gn_source *source;
    struct search *s = NULL;
    GN_TRY(gn_view_body_source(v, rq->body, "source", &source, re, err));
    s = gn_calloc(1, sizeof *s);
    if (!s) GN_TRY(gn_fail_nomem(err, "a search", sizeof *s));
    s->v = v;
    s->begun = gn_view_seconds();
    GN_TRY(start_search(s, source, rq->body, err));
    st = find_part(s, FIRST_BLOCK_S, &s->first, err);
    if (st == GN_EDATA) re->status = 400; /* an expression that takes too many steps */
    if (st != GN_OK) goto done;
    s->has_first = true;
    st = gn_reply_stream(re, "application/octet-stream",
                         (gn_stream){.user = s, .next = next_part, .release = search_free});
    s = NULL;
done:
    search_free(s);
    return st;
}

static const gn_route routes[] = {
    {"POST", "/api/search", post_search, GN_BODY_ROWS},
    {0},
};
const gn_view_part gn_part_search = {.routes = routes};
