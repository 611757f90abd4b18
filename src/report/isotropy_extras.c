/* What gonio isotropy measures once a layer, on all of its rows: the sampled forms, the other mean,
 * the uncentred spectrum, the partition function, rogue dimensions, repairs, clusters, nulls. */
#include "base/mem.h"
#include "base/random.h"
#include "geometry/gaussian.h"
#include "math/stats.h"
#include "report/isotropy_rows.h"

#include <math.h>
#include <string.h>

static const double none = (double)NAN;
enum {
    NULL_ROWS = 50000,        /* of a Gaussian null at most */
    STREAM_NULL = 0x6e756c6c, /* "null" */
};

static gn_mat layer_of(const gn_isotropy_place *place) {
    return gn_reps_layer(place->plan->reps, place->layer);
}

/* Options for all rows, with types and sequences. */
static gn_isotropy_opts all_rows(const gn_isotropy_place *place, unsigned skip) {
    const gn_isotropy_plan *p = place->plan;
    return (gn_isotropy_opts){.type = p->type, .sequence = gn_reps_sequence(p->reps), .skip = skip};
}

/* One random row a type; and the mean over types instead of over rows. */
static gn_status sampled(const gn_isotropy_place *place, gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    gn_isotropy_opts o = all_rows(place, GN_SKIP_BARS | GN_SKIP_SPECTRUM | GN_SKIP_CENTRED);
    gn_cosine_draws c;
    gn_isotropy s;
    gn_repair *repair = NULL;
    gn_status st = GN_OK;
    if (!p->type) return GN_OK;
    GN_TRY(gn_cosines_sample(p->ctx, layer_of(place), &o, p->opts.n_draws, &c, err));
    for (int centred = 0; centred < 2; centred++) {
        double sd = centred ? c.centred_sd : c.raw_sd;
        GN_TRY(gn_isotropy_add(place, "inter_cosine", centred ? "sampled_centred" : "sampled",
                               centred ? c.centred : c.raw, sd / sqrt((double)c.n_draws),
                               "over draws", c.n_types, NULL, err));
        GN_TRY(gn_isotropy_param(place, "sd", sd, err));
    }
    GN_TRY(gn_repair_new(p->ctx, layer_of(place), GN_REPAIR_TYPE_MEAN,
                         &(gn_repair_opts){.type = p->type}, &repair, err));
    o.repair = repair;
    GN_TRY(gn_isotropy_compute(p->ctx, layer_of(place), &o, &s, NULL, err));
    GN_TRY(gn_isotropy_add_cosines(place, "type_centred", &s.raw, NULL, err));
done:
    gn_repair_free(repair);
    return st;
}

static gn_status uncentred(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                           gn_error *err) {
    gn_mat x = layer_of(place);
    double *l = NULL;
    gn_spectrum s;
    gn_status st;
    GN_TRY(gn_alloc_array(&l, x.cols, sizeof *l, "eigenvalues", err));
    GN_TRY(gn_spectrum_uncentred(layer->arrays.covariance, layer->arrays.mean, x.cols, l, err));
    gn_spectrum_read(l, x.cols, &s);
    GN_TRY(gn_isotropy_add(place, "rankme", "", s.effective_rank, none, NULL, x.rows, NULL, err));
    GN_TRY(gn_isotropy_add(place, "stable_rank", "uncentred", s.stable_rank, none, NULL, x.rows,
                           NULL, err));
    GN_TRY(gn_isotropy_add(place, "top1_share", "uncentred", s.top1_share, none, NULL, x.rows, NULL,
                           err));
    for (size_t j = 0; place->plan->opts.spectrum && j < x.cols; j++) {
        GN_TRY(gn_isotropy_add(place, "eigenvalue", "", layer->arrays.spectrum[j], none, NULL,
                               x.rows, NULL, err));
        GN_TRY(gn_isotropy_param(place, "rank", (double)(j + 1), err));
    }
done:
    gn_free(l);
    return st;
}

