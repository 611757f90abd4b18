/* Lloyd's iterations with bounds.
 *
 * Most of the work of plain k-means confirms what is known: late iterations move centres by little
 * and almost no row changes its cluster. By the triangle inequality a centre that moved by delta
 * changed its distance to any row by at most delta (Elkan, ICML 2003). For each row we keep an
 * upper bound of the distance to its centre and a lower bound of the distance to every other; while
 * the upper one is below all lower ones the row is not even read. k is small here (15), so a bound
 * for every centre costs little and prunes far better than one for all of them (Hamerly 2010).
 *
 * Bounds are stored as of zero travel: with moved_j the length that centre j has travelled so far,
 * lower_ij - moved_j is a bound now, and no array has to be updated when centres move. Roundings go
 * to the safe side. Rows without certificate are scored against all centres by one packed product;
 * what that cannot decide (kmeans_rows.c) float64 differences do.
 *
 * Sums of clusters are not recomputed: rows that change subtract and add themselves, in float64. */
#include "geometry/kmeans.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

/* ---- states and changes ------------------------------------------------------------------- */

gn_status gn_kmeans_state_new(const gn_kmeans_rows *r, gn_kmeans_state *out, gn_error *err) {
    gn_status st;
    gn_kmeans_state s = {0};
    GN_TRY(gn_alloc_array(&s.label, r->n, sizeof *s.label, "cluster labels", err));
    GN_TRY(gn_alloc_array(&s.upper, r->n, sizeof *s.upper, "bounds", err));
    GN_TRY(gn_alloc_array(&s.lower, r->n, r->k_max * sizeof *s.lower, "bounds", err));
    GN_TRY(gn_alloc_array(&s.sum, r->k_max, r->d * sizeof *s.sum, "sums of clusters", err));
    GN_TRY(gn_alloc_array(&s.size, r->k_max, sizeof *s.size, "sizes of clusters", err));
    *out = s;
    s = (gn_kmeans_state){0};
done:
    gn_kmeans_state_free(&s);
    return st;
}

void gn_kmeans_state_free(gn_kmeans_state *s) {
    gn_free(s->label);
    gn_free(s->upper);
    gn_free(s->lower);
    gn_free(s->sum);
    gn_free(s->size);
    *s = (gn_kmeans_state){0};
}

gn_status gn_kmeans_delta_new(const gn_kmeans_rows *r, gn_kmeans_delta *out, gn_error *err) {
    gn_status st;
    gn_kmeans_delta d = {0};
    size_t n = r->n_blocks * r->k_max;
    GN_TRY(gn_alloc_array(&d.sum, n, r->d * sizeof *d.sum, "sums of blocks", err));
    GN_TRY(gn_alloc_array(&d.size, n, sizeof *d.size, "sizes of blocks", err));
    GN_TRY(gn_alloc_array(&d.touched, n, sizeof *d.touched, "changes of blocks", err));
    GN_TRY(
        gn_alloc_array(&d.n_changed, r->n_blocks, sizeof *d.n_changed, "changes of blocks", err));
    *out = d;
    d = (gn_kmeans_delta){0};
done:
    gn_kmeans_delta_free(&d);
    return st;
}

void gn_kmeans_delta_free(gn_kmeans_delta *d) {
    gn_free(d->sum);
    gn_free(d->size);
    gn_free(d->touched);
    gn_free(d->n_changed);
    *d = (gn_kmeans_delta){0};
}

void gn_kmeans_delta_reset(const gn_kmeans_rows *r, gn_kmeans_delta *d, size_t block) {
    memset(d->touched + block * r->k_max, 0, r->k_max * sizeof *d->touched);
    d->n_changed[block] = 0;
}

static double *touch(const gn_kmeans_rows *r, gn_kmeans_delta *d, size_t block, size_t cluster) {
    size_t at = block * r->k_max + cluster;
    double *sum = d->sum + at * r->d;
    if (!d->touched[at]) {
        d->touched[at] = true;
        d->size[at] = 0;
        memset(sum, 0, r->d * sizeof *sum);
    }
    return sum;
}

void gn_kmeans_delta_move(const gn_kmeans_rows *r, gn_kmeans_delta *d, size_t block, size_t i,
                          int32_t from, int32_t to, double *row) {
    const double *x = gn_kmeans_row(r, i, row);
    double *enter = touch(r, d, block, (size_t)to);
    for (size_t j = 0; j < r->d; j++) enter[j] += x[j];
    d->size[block * r->k_max + (size_t)to]++;
    d->n_changed[block]++;
    if (from < 0) return;
    double *leave = touch(r, d, block, (size_t)from);
    for (size_t j = 0; j < r->d; j++) leave[j] -= x[j];
    d->size[block * r->k_max + (size_t)from]--;
}

