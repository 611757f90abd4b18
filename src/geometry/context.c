/* How alike are tokens of different sentences, and of one (Ethayarajh, EMNLP 2019)? Without
 * sampling pairs: with u a row's unit vector, U_s the sum of a sequence's n_s of them, X_s the sum
 * of its rows, U = sum_s U_s,
 *
 *     baseline = (|U|^2 - sum_s |U_s|^2) / (n^2 - sum_s n_s^2): all pairs of different sequences;
 *     sentence = mean over s of the mean cosine of a row to the sequence's mean vector
 *              = mean over s of U_s . X_s / (n_s |X_s|), n_s >= 2 (one row is its own mean).
 *
 * Written per coordinate, the first line says where the baseline comes from: coordinate j gives
 * U_j^2 - sum_s U_sj^2. A few coordinates that give most of it are the rogue dimensions of Timkey &
 * van Schijndel (2021).
 *
 * Error bars. Leaving out sequence s gives (|U - U_s|^2 - sum + |U_s|^2) / ..., and all it needs is
 * U . U_s, one further pass: the delete-one jackknife, exact. A bootstrap over sequences is valid,
 * too, since no pair inside a sequence enters: with weights w_s, the copies of a sequence are left
 * out against each other, (|sum w_s U_s|^2 - sum w_s^2 |U_s|^2) / (...). Weights are Poisson(1),
 * equal to multinomial resampling to first order, so that each sequence draws its own from a stream
 * of its number and nothing depends on the order of work.
 *
 * Sequences come in waves: their U_s are computed by sequence, then added up by column and by
 * resample, each sum by one thread in order. */
#include "base/mem.h"
#include "base/random.h"
#include "geometry/groups.h"
#include "geometry/view.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum {
    WAVE = 2048,        /* sequences whose sums are kept at a time */
    PART = 32,          /* of them that a block sums */
    COLUMNS = 32,       /* of a block of column sums */
    RESAMPLES = 8,      /* of a block of resamples */
    STREAM = 0x626f6f74 /* "boot" */
};

struct resample { /* sums over sequences with weights w */
    double n, n2, square, sentence, n_sentences;
};

struct run {
    gn_ctx *ctx;
    const gn_view *v;
    size_t d, n_boot;
    gn_groups q;           /* sequences */
    size_t wave, n_wave;   /* the wave that is being added: sequences wave ... wave + n_wave - 1 */
    double *unit;          /* (WAVE, d) U_s */
    unsigned char *weight; /* (WAVE, n_boot) */
    double *inverse;       /* (n) 1 / |y| */
    double *square, *sentence, *along; /* (sequences) |U_s|^2, its similarity or NaN, U . U_s */
    double *sum, *squares;             /* (d) U, sum_s U_sj^2 */
    double *boot;                      /* (n_boot, d) */
    struct resample *resample;         /* (n_boot) */
    size_t scratch_size;
    double *scratch; /* (threads, scratch_size): rows, X_s, and what loads them */
};

static unsigned char poisson(gn_random *r) {
    double u = gn_random_uniform(r), p = exp(-1.0);
    unsigned char k = 0;
    for (; u >= p && k < 20; p /= ++k) u -= p;
    return k;
}

/* U_s, its square, the sentence's similarity, and the weights, for a part of the wave. */
static gn_status sum_sequences(void *user, size_t block, unsigned worker, gn_error *err) {
    struct run *r = user;
    size_t d = r->d, end = (block + 1) * PART < r->n_wave ? (block + 1) * PART : r->n_wave;
    double *y = r->scratch + worker * r->scratch_size, *X = y + GN_VIEW_ROWS * d, *own = X + d;
    for (size_t w = block * PART; w < end; w++) {
        size_t s = r->wave + w, n = gn_groups_size(&r->q, s);
        const int32_t *row = r->q.row + r->q.start[s];
        double *U = r->unit + w * d;
        memset(U, 0, d * sizeof *U);
        memset(X, 0, d * sizeof *X);
        for (size_t i0 = 0, k; i0 < n; i0 += k) {
            k = n - i0 < GN_VIEW_ROWS ? n - i0 : GN_VIEW_ROWS;
            gn_view_load(r->v, row + i0, 0, k, y, own);
            for (size_t i = 0; i < k; i++) {
                const double *v = y + i * d;
                double norm = sqrt(r->v->vec->dot_f64(v, v, d)), inverse = norm > 0 ? 1 / norm : 0;
                if (!isfinite(norm)) return gn_view_unfit(r->v, (size_t)row[i0 + i], X, err);
                r->inverse[row[i0 + i]] = inverse;
                r->v->vec->add(inverse, v, d, U);
                r->v->vec->add(1, v, d, X);
            }
        }
        double length = sqrt(r->v->vec->dot_f64(X, X, d));
        r->square[s] = r->v->vec->dot_f64(U, U, d);
        r->sentence[s] = n < 2        ? (double)NAN
                         : length > 0 ? r->v->vec->dot_f64(U, X, d) / length / (double)n
                                      : 0;
        gn_random random = gn_random_new(gn_ctx_seed(r->ctx) ^ ((uint64_t)STREAM << 32), s);
        for (size_t b = 0; b < r->n_boot; b++) r->weight[w * r->n_boot + b] = poisson(&random);
    }
    return GN_OK;
}

