/* Times the isotropy of one layer on disk.
 *
 *     bench-isotropy make N D FOLDER        X.npy (N, D) float32 and type.npy, sequence.npy, seeded
 *     bench-isotropy FOLDER [THREADS [ROUNDS [cold]]]
 *
 * Each round reads the file once, from the page cache or, with `cold`, after the kernel was asked
 * to drop it (and once more before the first of what follows); then does what is compared with
 * that: cosines between and within types, raw and centred, and the spectrum; then the same with
 * error bars; then what four repairs make of the spectrum (closed forms) and of the cosines (two
 * passes each). Prints a line for each round and a JSON line with medians and ratios to reading.
 * Beside NumPy: bench/peers_isotropy.py.
 *
 * The rows are a mean, a type's vector, a word in context, with spectra that fall like 1 / rank and
 * types like Zipf's law; sequences have 512 rows. */
#define _GNU_SOURCE
#include "clock.h"

#include "base/random.h"
#include "gonio/io.h"
#include "gonio/isotropy.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TYPES = 30000, MOST_ROUNDS = 32 };

/* Wall and CPU seconds. */
struct clocks {
    double wall, cpu;
};
static struct clocks now(void) {
    return (struct clocks){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)};
}
static struct clocks since(struct clocks t) {
    return (struct clocks){seconds(CLOCK_MONOTONIC) - t.wall,
                           seconds(CLOCK_PROCESS_CPUTIME_ID) - t.cpu};
}
static const struct clocks failed = {(double)NAN, (double)NAN};
static int fail(const char *what) {
    fprintf(stderr, "bench-isotropy: %s\n", what);
    return 1;
}

static bool put_npy(const char *folder, const char *name, const char *descr, size_t n, size_t d,
                    FILE **out) {
    char path[4096], head[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    *out = fopen(path, "wb");
    if (!*out) return false;
    int used =
        d ? snprintf(head, sizeof head,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (%zu, %zu), }", descr, n, d)
          : snprintf(head, sizeof head,
                     "{'descr': '%s', 'fortran_order': False, 'shape': (%zu,), }", descr, n);
    while ((used + 11) % 64) head[used++] = ' ';
    head[used++] = '\n';
    unsigned char magic[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)used, 0};
    return fwrite(magic, 1, 10, *out) == 10 && fwrite(head, 1, (size_t)used, *out) == (size_t)used;
}

static int make(size_t n, size_t d, const char *folder) {
    FILE *x, *type, *sequence;
    float *scale = malloc(d * sizeof *scale), *row = malloc(d * sizeof *row);
    if (!scale || !row || !put_npy(folder, "X.npy", "<f4", n, d, &x) ||
        !put_npy(folder, "type.npy", "<i4", n, 0, &type) ||
        !put_npy(folder, "sequence.npy", "<i4", n, 0, &sequence))
        return fail("cannot write there");
    gn_random r = gn_random_new(1, 0);
    for (size_t j = 0; j < d; j++) scale[j] = (float)(3 / sqrt(1 + (double)j));
    bool good = true;
    for (size_t i = 0; i < n && good; i++) {
        int32_t t = (int32_t)(pow(TYPES, gn_random_uniform(&r)) - 1), s = (int32_t)(i / 512);
        uint64_t a = 0x9e3779b97f4a7c15u * (uint64_t)(t + 1), b = gn_random_u64(&r);
        for (size_t j = 0; j < d; j++) { /* uniform numbers are quicker than normal ones */
            a = a * 6364136223846793005u + 1442695040888963407u;
            b = b * 6364136223846793005u + 1442695040888963407u;
            float u = (float)(a >> 40) * 0x1p-23f - 1, v = (float)(b >> 40) * 0x1p-23f - 1;
            row[j] = scale[j] * (0.5f + u + v);
        }
        good = fwrite(row, sizeof *row, d, x) == d && fwrite(&t, sizeof t, 1, type) == 1 &&
               fwrite(&s, sizeof s, 1, sequence) == 1;
    }
    good = !fclose(x) && good;
    good = !fclose(type) && good;
    good = !fclose(sequence) && good;
    free(scale);
    free(row);
    return good ? 0 : fail("cannot write all of it");
}

/* Asks the kernel to forget the file: first what is mapped of it, then what is cached. */
static void drop(const char *path, gn_mat x) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)x.data / page * page;
    madvise((void *)at, (uintptr_t)x.data - at + x.rows * x.stride * sizeof(float), MADV_DONTNEED);
    int file = open(path, O_RDONLY);
    if (file < 0) return;
    fdatasync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
}

/* Seconds to read the whole file with read(). */
static struct clocks read_file(const char *path) {
    enum { CHUNK = 1 << 22 };
    char *buf = malloc(CHUNK);
    int file = open(path, O_RDONLY);
    if (!buf || file < 0) return failed;
    struct clocks t = now();
    while (read(file, buf, CHUNK) > 0) {
    }
    t = since(t);
    close(file);
    free(buf);
    return t;
}

struct data {
    gn_ctx *ctx;
    gn_mat x;
    gn_isotropy_opts o;
    double *mean, *covariance, *spectrum;
    gn_isotropy s; /* of the last round */
};

