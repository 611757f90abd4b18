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
 * Rows as they are and rows minus the mean are the two sides of every pass: a row is read once for
 * both. That makes one pass over types for the values, with error bars one more for the gradient
 * and one over sequences.
 *
 * Every pass is cut into blocks of whole types or whole sequences, each type and sequence is summed
 * by one thread in row order, and blocks are added in order: threads change no bit. */
#include "geometry/cosines.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

static const size_t no_slot = SIZE_MAX;

/* The cosines of rows minus one origin. */
struct side {
    const double *origin; /* (d), or NULL: rows as they are */
    double tiny;          /* rows up to this length are zero vectors */
    double *sum;          /* (slots, d) S_t */
    double *inverse;      /* (n) 1 / |y|, 0 for zero vectors */
    double *square;       /* (V) |a_t|^2 */
    double *intra;        /* (V) intra_t, NaN below two instances */
    double *n_unit;       /* (V) instances that are not zero vectors */
    double *partial;      /* (blocks, 2 d) sums of a block */
    /* totals after the first pass */
    double *total;    /* (d) A */
    double *gradient; /* (2, d) of inter and intra in the mean; unused without origin */
    double sum_square, sum_intra;
    double *inter_without, *intra_without; /* (G) theta_(s) */
};

struct run {
    const gn_view *v;
    size_t d, n_sides;
    struct side side[2]; /* as they are; minus the mean */
    const gn_groups *types, *sequences;
    size_t *type_of; /* (n) */
    size_t *slot;    /* (V) place of S_t; no_slot for a type seen once, whose S_t is its u */
    size_t n_intra;  /* types of two instances or more */
    double *norm;    /* (n) of rows as they are, or NULL */
    size_t scratch_size;
    double *scratch; /* (threads, scratch_size): ROOM rows, then a window's */
};
enum { ROOM = 5 };

/* Rows of a view, loaded 64 at a time while they are walked through in a fixed order. */
struct window {
    const struct run *r;
    const int32_t *row; /* the order */
    size_t end, p0, k;  /* places p0 ... p0 + k - 1 of it are loaded; none from `end` on */
    double *y, *scratch;
};

static double *scratch_of(const struct run *r, unsigned worker) {
    return r->scratch + worker * r->scratch_size;
}

static struct window window_at(const struct run *r, const gn_groups *g, size_t end,
                               unsigned worker) {
    double *y = scratch_of(r, worker) + ROOM * r->d;
    return (struct window){r, g->row, end, 0, 0, y, y + GN_VIEW_ROWS * r->d};
}

/* The row at place p. */
static const double *row_at(struct window *w, size_t p) {
    if (p - w->p0 >= w->k) {
        w->p0 = p;
        w->k = w->end - p < GN_VIEW_ROWS ? w->end - p : GN_VIEW_ROWS;
        gn_view_load(w->r->v, w->row + p, 0, w->k, w->y, w->scratch);
    }
    return w->y + (p - w->p0) * w->r->d;
}

/* The row v minus a side's origin; into `room` where there is one. */
static const double *minus_origin(const struct run *r, const struct side *s, const double *v,
                                  double *room) {
    if (!s->origin) return v;
    memcpy(room, v, r->d * sizeof *room);
    r->v->vec->add(-1, s->origin, r->d, room);
    return room;
}

static double mean_cosine(double sum_square, double n_unit, double n) {
    return (sum_square - n_unit) / (n * (n - 1));
}

/* First pass, a block of types: norms, S_t, |a_t|^2, intra_t, and the block's part of A. */
static gn_status sum_types(void *user, size_t block, unsigned worker, gn_error *err) {
    struct run *r = user;
    const gn_vec *vec = r->v->vec;
    size_t d = r->d;
    double *room = scratch_of(r, worker), *single = room + d;
    const gn_groups *g = r->types;
    struct window w = window_at(r, g, g->start[g->block[block + 1]], worker);
    for (size_t k = 0; k < r->n_sides; k++)
        memset(r->side[k].partial + block * 2 * d, 0, d * sizeof(double));
    for (size_t t = g->block[block]; t < g->block[block + 1]; t++) {
        double *sum[2], n_unit[2] = {0}, n = (double)gn_groups_size(g, t);
        for (size_t k = 0; k < r->n_sides; k++) {
            sum[k] = r->slot[t] == no_slot ? single + k * d : r->side[k].sum + r->slot[t] * d;
            memset(sum[k], 0, d * sizeof *sum[k]);
        }
        for (size_t p = g->start[t]; p < g->start[t + 1]; p++) {
            size_t i = (size_t)g->row[p];
            const double *row = row_at(&w, p);
            for (size_t k = 0; k < r->n_sides; k++) {
                struct side *s = &r->side[k];
                const double *v = minus_origin(r, s, row, room);
                double norm = sqrt(vec->dot_f64(v, v, d));
                if (!isfinite(norm)) return gn_view_unfit(r->v, i, room, err);
                if (r->norm && !s->origin) r->norm[i] = norm;
                s->inverse[i] = norm > s->tiny ? 1 / norm : 0;
                n_unit[k] += norm > s->tiny;
                vec->add(s->inverse[i], v, d, sum[k]);
            }
        }
        for (size_t k = 0; k < r->n_sides; k++) {
            struct side *s = &r->side[k];
            double square = vec->dot_f64(sum[k], sum[k], d);
            s->n_unit[t] = n_unit[k];
            s->square[t] = square / (n * n);
            s->intra[t] = n >= 2 ? mean_cosine(square, n_unit[k], n) : (double)NAN;
            vec->add(1 / n, sum[k], d, s->partial + block * 2 * d);
        }
    }
    return GN_OK;
}