static gn_status add_columns(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct run *r = user;
    size_t j0 = block * COLUMNS, j1 = j0 + COLUMNS < r->d ? j0 + COLUMNS : r->d;
    for (size_t w = 0; w < r->n_wave; w++)
        for (size_t j = j0; j < j1; j++) {
            double u = r->unit[w * r->d + j];
            r->sum[j] += u;
            r->squares[j] += u * u;
        }
    return GN_OK;
}

static gn_status add_resamples(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct run *r = user;
    size_t b0 = block * RESAMPLES, b1 = b0 + RESAMPLES < r->n_boot ? b0 + RESAMPLES : r->n_boot;
    for (size_t w = 0; w < r->n_wave; w++) {
        size_t s = r->wave + w;
        double n = (double)gn_groups_size(&r->q, s);
        const double *U = r->unit + w * r->d;
        for (size_t b = b0; b < b1; b++) {
            double weight = r->weight[w * r->n_boot + b], *to = r->boot + b * r->d;
            if (weight <= 0) continue;
            r->v->vec->add(weight, U, r->d, to);
            struct resample *a = &r->resample[b];
            a->n += weight * n;
            a->n2 += weight * weight * n * n;
            a->square += weight * weight * r->square[s];
            if (n < 2) continue;
            a->sentence += weight * r->sentence[s];
            a->n_sentences += weight;
        }
    }
    return GN_OK;
}

/* Second pass, for the jackknife: U . U_s. */
static gn_status project(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct run *r = user;
    const gn_groups *q = &r->q;
    size_t d = r->d;
    double *y = r->scratch + worker * r->scratch_size, *own = y + (GN_VIEW_ROWS + 1) * d;
    for (size_t s = q->block[block]; s < q->block[block + 1]; s++) {
        r->along[s] = 0;
        for (size_t p = q->start[s], k; p < q->start[s + 1]; p += k) {
            k = q->start[s + 1] - p < GN_VIEW_ROWS ? q->start[s + 1] - p : GN_VIEW_ROWS;
            gn_view_load(r->v, q->row + p, 0, k, y, own);
            for (size_t i = 0; i < k; i++)
                r->along[s] += r->v->vec->dot_f64(y + i * d, r->sum, d) * r->inverse[q->row[p + i]];
        }
    }
    return GN_OK;
}

/* Standard errors and values from what the passes left behind. `term` has room for a number per
 * sequence. */
static void finish(const struct run *r, bool bars, gn_context_cosines *c, double *term) {
    const gn_groups *q = &r->q;
    double n = (double)r->v->n, n2 = 0, total = gn_sum(r->square, q->n),
           U2 = r->v->vec->dot_f64(r->sum, r->sum, r->d);
    for (size_t s = 0; s < q->n; s++) {
        double size = (double)gn_groups_size(q, s);
        n2 += size * size;
        if (!isnan(r->sentence[s])) term[c->n_sentences++] = r->sentence[s];
    }
    if (q->n > 1) c->baseline = (U2 - total) / (n * n - n2);
    if (c->n_sentences) c->sentence = gn_mean(term, c->n_sentences);
    if (bars) c->sentence_se = gn_sem(term, c->n_sentences);
    if (!bars || q->n < 3) return; /* one sequence alone has no pairs */
    for (size_t s = 0; s < q->n; s++) {
        double size = (double)gn_groups_size(q, s), rest = n - size;
        term[s] =
            (U2 - 2 * r->along[s] + 2 * r->square[s] - total) / (rest * rest - (n2 - size * size));
    }
    c->baseline_se = gn_sd(term, q->n, 0) * sqrt((double)(q->n - 1));
}

static void finish_bootstrap(const struct run *r, gn_context_cosines *c, double *term) {
    double *sentence = term + r->n_boot;
    size_t n = 0, n_sentences = 0;
    for (size_t b = 0; b < r->n_boot; b++) {
        const struct resample *a = &r->resample[b];
        const double *sum = r->boot + b * r->d;
        double pairs = a->n * a->n - a->n2;
        if (pairs > 0) term[n++] = (r->v->vec->dot_f64(sum, sum, r->d) - a->square) / pairs;
        if (a->n_sentences > 0) sentence[n_sentences++] = a->sentence / a->n_sentences;
    }
    c->baseline_bootstrap_se = gn_sd(term, n, 1);
    c->sentence_bootstrap_se = gn_sd(sentence, n_sentences, 1);
}

