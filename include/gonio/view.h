/* gonio/view.h: the viewer, an HTTP server on this machine's loopback address.
 *
 *     gn_view *v;
 *     gn_view_open(ctx, paths, n_paths, NULL, &v, &err);
 *     puts(gn_view_url(v));
 *     gn_view_run(v, &err);      // until the context's cancel hook says so
 *     gn_view_free(v);
 *
 * The server reads representation sets and files of tensors, hands them to the page that is built
 * into the library, and computes what the page asks for (docs/api.md lists every route). It listens
 * on 127.0.0.1 only, answers no other host name and no other site's page, opens only what it found
 * under the given paths, and never writes into a representation set or a user's file: sets of rows
 * and edited labels go to a folder `view` beside the data.
 */
#ifndef GONIO_VIEW_H
#define GONIO_VIEW_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_view gn_view;

/** Start from {0}. Texts are copied. */
typedef struct gn_view_opts {
    unsigned port;       /**< 0: any free one */
    const char *assets;  /**< a folder whose files are served instead of the built-in page; NULL */
    const char *model;   /**< a model's folder for typed text; NULL: none */
    const char *scratch; /**< where uploads are kept while the server runs; NULL: /tmp */
} gn_view_opts;

/** Lists the sources and starts to answer. Nothing is computed, tensors are not read.
 *  @param ctx   lends threads, seed and instruction set to the computations, and its hooks for log
 *               and cancel to gn_view_run; must outlive the view.
 *  @param paths (n_paths) representation sets, folders (searched one level deep) or files.
 *  @param opts  NULL for the defaults.
 *  @return GN_OK; GN_EINVAL (no path, a port above 65535); GN_EIO (a path cannot be read, the port
 * is in use); GN_ENOSUPP (built without libmicrohttpd); GN_ENOMEM. */
GN_API gn_status gn_view_open(gn_ctx *ctx, const char *const *paths, size_t n_paths,
                              const gn_view_opts *opts, gn_view **out, gn_error *err);
/** "http://127.0.0.1:PORT/" */
GN_API const char *gn_view_url(const gn_view *v);
GN_API unsigned gn_view_port(const gn_view *v);
/** Number of tensors and sets that were found, those that cannot be shown included. */
GN_API size_t gn_view_sources(const gn_view *v);
/** False when the library was built without the page: only /api/ answers then. */
GN_API bool gn_view_has_page(const gn_view *v);
/** Sleeps while the server's own threads answer. @return GN_ECANCEL when the cancel hook says so.
 */
GN_API gn_status gn_view_run(gn_view *v, gn_error *err);
/** Cancels what is being computed, ends the connections, removes uploads. NULL is fine. */
GN_API void gn_view_free(gn_view *v);

#ifdef __cplusplus
}
#endif
#endif
