/* What the geometry screen shows of a layer. Names and formulas are those of docs/measures.md; a
 * value here is the one that the command of that measure prints for the same rows and space.
 *
 * Cosines, norms and the spectrum stream over all rows. Dimension, hubness and overlap need the
 * neighbours of all rows and take a seeded sample above GN_GEOMETRY_ROWS, the same in every layer.
 */
#include "view/layers/geometry.h"

#include "base/ctx.h"
#include "base/str.h"
#include "gonio/isotropy.h"
#include "gonio/lid.h"
#include "gonio/overlap.h"
#include "io/json.h"
#include "report/measure_id.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LEADING = 64, DOMINANT = 8, LISTED = 64 };

static const double none = (double)NAN;

gn_status gn_geometry_new(gn_geometry *out, gn_error *err) {
    gn_geometry g = {.spectra = json_object(), .dominant = json_object()};
    gn_status st = gn_result_new("view", &g.result, err);
    if (st == GN_OK && (!g.spectra || !g.dominant)) st = gn_fail_nomem(err, "a table", 1);
    if (st == GN_OK)
        *out = g;
    else
        gn_geometry_free(NULL, &g);
    return st;
}

void gn_geometry_free(gn_view *v, gn_geometry *g) {
    gn_result_free(g->result);
    json_decref(g->spectra);
    json_decref(g->dominant);
    gn_cache_give(v, g->previous);
    *g = (gn_geometry){0};
}

/* ---- cosines, norms, spectrum
 * -------------------------------------------------------------------- */

struct streaming {
    gn_repair *repair;
    gn_isotropy_opts opts;
    double *spectrum, *share;
};

static gn_status add_isotropy(const gn_spot *at, const gn_isotropy *m, gn_error *err) {
    const struct {
        const char *measure, *variant;
        double value, se;
    } rows[] = {{"inter_cosine", "raw", m->raw.inter, m->raw.inter_se},
                {"inter_cosine", "centred", m->centred.inter, m->centred.inter_se},
                {"intra_cosine", "raw", m->raw.intra, m->raw.intra_se},
                {"norm", "mean", m->norm_mean, m->norm_mean_se},
                {"norm", "median", m->norm_median, none},
                {"mean_norm", "", m->mean_norm, none},
                {"participation_ratio", "", m->participation_ratio, m->participation_ratio_se},
                {"effective_rank", "", m->effective_rank, none},
                {"isoscore", "", m->isoscore, none},
                {"top1_share", "", m->top1_share, none}};
    gn_status st = GN_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && st == GN_OK; i++)
        if (isfinite(rows[i].value) || strcmp(rows[i].measure, "intra_cosine") != 0)
            st = gn_spot_add(at, rows[i].measure, rows[i].variant, rows[i].value, rows[i].se, m->n,
                             isfinite(rows[i].value) ? NULL : "not defined for these rows", err);
    return st;
}

static void layer_key(gn_layer l, char key[24]) {
    snprintf(key, 24, "%zu", gn_source_layer(l.s, l.i));
}

static void add_spectrum(gn_geometry *g, gn_layer l, const double *spectrum) {
    char key[24];
    double total = 0;
    json_t *list = json_array();
    size_t d = l.s->about.dims;
    for (size_t c = 0; c < d; c++) total += spectrum[c];
    for (size_t c = 0; c < d && c < LEADING; c++)
        json_array_append_new(list, gn_json_real(spectrum[c] / total));
    layer_key(l, key);
    json_object_set_new(g->spectra, key, list);
}

/* The coordinates with the largest shares of the mean cosine. */
static void add_dominant(gn_geometry *g, gn_layer l, double *share) {
    char key[24];
    json_t *list = json_array();
    size_t d = l.s->about.dims;
    for (size_t n = 0; n < DOMINANT && n < d; n++) {
        size_t best = 0;
        for (size_t c = 1; c < d; c++)
            if (fabs(share[c]) > fabs(share[best])) best = c;
        if (!isfinite(share[best])) break;
        json_array_append_new(list, json_pack("{s:o,s:o}", "dim", gn_json_whole(best), "share",
                                              gn_json_real(share[best])));
        share[best] = 0;
    }
    layer_key(l, key);
    json_object_set_new(g->dominant, key, list);
}

