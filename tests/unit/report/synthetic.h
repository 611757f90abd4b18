/* A survey's result without a model: seven layers that rise, fall and end as real ones do. */
#ifndef GN_TESTS_SYNTHETIC_H
#define GN_TESTS_SYNTHETIC_H

#include "gonio/result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct synthetic {
    gn_result *r;
    gn_error *err;
    const char *set;
    int layer;
    double depth;
    bool ok;
} synthetic;

static inline void put(synthetic *s, const char *measure, const char *variant, double value,
                       double se, double n) {
    gn_measurement m = {s->set, s->layer, s->depth, measure, variant, value, se, n, NULL};
    s->ok = s->ok && gn_result_add(s->r, &m, s->err) == GN_OK;
}
static inline void with(synthetic *s, const char *key, double value) {
    s->ok = s->ok && gn_result_param_number(s->r, key, value, s->err) == GN_OK;
}
static inline void with_text(synthetic *s, const char *key, const char *value) {
    s->ok = s->ok && gn_result_param_text(s->r, key, value, s->err) == GN_OK;
}

/** @param model shown in the title. @param labels names of the label columns. */
static inline gn_result *make_survey(const char *model, int n_layers, const char *const *labels,
                                     int n_labels, gn_error *err) {
    static const double shape[] = {9.31, 14.2, 19.8, 21.4, 16.9, 12.1, 13.4};
    static const double chance[] = {0.25, 0.0223, 0.00012, 0.1};
    synthetic s = {NULL, err, model, 0, 0, true};
    const double n = 46211;
    s.ok = gn_result_new("survey", &s.r, err) == GN_OK;
    s.ok = s.ok && gn_result_set_text(s.r, "model", model, err) == GN_OK;
    s.ok = s.ok && gn_result_set_text(s.r, "corpus", "wordnet-examples.csv", err) == GN_OK;
    s.ok = s.ok &&
           gn_result_set_text(s.r, "corpus_sha256",
                              "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                              err) == GN_OK;
    s.ok = s.ok && gn_result_set_text(s.r, "pooling", "target", err) == GN_OK;
    s.ok = s.ok && gn_result_set_number(s.r, "rows", n, err) == GN_OK;
    s.ok = s.ok && gn_result_set_number(s.r, "dims", 384, err) == GN_OK;
    s.ok = s.ok && gn_result_set_number(s.r, "k", 64, err) == GN_OK;
    s.ok = s.ok && gn_result_set_text(s.r, "metric", "euclidean", err) == GN_OK;
    s.ok = s.ok && gn_result_set_number(s.r, "seed", 0, err) == GN_OK;
    for (int l = 0; s.ok && l < n_layers; l++) {
        double t = n_layers > 1 ? (double)l / (n_layers - 1) : 0, id = shape[l % 7];
        s.layer = l;
        s.depth = t;
        put(&s, "n_duplicates", NULL, 12, (double)NAN, n);
        put(&s, "twonn", "base_0.9", id, id / sqrt(0.9 * n), n);
        put(&s, "twonn", "base_0.98", id * 1.03, id / sqrt(0.98 * n), n);
        put(&s, "twonn", "ml", id * 0.97, id / sqrt(n), n);
        put(&s, "twonn", "bayes", id * 0.97, id / sqrt(n), n);
        for (int n1 = 1; n1 <= 32; n1 *= 2) {
            put(&s, "gride", NULL, id * (1.1 - 0.06 * log2(n1) + 0.02 * sin(l + n1)),
                id / sqrt(n * 2.0 * n1), n);
            with(&s, "n1", n1);
            with(&s, "n2", 2 * n1);
        }
        put(&s, "inter_cosine", "raw", 0.12 + 0.5 * t * t, 0.0013, 9121);
        put(&s, "inter_cosine", "centred", 0.0008 - 0.0002 * t, 0.0004, 9121);
        put(&s, "intra_cosine", "raw", 1 - 0.35 * t, 0.003, 5210);
        put(&s, "intra_cosine", "centred", 1 - 0.55 * t, 0.004, 5210);
        double norm = l == 0 ? 1.4 : 5.6 + 3 * t;
        put(&s, "norm", "mean", norm, 0.002, n);
        put(&s, "norm", "sd", 0.21 * norm, (double)NAN, n);
        put(&s, "norm", "min", 0.4 * norm, (double)NAN, n);
        put(&s, "norm", "median", 0.97 * norm, (double)NAN, n);
        put(&s, "norm", "max", 1.9 * norm, (double)NAN, n);
        put(&s, "mean_norm", NULL, 0.5 * norm * t + 0.2, (double)NAN, n);
        put(&s, "participation_ratio", NULL, 120 - 60 * t, 0.8, n);
        put(&s, "isoscore", NULL, (119 - 60 * t) / 383, (double)NAN, n);
        put(&s, "effective_rank", NULL, 290 - 40 * t, (double)NAN, n);
        put(&s, "inter_cosine", "raw", 0.1 + 0.1 * t, 0.0013, 9121);
        with_text(&s, "first_position", "dropped");
        put(&s, "effective_dims", NULL, 100 - 30 * t, (double)NAN, n);
        with(&s, "eps", 0.8);
        put(&s, "rogue_dimension", "raw", 0.1 + 0.2 * t, (double)NAN, n);
        put(&s, "lid", "unbiased", id + 3, 0.05, n);
        put(&s, "lid", "harmonic", id + 1, 0.05, n);
        put(&s, "kmeans_clusters", NULL, l == 3 ? 2 : 1, (double)NAN, n);
        with(&s, "best", 2 + l % 3);
        put(&s, "top1_share", NULL, 0.03 + 0.06 * t, (double)NAN, n);
        for (int other = l - 1; other >= 0; other--) {
            put(&s, "data_overlap", NULL, (0.42 + 0.2 * t) / (l - other), 0.0009, n);
            with(&s, "k", 30);
            with(&s, "other_layer", other);
            with(&s, "chance", 30 / n);
        }
        for (int other = 0; other < n_layers; other++) {
            if (other == l) continue;
            put(&s, "information_imbalance", NULL, 0.002 * (1 + 0.3 * t) * abs(l - other), 1e-4,
                1e4);
            with(&s, "k", 1);
            with(&s, "other_layer", other);
        }
        put(&s, "kstar", "mean", 40 - 30 * t, 0.1, n);
        with(&s, "k", 64);
        put(&s, "kstar", "min", 3, (double)NAN, n);
        put(&s, "log_density", "pak", -14 - 10 * t, 0.01, n);
        put(&s, "n_clusters", NULL, 1 + 20 * l, (double)NAN, n);
        with(&s, "n_peaks", 7 + 60 * l);
        put(&s, "halo_share", NULL, 0.9 * t, (double)NAN, n);
        for (int k = 0; k < n_labels; k++) {
            put(&s, "adjusted_rand", NULL, 0.4 * t - 0.01 * k, (double)NAN, n);
            with_text(&s, "label", labels[k]);
        }
        for (int k = 0; k < n_labels; k++) {
            for (int plain = 0; plain < 2; plain++) {
                double value = chance[k % 4] + (0.3 + 0.1 * k) * (1 - exp(-3 * t)) + 0.1;
                put(&s, "label_overlap", plain ? "plain" : "weighted", value, 0.003, n);
                with_text(&s, "label", labels[k]);
                with(&s, "k", 30);
                with(&s, "chance", chance[k % 4]);
            }
        }
    }
    if (s.ok) return s.r;
    printf("# %s\n", err->message);
    gn_result_free(s.r);
    return NULL;
}

#endif
