/* Advanced density peaks (d'Errico, Facco, Laio, Rodriguez, Information Sciences 560:476, 2021):
 * clusters without a number of clusters, a radius or a shape to choose.
 *
 * Let g = ln rho - err, the density that a point has at least. "Denser" below means a larger g.
 *
 *   peaks       A point denser than all its k* neighbours, unless it lies within the k*-th
 *               neighbour of a denser point.
 *   assignment  From dense to thin, each point joins the cluster of its nearest neighbour that has
 *               one. Every point that never was a peak has a denser neighbour, so it finds one; a
 *               peak that was struck out may not, and follows the densest of the points that struck
 *               out peaks near it.
 *   saddles     Point p of cluster c is a border to c' if its nearest foreign neighbour within k*,
 *               q, is of c', and no other member of c is nearer to q. The densest border is the
 *               saddle of c and c'.
 *   merging     A peak whose ln rho exceeds that of the saddle by less than Z (err + err of the
 *               saddle) may be noise. Such pairs merge, the one with the highest saddle first; the
 *               peak that stands out less (in those errors) is given up; its saddles are inherited,
 *               the higher one where both clusters touched a third. Then all is looked at again:
 * the surviving peak need not be the denser one. halo        Points below the highest saddle of
 * their cluster may belong to either side.
 *
 * Saddles are a list, not a matrix: layers of hidden states have thousands of peaks before merging.
 * Equal densities are ordered by row, so that a plateau has one peak; DADApy leaves that to its
 * sort. Its python version is what this was compared with; its compiled one may print impossible
 * labels in the version of the golden data. */
#include "gonio/density.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "geometry/distances.h"
#include "math/stats.h"

#include <math.h>
#include <stdlib.h>

struct saddle {
    int32_t a, b, row; /* clusters a < b; row -1: merged away */
};

struct adp {
    const gn_knn *knn;
    const int32_t *kstar;
    const double *rho, *se;
    int32_t *order;  /* (n) rows, densest first */
    int32_t *place;  /* (n) its inverse: smaller means denser */
    int32_t *strike; /* (n) for a peak that was struck out, the densest row that did it; else -1 */
    bool *is_top;    /* (n) denser than all its k* neighbours */
    int32_t *peak;   /* (n) the first n_peaks: rows of the peaks, ascending */
    int32_t *label;  /* (n) cluster, or -1 */
    struct saddle *saddle; /* (n) the first n_saddles */
    int32_t *parent;       /* (n_peaks) the cluster it was merged into; itself while it lives */
    int32_t *common;       /* (n_peaks) scratch of a merge */
    size_t n_peaks, n_saddles;
};

static int32_t neighbor(const struct adp *s, size_t i, size_t j) {
    return s->knn->index[i * s->knn->k + j];
}

static void find_peaks(struct adp *s) {
    size_t n = s->knn->n;
    for (size_t i = 0; i < n; i++) {
        s->is_top[i] = true;
        s->strike[i] = -1;
        for (size_t j = 0; s->is_top[i] && j < (size_t)s->kstar[i]; j++)
            s->is_top[i] = s->place[i] < s->place[neighbor(s, i, j)];
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < (size_t)s->kstar[i]; j++) {
            int32_t top = neighbor(s, i, j), *by = &s->strike[top];
            if (s->is_top[top] && s->place[i] < s->place[top] &&
                (*by < 0 || s->place[i] < s->place[*by]))
                *by = (int32_t)i;
        }
    for (size_t i = 0; i < n; i++) {
        bool peak = s->is_top[i] && s->strike[i] < 0;
        s->label[i] = peak ? (int32_t)s->n_peaks : -1;
        if (peak) s->peak[s->n_peaks++] = (int32_t)i;
    }
}

static void assign(struct adp *s) {
    size_t n = s->knn->n, k = s->knn->k;
    for (size_t r = 0; r < n; r++) {
        size_t i = (size_t)s->order[r];
        for (size_t j = 0; s->label[i] < 0 && j < k; j++) s->label[i] = s->label[neighbor(s, i, j)];
        if (s->label[i] >= 0) continue;
        int32_t by = s->strike[i];
        for (size_t j = 0; j < k; j++) {
            int32_t other = s->strike[neighbor(s, i, j)];
            if (other >= 0 && s->place[other] < s->place[by]) by = other;
        }
        s->label[i] = s->label[by];
    }
}

/* The neighbour across the border whose nearest member of i's cluster is i, or -1. */
static int32_t across(const struct adp *s, size_t i) {
    int32_t own = s->label[i], q = -1;
    for (size_t j = 0; q < 0 && j < (size_t)s->kstar[i]; j++)
        if (s->label[neighbor(s, i, j)] != own) q = neighbor(s, i, j);
    for (size_t j = 0; q >= 0 && j < s->knn->k; j++) {
        int32_t other = neighbor(s, (size_t)q, j);
        if ((size_t)other == i) break;
        if (s->label[other] == own) q = -1;
    }
    return q;
}

