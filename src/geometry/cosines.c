/* How alike are vectors of different types, and of the same type? (Cai, Huang, Bian, Church, ICLR
 * 2021.) The definitions average over all pairs of instances; sums of unit vectors do it in one
 * pass. With u the unit vector of an instance, S_t the sum of type t's n_t of them, a_t = S_t / n_t
 * and V types,
 *
 *     intra_t = (|S_t|^2 - n_t) / (n_t (n_t - 1)),   intra = their mean over types with n_t >= 2;
 *     inter   = (|A|^2 - sum_t |a_t|^2) / (V (V - 1)),   A = sum_t a_t.
 *
 * inter is the expectation of what the original draws once: one random instance of each type. A
 * zero vector has no direction and counts with cosine 0 (n_t - #zeros replaces the first n_t of
 * intra_t). So does a row that equals the subtracted mean up to rounding: 1e-12 of it.
 *
 * Error bars. Tokens of one sequence are correlated, so sequences are the unit. A bootstrap over
 * sequences would cost 200 passes, and it is wrong here: a sequence that is drawn twice pairs each
 * of its rare types with itself at cosine 1 (intra 0.47 became 0.74 in the test's cloud), and a
 * type seen once is missing from 37 % of the resamples. The delete-one jackknife has neither
 * fault. Leaving out sequence s touches only the types in s, so all its values
 *
 *     theta_(s),   se^2 = (G - 1) / G sum_s (theta_(s) - mean)^2,   G sequences,
 *
 * come exactly from ONE further pass: subtract from S_t what s added to it; a type that vanishes
 * leaves V, one that is left with a single instance leaves the mean of intra. It agrees with the
 * bootstrap and with the scatter of repeated samples where types are frequent. Where they are rare
 * it errs upward, by up to sqrt(2) (Efron & Stein, Ann. Stat. 9, 1981): the cosine of two instances
 * is lost with either of their sequences, and so is counted twice. The centred inter cosine, which
 * centring forces to about 0, has the largest bars for its scatter: up to 1.6 times.
 *
 * After centring, the mean moves too when s is left out, and all unit vectors with it. That is
 * followed to first order, by the gradient of inter and intra in the mean: du = -(I - u u^T) dmean
 * / |y|, hence for a functional with d theta / du_i = h_t (constant within a type)
 *
 *     d theta / d mean = -sum_i (h_t - u_i (u_i . h_t)) / |y_i|,
 *     h_t = 2 (A - a_t) / (n_t V (V - 1))  for inter,   2 S_t / (V_2 n_t (n_t - 1))  for intra.
 *
 * Every pass is cut into blocks of whole types or whole sequences, each type and sequence is summed
 * by one thread in row order, and blocks are added in order: threads change no bit. */
#include "geometry/cosines.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

static const size_t no_slot = SIZE_MAX;

struct run {
    const gn_view *v;
    size_t d;
    const double *origin; /* or NULL */
    double tiny;          /* rows up to this length are zero vectors */
    const gn_groups *types, *sequences;
    size_t *type_of; /* (n) */
    size_t *slot;    /* (V) place of S_t; no_slot for a type seen once, whose S_t is its u */
    double *sum;     /* (slots, d) S_t */
    double *inverse; /* (n) 1 / |y|, 0 for zero vectors */
    double *norm;    /* (n) or NULL */
    double *square;  /* (V) |a_t|^2 */
    double *intra;   /* (V) intra_t, NaN below two instances */
    double *n_unit;  /* (V) instances that are not zero vectors */
    double *partial; /* (blocks, 2 d) sums of a block */
    size_t scratch_size;
    double *scratch; /* (threads, scratch_size): 4 rows, then a window's */
    /* totals after the first pass */
    double *total;    /* (d) A */
    double *gradient; /* (2, d) of inter and intra in the mean; zero without origin */
    double sum_square, sum_intra;
    size_t n_intra;
    double *inter_without, *intra_without; /* (G) theta_(s) */
};

/* Rows of a view, loaded 64 at a time while they are walked through in a fixed order. */
struct window {
    const struct run *r;
    const int32_t *row; /* the order */
    size_t end, p0, k;  /* places p0 ... p0 + k - 1 of it are loaded; none from `end` on */
    double *y, *scratch;
};

