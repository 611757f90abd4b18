/* Clusters for reading: the rows hold hundreds of numbers a layer, a reader wants k*, whether to
 * believe it, what separates the clusters, and what stands out in each. */
#define _POSIX_C_SOURCE 200809L
#include "cluster_text.h"
#include "rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(gn_result *r, size_t row, const char *key, const char *otherwise) {
    const char *text = gn_result_param(r, row, key);
    return text ? text : otherwise;
}
static double number_of(gn_result *r, size_t row, const char *key) {
    const char *text = gn_result_param(r, row, key);
    return text ? strtod(text, NULL) : (double)NAN;
}

static bool same_layer(gn_measurement a, gn_measurement b) {
    return a.layer == b.layer && strcmp(a.set, b.set) == 0;
}

static void print_verdict(gn_result *r, size_t row, gn_measurement m, FILE *out) {
    const char *verdict = text_of(r, row, "verdict", "");
    double best = number_of(r, row, "silhouette"), limit = number_of(r, row, "null_limit");
    double k = number_of(r, row, "best");
    if (isnan(m.value)) {
        fprintf(out, "no clusters: %s\n", m.note ? m.note : "not measured");
        return;
    }
    fprintf(out, "%.0f cluster%s", m.value, m.value > 1 ? "s" : "");
    if (strcmp(verdict, "given") == 0)
        fprintf(out, ", as asked: silhouette %.3f", best);
    else if (strcmp(verdict, "found") == 0)
        fprintf(out, ": silhouette %.3f", best);
    else if (strcmp(verdict, "within_null") == 0)
        fprintf(out, ": the silhouette's best, %.3f at k = %.0f, is within the null", best, k);
    else
        fprintf(out, ": the silhouette's best, %.3f at k = %.0f, is below the threshold", best, k);
    if (isfinite(limit)) fprintf(out, " (a Gaussian reaches %.3f)", limit);
    fprintf(out, "\n");
    if (m.note) fprintf(out, "  %s\n", m.note);
}

/* Prints up to `most` values of a column that stand out in a cluster; returns how many. */
static size_t print_values(gn_result *r, size_t first, size_t end, const char *cluster,
                           const char *variant, size_t most, size_t before, FILE *out) {
    size_t shown = 0;
    for (size_t i = first; i < end && shown < most; i++) {
        gn_measurement s = gn_result_at(r, i);
        if (strcmp(s.measure, "cluster_share") != 0 || strcmp(s.variant, variant) != 0 ||
            strcmp(text_of(r, i, "cluster", ""), cluster) != 0)
            continue;
        double lift = number_of(r, i, "lift");
        if (lift < 1.5 || s.value < 0.005) continue;
        fprintf(out, "%s%s %.3g %% (x%.3g)", before + shown++ ? ", " : "   ",
                text_of(r, i, "content", "?"), 100 * s.value, lift);
    }
    return shown;
}

/* "  cluster 1    1022 rows   5.0 %   position 0 100 % (x20), "the" 12 % (x3.1)" */
static void print_cluster(gn_result *r, size_t size_row, size_t end, FILE *out) {
    static const struct {
        const char *variant;
        size_t most;
    } columns[] = {{"position_0", 1}, {"special", 1}, {"type", 3}, {"label", 2}, {"frequency", 1}};
    gn_measurement m = gn_result_at(r, size_row);
    char cluster[32];
    snprintf(cluster, sizeof cluster, "%s", text_of(r, size_row, "cluster", ""));
    fprintf(out, "  cluster %-3s %9.0f rows  %5.1f %%", cluster, m.value,
            100 * number_of(r, size_row, "share"));
    size_t shown = 0;
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        shown += print_values(r, size_row, end, cluster, columns[c].variant, columns[c].most, shown,
                              out);
    fprintf(out, "\n");
}

static void print_layer(gn_result *r, size_t row, FILE *out) {
    gn_measurement m = gn_result_at(r, row);
    size_t end = row + 1;
    while (end < gn_result_count(r) && same_layer(gn_result_at(r, end), m)) end++;
    fprintf(out, "%s, layer %d: ", m.set, m.layer);
    print_verdict(r, row, m, out);
    for (size_t i = row; i < end; i++)
        if (strcmp(gn_result_at(r, i).measure, "kmeans_size") == 0) print_cluster(r, i, end, out);
    for (size_t i = row; i < end; i++) {
        const char *sentence = gn_result_param(r, i, "sentence");
        if (sentence) fprintf(out, "  %s\n", sentence);
    }
    for (size_t i = row; i < end; i++) {
        gn_measurement c = gn_result_at(r, i);
        bool inter = strcmp(c.measure, "inter_cosine") == 0;
        if (!inter && strcmp(c.measure, "intra_cosine") != 0) continue;
        const char *average = text_of(r, i, "average", "");
        if (strcmp(average, "weighted") != 0 && strcmp(average, "cai2021") != 0) continue;
        char value[64];
        cli_value(c.value, c.se, value, sizeof value);
        bool raw = strcmp(c.variant, "raw") == 0;
        if (inter) fprintf(out, "  cosines in clusters, %s: ", raw ? "raw" : "less their means");
        fprintf(out, "%s types %s%s", inter ? "between" : "within", value, inter ? ", " : "\n");
    }
}

int cli_print_clusters(gn_result *r) {
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < gn_result_count(r); i++)
        if (strcmp(gn_result_at(r, i).measure, "kmeans_clusters") == 0) print_layer(r, i, out);
    if (out && fclose(out) != 0) ok = false;
    int status;
    if (ok) {
        status = cli_print(text);
    } else {
        gn_error err = {.code = GN_ENOMEM, .message = "out of memory: a summary"};
        status = cli_failed(&err);
    }
    free(text);
    return status;
}
