/* A search that goes on from a file: the input is what follows the file's name and identity, which
 * are those of the search (first byte even: candidate lists, odd: finished rows). Whatever the file
 * says, the search ends with the right neighbours: a hash at its end tells what was written from
 * what was not. */
#include "neighbors/engine.h"

#include "files.h"
#include "fuzz.h"

enum { N = 40, D = 2, K = 3, HEAD = 16, MOST = 1 << 16 };

static bool stop(void *user) {
    return --*(int *)user == 0;
}

/* Searches; stop_after > 0: until then, with a result of NULL. */
static gn_knn *search(const char *path, bool striped, int stop_after) {
    static float x[N * D];
    for (int i = 0; i < N * D; i++) x[i] = (float)(i * i % 37);
    gn_error err;
    gn_ctx *ctx;
    gn_knn *knn = NULL;
    int polls = stop_after;
    gn_hooks hooks = {.user = &polls, .cancel = stop};
    gn_engine_tuning tuning = {.block_rows = 1, .room = 12, .list_bytes = striped ? 1 : 0};
    gn_knn_opts opts = {.k = K, .checkpoint = path, .checkpoint_s = stop_after > 0 ? 1e-9 : 1e9};
    fuzz_require(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .cpu = GN_CPU_SCALAR, .hooks = hooks},
                            &ctx, &err) == GN_OK);
    gn_status st = gn_knn_search(ctx, gn_mat_f32(x, N, D), &opts, &tuning, &knn, &err);
    fuzz_require(st == GN_OK || (stop_after > 0 && st == GN_ECANCEL));
    gn_ctx_free(ctx);
    return knn;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static gn_knn *want;
    static unsigned char file[2][MOST]; /* begin as files of either kind do */
    char path[4096];
    snprintf(path, sizeof path, "%s", tmp_path("fuzz.partial"));
    if (!want) {
        want = search(NULL, false, 0);
        for (int striped = 0; striped < 2; striped++) {
            bool stopped = false;
            for (int polls = 300; !stopped; polls--) { /* as late as it can be stopped */
                remove(path);
                gn_knn *whole = search(path, striped, polls);
                stopped = !whole && get_file(path, file[striped], MOST) <= MOST;
                gn_knn_free(whole);
            }
        }
    }
    if (size == 0 || size > MOST - HEAD) return 0;
    bool striped = data[0] % 2;
    memcpy(file[striped] + HEAD, data + 1, size - 1);
    fuzz_require(put_file(path, file[striped], HEAD + size - 1));
    gn_knn *knn = search(path, striped, 0);
    fuzz_require(memcmp(knn->index, want->index, N * K * sizeof *want->index) == 0);
    fuzz_require(memcmp(knn->distance, want->distance, N * K * sizeof *want->distance) == 0);
    gn_knn_free(knn);
    return 0;
}