size_t gn_kmeans_delta_apply(const gn_kmeans_rows *r, const gn_kmeans_delta *d,
                             gn_kmeans_state *s) {
    size_t changed = 0;
    for (size_t b = 0; b < r->n_blocks; b++) {
        changed += d->n_changed[b];
        for (size_t j = 0; j < s->k; j++) {
            size_t at = b * r->k_max + j;
            if (!d->touched[at]) continue;
            const double *sum = d->sum + at * r->d;
            for (size_t p = 0; p < r->d; p++) s->sum[j * r->d + p] += sum[p];
            s->size[j] = (size_t)((int64_t)s->size[j] + d->size[at]);
        }
    }
    return changed;
}

/* ---- one assignment ----------------------------------------------------------------------- */

struct assign {
    const gn_kmeans_rows *r;
    gn_kmeans_run *run;
    const float *moved; /* (k) rounded up */
};

enum { CHUNK = 256, MOST_PREFETCHED = 4096 };

/* The rows of a block whose bounds do not certify their label. */
static size_t open_rows(const struct assign *a, size_t first, size_t last, int32_t *list) {
    const gn_kmeans_state *s = &a->run->state;
    size_t n = a->r->n, count = 0;
    for (size_t i0 = first; i0 < last; i0 += CHUNK) {
        size_t m = last - i0 < CHUNK ? last - i0 : CHUNK;
        float near[CHUNK];
        int32_t open[CHUNK];
        for (size_t c = 0; c < m; c++) {
            near[c] = (s->upper[i0 + c] + a->moved[s->label[i0 + c]]) * (1 + 0x1p-20F);
            open[c] = 0;
        }
        for (size_t j = 0; j < s->k; j++) {
            const float *lower = s->lower + j * n + i0;
            const int32_t *label = s->label + i0;
            float moved = a->moved[j];
            for (size_t c = 0; c < m; c++)
                open[c] |= (label[c] != (int32_t)j) & !(lower[c] - moved > near[c]);
        }
        for (size_t c = 0; c < m; c++)
            if (open[c]) list[count++] = (int32_t)(i0 + c);
    }
    return count;
}

static void settle_row(const struct assign *a, size_t block, size_t i, const float *value,
                       double *row) {
    const gn_kmeans_rows *r = a->r;
    gn_kmeans_state *s = &a->run->state;
    size_t nr = r->gemm->nr;
    float error = gn_kmeans_error(r, &a->run->centres, i);
    int32_t to = gn_kmeans_nearest(r, &a->run->centres, i, value), from = s->label[i];
    for (size_t j = 0; j < s->k; j++) {
        float v = value[j * nr], least = v > error ? sqrtf(v - error) : 0;
        s->lower[j * r->n + i] = (least + a->moved[j]) * (1 - 0x1p-21F);
    }
    float v = value[(size_t)to * nr] + error, most = v > 0 ? sqrtf(v) : 0, travel = a->moved[to];
    s->upper[i] = (most - travel) + (most + travel) * 0x1p-20F;
    if (to == from) return;
    gn_kmeans_delta_move(r, a->run->delta, block, i, from, to, row);
    s->label[i] = to;
}

/* Rows that are scored next lie anywhere in memory: asked for while the products of these run. */
static void prefetch(const gn_kmeans_rows *r, const int32_t *row, size_t m) {
    size_t size = gn_dtype_size(r->x.dtype), bytes = r->d * size;
    if (bytes > MOST_PREFETCHED) return;
    for (size_t l = 0; l < m; l++) {
        const char *at = (const char *)r->x.data + (size_t)row[l] * r->x.stride * size;
        for (size_t b = 0; b < bytes; b += 64) __builtin_prefetch(at + b);
    }
}

static gn_status assign_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    const struct assign *a = user;
    const gn_kmeans_rows *r = a->r;
    gn_kmeans_scratch *scratch = &r->scratch[worker];
    gn_kmeans_delta_reset(r, a->run->delta, block);
    size_t nr = r->gemm->nr;
    size_t n = open_rows(a, block * r->block, gn_kmeans_last(r, block), scratch->list);
    for (size_t at = 0; at < n; at += nr) {
        size_t m = n - at < nr ? n - at : nr;
        size_t next = at + m, ahead = n - next < nr ? n - next : nr;
        prefetch(r, scratch->list + next, ahead);
        gn_kmeans_score(r, &a->run->centres, scratch, scratch->list + at, m);
        for (size_t l = 0; l < m; l++)
            settle_row(a, block, (size_t)scratch->list[at + l], scratch->value + l, scratch->row);
    }
    return GN_OK;
}

/* ---- a run -------------------------------------------------------------------------------- */

gn_status gn_kmeans_run_new(const gn_kmeans_rows *r, gn_kmeans_delta *delta, gn_kmeans_run *out,
                            gn_error *err) {
    gn_status st;
    gn_kmeans_run run = {.delta = delta};
    GN_TRY(gn_kmeans_centres_new(r, &run.centres, err));
    GN_TRY(gn_kmeans_state_new(r, &run.state, err));
    GN_TRY(gn_alloc_array(&run.moved, r->k_max, sizeof *run.moved, "movements", err));
    *out = run;
    run = (gn_kmeans_run){0};
done:
    gn_kmeans_run_free(&run);
    return st;
}

