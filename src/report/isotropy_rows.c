/* One summary of rows of a layer as rows of the result. What the rows are about (a bin, a repair, a
 * null) is in their parameters, so that a table of all of them needs no names made of names. */
#include "report/isotropy_rows.h"

#include "base/mem.h"
#include "report/subset.h"

#include <math.h>
#include <string.h>

static const double none = (double)NAN;
static const char jackknife[] = "jackknife over sequences";

gn_status gn_isotropy_param(const gn_isotropy_place *place, const char *key, double value,
                            gn_error *err) {
    return gn_result_param_number(place->plan->result, key, value, err);
}

gn_status gn_isotropy_add(const gn_isotropy_place *place, const char *measure, const char *variant,
                          double value, double se, const char *se_rule, size_t n, const char *note,
                          gn_error *err) {
    gn_result *result = place->plan->result;
    gn_status st;
    GN_TRY(gn_layer_add(result, place->plan->reps, place->plan->opts.set, place->layer, measure,
                        variant, value, se, n, note, err));
    const struct {
        const char *key, *text;
    } tags[] = {{"first_position", place->first_position},
                {"repair", place->repair},
                {"by", place->by},
                {"bin", place->bin},
                {"null", place->null},
                {"se_rule", se_rule}};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i].text && (i < 5 || !isnan(se)))
            GN_TRY(gn_result_param_text(result, tags[i].key, tags[i].text, err));
    if (place->by && !isnan(place->low)) {
        GN_TRY(gn_isotropy_param(place, "low", place->low, err));
        GN_TRY(gn_isotropy_param(place, "high", place->high, err));
    }
done:
    return st;
}

gn_status gn_isotropy_layer_new(size_t d, gn_isotropy_layer *out, gn_error *err) {
    gn_status st;
    size_t elements;
    if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "the covariance", SIZE_MAX);
    GN_TRY(gn_alloc_array(&out->share, d, sizeof(double), "shares of coordinates", err));
    GN_TRY(gn_alloc_array(&out->arrays.mean, d, sizeof(double), "the mean", err));
    GN_TRY(gn_alloc_array(&out->arrays.spectrum, d, sizeof(double), "eigenvalues", err));
    GN_TRY(
        gn_alloc_array(&out->arrays.covariance, elements, sizeof(double), "the covariance", err));
done:
    return st;
}

void gn_isotropy_layer_free(gn_isotropy_layer *l) {
    gn_free(l->share);
    gn_free(l->arrays.mean);
    gn_free(l->arrays.spectrum);
    gn_free(l->arrays.covariance);
}

gn_status gn_isotropy_add_cosines(const gn_isotropy_place *place, const char *variant,
                                  const gn_cosines *c, const char *se_rule, gn_error *err) {
    gn_status st;
    GN_TRY(gn_isotropy_add(place, "inter_cosine", variant, c->inter, c->inter_se, se_rule,
                           c->n_types, c->n_types < 2 ? "only one type" : NULL, err));
    GN_TRY(gn_isotropy_add(place, "intra_cosine", variant, c->intra, c->intra_se, se_rule,
                           c->n_intra_types, c->n_intra_types ? NULL : "no type occurs twice",
                           err));
done:
    return st;
}

static gn_status add_norms(const gn_isotropy_place *place, const gn_isotropy *s, gn_error *err) {
    const struct {
        const char *measure, *variant;
        double value, se;
    } rows[] = {{"norm", "mean", s->norm_mean, s->norm_mean_se},
                {"norm", "sd", s->norm_sd, none},
                {"norm", "min", s->norm_min, none},
                {"norm", "median", s->norm_median, none},
                {"norm", "max", s->norm_max, none},
                {"mean_norm", "", s->mean_norm, none}};
    gn_status st = GN_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        GN_TRY(gn_isotropy_add(place, rows[i].measure, rows[i].variant, rows[i].value, rows[i].se,
                               "infinitesimal jackknife over sequences", s->n, NULL, err));
done:
    return st;
}

