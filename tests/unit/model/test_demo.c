/* A real model: all-MiniLM-L6-v2 in the folder GN_DEMO_MODEL, 24 sentences in a dozen scripts,
 * against the public library (tests/golden/make_demo_states.py). */
#include "states.h"

#include "base/cpu.h"

/* models.md, check 1: 1e-4 on real weights. Measured: 1.1e-6. */
static const double TOLERANCE = 1e-4;

/* +1 or -1: the sign pattern `j` of 16 at flat index `i`. */
static double sign(uint64_t i, uint64_t j) {
    uint64_t z = 16 * i + j + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return z >> 63 ? -1 : 1;
}

/* The relative error of one sequence's states in one layer, estimated from 16 projections. */
static double projected_error(const float *x, size_t n, double norm, const double *want) {
    double sum[16] = {0}, e = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < 16; j++) sum[j] += sign(i, j) * (double)x[i];
    for (size_t j = 0; j < 16; j++) e += (sum[j] - want[j]) * (sum[j] - want[j]) / 16;
    return sqrt(e) / norm;
}

static void check(gn_cpu cpu, unsigned threads, const gn_tensors *ref, const char *dir) {
    gn_error err;
    gn_ctx *ctx = context(cpu, threads);
    if (!ctx) return;
    gn_model *m;
    states s = {0};
    OK(gn_model_open(ctx, dir, NULL, &m, &err));
    gn_batch b = reference_batch(ref);
    const double *norm = reference(ref, "norm", NULL);
    const double *projection = reference(ref, "projection", NULL);
    const double *value = reference(ref, "value", NULL);
    REQUIRE(norm && projection && value && b.n_sequences >= 20);
    OK(gn_model_forward(ctx, m, b, GN_TAKE_BLOCK, collect, &s, &err));
    REQUIRE(s.n_layers == 7 && s.d == 384);
    double worst = 0;
    for (size_t i = 0; i < b.n_sequences; i++) {
        size_t t = b.begin[i + 1] - b.begin[i], n = t * s.d;
        for (size_t l = 0; l < s.n_layers; l++) {
            const float *x = s.x + (l * b.n_tokens + b.begin[i]) * s.d;
            size_t at = i * s.n_layers + l;
            double own = 0;
            for (size_t k = 0; k < n; k++) own += (double)x[k] * (double)x[k];
            CHECK(fabs(sqrt(own) / norm[at] - 1) <= TOLERANCE);
            double e = projected_error(x, n, norm[at], projection + 16 * at);
            CHECK(e <= TOLERANCE);
            if (e > worst) worst = e;
            size_t token[] = {0, t / 2, t - 1};
            double scale = norm[at] / sqrt((double)n); /* a state's typical size */
            for (size_t k = 0; k < 24; k++)
                CHECK(fabs((double)x[token[k / 8] * s.d + k % 8] - value[24 * at + k]) <=
                      10 * TOLERANCE * scale);
        }
    }
    printf("# %s, %u threads: relative error %.2g\n", gn_cpu_name(cpu), threads, worst);
    states_free(&s);
    gn_model_free(m);
    gn_ctx_free(ctx);
}

TEST(sentences_of_many_scripts) {
    gn_error err;
    const char *dir = getenv("GN_DEMO_MODEL");
    if (!dir || !*dir) SKIP("GN_DEMO_MODEL names no folder");
    gn_tensors *ref;
    OK(gn_tensors_open(test_path("golden/demo_states.safetensors"), &ref, &err));
    for (size_t c = 0; c < N_CPUS; c++)
        for (unsigned threads = 1; threads <= 2; threads++) {
            /* the tiny models of test_forward.c take every path, under sanitizers, too */
            if (test_quick() && (every_cpu[c] != gn_cpu_best() || threads != 2)) continue;
            check(every_cpu[c], threads, ref, dir);
        }
    gn_tensors_free(ref);
}

int main(void) {
    RUN(sentences_of_many_scripts);
    return tap_done();
}
