/* Pairs of rows gathered by what they differ in. Rows with the same values are one profile, so only
 * pairs of profiles are compared; the millions of pairs of a designed stimulus set fall into few
 * patterns. Each block compares some profiles with all later ones, feature by feature, and counts
 * in its worker's hash table; counts are whole numbers, so the tables can be added in any order. */
#include "gonio/features.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "math/stats.h"

#include <stdlib.h>
#include <string.h>

/* ---- profiles ---------------------------------------------------------------------------------
 */

/* Renumbers the classes by first appearance; `seen` (n_classes) is scratch. */
static void by_appearance(int32_t *class, size_t n, int32_t *seen, size_t n_classes) {
    int32_t next = 0;
    for (size_t c = 0; c < n_classes; c++) seen[c] = -1;
    for (size_t i = 0; i < n; i++) {
        if (seen[class[i]] < 0) seen[class[i]] = next++;
        class[i] = seen[class[i]];
    }
}

/* One column after the other splits the classes found so far: rows are sorted by (class, level),
 * and each different pair is a new class. */
gn_status gn_features_profiles(const gn_features *f, int32_t *profile, size_t *n_profiles,
                               gn_error *err) {
    gn_status st;
    size_t n = f->n, n_classes = 1;
    int32_t *class = NULL, *order = NULL;
    double *key = NULL;
    GN_TRY(gn_alloc_array(&class, n, sizeof *class, "profiles", err));
    GN_TRY(gn_alloc_array(&order, n, sizeof *order, "profiles", err));
    GN_TRY(gn_alloc_array(&key, n, sizeof *key, "profiles", err));
    memset(class, 0, n * sizeof *class);
    for (size_t k = 0; k < f->n_features; k++) {
        const gn_feature *c = &f->feature[k];
        /* Exact below 2^53, that is, for up to 94 million rows. */
        double levels = (double)c->n_levels + 1;
        for (size_t i = 0; i < n; i++) key[i] = class[i] * levels + c->code[i] + 1;
        GN_TRY(gn_argsort_f64(key, n, order, err));
        n_classes = 0;
        for (size_t r = 0; r < n; r++) {
            n_classes += r == 0 || key[order[r]] > key[order[r - 1]];
            class[order[r]] = (int32_t)n_classes - 1;
        }
    }
    by_appearance(class, n, order, n_classes);
    if (profile) memcpy(profile, class, n * sizeof *class);
    *n_profiles = n_classes;
done:
    gn_free(class);
    gn_free(order);
    gn_free(key);
    return st;
}

/* ---- counting ---------------------------------------------------------------------------------
 */

enum { PROFILES = 64, LATER = 1024, FIRST_SLOTS = 1024 };

/* Open addressing; a slot with count 0 is free. */
struct counter {
    uint64_t *bits, *count;
    size_t n, n_slots;
};

static size_t slot_of(const struct counter *c, uint64_t bits) {
    uint64_t h = bits * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(h ^ h >> 29) & (c->n_slots - 1);
    while (c->count[i] && c->bits[i] != bits) i = (i + 1) & (c->n_slots - 1);
    return i;
}

static void counter_free(struct counter *c) {
    gn_free(c->bits);
    gn_free(c->count);
}

static gn_status counter_grow(struct counter *c, gn_error *err) {
    struct counter more = {.n = c->n, .n_slots = c->n_slots ? 2 * c->n_slots : FIRST_SLOTS};
    more.bits = gn_alloc(more.n_slots, sizeof *more.bits);
    more.count = gn_calloc(more.n_slots, sizeof *more.count);
    if (!more.bits || !more.count) {
        counter_free(&more);
        return gn_fail_nomem(err, "pair patterns", more.n_slots * 2 * sizeof *more.bits);
    }
    for (size_t i = 0; i < c->n_slots; i++) {
        if (!c->count[i]) continue;
        size_t to = slot_of(&more, c->bits[i]);
        more.bits[to] = c->bits[i];
        more.count[to] = c->count[i];
    }
    counter_free(c);
    *c = more;
    return GN_OK;
}

static gn_status counter_add(struct counter *c, uint64_t bits, uint64_t count, gn_error *err) {
    if (2 * (c->n + 1) > c->n_slots) {
        gn_status st = counter_grow(c, err);
        if (st != GN_OK) return st;
    }
    size_t i = slot_of(c, bits);
    if (!c->count[i]) {
        c->bits[i] = bits;
        c->n++;
    }
    c->count[i] += count;
    return GN_OK;
}

struct pairs {
    size_t n, n_features;   /* profiles */
    const int32_t *code;    /* (n_features, n) */
    const uint64_t *weight; /* (n) rows of each profile */
    struct counter *of_worker;
};

