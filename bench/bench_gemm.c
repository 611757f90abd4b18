/* Matrix products against OpenBLAS and against what the processor's multiply-add units can do, all
 * in one run on one thread, interleaved; medians of CPU time. Prints one JSON line.
 *
 * Two traps. OpenBLAS picks its kernels by processor model and, being older than the processor,
 * may pick AVX2 ones where AVX-512 is there, or be told to by OPENBLAS_CORETYPE: the program starts
 * itself again with the best type for this machine. And the machine may be busy: the peak is
 * measured beside every shape, and what counts are the ratios.
 *
 *   tile     the micro-kernel alone, panels packed before, in a loop over panels that fit L2
 *   linear   y = x W^T + b as the models run it: W packed once, x packed inside the timed region
 *   openblas cblas_sgemm, A B^T, no bias */
#define _GNU_SOURCE
#include "base/mem.h"
#include "base/random.h"
#include "math/nn.h"
#include "peak.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
char *openblas_get_corename(void);
void openblas_set_num_threads(int n);
enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112, ROUNDS = 9 };

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
static double median(double *x, size_t n) {
    qsort(x, n, sizeof *x, compare);
    return x[n / 2];
}

static float *random_floats(size_t n, uint64_t seed) {
    float *x = gn_alloc(n, sizeof *x);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) x[i] = (float)gn_random_normal(&r);
    return x;
}

/* Seconds of one tile sweep: `panels` A panels against one B panel at a time. */
static double time_tiles(const gn_gemm *g, size_t k, size_t panels, const float *x) {
    size_t kp = (k + g->k_multiple - 1) / g->k_multiple * g->k_multiple;
    size_t a_bytes = g->mr * kp * g->element_bytes, b_bytes = g->nr * kp * g->element_bytes;
    a_bytes = (a_bytes + 63) / 64 * 64;
    char *a = gn_alloc(panels, a_bytes), *b = gn_alloc(4, b_bytes);
    float *c = gn_alloc(g->mr * g->nr, sizeof *c);
    for (size_t p = 0; p < panels; p++) g->pack_a(x, k, g->mr, k, a + p * a_bytes);
    for (size_t p = 0; p < 4; p++) g->pack_b(x, k, g->nr, k, b + p * b_bytes);
    if (g->begin) g->begin();
    double start = thread_seconds();
    for (size_t p = 0; p < 4; p++)
        for (size_t q = 0; q < panels; q++) g->tile(a + q * a_bytes, b + p * b_bytes, kp, c, g->nr);
    double seconds = thread_seconds() - start;
    if (g->end) g->end();
    gn_free(a), gn_free(b), gn_free(c);
    return seconds;
}

struct shape {
    size_t m, n, k;
};

static void bench_shape(const gn_gemm *g, struct shape s, bool last) {
    float *x = random_floats(s.m * s.k, 1), *w = random_floats(s.n * s.k, 2),
          *bias = random_floats(s.n, 3), *y = gn_calloc(s.m * s.n, sizeof *y);
    gn_weight *packed;
    gn_error err;
    if (gn_weight_pack(g, gn_mat_f32(w, s.n, s.k), &packed, &err) != GN_OK) exit(1);
    void *scratch = gn_calloc(gn_linear_scratch(packed, s.m), 1);
    gn_linear l = {.weight = packed, .bias = bias};
    double flops = 2.0 * (double)s.m * (double)s.n * (double)s.k;
    int repeat = (int)(2e8 / flops) + 1;
    double ours[ROUNDS], theirs[ROUNDS], gelu[ROUNDS], tiles[ROUNDS], peak[ROUNDS], ratio[ROUNDS];
    size_t panels = (256u << 10) / (g->mr * s.k * g->element_bytes) + 1;
    double tile_flops = 2.0 * 4 * (double)(panels * g->mr * g->nr) * (double)s.k;
    for (int r = -1; r < ROUNDS; r++) { /* round -1 warms up */
        int at = r < 0 ? 0 : r;
        peak[at] = peak_fma();
        l.act = GN_ACT_NONE;
        double start = thread_seconds();
        for (int i = 0; i < repeat; i++) gn_linear_run(&l, x, s.m, s.k, y, s.n, scratch);
        ours[at] = flops * repeat / (thread_seconds() - start) / 1e9;
        start = thread_seconds();
        for (int i = 0; i < repeat; i++)
            cblas_sgemm(ROW_MAJOR, NO_TRANS, TRANS, (int)s.m, (int)s.n, (int)s.k, 1.0f, x, (int)s.k,
                        w, (int)s.k, 0.0f, y, (int)s.n);
        theirs[at] = flops * repeat / (thread_seconds() - start) / 1e9;
        l.act = GN_ACT_GELU;
        start = thread_seconds();
        for (int i = 0; i < repeat; i++) gn_linear_run(&l, x, s.m, s.k, y, s.n, scratch);
        gelu[at] = flops * repeat / (thread_seconds() - start) / 1e9;
        tiles[at] = tile_flops / time_tiles(g, s.k, panels, w) / 1e9;
        ratio[at] = ours[at] / theirs[at];
    }
    printf("{\"m\": %zu, \"n\": %zu, \"k\": %zu, \"peak\": %.1f, \"tile\": %.1f, \"linear\": %.1f, "
           "\"linear_gelu\": %.1f, \"openblas\": %.1f, \"ratio\": %.2f}%s",
           s.m, s.n, s.k, median(peak, ROUNDS), median(tiles, ROUNDS), median(ours, ROUNDS),
           median(gelu, ROUNDS), median(theirs, ROUNDS), median(ratio, ROUNDS), last ? "" : ", ");
    gn_weight_free(packed);
    gn_free(scratch), gn_free(x), gn_free(w), gn_free(bias), gn_free(y);
}

