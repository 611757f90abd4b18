/* What tells clusters apart? Every column that rows have is scored by the share of the partition
 * that it determines beyond chance (gn_explain). Scores within a hundredth are a draw, and the
 * column with the fewest values wins: "position 0 against the rest" before "the position", which
 * knows it, too.
 *
 * The sentence names the one value that is most nearly a cluster, by the harmonic mean of purity
 * (of the cluster's rows, how many have the value) and coverage (of the value's rows, how many are
 * in the cluster). The values listed for a cluster are those that say most about it, by count times
 * the logarithm of lift: frequent ones that are more frequent here than elsewhere. */
#include "report/makeup.h"

#include "base/mem.h"
#include "base/str.h"
#include "gonio/cluster.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DRAW 0.01
#define LITTLE 0.05

static const double none = (double)NAN;

/* Counts of a column's values in clusters. */
struct table {
    size_t k, n_values;
    const gn_column *column;
    double *cell;    /* (k, n_values) */
    double *cluster; /* (k) rows whose value is known */
    double *value;   /* (n_values) */
    double n;
};

static gn_status table_new(const gn_columns *c, const gn_column *column, const int32_t *label,
                           size_t k, struct table *t, gn_error *err) {
    size_t v = column->n_values, bytes = k * v * sizeof(double);
    *t = (struct table){.k = k, .n_values = v, .column = column};
    t->cell = gn_calloc(k * v, sizeof *t->cell);
    t->cluster = gn_calloc(k, sizeof *t->cluster);
    t->value = gn_calloc(v, sizeof *t->value);
    if (!t->cell || !t->cluster || !t->value) return gn_fail_nomem(err, "counts of values", bytes);
    for (size_t i = 0; i < c->n_rows; i++) {
        int32_t at = column->code[i];
        if (at < 0) continue;
        t->cell[(size_t)label[i] * v + (size_t)at]++;
        t->cluster[label[i]]++;
        t->value[at]++;
        t->n++;
    }
    return GN_OK;
}

static void table_free(struct table *t) {
    gn_free(t->cell);
    gn_free(t->cluster);
    gn_free(t->value);
}

/* ---- the sentence ------------------------------------------------------------------------- */

static gn_status sentence(const struct table *t, const gn_information *info, char **out,
                          gn_error *err) {
    size_t best_c = 0, best_v = 0;
    double best = -1;
    char value[GN_VALUE_ROOM];
    gn_str s = {0};
    for (size_t c = t->k; c-- > 0;) /* of equals the larger cluster, but see below */
        for (size_t v = 0; v < t->n_values; v++) {
            double hits = t->cell[c * t->n_values + v];
            bool rest =
                t->column->kind <= GN_COLUMN_SPECIAL && v == 0; /* "the rest" is no answer */
            if (hits < 1 || rest) continue;
            double f = 2 * hits / (t->cluster[c] + t->value[v]);
            if (f > best) {
                best = f;
                best_c = c;
                best_v = v;
            }
        }
    if (best < 0) { /* the named value is in no row: impossible while a column varies */
        gn_str_addf(&s, "nothing is known of the clusters");
        return gn_str_take(&s, out, err);
    }
    double hits = t->cell[best_c * t->n_values + best_v];
    double purity = hits / t->cluster[best_c], coverage = hits / t->value[best_v];
    const char *what = gn_column_value(t->column, (int32_t)best_v, value);
    if (info->explained < LITTLE)
        gn_str_addf(&s,
                    "no column explains the clusters; the best, %s, explains %.0f %% of what "
                    "separates them",
                    gn_column_title(t->column), 100 * fmax(0, info->explained));
    else
        gn_str_addf(&s,
                    "cluster %zu %s %s: %.0f of its %.0f rows (%.3g %%), %.3g %% of all %s; %s "
                    "explains %.0f %% of what separates the clusters",
                    best_c,
                    purity >= 0.9 && coverage >= 0.9 ? "is"
                    : purity >= 0.5                  ? "is mostly"
                                                     : "has more than its share of",
                    what, hits, t->cluster[best_c], 100 * purity, 100 * coverage, what,
                    gn_column_title(t->column), 100 * info->explained);
    return gn_str_take(&s, out, err);
}

/* ---- rows --------------------------------------------------------------------------------- */

enum { MOST_LISTED = 5 };

/* The values that say most about cluster c; how many. */
static size_t pick_values(const struct table *t, size_t c, size_t picked[MOST_LISTED]) {
    static const size_t listed[] = {1, 1, 3, 3, 3, MOST_LISTED}; /* by kind */
    size_t n = 0;
    for (; n < listed[t->column->kind]; n++) {
        size_t best_v = SIZE_MAX;
        double best = 0;
        for (size_t v = 0; v < t->n_values; v++) {
            double hits = t->cell[c * t->n_values + v];
            bool is_taken = false;
            for (size_t r = 0; r < n; r++) is_taken = is_taken || picked[r] == v;
            if (hits < 1 || is_taken) continue;
            double score = hits * log(hits * t->n / (t->cluster[c] * t->value[v]));
            if (score > best) {
                best = score;
                best_v = v;
            }
        }
        if (best_v == SIZE_MAX) break;
        picked[n] = best_v;
    }
    return n;
}

