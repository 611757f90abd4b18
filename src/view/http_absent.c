/* What stands for http.c in a build without libmicrohttpd. */
#include "view/http.h"

gn_status gn_http_start(gn_view *v, unsigned *port, gn_http **out, gn_error *err) {
    (void)v;
    (void)port;
    (void)out;
    return gn_fail(err, GN_ENOSUPP,
                   "this gonio was built without its HTTP server: install libmicrohttpd "
                   "(Debian: libmicrohttpd-dev) and build again");
}

void gn_http_stop(gn_http *http) {
    (void)http;
}
