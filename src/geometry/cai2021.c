/* The published analysis scripts of Cai et al. (ICLR 2021), imitated: their order of work (rows
 * kept of each type, principal components, centring, clusters, cosines) and their defects, which
 * docs/measures.md lists. What they draw without a seed is drawn from streams of the context's.
 *
 *   --maxl       rows kept of a type;
 *   --embed      PCA, which centres: cosines after it are shifted even without --center;
 *   --inter_cos  the mean over ALL pairs of kept rows, so with more than one row a type, same-type
 *                pairs are mixed in; refused for maxl <= 0;
 *   --intra_cos  types of 1000 rows and more give 1000 random ones;
 *   clusters     one row a type inside each for inter; means over clusters are not weighted. */
#include "base/mem.h"
#include "base/random.h"
#include "geometry/groups.h"
#include "geometry/view.h"
#include "math/linalg.h"

#include <math.h>
#include <string.h>

enum {
    INTRA_MOST = 1000,
    STREAM_KEEP = 0x6b656570, /* "keep" */
    STREAM_INTRA,
    STREAM_INTER,
};

size_t gn_cai2021_kept(size_t n, double maxl) {
    double m = floor(maxl * (maxl < 1 ? (double)n : 1));
    if (n == 0) return 0;
    if (maxl >= 1) return m < (double)n ? (size_t)m : n;
    if (maxl > 0) return m > 1 ? (size_t)m : 1;
    size_t logarithm = 0, root = (size_t)sqrt((double)n);
    while (n >> (logarithm + 1)) logarithm++;
    if (maxl == 0) return n;
    if (maxl == -1) return logarithm > 1 ? logarithm : 1;
    return maxl == -2 ? root : SIZE_MAX;
}

struct run {
    gn_ctx *ctx;
    gn_mat x;
    const gn_isotropy_opts *o;
    const gn_cai2021_opts *cai;
    gn_groups types;      /* of the view's rows */
    int32_t *keys, *row;  /* the view's types; (n_kept) rows of x that are kept, type by type */
    int32_t *part, *some; /* scratch: rows of a cluster, rows of a sample */
    size_t n_kept;
    gn_repair repair; /* on the stack, its arrays ours; used when `moved` */
    bool moved;
};

/* At most `most` rows of each type among rows (n), which lie type by type. */
static size_t sample_types(const struct run *r, const int32_t *rows, size_t n, size_t most,
                           uint64_t stream, int32_t *out) {
    size_t kept = 0;
    for (size_t i = 0, end; i < n; i = end) {
        int32_t type = r->o->type ? r->o->type[rows[i]] : -1;
        for (end = i + 1; end < n && type >= 0 && r->o->type[rows[end]] == type;) end++;
        size_t size = end - i, m = size < most ? size : most;
        gn_random random = gn_random_new(gn_ctx_seed(r->ctx) ^ stream << 32, (uint64_t)rows[i]);
        gn_random_subset(&random, size, m, out + kept);
        for (size_t k = 0; k < m; k++) out[kept + k] = rows[i + (size_t)out[kept + k]];
        kept += m;
    }
    return kept;
}

/* Cosines of rows (n) as they are after embedding and centring; every row a type of its own, or
 * types as given. */
static gn_status cosines(const struct run *r, const int32_t *rows, size_t n, bool types,
                         gn_cosines *out, gn_error *err) {
    gn_isotropy_opts o = {.row = rows,
                          .n_rows = n,
                          .type = types ? r->o->type : NULL,
                          .repair = r->moved ? &r->repair : NULL,
                          .skip = GN_SKIP_BARS | GN_SKIP_SPECTRUM | GN_SKIP_CENTRED};
    gn_isotropy s;
    *out = (gn_cosines){(double)NAN, (double)NAN, (double)NAN, (double)NAN, n, 0};
    if (n < 2) return GN_OK;
    gn_status st = gn_isotropy_compute(r->ctx, r->x, &o, &s, NULL, err);
    if (st == GN_OK) *out = s.raw;
    return st;
}

static gn_status keep_rows(struct run *r, const gn_view *v, gn_error *err) {
    const gn_groups *g = &r->types;
    gn_status st = gn_alloc_array(&r->row, v->n, sizeof *r->row, "kept rows", err);
    for (size_t t = 0; st == GN_OK && t < g->n; t++) {
        size_t n = gn_groups_size(g, t), m = gn_cai2021_kept(n, r->cai->maxl);
        int32_t *to = r->row + r->n_kept;
        gn_random random = gn_random_new(gn_ctx_seed(r->ctx) ^ (uint64_t)STREAM_KEEP << 32, t);
        gn_random_subset(&random, n, m, to);
        for (size_t k = 0; k < m; k++)
            to[k] = (int32_t)gn_view_row(v, (size_t)g->row[g->start[t] + (size_t)to[k]]);
        r->n_kept += m;
    }
    return st;
}

/* --embed: the first principal components of the kept rows. */
static gn_status embed(struct run *r, const gn_view *kept, size_t *n_dims, gn_error *err) {
    size_t d = r->x.cols, k;
    double e = r->cai->embed, *covariance = NULL, *values = NULL, *vectors = NULL;
    size_t most = kept->n < d ? kept->n : d;
    gn_status st;
    GN_TRY(gn_alloc_array(&covariance, d * d, sizeof *covariance, "the covariance", err));
    GN_TRY(gn_alloc_array(&values, d, sizeof *values, "eigenvalues", err));
    GN_TRY(gn_alloc_array(&vectors, d * d, sizeof *vectors, "eigenvectors", err));
    GN_TRY(gn_view_moments(r->ctx, kept, r->repair.origin, (double)kept->n, covariance, err));
    GN_TRY(gn_eigen_symmetric(covariance, d, values, vectors, err));
    for (size_t j = 0; j < d; j++) values[j] = values[j] > 0 ? values[j] : 0;
    k = e < 1 ? gn_spectrum_dims(values, d, e, true) : (size_t)e;
    if (k > most) {
        st = gn_fail(err, GN_EINVAL, "%zu principal components of %zu rows and %zu columns", k,
                     kept->n, d);
        goto done;
    }
    memset(vectors + k * d, 0, (d - k) * d * sizeof *vectors);
    GN_TRY(gn_linear_map_new(gn_ctx_cpu(r->ctx), vectors, d, d, &r->repair.map, err));
    *n_dims = k;
done:
    gn_free(covariance), gn_free(values), gn_free(vectors);
    return st;
}

