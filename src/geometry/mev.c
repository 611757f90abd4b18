/* Maximum explainable variance (Ethayarajh 2019): how much of a type's occurrences one direction
 * explains, sigma_1^2 / sum sigma^2 of the matrix of its rows. The paper's text leaves the rows
 * uncentred, the released code fits a PCA to each type, which centres them: both are given.
 *
 * Few rows always explain each other well (two centred rows: all of it), so the measure is read
 * against as many random rows as each type has. Only the smaller of the two Gram matrices is made,
 * once: centring changes it by closed forms (below). Its largest eigenvalue comes from power
 * iteration, stopped when the Rayleigh quotient moves by less than 1e-13 of itself; what it may
 * still be short by is far below the error over types. */
#include "base/mem.h"
#include "base/random.h"
#include "geometry/groups.h"
#include "geometry/view.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { STEPS = 1000, STREAM = 0x6d6576 /* "mev" */ };

struct run {
    gn_ctx *ctx;
    const gn_view *v;
    const gn_groups *types;
    size_t *type; /* (n) those that have enough rows */
    size_t n, d, most;
    double *share; /* (n, 4): value, centred, of random rows the same two */
    size_t scratch_size;
    double *scratch;
    int32_t *pick; /* (threads, most) */
};

/* m different numbers below n (Floyd's method); m is at most some thousand. */
static void pick_some(gn_random *r, size_t n, size_t m, int32_t *out) {
    for (size_t j = n - m, k = 0; j < n; j++, k++) {
        int32_t t = (int32_t)gn_random_below(r, j + 1);
        for (size_t i = 0; i < k; i++)
            if (out[i] == t) {
                t = (int32_t)j;
                break;
            }
        out[k] = t;
    }
}

/* Largest eigenvalue of a (m, m), not negative, over its trace; x and y have room for m. */
static double top_share(const double *a, size_t m, double *x, double *y) {
    double trace = 0, last = 0;
    for (size_t i = 0; i < m; i++) trace += a[i * m + i];
    if (!(trace > 0)) return (double)NAN;
    for (size_t i = 0; i < m; i++) x[i] = sqrt(a[i * m + i] / trace) + 1e-3;
    for (size_t step = 0; step < STEPS; step++) {
        double xx = 0, xy = 0, yy = 0;
        for (size_t i = 0; i < m; i++) {
            double s = 0;
            for (size_t j = 0; j < m; j++) s += a[i * m + j] * x[j];
            y[i] = s;
            xx += x[i] * x[i];
            xy += x[i] * s;
            yy += s * s;
        }
        double value = xy / xx;
        if (!(yy > 0)) break;
        for (size_t i = 0; i < m; i++) x[i] = y[i] / sqrt(yy);
        bool done = fabs(value - last) <= 1e-13 * value;
        last = value;
        if (done) break;
    }
    return last / trace;
}

/* Shares of the rows y (n, d): as they are, and minus their mean. With B the smaller side's matrix
 * (rows of it m long, c of them... n <= d: B = Y; else B = Y^T), G = B B^T. */
static gn_status shares(const struct run *r, double *y, size_t n, double *scratch, double *share,
                        gn_error *err) {
    size_t d = r->d, m = n <= d ? n : d, c = n <= d ? d : n;
    double *b = n <= d ? y : scratch, *g = n <= d ? scratch : scratch + n * d;
    double *x = g + m * m, *z = x + m, *own = z + m;
    gn_linear_map *map = NULL;
    gn_status st;
    for (size_t i = 0; n > d && i < n; i++)
        for (size_t j = 0; j < d; j++) b[j * n + i] = y[i * d + j];
    GN_TRY(gn_linear_map_new(gn_ctx_cpu(r->ctx), b, m, c, &map, err));
    gn_linear_map_run(map, b, m, g, own);
    share[0] = top_share(g, m, x, z);
    for (size_t i = 0; i < m; i++) {
        x[i] = 0;
        if (n <= d) /* double centring: minus the means of rows and columns, plus that of all */
            for (size_t j = 0; j < m; j++) x[i] += g[i * m + j] / (double)m;
        else /* Y^T Y - n mean mean^T */
            for (size_t k = 0; k < n; k++) x[i] += b[i * n + k] / (double)n;
    }
    double all = gn_mean(x, m);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++)
            g[i * m + j] += n <= d ? all - x[i] - x[j] : -(double)n * x[i] * x[j];
    share[1] = top_share(g, m, x, z);
done:
    gn_linear_map_free(map);
    return st;
}

