/* Which rows a text gives: the pooling rule applied to tokens, before anything is computed. */
#ifndef GN_EXTRACT_ROWS_H
#define GN_EXTRACT_ROWS_H

#include "extract/tokens.h"
#include "gonio/extract.h"
#include "reps/columns.h"

/** Every row is the mean over a run of neighbouring tokens of one sequence. */
typedef struct gn_row_plan {
    size_t n;
    size_t *begin; /**< (n_sequences + 1) first row of each sequence */
    /* (n) each: */
    uint32_t *from, *count; /**< the run: place in the sequence, number of tokens */
    int32_t *token_id, *sequence, *position; /**< what goes into the row table */
    size_t n_no_target;
    size_t n_columns;
    gn_column *column; /**< the corpus's label columns, then "word" where rows are words */
} gn_row_plan;

/** @param out zeroed; free with gn_row_plan_free.
 *  @return GN_OK; GN_EINVAL (pool target without any target); GN_EDATA (no row at all, more rows
 *          than int32 counts); GN_ENOMEM. */
gn_status gn_row_plan_make(const gn_tokens *tokens, const gn_corpus *corpus, gn_pool pool,
                           bool drop_special, gn_row_plan *out, gn_error *err);
void gn_row_plan_free(gn_row_plan *r);

#endif
