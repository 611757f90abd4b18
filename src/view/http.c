/* HTTP by libmicrohttpd, a thread per connection.
 *
 * What a local server must defend against is not the user but every page that the user's browser
 * has open: such a page can send requests to 127.0.0.1, and can make a name of its own point there
 * ("DNS rebinding"). So: only Host 127.0.0.1:PORT or localhost:PORT is answered, an Origin must be
 * our own, requests that the browser marks as cross-site are refused, bodies must be
 * application/json (which another site's form cannot send), and nothing here ever says
 * Access-Control-Allow-Origin.
 *
 * Such a page does not keep one of the few connections either: a refusal ends it.
 *
 * Bodies, connections and idle times are bounded. While a handler works the idle time is not
 * counted; while a stream waits, the socket is looked at five times a second, so that the thread of
 * a client that has gone does not stay. */
#define _POSIX_C_SOURCE 200809L
#include "view/http.h"

#include "io/file.h"
#include "io/json.h"
#include "view/page.h"
#include "view/view.h"
#include "view/data/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_CONNECTIONS = 64,
    IDLE_SECONDS = 60,
    SILENT_SECONDS = 10,          /* of a new connection that asks nothing */
    CONNECTION_BYTES = 256 << 10, /* headers, and the size of a stream's chunks */
    WAIT_MS = 200,
    BODY_START = 4096,
};
static const size_t small_body = (size_t)1 << 20, max_body = (size_t)64 << 20,
                    max_upload = (size_t)1 << 30;

struct gn_http {
    gn_view *v;
    unsigned port;
    struct MHD_Daemon *daemon;
};

/** One request on its way. */
struct exchange {
    char *target; /* as the client sent it */
    bool begun, is_page, too_large;
    gn_request rq;
    gn_reply re;
    gn_error err;
    gn_status st; /* of everything before the handler */
    const gn_route *route;
    char *body;
    size_t n_body, body_room;
    char *upload;
    FILE *upload_file;
    /* of a stream */
    struct MHD_Connection *connection;
    gn_block block;
    size_t sent;
    unsigned char size[4];
    size_t size_sent;
    bool end;
    gn_view *v;
};

/* ---- who is asking ----------------------------------------------------------------------- */

