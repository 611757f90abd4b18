/* The page: built in, or files of a folder while it is being developed. */
#ifndef GN_VIEW_PAGE_H
#define GN_VIEW_PAGE_H

#include "view/wire/route.h"

/** Made by meson from what web/build.mjs writes: one HTML file, packed by gzip, and the
 *  Content-Security-Policy with the hashes of its script and style. n_bytes is 0 when the page was
 *  not built. */
typedef struct gn_page {
    const unsigned char *gzip;
    size_t n_bytes;
    const char *policy;
    const char *etag; /**< a quoted SHA-256 of at most 68 characters */
} gn_page;
extern const gn_page gn_built_in_page;

/** Answers everything outside /api/.
 *  @param accept_encoding, if_none_match header values, or NULL. */
gn_status gn_page_answer(gn_view *v, const gn_request *rq, const char *accept_encoding,
                         const char *if_none_match, gn_reply *re, gn_error *err);

#endif
