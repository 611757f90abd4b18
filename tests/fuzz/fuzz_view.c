#define _XOPEN_SOURCE 700
/* Requests to the viewer: the first line is METHOD TARGET, the rest a JSON body. They go through
 * the same parsing and the same handlers as from the network, over a small table in a folder of
 * this process's own. Left out: routes that start work in other threads, which have tests of their
 * own. */
#include "view/view.h"

#include "fuzz.h"

#include <stdio.h>
#include <unistd.h>

static const gn_view_part *const parts[] = {&gn_part_log,    &gn_part_sources,
                                            &gn_part_sets,   &gn_part_tags,
                                            &gn_part_export, &gn_part_export_neighbors};
enum { PARTS = sizeof parts / sizeof *parts };

static char folder[64], table_path[80], marks_path[100], marks_folder[80];

static void clean_up(void) {
    unlink(marks_path);
    rmdir(marks_folder);
    unlink(table_path);
    rmdir(folder);
}

/** The view that all inputs share: made once. */
static gn_view *shared_view(void) {
    static gn_view *v;
    const char *path = folder;
    const float x[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    gn_error err;
    if (v) return v;
    snprintf(folder, sizeof folder, "/tmp/gonio-fuzz-XXXXXX");
    fuzz_require(mkdtemp(folder) != NULL);
    snprintf(table_path, sizeof table_path, "%s/x.npy", folder);
    snprintf(marks_folder, sizeof marks_folder, "%s/view", folder);
    snprintf(marks_path, sizeof marks_path, "%s/marks.json", marks_folder);
    fuzz_require(gn_npy_write(table_path, GN_F32, (size_t[]){4, 3}, 2, x, &err) == GN_OK);
    fuzz_require(atexit(clean_up) == 0);
    fuzz_require(gn_view_prepare(NULL, &path, 1, NULL, &v, &err) == GN_OK);
    return v;
}

static void read_reply(gn_reply *re) {
    gn_error err;
    bool end = false;
    if (re->bytes) fuzz_touch(re->bytes, re->n);
    while (re->streams && !end) {
        gn_block b = {0};
        gn_status st = re->stream.next(re->stream.user, 0, &b, &end, &err);
        fuzz_touch(b.bytes, b.n);
        gn_block_free(&b);
        if (st != GN_OK) break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH"};
    const gn_route *table[PARTS];
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    size_t n = newline ? (size_t)(newline - data) : size;
    char line[512], *space;
    gn_request rq = {0};
    gn_reply re = {0};
    gn_error err = {0};
    if (n >= sizeof line) return 0;
    memcpy(line, data, n);
    line[n] = '\0';
    if (!(space = strchr(line, ' '))) return 0;
    *space = '\0';
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(line, methods[i]) == 0) rq.method = methods[i];
    if (!rq.method) return 0;
    for (size_t i = 0; i < PARTS; i++) table[i] = parts[i]->routes;
    gn_status st = gn_request_parse(space + 1, &rq, &err);
    const gn_route *route = st == GN_OK ? gn_route_find(table, PARTS, &rq, &re, &err) : NULL;
    if (route && newline && n + 1 < size)
        rq.body = json_loadb((const char *)newline + 1, size - n - 1, JSON_REJECT_DUPLICATES, NULL);
    if (route && (!rq.body || json_is_object(rq.body)))
        st = route->handler(shared_view(), &rq, &re, &err);
    else
        st = GN_EINVAL;
    fuzz_require(st != GN_OK || re.bytes || re.streams);
    if (st == GN_OK) read_reply(&re);
    gn_reply_free(&re);
    gn_request_free(&rq);
    return 0;
}
