/* The measured error of a cheaper precision, on sources whose difference is known. */
#include "fake.h"
#include "tap.h"

#include "base/str.h"
#include "extract/precision.h"

/* The fake's states, each grown by `grow` in layer 2 and by half of it elsewhere. */
struct grown {
    fake f;
    double grow;
    gn_tap tap;
    void *user;
    size_t n_sequences, n_tokens;
};

static gn_status grow(void *user, size_t layer, gn_mat x, gn_error *err) {
    struct grown *g = user;
    float *y = gn_alloc(x.rows * x.cols, sizeof *y);
    if (!y) return gn_fail_nomem(err, "states", 0);
    double factor = 1 + (layer == 2 ? g->grow : g->grow / 2);
    for (size_t i = 0; i < x.rows * x.cols; i++)
        y[i] = (float)((double)((const float *)x.data)[i] * factor);
    gn_status st = g->tap(g->user, layer, gn_mat_f32(y, x.rows, x.cols), err);
    gn_free(y);
    return st;
}

static gn_status grown_forward(void *self, gn_ctx *ctx, gn_batch b, gn_take take, gn_tap tap,
                               void *user, gn_error *err) {
    struct grown *g = self;
    g->tap = tap;
    g->user = user;
    g->n_sequences = b.n_sequences;
    g->n_tokens = b.n_tokens;
    return fake_forward(&g->f, ctx, b, take, grow, g, err);
}

TEST(the_error_is_that_of_the_worst_layer) {
    gn_error err;
    fake f = fake_new();
    job j;
    OK(job_open(&j, &f, "precision.txt", "the dog barks\n\na cat, we see\n", &err));
    gn_ctx *ctx = make_ctx(1, NULL);
    const double grows[] = {0, 1e-3, 0.25};
    for (size_t i = 0; i < 3; i++) {
        struct grown g = {.f = fake_new(), .grow = grows[i]};
        gn_source source = {.info = &g.f.info, .forward = grown_forward, .self = &g};
        gn_extract_opts opts = {0};
        double error = -1;
        OK(gn_extract_precision_error(ctx, &source, &j.in.source, j.in.tokenizer, j.corpus, &opts,
                                      &error, &err));
        CHECK_NEAR(error, grows[i], 1e-6);
        CHECK(g.n_sequences == 2 && g.n_tokens > 8);
    }
    gn_ctx_free(ctx);
    job_close(&j);
}

TEST(long_corpora_are_sampled) {
    gn_error err;
    fake f = fake_new();
    job j;
    gn_str text = {0};
    for (int i = 0; i < 500; i++) gn_str_add(&text, "the dog barks\n");
    OK(job_open(&j, &f, "precision_long.txt", text.text, &err));
    gn_str_free(&text);
    gn_ctx *ctx = make_ctx(1, NULL);
    struct grown g = {.f = fake_new(), .grow = 0.5};
    gn_source source = {.info = &g.f.info, .forward = grown_forward, .self = &g};
    double error = -1;
    OK(gn_extract_precision_error(ctx, &source, &j.in.source, j.in.tokenizer, j.corpus,
                                  &(gn_extract_opts){0}, &error, &err));
    CHECK_NEAR(error, 0.5, 1e-6);
    CHECK(g.n_tokens >= 512 && g.n_tokens < 512 + POSITIONS);
    gn_ctx_free(ctx);
    job_close(&j);
}

int main(void) {
    RUN(the_error_is_that_of_the_worst_layer);
    RUN(long_corpora_are_sampled);
    return tap_done();
}
