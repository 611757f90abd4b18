/* Where each pair of rows finds its sums.
 *
 * Rows are sorted by their codes, the last feature first. Rows that lie near each other in that
 * order share the values of the last features, which are the high bits of a pattern: a tile of
 * pairs meets patterns that lie near each other in the table, and their sums stay in the cache.
 *
 * Up to 20 features the pattern itself is the position in a table of places; with more of them,
 * which never all occur, an open hash table gives it. Places are numbered by ascending pattern, so
 * that neither the hash nor the order of discovery shows in any result. */
#include "encoding/pair_index.h"

#include "base/mem.h"
#include "gonio/mlem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIRECT = 20 };

void gn_strip_bits_set(const gn_pair_index *p, size_t i, size_t j, gn_strip_bits *b) {
    memset(b, 0, sizeof *b);
    for (size_t k = 0; k < p->n_differ; k++) {
        const int32_t *c = p->code + k * p->n_padded + j;
        uint32_t *to = k < 32 ? b->low : b->high;
        int32_t mine = p->code[k * p->n_padded + i];
        unsigned shift = (unsigned)(k % 32);
        if (mine < 0) continue;
        for (size_t t = 0; t < GN_STRIP; t++)
            to[t] |= (uint32_t)((c[t] != mine) & (c[t] >= 0)) << shift;
    }
}

void gn_strip_numeric(const gn_pair_index *p, size_t v, size_t i, size_t j, float *out) {
    const float *value = p->value + v * p->n_padded + j;
    float mine = p->value[v * p->n_padded + i];
    for (size_t t = 0; t < GN_STRIP; t++) {
        float d = fabsf(value[t] - mine);
        if (p->squared[v]) d *= d;
        out[t] = isnan(d) ? 0 : d;
    }
}

/* ---- sorting rows by their codes ---------------------------------------------------------------
 */

struct keyed {
    const int32_t *code; /* (n_differ) of this row */
    size_t f;
    int32_t row;
};

static int compare_rows(const void *x, const void *y) {
    const struct keyed *a = x, *b = y;
    for (size_t k = a->f; k-- > 0;)
        if (a->code[k] != b->code[k]) return a->code[k] < b->code[k] ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static gn_status sort_rows(gn_pair_index *p, const gn_features *f, gn_error *err) {
    gn_status st;
    struct keyed *s = NULL;
    int32_t *code = NULL;
    size_t n = p->n, m = p->n_differ;
    GN_TRY(gn_alloc_array(&s, n, sizeof *s, "row order", err));
    GN_TRY(gn_alloc_array(&code, n * m, sizeof *code, "codes", err));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < m; k++) code[i * m + k] = f->feature[p->differ[k]].code[i];
        s[i] = (struct keyed){code + i * m, m, (int32_t)i};
    }
    qsort(s, n, sizeof *s, compare_rows);
    for (size_t i = 0; i < p->n_padded; i++) {
        for (size_t k = 0; k < m; k++) p->code[k * p->n_padded + i] = i < n ? s[i].code[k] : -1;
        for (size_t v = 0; v < p->n_numeric; v++) {
            const gn_feature *c = &f->feature[p->numeric[v]];
            int32_t level = i < n ? c->code[s[i].row] : -1;
            p->value[v * p->n_padded + i] = level < 0 ? NAN : (float)c->level_value[level];
        }
        if (i < n) p->order[i] = s[i].row;
    }
done:
    gn_free(s);
    gn_free(code);
    return st;
}

/* ---- the table of places
 * -------------------------------------------------------------------------
 */

static gn_status find_patterns(gn_ctx *ctx, gn_pair_index *p, const gn_features *f, gn_error *err) {
    gn_status st;
    gn_features *differ = NULL;
    gn_feature_column column[GN_PATTERN_FEATURES];
    for (size_t k = 0; k < p->n_differ; k++)
        column[k] = (gn_feature_column){.name = f->feature[p->differ[k]].name,
                                        .code = f->feature[p->differ[k]].code,
                                        .distance = GN_DIFFER};
    GN_TRY(gn_features_new(p->n, column, p->n_differ, &differ, err));
    GN_TRY(gn_features_patterns(ctx, differ, &p->patterns, err));
    if (p->patterns.n > GN_PATTERNS_MAX)
        st = gn_fail(err, GN_ENOSUPP,
                     "the pairs differ in %zu ways, more than %d: leave features out, or use the "
                     "exact moments of squared Euclidean distances",
                     p->patterns.n, GN_PATTERNS_MAX);
done:
    gn_features_free(differ);
    return st;
}

