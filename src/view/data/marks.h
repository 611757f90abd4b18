/* What the user adds to the data: named sets of rows and edited labels. Kept beside the data and
 * never in the user's own files:
 *
 *     DIR/view/marks.json     for everything found inside the folder DIR
 *     FILE.view.json          for a file, or a representation set, that was given itself
 *
 *     {"format": 1, "data": {HASH: {"name", "sets": {NAME: [rows]}, "tags": {COLUMN: {ROW:
 * value}}}}}
 *
 * HASH is the content's (gn_source_hash): marks follow data that are moved or renamed, and never
 * appear on other data of the same name. The file is read anew whenever it has changed and written
 * under a temporary name that is renamed. Where it cannot be written, marks live in memory until
 * the server ends, and the answer says so. */
#ifndef GN_VIEW_MARKS_H
#define GN_VIEW_MARKS_H

#include "view/wire/reply.h"
#include "view/data/source.h"

/** Locks the marks of a source and gives its object, made when there is none: {"name", "sets",
 *  "tags"}. Everything inside is borrowed until gn_marks_close.
 *  @return GN_OK; GN_EDATA, GN_EIO (a file that is damaged or cannot be read is never written
 * over); GN_ENOMEM. Nothing is locked after a failure. */
gn_status gn_marks_open(gn_view *v, gn_source *s, json_t **out, gn_error *err);
/** Unlocks after reading. Nothing that was borrowed may be used, or given up, any more. */
void gn_marks_close(gn_view *v, gn_source *s);
/** Ends with an answer: writes when `changed`, makes the reply, unlocks. Takes `answer`, which may
 *  share what is borrowed. @return GN_OK; GN_EIO with status 409: the change could not be written
 * and lasts in memory only; GN_ENOMEM. */
gn_status gn_marks_answer(gn_view *v, gn_source *s, bool changed, json_t *answer, gn_reply *re,
                          gn_error *err);
/** Where the marks of a source are kept; NULL: nowhere (an uploaded file). */
const char *gn_marks_path(const gn_view *v, const gn_source *s);

/** The stores, one a given path: made when the server starts, freed when it ends. */
gn_status gn_marks_start(gn_view *v, gn_error *err);
void gn_marks_end(gn_view *v);

/** Puts the edited labels of a source in the place of its columns, once. Marks that cannot be read
 *  become the source's warning. @return GN_OK; GN_ENOMEM. */
gn_status gn_tags_apply(gn_view *v, gn_source *s, gn_error *err);

#endif
