/* Opening a checkpoint and running it while each allocation fails in turn. */
#include "fail_alloc.h"
#include "states.h"

static gn_status ignore(void *user, size_t layer, gn_mat x, gn_error *err) {
    (void)user, (void)layer, (void)x, (void)err;
    return GN_OK;
}

/* One thread: the counter of allocations is not atomic. */
static gn_status open_and_run(void *user, gn_error *err) {
    static const int32_t id[] = {5, 6, 7};
    gn_ctx *ctx = NULL;
    gn_model *m = NULL;
    char digest[65];
    gn_status st = gn_ctx_new(&(gn_ctx_opts){.n_threads = 1}, &ctx, err);
    if (st == GN_OK) st = gn_model_open(ctx, user, NULL, &m, err);
    if (st == GN_OK)
        st = gn_model_forward(ctx, m, (gn_batch){1, 3, id, (uint32_t[]){0, 3}}, GN_TAKE_BLOCK,
                              ignore, NULL, err);
    if (st == GN_OK) st = gn_model_sha256(m, digest, err);
    gn_model_free(m);
    gn_ctx_free(ctx);
    return st;
}

TEST(every_allocation_may_fail) {
    static const char *const models[] = {"golden/models/bert-d20", "golden/models/bert-shards",
                                         "golden/models/gpt2-d20"};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        char dir[1024];
        snprintf(dir, sizeof dir, "%s", test_path(models[i]));
        FAIL_SWEEP(open_and_run, dir, models[i]);
    }
}

int main(void) {
    RUN(every_allocation_may_fail);
    return tap_done();
}
