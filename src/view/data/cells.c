/* Columns and sentences as a search sees them: see cells.h. */
#include "view/data/cells.h"

#include "view/data/texts.h"

#include <string.h>

static gn_status read_sentence(void *user, size_t i, const char **text, gn_error *err) {
    gn_source_cells *c = user;
    json_decref(c->record);
    c->record = NULL;
    gn_status st = gn_texts_record(c->source->texts, i, &c->record, err);
    if (st == GN_OK) *text = json_string_value(json_object_get(c->record, "text"));
    return st;
}

static bool has_column(gn_source *s, const char *name) {
    const char **list = gn_source_column_names(s);
    bool found = false;
    for (size_t i = 0; list && list[i]; i++) found |= strcmp(list[i], name) == 0;
    gn_free(list);
    return found;
}

gn_status gn_source_cells_open(gn_source *s, const char *name, gn_source_cells *out,
                               gn_error *err) {
    const char *tokens = gn_source_token_column(s);
    if (!name && !tokens)
        return gn_fail(err, GN_EINVAL, "%s has no tokens: name a column to search in",
                       s->about.name);
    if (!name) name = tokens;
    *out = (gn_source_cells){.source = s, .cells = {.n = s->about.rows}};
    gn_cells *c = &out->cells;
    if (strcmp(name, "text") == 0 && s->texts && s->reps && gn_reps_sequence(s->reps) &&
        !has_column(s, name)) {
        c->code = gn_reps_sequence(s->reps);
        c->n_texts = gn_texts_count(s->texts);
        for (size_t i = 0; i < c->n; i++)
            if (c->code[i] >= 0 && (size_t)c->code[i] >= c->n_texts)
                return gn_fail(err, GN_EDATA, "row %zu is of sequence %d, and text.jsonl has %zu",
                               i, c->code[i], c->n_texts);
        c->read = read_sentence;
        c->user = out;
        return GN_OK;
    }
    gn_status st = gn_source_column(s, name, &out->column, err);
    if (st != GN_OK) return st;
    c->value = out->column->value;
    c->code = out->column->code;
    c->text = out->column->names;
    c->n_texts = out->column->n_names;
    c->tokens = tokens && strcmp(tokens, name) == 0;
    return GN_OK;
}

void gn_source_cells_close(gn_source_cells *c) {
    gn_view_column_free(c->column);
    json_decref(c->record);
    *c = (gn_source_cells){0};
}

gn_status gn_source_word_rows(gn_source *s, const char *word, int32_t **rows, size_t *n,
                              gn_error *err) {
    gn_status st = GN_OK;
    gn_source_cells cells = {0};
    gn_search *search = NULL;
    uint32_t *found = NULL;
    size_t n_found = 0;
    GN_TRY(gn_source_cells_open(s, NULL, &cells, err));
    GN_TRY(gn_alloc_array(&found, s->about.rows, sizeof *found, "rows of a word", err));
    for (int match_case = 1; match_case >= 0 && n_found == 0; match_case--) {
        gn_search_free(search);
        search = NULL;
        GN_TRY(gn_search_new(GN_SEARCH_WHOLE, word, match_case, &search, err));
        GN_TRY(gn_search_begin(search, &cells.cells, err));
        GN_TRY(gn_search_rows(search, NULL, 0, s->about.rows, found, &n_found, err));
    }
    if (n_found == 0) {
        st = gn_fail(err, GN_EINVAL, "%s has no token '%.80s'", s->about.name, word);
        goto done;
    }
    GN_TRY(gn_alloc_array(rows, n_found, sizeof **rows, "rows of a word", err));
    for (size_t i = 0; i < n_found; i++) (*rows)[i] = (int32_t)found[i];
    *n = n_found;
done:
    gn_search_free(search);
    gn_source_cells_close(&cells);
    gn_free(found);
    return st;
}
