/* The HTTP side: the only part of gonio that knows libmicrohttpd. */
#ifndef GN_VIEW_HTTP_H
#define GN_VIEW_HTTP_H

#include "view/wire/route.h"

typedef struct gn_http gn_http;

/** Binds 127.0.0.1:port (0: any free one) and starts to answer with the view's routes and page.
 *  @param port receives the number that was bound.
 *  @return GN_OK; GN_EIO (port in use, no sockets); GN_ENOSUPP (built without the library). */
gn_status gn_http_start(gn_view *v, unsigned *port, gn_http **out, gn_error *err);
/** Ends all connections; v->ending must be set. NULL is fine. */
void gn_http_stop(gn_http *http);

#endif
