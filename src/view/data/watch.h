/* The files of a source: which may be read, and whether they still are what they were. */
#ifndef GN_VIEW_WATCH_H
#define GN_VIEW_WATCH_H

#include "view/data/source.h"

/** Whether a file, or each file of a representation set, may be read: a regular file, because a
 *  pipe would make everybody wait, which really lies in `base`, because what is opened may come
 *  from anywhere and its links may lead anywhere. What is not there is left to the reader.
 *  @param base a real path; NULL: anywhere.
 *  @return GN_OK; GN_EDATA (a sentence that names the file); GN_ENOMEM. */
gn_status gn_watch_check(const char *base, const char *path, gn_error *err);

/** For a reader's open: this file stays mapped. It is looked at again with every request. */
gn_status gn_watch_file(gn_source *s, const char *path, gn_error *err);
/** The same for the files of a representation set. */
gn_status gn_watch_set(gn_source *s, const char *dir, gn_error *err);
/** Forgets the files: the source is closed. */
void gn_watch_end(gn_source *s);
/** @return GN_OK; GN_EIO: the content of a file has changed since it was opened, so that what was
 *  computed and what would be computed no longer belong together. A file that was removed, or whose
 *  name was given to another one, is mapped as it was, and fine. */
gn_status gn_watch_unchanged(const gn_source *s, gn_error *err);

#endif