static gn_status measure(void *user, size_t block, unsigned worker, gn_error *err) {
    struct run *r = user;
    size_t t = r->type[block], size = gn_groups_size(r->types, t);
    size_t n = size < r->most ? size : r->most, d = r->d;
    const int32_t *row = r->types->row + r->types->start[t];
    int32_t *pick = r->pick + worker * r->most;
    double *y = r->scratch + worker * r->scratch_size, *own = y + r->most * d;
    gn_random random = gn_random_new(gn_ctx_seed(r->ctx) ^ ((uint64_t)STREAM << 32), t);
    gn_status st;
    for (int random_rows = 0; random_rows < 2; random_rows++) {
        if (random_rows) {
            pick_some(&random, r->v->n, n, pick);
        } else if (n < size) {
            gn_random_subset(&random, size, n, pick);
            for (size_t i = 0; i < n; i++) pick[i] = row[pick[i]];
        } else {
            memcpy(pick, row, n * sizeof *pick);
        }
        for (size_t i = 0, k; i < n; i += k) {
            k = n - i < GN_VIEW_ROWS ? n - i : GN_VIEW_ROWS;
            gn_view_load(r->v, pick + i, 0, k, y + i * d, own);
        }
        GN_TRY(shares(r, y, n, own, r->share + block * 4 + 2 * random_rows, err));
    }
done:
    return st;
}

/* Mean and standard error over types of column a, or of columns a - b. */
static double column(const struct run *r, int a, int b, double *term, double *se) {
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        double value = r->share[i * 4 + (size_t)a] - (b < 0 ? 0 : r->share[i * 4 + (size_t)b]);
        if (!isnan(value)) term[n++] = value;
    }
    if (se) *se = gn_sem(term, n);
    return gn_mean(term, n);
}

static gn_status allocate(struct run *r, gn_error *err) {
    gn_status st;
    size_t d = r->d, m = r->most < d ? r->most : d, own, threads = gn_ctx_threads(r->ctx), bytes;
    own = r->most * d + m * m + 2 * m + gn_linear_map_scratch_of(r->most > d ? r->most : d);
    if (own < gn_view_scratch(r->v)) own = gn_view_scratch(r->v);
    r->scratch_size = r->most * d + own;
    if (!gn_mul(r->scratch_size, sizeof(double), &bytes)) bytes = SIZE_MAX;
    GN_TRY(gn_alloc_array(&r->scratch, threads, bytes, "occurrences", err));
    GN_TRY(gn_alloc_array(&r->pick, threads, r->most * sizeof *r->pick, "occurrences", err));
    GN_TRY(gn_alloc_array(&r->share, r->n, 4 * sizeof(double), "occurrences", err));
done:
    return st;
}

gn_status gn_mev_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                         const gn_mev_opts *mev, gn_mev *out, gn_error *err) {
    size_t least = mev && mev->min_rows ? mev->min_rows : 5, *type = NULL;
    size_t most = mev && mev->max_rows ? mev->max_rows : 1000;
    gn_view v;
    gn_groups types = {0};
    struct run r = {.ctx = ctx, .v = &v, .types = &types, .d = x.cols};
    gn_mev e = {0};
    int32_t *keys = NULL;
    double *term = NULL;
    gn_status st;
    GN_TRY(gn_view_new(ctx, x, opts, &v, err));
    GN_TRY(gn_view_keys(&v, opts ? opts->type : NULL, &keys, err));
    GN_TRY(gn_groups_new(keys, v.n, NULL, &types, err));
    GN_TRY(gn_alloc_array(&type, types.n, sizeof *type, "types", err));
    for (size_t t = 0; t < types.n; t++) {
        size_t size = gn_groups_size(&types, t);
        if (size < least) continue;
        type[r.n++] = t;
        if (size > r.most) r.most = size;
        e.n_sampled += size > most;
    }
    if (r.most > most) r.most = most;
    r.type = type;
    e.n_types = r.n;
    GN_TRY(allocate(&r, err));
    GN_TRY(gn_alloc_array(&term, r.n, sizeof *term, "types", err));
    GN_TRY(gn_parallel(ctx, r.n, measure, &r, NULL, err));
    e.value = column(&r, 0, -1, term, &e.value_se);
    e.centred = column(&r, 1, -1, term, &e.centred_se);
    e.value_random = column(&r, 2, -1, term, NULL);
    e.centred_random = column(&r, 3, -1, term, NULL);
    column(&r, 0, 2, term, &e.adjusted_se);
    column(&r, 1, 3, term, &e.centred_adjusted_se);
    *out = e;
done:
    gn_groups_free(&types);
    gn_free(keys), gn_free(type), gn_free(term);
    gn_free(r.scratch), gn_free(r.pick), gn_free(r.share);
    return st;
}
