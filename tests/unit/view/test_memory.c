/* Every allocation of the listing and of the light routes fails once, with a sentence and no leak.
 */
#include "fail_alloc.h"
#include "serve.h"

static const char *folder;

static gn_status list_all(void *user, gn_error *err) {
    gn_view *v;
    gn_status st = gn_view_prepare(NULL, &folder, 1, NULL, &v, err);
    (void)user;
    if (st == GN_OK) gn_view_free(v);
    return st;
}

struct question {
    const char *method, *target, *body;
};

/** A view of its own, so that what a source makes on first use is made within the sweep. */
static gn_status ask(void *user, gn_error *err) {
    const struct question *q = user;
    gn_view *v;
    gn_reply re = {0};
    gn_status st = gn_view_prepare(NULL, &folder, 1, NULL, &v, err);
    if (st != GN_OK) return st;
    st = serve(v, q->method, q->target, q->body, q->body ? strlen(q->body) : 0, &re, err);
    while (st == GN_OK && re.streams) {
        gn_block b = {0};
        bool end = false;
        st = re.stream.next(re.stream.user, 0, &b, &end, err);
        gn_block_free(&b);
        if (end) break;
    }
    gn_reply_free(&re);
    gn_view_free(v);
    return st;
}

TEST(a_listing_survives_it) {
    folder = serve_folder("view_memory");
    FAIL_SWEEP(list_all, NULL, "listing");
}

TEST(answers_survive_it) {
    static const struct question question[] = {
        {"GET", "/api/sources", NULL},
        {"GET", "/api/sources/0/columns/__index__", NULL},
        {"GET", "/api/sources/1/rows/3?layer=1", NULL},
        {"POST", "/api/sources/1/rows", "{\"rows\": [4, 0]}"},
        {"POST", "/api/export/selection", "{\"source\": 0, \"rows\": [1, 2], \"format\": \"csv\"}"},
        {"POST", "/api/export/selection", "{\"source\": 0, \"format\": \"jsonl\"}"},
        {"GET", "/api/sets?source=0", NULL},
        {"GET", "/api/log", NULL},
    };
    folder = serve_folder("view_memory");
    for (size_t i = 0; i < sizeof question / sizeof *question; i++)
        FAIL_SWEEP(ask, (void *)(uintptr_t)&question[i], question[i].target);
}

int main(void) {
    RUN(a_listing_survives_it);
    RUN(answers_survive_it);
    return tap_done();
}