/* I(W) of the types' mean vectors; of the rows where there are no types. */
static gn_status partition(const gn_isotropy_place *place, gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    gn_isotropy_opts o = all_rows(place, 0);
    gn_mat x = layer_of(place);
    double *means = NULL;
    size_t n_types;
    gn_partition f;
    gn_status st = GN_OK;
    if (p->type) {
        GN_TRY(gn_type_means(p->ctx, x, &o, &means, &n_types, err));
        x = gn_mat_f64(means, n_types, x.cols);
    }
    GN_TRY(gn_partition_compute(p->ctx, x, NULL, &f, err));
    const double value[] = {f.exact, f.first, f.second};
    static const char *const variant[] = {"exact", "first", "second"};
    for (int i = 0; i < 3; i++) {
        GN_TRY(
            gn_isotropy_add(place, "partition", variant[i], value[i], none, NULL, f.n, NULL, err));
        GN_TRY(gn_result_param_text(p->result, "of", p->type ? "type means" : "rows", err));
        if (i == 0) GN_TRY(gn_isotropy_param(place, "log", f.log_exact, err));
    }
done:
    gn_array_f64_free(means);
    return st;
}

/* The coordinates with the largest shares of the baseline, raw or z-scored. */
static gn_status list_shares(const gn_isotropy_place *place, const char *variant,
                             const double *share, gn_error *err) {
    gn_mat x = layer_of(place);
    int32_t *order = NULL;
    gn_status st;
    GN_TRY(gn_alloc_array(&order, x.cols, sizeof *order, "shares of coordinates", err));
    GN_TRY(gn_argsort_f64(share, x.cols, order, err));
    for (size_t j = 0; j < place->plan->opts.n_rogue && j < x.cols; j++) {
        int32_t dim = order[x.cols - 1 - j];
        GN_TRY(gn_isotropy_add(place, "rogue_dimension", variant, share[dim], none, NULL, x.rows,
                               isnan(share[dim]) ? "no baseline to share" : NULL, err));
        GN_TRY(gn_isotropy_param(place, "rank", (double)(j + 1), err));
        GN_TRY(gn_isotropy_param(place, "dim", (double)dim, err));
    }
done:
    gn_free(order);
    return st;
}

static gn_status rogues(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                        gn_error *err) {
    gn_mat x = layer_of(place);
    gn_isotropy_opts o = all_rows(place, GN_SKIP_BARS);
    gn_repair_opts known = {.mean = layer->arrays.mean, .covariance = layer->arrays.covariance};
    gn_repair *zscore = NULL;
    gn_context_cosines c;
    double *share = NULL;
    gn_status st;
    GN_TRY(list_shares(place, "raw", layer->share, err));
    GN_TRY(gn_alloc_array(&share, x.cols, sizeof *share, "shares of coordinates", err));
    GN_TRY(gn_repair_new(place->plan->ctx, x, GN_REPAIR_ZSCORE, &known, &zscore, err));
    o.repair = zscore;
    GN_TRY(gn_context_compute(place->plan->ctx, x, &o, 0, &c, share, err));
    GN_TRY(gn_isotropy_add(place, "baseline_cosine", "zscore", c.baseline, none, NULL, c.n_rows,
                           NULL, err));
    GN_TRY(list_shares(place, "zscore", share, err));
done:
    gn_repair_free(zscore);
    gn_free(share);
    return st;
}

static gn_status mev(const gn_isotropy_place *place, gn_error *err) {
    gn_isotropy_opts o = all_rows(place, 0);
    gn_mev m;
    gn_status st;
    GN_TRY(gn_mev_compute(place->plan->ctx, layer_of(place), &o, NULL, &m, err));
    const struct {
        const char *variant;
        double value, se;
    } rows[] = {{"raw", m.value, m.value_se},
                {"adjusted", m.value - m.value_random, m.adjusted_se},
                {"centred", m.centred, m.centred_se},
                {"centred_adjusted", m.centred - m.centred_random, m.centred_adjusted_se}};
    for (size_t i = 0; i < 4; i++) {
        GN_TRY(gn_isotropy_add(place, "mev", rows[i].variant, rows[i].value, rows[i].se,
                               "over types", m.n_types,
                               m.n_types ? NULL : "no type occurs five times", err));
        GN_TRY(gn_isotropy_param(place, "types_sampled", (double)m.n_sampled, err));
    }
done:
    return st;
}