static struct window window_at(const struct run *r, const gn_groups *g, size_t end,
                               unsigned worker) {
    double *y = r->scratch + worker * r->scratch_size + 4 * r->d;
    return (struct window){r, g->row, end, 0, 0, y, y + GN_VIEW_ROWS * r->d};
}

/* The row at place p, minus the origin. */
static const double *row_at(struct window *w, size_t p) {
    size_t d = w->r->d;
    if (p - w->p0 >= w->k) {
        w->p0 = p;
        w->k = w->end - p < GN_VIEW_ROWS ? w->end - p : GN_VIEW_ROWS;
        gn_view_load(w->r->v, w->row + p, 0, w->k, w->y, w->scratch);
        for (size_t i = 0; w->r->origin && i < w->k; i++)
            w->r->v->vec->add(-1, w->r->origin, d, w->y + i * d);
    }
    return w->y + (p - w->p0) * d;
}

static double mean_cosine(double sum_square, double n_unit, double n) {
    return (sum_square - n_unit) / (n * (n - 1));
}

/* First pass, a block of types: norms, S_t, |a_t|^2, intra_t, and the block's part of A. */
static gn_status sum_types(void *user, size_t block, unsigned worker, gn_error *err) {
    struct run *r = user;
    size_t d = r->d;
    double *single = r->scratch + worker * r->scratch_size, *total = r->partial + block * 2 * d;
    const gn_groups *g = r->types;
    struct window w = window_at(r, g, g->start[g->block[block + 1]], worker);
    memset(total, 0, d * sizeof *total);
    for (size_t t = g->block[block]; t < g->block[block + 1]; t++) {
        size_t n = gn_groups_size(g, t);
        double *s = r->slot[t] == no_slot ? single : r->sum + r->slot[t] * d, n_unit = 0;
        memset(s, 0, d * sizeof *s);
        for (size_t p = g->start[t]; p < g->start[t + 1]; p++) {
            size_t i = (size_t)g->row[p];
            const double *v = row_at(&w, p);
            double norm = sqrt(r->v->vec->dot_f64(v, v, d));
            if (!isfinite(norm)) return gn_view_unfit(r->v, i, single, err);
            if (r->norm) r->norm[i] = norm;
            double inverse = norm > r->tiny ? 1 / norm : 0;
            r->inverse[i] = inverse;
            n_unit += norm > r->tiny;
            r->v->vec->add(inverse, v, d, s);
        }
        double square = r->v->vec->dot_f64(s, s, d), count = (double)n;
        r->n_unit[t] = n_unit;
        r->square[t] = square / (count * count);
        r->intra[t] = n >= 2 ? mean_cosine(square, n_unit, count) : (double)NAN;
        r->v->vec->add(1 / count, s, d, total);
    }
    return GN_OK;
}

/* The gradient in the mean, a block of types. */
static gn_status sum_gradient(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct run *r = user;
    size_t d = r->d, V = r->types->n;
    double *h_inter = r->scratch + worker * r->scratch_size, *h_intra = h_inter + d;
    const gn_groups *g = r->types;
    struct window w = window_at(r, g, g->start[g->block[block + 1]], worker);
    double *g_inter = r->partial + block * 2 * d, *g_intra = g_inter + d;
    memset(g_inter, 0, 2 * d * sizeof *g_inter);
    for (size_t t = g->block[block]; t < g->block[block + 1]; t++) {
        double n = (double)gn_groups_size(g, t);
        double c_inter = V > 1 ? 2 / (n * (double)V * (double)(V - 1)) : 0;
        double c_intra = n > 1 ? 2 / ((double)r->n_intra * n * (n - 1)) : 0, sum_inverse = 0;
        for (size_t p = g->start[t]; p < g->start[t + 1]; p++) {
            double inverse = r->inverse[g->row[p]];
            if (!(inverse > 0)) continue;
            const double *v = row_at(&w, p);
            if (sum_inverse <= 0) /* the first row that has a direction */
                for (size_t j = 0; j < d; j++) {
                    double s = r->slot[t] == no_slot ? v[j] * inverse : r->sum[r->slot[t] * d + j];
                    h_inter[j] = c_inter * (r->total[j] - s / n);
                    h_intra[j] = c_intra * s;
                }
            sum_inverse += inverse;
            double cube = inverse * inverse * inverse;
            double a = r->v->vec->dot_f64(v, h_inter, d) * cube,
                   b = r->v->vec->dot_f64(v, h_intra, d) * cube;
            r->v->vec->add(a, v, d, g_inter);
            r->v->vec->add(b, v, d, g_intra);
        }
        if (sum_inverse > 0) {
            r->v->vec->add(-sum_inverse, h_inter, d, g_inter);
            r->v->vec->add(-sum_inverse, h_intra, d, g_intra);
        }
    }
    return GN_OK;
}

