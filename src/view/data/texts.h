/* The sentences of a representation set: text.jsonl, mapped, its lines found on first use. */
#ifndef GN_VIEW_TEXTS_H
#define GN_VIEW_TEXTS_H

#include "view/data/source.h"

typedef struct gn_texts gn_texts;

/** @param path of text.jsonl.
 *  @param most lines to look for: the file behind them is not touched. SIZE_MAX: all. */
gn_status gn_texts_open(const char *path, size_t most, gn_texts **out, gn_error *err);
void gn_texts_free(gn_texts *t);
/** Number of sequences. */
size_t gn_texts_count(const gn_texts *t);
/** One sequence as a new reference to its JSON object. */
gn_status gn_texts_record(const gn_texts *t, size_t sequence, json_t **out, gn_error *err);

/** {"before", "token", "after"}: a row's token in its sentence, at most some 200 characters on
 *  either side; null where the source has no text or the row no sequence. A row that is a mean over
 *  its sequence has the whole sentence as its token. A new reference. */
gn_status gn_source_context(gn_source *s, size_t row, json_t **out, gn_error *err);

#endif
