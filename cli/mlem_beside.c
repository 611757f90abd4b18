/* From the words of the command line to the options of the library. */
#include "mlem_beside.h"

const char *const cli_beside_targets[] = {"squared", "min-max-squared", "min-max", "distance",
                                          NULL};
const char *const cli_beside_decoders[] = {"none", "ridge", "logistic", NULL};
const char *const cli_beside_compats[] = {"none", "mlem-v1", "mlem-v2", NULL};

static gn_status metric_of(const cli_beside *b, gn_pair_metric *out, gn_error *err) {
    *out = GN_PAIR_EUCLIDEAN;
    return b->metric ? gn_pair_metric_parse(b->metric, out, err) : GN_OK;
}

gn_status cli_beside_compat(gn_ctx *ctx, const cli_beside *b, const char *set, bool zscore,
                            const gn_reps *reps, const gn_features *features, gn_result *result,
                            gn_error *err) {
    if (b->compat == CLI_COMPAT_V2)
        return gn_measure_mlem_v2(ctx, reps, features, set, b->search, result, err);
    gn_measure_v1_opts o = {
        .set = set, .zscore = zscore, .decode = b->decode > 0, .units = b->units};
    gn_status st = metric_of(b, &o.v1.metric, err);
    o.v1.conditional = b->conditional;
    o.v1.no_min_max = b->no_min_max;
    return st != GN_OK ? st : gn_measure_mlem_v1(ctx, reps, features, &o, result, err);
}

gn_status cli_beside_rows(gn_ctx *ctx, const cli_beside *b, const char *set, const gn_reps *reps,
                          const gn_features *features, gn_result *result, gn_error *err) {
    gn_beside_opts o = {.set = set,
                        .target = (gn_pair_target)b->target,
                        .baselines = b->baselines,
                        .decode = b->baselines || b->decode > 0,
                        .decoder = b->decode == 2 ? GN_DECODE_LOGISTIC : GN_DECODE_RIDGE};
    gn_status st = metric_of(b, &o.metric, err);
    if (st != GN_OK || !(b->metric || b->target || b->baselines || b->decode)) return st;
    return gn_measure_mlem_beside(ctx, reps, features, &o, result, err);
}