/* What leaving out the rows of one sequence does to the sums over types. */
struct change {
    double *total; /* (d) of A */
    double square, intra, n_types, n_intra;
};

/* The rows p0 ... p1 - 1 of the sequence order, all of one type, leave. `part` (d) is their sum of
 * unit vectors, and is overwritten. */
static void leave(const struct run *r, size_t t, size_t n_leaving, double unit_leaving,
                  double *part, struct change *c) {
    size_t d = r->d, size = gn_groups_size(r->types, t);
    double n = (double)size, rest = n - (double)n_leaving;
    const double *s = r->slot[t] == no_slot ? part : r->sum + r->slot[t] * d;
    if (size >= 2) {
        c->intra -= r->intra[t];
        c->n_intra--;
    }
    if (rest < 1) {
        r->v->vec->add(-1 / n, s, d, c->total);
        c->square -= r->square[t];
        c->n_types--;
        return;
    }
    const gn_vec *vec = r->v->vec;
    vec->add(1 / rest - 1 / n, s, d, c->total);
    vec->add(-1 / rest, part, d, c->total);
    vec->add(-1, s, d, part); /* minus what is left of S_t */
    double square = vec->dot_f64(part, part, d);
    c->square += square / (rest * rest) - r->square[t];
    if (rest >= 2) {
        c->intra += mean_cosine(square, r->n_unit[t] - unit_leaving, rest);
        c->n_intra++;
    }
}

/* Second pass, a block of sequences: theta_(s). */
static gn_status leave_out(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct run *r = user;
    const gn_groups *q = r->sequences;
    size_t d = r->d;
    double *part = r->scratch + worker * r->scratch_size, V = (double)r->types->n;
    struct window w = window_at(r, q, q->start[q->block[block + 1]], worker);
    for (size_t s = q->block[block]; s < q->block[block + 1]; s++) {
        struct change c = {.total = part + d};
        memset(c.total, 0, d * sizeof *c.total);
        double drift[2] = {0, 0}, rest = (double)(r->v->n - gn_groups_size(q, s));
        for (size_t p = q->start[s], end; p < q->start[s + 1]; p = end) {
            size_t t = r->type_of[q->row[p]];
            double n_unit = 0;
            memset(part, 0, d * sizeof *part);
            for (end = p; end < q->start[s + 1] && r->type_of[q->row[end]] == t; end++) {
                size_t i = (size_t)q->row[end];
                const double *v = row_at(&w, end);
                r->v->vec->add(r->inverse[i], v, d, part);
                n_unit += r->inverse[i] > 0;
                if (!r->origin) continue;
                drift[0] -= r->v->vec->dot_f64(v, r->gradient, d) / rest;
                drift[1] -= r->v->vec->dot_f64(v, r->gradient + d, d) / rest;
            }
            leave(r, t, end - p, n_unit, part, &c);
        }
        double n = V + c.n_types;
        r->v->vec->add(1, r->total, d, c.total);
        double square = r->v->vec->dot_f64(c.total, c.total, d);
        r->inter_without[s] =
            n >= 2 ? (square - (r->sum_square + c.square)) / (n * (n - 1)) + drift[0] : (double)NAN;
        n = (double)r->n_intra + c.n_intra;
        r->intra_without[s] = n >= 1 ? (r->sum_intra + c.intra) / n + drift[1] : (double)NAN;
    }
    return GN_OK;
}

static double jackknife_se(const double *without, size_t n) {
    if (n < 2) return (double)NAN;
    return gn_sd(without, n, 0) * sqrt((double)(n - 1));
}

/* Adds the blocks' vectors (width doubles at stride 2 d) in block order. */
static void add_blocks(const struct run *r, size_t width, double *out) {
    memset(out, 0, width * sizeof *out);
    for (size_t b = 0; b < r->types->n_blocks; b++)
        for (size_t j = 0; j < width; j++) out[j] += r->partial[b * 2 * r->d + j];
}

