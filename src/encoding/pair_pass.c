/* One pass over all pairs of rows, every distance used at once and forgotten.
 *
 * A task is a block of rows against all columns behind it. For a tile of rows and a strip of
 * columns the products of packed panels (math/gemm.h) become distances; the bits of the pattern
 * come from comparing codes along the strip; then each pair adds its distance and its square to the
 * two sums of its pattern.
 *
 * The sums of patterns must not depend on the threads, and a table of a million patterns cannot be
 * kept for every block. They are therefore sums of integers: distances in units of their bound over
 * 2^shift, so that no order of addition changes a bit and each thread keeps one table. The shift
 * leaves 62 bits for the sum: 36 bits for one distance of 50 million, more than float32 has.
 *
 * Ranks need the distribution of all distances first: the first pass counts them into bins, the
 * second adds up the average rank of a pair's bin, by pattern, in half ranks, exactly. */
#include "encoding/pair_index.h"
#include "encoding/pair_rows.h"

#include "base/mem.h"
#include "math/gemm.h"

#include <math.h>
#include <string.h>

enum { BINS = 1 << 16, BLOCK_ROWS = 96, SUM_BITS = 62, MOST_SHIFT = 44 };
/* Below this share of |x|^2 + |y|^2 a squared distance has lost seven bits and is measured again.
 */
static const float NEAR_SHARE = 0x1p-7f;

struct scratch {
    int64_t *sum;  /* (places, 2) distances and squares; second pass: (places) ranks */
    uint64_t *bin; /* (BINS) or NULL */
    float *tile;   /* (mr, GN_STRIP) */
    void *panel;   /* packed rows of the block */
    uint64_t near;
    int64_t *place[GN_STRIP]; /* of the strip at work, in sum */
    float numeric[GN_STRIP];
};

/* What a block of rows leaves, added in block order. */
struct part {
    double least, largest, power[5];
};

struct pass {
    const gn_pair_index *p;
    const gn_pair_rows *rows;
    const gn_gemm *gemm; /* NULL: a metric of differences */
    size_t width;        /* columns of a strip: whole panels */
    size_t k_padded, a_bytes, b_bytes, block;
    unsigned char *b; /* all columns, packed */
    struct scratch *scratch;
    struct part *part;
    double *numeric;       /* (n_blocks, n_numeric, 2) sums of x D and x D^2 */
    double unit;           /* an integer's worth: bound / 2^shift */
    double bins_per_unit;  /* bins / bound */
    const uint64_t *rank2; /* second pass: (BINS) twice the average rank of a bin */
    size_t n_blocks;
};

/* ---- distances of one row against a strip ---------------------------------------------------- */

static void finish_strip(struct pass *s, struct scratch *c, size_t i, size_t j, size_t from,
                         size_t to, float *row) {
    const gn_pair_rows *r = s->rows;
    const float *norm2 = r->norm2 + j;
    float mine = r->norm2[i], again = 0;
    for (size_t t = 0; t < GN_STRIP; t++) {
        float both = mine + norm2[t], v = both - 2 * row[t];
        row[t] = v < NEAR_SHARE * both ? -1.0f : v;
    }
    for (size_t t = from; t < to; t++) again = row[t] < again ? row[t] : again;
    if (r->metric == GN_PAIR_EUCLIDEAN)
        for (size_t t = 0; t < GN_STRIP; t++) row[t] = row[t] < 0 ? row[t] : sqrtf(row[t]);
    else if (r->metric != GN_PAIR_SQEUCLIDEAN)
        for (size_t t = 0; t < GN_STRIP; t++) row[t] *= 0.5f;
    if (again >= 0) return;
    for (size_t t = from; t < to; t++)
        if (row[t] < 0) {
            row[t] = (float)gn_pair_distance(r, i, j + t);
            c->near++;
        }
}

/* ---- what pairs add ----------------------------------------------------------------------------
 */

static size_t bin_of(const struct pass *s, double v) {
    size_t b = (size_t)(v * s->bins_per_unit);
    return b < BINS ? b : BINS - 1;
}

