/* A column, or the sentences, of a source as a search sees them. */
#ifndef GN_VIEW_CELLS_H
#define GN_VIEW_CELLS_H

#include "view/data/columns.h"
#include "view/search/search.h"

typedef struct gn_source_cells {
    gn_cells cells;
    gn_source *source;
    gn_view_column *column; /**< NULL: the sentences */
    json_t *record;         /**< the sentence read last */
} gn_source_cells;

/** @param name a column; "text": the sentences, where the source has them and no such column; NULL:
 *         the tokens.
 *  @return GN_OK; GN_EINVAL (no such column; no tokens); GN_ENOMEM. */
gn_status gn_source_cells_open(gn_source *s, const char *name, gn_source_cells *out, gn_error *err);
/** {0} is fine. */
void gn_source_cells_close(gn_source_cells *c);

/** Rows whose token is `word`: exactly, or, where there is none, but for case; ascending. Free
 * *rows with gn_free. @return GN_OK; GN_EINVAL (none, no tokens); GN_ENOMEM. */
gn_status gn_source_word_rows(gn_source *s, const char *word, int32_t **rows, size_t *n,
                              gn_error *err);

#endif
