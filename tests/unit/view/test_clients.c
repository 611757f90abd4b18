/* Twenty clients at once, each with its own mix of routes: every answer is what one client alone
 * gets, a stream among them, and edits of the same marks lose nothing. Runs under ThreadSanitizer,
 * too. */
#define _POSIX_C_SOURCE 200809L
#include "serve.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

enum { CLIENTS = 20, ROOM = 1 << 16 };

/** One request over a connection of its own; the body of the answer in `answer` (ROOM), its status.
 */
static int ask(unsigned port, const char *method, const char *target, const char *body,
               char *answer) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    char *text = malloc(ROOM);
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = -1;
    size_t n = 0, length = body ? strlen(body) : 0;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    answer[0] = '\0';
    if (!text || fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) goto done;
    int head = snprintf(text, ROOM,
                        "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n"
                        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                        method, target, port, length, body ? body : "");
    if (send(fd, text, (size_t)head, MSG_NOSIGNAL) != head) goto done;
    for (ssize_t got; n < ROOM - 1 && (got = recv(fd, text + n, ROOM - 1 - n, 0)) > 0;)
        n += (size_t)got;
    text[n] = '\0';
    char *start = strstr(text, "\r\n\r\n");
    if (!start || sscanf(text, "HTTP/1.1 %d", &status) != 1) goto done;
    memcpy(answer, start + 4, n - (size_t)(start + 4 - text) + 1);
done:
    if (fd >= 0) close(fd);
    free(text);
    return status;
}

static const struct {
    const char *method, *target, *body;
    int status;
} question[] = {
    {"GET", "/api/sources", NULL, 200},
    {"GET", "/api/sources/0", NULL, 200},
    {"GET", "/api/sources/1", NULL, 200},
    {"GET", "/api/sources/1/rows/4?layer=0", NULL, 200},
    {"GET", "/api/sources/0/columns/__index__", NULL, 200},
    {"POST", "/api/sources/0/rows", "{\"rows\": [0, 3]}", 200},
    {"POST", "/api/export/selection", "{\"source\": 1, \"format\": \"csv\"}", 200},
    {"GET", "/api/sources/9", NULL, 404},
    {"POST", "/api/sources/0/rows", "{\"rows\": [77]}", 400},
};
enum { QUESTIONS = sizeof question / sizeof *question };

struct client {
    unsigned port;
    size_t number, bad;
    char (*expected)[ROOM];
};

/** Asks everything, in an order of its own, and keeps sets in between. */
static void *read_much(void *user) {
    struct client *c = user;
    char *answer = malloc(ROOM), target[128], body[64];
    for (size_t i = 0; answer && i < 3 * QUESTIONS; i++) {
        size_t q = (i * (c->number % 7 + 1) + c->number) % QUESTIONS;
        int status = ask(c->port, question[q].method, question[q].target, question[q].body, answer);
        c->bad += status != question[q].status || strcmp(answer, c->expected[q]) != 0;
        if (i % QUESTIONS) continue;
        snprintf(target, sizeof target, "/api/sets/set%zu.%zu?source=1", c->number, i / QUESTIONS);
        snprintf(body, sizeof body, "{\"rows\": [%zu]}", c->number % SERVE_ROWS);
        c->bad += ask(c->port, "PUT", target, body, answer) != 200;
    }
    c->bad += answer == NULL;
    free(answer);
    return NULL;
}

/** Edits columns that others edit, too, while it reads them. */
static void *edit_much(void *user) {
    struct client *c = user;
    char *answer = malloc(ROOM), body[128];
    for (int i = 0; answer && i < SERVE_ROWS; i++) {
        snprintf(body, sizeof body,
                 "{\"source\": 0, \"column\": \"tag%zu\", \"rows\": [%d], \"value\": \"v%d\"}",
                 c->number % 3, i, i);
        c->bad += ask(c->port, "PUT", "/api/tags", body, answer) != 200;
        c->bad += ask(c->port, "GET", "/api/sources/0/rows/2", NULL, answer) != 200;
        c->bad += ask(c->port, "GET", "/api/sources/0", NULL, answer) != 200;
    }
    c->bad += answer == NULL;
    free(answer);
    return NULL;
}

/** Comparisons and values of rows, which are jobs that the clients share, and which some of them
 *  stop while others wait for them. */