/* Microseconds of one sequence's attention and its multiply-add rate. */
static void bench_attention(const gn_nn *nn, size_t t, size_t h, size_t dh, bool last) {
    size_t d = h * dh;
    float *qkv = random_floats(t * 3 * d, 4), *out = gn_calloc(t * d, sizeof *out);
    void *scratch = gn_calloc(gn_attention_scratch(t, dh), 1);
    double seconds[ROUNDS], flops = 4.0 * (double)(t * t * d);
    int repeat = (int)(1e8 / flops) + 1;
    for (int r = -1; r < ROUNDS; r++) {
        double start = thread_seconds();
        for (int i = 0; i < repeat; i++)
            nn->attention(qkv, qkv + d, qkv + 2 * d, 3 * d, t, h, dh, 0.125f, false, out, d,
                          scratch);
        seconds[r < 0 ? 0 : r] = (thread_seconds() - start) / repeat;
    }
    double s = median(seconds, ROUNDS);
    printf("{\"t\": %zu, \"heads\": %zu, \"dh\": %zu, \"us\": %.1f, \"gflops\": %.1f}%s", t, h, dh,
           s * 1e6, flops / s / 1e9, last ? "" : ", ");
    gn_free(qkv), gn_free(out), gn_free(scratch);
}

static void print_line_of(const char *command, const char *name) {
    char line[256] = "";
    FILE *f = popen(command, "r");
    if (f && fgets(line, sizeof line, f)) line[strcspn(line, "\n\"\\")] = 0;
    if (f) pclose(f);
    printf("\"%s\": \"%s\", ", name, line);
}

int main(int argc, char **argv) {
    (void)argc;
    const char *type = getenv("OPENBLAS_CORETYPE"),
               *want = gn_cpu_has(GN_CPU_AVX512) ? "SkylakeX" : "Haswell";
    if (!type || strcmp(type, want) != 0) {
        setenv("OPENBLAS_CORETYPE", want, 1);
        execv("/proc/self/exe", argv);
    }
    openblas_set_num_threads(1);
    gn_cpu cpu = GN_CPU_AUTO;
    if (argc > 1 && gn_cpu_parse(argv[1], &cpu, NULL) != GN_OK) return 64;
    if (cpu != GN_CPU_AUTO && !gn_cpu_has(cpu)) return 1;
    const gn_gemm *g = gn_gemm_for(cpu, 0);
    static const struct shape shapes[] = {{14, 384, 384},   {168, 384, 384},  {168, 1536, 384},
                                          {168, 384, 1536}, {512, 768, 768},  {512, 3072, 768},
                                          {512, 768, 3072}, {512, 1024, 4096}};
    printf("{\"bench\": \"gemm\", \"unit\": \"GFLOP/s\", \"threads\": 1, ");
    print_line_of("git rev-parse --short HEAD 2>/dev/null", "commit");
    print_line_of("sed -n 's/model name[^:]*: //p' /proc/cpuinfo", "cpu");
    printf("\"kernel\": \"%s\", \"openblas\": \"%s\", \"rows\": [", g->name,
           openblas_get_corename());
    size_t n = sizeof shapes / sizeof *shapes;
    for (size_t i = 0; i < n; i++) bench_shape(g, shapes[i], i + 1 == n);
    static const size_t ts[] = {8, 20, 40, 128, 512};
    printf("], \"attention\": [");
    for (size_t i = 0; i < 10; i++)
        bench_attention(gn_nn_for(cpu), ts[i / 2], 12, i % 2 ? 64 : 32, i == 9);
    printf("]}\n");
    return 0;
}
