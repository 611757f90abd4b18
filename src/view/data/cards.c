/* What is known of a row, as JSON: see cards.h. */
#include "view/data/cards.h"

#include "view/wire/reply.h"
#include "view/data/texts.h"

gn_status gn_card(gn_source *s, gn_view_column *const *column, size_t row, json_t **out,
                  gn_error *err) {
    json_t *context = NULL, *columns = json_object();
    const int32_t *id = s->reps ? gn_reps_token_id(s->reps) : NULL;
    const int32_t *position = s->reps ? gn_reps_position(s->reps) : NULL;
    const int32_t *sequence = s->reps ? gn_reps_sequence(s->reps) : NULL;
    gn_status st = gn_source_context(s, row, &context, err);
    if (st != GN_OK) {
        json_decref(columns);
        return st;
    }
    const char *token = gn_source_token(s, row);
    json_t *shown = gn_json_text(token);
    for (size_t i = 0; column[i]; i++) {
        json_t *value = gn_view_column_value(column[i], row);
        if (!token && json_is_null(shown) && json_is_string(value)) shown = json_incref(value);
        json_object_set_new(columns, column[i]->name, value);
    }
    json_t *made = json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "row", gn_json_whole(row), "token", shown, "token_id",
        id && id[row] >= 0 ? json_integer(id[row]) : json_null(), "position",
        position && position[row] >= 0 ? json_integer(position[row]) : json_null(), "sequence",
        sequence && sequence[row] >= 0 ? json_integer(sequence[row]) : json_null(), "context",
        context, "columns", columns);
    if (!made) return gn_fail_nomem(err, "a card", 1);
    *out = made;
    return GN_OK;
}

void gn_cards_free(gn_view_column **column) {
    for (size_t i = 0; column && column[i]; i++) gn_view_column_free(column[i]);
    gn_free(column);
}

gn_status gn_cards_columns(gn_source *s, gn_view_column ***out, gn_error *err) {
    const char **name = gn_source_column_names(s);
    gn_view_column **column = NULL;
    size_t n = 0, n_made = 0;
    gn_status st;
    while (name && name[n]) n++;
    if (!name || !(column = gn_calloc(n + 1, sizeof(gn_view_column *)))) {
        st = gn_fail_nomem(err, "the list of columns", n);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        st = gn_source_column(s, name[i], &column[n_made], err);
        if (st == GN_EINVAL) continue; /* it was taken away this very moment */
        if (st != GN_OK) goto done;
        n_made++;
    }
    st = GN_OK;
    *out = column;
    column = NULL;
done:
    gn_cards_free(column);
    gn_free(name);
    return st;
}
