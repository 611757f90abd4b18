/* Silhouettes of many partitions from one pass over the pairs.
 *
 * A silhouette needs, for each point, the sum of its distances to every cluster. Measuring
 * distances costs d multiply-adds a pair, adding them up one addition a pair and partition: so all
 * partitions (k = 2 ... 15) share one pass, and no table of distances is kept. A tile of products
 * holds a few points j (its rows) against a panel of points i (its lanes): each row becomes
 * distances by one square root a lane and is added, whole, to the sums of the cluster that j
 * belongs to, once for each partition. Sums run in float32 for FLUSH partners, then go to float64.
 *
 * Products lose digits where points are near each other and far from the mean (a small cluster far
 * out: |y|^2 is 1e7, distances are 100). Pairs whose square comes out below NEAR of |y_i|^2 +
 * |y_j|^2 are measured from differences. Centring makes them rare. */
#include "gonio/cluster.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "math/gemm.h"
#include "math/knn.h"
#include "math/linalg.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

#define NEAR 0x1p-6F

enum { GROUP = 8 /* panels of points that a task keeps */, FLUSH = 512, LANES = 8 };

struct worker {
    float *tile;   /* (mr, nr) */
    float *part;   /* (GROUP, columns, nr) sums since the last flush */
    double *sum;   /* the same */
    double *y;     /* (d) a row, widened */
    double *other; /* (k) mean distances of a point */
};

struct pass {
    gn_mat x;         /* (m, d) float32, centred */
    size_t m, panels; /* of points */
    const gn_gemm *gemm;
    const gn_knn_kernels *kernels;
    size_t k_padded, a_bytes, b_bytes;
    char *a, *b;             /* packed panels of all points */
    float *square;           /* (m rounded up) |y|^2 */
    size_t columns;          /* clusters of all partitions */
    size_t n_labels, *first; /* (n_labels + 1) first column of each partition */
    int32_t *column;         /* (m, n_labels) of each point */
    size_t *size;            /* (columns) */
    double *value;           /* (n_labels, m) */
    struct worker *workers;
    unsigned n_workers;
};

static size_t round_up(size_t x, size_t to) {
    return (x + to - 1) / to * to;
}

static void pass_free(struct pass *p) {
    for (unsigned w = 0; p->workers && w < p->n_workers; w++) {
        gn_free(p->workers[w].tile);
        gn_free(p->workers[w].part);
        gn_free(p->workers[w].sum);
        gn_free(p->workers[w].y);
        gn_free(p->workers[w].other);
    }
    gn_free(p->workers);
    gn_free(p->a);
    gn_free(p->b);
    gn_free(p->square);
    gn_free(p->first);
    gn_free(p->column);
    gn_free(p->size);
    gn_free(p->value);
}

static gn_status worker_new(const struct pass *p, size_t most_k, struct worker *w, gn_error *err) {
    gn_status st;
    size_t nr = p->gemm->nr, cells = GROUP * p->columns;
    GN_TRY(gn_alloc_array(&w->tile, p->gemm->mr * nr, sizeof(float), "a tile", err));
    GN_TRY(gn_alloc_array(&w->part, cells, nr * sizeof(float), "sums of distances", err));
    GN_TRY(gn_alloc_array(&w->sum, cells, nr * sizeof(double), "sums of distances", err));
    GN_TRY(gn_alloc_array(&w->y, p->x.cols, sizeof(double), "a row", err));
    GN_TRY(gn_alloc_array(&w->other, most_k, sizeof(double), "mean distances", err));
done:
    return st;
}

/* Columns of every point, and how many points each has. */
static gn_status read_labels(struct pass *p, const int32_t *row, const int32_t *const *label,
                             const size_t *k, gn_error *err) {
    gn_status st;
    GN_TRY(gn_alloc_array(&p->first, p->n_labels + 1, sizeof *p->first, "partitions", err));
    p->first[0] = 0;
    for (size_t q = 0; q < p->n_labels; q++) p->first[q + 1] = p->first[q] + k[q];
    p->columns = p->first[p->n_labels];
    GN_TRY(gn_alloc_array(&p->column, p->m, p->n_labels * sizeof *p->column, "partitions", err));
    GN_TRY(gn_alloc_array(&p->size, p->columns, sizeof *p->size, "sizes of clusters", err));
    memset(p->size, 0, p->columns * sizeof *p->size);
    for (size_t i = 0; i < p->m; i++)
        for (size_t q = 0; q < p->n_labels; q++) {
            size_t at = row ? (size_t)row[i] : i;
            int32_t c = label[q][at];
            if (c < 0 || (size_t)c >= k[q]) {
                st = gn_fail(err, GN_EINVAL,
                             "partition %zu: row %zu has label %d, expected 0 to %zu", q, at,
                             (int)c, k[q] - 1);
                goto done;
            }
            p->column[i * p->n_labels + q] = (int32_t)(p->first[q] + (size_t)c);
            p->size[p->first[q] + (size_t)c]++;
        }
done:
    return st;
}