static const char *header(struct MHD_Connection *c, const char *name) {
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static gn_status check_client(struct exchange *x, struct MHD_Connection *c, unsigned port) {
    const char *host = header(c, "Host"), *origin = header(c, "Origin");
    const char *site = header(c, "Sec-Fetch-Site");
    x->re.status = 403;
    if (!gn_is_own_host(host, port))
        return gn_fail(&x->err, GN_EINVAL,
                       "Host is '%.80s', this server answers to 127.0.0.1:%u and localhost:%u only",
                       host ? host : "", port, port);
    if (origin && !gn_is_own_origin(origin, port))
        return gn_fail(&x->err, GN_EINVAL, "requests from the site '%.80s' are refused", origin);
    if (site && !x->is_page && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return gn_fail(&x->err, GN_EINVAL, "requests from other sites are refused");
    x->re.status = 0;
    return GN_OK;
}

/* ---- bodies ------------------------------------------------------------------------------ */

static bool has_body(struct MHD_Connection *c, size_t *declared) {
    const char *length = header(c, "Content-Length");
    gn_error ignored;
    *declared = 0;
    if (length) gn_text_size(length, "Content-Length", 0, SIZE_MAX, declared, &ignored);
    return *declared > 0 || header(c, "Transfer-Encoding");
}

static bool takes_file(const struct exchange *x) {
    return x->route && x->route->body == GN_BODY_FILE;
}

static size_t body_limit(const struct exchange *x) {
    if (takes_file(x)) return max_upload;
    return x->route && x->route->body == GN_BODY_ROWS ? max_body : small_body;
}

static gn_status too_large(struct exchange *x, size_t limit) {
    x->re.status = 413;
    return gn_fail(&x->err, GN_EINVAL, "the request's body is larger than %zu MiB", limit >> 20);
}

static bool is_json(const char *type) {
    static const char name[] = "application/json";
    return type && strncmp(type, name, sizeof name - 1) == 0 &&
           (type[sizeof name - 1] == '\0' || type[sizeof name - 1] == ';' ||
            type[sizeof name - 1] == ' ');
}

/** Everything that the request's head decides. */
static gn_status begin(struct exchange *x, gn_http *http, struct MHD_Connection *c,
                       const char *method) {
    gn_status st;
    size_t declared;
    const gn_route *table[GN_VIEW_MAX_PARTS];
    size_t n_tables = 0;
    bool body = has_body(c, &declared);
    x->is_page = strncmp(x->target, "/api/", 5) != 0 && strcmp(x->target, "/api") != 0;
    x->rq.method = strcmp(method, "HEAD") == 0 ? "GET" : method;
    GN_TRY(check_client(x, c, http->port));
    GN_TRY(gn_request_parse(x->target, &x->rq, &x->err));
    if (x->is_page) {
        if (strcmp(x->rq.method, "GET") == 0) return GN_OK;
        x->re.status = 405;
        x->re.allow = "GET";
        return gn_fail(&x->err, GN_EINVAL, "the page does not take %s, expected GET", method);
    }
    for (size_t i = 0; i < gn_view_n_parts; i++) table[n_tables++] = gn_view_parts[i]->routes;
    x->route = gn_route_find(table, n_tables, &x->rq, &x->re, &x->err);
    if (!x->route) return GN_EINVAL;
    size_t limit = body_limit(x);
    if (declared > limit) return too_large(x, limit);
    const char *type = header(c, "Content-Type");
    bool right = takes_file(x) ? type && strcmp(type, "application/octet-stream") == 0
                               : !body || is_json(type);
    if (!right) {
        x->re.status = 415;
        return gn_fail(&x->err, GN_EINVAL, "the body's Content-Type is '%.80s', expected %s",
                       type ? type : "",
                       takes_file(x) ? "application/octet-stream" : "application/json");
    }
    if (takes_file(x)) {
        GN_TRY(gn_view_upload_file(http->v, &x->upload, &x->err));
        x->upload_file = fopen(x->upload, "wb");
        if (!x->upload_file) return gn_fail_errno(&x->err, "%s", x->upload);
    }
done:
    return st;
}

/** Keeps a piece of the body, or forgets it when the request has failed already. */
static void take_body(struct exchange *x, const char *bytes, size_t n) {
    size_t limit = body_limit(x);
    x->n_body += n;
    if (x->st != GN_OK) return;
    if (x->n_body > limit) {
        x->st = too_large(x, limit);
    } else if (x->upload_file) {
        if (fwrite(bytes, 1, n, x->upload_file) != n)
            x->st = gn_fail_errno(&x->err, "the upload cannot be kept: %s", x->upload);
    } else {
        if (x->n_body > x->body_room) {
            size_t room = x->body_room ? x->body_room : BODY_START;
            while (room < x->n_body) room *= 2;
            char *more = gn_realloc(x->body, room, 1);
            if (!more) {
                x->st = gn_fail_nomem(&x->err, "the request's body", room);
                return;
            }
            x->body = more;
            x->body_room = room;
        }
        memcpy(x->body + x->n_body - n, bytes, n);
    }
}

/* ---- replies ----------------------------------------------------------------------------- */

static unsigned status_of(const gn_reply *re, gn_status st) {
    if (re->status) return re->status;
    switch (st) {
    case GN_OK:
        return 200;
    case GN_EINVAL:
    case GN_EDATA:
    case GN_ENOSUPP:
        return 400;
    case GN_ECANCEL:
        return 409;
    case GN_EIO:
    case GN_ENOMEM:
        break;
    }
    return 500;
}

static void reply_error(struct exchange *x, gn_status st) {
    unsigned status = status_of(&x->re, st);
    const char *allow = x->re.allow;
    gn_error ignored;
    gn_reply_free(&x->re);
    json_t *message = gn_json_text(x->err.message);
    gn_reply_json(&x->re, json_pack("{s:o?}", "error", message), &ignored);
    x->re.status = status;
    x->re.allow = allow;
}

static bool client_gone(struct MHD_Connection *c) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    char byte;
    if (!info) return true;
    ssize_t n = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

/** The last block of a stream that fails: its header says why. */
static gn_status error_block(const gn_error *why, gn_block *out) {
    gn_error ignored;
    json_t *meta = json_pack("{s:o?}", "error", gn_json_text(why->message));
    gn_status st = gn_block_new(NULL, 0, meta, out, &ignored);
    json_decref(meta);
    return st;
}

/** Waits for the stream's next block. Without one there is nothing more to send: the stream is over
 *  (GN_OK), or it is to be cut off so that the client sees that something is missing. */
static gn_status next_block(struct exchange *x) {
    gn_stream *s = &x->re.stream;
    gn_block_free(&x->block);
    x->sent = x->size_sent = 0;
    while (!x->block.bytes && !x->end) {
        if (atomic_load(&x->v->ending) || client_gone(x->connection)) return GN_ECANCEL;
        gn_status st = s->next(s->user, WAIT_MS, &x->block, &x->end, &x->err);
        if (st != GN_OK && (s->plain || error_block(&x->err, &x->block) != GN_OK)) return st;
        x->end |= st != GN_OK;
    }
    for (int i = 0; i < 4; i++) x->size[i] = (unsigned char)(x->block.n >> (8 * i));
    if (s->plain) x->size_sent = 4;
    return GN_OK;
}

static ssize_t read_stream(void *cls, uint64_t position, char *to, size_t room) {
    (void)position;
    struct exchange *x = cls;
    size_t used = 0;
    if (!x->block.bytes || x->sent == x->block.n) {
        if (next_block(x) != GN_OK) return MHD_CONTENT_READER_END_WITH_ERROR;
        if (!x->block.bytes) return MHD_CONTENT_READER_END_OF_STREAM;
    }
    while (x->size_sent < 4 && used < room) to[used++] = (char)x->size[x->size_sent++];
    size_t n = x->block.n - x->sent < room - used ? x->block.n - x->sent : room - used;
    memcpy(to + used, x->block.bytes + x->sent, n);
    x->sent += n;
    return (ssize_t)(used + n);
}

/** The response that owns the reply's bytes; a stream's parts stay with the exchange. */
static struct MHD_Response *make_response(struct exchange *x) {
    gn_reply *re = &x->re;
    if (re->streams)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, CONNECTION_BYTES, read_stream, x,
                                                 NULL);
    struct MHD_Response *r =
        MHD_create_response_from_buffer_with_free_callback(re->n, re->bytes, gn_free);
    if (r) re->bytes = NULL;
    return r;
}

static enum MHD_Result send_reply(struct exchange *x, struct MHD_Connection *c) {
    gn_reply *re = &x->re;
    unsigned status = status_of(re, GN_OK);
    struct MHD_Response *r = make_response(x);
    char value[256];
    if (!r) return MHD_NO;
    MHD_add_response_header(r, "Content-Type", re->type);
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(r, "Cache-Control", re->etag[0] ? "no-cache" : "no-store");
    MHD_add_response_header(r, "Content-Security-Policy",
                            re->policy ? re->policy : "default-src 'none'; frame-ancestors 'none'");
    if (re->etag[0]) MHD_add_response_header(r, "ETag", re->etag);
    if (re->gzip) MHD_add_response_header(r, "Content-Encoding", "gzip");
    if (x->is_page) MHD_add_response_header(r, "Vary", "Accept-Encoding");
    if (status == 403) MHD_add_response_header(r, "Connection", "close");
    if (re->allow) MHD_add_response_header(r, "Allow", re->allow);
    if (re->file_name[0]) {
        snprintf(value, sizeof value, "attachment; filename=\"%s\"", re->file_name);
        MHD_add_response_header(r, "Content-Disposition", value);
    }
    if (!re->streams) MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, IDLE_SECONDS);
    enum MHD_Result done = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return done;
}

