/* A reply under construction. A handler fills it through exactly one of the calls below and returns
 * GN_OK, or fails and lets the error become the answer. */
#ifndef GN_VIEW_REPLY_H
#define GN_VIEW_REPLY_H

#include "view/wire/block.h"

/** Blocks that are made while they are sent. The calls come from the connection's own thread. */
typedef struct gn_stream {
    void *user;
    /** Waits up to wait_ms for the next block. GN_OK with a block (ownership passes), or with
     *  out->bytes NULL: nothing yet. *end: this was all. A failure is sent as a last block whose
     *  header has "error"; plain text is cut off, so that the client sees that it is not whole. */
    gn_status (*next)(void *user, unsigned wait_ms, gn_block *out, bool *end, gn_error *err);
    /** Called once, when the stream is over or the client has gone. */
    void (*release)(void *user);
    bool plain; /**< the bytes of the blocks as they are, without sizes: text made in pieces */
} gn_stream;

enum { GN_REPLY_SOURCES = 4 };

typedef struct gn_reply {
    unsigned status;      /**< HTTP status; 0: 200, or what the error's code says */
    const char *type;     /**< media type, a static string */
    unsigned char *bytes; /**< (n) owned */
    size_t n;
    char file_name[128]; /**< not empty: a download of that name */
    const char *allow;   /**< of a 405: the methods, a static string */
    char *policy;        /**< of the page: its Content-Security-Policy, owned */
    char etag[72];       /**< not empty: may be kept by the client and asked for again */
    bool gzip;           /**< the bytes are packed */
    bool streams;
    gn_stream stream;
    size_t n_uses;
    const struct gn_source *uses[GN_REPLY_SOURCES]; /**< whose data it was made from */
} gn_reply;

/** A JSON document; takes the reference, also on failure. NULL (jansson's "no memory", a text that
 * is not UTF-8) fails. */
gn_status gn_reply_json(gn_reply *re, json_t *document, gn_error *err);
/** Takes the block. */
gn_status gn_reply_block(gn_reply *re, gn_block *b);
/** Takes bytes that came from gn_alloc or gn_realloc. @param type a static string. */
gn_status gn_reply_bytes(gn_reply *re, const char *type, void *bytes, size_t n);
/** Blocks with their sizes, or plain text pieces of the given type. */
gn_status gn_reply_stream(gn_reply *re, const char *type, gn_stream stream);
/** Makes the answer a download; everything but letters, digits, '.', '-' becomes '_'. */
void gn_reply_download(gn_reply *re, const char *file_name);
/** Frees what was not sent. */
void gn_reply_free(gn_reply *re);

/** Failures whose status the error's code does not say: 404 and 409. */
gn_status gn_not_found(gn_reply *re, gn_error *err, const char *format, ...) GN_PRINTF(3, 4);
gn_status gn_conflict(gn_reply *re, gn_error *err, const char *format, ...) GN_PRINTF(3, 4);

/** A string of any bytes: what is not UTF-8 becomes U+FFFD. NULL for NULL gives JSON's null. */
json_t *gn_json_text(const char *text);
/** A number, or null for NaN and infinities. */
json_t *gn_json_real(double value);
json_t *gn_json_whole(size_t value);
/** The members of an object as text, without its braces; NULL: no memory. Free with gn_free. */
char *gn_json_members(const json_t *object);

#endif