static int by_pair(const void *x, const void *y) {
    const struct saddle *p = x, *q = y;
    if (p->a != q->a) return p->a < q->a ? -1 : 1;
    if (p->b != q->b) return p->b < q->b ? -1 : 1;
    return (p->row > q->row) - (p->row < q->row);
}

static void find_saddles(struct adp *s) {
    size_t n = s->knn->n, m = 0;
    for (size_t i = 0; i < n; i++) {
        int32_t own = s->label[i];
        int32_t q = s->peak[own] == (int32_t)i ? -1 : across(s, i);
        if (q < 0) continue;
        int32_t other = s->label[q];
        s->saddle[s->n_saddles++] =
            (struct saddle){own < other ? own : other, own < other ? other : own, (int32_t)i};
    }
    qsort(s->saddle, s->n_saddles, sizeof *s->saddle, by_pair);
    for (size_t i = 0; i < s->n_saddles; i++) {
        struct saddle *last = m ? &s->saddle[m - 1] : NULL, *x = &s->saddle[i];
        if (!last || last->a != x->a || last->b != x->b)
            s->saddle[m++] = *x;
        else if (s->place[x->row] < s->place[last->row])
            last->row = x->row;
    }
    s->n_saddles = m;
}

/* How far peak c rises above the saddle, in the standard errors of both. */
static double rise(const struct adp *s, int32_t c, const struct saddle *x) {
    int32_t p = s->peak[c];
    return (s->rho[p] - s->rho[x->row]) / (s->se[p] + s->se[x->row]);
}

/* The highest saddle of a pair in which a peak may be noise; NULL when there is none. */
static struct saddle *doubtful(const struct adp *s, double z) {
    struct saddle *best = NULL;
    for (size_t i = 0; i < s->n_saddles; i++) {
        struct saddle *x = &s->saddle[i];
        if (rise(s, x->a, x) >= z && rise(s, x->b, x) >= z) continue;
        if (!best || s->rho[x->row] > s->rho[best->row] ||
            (s->rho[x->row] == s->rho[best->row] && by_pair(x, best) < 0))
            best = x;
    }
    return best;
}

static int32_t partner(const struct saddle *x, int32_t c) {
    return x->a == c ? x->b : x->b == c ? x->a : -1;
}

static void merge(struct adp *s, struct saddle *at) {
    int32_t win = at->a, lose = at->b;
    if (rise(s, win, at) < rise(s, lose, at)) {
        win = at->b;
        lose = at->a;
    }
    s->parent[lose] = win;
    at->row = -1;
    for (size_t c = 0; c < s->n_peaks; c++) s->common[c] = -1;
    for (size_t i = 0; i < s->n_saddles; i++) {
        int32_t third = partner(&s->saddle[i], win);
        if (third >= 0) s->common[third] = (int32_t)i;
    }
    for (size_t i = 0; i < s->n_saddles; i++) {
        struct saddle *x = &s->saddle[i];
        int32_t third = partner(x, lose);
        if (third < 0 || x->row < 0) continue;
        if (s->common[third] >= 0) {
            struct saddle *kept = &s->saddle[s->common[third]];
            if (s->rho[kept->row] < s->rho[x->row]) kept->row = x->row;
            x->row = -1;
        } else {
            x->a = third < win ? third : win;
            x->b = third < win ? win : third;
        }
    }
    size_t m = 0;
    for (size_t i = 0; i < s->n_saddles; i++)
        if (s->saddle[i].row >= 0) s->saddle[m++] = s->saddle[i];
    s->n_saddles = m;
}

/* Renumbers the clusters that are left, in the order of their peaks; returns how many. */
static size_t settle(struct adp *s) {
    size_t n_clusters = 0;
    for (size_t c = 0; c < s->n_peaks; c++) {
        size_t root = c;
        while (s->parent[root] != (int32_t)root) root = (size_t)s->parent[root];
        s->common[c] = (int32_t)root;
    }
    for (size_t i = 0; i < s->knn->n; i++) s->label[i] = s->common[s->label[i]];
    for (size_t c = 0; c < s->n_peaks; c++)
        if (s->parent[c] == (int32_t)c) {
            s->peak[n_clusters] = s->peak[c];
            s->common[c] = (int32_t)n_clusters++;
        }
    for (size_t i = 0; i < s->knn->n; i++) s->label[i] = s->common[s->label[i]];
    for (size_t i = 0; i < s->n_saddles; i++) {
        s->saddle[i].a = s->common[s->saddle[i].a];
        s->saddle[i].b = s->common[s->saddle[i].b];
    }
    return n_clusters;
}