static gn_status add_share(const gn_spot *at, const struct table *t, size_t c, size_t v,
                           gn_error *err) {
    gn_status st;
    char value[GN_VALUE_ROOM];
    double hits = t->cell[c * t->n_values + v];
    double share = t->cluster[c] > 0 ? hits / t->cluster[c] : 0;
    GN_TRY(gn_spot_add(at, "cluster_share", t->column->variant, share, none, (size_t)t->cluster[c],
                       NULL, err));
    GN_TRY(gn_spot_param(at, "cluster", (double)c, err));
    if (t->column->label_name)
        GN_TRY(gn_result_param_text(at->result, "label", t->column->label_name, err));
    GN_TRY(gn_result_param_text(at->result, "content",
                                gn_column_value(t->column, (int32_t)v, value), err));
    GN_TRY(gn_spot_param(at, "count", hits, err));
    GN_TRY(gn_spot_param(at, "lift", share * t->n / t->value[v], err));
    GN_TRY(gn_spot_param(at, "coverage", hits / t->value[v], err));
done:
    return st;
}

/* The values picked for cluster c, in their order; then, where asked for, those picked for others.
 */
static gn_status add_shares(const gn_spot *at, const struct table *t, size_t c, bool everywhere,
                            gn_error *err) {
    gn_status st = GN_OK;
    size_t picked[MOST_LISTED], n = pick_values(t, c, picked);
    bool *listed = gn_calloc(t->n_values, sizeof *listed);
    if (!listed) return gn_fail_nomem(err, "counts of values", t->n_values * sizeof *listed);
    for (size_t i = 0; i < n; i++) {
        GN_TRY(add_share(at, t, c, picked[i], err));
        listed[picked[i]] = true;
    }
    for (size_t j = 0; everywhere && j < t->k; j++) {
        n = pick_values(t, j, picked);
        for (size_t i = 0; i < n; i++) {
            if (listed[picked[i]]) continue;
            GN_TRY(add_share(at, t, c, picked[i], err));
            listed[picked[i]] = true;
        }
    }
done:
    gn_free(listed);
    return st;
}

/* Quantiles of position, or of the frequency's power of 2, inside a cluster: the value at which the
 * cumulated counts reach the share. */
static gn_status add_quantiles(const gn_spot *at, const struct table *t, size_t c,
                               const char *measure, gn_error *err) {
    static const struct {
        const char *name;
        double q;
    } quantile[] = {{"q05", 0.05}, {"q25", 0.25}, {"median", 0.5}, {"q75", 0.75}, {"q95", 0.95}};
    gn_status st = GN_OK;
    for (size_t p = 0; p < 5; p++) {
        double sum = 0;
        size_t v = 0;
        for (; v < t->n_values; v++) {
            sum += t->cell[c * t->n_values + v];
            if (sum >= quantile[p].q * t->cluster[c]) break;
        }
        GN_TRY(gn_spot_add(at, measure, quantile[p].name, (double)v, none, (size_t)t->cluster[c],
                           NULL, err));
        GN_TRY(gn_spot_param(at, "cluster", (double)c, err));
    }
done:
    return st;
}

static gn_status add_column(const gn_spot *at, const gn_columns *columns, const int32_t *label,
                            size_t k, size_t i, bool best, bool everywhere,
                            const gn_information *info, gn_error *err) {
    gn_status st;
    const gn_column *c = &columns->column[i];
    struct table t = {0};
    char *text = NULL;
    GN_TRY(table_new(columns, c, label, k, &t, err));
    GN_TRY(gn_spot_add(at, "cluster_explained", c->variant, info->explained, none, info->n, NULL,
                       err));
    if (c->label_name) GN_TRY(gn_result_param_text(at->result, "label", c->label_name, err));
    GN_TRY(gn_spot_param(at, "mutual_information", info->mutual / log(2), err));
    GN_TRY(gn_spot_param(at, "by_chance", info->expected / log(2), err));
    GN_TRY(gn_spot_param(at, "entropy", info->entropy / log(2), err));
    if (best) {
        GN_TRY(sentence(&t, info, &text, err));
        GN_TRY(gn_result_param_text(at->result, "sentence", text, err));
    }
    for (size_t j = 0; j < k; j++) {
        GN_TRY(add_shares(at, &t, j, everywhere, err));
        if (c->kind == GN_COLUMN_POSITION)
            GN_TRY(add_quantiles(at, &t, j, "cluster_position", err));
        if (c->kind == GN_COLUMN_FREQUENCY)
            GN_TRY(add_quantiles(at, &t, j, "cluster_log2_frequency", err));
    }
done:
    table_free(&t);
    gn_free(text);
    return st;
}

gn_status gn_makeup_add(const gn_spot *at, const gn_columns *columns, const int32_t *label,
                        size_t k, bool everywhere, gn_error *err) {
    gn_status st = GN_OK;
    gn_information *info = NULL;
    size_t best = 0;
    GN_TRY(gn_alloc_array(&info, columns->n, sizeof *info, "explanations", err));
    for (size_t i = 0; i < columns->n; i++) {
        GN_TRY(gn_explain(label, columns->column[i].code, columns->n_rows, &info[i], err));
        if (info[i].explained > info[best].explained + DRAW) best = i;
    }
    for (size_t i = 0; i < columns->n; i++)
        GN_TRY(add_column(at, columns, label, k, i, i == best, everywhere, &info[i], err));
done:
    gn_free(info);
    return st;
}