static gn_status measure_streaming(gn_geometry *g, const gn_spot *at, gn_layer l, gn_space space,
                                   gn_ctx *ctx, gn_error *err) {
    gn_status st = GN_OK;
    gn_mat x = l.s->view[l.i];
    const gn_reps *reps = l.s->reps;
    gn_repair *repair = NULL;
    double *spectrum = NULL, *share = NULL;
    gn_isotropy m;
    gn_context_cosines context;
    gn_error why = {0};
    gn_isotropy_opts o = {.type = reps ? gn_row_types(reps) : NULL,
                          .sequence = reps ? gn_reps_sequence(reps) : NULL};
    GN_TRY(gn_alloc_array(&spectrum, x.cols, sizeof *spectrum, "eigenvalues", err));
    GN_TRY(gn_alloc_array(&share, x.cols, sizeof *share, "shares of coordinates", err));
    if (space.center)
        GN_TRY(gn_repair_new(ctx, x, space.remove ? GN_REPAIR_TOP : GN_REPAIR_MEAN,
                             &(gn_repair_opts){.n_directions = space.remove}, &repair, err));
    o.repair = repair;
    st = gn_isotropy_compute(ctx, x, &o, &m, &(gn_isotropy_arrays){.spectrum = spectrum}, &why);
    bool finite = st != GN_EDATA; /* a value that is not: nothing can be measured */
    if (!finite && err) *err = why;
    if (!finite) goto done;
    GN_TRY(gn_spot_settle(at, st, "inter_cosine", "raw", &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(add_isotropy(at, &m, err));
    add_spectrum(g, l, spectrum);
    st = gn_context_compute(ctx, x, &o, 0, &context, share, &why);
    if (st == GN_OK) add_dominant(g, l, share);
    if (st == GN_EDATA || st == GN_EINVAL) st = GN_OK; /* one sequence: no pairs of two */
    if (st != GN_OK && err) *err = why;
done:
    gn_repair_free(repair);
    gn_free(spectrum);
    gn_free(share);
    return gn_layer_prefix(l, st, err);
}

/* ---- neighbours -------------------------------------------------------------------------------
 */

static gn_status add_hubness(const gn_spot *at, const gn_knn *all, gn_error *err) {
    gn_status st;
    gn_hubness h;
    gn_error why = {0};
    size_t k = all->k < GN_GEOMETRY_K ? all->k : GN_GEOMETRY_K;
    st = gn_hubness_compute(all, k, NULL, &h, &why);
    GN_TRY(gn_spot_settle(at, st, "hubness", "skewness", &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(gn_spot_add(at, "hubness", "skewness", h.skewness, h.skewness_se, h.n,
                       isfinite(h.skewness) ? NULL : "every row is a neighbour equally often",
                       err));
    st = gn_spot_param(at, "k", (double)k, err);
done:
    return st;
}

static gn_status add_overlap(gn_geometry *g, const gn_spot *at, gn_layer l, const gn_knn *all,
                             gn_error *err) {
    gn_status st;
    gn_overlap o;
    gn_error why = {0};
    const gn_neighbors *before = gn_cached_value(g->previous);
    size_t k = all->k < GN_GEOMETRY_K ? all->k : GN_GEOMETRY_K;
    st = gn_overlap_data(before->all, all, k, &o, &why);
    GN_TRY(gn_spot_settle(at, st, "data_overlap", "", &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(gn_spot_add(at, "data_overlap", "", o.value, o.se, o.n, NULL, err));
    GN_TRY(gn_spot_param(at, "k", (double)k, err));
    GN_TRY(gn_spot_param(at, "other_layer", (double)gn_source_layer(l.s, g->previous_i), err));
    st = gn_spot_param(at, "chance", o.chance, err);
done:
    return st;
}

static gn_status measure_neighbors(gn_geometry *g, const gn_spot *at, gn_layer l, gn_space space,
                                   gn_ctx *ctx, gn_error *err) {
    gn_status st;
    gn_cached *held = NULL;
    GN_TRY(gn_layer_sample_neighbors(l, space, LISTED, GN_GEOMETRY_ROWS, ctx, &held, err));
    const gn_neighbors *found = gn_cached_value(held);
    GN_TRY(gn_spot_add(at, "n_duplicates", "", (double)found->n_duplicates, none, found->all->n,
                       NULL, err));
    if (found->distinct && found->distinct->n >= 3)
        GN_TRY(gn_rows_twonn_gride(at, found->distinct, &(gn_id_rows_opts){0}, NULL, err));
    else
        GN_TRY(
            gn_spot_add(at, "twonn", "base_0.9", none, none, 0, "fewer than 3 distinct rows", err));
    GN_TRY(add_hubness(at, found->all, err));
    if (g->previous) GN_TRY(add_overlap(g, at, l, found->all, err));
    gn_cache_give(l.v, g->previous);
    g->previous = held;
    g->previous_i = l.i;
    held = NULL;
done:
    gn_cache_give(l.v, held);
    return st;
}

gn_status gn_geometry_measure(gn_geometry *g, gn_layer l, gn_space space, gn_ctx *ctx,
                              gn_error *err) {
    gn_spot at = {.result = g->result,
                  .set = l.s->about.name,
                  .layer = gn_source_layer(l.s, l.i),
                  .depth = gn_source_depth(l.s, l.i)};
    gn_status st;
    if (l.s->about.rows < 2)
        return gn_spot_add(&at, "inter_cosine", "raw", none, none, l.s->about.rows,
                           "one row has no geometry", err);
    GN_TRY(measure_streaming(g, &at, l, space, ctx, err));
    st = measure_neighbors(g, &at, l, space, ctx, err);
done:
    return st;
}

/* ---- as text -----------------------------------------------------------------------------------
 */

static void add_member(gn_str *to, const char *name, const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT);
    gn_str_addf(to, "%s\"%s\":", to->n ? "," : "", name);
    if (text)
        gn_str_add(to, text);
    else
        to->bad = true;
    free(text);
}

gn_status gn_geometry_text(const gn_geometry *g, char **out, gn_error *err) {
    gn_status st;
    gn_str text = {0};
    char *document = NULL;
    json_t *parsed = NULL;
    GN_TRY(gn_result_json(g->result, &document, err));
    GN_TRY(gn_json_parse(document, strlen(document), "the table", &parsed, err));
    add_member(&text, "rows", json_object_get(parsed, "rows"));
    add_member(&text, "spectra", g->spectra);
    add_member(&text, "dominant", g->dominant);
    st = gn_str_take(&text, out, err);
done:
    json_decref(parsed);
    free(document);
    gn_str_free(&text);
    return st;
}
