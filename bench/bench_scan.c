/* Times exact neighbours of single vectors: gonio/scan.h.
 *
 *     bench-scan X.npy [THREADS [QUESTIONS [CPU]]]
 *     bench-scan gauss:N:D ...            standard normal rows
 *     bench-scan hidden:N:D ...           as hidden states are: 1000 clouds, a decaying spectrum, a
 *                                         common mean, three coordinates 20 times the others
 *
 * One JSON line for each metric, space (raw, centred, three components off) and way (rows as they
 * are, int8 copy): seconds to make ready, median and largest seconds of a question, rows measured.
 * k is 10. Every answer of the copy is compared with the other's. */
#define _GNU_SOURCE
#include "clock.h"

#include "base/random.h"
#include "gonio/pca.h"
#include "gonio/scan.h"
#include "io/npy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { K = 10, MAX_QUESTIONS = 100, COMPONENTS = 3 };

static int fail(const gn_error *err) {
    fprintf(stderr, "bench-scan: %s\n", err->message);
    return 1;
}

static float *make(bool hidden, size_t n, size_t d) {
    enum { CLOUDS = 1000 };
    float *x = malloc(n * d * sizeof *x), *centre = malloc(CLOUDS * d * sizeof *centre);
    gn_random r = gn_random_new(1, 0);
    for (size_t i = 0; centre && i < CLOUDS * d; i++) centre[i] = (float)gn_random_normal(&r);
    for (size_t i = 0; x && centre && i < n * d; i++) {
        size_t c = i % d;
        /* a sum of twelve uniform bytes is near enough to normal, and fast */
        uint64_t u = gn_random_u64(&r);
        int sum = 0;
        for (int b = 0; b < 8; b++) sum += (int)(u >> 8 * b & 255);
        float g = (float)(sum - 1020) / 209.0f;
        if (hidden) {
            g = (centre[i / d * 7919 % CLOUDS * d + c] + 0.6f * g) / sqrtf(1.0f + (float)c / 20.0f);
            if (c % (d / 3) == 1) g *= 20;
            g += c % 5 == 0 ? 1.0f : 0.2f;
        }
        x[i] = g;
    }
    free(centre);
    return x;
}

struct bench {
    gn_ctx *ctx;
    gn_mat x;
    gn_codes *codes;
    double codes_s;
    size_t questions;
    int32_t row[MAX_QUESTIONS][K];
};

static int run(struct bench *b, const gn_scan_opts *o, const char *space, gn_error *err) {
    gn_scan *scan = NULL;
    double start = seconds(CLOCK_MONOTONIC), took[MAX_QUESTIONS], measured = 0;
    if (gn_scan_new(b->ctx, b->x, o, &scan, err) != GN_OK) return fail(err);
    double ready = seconds(CLOCK_MONOTONIC) - start;
    double *point = malloc(b->x.cols * sizeof *point);
    size_t differ = 0;
    for (size_t i = 0; point && i < b->questions; i++) {
        size_t at = (i * 7907 + 13) % b->x.rows;
        int32_t self = (int32_t)at, row[K] = {0};
        double distance[K];
        gn_scan_answer found;
        start = seconds(CLOCK_MONOTONIC);
        gn_scan_place_row(scan, at, point);
        gn_scan_query q = {point, K, &self, 1};
        if (gn_scan_nearest(b->ctx, scan, &q, row, distance, &found, err) != GN_OK)
            return fail(err);
        took[i] = seconds(CLOCK_MONOTONIC) - start;
        measured += (double)found.n_measured / (double)b->questions;
        if (o->codes)
            differ += memcmp(row, b->row[i], sizeof row) != 0;
        else
            memcpy(b->row[i], row, sizeof row);
    }
    qsort(took, b->questions, sizeof *took, ascending);
    printf(
        "{\"bench\": \"scan\", \"n\": %zu, \"d\": %zu, \"dtype\": \"%s\", \"threads\": %u, "
        "\"cpu\": \"%s\", \"metric\": \"%s\", \"space\": \"%s\", \"int8\": %s, \"copy_s\": %.3f, "
        "\"ready_s\": %.3f, \"median_s\": %.5f, \"largest_s\": %.5f, \"measured\": %.1f, "
        "\"differ\": %zu}\n",
        b->x.rows, b->x.cols, gn_dtype_name(b->x.dtype), gn_ctx_threads(b->ctx),
        gn_cpu_name(gn_ctx_cpu(b->ctx)), gn_metric_name(o->metric), space,
        o->codes ? "true" : "false", o->codes ? b->codes_s : 0, ready, took[b->questions / 2],
        took[b->questions - 1], measured, differ);
    fflush(stdout);
    free(point);
    gn_scan_free(scan);
    return 0;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "use: bench-scan X.npy|gauss:N:D|hidden:N:D [THREADS [QUESTIONS [CPU]]]\n");
        return 64;
    }
    gn_error err = {0};
    gn_array file = {0};
    struct bench b = {.questions = argc > 3 ? (size_t)strtoull(argv[3], NULL, 10) : 20};
    size_t n = 0, d = 0;
    char kind[8] = "";
    if (sscanf(argv[1], "%7[a-z]:%zu:%zu", kind, &n, &d) == 3)
        b.x = gn_mat_f32(make(strcmp(kind, "hidden") == 0, n, d), n, d);
    else {
        if (gn_npy_open(argv[1], &file, &err) != GN_OK) return fail(&err);
        if (file.n_dims != 2) return 64;
        b.x = (gn_mat){file.data, file.shape[0], file.shape[1], file.shape[1], file.dtype};
    }
    if (!b.x.data || b.questions < 1 || b.questions > MAX_QUESTIONS) return 64;
    gn_ctx_opts options = {.n_threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 2};
    if (argc > 4 && gn_cpu_parse(argv[4], &options.cpu, &err) != GN_OK) return fail(&err);
    if (gn_ctx_new(&options, &b.ctx, &err) != GN_OK) return fail(&err);
    double start = seconds(CLOCK_MONOTONIC);
    if (gn_codes_new(b.ctx, b.x, &b.codes, &err) != GN_OK) return fail(&err);
    b.codes_s = seconds(CLOCK_MONOTONIC) - start;
    gn_mat some = b.x; /* components of the first rows do: any directions cost the same */
    some.rows = some.rows < 4096 ? some.rows : 4096;
    gn_pca *pca = NULL;
    if (gn_pca_fit(b.ctx, some, COMPONENTS, &pca, &err) != GN_OK) return fail(&err);
    static const char *const spaces[] = {"raw", "centred", "3 off"};
    int rc = 0;
    for (int at = 0; at < 12 && rc == 0; at++) {
        gn_scan_opts o = {.metric = at / 2 % 2 ? GN_COSINE : GN_EUCLIDEAN,
                          .codes = at % 2 ? b.codes : NULL};
        if (at / 4 > 0) o.mean = gn_pca_mean(pca);
        if (at / 4 > 1) o.direction = gn_pca_directions(pca), o.n_directions = COMPONENTS;
        rc = run(&b, &o, spaces[at / 4], &err);
    }
    gn_pca_free(pca);
    gn_codes_free(b.codes);
    gn_ctx_free(b.ctx);
    return rc;
}