static gn_status count_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct pairs *s = user;
    struct counter *c = &s->of_worker[worker];
    uint64_t bits[LATER];
    size_t p0 = block * PROFILES, p1 = p0 + PROFILES < s->n ? p0 + PROFILES : s->n;
    for (size_t p = p0; p < p1; p++)
        for (size_t q0 = p + 1; q0 < s->n; q0 += LATER) {
            size_t m = s->n - q0 < LATER ? s->n - q0 : LATER;
            memset(bits, 0, m * sizeof *bits);
            for (size_t k = 0; k < s->n_features; k++) {
                const int32_t *code = s->code + k * s->n, own = code[p];
                if (own < 0) continue;
                for (size_t j = 0; j < m; j++)
                    bits[j] |= (uint64_t)((code[q0 + j] != own) & (code[q0 + j] >= 0)) << k;
            }
            for (size_t j = 0; j < m; j++) {
                gn_status st = counter_add(c, bits[j], s->weight[p] * s->weight[q0 + j], err);
                if (st != GN_OK) return st;
            }
        }
    return GN_OK;
}

typedef struct pattern {
    uint64_t bits, count;
} pattern;

static int by_bits(const void *a, const void *b) {
    const pattern *x = a, *y = b;
    return (x->bits > y->bits) - (x->bits < y->bits);
}

/* One table in ascending order. */
static gn_status gather(const struct counter *c, gn_patterns *out, gn_error *err) {
    gn_status st;
    pattern *list = NULL;
    gn_patterns p = {0};
    GN_TRY(gn_alloc_array(&list, c->n, sizeof *list, "pair patterns", err));
    GN_TRY(gn_alloc_array(&p.bits, c->n, sizeof *p.bits, "pair patterns", err));
    GN_TRY(gn_alloc_array(&p.count, c->n, sizeof *p.count, "pair patterns", err));
    for (size_t i = 0; i < c->n_slots; i++)
        if (c->count[i]) list[p.n++] = (pattern){c->bits[i], c->count[i]};
    qsort(list, p.n, sizeof *list, by_bits);
    for (size_t i = 0; i < p.n; i++) {
        p.bits[i] = list[i].bits;
        p.count[i] = list[i].count;
    }
    *out = p;
done:
    gn_free(list);
    if (st != GN_OK) gn_patterns_free(&p);
    return st;
}

gn_status gn_features_patterns(gn_ctx *ctx, const gn_features *f, gn_patterns *out, gn_error *err) {
    gn_status st;
    size_t n = f->n, n_workers = gn_ctx_threads(ctx);
    int32_t *profile = NULL, *code = NULL;
    uint64_t *weight = NULL;
    struct pairs s = {.n_features = f->n_features};
    if (f->n_features > 64 || n < 2)
        return gn_fail(err, GN_EINVAL,
                       "pair patterns of %zu features over %zu rows: expected at most 64 features "
                       "and at least 2 rows",
                       f->n_features, n);
    GN_TRY(gn_alloc_array(&profile, n, sizeof *profile, "profiles", err));
    GN_TRY(gn_features_profiles(f, profile, &s.n, err));
    GN_TRY(gn_alloc_array(&code, s.n, f->n_features * sizeof *code, "profiles", err));
    weight = gn_calloc(s.n, sizeof *weight);
    s.of_worker = gn_calloc(n_workers, sizeof *s.of_worker);
    if (!weight || !s.of_worker) {
        st = gn_fail_nomem(err, "profiles", s.n * sizeof *weight);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        size_t p = (size_t)profile[i];
        weight[p]++;
        for (size_t k = 0; k < f->n_features; k++) code[k * s.n + p] = f->feature[k].code[i];
    }
    s.code = code;
    s.weight = weight;
    size_t n_blocks = (s.n + PROFILES - 1) / PROFILES;
    gn_progress progress = {"pair patterns", "profiles", (double)s.n, 0,
                            (double)s.n / (double)n_blocks};
    GN_TRY(gn_parallel(ctx, n_blocks, count_block, &s, &progress, err));
    struct counter *all = &s.of_worker[0];
    for (size_t p = 0; p < s.n; p++) /* pairs within a profile differ in nothing */
        if (weight[p] > 1) GN_TRY(counter_add(all, 0, weight[p] * (weight[p] - 1) / 2, err));
    for (size_t w = 1; w < n_workers; w++)
        for (size_t i = 0; i < s.of_worker[w].n_slots; i++)
            if (s.of_worker[w].count[i])
                GN_TRY(counter_add(all, s.of_worker[w].bits[i], s.of_worker[w].count[i], err));
    st = gather(all, out, err);
done:
    for (size_t w = 0; s.of_worker && w < n_workers; w++) counter_free(&s.of_worker[w]);
    gn_free(s.of_worker);
    gn_free(weight);
    gn_free(code);
    gn_free(profile);
    return st;
}

void gn_patterns_free(gn_patterns *p) {
    if (!p) return;
    gn_free(p->bits);
    gn_free(p->count);
    *p = (gn_patterns){0};
}