static gn_status number_patterns(gn_pair_index *p, gn_error *err) {
    gn_status st;
    size_t room = 2;
    p->direct = p->n_differ <= DIRECT;
    while (room < 2 * p->patterns.n) room *= 2;
    if (p->direct) room = (size_t)1 << p->n_differ;
    p->mask = room - 1;
    GN_TRY(gn_alloc_array(&p->slot, room, sizeof *p->slot, "places of patterns", err));
    memset(p->slot, -1, room * sizeof *p->slot);
    for (size_t u = 0; u < p->patterns.n; u++) {
        uint64_t bits = p->patterns.bits[u];
        size_t at = p->direct ? (size_t)bits : (size_t)gn_bits_hash(bits) & p->mask;
        while (p->slot[at] >= 0) at = (at + 1) & p->mask;
        p->slot[at] = (int32_t)u;
    }
done:
    return st;
}

/* ---- moments of the features
 * ----------------------------------------------------------------------
 */

/* Where all features make bits, the patterns say it; else the closed forms do (levels.h). */
static gn_status feature_moments(gn_ctx *ctx, gn_pair_index *p, const gn_features *features,
                                 gn_error *err) {
    gn_status st = GN_OK;
    gn_mlem_design *design = NULL;
    size_t f = p->f;
    double pairs = (double)p->n * (double)(p->n - 1) / 2;
    if (p->n_numeric) {
        GN_TRY(gn_mlem_design_new(ctx, features, &design, err));
        memcpy(p->mean, gn_mlem_design_mean(design), f * sizeof *p->mean);
        memcpy(p->cov, gn_mlem_design_cov(design), f * f * sizeof *p->cov);
        goto done;
    }
    for (size_t u = 0; u < p->patterns.n; u++)
        for (size_t k = 0; k < f; k++) {
            if (!(p->patterns.bits[u] >> k & 1)) continue;
            double share = (double)p->patterns.count[u] / pairs;
            p->mean[k] += share;
            for (size_t l = 0; l < f; l++)
                if (p->patterns.bits[u] >> l & 1) p->cov[k * f + l] += share;
        }
    for (size_t k = 0; k < f; k++)
        for (size_t l = 0; l < f; l++) p->cov[k * f + l] -= p->mean[k] * p->mean[l];
done:
    gn_mlem_design_free(design);
    return st;
}

gn_status gn_pair_index_new(gn_ctx *ctx, const gn_features *features, bool all_differ,
                            gn_pair_index **out, gn_error *err) {
    gn_status st;
    gn_pair_index *p = NULL;
    size_t n = features->n, f = features->n_features;
    if (n < 2 || f < 1 || f > GN_PATTERN_FEATURES) {
        st = gn_fail(err, GN_EINVAL,
                     "pairs of %zu rows with %zu features: expected at least 2 rows and 1 to %d "
                     "features",
                     n, f, GN_PATTERN_FEATURES);
        goto done;
    }
    p = gn_calloc(1, sizeof *p);
    if (!p) {
        st = gn_fail_nomem(err, "pair index", sizeof *p);
        goto done;
    }
    p->n = n;
    p->f = f;
    p->n_padded = (n + GN_STRIP - 1) / GN_STRIP * GN_STRIP + GN_STRIP;
    for (size_t k = 0; k < f; k++) {
        gn_feature_distance distance = features->feature[k].distance;
        if (all_differ || distance == GN_DIFFER) {
            p->differ[p->n_differ++] = k;
            continue;
        }
        p->squared[p->n_numeric] = distance == GN_SQUARED;
        p->numeric[p->n_numeric++] = k;
    }
    GN_TRY(gn_alloc_array(&p->order, n, sizeof *p->order, "row order", err));
    GN_TRY(gn_alloc_array(&p->code, p->n_differ * p->n_padded, sizeof *p->code, "codes", err));
    GN_TRY(gn_alloc_array(&p->value, p->n_numeric * p->n_padded, sizeof *p->value, "values", err));
    p->mean = gn_calloc(f, sizeof *p->mean);
    p->cov = gn_calloc(f * f, sizeof *p->cov);
    if (!p->mean || !p->cov) {
        st = gn_fail_nomem(err, "moments of features", f * f * sizeof *p->cov);
        goto done;
    }
    GN_TRY(sort_rows(p, features, err));
    GN_TRY(find_patterns(ctx, p, features, err));
    GN_TRY(number_patterns(p, err));
    GN_TRY(feature_moments(ctx, p, features, err));
    *out = p;
    p = NULL;
done:
    gn_pair_index_free(p);
    return st;
}

void gn_pair_index_free(gn_pair_index *p) {
    if (!p) return;
    gn_free(p->order);
    gn_free(p->code);
    gn_free(p->value);
    gn_patterns_free(&p->patterns);
    gn_free(p->slot);
    gn_free(p->mean);
    gn_free(p->cov);
    gn_free(p);
}

const gn_patterns *gn_pair_index_patterns(const gn_pair_index *p) {
    return &p->patterns;
}
bool gn_pair_index_numeric(const gn_pair_index *p) {
    return p->n_numeric > 0;
}