gn_status gn_isotropy_cai2021(const gn_isotropy_place *place, gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    gn_cai2021_opts cai = *p->opts.cai2021;
    gn_isotropy_opts o = all_rows(place, 0);
    gn_cai2021 c;
    gn_status st;
    if (p->opts.clusters) {
        cai.cluster = p->opts.clusters->code;
        cai.n_clusters = p->opts.clusters->n_classes;
    }
    GN_TRY(gn_cai2021_compute(p->ctx, layer_of(place), &o, &cai, &c, err));
    const struct {
        const char *measure, *by, *note;
        double value;
        size_t n;
    } rows[] = {{"inter_cosine", NULL,
                 cai.maxl > 0 ? NULL : "the scripts refuse this without --maxl above 0", c.inter,
                 c.n_rows},
                {"intra_cosine", NULL, c.n_intra_types ? NULL : "no type occurs twice", c.intra,
                 c.n_intra_types},
                {"inter_cosine", p->opts.cluster_name, NULL, c.cluster_inter, c.n_inter_clusters},
                {"intra_cosine", p->opts.cluster_name, NULL, c.cluster_intra, c.n_intra_clusters}};
    for (size_t i = 0; i < (cai.cluster ? 4u : 2u); i++) {
        gn_isotropy_place at = *place;
        at.by = rows[i].by;
        at.bin = at.by ? "mean" : NULL;
        at.low = none;
        GN_TRY(gn_isotropy_add(&at, rows[i].measure, "cai2021", rows[i].value, none, NULL,
                               rows[i].n, rows[i].note, err));
        GN_TRY(gn_isotropy_param(&at, "maxl", cai.maxl, err));
        GN_TRY(gn_isotropy_param(&at, "rows_kept", (double)c.n_rows, err));
        GN_TRY(gn_isotropy_param(&at, "columns_kept", (double)c.n_dims, err));
    }
done:
    return st;
}

gn_status gn_isotropy_extras(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                             gn_error *err) {
    gn_status st;
    GN_TRY(uncentred(place, layer, err));
    GN_TRY(sampled(place, err));
    GN_TRY(rogues(place, layer, err));
    GN_TRY(partition(place, err));
    if (place->plan->opts.mev) GN_TRY(mev(place, err));
done:
    return st;
}

gn_status gn_isotropy_repairs(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                              gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    gn_mat x = layer_of(place);
    double *spectrum = NULL;
    gn_repair *repair = NULL;
    gn_status st;
    GN_TRY(gn_alloc_array(&spectrum, x.cols, sizeof *spectrum, "eigenvalues", err));
    for (gn_repair_kind kind = 0; kind < GN_REPAIR_KINDS; kind++) {
        if (!(p->opts.repairs >> kind & 1)) continue;
        gn_isotropy_place after = *place;
        gn_repair_opts ro = {.n_directions = p->opts.n_directions,
                             .type = p->type,
                             .cluster = p->opts.clusters ? p->opts.clusters->code : NULL,
                             .n_clusters = p->opts.clusters ? p->opts.clusters->n_classes : 0,
                             .mean = layer->arrays.mean,
                             .covariance = layer->arrays.covariance};
        GN_TRY(gn_repair_new(p->ctx, x, kind, &ro, &repair, err));
        bool closed = kind != GN_REPAIR_CLUSTER;
        if (closed) GN_TRY(gn_repair_spectrum(repair, layer->arrays.covariance, spectrum, err));
        after.repair = gn_repair_name(kind);
        GN_TRY(gn_isotropy_summarise(&after, &(gn_isotropy_opts){.repair = repair},
                                     closed ? spectrum : NULL, NULL, err));
        gn_repair_free(repair);
        repair = NULL;
    }
done:
    gn_repair_free(repair);
    gn_free(spectrum);
    return st;
}