/* Where the pairs of a strip add to, `each` numbers a pattern. A table of many patterns lies in no
 * cache: all places of a strip are asked for before the first is used. */
static void find_places(const struct pass *s, struct scratch *c, const gn_strip_bits *bits,
                        size_t from, size_t to, size_t each) {
    for (size_t t = from; t < to; t++) {
        c->place[t] = c->sum + each * gn_pattern_place(s->p, gn_strip_bits_at(bits, t));
        __builtin_prefetch(c->place[t], 1);
    }
}

static void add_ranks(const struct pass *s, struct scratch *c, size_t from, size_t to,
                      const float *row) {
    for (size_t t = from; t < to; t++) *c->place[t] += (int64_t)s->rank2[bin_of(s, (double)row[t])];
}

static void add_sums(const struct pass *s, struct scratch *c, size_t from, size_t to,
                     const float *row, struct part *part) {
    double p1 = 0, p2 = 0, p3 = 0, p4 = 0, units = 1 / s->unit;
    double per_square = units / s->rows->bound;
    float least = row[from], largest = row[from];
    for (size_t t = from; t < to; t++) {
        double v = (double)row[t], v2 = v * v;
        int64_t *sum = c->place[t];
        sum[0] += (int64_t)(v * units);
        sum[1] += (int64_t)(v2 * per_square);
        p1 += v;
        p2 += v2;
        p3 += v2 * v;
        p4 += v2 * v2;
        least = row[t] < least ? row[t] : least;
        largest = row[t] > largest ? row[t] : largest;
    }
    part->power[1] += p1;
    part->power[2] += p2;
    part->power[3] += p3;
    part->power[4] += p4;
    part->least = fmin(part->least, (double)least);
    part->largest = fmax(part->largest, (double)largest);
    if (!c->bin) return;
    for (size_t t = from; t < to; t++) c->bin[bin_of(s, (double)row[t])]++;
}

static void add_numeric(const struct pass *s, struct scratch *c, size_t i, size_t j, size_t from,
                        size_t to, const float *row, double *sum) {
    for (size_t v = 0; v < s->p->n_numeric; v++) {
        double x = 0, x2 = 0;
        gn_strip_numeric(s->p, v, i, j, c->numeric);
        for (size_t t = from; t < to; t++) {
            double product = (double)c->numeric[t] * (double)row[t];
            x += product;
            x2 += product * (double)row[t];
        }
        sum[2 * v] += x;
        sum[2 * v + 1] += x2;
    }
}

static void use_strip(struct pass *s, struct scratch *c, size_t block, size_t i, size_t j,
                      float *row, struct part *part) {
    gn_strip_bits bits;
    size_t n = s->rows->n, from = i + 1 > j ? i + 1 - j : 0;
    size_t to = n - j < s->width ? n - j : s->width;
    if (i >= n || from >= to) return;
    gn_strip_bits_set(s->p, i, j, &bits);
    find_places(s, c, &bits, from, to, s->rank2 ? 1 : 2);
    if (s->gemm)
        finish_strip(s, c, i, j, from, to, row);
    else
        gn_pair_strip(s->rows, i, j + from, to - from, row + from);
    if (s->rank2) {
        add_ranks(s, c, from, to, row);
        return;
    }
    add_sums(s, c, from, to, row, part);
    add_numeric(s, c, i, j, from, to, row, s->numeric + 2 * block * s->p->n_numeric);
}

/* ---- the walk ---------------------------------------------------------------------------------
 */

static void multiply(const struct pass *s, const unsigned char *a, size_t j, float *tile) {
    const gn_gemm *g = s->gemm;
    for (size_t t = 0; t < s->width && j + t < s->rows->n; t += g->nr)
        g->tile(a, s->b + (j + t) / g->nr * s->b_bytes, s->k_padded, tile + t, GN_STRIP);
}