static gn_status move(struct run *r, size_t *n_dims, gn_error *err) {
    size_t d = r->x.cols;
    gn_view kept = gn_view_of(r->ctx, r->x, r->n_kept, r->row);
    gn_status st;
    r->repair = (gn_repair){.kind = GN_REPAIR_MEAN, .d = d, .n_groups = 1};
    r->moved = r->cai->center || r->cai->embed > 0;
    GN_TRY(gn_alloc_array(&r->repair.origin, d, sizeof(double), "the mean", err));
    GN_TRY(gn_view_means(r->ctx, &kept, r->repair.origin, err));
    *n_dims = d;
    if (r->cai->embed > 0) GN_TRY(embed(r, &kept, n_dims, err));
done:
    return st;
}

static gn_status clusters(struct run *r, gn_cai2021 *out, gn_error *err) {
    double inter = 0, intra = 0;
    gn_status st = GN_OK;
    for (size_t k = 0; k < r->cai->n_clusters; k++) {
        size_t n = 0, m;
        gn_cosines c;
        for (size_t i = 0; i < r->n_kept; i++)
            if (r->cai->cluster[r->row[i]] == (int32_t)k) r->part[n++] = r->row[i];
        if (n < 2) continue;
        gn_view part = gn_view_of(r->ctx, r->x, n, r->part);
        if (r->cai->center) /* M (x - mean) - its mean in the cluster = M (x - cluster's mean) */
            GN_TRY(gn_view_means(r->ctx, &part, r->repair.origin, err));
        m = sample_types(r, r->part, n, 1, STREAM_INTER, r->some);
        GN_TRY(cosines(r, r->some, m, false, &c, err));
        if (!isnan(c.inter)) inter += c.inter, out->n_inter_clusters++;
        m = sample_types(r, r->part, n, INTRA_MOST, STREAM_INTRA, r->some);
        GN_TRY(cosines(r, r->some, m, true, &c, err));
        if (!isnan(c.intra)) intra += c.intra, out->n_intra_clusters++;
    }
    if (out->n_inter_clusters) out->cluster_inter = inter / (double)out->n_inter_clusters;
    if (out->n_intra_clusters) out->cluster_intra = intra / (double)out->n_intra_clusters;
done:
    return st;
}

static gn_status check(const gn_cai2021_opts *c, gn_error *err) {
    if (gn_cai2021_kept(2, c->maxl) == SIZE_MAX)
        return gn_fail(err, GN_EINVAL, "maxl %g: expected a number above 0, 0, -1 or -2", c->maxl);
    if (!(c->embed >= 0) || c->embed == 1 || c->embed > 1e6)
        return gn_fail(err, GN_EINVAL,
                       "embed %g: expected a share below 1 or a number of components above 1",
                       c->embed);
    return GN_OK;
}

gn_status gn_cai2021_compute(gn_ctx *ctx, gn_mat x, const gn_isotropy_opts *opts,
                             const gn_cai2021_opts *cai, gn_cai2021 *out, gn_error *err) {
    const double none = (double)NAN;
    gn_isotropy_opts o = {.type = opts ? opts->type : NULL};
    struct run r = {.ctx = ctx, .x = x, .o = &o, .cai = cai};
    gn_cai2021 c = {.inter = none, .intra = none, .cluster_inter = none, .cluster_intra = none};
    gn_cosines s;
    gn_view v;
    gn_status st;
    if (opts) o.row = opts->row, o.n_rows = opts->n_rows;
    GN_TRY(check(cai, err));
    GN_TRY(gn_view_new(ctx, x, &o, &v, err));
    GN_TRY(gn_view_keys(&v, o.type, &r.keys, err));
    GN_TRY(gn_groups_new(r.keys, v.n, NULL, &r.types, err));
    GN_TRY(keep_rows(&r, &v, err));
    GN_TRY(gn_alloc_array(&r.part, r.n_kept, sizeof *r.part, "kept rows", err));
    GN_TRY(gn_alloc_array(&r.some, r.n_kept, sizeof *r.some, "kept rows", err));
    GN_TRY(move(&r, &c.n_dims, err));
    c.n_rows = r.n_kept;
    c.n_types = r.types.n;
    if (cai->maxl > 0) {
        GN_TRY(cosines(&r, r.row, r.n_kept, false, &s, err));
        c.inter = s.inter;
    }
    GN_TRY(cosines(&r, r.some, sample_types(&r, r.row, r.n_kept, INTRA_MOST, STREAM_INTRA, r.some),
                   true, &s, err));
    c.intra = s.intra;
    c.n_intra_types = s.n_intra_types;
    if (cai->cluster) GN_TRY(clusters(&r, &c, err));
    *out = c;
done:
    gn_groups_free(&r.types);
    gn_free(r.keys), gn_free(r.row), gn_free(r.part), gn_free(r.some);
    gn_free(r.repair.origin);
    gn_linear_map_free(r.repair.map);
    return st;
}