/* The gradient in the mean, a block of types. */
static gn_status sum_gradient(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct run *r = user;
    const struct side *side = &r->side[1];
    const gn_vec *vec = r->v->vec;
    size_t d = r->d, V = r->types->n;
    double *room = scratch_of(r, worker), *h_inter = room + d, *h_intra = h_inter + d;
    const gn_groups *g = r->types;
    struct window w = window_at(r, g, g->start[g->block[block + 1]], worker);
    double *g_inter = side->partial + block * 2 * d, *g_intra = g_inter + d;
    memset(g_inter, 0, 2 * d * sizeof *g_inter);
    for (size_t t = g->block[block]; t < g->block[block + 1]; t++) {
        double n = (double)gn_groups_size(g, t);
        double c_inter = V > 1 ? 2 / (n * (double)V * (double)(V - 1)) : 0;
        double c_intra = n > 1 ? 2 / ((double)r->n_intra * n * (n - 1)) : 0, sum_inverse = 0;
        for (size_t p = g->start[t]; p < g->start[t + 1]; p++) {
            double inverse = side->inverse[g->row[p]];
            if (!(inverse > 0)) continue;
            const double *v = minus_origin(r, side, row_at(&w, p), room);
            if (sum_inverse <= 0) /* the first row that has a direction */
                for (size_t j = 0; j < d; j++) {
                    double s =
                        r->slot[t] == no_slot ? v[j] * inverse : side->sum[r->slot[t] * d + j];
                    h_inter[j] = c_inter * (side->total[j] - s / n);
                    h_intra[j] = c_intra * s;
                }
            sum_inverse += inverse;
            double cube = inverse * inverse * inverse;
            double a = vec->dot_f64(v, h_inter, d) * cube, b = vec->dot_f64(v, h_intra, d) * cube;
            vec->add(a, v, d, g_inter);
            vec->add(b, v, d, g_intra);
        }
        if (sum_inverse > 0) {
            vec->add(-sum_inverse, h_inter, d, g_inter);
            vec->add(-sum_inverse, h_intra, d, g_intra);
        }
    }
    return GN_OK;
}

/* What leaving out the rows of one sequence does to a side's sums over types. */
struct change {
    double *total; /* (d) of A */
    double *part;  /* (d) sum of the unit vectors of one type that leave */
    double unit;   /* how many of these are not zero vectors */
    double square, intra;
    double drift[2]; /* of inter and intra with the mean */
};

/* n_leaving rows of type t leave; c->part is overwritten. */
static void leave(const struct run *r, const struct side *side, size_t t, size_t n_leaving,
                  struct change *c) {
    const gn_vec *vec = r->v->vec;
    size_t d = r->d, size = gn_groups_size(r->types, t);
    double n = (double)size, rest = n - (double)n_leaving;
    const double *s = r->slot[t] == no_slot ? c->part : side->sum + r->slot[t] * d;
    if (size >= 2) c->intra -= side->intra[t];
    if (rest < 1) {
        vec->add(-1 / n, s, d, c->total);
        c->square -= side->square[t];
        return;
    }
    vec->add(1 / rest - 1 / n, s, d, c->total);
    vec->add(-1 / rest, c->part, d, c->total);
    vec->add(-1, s, d, c->part); /* minus what is left of S_t */
    double square = vec->dot_f64(c->part, c->part, d);
    c->square += square / (rest * rest) - side->square[t];
    if (rest >= 2) c->intra += mean_cosine(square, side->n_unit[t] - c->unit, rest);
}