static bool asker_gone(const gn_request *rq) {
    return client_gone(rq->connection);
}

/** The whole request is there: answer it. */
static void answer(struct exchange *x, struct MHD_Connection *c) {
    gn_status st = x->st;
    x->rq.gone = asker_gone;
    x->rq.connection = x->connection = c;
    if (x->upload_file) {
        if (fclose(x->upload_file) != 0 && st == GN_OK)
            st = gn_fail_errno(&x->err, "the upload cannot be kept: %s", x->upload);
        x->upload_file = NULL;
        x->rq.upload = x->upload;
    }
    if (st == GN_OK && x->is_page) {
        st = gn_page_answer(x->v, &x->rq, header(c, "Accept-Encoding"), header(c, "If-None-Match"),
                            &x->re, &x->err);
    } else if (st == GN_OK) {
        if (!takes_file(x) && x->n_body)
            st = gn_json_parse(x->body, x->n_body, "the request's body", &x->rq.body, &x->err);
        if (st == GN_OK && x->rq.body && !json_is_object(x->rq.body))
            st = gn_fail(&x->err, GN_EINVAL, "the request's body: expected an object, found %s",
                         gn_json_kind(x->rq.body));
        if (st == GN_OK) st = x->route->handler(x->v, &x->rq, &x->re, &x->err);
        /* Text has no place for an error: one at the start can still be told. */
        if (st == GN_OK && x->re.streams && x->re.stream.plain) st = next_block(x);
    }
    for (size_t i = 0; st == GN_OK && i < x->re.n_uses; i++) {
        st = gn_watch_unchanged(x->re.uses[i], &x->err);
        if (st != GN_OK) x->re.status = 409; /* while the handler worked */
    }
    if (st != GN_OK) reply_error(x, st);
}