static gn_status allocate(struct run *r, const gn_isotropy_opts *o, gn_error *err) {
    gn_status st;
    size_t n = r->v->n, d = r->d, wave, bytes, row = d * sizeof(double);
    int32_t *sequence = NULL;
    GN_TRY(gn_view_keys(r->v, o ? o->sequence : NULL, &sequence, err));
    GN_TRY(gn_groups_new(sequence, n, NULL, &r->q, err));
    wave = r->q.n < WAVE ? r->q.n : WAVE;
    r->scratch_size = (GN_VIEW_ROWS + 1) * d + gn_view_scratch(r->v);
    if (!gn_mul(r->scratch_size, sizeof(double), &bytes)) bytes = SIZE_MAX;
    GN_TRY(gn_alloc_array(&r->scratch, gn_ctx_threads(r->ctx), bytes, "cosines", err));
    GN_TRY(gn_alloc_array(&r->unit, wave, row, "sums of sequences", err));
    GN_TRY(gn_alloc_array(&r->weight, wave, r->n_boot, "resamples", err));
    GN_TRY(gn_alloc_array(&r->inverse, n, sizeof(double), "lengths", err));
    GN_TRY(gn_alloc_array(&r->square, r->q.n, sizeof(double), "sequences", err));
    GN_TRY(gn_alloc_array(&r->sentence, r->q.n, sizeof(double), "sequences", err));
    GN_TRY(gn_alloc_array(&r->along, r->q.n, sizeof(double), "sequences", err));
    GN_TRY(gn_alloc_array(&r->sum, 2, row, "cosines", err));
    GN_TRY(gn_alloc_array(&r->boot, r->n_boot, row, "resamples", err));
    GN_TRY(gn_alloc_array(&r->resample, r->n_boot, sizeof *r->resample, "resamples", err));
    r->squares = r->sum + d;
    memset(r->sum, 0, 2 * row);
    memset(r->boot, 0, r->n_boot * row);
    memset(r->resample, 0, r->n_boot * sizeof *r->resample);
done:
    gn_free(sequence);
    return st;
}

static size_t blocks(size_t n, size_t each) {
    return (n + each - 1) / each;
}

gn_status gn_context_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                             size_t n_bootstrap, gn_context_cosines *out, double *share,
                             gn_error *err) {
    const double none = (double)NAN;
    gn_view v;
    struct run r = {.ctx = ctx, .v = &v, .d = x.cols, .n_boot = n_bootstrap};
    gn_context_cosines c = {none, none, none, none, none, none, 0, 0, 0};
    bool bars = !(opts && opts->skip & GN_SKIP_BARS);
    double *term = NULL;
    gn_status st;
    GN_TRY(gn_view_new(ctx, x, opts, &v, err));
    v.turned = !share; /* whose coordinates are not to be mixed */
    GN_TRY(allocate(&r, opts, err));
    GN_TRY(gn_alloc_array(&term, r.q.n + 2 * n_bootstrap, sizeof *term, "sequences", err));
    for (; r.wave < r.q.n; r.wave += WAVE) {
        r.n_wave = r.q.n - r.wave < WAVE ? r.q.n - r.wave : WAVE;
        GN_TRY(gn_parallel(ctx, blocks(r.n_wave, PART), sum_sequences, &r, NULL, err));
        GN_TRY(gn_parallel(ctx, blocks(r.d, COLUMNS), add_columns, &r, NULL, err));
        GN_TRY(gn_parallel(ctx, blocks(n_bootstrap, RESAMPLES), add_resamples, &r, NULL, err));
    }
    if (bars) GN_TRY(gn_parallel(ctx, r.q.n_blocks, project, &r, NULL, err));
    c.n_rows = v.n;
    c.n_sequences = r.q.n;
    finish(&r, bars, &c, term);
    if (n_bootstrap) finish_bootstrap(&r, &c, term);
    *out = c;
    double whole = v.vec->dot_f64(r.sum, r.sum, r.d) - gn_sum(r.square, r.q.n);
    for (size_t j = 0; share && j < r.d; j++)
        share[j] = (r.sum[j] * r.sum[j] - r.squares[j]) / whole;
done:
    gn_groups_free(&r.q);
    gn_free(r.scratch), gn_free(r.unit), gn_free(r.weight), gn_free(r.inverse);
    gn_free(r.square), gn_free(r.sentence), gn_free(r.along), gn_free(r.sum);
    gn_free(r.boot), gn_free(r.resample), gn_free(term);
    return st;
}