/* Points below the highest saddle of their cluster; labelled -1 if asked for. */
static size_t find_halo(struct adp *s, size_t n_clusters, bool mark) {
    size_t n_halo = 0;
    int32_t *top = s->common; /* the row of the highest saddle */
    for (size_t c = 0; c < n_clusters; c++) top[c] = -1;
    for (size_t i = 0; i < s->n_saddles; i++) {
        const struct saddle *x = &s->saddle[i];
        if (top[x->a] < 0 || s->rho[top[x->a]] < s->rho[x->row]) top[x->a] = x->row;
        if (top[x->b] < 0 || s->rho[top[x->b]] < s->rho[x->row]) top[x->b] = x->row;
    }
    for (size_t i = 0; i < s->knn->n; i++) {
        int32_t saddle = top[s->label[i]];
        if (saddle < 0 || !(s->rho[i] < s->rho[saddle])) continue;
        n_halo++;
        if (mark) s->label[i] = -1;
    }
    return n_halo;
}

static gn_status check(const struct adp *s, double z, gn_error *err) {
    size_t n = s->knn->n;
    if (!(z > 0 && isfinite(z)) || n < 2 || n > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "ADP: z = %g for %zu points, expected z > 0 and 2 points", z,
                       n);
    for (size_t i = 0; i < n; i++) {
        if (s->kstar[i] < 1 || (size_t)s->kstar[i] > s->knn->k)
            return gn_fail(err, GN_EINVAL, "ADP: k* of row %zu is %d, expected 1 to %zu", i,
                           (int)s->kstar[i], s->knn->k);
        if (!isfinite(s->rho[i]) || !isfinite(s->se[i]) || !(s->se[i] > 0))
            return gn_fail(err, GN_EDATA,
                           "ADP: row %zu has log density %g and error %g, expected finite ones and "
                           "an error above 0",
                           i, s->rho[i], s->se[i]);
    }
    gn_status st = gn_neighbors_check_exact(s->knn, "ADP", err);
    return st == GN_OK ? gn_neighbors_check(s->knn, s->knn->k, err) : st;
}

static gn_status sort_by_density(struct adp *s, gn_error *err) {
    size_t n = s->knn->n;
    double *thin;
    gn_status st = gn_alloc_array(&thin, n, sizeof *thin, "densities", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < n; i++) thin[i] = -(s->rho[i] - s->se[i]);
    st = gn_argsort_f64(thin, n, s->order, err);
    for (size_t r = 0; st == GN_OK && r < n; r++) s->place[s->order[r]] = (int32_t)r;
    gn_free(thin);
    return st;
}

gn_status gn_adp(gn_ctx *ctx, const gn_knn *knn, const int32_t *kstar, const double *log_density,
                 const double *se, const gn_adp_opts *opts, int32_t *label, int32_t *peak,
                 gn_adp_summary *out, gn_error *err) {
    size_t n = knn->n;
    double z = opts && opts->z != 0 ? opts->z : 1.65;
    struct adp s = {.knn = knn, .kstar = kstar, .rho = log_density, .se = se};
    gn_status st;
    GN_TRY(check(&s, z, err));
    GN_TRY(gn_alloc_array(&s.order, n, sizeof *s.order, "an order", err));
    GN_TRY(gn_alloc_array(&s.place, n, sizeof *s.place, "an order", err));
    GN_TRY(gn_alloc_array(&s.strike, n, sizeof *s.strike, "density peaks", err));
    GN_TRY(gn_alloc_array(&s.is_top, n, sizeof *s.is_top, "density peaks", err));
    GN_TRY(gn_alloc_array(&s.peak, n, sizeof *s.peak, "density peaks", err));
    GN_TRY(gn_alloc_array(&s.label, n, sizeof *s.label, "clusters", err));
    GN_TRY(gn_alloc_array(&s.saddle, n, sizeof *s.saddle, "saddles", err));
    GN_TRY(sort_by_density(&s, err));
    find_peaks(&s);
    GN_TRY(gn_ctx_poll(ctx, err));
    GN_TRY(gn_alloc_array(&s.parent, s.n_peaks, sizeof *s.parent, "clusters", err));
    GN_TRY(gn_alloc_array(&s.common, s.n_peaks, sizeof *s.common, "clusters", err));
    for (size_t c = 0; c < s.n_peaks; c++) s.parent[c] = (int32_t)c;
    assign(&s);
    GN_TRY(gn_ctx_poll(ctx, err));
    find_saddles(&s);
    for (struct saddle *x; (x = doubtful(&s, z));) {
        GN_TRY(gn_ctx_poll(ctx, err));
        merge(&s, x);
    }
    gn_adp_summary summary = {.n_peaks = s.n_peaks, .n_clusters = settle(&s)};
    summary.n_halo = find_halo(&s, summary.n_clusters, opts && opts->halo);
    for (size_t i = 0; i < n; i++) label[i] = s.label[i];
    for (size_t c = 0; peak && c < summary.n_clusters; c++) peak[c] = s.peak[c];
    *out = summary;
done:
    gn_free(s.order);
    gn_free(s.place);
    gn_free(s.strike);
    gn_free(s.is_top);
    gn_free(s.peak);
    gn_free(s.label);
    gn_free(s.saddle);
    gn_free(s.parent);
    gn_free(s.common);
    return st;
}
