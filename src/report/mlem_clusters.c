/* Kinds of units. A unit is the row of its feature importances, each over the unit's R2, so that
 * kinds differ in what they encode and not in how well. Importances that are not significant are 0;
 * a unit without a significant one has no kind (the first pipeline divides by its R2 all the same,
 * which is near 0 there). */
#include "gonio/mlem_report.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/cluster.h"
#include "report/result.h"

#include <math.h>
#include <string.h>

enum { K_MAX = 6, LEAST = 3, MOST_FEATURES = 64 };
static const double none = (double)NAN;

/* The fit with the highest mean silhouette. */
static gn_status choose(gn_ctx *ctx, gn_mat x, size_t k_max, gn_kmeans **fits, size_t *best,
                        double *silhouette, gn_error *err) {
    gn_status st;
    gn_kmeans_opts o = {.k_min = 2, .k_max = k_max, .task = "kinds of units"};
    gn_silhouette s[K_MAX * K_MAX];
    const int32_t *label[K_MAX * K_MAX];
    size_t k[K_MAX * K_MAX];
    GN_TRY(gn_kmeans_compute(ctx, x, &o, fits, err));
    for (size_t i = 0; i < (*fits)->n_fits; i++) {
        label[i] = (*fits)->fit[i].label;
        k[i] = (*fits)->fit[i].k;
    }
    GN_TRY(gn_silhouette_compute(ctx, x, NULL, x.rows, label, k, (*fits)->n_fits, NULL, s, err));
    *best = 0;
    for (size_t i = 1; i < (*fits)->n_fits; i++)
        if (s[i].mean > s[*best].mean + 1e-12) *best = i;
    *silhouette = s[*best].mean;
done:
    return st;
}

gn_status gn_mlem_cluster_units(gn_ctx *ctx, const double *profile, size_t d, size_t f,
                                size_t k_max, int32_t *cluster, size_t *k, double *silhouette,
                                gn_error *err) {
    gn_status st;
    double *kept = NULL;
    int32_t *unit = NULL;
    gn_kmeans *fits = NULL;
    size_t n = 0, different = 0, best;
    if (!k_max) k_max = K_MAX;
    if (d == 0 || f == 0 || k_max < 2 || k_max > K_MAX * K_MAX) {
        st = gn_fail(err, GN_EINVAL,
                     "kinds of units: (%zu, %zu) profiles, up to %zu kinds: expected units, "
                     "features and 2 to %d kinds",
                     d, f, k_max, K_MAX * K_MAX);
        goto done;
    }
    GN_TRY(gn_alloc_array(&kept, d * f, sizeof *kept, "profiles of units", err));
    GN_TRY(gn_alloc_array(&unit, d, sizeof *unit, "units", err));
    for (size_t u = 0; u < d; u++) {
        bool any = false, seen = false;
        for (size_t j = 0; j < f; j++) any = any || !(fabs(profile[u * f + j]) <= 0);
        if (!any) continue;
        memcpy(kept + n * f, profile + u * f, f * sizeof *kept);
        for (size_t v = 0; v < n && different < LEAST && !seen; v++)
            seen = memcmp(kept + v * f, kept + n * f, f * sizeof *kept) == 0;
        different += !seen;
        unit[n++] = (int32_t)u;
    }
    if (different < LEAST) {
        memset(cluster, 0, d * sizeof *cluster);
        *k = 0;
        *silhouette = none;
        st = GN_OK;
        goto done;
    }
    GN_TRY(choose(ctx, gn_mat_f64(kept, n, f), k_max < n - 1 ? k_max : n - 1, &fits, &best,
                  silhouette, err));
    memset(cluster, 0, d * sizeof *cluster);
    for (size_t i = 0; i < n; i++) cluster[unit[i]] = fits->fit[best].label[i] + 1;
    *k = fits->fit[best].k;
done:
    gn_kmeans_free(fits);
    gn_free(kept);
    gn_free(unit);
    return st;
}

/* ---- from rows to rows -------------------------------------------------------------------------
 */

struct units {
    double *profile, *r2; /* (d, f), (d) */
    int32_t *cluster;
    size_t d, f;
    const char *feature[MOST_FEATURES];
    gn_measurement row; /* what the rows of this layer share */
};

static bool is(const gn_measurement *m, const char *measure) {
    return strcmp(m->measure, measure) == 0 && m->variant && strcmp(m->variant, "unit") == 0;
}

static double number(const gn_result *r, size_t i, const char *key) {
    const gn_result_field *f = gn_result_row_param(r, i, key);
    return f && !f->text ? f->number : none;
}

static size_t feature_of(struct units *u, const char *name) {
    size_t k = 0;
    while (k < u->f && strcmp(u->feature[k], name) != 0) k++;
    if (k == u->f && k < MOST_FEATURES) u->feature[u->f++] = name;
    return k;
}

