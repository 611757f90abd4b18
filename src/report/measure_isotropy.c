/* The isotropy of each layer as rows. The same summary is taken of all rows, of the rows without
 * position 0 (in causal models the first token sees only itself, and a few huge vectors there can
 * be all that a layer's covariance shows), of bins of rows, and after repairs; the rows say which.
 * What is measured once, on all rows, is in isotropy_extras.c. */
#include "base/mem.h"
#include "report/isotropy_rows.h"
#include "report/subset.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_BINS = 40 };

/* Bins of rows by a number that each row has. */
struct bins {
    const char *by;
    size_t n;
    char name[MOST_BINS][48];
    double low[MOST_BINS], high[MOST_BINS];
    int32_t *bin; /* (rows) -1: in none */
    int32_t *row; /* (rows) scratch */
};

static void bins_free(struct bins *b) {
    gn_free(b->bin);
    gn_free(b->row);
}

/* Bin 0 is `first` alone; the next ones end below `second`, second x factor, ... */
static size_t bin_of(size_t value, size_t first, size_t second, size_t factor) {
    size_t b = 1;
    if (value <= first) return 0;
    for (size_t end = second; value >= end && b + 1 < MOST_BINS; b++) end *= factor;
    return b;
}

static void name_bins(struct bins *b, size_t first, size_t second, size_t factor) {
    size_t low = first, end = first + 1;
    for (size_t k = 0; k < MOST_BINS; k++) {
        b->low[k] = (double)low;
        b->high[k] = (double)(end - 1);
        if (end == low + 1)
            snprintf(b->name[k], sizeof b->name[k], "%zu", low);
        else
            snprintf(b->name[k], sizeof b->name[k], "%zu-%zu", low, end - 1);
        low = end;
        end = k ? end * factor : second;
    }
}

/* The number of rows of each row's type: 1, 2-9, 10-99, ... */
static gn_status frequency_bins(const gn_isotropy_plan *p, struct bins *b, gn_error *err) {
    size_t n = gn_reps_rows(p->reps), *count = NULL;
    int32_t most = 0;
    for (size_t i = 0; i < n; i++)
        if (p->type[i] > most) most = p->type[i];
    count = gn_calloc((size_t)most + 1, sizeof *count);
    if (!count) return gn_fail_nomem(err, "type counts", ((size_t)most + 1) * sizeof *count);
    for (size_t i = 0; i < n; i++)
        if (p->type[i] >= 0) count[p->type[i]]++;
    b->by = "frequency";
    name_bins(b, 1, 10, 10);
    for (size_t i = 0; i < n; i++) {
        b->bin[i] = (int32_t)bin_of(p->type[i] < 0 ? 1 : count[p->type[i]], 1, 10, 10);
        if ((size_t)b->bin[i] >= b->n) b->n = (size_t)b->bin[i] + 1;
    }
    gn_free(count);
    return GN_OK;
}

/* The position: 0, 1, 2-3, 4-7, ... */
static void position_bins(const gn_isotropy_plan *p, struct bins *b) {
    const int32_t *position = gn_reps_position(p->reps);
    b->by = "position";
    name_bins(b, 0, 2, 2);
    for (size_t i = 0; i < gn_reps_rows(p->reps); i++) {
        b->bin[i] = position[i] < 0 ? -1 : (int32_t)bin_of((size_t)position[i], 0, 2, 2);
        if (b->bin[i] >= (int32_t)b->n) b->n = (size_t)b->bin[i] + 1;
    }
}

static gn_status bins_new(const gn_isotropy_plan *p, bool frequency, struct bins *b,
                          gn_error *err) {
    size_t n = gn_reps_rows(p->reps);
    gn_status st;
    GN_TRY(gn_alloc_array(&b->bin, n, sizeof *b->bin, "bins", err));
    GN_TRY(gn_alloc_array(&b->row, n, sizeof *b->row, "bins", err));
    if (frequency)
        GN_TRY(frequency_bins(p, b, err));
    else
        position_bins(p, b);
done:
    return st;
}

/* ---- a layer ------------------------------------------------------------------------------------
 */

/* IsoScore* of a part of the layer. */
static gn_status add_star(const gn_isotropy_place *place, const gn_isotropy_layer *part,
                          const double *reference, size_t n, gn_error *err) {
    double zeta = place->plan->opts.zeta;
    size_t d = gn_reps_layer(place->plan->reps, place->layer).cols;
    gn_status st;
    if (!(zeta > 0)) return GN_OK;
    GN_TRY(gn_isotropy_add(place, "isoscore", "star",
                           gn_isoscore_star(part->arrays.covariance, reference, d, zeta),
                           (double)NAN, NULL, n, NULL, err));
    GN_TRY(gn_isotropy_param(place, "zeta", zeta, err));
done:
    return st;
}