/* ---- clusters -----------------------------------------------------------------------------------
 */

/* Means over clusters of one cosine. */
struct over {
    double sum, weighted, rows;
    size_t n, n_left;
};

static void take(struct over *o, double value, size_t rows) {
    if (isnan(value)) {
        o->n_left++;
        return;
    }
    o->sum += value;
    o->weighted += value * (double)rows;
    o->rows += (double)rows;
    o->n++;
}

static gn_status add_means(gn_isotropy_place place, const char *measure, const char *variant,
                           const struct over *o, size_t singletons, gn_error *err) {
    gn_status st = GN_OK;
    for (int weighted = 0; weighted < 2; weighted++) {
        place.bin = weighted ? "mean, by rows" : "mean";
        GN_TRY(gn_isotropy_add(&place, measure, variant,
                               o->n == 0  ? none
                               : weighted ? o->weighted / o->rows
                                          : o->sum / (double)o->n,
                               none, NULL, o->n, o->n ? NULL : "no cluster has a value", err));
        GN_TRY(gn_isotropy_param(&place, "clusters_left_out", (double)o->n_left, err));
        if (strcmp(measure, "intra_cosine") == 0)
            GN_TRY(gn_isotropy_param(&place, "types_left_out", (double)singletons, err));
    }
done:
    return st;
}

gn_status gn_isotropy_clusters(const gn_isotropy_place *place, gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    const gn_labels *labels = p->opts.clusters;
    gn_isotropy_place at = *place;
    struct over inter[2] = {{0}}, intra[2] = {{0}};
    size_t singletons = 0;
    int32_t *row = NULL;
    gn_status st;
    at.by = p->opts.cluster_name;
    at.low = at.high = none;
    GN_TRY(gn_alloc_array(&row, labels->n, sizeof *row, "rows of a cluster", err));
    for (size_t k = 0; k < labels->n_classes; k++) {
        gn_isotropy_opts o = all_rows(place, GN_SKIP_SPECTRUM);
        gn_isotropy s = {.raw = {none, none, none, none, 0, 0}};
        o.row = row;
        for (size_t i = 0; i < labels->n; i++)
            if (labels->code[i] == (int32_t)k) row[o.n_rows++] = (int32_t)i;
        at.bin = labels->name[k];
        s.centred = s.raw;
        if (o.n_rows >= 2) {
            GN_TRY(gn_isotropy_compute(p->ctx, layer_of(place), &o, &s, NULL, err));
            static const char rule[] = "jackknife over sequences";
            GN_TRY(gn_isotropy_add_cosines(&at, "raw", &s.raw, rule, err));
            GN_TRY(gn_isotropy_add_cosines(&at, "centred", &s.centred, rule, err));
        }
        take(&inter[0], s.raw.inter, o.n_rows);
        take(&inter[1], s.centred.inter, o.n_rows);
        take(&intra[0], s.raw.intra, o.n_rows);
        take(&intra[1], s.centred.intra, o.n_rows);
        singletons += s.raw.n_types - s.raw.n_intra_types;
    }
    for (int centred = 0; centred < 2; centred++) {
        const char *variant = centred ? "centred" : "raw";
        GN_TRY(add_means(at, "inter_cosine", variant, &inter[centred], singletons, err));
        GN_TRY(add_means(at, "intra_cosine", variant, &intra[centred], singletons, err));
    }
done:
    gn_free(row);
    return st;
}

/* ---- nulls --------------------------------------------------------------------------------------
 */

