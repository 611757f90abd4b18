/* Making a layer ready: one pass that checks every value and leaves, for each row, the few numbers
 * that turn a product with the row as it lies into a distance in a space, P(x) = (I - V'V)(x -
 * mean), V the directions. How they do that is at the head of scan.c. */
#include "neighbors/scan.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

/** What is left of a row below this share of what was taken off is rounding. */
#define NO_DIRECTION 0x1p-40

/* (x - mean) less its components along the directions, in place of x where out == x. */
static void place(const gn_scan *s, const double *x, double *out) {
    size_t d = s->rows.x.cols;
    for (size_t c = 0; c < d; c++) out[c] = s->mean ? x[c] - s->mean[c] : x[c];
    for (size_t v = 0; v < s->n_directions; v++) {
        const double *direction = s->direction + v * d;
        s->vec->add(-s->vec->dot_f64(direction, out, d), direction, d, out);
    }
}

void gn_scan_place(const gn_scan *scan, const double *x, double *out) {
    place(scan, x, out);
}

void gn_scan_place_row(const gn_scan *scan, size_t row, double *out) {
    place(scan, gn_wide_row(scan->vec, scan->rows.x, row, out), out);
}

struct readying {
    gn_scan *s;
    double *rows;    /* (threads, 2 d) */
    double *longest; /* (blocks) */
    size_t *undirected;
    double mean_length;
};

static gn_status ready_row(struct readying *w, size_t i, double *buf, double *longest,
                           size_t *undirected, gn_error *err) {
    gn_scan *s = w->s;
    size_t d = s->rows.x.cols;
    const double *x = gn_wide_row(s->vec, s->rows.x, i, buf);
    double whole = gn_row_length(s->vec, x, d), left = whole;
    if (!isfinite(whole)) return gn_row_unfit(s->rows.x, i, buf, err);
    *longest = whole > *longest ? whole : *longest;
    if (!gn_scan_raw(s)) {
        place(s, x, buf + d);
        left = gn_row_length(s->vec, buf + d, d);
        if (!isfinite(left)) return gn_row_unfit(s->rows.x, i, buf, err);
    }
    if (s->length) s->length[i] = whole;
    if (s->placed) s->placed[i] = left;
    if (s->rows.factor) {
        bool none = left <= NO_DIRECTION * (gn_scan_raw(s) ? 0 : whole + w->mean_length);
        s->rows.factor[i] = none || !isfinite(1 / left) ? 0 : 1 / left;
        *undirected += s->rows.factor[i] == 0;
    }
    if (s->approximate) {
        double *a = buf + d;
        gn_codes_offset(s->codes, i, a);
        for (size_t c = 0; c < d; c++) a[c] += s->codes->centre[c];
        place(s, a, a);
        s->approximate[i] = gn_row_length(s->vec, a, d);
    }
    return GN_OK;
}

static gn_status ready_block(void *user, size_t block, unsigned worker, gn_error *err) {
    struct readying *w = user;
    gn_status st = GN_OK;
    size_t n = w->s->rows.x.rows, end = (block + 1) * GN_SCAN_BLOCK;
    double longest = 0;
    size_t undirected = 0;
    for (size_t i = block * GN_SCAN_BLOCK; i < end && i < n && st == GN_OK; i++)
        st = ready_row(w, i, w->rows + worker * 2 * w->s->rows.x.cols, &longest, &undirected, err);
    w->longest[block] = longest;
    w->undirected[block] = undirected;
    return st;
}

static gn_status check_space(gn_mat x, const gn_scan_opts *o, gn_error *err) {
    if (o->n_directions > 0 && (!o->direction || o->n_directions >= x.cols))
        return gn_fail(err, GN_EINVAL,
                       "%zu directions to take off in %zu dimensions: fewer than %zu are possible",
                       o->n_directions, x.cols, x.cols);
    for (size_t c = 0; o->mean && c < x.cols; c++)
        if (!isfinite(o->mean[c]))
            return gn_fail(err, GN_EINVAL, "column %zu of the mean is not finite", c);
    if (o->codes && (o->codes->n != x.rows || o->codes->d != x.cols))
        return gn_fail(err, GN_EINVAL,
                       "an int8 copy of (%zu, %zu) does not belong to a layer of (%zu, %zu)",
                       o->codes->n, o->codes->d, x.rows, x.cols);
    return GN_OK;
}

static gn_status copy_of(const double *from, size_t n, double **out, gn_error *err) {
    gn_status st = gn_alloc_array(out, n, sizeof(double), "a space", err);
    if (st == GN_OK) memcpy(*out, from, n * sizeof(double));
    return st;
}