/* The rows p ... end - 1 of the sequence order, all of one type, are added up. */
static void add_part(const struct run *r, struct window *w, size_t p, size_t end, double rest,
                     double *room, struct change c[2]) {
    const gn_vec *vec = r->v->vec;
    size_t d = r->d;
    for (size_t k = 0; k < r->n_sides; k++) {
        memset(c[k].part, 0, d * sizeof(double));
        c[k].unit = 0;
    }
    for (; p < end; p++) {
        size_t i = (size_t)w->row[p];
        const double *row = row_at(w, p);
        for (size_t k = 0; k < r->n_sides; k++) {
            const struct side *side = &r->side[k];
            const double *v = minus_origin(r, side, row, room);
            vec->add(side->inverse[i], v, d, c[k].part);
            c[k].unit += side->inverse[i] > 0;
            if (!side->origin) continue;
            c[k].drift[0] -= vec->dot_f64(v, side->gradient, d) / rest;
            c[k].drift[1] -= vec->dot_f64(v, side->gradient + d, d) / rest;
        }
    }
}

/* Last pass, a block of sequences: theta_(s). */
static gn_status leave_out(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct run *r = user;
    const gn_vec *vec = r->v->vec;
    const gn_groups *q = r->sequences;
    size_t d = r->d;
    double *room = scratch_of(r, worker);
    struct window w = window_at(r, q, q->start[q->block[block + 1]], worker);
    for (size_t s = q->block[block]; s < q->block[block + 1]; s++) {
        struct change c[2] = {{.total = room + d, .part = room + 2 * d},
                              {.total = room + 3 * d, .part = room + 4 * d}};
        double rest = (double)(r->v->n - gn_groups_size(q, s));
        double n = (double)r->types->n, n_intra = (double)r->n_intra; /* types that stay */
        memset(c[0].total, 0, d * sizeof(double));
        memset(c[1].total, 0, d * sizeof(double));
        for (size_t p = q->start[s], end; p < q->start[s + 1]; p = end) {
            size_t t = r->type_of[q->row[p]], size = gn_groups_size(r->types, t);
            for (end = p; end < q->start[s + 1] && r->type_of[q->row[end]] == t;) end++;
            add_part(r, &w, p, end, rest, room, c);
            for (size_t k = 0; k < r->n_sides; k++) leave(r, &r->side[k], t, end - p, &c[k]);
            n -= size == end - p;
            n_intra -= size >= 2 && size - (end - p) < 2;
        }
        for (size_t k = 0; k < r->n_sides; k++) {
            const struct side *side = &r->side[k];
            vec->add(1, side->total, d, c[k].total);
            double square = vec->dot_f64(c[k].total, c[k].total, d);
            double inter = (square - (side->sum_square + c[k].square)) / (n * (n - 1));
            double intra = (side->sum_intra + c[k].intra) / n_intra;
            side->inter_without[s] = n >= 2 ? inter + c[k].drift[0] : (double)NAN;
            side->intra_without[s] = n_intra >= 1 ? intra + c[k].drift[1] : (double)NAN;
        }
    }
    return GN_OK;
}

static double jackknife_se(const double *without, size_t n) {
    if (n < 2) return (double)NAN;
    return gn_sd(without, n, 0) * sqrt((double)(n - 1));
}

/* Adds the blocks' vectors (width doubles at stride 2 d) in block order. */
static void add_blocks(const struct run *r, const struct side *s, size_t width, double *out) {
    memset(out, 0, width * sizeof *out);
    for (size_t b = 0; b < r->types->n_blocks; b++)
        for (size_t j = 0; j < width; j++) out[j] += s->partial[b * 2 * r->d + j];
}

/* A side's totals over types, and its cosines. */
static void add_types(struct run *r, struct side *s, gn_cosines *c) {
    const gn_groups *types = r->types;
    double V = (double)types->n;
    add_blocks(r, s, r->d, s->total);
    s->sum_square = gn_sum(s->square, types->n);
    for (size_t t = 0; t < types->n; t++)
        if (gn_groups_size(types, t) >= 2) s->sum_intra += s->intra[t];
    *c = (gn_cosines){(double)NAN, (double)NAN, (double)NAN, (double)NAN, types->n, r->n_intra};
    double square = r->v->vec->dot_f64(s->total, s->total, r->d);
    if (V >= 2) c->inter = (square - s->sum_square) / (V * (V - 1));
    if (r->n_intra) c->intra = s->sum_intra / (double)r->n_intra;
}