/* The covariance that IsoScore* shrinks towards: of the same layer of the reference set. */
static gn_status reference_of(const gn_isotropy_plan *p, size_t layer, gn_isotropy_layer *out,
                              gn_error *err) {
    const gn_reps *other = p->opts.reference;
    size_t d = gn_reps_layer(p->reps, layer).cols, i = 0;
    gn_isotropy s;
    gn_status st;
    while (i < gn_reps_layers(other) &&
           gn_reps_layer_index(other, i) != gn_reps_layer_index(p->reps, layer))
        i++;
    if (i == gn_reps_layers(other))
        return gn_fail(err, GN_EINVAL, "%s has no layer %zu to be the reference",
                       gn_reps_name(other), gn_reps_layer_index(p->reps, layer));
    gn_mat x = gn_reps_layer(other, i);
    if (x.cols != d)
        return gn_fail(err, GN_EINVAL, "%s has %zu columns, its reference %s %zu",
                       gn_reps_name(p->reps), d, gn_reps_name(other), x.cols);
    GN_TRY(gn_isotropy_layer_new(d, out, err));
    GN_TRY(gn_isotropy_compute(p->ctx, x,
                               &(gn_isotropy_opts){.skip = GN_SKIP_BARS | GN_SKIP_COSINES}, &s,
                               &out->arrays, err));
done:
    return st;
}

/* The cosines of a part after subtracting the mean of the whole layer. */
static gn_status layer_centred(const gn_isotropy_place *place, const gn_isotropy_opts *part,
                               const double *mean, gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    gn_mat x = gn_reps_layer(p->reps, place->layer);
    gn_isotropy_opts o = *part;
    gn_repair *repair = NULL;
    gn_isotropy s;
    gn_status st;
    GN_TRY(gn_repair_new(p->ctx, x, GN_REPAIR_MEAN, &(gn_repair_opts){.mean = mean}, &repair, err));
    o.type = p->type;
    o.sequence = gn_reps_sequence(p->reps);
    o.repair = repair;
    o.skip = GN_SKIP_SPECTRUM | GN_SKIP_CENTRED;
    GN_TRY(gn_isotropy_compute(p->ctx, x, &o, &s, NULL, err));
    GN_TRY(gn_isotropy_add_cosines(place, "layer_centred", &s.raw,
                                   "jackknife over sequences, mean held fixed", err));
done:
    gn_repair_free(repair);
    return st;
}

static gn_status part_of(gn_isotropy_place *place, const int32_t *row, size_t n,
                         const gn_isotropy_layer *layer, const double *reference, gn_error *err) {
    gn_isotropy_opts o = {.row = row, .n_rows = n};
    gn_isotropy_layer part = {0};
    gn_status st;
    if (n < 2)
        return gn_isotropy_add(place, "inter_cosine", "raw", (double)NAN, (double)NAN, NULL, n,
                               "fewer than 2 rows", err);
    GN_TRY(gn_isotropy_layer_new(gn_reps_layer(place->plan->reps, place->layer).cols, &part, err));
    GN_TRY(gn_isotropy_summarise(place, &o, NULL, &part, err));
    GN_TRY(add_star(place, &part, reference, n, err));
    if (place->by) GN_TRY(layer_centred(place, &o, layer->arrays.mean, err));
done:
    gn_isotropy_layer_free(&part);
    return st;
}

static gn_status measure_bins(gn_isotropy_place place, bool frequency,
                              const gn_isotropy_layer *layer, const double *reference,
                              gn_error *err) {
    size_t rows = gn_reps_rows(place.plan->reps);
    struct bins b = {0};
    gn_status st;
    GN_TRY(bins_new(place.plan, frequency, &b, err));
    for (size_t k = 0; k < b.n; k++) {
        size_t n = 0;
        for (size_t i = 0; i < rows; i++)
            if (b.bin[i] == (int32_t)k) b.row[n++] = (int32_t)i;
        if (!n) continue;
        place.by = b.by;
        place.bin = b.name[k];
        place.low = b.low[k];
        place.high = b.high[k];
        GN_TRY(part_of(&place, b.row, n, layer, reference, err));
    }
done:
    bins_free(&b);
    return st;
}

static gn_status measure_layer(const gn_isotropy_plan *p, size_t i, gn_error *err) {
    gn_isotropy_place place = {.plan = p, .layer = i};
    gn_isotropy_layer layer = {0}, other = {0};
    gn_status st;
    if (p->opts.cai2021) return gn_isotropy_cai2021(&place, err);
    GN_TRY(gn_isotropy_layer_new(gn_reps_layer(p->reps, i).cols, &layer, err));
    GN_TRY(gn_isotropy_summarise(&place, &(gn_isotropy_opts){0}, NULL, &layer, err));
    const double *reference = layer.arrays.covariance;
    if (p->opts.reference) {
        GN_TRY(reference_of(p, i, &other, err));
        reference = other.arrays.covariance;
        GN_TRY(add_star(&place, &layer, reference, gn_reps_rows(p->reps), err));
    }
    GN_TRY(gn_isotropy_extras(&place, &layer, err));
    if (p->later) {
        place.first_position = "dropped";
        GN_TRY(part_of(&place, p->later, p->n_later, &layer, reference, err));
        place.first_position = NULL;
    }
    if (p->opts.by_frequency) GN_TRY(measure_bins(place, true, &layer, reference, err));
    if (p->opts.by_position) GN_TRY(measure_bins(place, false, &layer, reference, err));
    GN_TRY(gn_isotropy_repairs(&place, &layer, err));
    if (p->opts.clusters) GN_TRY(gn_isotropy_clusters(&place, err));
    GN_TRY(gn_isotropy_nulls(&place, &layer, err));
done:
    gn_isotropy_layer_free(&layer);
    gn_isotropy_layer_free(&other);
    return st;
}