/* The spectrum's measures; `pr_se` NaN where there is no error bar. */
static gn_status add_spectrum(const gn_isotropy_place *place, const double *l, size_t d, size_t n,
                              double pr_se, gn_error *err) {
    static const char rule[] = "infinitesimal jackknife over sequences";
    const gn_measure_isotropy_opts *o = &place->plan->opts;
    gn_spectrum s;
    gn_status st;
    gn_spectrum_read(l, d, &s);
    const char *note = isnan(s.stable_rank) ? "the rows do not differ"
                       : n < d              ? "fewer rows than dimensions: biased low"
                                            : NULL;
    GN_TRY(gn_isotropy_add(place, "participation_ratio", "", s.participation_ratio, pr_se, rule, n,
                           note, err));
    GN_TRY(gn_isotropy_add(place, "isoscore", "", s.isoscore,
                           d > 1 ? pr_se / (double)(d - 1) : none, rule, n, note, err));
    const struct {
        const char *measure;
        double value;
    } rows[] = {{"effective_rank", s.effective_rank},
                {"stable_rank", s.stable_rank},
                {"top1_share", s.top1_share}};
    for (size_t i = 0; i < 3; i++)
        GN_TRY(
            gn_isotropy_add(place, rows[i].measure, "", rows[i].value, none, NULL, n, note, err));
    for (size_t i = 0; i < o->n_eps; i++) {
        size_t m = gn_spectrum_dims(l, d, o->eps[i], o->strict_eps);
        GN_TRY(gn_isotropy_add(place, "effective_dims", o->strict_eps ? "strict" : "",
                               m ? (double)m : none, none, NULL, n, note, err));
        GN_TRY(gn_isotropy_param(place, "eps", o->eps[i], err));
    }
done:
    return st;
}

/* Baseline and sentence similarity, and self-similarity, which the baseline is subtracted from. */
static gn_status add_context(const gn_isotropy_place *place, const gn_context_cosines *c,
                             const gn_cosines *raw, gn_error *err) {
    const char *rule = place->plan->opts.n_bootstrap ? "bootstrap over sequences" : jackknife;
    bool boot = place->plan->opts.n_bootstrap > 0;
    double b_se = boot ? c->baseline_bootstrap_se : c->baseline_se;
    double s_se = boot ? c->sentence_bootstrap_se : c->sentence_se;
    gn_status st;
    GN_TRY(gn_isotropy_add(place, "baseline_cosine", "", c->baseline, b_se, rule, c->n_rows,
                           c->n_sequences < 2 ? "only one sequence" : NULL, err));
    if (c->n_sentences) {
        GN_TRY(gn_isotropy_add(place, "sentence_similarity", "raw", c->sentence, s_se, rule,
                               c->n_sentences, NULL, err));
        GN_TRY(gn_isotropy_add(place, "sentence_similarity", "adjusted", c->sentence - c->baseline,
                               sqrt(s_se * s_se + b_se * b_se), "added in squares", c->n_sentences,
                               NULL, err));
    }
    if (raw->n_intra_types)
        GN_TRY(gn_isotropy_add(place, "self_similarity", "adjusted", raw->intra - c->baseline,
                               sqrt(raw->intra_se * raw->intra_se + b_se * b_se),
                               "added in squares", raw->n_intra_types, NULL, err));
done:
    return st;
}

gn_status gn_isotropy_summarise(const gn_isotropy_place *place, const gn_isotropy_opts *opts,
                                const double *spectrum, gn_isotropy_layer *keep, gn_error *err) {
    const gn_isotropy_plan *p = place->plan;
    gn_mat x = gn_reps_layer(p->reps, place->layer);
    gn_isotropy_opts o = *opts;
    gn_isotropy_layer own = {0};
    gn_isotropy s;
    gn_context_cosines c;
    gn_status st;
    if (!keep) GN_TRY(gn_isotropy_layer_new(x.cols, &own, err));
    gn_isotropy_layer *l = keep ? keep : &own;
    o.type = p->type;
    o.sequence = gn_reps_sequence(p->reps);
    if (spectrum) o.skip |= GN_SKIP_SPECTRUM;
    if (o.repair) o.skip |= GN_SKIP_CENTRED; /* every repair centres, in its way */
    GN_TRY(gn_isotropy_compute(p->ctx, x, &o, &s, &l->arrays, err));
    GN_TRY(
        gn_context_compute(p->ctx, x, &o, p->opts.n_bootstrap, &c, keep ? keep->share : NULL, err));
    GN_TRY(gn_isotropy_add_cosines(place, "raw", &s.raw, jackknife, err));
    if (!o.repair) GN_TRY(gn_isotropy_add_cosines(place, "centred", &s.centred, jackknife, err));
    GN_TRY(add_context(place, &c, &s.raw, err));
    GN_TRY(add_norms(place, &s, err));
    GN_TRY(add_spectrum(place, spectrum ? spectrum : l->arrays.spectrum, x.cols, s.n,
                        s.participation_ratio_se, err));
    if (keep) {
        keep->raw = s.raw;
        keep->baseline = c.baseline;
        keep->baseline_se = c.baseline_se;
    }
done:
    gn_isotropy_layer_free(&own);
    return st;
}
