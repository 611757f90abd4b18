/* The public stimulus tables, and files for tests. */
#ifndef GN_TESTS_STIMULI_H
#define GN_TESTS_STIMULI_H

#include "tap.h"

#include "gonio/features.h"

/** Writes `text` to a file of this test program and returns its path. */
static inline const char *written(const char *name, const char *text) {
    const char *path = tmp_path(name);
    FILE *f = fopen(path, "wb");
    if (f) {
        fwrite(text, 1, strlen(text), f);
        fclose(f);
    }
    return path;
}

/** The pair distance written out from the definition, on the codes and the unscaled range. */
static inline double naive_distance(const gn_feature *f, size_t i, size_t j) {
    if (f->code[i] < 0 || f->code[j] < 0) return 0;
    if (f->distance == GN_DIFFER) return f->code[i] != f->code[j];
    double a = f->level_value[f->code[i]], b = f->level_value[f->code[j]];
    return f->distance == GN_SQUARED ? (a - b) * (a - b) : fabs(a - b);
}

#endif