static gn_status allocate_side(const struct run *r, struct side *s, gn_error *err) {
    gn_status st;
    size_t V = r->types->n, G = r->sequences ? r->sequences->n : 0, row = r->d * sizeof(double);
    GN_TRY(gn_alloc_array(&s->sum, r->n_intra, row, "sums of unit vectors per type", err));
    GN_TRY(gn_alloc_array(&s->inverse, r->v->n, sizeof(double), "lengths", err));
    GN_TRY(gn_alloc_array(&s->square, V, sizeof(double), "types", err));
    GN_TRY(gn_alloc_array(&s->intra, V, sizeof(double), "types", err));
    GN_TRY(gn_alloc_array(&s->n_unit, V, sizeof(double), "types", err));
    GN_TRY(gn_alloc_array(&s->partial, r->types->n_blocks, 2 * row, "block sums", err));
    GN_TRY(gn_alloc_array(&s->total, 1, row, "cosines", err));
    GN_TRY(gn_alloc_array(&s->gradient, 2, row, "cosines", err));
    GN_TRY(gn_alloc_array(&s->inter_without, G, sizeof(double), "sequences", err));
    GN_TRY(gn_alloc_array(&s->intra_without, G, sizeof(double), "sequences", err));
done:
    return st;
}

static void free_side(struct side *s) {
    gn_free(s->sum), gn_free(s->inverse), gn_free(s->square), gn_free(s->intra);
    gn_free(s->n_unit), gn_free(s->partial), gn_free(s->total), gn_free(s->gradient);
    gn_free(s->inter_without), gn_free(s->intra_without);
}

static gn_status allocate(struct run *r, unsigned n_threads, gn_error *err) {
    gn_status st;
    size_t n = r->v->n, V = r->types->n, bytes;
    if (!gn_mul(r->d, 4 * sizeof(double), &bytes)) return gn_fail_nomem(err, "cosines", SIZE_MAX);
    GN_TRY(gn_alloc_array(&r->slot, V, sizeof *r->slot, "types", err));
    GN_TRY(gn_alloc_array(&r->type_of, n, sizeof *r->type_of, "types", err));
    for (size_t t = 0; t < V; t++) {
        r->slot[t] = gn_groups_size(r->types, t) >= 2 ? r->n_intra++ : no_slot;
        for (size_t p = r->types->start[t]; p < r->types->start[t + 1]; p++)
            r->type_of[r->types->row[p]] = t;
    }
    r->scratch_size = (ROOM + GN_VIEW_ROWS) * r->d + gn_view_scratch(r->v);
    GN_TRY(
        gn_alloc_array(&r->scratch, n_threads, r->scratch_size * sizeof(double), "cosines", err));
    for (size_t k = 0; k < r->n_sides; k++) GN_TRY(allocate_side(r, &r->side[k], err));
done:
    return st;
}

gn_status gn_cosines_compute(gn_ctx *ctx, const gn_view *v, const double *origin,
                             const gn_groups *types, const gn_groups *sequences, gn_cosines *raw,
                             gn_cosines *centred, double *norm, gn_error *err) {
    struct run r = {.v = v,
                    .d = v->x.cols,
                    .n_sides = origin ? 2 : 1,
                    .types = types,
                    .sequences = sequences,
                    .norm = norm};
    gn_cosines c[2];
    gn_status st;
    r.side[1].origin = origin;
    if (origin) r.side[1].tiny = 1e-12 * sqrt(v->vec->dot_f64(origin, origin, r.d));
    GN_TRY(allocate(&r, gn_ctx_threads(ctx), err));
    GN_TRY(gn_parallel(ctx, types->n_blocks, sum_types, &r, NULL, err));
    for (size_t k = 0; k < r.n_sides; k++) add_types(&r, &r.side[k], &c[k]);
    if (sequences && origin) {
        GN_TRY(gn_parallel(ctx, types->n_blocks, sum_gradient, &r, NULL, err));
        add_blocks(&r, &r.side[1], 2 * r.d, r.side[1].gradient);
    }
    if (sequences) {
        GN_TRY(gn_parallel(ctx, sequences->n_blocks, leave_out, &r, NULL, err));
        for (size_t k = 0; k < r.n_sides; k++) {
            c[k].inter_se = jackknife_se(r.side[k].inter_without, sequences->n);
            c[k].intra_se = jackknife_se(r.side[k].intra_without, sequences->n);
        }
    }
    *raw = c[0];
    if (origin) *centred = c[1];
done:
    gn_free(r.slot);
    gn_free(r.type_of);
    gn_free(r.scratch);
    free_side(&r.side[0]);
    free_side(&r.side[1]);
    return st;
}