/* ---- the set ------------------------------------------------------------------------------------
 */

static gn_status check(const gn_isotropy_plan *p, gn_error *err) {
    const gn_measure_isotropy_opts *o = &p->opts;
    const char *name = gn_reps_name(p->reps);
    const gn_labels *labels[] = {o->types, o->clusters};
    size_t rows = gn_reps_rows(p->reps);
    if (rows < 2)
        return gn_fail(err, GN_EINVAL, "%s: %zu rows: isotropy needs at least 2", name, rows);
    for (int i = 0; i < 2; i++)
        if (labels[i] && labels[i]->n != rows)
            return gn_fail(err, GN_EINVAL, "%zu labels for the %zu rows of %s", labels[i]->n, rows,
                           name);
    if (o->by_frequency && !p->type)
        return gn_fail(err, GN_EINVAL, "%s: rows have no types, so there are no frequencies", name);
    if (o->by_position && !gn_reps_position(p->reps))
        return gn_fail(err, GN_EINVAL, "%s: rows have no positions", name);
    if (o->repairs >> GN_REPAIR_CLUSTER & 1 && !o->clusters)
        return gn_fail(err, GN_EINVAL, "%s: the cluster repair needs clusters", name);
    for (size_t i = 0; i < o->n_eps; i++)
        if (!(o->eps[i] > 0 && o->eps[i] < 1))
            return gn_fail(err, GN_EINVAL, "effective dimension of %g: expected 0 < eps < 1",
                           o->eps[i]);
    if (!(o->zeta >= 0 && o->zeta <= 1))
        return gn_fail(err, GN_EINVAL, "IsoScore* with zeta %g: expected 0 to 1", o->zeta);
    return GN_OK;
}

static gn_status conditions(const gn_isotropy_plan *p, gn_error *err) {
    gn_result *r = p->result;
    gn_status st;
    GN_TRY(gn_result_set_number(r, "rows", (double)gn_reps_rows(p->reps), err));
    GN_TRY(gn_result_set_number(r, "dims", (double)gn_reps_layer(p->reps, 0).cols, err));
    GN_TRY(gn_result_set_text(r, "types",
                              p->opts.types ? "labels"
                              : p->type     ? "words or tokens"
                                            : "every row its own",
                              err));
    GN_TRY(gn_result_set_number(r, "n_draws", (double)p->opts.n_draws, err));
    if (p->opts.cai2021) GN_TRY(gn_result_set_text(r, "compat", "cai2021", err));
    if (p->opts.n_bootstrap)
        GN_TRY(gn_result_set_number(r, "n_bootstrap", (double)p->opts.n_bootstrap, err));
done:
    return st;
}

gn_status gn_measure_isotropy(gn_ctx *ctx, const gn_reps *reps,
                              const gn_measure_isotropy_opts *opts, gn_result *result,
                              gn_error *err) {
    static const double default_eps[] = {0.8, 0.9};
    gn_isotropy_plan p = {.ctx = ctx, .reps = reps, .result = result};
    char task[160];
    gn_status st;
    if (opts) p.opts = *opts;
    if (!p.opts.eps) {
        p.opts.eps = default_eps;
        p.opts.n_eps = 2;
    }
    if (!p.opts.n_draws) p.opts.n_draws = 20;
    if (!p.opts.n_rogue) p.opts.n_rogue = 3;
    p.type = p.opts.types ? p.opts.types->code : gn_row_types(reps);
    GN_TRY(check(&p, err));
    if (!p.opts.first_kept) GN_TRY(gn_later_rows(reps, &p.later, &p.n_later, err));
    GN_TRY(conditions(&p, err));
    snprintf(task, sizeof task, "isotropy, %.100s", gn_reps_name(reps));
    size_t n_layers = gn_reps_layers(reps);
    for (size_t i = 0; i < n_layers; i++) {
        gn_ctx_progress(ctx, task, (double)i, (double)n_layers, "layers");
        st = measure_layer(&p, i, err);
        if (st != GN_OK) {
            gn_error_prefix(err, "%s, layer %zu", gn_reps_name(reps), gn_reps_layer_index(reps, i));
            goto done;
        }
    }
    gn_ctx_progress(ctx, task, (double)n_layers, (double)n_layers, "layers");
done:
    gn_free(p.later);
    return st;
}