static void *measure_much(void *user) {
    struct client *c = user;
    char *answer = malloc(ROOM), compare[128], column[128];
    static const char overlap[] =
        "{\"a\": {\"source\": 1, \"layer\": 0}, \"b\": {\"source\": 1, \"layer\": 1}}";
    for (size_t i = 0; answer && i < 6; i++) {
        size_t k = (c->number + i) % 2;
        snprintf(compare, sizeof compare, "/api/compare?a=1&b=1&pairs=1&k=%zu", 1 + k);
        snprintf(column, sizeof column, "/api/sources/1/columns/hubness?k=%zu", 1 + k);
        for (int turn = 0; turn < 2000; turn++) {
            c->bad += ask(c->port, "GET", compare, NULL, answer) != 200;
            if (strstr(answer, "\"state\":\"done\"")) break;
        }
        const char *said = strstr(answer, "\"sampled\"");
        c->bad += !said || strcmp(said, c->expected[k]) != 0;
        int status = ask(c->port, "GET", column, NULL, answer);
        c->bad += status != 200 && status != 202 && status != 409; /* 409: it was stopped */
        status = ask(c->port, "POST", "/api/overlap", overlap, answer);
        c->bad += status != 200 && status != 202 && status != 409;
        c->bad += ask(c->port, "GET", "/api/sources/1/geometry", NULL, answer) != 200;
        if (c->number % 4 == 0) {
            c->bad += ask(c->port, "DELETE", compare, NULL, answer) != 200;
            ask(c->port, "DELETE", column, NULL, answer); /* 404 while nobody had to wait */
            ask(c->port, "DELETE", "/api/sources/1/geometry", NULL, answer);
        }
    }
    c->bad += answer == NULL;
    free(answer);
    return NULL;
}

static size_t run_clients(void *(*work)(void *), unsigned port, char (*expected)[ROOM]) {
    pthread_t thread[CLIENTS];
    struct client client[CLIENTS];
    size_t bad = 0, started = 0;
    for (size_t i = 0; i < CLIENTS; i++) {
        client[i] = (struct client){port, i, 0, expected};
        if (pthread_create(&thread[i], NULL, work, &client[i]) != 0) break;
        started++;
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(thread[i], NULL);
        bad += client[i].bad;
    }
    return bad + (CLIENTS - started);
}

TEST(many_clients_get_what_one_gets) {
    const char *dir = serve_folder("view_clients");
    static char expected[QUESTIONS][ROOM];
    char marks[1200], answer[ROOM];
    gn_error err;
    gn_view *v;
    gn_ctx *ctx;
    snprintf(marks, sizeof marks, "%s/view/marks.json", dir);
    unlink(marks);
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err));
    OK(gn_view_open(ctx, &dir, 1, NULL, &v, &err));
    unsigned port = gn_view_port(v);
    CHECK(gn_view_sources(v) == 2);
    for (size_t q = 0; q < QUESTIONS; q++)
        CHECK(ask(port, question[q].method, question[q].target, question[q].body, expected[q]) ==
              question[q].status);
    CHECK(run_clients(read_much, port, expected) == 0);
    CHECK(ask(port, "GET", "/api/sets?source=1", NULL, answer) == 200);
    json_t *doc = json_loads(answer, 0, NULL);
    CHECK(json_array_size(json_object_get(doc, "sets")) == 3 * CLIENTS);
    json_decref(doc);
    CHECK(run_clients(edit_much, port, expected) == 0);
    for (int i = 0; i < SERVE_ROWS; i++) {
        char target[64], part[64];
        snprintf(target, sizeof target, "/api/sources/0/rows/%d", i);
        CHECK(ask(port, "GET", target, NULL, answer) == 200);
        /* The columns stand in the order in which the clients came. */
        for (int t = 0; t < 3; t++) {
            snprintf(part, sizeof part, "\"tag%d\":\"v%d\"", t, i);
            CHECK_CONTAINS(answer, part);
        }
    }
    gn_view_free(v);
    gn_ctx_free(ctx);
}

TEST(many_clients_share_jobs) {
    const char *dir = serve_folder("view_clients_jobs");
    static char expected[2][ROOM];
    char target[128];
    gn_error err;
    gn_view *v;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err));
    OK(gn_view_open(ctx, &dir, 1, NULL, &v, &err));
    for (size_t k = 0; k < 2; k++) {
        snprintf(target, sizeof target, "/api/compare?a=1&b=1&pairs=1&k=%zu", 1 + k);
        do CHECK(ask(gn_view_port(v), "GET", target, NULL, expected[k]) == 200);
        while (strstr(expected[k], "\"state\":\"running\""));
        const char *said = strstr(expected[k], "\"sampled\"");
        REQUIRE(said && strstr(said, "\"overlap\":[[1.0,1.0],[1.0,1.0]]"));
        memmove(expected[k], said, strlen(said) + 1);
    }
    CHECK(run_clients(measure_much, gn_view_port(v), expected) == 0);
    gn_view_free(v);
    gn_ctx_free(ctx);
}

int main(void) {
    RUN(many_clients_get_what_one_gets);
    RUN(many_clients_share_jobs);
    return tap_done();
}