static gn_status run_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct pass *s = user;
    struct scratch *c = &s->scratch[worker];
    const gn_gemm *g = s->gemm;
    const gn_pair_rows *r = s->rows;
    struct part part = {.least = HUGE_VAL};
    size_t first = block * s->block, last = first + s->block < r->n ? first + s->block : r->n;
    size_t step = g ? g->mr : 1;
    if (g && g->begin) g->begin();
    for (size_t i = first; g && i < last; i += step)
        g->pack_a(r->x + i * r->d, r->d, last - i < step ? last - i : step, r->d,
                  (unsigned char *)c->panel + (i - first) / step * s->a_bytes);
    for (size_t j = first / s->width * s->width; j < r->n; j += s->width)
        for (size_t i = first; i < last; i += step) {
            if (g)
                multiply(s, (unsigned char *)c->panel + (i - first) / step * s->a_bytes, j,
                         c->tile);
            for (size_t t = 0; t < step && i + t < last; t++)
                use_strip(s, c, block, i + t, j, c->tile + t * GN_STRIP, &part);
        }
    if (g && g->end) g->end();
    if (!s->rank2) s->part[block] = part;
    return GN_OK;
}

static gn_status pass_new(struct pass *s, gn_ctx *ctx, bool ranks, gn_error *err) {
    gn_status st;
    const gn_pair_rows *r = s->rows;
    unsigned threads = ctx ? gn_ctx_threads(ctx) : 1;
    const gn_gemm *g =
        gn_pair_products(r->metric) ? gn_gemm_for(ctx ? gn_ctx_cpu(ctx) : GN_CPU_AUTO, 0) : NULL;
    s->gemm = g;
    s->width = g ? GN_STRIP / g->nr * g->nr : GN_STRIP;
    s->block = g ? BLOCK_ROWS / g->mr * g->mr : BLOCK_ROWS;
    s->n_blocks = (r->n + s->block - 1) / s->block;
    s->scratch = gn_calloc(threads, sizeof *s->scratch);
    if (!s->scratch) return gn_fail_nomem(err, "scratch", threads * sizeof *s->scratch);
    GN_TRY(gn_alloc_array(&s->part, s->n_blocks, sizeof *s->part, "sums of blocks", err));
    s->numeric = gn_calloc(2 * s->n_blocks * s->p->n_numeric, sizeof *s->numeric);
    if (!s->numeric) {
        st = gn_fail_nomem(err, "sums of blocks", s->n_blocks * s->p->n_numeric);
        goto done;
    }
    size_t rows = g ? g->mr : 1;
    if (g) {
        s->k_padded = (r->d + g->k_multiple - 1) / g->k_multiple * g->k_multiple;
        s->a_bytes = g->mr * s->k_padded * g->element_bytes;
        s->b_bytes = g->nr * s->k_padded * g->element_bytes;
        size_t panels = (r->n + g->nr - 1) / g->nr;
        GN_TRY(gn_alloc_array(&s->b, panels, s->b_bytes, "packed rows", err));
        for (size_t j = 0; j < r->n; j += g->nr)
            g->pack_b(r->x + j * r->d, r->d, r->n - j < g->nr ? r->n - j : g->nr, r->d,
                      s->b + j / g->nr * s->b_bytes);
    }
    for (unsigned w = 0; w < threads; w++) {
        struct scratch *c = &s->scratch[w];
        c->sum = gn_calloc(2 * gn_pattern_places(s->p), sizeof *c->sum);
        c->tile = gn_calloc(rows * GN_STRIP, sizeof *c->tile);
        if (ranks) c->bin = gn_calloc(BINS, sizeof *c->bin);
        if (!c->sum || !c->tile || (ranks && !c->bin)) {
            st = gn_fail_nomem(err, "sums of patterns",
                               2 * gn_pattern_places(s->p) * sizeof *c->sum);
            goto done;
        }
        if (g) GN_TRY(gn_alloc_array(&c->panel, s->block / g->mr, s->a_bytes, "packed rows", err));
    }
    st = GN_OK;
done:
    return st;
}

static void pass_free(struct pass *s, unsigned threads) {
    for (unsigned w = 0; s->scratch && w < threads; w++) {
        gn_free(s->scratch[w].sum);
        gn_free(s->scratch[w].tile);
        gn_free(s->scratch[w].bin);
        gn_free(s->scratch[w].panel);
    }
    gn_free(s->scratch);
    gn_free(s->part);
    gn_free(s->numeric);
    gn_free(s->b);
}

