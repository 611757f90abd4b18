/* gonio.json: the description that makes a folder of arrays a representation set. */
#ifndef GN_REPS_ABOUT_H
#define GN_REPS_ABOUT_H

#include "base/str.h"
#include "reps/writer.h"

/** The whole document for a set in state "writing" with nothing written: everything but the state
 *  is final. A new reference. */
gn_status gn_about_new(const gn_reps_plan *plan, json_t **out, gn_error *err);

/** Puts the state in: "complete" when `complete`, else "writing". */
gn_status gn_about_set_state(json_t *about, size_t rows_written, size_t sequences_done,
                             bool complete, gn_error *err);

/** Adds a JSON text to `out`. */
void gn_about_text(const json_t *value, size_t flags, gn_str *out);

/** Reads DIR/gonio.json. A new reference. */
gn_status gn_about_load(const char *dir, json_t **out, gn_error *err);

/** Writes DIR/gonio.json under a temporary name and renames it. */
gn_status gn_about_save(const json_t *about, const char *dir, gn_error *err);

/** True when both describe the same set, its state aside; else `what` names the first difference
 *  and both values, as "corpus.sha256 is "A" there and "B" now". */
bool gn_about_same(const json_t *there, const json_t *now, char *what, size_t n_what);

#endif
