/* What gonio mlem measures beside its own rows: other metrics, baselines, the first pipeline. */
#ifndef GONIO_CLI_MLEM_BESIDE_H
#define GONIO_CLI_MLEM_BESIDE_H

#include "cli.h"
#include "gonio/mlem_report.h"

typedef struct cli_beside {
    const char *metric;
    int target, decode, compat; /* positions in the lists of words */
    size_t error_rows;          /* 0: the library's default */
    bool baselines, conditional, units, no_min_max, search, mds;
    const char *work_dir; /* of the first pipeline's files, or NULL */
    double skip_existing;
} cli_beside;

enum { CLI_COMPAT_NONE, CLI_COMPAT_V1, CLI_COMPAT_V2 };
extern const char *const cli_beside_targets[], *const cli_beside_decoders[],
                                                   *const cli_beside_compats[];

/** The first pipeline into its folders. @param table path of the feature table, whose name without
 *  ending is the data set's; model NULL: as the set says; top_units NULL or a rank */
gn_status cli_beside_store(gn_ctx *ctx, const cli_beside *b, const char *table, const char *model,
                           const char *top_units, bool zscore, const gn_reps *reps,
                           const gn_features *features, gn_result *result, gn_error *err);
/** The name of a table's data set. */
void cli_beside_dataset(const char *table, char *out, size_t n);
/** The rows of a published implementation, as `compat` says. */
gn_status cli_beside_compat(gn_ctx *ctx, const cli_beside *b, const char *set, bool zscore,
                            const gn_reps *reps, const gn_features *features, gn_result *result,
                            gn_error *err);
/** The rows beside MLEM's own; none when no option asks for them. */
gn_status cli_beside_rows(gn_ctx *ctx, const cli_beside *b, const char *set, const gn_reps *reps,
                          const gn_features *features, gn_result *result, gn_error *err);

#endif