/* ---- libmicrohttpd's callbacks ----------------------------------------------------------- */

static void *on_target(void *cls, const char *target, struct MHD_Connection *c) {
    (void)c;
    gn_http *http = cls;
    struct exchange *x = gn_calloc(1, sizeof *x);
    if (!x) return NULL;
    x->v = http->v;
    x->target = gn_strdup(target);
    return x;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **of_request,
                         enum MHD_RequestTerminationCode why) {
    (void)cls;
    (void)c;
    (void)why;
    struct exchange *x = *of_request;
    if (!x) return;
    gn_block_free(&x->block);
    gn_reply_free(&x->re);
    gn_request_free(&x->rq);
    if (x->upload_file) fclose(x->upload_file);
    if (x->upload) unlink(x->upload); /* a handler that keeps it has renamed it */
    gn_free(x->upload);
    gn_free(x->body);
    gn_free(x->target);
    gn_free(x);
    *of_request = NULL;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n_data, void **of_request) {
    (void)url;
    (void)version;
    gn_http *http = cls;
    struct exchange *x = *of_request;
    if (!x || !x->target) return MHD_NO;
    if (!x->begun) {
        size_t declared;
        x->begun = true;
        MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, IDLE_SECONDS);
        x->st = begin(x, http, c, method);
        /* A failure waits for a body that is bounded, so that the client reads the answer and the
         * connection goes on. */
        has_body(c, &declared);
        if (x->st == GN_OK || declared <= max_body) return MHD_YES;
    } else if (*n_data) {
        take_body(x, data, *n_data);
        *n_data = 0;
        return x->n_body > 2 * max_body && x->st != GN_OK ? MHD_NO : MHD_YES;
    }
    MHD_set_connection_option(c, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    answer(x, c);
    return send_reply(x, c);
}

/* ---- start and stop ---------------------------------------------------------------------- */

static gn_status bind_port(unsigned *port, int *out, gn_error *err) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
    socklen_t n = sizeof a;
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return gn_fail_errno(err, "cannot make a socket");
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    gn_status st = GN_OK;
    if (bind(fd, (struct sockaddr *)&a, n) != 0 || listen(fd, MAX_CONNECTIONS) != 0) {
        if (errno == EADDRINUSE)
            st = gn_fail(err, GN_EIO,
                         "port %u of 127.0.0.1 is in use by another program; choose another one, "
                         "or 0 for any free one",
                         *port);
        else if (errno == EACCES)
            st = gn_fail(err, GN_EIO, "port %u may only be used by root; choose one from 1024",
                         *port);
        else
            st = gn_fail_errno(err, "cannot listen on port %u of 127.0.0.1", *port);
    } else if (getsockname(fd, (struct sockaddr *)&a, &n) != 0) {
        st = gn_fail_errno(err, "cannot read the port's number");
    }
    if (st != GN_OK) {
        close(fd);
        return st;
    }
    *port = ntohs(a.sin_port);
    *out = fd;
    return GN_OK;
}

gn_status gn_http_start(gn_view *v, unsigned *port, gn_http **out, gn_error *err) {
    int fd = -1;
    unsigned bound = *port;
    gn_http *http = gn_calloc(1, sizeof *http);
    if (!http) return gn_fail_nomem(err, "the server", sizeof *http);
    gn_status st = bind_port(&bound, &fd, err);
    if (st != GN_OK) {
        gn_free(http);
        return st;
    }
    http->v = v;
    http->port = bound;
    http->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL |
            MHD_USE_ITC,
        0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENT_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_URI_LOG_CALLBACK,
        on_target, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_END);
    if (!http->daemon) {
        close(fd);
        gn_free(http);
        return gn_fail(err, GN_EIO, "the HTTP server cannot be started on port %u", bound);
    }
    *port = bound;
    *out = http;
    return GN_OK;
}

void gn_http_stop(gn_http *http) {
    if (!http) return;
    MHD_stop_daemon(http->daemon);
    gn_free(http);
}
