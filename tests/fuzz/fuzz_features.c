/* Feature tables: the first line is an option "COLUMN=distance", the rest CSV. Small tables that
 * are read go through MLEM with states that depend on the row's number. */
#include "encoding/features.h"
#include "gonio/mlem.h"

#include "fuzz.h"

#include <math.h>

enum { ROWS = 40, COLUMNS = 8 };

static void measure(const gn_features *f) {
    gn_error err;
    double x[ROWS * 2];
    gn_mlem_design *design;
    gn_mlem_fit fit;
    gn_mlem_weight w[COLUMNS];
    gn_patterns p;
    for (size_t i = 0; i < f->n; i++) {
        x[2 * i] = (double)(i * i % 17);
        x[2 * i + 1] = (double)(i % 5);
    }
    if (gn_features_patterns(NULL, f, &p, &err) == GN_OK) gn_patterns_free(&p);
    if (gn_mlem_design_new(NULL, f, &design, &err) != GN_OK) return;
    if (gn_mlem_measure(NULL, design, gn_mat_f64(x, f->n, 2), NULL, &fit, w, &err) == GN_OK)
        for (size_t k = 0; k < f->n_features; k++)
            fuzz_require(w[k].weight >= 0 && isfinite(w[k].pfi));
    gn_mlem_design_free(design);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    gn_features *f;
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    char option[64] = "";
    size_t n = newline ? (size_t)(newline - data) : 0, rest = newline ? n + 1 : 0;
    memcpy(option, data, n < sizeof option ? n : sizeof option - 1);
    const char *distance[] = {option};
    const gn_features_opts opts = {.distance = distance, .n_distances = *option ? 1 : 0};
    for (int tab = 0; tab < 2; tab++) {
        if (gn_features_parse((const char *)data + rest, size - rest, tab ? '\t' : ',', "x.csv",
                              &opts, &f, &err) != GN_OK)
            continue;
        for (size_t k = 0; k < f->n_features; k++)
            for (size_t i = 0; i < f->n; i++) {
                double d = gn_feature_pair(&f->feature[k], i, f->n - 1);
                fuzz_require(d >= 0 && d <= 1);
            }
        if (f->n <= ROWS && f->n_features <= COLUMNS) measure(f);
        gn_features_free(f);
    }
    return 0;
}