/* Types dealt out at random: what intra would be if types meant nothing. */
static gn_status null_types(gn_isotropy_place place, gn_error *err) {
    const gn_isotropy_plan *p = place.plan;
    gn_isotropy_opts o = all_rows(&place, GN_SKIP_BARS | GN_SKIP_SPECTRUM);
    size_t n = gn_reps_rows(p->reps);
    gn_random r = gn_random_new(gn_ctx_seed(p->ctx), STREAM_NULL);
    int32_t *type = NULL;
    gn_isotropy s;
    gn_status st;
    GN_TRY(gn_alloc_array(&type, n, sizeof *type, "shuffled types", err));
    memcpy(type, p->type, n * sizeof *type);
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)gn_random_below(&r, i);
        int32_t t = type[i - 1];
        type[i - 1] = type[j];
        type[j] = t;
    }
    o.type = type;
    GN_TRY(gn_isotropy_compute(p->ctx, layer_of(&place), &o, &s, NULL, err));
    place.null = "types";
    GN_TRY(gn_isotropy_add_cosines(&place, "raw", &s.raw, NULL, err));
    GN_TRY(gn_isotropy_add_cosines(&place, "centred", &s.centred, NULL, err));
done:
    gn_free(type);
    return st;
}

/* As many Gaussian rows with the layer's mean and covariance, at most NULL_ROWS. */
static gn_status null_gaussian(gn_isotropy_place place, const gn_isotropy_layer *layer,
                               gn_error *err) {
    const gn_isotropy_plan *p = place.plan;
    gn_mat x = layer_of(&place);
    size_t n = x.rows < NULL_ROWS ? x.rows : NULL_ROWS, bytes;
    float *rows = NULL;
    int32_t *type = NULL, *picked = NULL;
    gn_isotropy s;
    gn_status st;
    if (!gn_mul(x.cols, sizeof *rows, &bytes)) bytes = SIZE_MAX;
    GN_TRY(gn_alloc_array(&rows, n, bytes, "Gaussian rows", err));
    GN_TRY(gn_alloc_array(&picked, n, sizeof *picked, "Gaussian rows", err));
    GN_TRY(gn_alloc_array(&type, n, sizeof *type, "Gaussian rows", err));
    gn_random r = gn_random_new(gn_ctx_seed(p->ctx), STREAM_NULL + 1);
    gn_random_subset(&r, x.rows, n, picked);
    for (size_t i = 0; i < n; i++) type[i] = p->type ? p->type[picked[i]] : (int32_t)i;
    GN_TRY(gn_gaussian_rows(p->ctx, layer->arrays.mean, layer->arrays.covariance, x.cols, n,
                            STREAM_NULL, rows, err));
    gn_isotropy_opts o = {.type = type, .skip = GN_SKIP_BARS};
    GN_TRY(gn_isotropy_compute(p->ctx, gn_mat_f32(rows, n, x.cols), &o, &s, NULL, err));
    place.null = "gaussian";
    GN_TRY(gn_isotropy_add_cosines(&place, "raw", &s.raw, NULL, err));
    GN_TRY(gn_isotropy_add_cosines(&place, "centred", &s.centred, NULL, err));
    const struct {
        const char *measure, *variant;
        double value;
    } more[] = {{"norm", "mean", s.norm_mean},
                {"norm", "max", s.norm_max},
                {"participation_ratio", "", s.participation_ratio},
                {"isoscore", "", s.isoscore},
                {"effective_rank", "", s.effective_rank}};
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        GN_TRY(gn_isotropy_add(&place, more[i].measure, more[i].variant, more[i].value, none, NULL,
                               n, NULL, err));
done:
    gn_free(rows), gn_free(type), gn_free(picked);
    return st;
}

gn_status gn_isotropy_nulls(const gn_isotropy_place *place, const gn_isotropy_layer *layer,
                            gn_error *err) {
    gn_status st = GN_OK;
    if (place->plan->opts.null_types && place->plan->type) GN_TRY(null_types(*place, err));
    if (place->plan->opts.null_gaussian) GN_TRY(null_gaussian(*place, layer, err));
done:
    return st;
}