static void pack(struct pass *p) {
    const gn_gemm *g = p->gemm;
    const float *y = p->x.data;
    size_t d = p->x.cols;
    for (size_t i = 0; i < p->m; i += g->mr)
        g->pack_a(y + i * d, d, p->m - i < g->mr ? p->m - i : g->mr, d,
                  p->a + i / g->mr * p->a_bytes);
    for (size_t i = 0; i < p->m; i += g->nr)
        g->pack_b(y + i * d, d, p->m - i < g->nr ? p->m - i : g->nr, d,
                  p->b + i / g->nr * p->b_bytes);
}

static gn_status pass_new(gn_ctx *ctx, gn_mat y, const int32_t *row, const int32_t *const *label,
                          const size_t *k, size_t n_labels, struct pass *out, gn_error *err) {
    gn_status st;
    struct pass p = {.x = y, .m = y.rows, .n_labels = n_labels};
    gn_cpu cpu = gn_ctx_cpu(ctx);
    const gn_vec *vec = gn_vec_for(cpu);
    const gn_gemm *g = p.gemm = gn_gemm_for(cpu, 0);
    size_t most_k = 0;
    for (size_t q = 0; q < n_labels; q++) most_k = k[q] > most_k ? k[q] : most_k;
    p.kernels = gn_knn_kernels_for(cpu);
    p.n_workers = gn_ctx_threads(ctx);
    p.panels = (p.m + g->nr - 1) / g->nr;
    p.k_padded = round_up(y.cols, g->k_multiple);
    p.a_bytes = round_up(g->mr * p.k_padded * g->element_bytes, 64);
    p.b_bytes = round_up(g->nr * p.k_padded * g->element_bytes, 64);
    GN_TRY(read_labels(&p, row, label, k, err));
    GN_TRY(gn_alloc_array(&p.a, (p.m + g->mr - 1) / g->mr, p.a_bytes, "packed rows", err));
    GN_TRY(gn_alloc_array(&p.b, p.panels, p.b_bytes, "packed rows", err));
    GN_TRY(gn_alloc_array(&p.square, p.panels * g->nr, sizeof *p.square, "lengths", err));
    GN_TRY(gn_alloc_array(&p.value, p.m, n_labels * sizeof *p.value, "silhouettes", err));
    p.workers = gn_calloc(p.n_workers, sizeof *p.workers);
    if (!p.workers) GN_TRY(gn_fail_nomem(err, "scratch", p.n_workers * sizeof *p.workers));
    for (unsigned w = 0; w < p.n_workers; w++) GN_TRY(worker_new(&p, most_k, &p.workers[w], err));
    memset(p.square, 0, p.panels * g->nr * sizeof *p.square);
    for (size_t i = 0; i < p.m; i++)
        p.square[i] = (float)vec->norm2((const float *)y.data + i * y.cols, y.cols);
    pack(&p);
    *out = p;
    p = (struct pass){0};
done:
    pass_free(&p);
    return st;
}

/* Row j of a tile becomes distances to the points i0 ... of the panel. */
static void to_distances(const struct pass *p, struct worker *w, size_t j, size_t i0, float *c) {
    const float *square = p->square + i0;
    float own = p->square[j];
    int near[LANES] = {0};
    for (size_t l0 = 0; l0 < p->gemm->nr; l0 += LANES)
        for (size_t l = 0; l < LANES; l++) {
            float sum = square[l0 + l] + own, v = sum - 2 * c[l0 + l];
            near[l] |= v <= NEAR * sum;
            c[l0 + l] = sqrtf(v > 0 ? v : 0);
        }
    int any = 0;
    for (size_t l = 0; l < LANES; l++) any |= near[l];
    if (!any) return;
    const float *y = (const float *)p->x.data;
    size_t d = p->x.cols;
    for (size_t l = 0; l < d; l++) w->y[l] = (double)y[j * d + l];
    for (size_t l = 0; l < p->gemm->nr && i0 + l < p->m; l++)
        if (!(c[l] * c[l] > 2 * NEAR * (square[l] + own)))
            c[l] = (float)sqrt(p->kernels->distance_f32(w->y, y + (i0 + l) * d, 1, d));
}

static void flush(const struct pass *p, struct worker *w) {
    size_t n = GROUP * p->columns * p->gemm->nr;
    for (size_t e = 0; e < n; e++) {
        w->sum[e] += (double)w->part[e];
        w->part[e] = 0;
    }
}

/* s(i) for every partition, from the sums of lane l of panel g. */
static void finish(const struct pass *p, struct worker *w, size_t i, size_t g, size_t l) {
    size_t nr = p->gemm->nr;
    for (size_t q = 0; q < p->n_labels; q++) {
        size_t own = (size_t)p->column[i * p->n_labels + q];
        double a = 0, b = HUGE_VAL;
        for (size_t c = p->first[q]; c < p->first[q + 1]; c++) {
            double sum = w->sum[(g * p->columns + c) * nr + l];
            if (c == own && p->size[c] > 1) a = sum / (double)(p->size[c] - 1);
            if (c != own && p->size[c]) b = fmin(b, sum / (double)p->size[c]);
        }
        double most = fmax(a, b);
        p->value[q * p->m + i] = p->size[own] < 2 ? 0
                                 : isinf(b)       ? (double)NAN
                                 : most > 0       ? (b - a) / most
                                                  : 0;
    }
}