void gn_kmeans_run_free(gn_kmeans_run *run) {
    gn_kmeans_centres_free(&run->centres);
    gn_kmeans_state_free(&run->state);
    gn_free(run->moved);
    *run = (gn_kmeans_run){0};
}

static void start(const gn_kmeans_rows *r, const gn_kmeans_seeds *seeds, gn_kmeans_run *run) {
    const gn_kmeans_state *from = &seeds->state;
    gn_kmeans_state *to = &run->state;
    to->k = from->k;
    memcpy(to->label, from->label, r->n * sizeof *to->label);
    memcpy(to->upper, from->upper, r->n * sizeof *to->upper);
    memcpy(to->lower, from->lower, r->n * from->k * sizeof *to->lower);
    memcpy(to->sum, from->sum, r->d * from->k * sizeof *to->sum);
    memcpy(to->size, from->size, from->k * sizeof *to->size);
    memcpy(run->centres.at, seeds->centres.at, r->d * from->k * sizeof(double));
    for (size_t j = 0; j < from->k; j++) run->moved[j] = 0;
}

/* An empty cluster takes the row that is farthest from its centre, from a cluster that keeps
 * another one. There is one while k is at most the number of distinct rows. */
static void fill_empty(const gn_kmeans_rows *r, gn_kmeans_run *run, size_t empty, double *buf) {
    gn_kmeans_state *s = &run->state;
    size_t far = r->n;
    double most = -1;
    for (size_t i = 0; i < r->n; i++) {
        size_t j = (size_t)s->label[i];
        double distance = (double)s->upper[i] + run->moved[j];
        if (s->size[j] > 1 && distance > most) {
            most = distance;
            far = i;
        }
    }
    if (far == r->n) return;
    size_t from = (size_t)s->label[far];
    const double *x = gn_kmeans_row(r, far, buf);
    for (size_t p = 0; p < r->d; p++) {
        s->sum[from * r->d + p] -= x[p];
        s->sum[empty * r->d + p] = x[p];
    }
    s->size[from]--;
    s->size[empty] = 1;
    s->label[far] = (int32_t)empty;
    s->upper[far] = 0; /* its centre will be the row itself */
}

/* Centres become the means of their rows; returns the sum of their squared movements. */
static double move_centres(const gn_kmeans_rows *r, gn_kmeans_run *run) {
    gn_kmeans_state *s = &run->state;
    double shift = 0;
    for (size_t j = 0; j < s->k; j++)
        if (!s->size[j]) fill_empty(r, run, j, r->scratch[0].row);
    for (size_t j = 0; j < s->k; j++) {
        double *at = run->centres.at + j * r->d, square = 0;
        if (!s->size[j]) continue;
        for (size_t p = 0; p < r->d; p++) {
            double mean = s->sum[j * r->d + p] / (double)s->size[j], u = mean - at[p];
            square += u * u;
            at[p] = mean;
        }
        shift += square;
        run->moved[j] += sqrt(square) * (1 + 0x1p-40);
    }
    return shift;
}

static gn_status assign(gn_ctx *ctx, const gn_kmeans_rows *r, gn_kmeans_run *run, float *moved,
                        size_t *changed, gn_error *err) {
    struct assign a = {.r = r, .run = run, .moved = moved};
    for (size_t j = 0; j < run->state.k; j++)
        moved[j] = (float)(run->moved[j] * (1 + 0x1p-22)) + 0x1p-126F;
    gn_kmeans_pack(r, &run->centres, run->state.k);
    gn_status st = gn_parallel(ctx, r->n_blocks, assign_block, &a, NULL, err);
    if (st == GN_OK) *changed = gn_kmeans_delta_apply(r, run->delta, &run->state);
    return st;
}

/* Sum of |x - m|^2 less sum of n_j |c_j - m|^2, the c_j being the means of the clusters. */
static double partition_inertia(const gn_kmeans_rows *r, const gn_kmeans_state *s) {
    double inertia = r->total;
    for (size_t j = 0; j < s->k; j++) {
        double square = 0, n = (double)s->size[j];
        if (!s->size[j]) continue;
        for (size_t p = 0; p < r->d; p++) {
            double u = s->sum[j * r->d + p] / n - r->mean[p];
            square += u * u;
        }
        inertia -= n * square;
    }
    return fmax(0, inertia);
}

gn_status gn_kmeans_lloyd(gn_ctx *ctx, const gn_kmeans_rows *r, const gn_kmeans_seeds *seeds,
                          size_t iterations, double tolerance, gn_kmeans_run *run, gn_error *err) {
    gn_status st = GN_OK;
    float *moved = NULL;
    GN_TRY(gn_alloc_array(&moved, r->k_max, sizeof *moved, "movements", err));
    start(r, seeds, run);
    run->converged = false;
    for (run->iterations = 0; run->iterations < iterations && !run->converged; run->iterations++) {
        size_t changed;
        double shift = move_centres(r, run);
        GN_TRY(assign(ctx, r, run, moved, &changed, err));
        run->converged = changed == 0 || shift <= tolerance;
    }
    run->inertia = partition_inertia(r, &run->state);
done:
    gn_free(moved);
    return st;
}
