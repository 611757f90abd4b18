/* Cards: what is known of one row. */
#ifndef GN_VIEW_CARDS_H
#define GN_VIEW_CARDS_H

#include "view/data/columns.h"

/** All columns of a source, NULL behind the last; free with gn_cards_free. */
gn_status gn_cards_columns(gn_source *s, gn_view_column ***out, gn_error *err);
/** NULL is fine. */
void gn_cards_free(gn_view_column **column);
/** {"row", "token", "token_id", "position", "sequence", "context", "columns"}; a new reference.
 * Without a vocabulary the token is the row's first text among the columns.
 *  @param column as gn_cards_columns gives them. */
gn_status gn_card(gn_source *s, gn_view_column *const *column, size_t row, json_t **out,
                  gn_error *err);

#endif