static gn_status group(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    struct pass *p = user;
    struct worker *w = &p->workers[worker];
    const gn_gemm *gemm = p->gemm;
    size_t nr = gemm->nr, mr = gemm->mr, first = block * GROUP, since = 0;
    size_t n = p->panels - first < GROUP ? p->panels - first : GROUP;
    memset(w->part, 0, GROUP * p->columns * nr * sizeof *w->part);
    memset(w->sum, 0, GROUP * p->columns * nr * sizeof *w->sum);
    if (gemm->begin) gemm->begin();
    for (size_t j0 = 0; j0 < p->m; j0 += mr) {
        size_t rows = p->m - j0 < mr ? p->m - j0 : mr;
        for (size_t g = 0; g < n; g++) {
            size_t i0 = (first + g) * nr;
            gemm->tile(p->a + j0 / mr * p->a_bytes, p->b + (first + g) * p->b_bytes, p->k_padded,
                       w->tile, nr);
            for (size_t j = j0; j < j0 + rows; j++) {
                float *c = w->tile + (j - j0) * nr;
                to_distances(p, w, j, i0, c);
                for (size_t q = 0; q < p->n_labels; q++) {
                    float *sum =
                        w->part + (g * p->columns + (size_t)p->column[j * p->n_labels + q]) * nr;
                    for (size_t l0 = 0; l0 < nr; l0 += LANES)
                        for (size_t l = 0; l < LANES; l++) sum[l0 + l] += c[l0 + l];
                }
            }
        }
        since += rows;
        if (since >= FLUSH || j0 + mr >= p->m) {
            flush(p, w);
            since = 0;
        }
    }
    if (gemm->end) gemm->end();
    for (size_t g = 0; g < n; g++)
        for (size_t l = 0; l < nr && (first + g) * nr + l < p->m; l++)
            finish(p, w, (first + g) * nr + l, g, l);
    return GN_OK;
}

/* The sample's rows less their mean, in float32. */
static gn_status centre(gn_ctx *ctx, gn_mat x, const int32_t *row, size_t m, float **out,
                        gn_error *err) {
    gn_status st;
    size_t d = x.cols;
    double *mean = NULL, *buf = NULL;
    float *y = NULL;
    GN_TRY(gn_alloc_array(&y, m, d * sizeof *y, "a sample of rows", err));
    GN_TRY(gn_alloc_array(&mean, d, sizeof *mean, "a mean", err));
    GN_TRY(gn_alloc_array(&buf, d, sizeof *buf, "a row", err));
    GN_TRY(gn_column_means(ctx, x, mean, err)); /* finds NaN and infinity */
    for (size_t i = 0; i < m; i++) {
        const double *v = gn_mat_row_f64(x, row ? (size_t)row[i] : i, buf);
        double square = 0;
        for (size_t j = 0; j < d; j++) {
            double u = v[j] - mean[j];
            square += u * u;
            y[i * d + j] = (float)u;
        }
        if (!(square < 1e30)) {
            st = gn_fail(err, GN_EDATA, "row %zu is %g from the mean: expected below 1e15, rescale",
                         row ? (size_t)row[i] : i, sqrt(square));
            goto done;
        }
    }
    *out = y;
    y = NULL;
done:
    gn_free(y);
    gn_free(mean);
    gn_free(buf);
    return st;
}

gn_status gn_silhouette_compute(gn_ctx *ctx, gn_mat x, const int32_t *row, size_t m,
                                const int32_t *const *label, const size_t *k, size_t n_labels,
                                double *value, gn_silhouette *out, gn_error *err) {
    gn_status st;
    struct pass p = {0};
    float *y = NULL;
    if (!row) m = x.rows;
    if (m < 2 || x.cols == 0 || x.dtype > GN_BF16 || m > INT32_MAX || n_labels == 0)
        return gn_fail(err, GN_EINVAL,
                       "silhouettes of %zu partitions of %zu rows of (%zu, %zu) %s: expected at "
                       "least one of 2 rows of a floating type",
                       n_labels, m, x.rows, x.cols, gn_dtype_name(x.dtype));
    GN_TRY(centre(ctx, x, row, m, &y, err));
    GN_TRY(pass_new(ctx, gn_mat_f32(y, m, x.cols), row, label, k, n_labels, &p, err));
    size_t groups = (p.panels + GROUP - 1) / GROUP;
    gn_progress progress = {"silhouettes", "rows", (double)m, 0, (double)m / (double)groups};
    GN_TRY(gn_parallel(ctx, groups, group, &p, &progress, err));
    for (size_t q = 0; q < n_labels; q++) {
        const double *s = p.value + q * m;
        out[q] = (gn_silhouette){.mean = gn_mean(s, m), .se = gn_sem(s, m), .n = m};
    }
    if (value) memcpy(value, p.value, n_labels * m * sizeof *value);
done:
    pass_free(&p);
    gn_free(y);
    return st;
}