/* ---- from sums to the result ------------------------------------------------------------------
 */

/* target = shift + linear D + square D^2 */
struct polynomial {
    double c[3];
};

static gn_status target_of(gn_pair_target target, double m, double M, struct polynomial *out,
                           gn_error *err) {
    double range = M - m;
    if ((target == GN_TARGET_MIN_MAX || target == GN_TARGET_MIN_MAX_SQUARED) && !(range > 0))
        return gn_fail(err, GN_EDATA, "all distances are %g: they have no range to be scaled by",
                       m);
    switch (target) {
    case GN_TARGET_DISTANCE:
        *out = (struct polynomial){{0, 1, 0}};
        break;
    case GN_TARGET_SQUARED:
        *out = (struct polynomial){{0, 0, 1}};
        break;
    case GN_TARGET_MIN_MAX:
        *out = (struct polynomial){{-m / range, 1 / range, 0}};
        break;
    case GN_TARGET_MIN_MAX_SQUARED:
        *out = (struct polynomial){
            {m * m / (range * range), -2 * m / (range * range), 1 / (range * range)}};
        break;
    }
    return GN_OK;
}

static gn_status summarise(const struct pass *s, unsigned threads, gn_pair_target target,
                           gn_pair_sums *out, gn_error *err) {
    double power[5] = {out->n_pairs}, squares = 0;
    struct polynomial y = {{0}};
    out->least = HUGE_VAL;
    for (size_t b = 0; b < s->n_blocks; b++) {
        for (size_t k = 1; k < 5; k++) power[k] += s->part[b].power[k];
        out->least = fmin(out->least, s->part[b].least);
        out->largest = fmax(out->largest, s->part[b].largest);
    }
    gn_status st = target_of(target, out->least, out->largest, &y, err);
    if (st != GN_OK) return st;
    double sum = y.c[0] * power[0] + y.c[1] * power[1] + y.c[2] * power[2];
    for (size_t a = 0; a < 3; a++)
        for (size_t b = 0; b < 3; b++) squares += y.c[a] * y.c[b] * power[a + b];
    out->mean = sum / out->n_pairs;
    out->variance = fmax(0, squares / out->n_pairs - out->mean * out->mean);
    for (size_t u = 0; u < s->p->patterns.n; u++) {
        int64_t d = 0, d2 = 0;
        size_t place = gn_pattern_place(s->p, s->p->patterns.bits[u]);
        for (unsigned w = 0; w < threads; w++) {
            d += s->scratch[w].sum[2 * place];
            d2 += s->scratch[w].sum[2 * place + 1];
        }
        out->target[u] = y.c[0] + (y.c[1] * (double)d * s->unit +
                                   y.c[2] * (double)d2 * s->unit * s->rows->bound) /
                                      (double)s->p->patterns.count[u];
    }
    for (size_t v = 0; v < s->p->n_numeric; v++) {
        double x = 0, x2 = 0;
        for (size_t b = 0; b < s->n_blocks; b++) {
            x += s->numeric[2 * (b * s->p->n_numeric + v)];
            x2 += s->numeric[2 * (b * s->p->n_numeric + v) + 1];
        }
        size_t k = s->p->numeric[v];
        out->numeric[k] = y.c[0] * s->p->mean[k] + (y.c[1] * x + y.c[2] * x2) / out->n_pairs;
    }
    for (unsigned w = 0; w < threads; w++) out->near += s->scratch[w].near;
    return GN_OK;
}

