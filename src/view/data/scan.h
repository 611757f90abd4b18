/* Finding sources under the given paths. */
#ifndef GN_VIEW_SCAN_H
#define GN_VIEW_SCAN_H

#include "view/view.h"

/** Lists what is at `path`: a representation set or a file itself; in any other folder its sets and
 *  files in name order, and those in its folders. Only what really lies inside is taken: a file
 * that is a symbolic link and leads out is listed with that reason, such folders are left aside.
 *  @return GN_OK (also when nothing was found); GN_EIO (no such path); GN_EINVAL (a file that no
 *          reader knows); GN_ENOMEM. */
gn_status gn_view_scan(gn_view *v, const char *path, gn_error *err);
/** Lists one uploaded file that lies at `file` under the name `name`. Gives the range of the new
 *  sources. @return as gn_view_scan. */
gn_status gn_view_add_file(gn_view *v, const char *file, const char *name, size_t *first, size_t *n,
                           gn_error *err);

#endif
