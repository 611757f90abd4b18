/* Hidden states of all layers per second.
 *
 *     bench-forward MODEL THREADS [BATCHES]      prints one JSON line
 *     bench-forward MODEL THREADS BATCHES -      serves: reads a workload's number a line, runs it
 *                                                once, prints wall and processor seconds
 *
 * BATCHES names workloads: a line "# NAME", then one line of token ids per sequence, an empty line
 * after each batch. Without it three workloads of made-up ids are run: 8x128, 1x512 and 64 short
 * sentences. bench/peers_forward.py drives the second form, so that every round of ours stands
 * between rounds of the peers' on the same batches. */
#include "gonio/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 7, MAX_WORKLOADS = 16, NAME_ROOM = 32 };

typedef struct workload {
    char name[NAME_ROOM];
    gn_batch *batch;
    size_t n_batches, n_tokens;
} workload;

/* A batch being built. */
typedef struct builder {
    int32_t *id;
    uint32_t *begin;
    size_t n_ids, n_sequences;
} builder;

static void *grown(void *p, size_t n, size_t size) {
    p = realloc(p, n * size);
    if (!p) {
        fprintf(stderr, "bench-forward: out of memory\n");
        exit(1);
    }
    return p;
}

static void add_id(builder *b, int32_t id) {
    if ((b->n_ids & (b->n_ids - 1)) == 0) b->id = grown(b->id, 2 * b->n_ids + 1, sizeof *b->id);
    b->id[b->n_ids++] = id;
}

static void end_sequence(builder *b) {
    b->begin = grown(b->begin, b->n_sequences + 2, sizeof *b->begin);
    b->begin[0] = 0;
    b->begin[++b->n_sequences] = (uint32_t)b->n_ids;
}

static void end_batch(builder *b, workload *w) {
    if (b->n_sequences == 0) return;
    w->batch = grown(w->batch, w->n_batches + 1, sizeof *w->batch);
    w->batch[w->n_batches++] = (gn_batch){b->n_sequences, b->n_ids, b->id, b->begin};
    w->n_tokens += b->n_ids;
    *b = (builder){0};
}

static size_t read_workloads(const char *path, workload *w) {
    FILE *f = fopen(path, "r");
    char line[1 << 14];
    size_t n = 0;
    builder b = {0};
    if (!f) {
        fprintf(stderr, "bench-forward: cannot open %s\n", path);
        exit(1);
    }
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#' && n < MAX_WORKLOADS) {
            if (n) end_batch(&b, &w[n - 1]);
            snprintf(w[n].name, NAME_ROOM, "%.*s", (int)strcspn(line + 2, "\n"), line + 2);
            n++;
        } else if (line[0] == '\n') {
            if (n) end_batch(&b, &w[n - 1]);
        } else if (n) {
            for (char *at = line, *end;; at = end) {
                long id = strtol(at, &end, 10);
                if (end == at) break;
                add_id(&b, (int32_t)id);
            }
            end_sequence(&b);
        }
    }
    if (n) end_batch(&b, &w[n - 1]);
    fclose(f);
    return n;
}

static void make_workload(workload *w, const char *name, size_t n, const size_t *length,
                          size_t n_lengths) {
    builder b = {0};
    snprintf(w->name, NAME_ROOM, "%s", name);
    for (size_t s = 0; s < n; s++) {
        for (size_t t = 0; t < length[s % n_lengths]; t++)
            add_id(&b, (int32_t)(1000 + (s * 7919 + t * 104729) % 20000));
        end_sequence(&b);
    }
    end_batch(&b, w);
}

static double now(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static gn_status sink(void *user, size_t layer, gn_mat x, gn_error *err) {
    (void)err;
    *(double *)user += (double)((const float *)x.data)[layer % x.cols]; /* the states are used */
    return GN_OK;
}

static double run(gn_ctx *ctx, const gn_model *m, const workload *w) {
    double sum = 0, start = now();
    for (size_t i = 0; i < w->n_batches; i++) {
        gn_error err;
        if (gn_model_forward(ctx, m, w->batch[i], GN_TAKE_BLOCK, sink, &sum, &err) != GN_OK) {
            fprintf(stderr, "bench-forward: %s\n", err.message);
            exit(1);
        }
    }
    return now() - start;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(gn_ctx *ctx, const gn_model *m, const workload *w, size_t n) {
    printf("{\"bench\": \"forward\", \"unit\": \"tokens/s\", \"threads\": %u, \"cpu\": \"%s\", "
           "\"rows\": [",
           gn_ctx_threads(ctx), gn_cpu_name(gn_ctx_cpu(ctx)));
    for (size_t i = 0; i < n; i++) {
        double s[ROUNDS];
        run(ctx, m, &w[i]);
        for (int r = 0; r < ROUNDS; r++) s[r] = run(ctx, m, &w[i]);
        qsort(s, ROUNDS, sizeof *s, compare);
        printf("%s{\"workload\": \"%s\", \"tokens\": %zu, \"median\": %.0f, \"best\": %.0f}",
               i ? ", " : "", w[i].name, w[i].n_tokens, (double)w[i].n_tokens / s[ROUNDS / 2],
               (double)w[i].n_tokens / s[0]);
    }
    printf("]}\n");
}

static void serve(gn_ctx *ctx, const gn_model *m, const workload *w, size_t n) {
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        size_t i = (size_t)strtoul(line, NULL, 10);
        clock_t start = clock();
        double wall = i < n ? run(ctx, m, &w[i]) : -1.0;
        printf("%.9f %.9f\n", wall, (double)(clock() - start) / CLOCKS_PER_SEC);
        fflush(stdout);
    }
}

int main(int argc, char **argv) {
    static workload w[MAX_WORKLOADS];
    size_t n = 3;
    gn_ctx *ctx;
    gn_model *m;
    gn_error err;
    if (argc < 3) {
        fprintf(stderr, "usage: bench-forward MODEL THREADS [BATCHES [-]]\n");
        return 64;
    }
    if (argc > 3)
        n = read_workloads(argv[3], w);
    else {
        make_workload(&w[0], "8x128", 8, (size_t[]){128}, 1);
        make_workload(&w[1], "1x512", 1, (size_t[]){512}, 1);
        make_workload(&w[2], "64x12", 64, (size_t[]){8, 9, 10, 11, 12, 13, 15, 18}, 8);
    }
    gn_ctx_opts opts = {.n_threads = (unsigned)strtoul(argv[2], NULL, 10)};
    if (gn_ctx_new(&opts, &ctx, &err) != GN_OK ||
        gn_model_open(ctx, argv[1], NULL, &m, &err) != GN_OK) {
        fprintf(stderr, "bench-forward: %s\n", err.message);
        return 1;
    }
    if (argc > 4)
        serve(ctx, m, w, n);
    else
        report(ctx, m, w, n);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < w[i].n_batches; k++) {
            free((void *)(uintptr_t)w[i].batch[k].id);
            free((void *)(uintptr_t)w[i].batch[k].begin);
        }
        free(w[i].batch);
    }
    gn_model_free(m);
    gn_ctx_free(ctx);
    return 0;
}