/* The arrays that this scan needs. */
static gn_status take_arrays(gn_scan *s, const gn_scan_opts *o, gn_error *err) {
    gn_status st = GN_OK;
    size_t n = s->rows.x.rows, d = s->rows.x.cols;
    if (o->mean) GN_TRY(copy_of(o->mean, d, &s->mean, err));
    s->n_directions = o->n_directions;
    if (o->n_directions) GN_TRY(copy_of(o->direction, o->n_directions * d, &s->direction, err));
    if (o->metric == GN_COSINE)
        GN_TRY(gn_alloc_array(&s->rows.factor, n, sizeof(double), "lengths of rows", err));
    if (s->codes)
        GN_TRY(gn_alloc_array(&s->approximate, n, sizeof(double), "lengths of rows", err));
    else if (!gn_scan_raw(s)) {
        GN_TRY(gn_alloc_array(&s->length, n, sizeof(double), "lengths of rows", err));
        GN_TRY(gn_alloc_array(&s->placed, n, sizeof(double), "lengths of rows", err));
    }
done:
    return st;
}

/* The bounds take I - V'V for a projection: how far from one may it be? */
static gn_status check_directions(gn_scan *s, gn_error *err) {
    size_t d = s->rows.x.cols, m = s->n_directions;
    double worst = 0;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j <= i; j++) {
            double dot = s->vec->dot_f64(s->direction + i * d, s->direction + j * d, d);
            double off = fabs(dot - (i == j ? 1 : 0));
            if (!(off <= 1e-9))
                return gn_fail(err, GN_EINVAL,
                               "directions %zu and %zu have the product %g: unit vectors at right "
                               "angles are needed",
                               j, i, dot);
            worst = fmax(worst, off);
        }
    s->slack = (double)(m + 4) * (0x1p-50 * ((double)d / 16 + 8) + 4 * worst);
    return GN_OK;
}

/* Length of the mean, or of the codes' centre as the mean sees it. */
static double offset_length(const gn_scan *s, double *buf) {
    for (size_t c = 0; c < s->rows.x.cols; c++)
        buf[c] = (s->codes ? s->codes->centre[c] : 0) - (s->mean ? s->mean[c] : 0);
    return gn_row_length(s->vec, buf, s->rows.x.cols);
}

gn_status gn_scan_new(gn_ctx *ctx, gn_mat x, const gn_scan_opts *opts, gn_scan **out,
                      gn_error *err) {
    gn_status st = GN_OK;
    gn_scan *s = NULL;
    struct readying w = {0};
    size_t n = x.rows, d = x.cols, blocks = (n + GN_SCAN_BLOCK - 1) / GN_SCAN_BLOCK;
    double longest = 0;
    GN_TRY(gn_scan_check(x, err));
    GN_TRY(check_space(x, opts, err));
    s = gn_calloc(1, sizeof *s);
    if (!s) GN_TRY(gn_fail_nomem(err, "a scan", sizeof *s));
    s->rows = (gn_rows){.x = x, .n = n, .metric = opts->metric, .scale = 1};
    s->rows.kernels = gn_knn_kernels_for(gn_ctx_cpu(ctx));
    s->codes = opts->codes;
    s->vec = gn_vec_for(gn_ctx_cpu(ctx));
    GN_TRY(take_arrays(s, opts, err));
    GN_TRY(check_directions(s, err));
    w.s = s;
    if (s->mean) w.mean_length = gn_row_length(s->vec, s->mean, d);
    GN_TRY(gn_alloc_array(&w.rows, gn_ctx_threads(ctx) * 2 * sizeof(double), d,
                          "rows for each thread", err));
    GN_TRY(gn_alloc_array(&w.longest, blocks, sizeof(double), "blocks", err));
    GN_TRY(gn_alloc_array(&w.undirected, blocks, sizeof(size_t), "blocks", err));
    gn_progress p = {"neighbour search", "rows", (double)n, 0, (double)n / (double)blocks};
    GN_TRY(gn_parallel(ctx, blocks, ready_block, &w, &p, err));
    for (size_t b = 0; b < blocks; b++) {
        longest = fmax(longest, w.longest[b]);
        s->n_undirected += w.undirected[b];
    }
    if (opts->metric == GN_EUCLIDEAN && longest > 0) {
        int e;
        (void)frexp(longest, &e);
        s->rows.scale = ldexp(1, e < -1000 ? 1000 : -e);
    }
    s->offset = offset_length(s, w.rows);
    *out = s;
    s = NULL;
done:
    gn_free(w.rows);
    gn_free(w.longest);
    gn_free(w.undirected);
    gn_scan_free(s);
    return st;
}

void gn_scan_free(gn_scan *scan) {
    if (!scan) return;
    gn_free(scan->mean);
    gn_free(scan->direction);
    gn_free(scan->rows.factor);
    gn_free(scan->length);
    gn_free(scan->placed);
    gn_free(scan->approximate);
    gn_free(scan);
}

size_t gn_scan_bytes(const gn_scan *scan) {
    const double *arrays[] = {scan->rows.factor, scan->length, scan->placed, scan->approximate};
    size_t n = (scan->n_directions + 1) * scan->rows.x.cols;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (arrays[i]) n += scan->rows.n;
    return n * sizeof(double);
}

size_t gn_scan_undirected(const gn_scan *scan) {
    return scan->n_undirected;
}
bool gn_scan_has_direction(const gn_scan *scan, size_t row) {
    return gn_rows_factor(&scan->rows, row) > 0;
}
