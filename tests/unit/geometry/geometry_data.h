/* What the geometry tests share: .npy files and golden values of the shared data folder, and a
 * naive neighbour search (float64 differences, full sort, ties by index) as the reference. */
#ifndef GN_TESTS_GEOMETRY_DATA_H
#define GN_TESTS_GEOMETRY_DATA_H

#include "tap.h"

#include <jansson.h>

/** The elements of a version 1 .npy file after its header; NULL when it cannot be read. */
static inline void *npy_read(const char *name, size_t n_bytes) {
    char relative[256];
    snprintf(relative, sizeof relative, "geometry/%s", name);
    const char *path = shared_path(relative);
    FILE *f = path ? fopen(path, "rb") : NULL;
    if (!f) return NULL;
    unsigned char head[10];
    void *data = malloc(n_bytes);
    bool ok = data && fread(head, 1, 10, f) == 10 &&
              fseek(f, 10 + head[8] + 256 * head[9], SEEK_SET) == 0 &&
              fread(data, 1, n_bytes, f) == n_bytes;
    fclose(f);
    if (ok) return data;
    free(data);
    return NULL;
}

static inline json_t *golden_open(void) {
    const char *path = shared_path("geometry/golden.json");
    return path ? json_load_file(path, 0, NULL) : NULL;
}
/** The value at a '/'-separated path; array positions are numbers. Fails loudly when absent. */
static inline double golden(const json_t *at, const char *path) {
    char part[128];
    for (const char *p = path; at && *p;) {
        size_t n = strcspn(p, "/");
        snprintf(part, sizeof part, "%.*s", (int)n, p);
        at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
        p += n + (p[n] == '/');
    }
    if (!json_is_number(at)) {
        printf("# no golden value at %s\n", path);
        tap_bad++;
        return (double)NAN;
    }
    return json_number_value(at);
}

struct near {
    double r;
    int32_t i;
};
static inline int nearer(const void *a, const void *b) {
    const struct near *x = a, *y = b;
    if (x->r < y->r) return -1;
    if (x->r > y->r) return 1;
    return (x->i > y->i) - (x->i < y->i);
}

/** Distances and indices (n, k) of the k nearest rows; index may be NULL. */
static inline double *naive_neighbors(const double *x, size_t n, size_t d, size_t k,
                                      int32_t *index) {
    double *dist = malloc(n * k * sizeof *dist);
    struct near *row = malloc(n * sizeof *row);
    for (size_t i = 0; i < n; i++) {
        size_t m = 0;
        for (size_t j = 0; j < n; j++) {
            if (j == i) continue;
            double s = 0;
            for (size_t c = 0; c < d; c++) {
                double diff = x[i * d + c] - x[j * d + c];
                s += diff * diff;
            }
            row[m++] = (struct near){sqrt(s), (int32_t)j};
        }
        qsort(row, m, sizeof *row, nearer);
        for (size_t j = 0; j < k; j++) {
            dist[i * k + j] = row[j].r;
            if (index) index[i * k + j] = row[j].i;
        }
    }
    free(row);
    return dist;
}

/** A float32 point set of the shared folder, widened; NULL when absent. */
static inline double *points_read(const char *name, size_t n, size_t d) {
    float *f = npy_read(name, n * d * sizeof *f);
    if (!f) return NULL;
    double *x = malloc(n * d * sizeof *x);
    for (size_t i = 0; i < n * d; i++) x[i] = (double)f[i];
    free(f);
    return x;
}

#endif