static gn_status rank_pass(gn_ctx *ctx, struct pass *s, unsigned threads, gn_pair_sums *out,
                           const gn_progress *progress, gn_error *err) {
    gn_status st;
    uint64_t *rank2 = NULL, below = 0;
    double centre = out->n_pairs + 1, sum = 0;
    GN_TRY(gn_alloc_array(&rank2, BINS, sizeof *rank2, "ranks", err));
    GN_TRY(gn_alloc_array(&out->rank, s->p->patterns.n, sizeof *out->rank, "mean ranks", err));
    for (size_t b = 0; b < BINS; b++) {
        uint64_t here = 0;
        for (unsigned w = 0; w < threads; w++) here += s->scratch[w].bin[b];
        rank2[b] = 2 * below + here + 1;
        below += here;
        double off = ((double)rank2[b] - centre) / 2;
        sum += (double)here * off * off;
    }
    out->rank_variance = sum / out->n_pairs;
    for (unsigned w = 0; w < threads; w++)
        memset(s->scratch[w].sum, 0, gn_pattern_places(s->p) * sizeof *s->scratch[w].sum);
    s->rank2 = rank2;
    GN_TRY(gn_parallel(ctx, s->n_blocks, run_block, s, progress, err));
    for (size_t u = 0; u < s->p->patterns.n; u++) {
        int64_t total = 0;
        size_t place = gn_pattern_place(s->p, s->p->patterns.bits[u]);
        for (unsigned w = 0; w < threads; w++) total += s->scratch[w].sum[place];
        out->rank[u] = (double)total / 2 / (double)s->p->patterns.count[u];
    }
done:
    gn_free(rank2);
    return st;
}

gn_status gn_pair_sums_new(gn_ctx *ctx, const gn_pair_index *p, gn_mat a, const gn_pair_opts *opts,
                           gn_pair_sums **out, gn_error *err) {
    gn_status st;
    gn_pair_opts o = opts ? *opts : (gn_pair_opts){0};
    gn_pair_rows rows = {0};
    struct pass pass = {.p = p, .rows = &rows};
    gn_pair_sums *r = NULL;
    unsigned threads = ctx ? gn_ctx_threads(ctx) : 1;
    if (a.rows != p->n) {
        st = gn_fail(err, GN_EINVAL, "%zu rows of representations, %zu of features", a.rows, p->n);
        goto done;
    }
    GN_TRY(gn_pair_rows_new(ctx, a, p->order, p->n_padded, o.metric, &rows, err));
    if (!(rows.bound > 0)) {
        st = gn_fail(err, GN_EDATA, "all rows are the same: every distance is zero");
        goto done;
    }
    GN_TRY(pass_new(&pass, ctx, o.ranks, err));
    GN_TRY(gn_alloc_array(&r, 1, sizeof *r, "sums over pairs", err));
    *r = (gn_pair_sums){.n_patterns = p->patterns.n,
                        .n_pairs = (double)p->n * (double)(p->n - 1) / 2};
    GN_TRY(gn_alloc_array(&r->target, p->patterns.n, sizeof *r->target, "mean targets", err));
    r->numeric = gn_calloc(p->f, sizeof *r->numeric);
    if (!r->numeric) {
        st = gn_fail_nomem(err, "sums of features", p->f * sizeof *r->numeric);
        goto done;
    }
    int shift = SUM_BITS - (int)ceil(log2(r->n_pairs));
    pass.unit = ldexp(rows.bound, -(shift < MOST_SHIFT ? shift : MOST_SHIFT));
    pass.bins_per_unit = BINS / rows.bound;
    double passes = o.ranks ? 2 : 1, per_block = r->n_pairs / (double)pass.n_blocks;
    gn_progress progress = {"pairs", "pairs", passes * r->n_pairs, 0, per_block};
    GN_TRY(gn_parallel(ctx, pass.n_blocks, run_block, &pass, &progress, err));
    GN_TRY(summarise(&pass, threads, o.target, r, err));
    progress.before = r->n_pairs;
    if (o.ranks) GN_TRY(rank_pass(ctx, &pass, threads, r, &progress, err));
    *out = r;
    r = NULL;
done:
    pass_free(&pass, threads);
    gn_pair_rows_free(&rows);
    gn_pair_sums_free(r);
    return st;
}

void gn_pair_sums_free(gn_pair_sums *s) {
    if (!s) return;
    gn_free(s->target);
    gn_free(s->rank);
    gn_free(s->numeric);
    gn_free(s);
}