static struct clocks measure(struct data *d, unsigned skip, gn_error *err) {
    gn_isotropy_opts o = d->o;
    gn_isotropy_arrays arrays = {d->spectrum, d->mean, d->covariance};
    o.skip = skip;
    struct clocks t = now();
    if (gn_isotropy_compute(d->ctx, d->x, &o, &d->s, &arrays, err) != GN_OK) return failed;
    return since(t);
}

/* Repairs: the spectrum of each, or the cosines after each. */
static struct clocks repairs(struct data *d, bool cosines, gn_error *err) {
    static const gn_repair_kind kinds[] = {GN_REPAIR_MEAN, GN_REPAIR_TOP, GN_REPAIR_WHITEN,
                                           GN_REPAIR_ZSCORE};
    struct clocks t = now();
    for (int k = 0; k < 4; k++) {
        gn_repair *repair;
        gn_repair_opts ro = {.mean = d->mean, .covariance = d->covariance};
        gn_isotropy_opts o = d->o;
        gn_isotropy s;
        if (gn_repair_new(d->ctx, d->x, kinds[k], &ro, &repair, err) != GN_OK) return failed;
        o.repair = repair;
        o.skip = GN_SKIP_BARS | GN_SKIP_SPECTRUM | GN_SKIP_CENTRED;
        gn_status st = cosines ? gn_isotropy_compute(d->ctx, d->x, &o, &s, NULL, err)
                               : gn_repair_spectrum(repair, d->covariance, d->spectrum, err);
        gn_repair_free(repair);
        if (st != GN_OK) return failed;
    }
    return since(t);
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "make") == 0)
        return make(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), argv[4]);
    if (argc < 2) return fail("use: make N D FOLDER, or FOLDER [THREADS [ROUNDS [cold]]]"), 64;
    enum { READ, VALUES, BARS, SPECTRA, COSINES, N_TIMES };
    static const char *const name[N_TIMES] = {"read", "values", "with_bars", "repaired_spectra",
                                              "repaired_cosines"};
    struct clocks time[N_TIMES][MOST_ROUNDS];
    int rounds = argc > 3 ? atoi(argv[3]) : 3;
    bool cold = argc > 4 && strcmp(argv[4], "cold") == 0;
    char path[3][4096];
    gn_error err = {0};
    gn_matrix *x;
    gn_labels *type, *sequence;
    struct data d = {0};
    static const char *const files[] = {"X.npy", "type.npy", "sequence.npy"};
    for (int i = 0; i < 3; i++) snprintf(path[i], sizeof path[i], "%s/%s", argv[1], files[i]);
    if (rounds < 1 || rounds > MOST_ROUNDS) return fail("1 to 32 rounds");
    if (gn_matrix_open(path[0], &x, &err) != GN_OK ||
        gn_labels_open(path[1], &type, &err) != GN_OK ||
        gn_labels_open(path[2], &sequence, &err) != GN_OK ||
        gn_ctx_new(&(gn_ctx_opts){.n_threads = argc > 2 ? (unsigned)atoi(argv[2]) : 2}, &d.ctx,
                   &err) != GN_OK)
        return fail(err.message);
    d.x = gn_matrix_view(x);
    d.o = (gn_isotropy_opts){.type = type->code, .sequence = sequence->code};
    size_t w = d.x.cols;
    d.mean = malloc(w * sizeof(double));
    d.spectrum = malloc(w * sizeof(double));
    d.covariance = malloc(w * w * sizeof(double));
    if (!d.mean || !d.spectrum || !d.covariance) return fail("out of memory");
    for (int r = 0; r < rounds; r++) {
        if (cold) drop(path[0], d.x);
        time[READ][r] = read_file(path[0]);
        if (cold) drop(path[0], d.x);
        time[VALUES][r] = measure(&d, GN_SKIP_BARS, &err);
        time[BARS][r] = measure(&d, 0, &err);
        time[SPECTRA][r] = repairs(&d, false, &err);
        time[COSINES][r] = repairs(&d, true, &err);
        for (int k = 0; k < N_TIMES; k++) {
            if (isnan(time[k][r].wall)) return fail(err.message);
            printf("%s %.3f (cpu %.3f)  ", name[k], time[k][r].wall, time[k][r].cpu);
        }
        printf("\n");
    }
    printf("{\"bench\": \"isotropy\", \"n\": %zu, \"d\": %zu, \"threads\": %u, \"cold\": %s, "
           "\"inter\": %.12g, \"intra\": %.12g, \"inter_centred\": %.12g, \"isoscore\": %.12g",
           d.x.rows, w, gn_ctx_threads(d.ctx), cold ? "true" : "false", d.s.raw.inter,
           d.s.raw.intra, d.s.centred.inter, d.s.isoscore);
    for (int k = 0; k < N_TIMES; k++) {
        double wall[MOST_ROUNDS], cpu[MOST_ROUNDS];
        for (int r = 0; r < rounds; r++) wall[r] = time[k][r].wall, cpu[r] = time[k][r].cpu;
        qsort(wall, (size_t)rounds, sizeof *wall, ascending);
        qsort(cpu, (size_t)rounds, sizeof *cpu, ascending);
        printf(", \"%s\": %.4f, \"%s_cpu\": %.4f", name[k], wall[rounds / 2], name[k],
               cpu[rounds / 2]);
    }
    printf("}\n");
    free(d.mean), free(d.spectrum), free(d.covariance);
    gn_labels_free(type), gn_labels_free(sequence);
    gn_matrix_free(x);
    gn_ctx_free(d.ctx);
    return 0;
}