/* Sizes first: units and features of a layer. */
static void measure_units(const gn_result *r, int layer, struct units *u) {
    for (size_t i = 0; i < r->n_rows; i++) {
        const gn_measurement *m = &r->row[i].m;
        const gn_result_field *f = gn_result_row_param(r, i, "feature");
        if (m->layer != layer || !(is(m, "pfi") || is(m, "r2"))) continue;
        double unit = number(r, i, "unit");
        if (unit + 1 > (double)u->d) u->d = (size_t)unit + 1;
        if (is(m, "pfi") && f && f->text) feature_of(u, f->text);
        u->row = *m;
    }
}

static void read_units(const gn_result *r, int layer, double alpha, struct units *u) {
    for (size_t i = 0; i < r->n_rows; i++)
        if (r->row[i].m.layer == layer && is(&r->row[i].m, "r2"))
            u->r2[(size_t)number(r, i, "unit")] = r->row[i].m.value;
    for (size_t i = 0; i < r->n_rows; i++) {
        const gn_measurement *m = &r->row[i].m;
        const gn_result_field *f = gn_result_row_param(r, i, "feature");
        if (m->layer != layer || !is(m, "pfi") || !f || !f->text) continue;
        size_t unit = (size_t)number(r, i, "unit"), k = feature_of(u, f->text);
        bool shown = number(r, i, "p_corrected") <= alpha && u->r2[unit] > 0 && k < u->f;
        if (shown) u->profile[unit * u->f + k] = number(r, i, "share") / u->r2[unit];
    }
}

static gn_status add(gn_result *r, const struct units *u, const char *measure, double value,
                     double se, size_t n, const char *note, gn_error *err) {
    gn_measurement m = u->row;
    m.measure = measure;
    m.variant = "";
    m.value = value;
    m.se = se;
    m.n = (double)n;
    m.note = note;
    return gn_result_add(r, &m, err);
}

static gn_status add_cluster(gn_result *r, const struct units *u, size_t c, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t k = 0; k < u->f; k++) {
        double sum = 0, squares = 0, n = 0;
        for (size_t i = 0; i < u->d; i++) {
            if (u->cluster[i] != (int32_t)c) continue;
            sum += u->profile[i * u->f + k];
            squares += u->profile[i * u->f + k] * u->profile[i * u->f + k];
            n++;
        }
        double mean = sum / n, var = n > 1 ? fmax(0, squares - n * mean * mean) / (n - 1) : none;
        GN_TRY(add(r, u, "unit_cluster_share", mean, sqrt(var / n), (size_t)n, NULL, err));
        GN_TRY(gn_result_param_number(r, "cluster", (double)c, err));
        GN_TRY(gn_result_param_text(r, "feature", u->feature[k], err));
    }
done:
    return st;
}

static gn_status cluster_layer(gn_ctx *ctx, gn_result *r, int layer, double alpha, gn_error *err) {
    gn_status st = GN_OK;
    struct units u = {0};
    size_t k, typed = 0;
    double silhouette;
    measure_units(r, layer, &u);
    if (u.d == 0 || u.f == 0) goto done;
    u.profile = gn_calloc(u.d * u.f, sizeof *u.profile);
    u.r2 = gn_calloc(u.d, sizeof *u.r2);
    u.cluster = gn_calloc(u.d, sizeof *u.cluster);
    if (!u.profile || !u.r2 || !u.cluster) {
        st = gn_fail_nomem(err, "profiles of units", u.d * u.f * sizeof *u.profile);
        goto done;
    }
    read_units(r, layer, alpha, &u);
    GN_TRY(gn_mlem_cluster_units(ctx, u.profile, u.d, u.f, 0, u.cluster, &k, &silhouette, err));
    for (size_t i = 0; i < u.d; i++) typed += u.cluster[i] > 0;
    GN_TRY(add(r, &u, "unit_clusters", k ? (double)k : none, none, typed,
               k ? NULL : "fewer than 3 different units encode something", err));
    if (k) GN_TRY(gn_result_param_number(r, "silhouette", silhouette, err));
    for (size_t i = 0; i < u.d && k; i++) {
        GN_TRY(add(r, &u, "unit_cluster", u.cluster[i], none, typed,
                   u.cluster[i] ? NULL : "encodes nothing significantly", err));
        GN_TRY(gn_result_param_number(r, "unit", (double)i, err));
    }
    for (size_t c = 1; c <= k; c++) GN_TRY(add_cluster(r, &u, c, err));
done:
    gn_free(u.profile);
    gn_free(u.r2);
    gn_free(u.cluster);
    return st;
}

gn_status gn_mlem_add_clusters(gn_ctx *ctx, gn_result *result, double alpha, gn_error *err) {
    gn_status st = GN_OK;
    size_t rows = result->n_rows; /* before ours */
    int last = -1;
    for (size_t i = 0; i < rows; i++) {
        if (!is(&result->row[i].m, "r2") || result->row[i].m.layer == last) continue;
        last = result->row[i].m.layer;
        GN_TRY(cluster_layer(ctx, result, last, alpha > 0 ? alpha : 0.01, err));
    }
done:
    return st;
}