static gn_status allocate(struct run *r, unsigned n_threads, gn_error *err) {
    gn_status st;
    size_t n = r->v->n, d = r->d, V = r->types->n, n_slots = 0, bytes;
    GN_TRY(gn_alloc_array(&r->slot, V, sizeof *r->slot, "types", err));
    GN_TRY(gn_alloc_array(&r->type_of, n, sizeof *r->type_of, "types", err));
    for (size_t t = 0; t < V; t++) {
        r->slot[t] = gn_groups_size(r->types, t) >= 2 ? n_slots++ : no_slot;
        for (size_t p = r->types->start[t]; p < r->types->start[t + 1]; p++)
            r->type_of[r->types->row[p]] = t;
    }
    if (!gn_mul(d, 4 * sizeof(double), &bytes)) return gn_fail_nomem(err, "cosines", SIZE_MAX);
    GN_TRY(gn_alloc_array(&r->sum, n_slots, bytes / 4, "sums of unit vectors per type", err));
    GN_TRY(gn_alloc_array(&r->inverse, n, sizeof(double), "lengths", err));
    GN_TRY(gn_alloc_array(&r->square, V, sizeof(double), "types", err));
    GN_TRY(gn_alloc_array(&r->intra, V, sizeof(double), "types", err));
    GN_TRY(gn_alloc_array(&r->n_unit, V, sizeof(double), "types", err));
    GN_TRY(gn_alloc_array(&r->partial, r->types->n_blocks, bytes / 2, "block sums", err));
    r->scratch_size = (4 + GN_VIEW_ROWS) * d + gn_view_scratch(r->v);
    GN_TRY(
        gn_alloc_array(&r->scratch, n_threads, r->scratch_size * sizeof(double), "cosines", err));
    GN_TRY(gn_alloc_array(&r->total, 1, bytes / 4, "cosines", err));
    GN_TRY(gn_alloc_array(&r->gradient, 1, bytes / 2, "cosines", err));
    size_t n_sequences = r->sequences ? r->sequences->n : 0;
    GN_TRY(gn_alloc_array(&r->inter_without, n_sequences, sizeof(double), "sequences", err));
    GN_TRY(gn_alloc_array(&r->intra_without, n_sequences, sizeof(double), "sequences", err));
done:
    return st;
}

gn_status gn_cosines_compute(gn_ctx *ctx, const gn_view *v, const double *origin,
                             const gn_groups *types, const gn_groups *sequences, gn_cosines *out,
                             double *norm, gn_error *err) {
    struct run r = {.v = v,
                    .d = v->x.cols,
                    .origin = origin,
                    .types = types,
                    .sequences = sequences,
                    .norm = norm};
    gn_cosines c = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, types->n, 0};
    gn_status st;
    if (origin) r.tiny = 1e-12 * sqrt(v->vec->dot_f64(origin, origin, r.d));
    GN_TRY(allocate(&r, gn_ctx_threads(ctx), err));
    GN_TRY(gn_parallel(ctx, types->n_blocks, sum_types, &r, NULL, err));
    add_blocks(&r, r.d, r.total);
    r.sum_square = gn_sum(r.square, types->n);
    for (size_t t = 0; t < types->n; t++) {
        if (gn_groups_size(types, t) < 2) continue;
        r.sum_intra += r.intra[t];
        c.n_intra_types = ++r.n_intra;
    }
    double V = (double)types->n;
    if (V >= 2) c.inter = (v->vec->dot_f64(r.total, r.total, r.d) - r.sum_square) / (V * (V - 1));
    if (r.n_intra) c.intra = r.sum_intra / (double)r.n_intra;

    if (sequences && origin) {
        GN_TRY(gn_parallel(ctx, types->n_blocks, sum_gradient, &r, NULL, err));
        add_blocks(&r, 2 * r.d, r.gradient);
    }
    if (sequences) {
        GN_TRY(gn_parallel(ctx, sequences->n_blocks, leave_out, &r, NULL, err));
        c.inter_se = jackknife_se(r.inter_without, sequences->n);
        c.intra_se = jackknife_se(r.intra_without, sequences->n);
    }
    *out = c;
done:
    gn_free(r.slot);
    gn_free(r.type_of);
    gn_free(r.sum);
    gn_free(r.inverse);
    gn_free(r.square);
    gn_free(r.intra);
    gn_free(r.n_unit);
    gn_free(r.partial);
    gn_free(r.scratch);
    gn_free(r.total);
    gn_free(r.gradient);
    gn_free(r.inter_without);
    gn_free(r.intra_without);
    return st;
}
