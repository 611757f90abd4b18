/* From the words of the command line to the options of the library. */
#include "mlem_beside.h"

#include <stdio.h>
#include <string.h>

const char *const cli_beside_targets[] = {"squared", "min-max-squared", "min-max", "distance",
                                          NULL};
const char *const cli_beside_decoders[] = {"none", "ridge", "logistic", NULL};
const char *const cli_beside_compats[] = {"none", "mlem-v1", "mlem-v2", NULL};

static gn_status metric_of(const cli_beside *b, gn_pair_metric *out, gn_error *err) {
    *out = GN_PAIR_EUCLIDEAN;
    return b->metric ? gn_pair_metric_parse(b->metric, out, err) : GN_OK;
}

static gn_status v1_opts(const cli_beside *b, const char *set, bool zscore, gn_measure_v1_opts *out,
                         gn_error *err) {
    *out = (gn_measure_v1_opts){
        .set = set, .zscore = zscore, .decode = b->decode > 0, .units = b->units};
    out->v1.conditional = b->conditional;
    out->v1.no_min_max = b->no_min_max;
    return metric_of(b, &out->v1.metric, err);
}

gn_status cli_beside_compat(gn_ctx *ctx, const cli_beside *b, const char *set, bool zscore,
                            const gn_reps *reps, const gn_features *features, gn_result *result,
                            gn_error *err) {
    if (b->compat == CLI_COMPAT_V2)
        return gn_measure_mlem_v2(ctx, reps, features, set, b->search, result, err);
    gn_measure_v1_opts o;
    gn_status st = v1_opts(b, set, zscore, &o, err);
    return st != GN_OK ? st : gn_measure_mlem_v1(ctx, reps, features, &o, result, err);
}

void cli_beside_dataset(const char *table, char *out, size_t n) {
    static const char *const endings[] = {".gz", ".csv", ".tsv"};
    const char *slash = strrchr(table, '/');
    snprintf(out, n, "%s", slash ? slash + 1 : table);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(out), e = strlen(endings[i]);
        if (length > e && strcmp(out + length - e, endings[i]) == 0) out[length - e] = '\0';
    }
}

gn_status cli_beside_store(gn_ctx *ctx, const cli_beside *b, const char *table, const char *model,
                           const char *top_units, bool zscore, const gn_reps *reps,
                           const gn_features *features, gn_result *result, gn_error *err) {
    char dataset[256];
    cli_beside_dataset(table, dataset, sizeof dataset);
    gn_v1_store_opts o = {.work_dir = b->work_dir,
                          .dataset = dataset,
                          .model = model,
                          .mds = b->mds,
                          .top_units = top_units,
                          .skip_existing = b->skip_existing};
    gn_status st = v1_opts(b, model, zscore, &o.measure, err);
    return st != GN_OK ? st : gn_mlem_v1_store(ctx, reps, features, &o, result, NULL, err);
}

gn_status cli_beside_rows(gn_ctx *ctx, const cli_beside *b, const char *set, const gn_reps *reps,
                          const gn_features *features, gn_result *result, gn_error *err) {
    gn_beside_opts o = {.set = set,
                        .target = (gn_pair_target)b->target,
                        .error_rows = b->error_rows,
                        .baselines = b->baselines,
                        .decode = b->baselines || b->decode > 0,
                        .decoder = b->decode == 2 ? GN_DECODE_LOGISTIC : GN_DECODE_RIDGE};
    gn_status st = metric_of(b, &o.metric, err);
    if (st != GN_OK || !(b->metric || b->target || b->baselines || b->decode)) return st;
    return gn_measure_mlem_beside(ctx, reps, features, &o, result, err);
}
