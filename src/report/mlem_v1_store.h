/* Inside of the first pipeline's folders: one layer's place, which files are kept, their text. */
#ifndef GN_REPORT_MLEM_V1_STORE_H
#define GN_REPORT_MLEM_V1_STORE_H

#include "base/ctx.h"
#include "base/str.h"
#include "gonio/mlem_report.h"
#include "io/sha256.h"

/** Paths and what they are made of. */
typedef struct gn_v1_place {
    gn_v1_store_opts o;
    char *net;  /**< WORK/experiments/DATASET/MODEL/SPE */
    char *lay;  /**< NET/analysis/TAKE/METRIC/zscore_BOOL/layer_L, of the layer at work */
    char *take; /**< "first-token", "last-token", "mean", or the set's own word */
    char *model;
    bool special; /**< special tokens were added */
    size_t layer; /**< its number in the model */
    uint64_t seed;
} gn_v1_place;

/** @param reps whose record names model, pooling and special tokens. */
gn_status gn_v1_place_new(const gn_reps *reps, const gn_v1_store_opts *opts, uint64_t seed,
                          gn_v1_place *out, gn_error *err);
void gn_v1_place_free(gn_v1_place *p);
/** Moves p->lay to a layer. */
gn_status gn_v1_place_layer(gn_v1_place *p, size_t layer, gn_error *err);
/** NET/config.json and LAY/config.json: what the folders were made with. */
gn_status gn_v1_place_configs(const gn_v1_place *p, gn_error *err);
/** "DIR/min_max_BOOL/PREFIXfeature_importance_conditional_BOOL[_RANK_top_K]SUFFIX"; k 0: none. */
gn_status gn_v1_place_table(const gn_v1_place *p, const char *prefix, size_t k, const char *suffix,
                            char **out, gn_error *err);

/** Whether `path` is to be made: it is not there, its FILE.inputs is not `key`, or skip_existing is
 *  not above the threshold. Then both are gone, the folder is there, and FILE.inputs is `key`, so
 *  that a run that stops leaves no file that looks finished.
 *  @return GN_OK; GN_EINVAL (a file without FILE.inputs); GN_EIO; GN_ENOMEM. */
gn_status gn_v1_file_wanted(const char *path, const char *key, bool above, bool *wanted,
                            gn_error *err);

/** Heads and lines of the tables. `unit` SIZE_MAX: no such column; k 0: none. */
void gn_v1_table_head(gn_str *s, bool unit, bool top);
void gn_v1_table_rows(gn_str *s, const gn_v1_place *p, const gn_features *features,
                      const gn_v1_score *score, const gn_v1_importance *importance, size_t unit,
                      size_t k);
void gn_v1_decoding_table(gn_str *s, const gn_v1_place *p, const gn_features *features,
                          const gn_decoding *d);
/** Rank keys of d units, smaller first, from the table of single units. @param key (d)
 *  @return GN_OK; GN_EINVAL (no such rank); GN_EDATA (another table); GN_EIO; GN_ENOMEM. */
gn_status gn_v1_unit_keys(const char *path, const char *rank, const gn_features *features, size_t d,
                          double *key, gn_error *err);

/** A run over the layers of a set. */
typedef struct gn_v1_job {
    gn_ctx *ctx;
    const gn_reps *reps;
    const gn_features *features;
    gn_v1_place place;
    gn_result *result;
    gn_v1_work work;
    gn_v1 *v1;                        /* made by the first table that is */
    size_t stored;                    /* the layer at work */
    gn_mat a;                         /* its rows, scaled where that is asked for */
    float *scaled;                    /* room for them */
    double *distance;                 /* (pairs) of the layer, or NULL: not needed so far */
    char key[GN_SHA256_HEX];          /* of the layer's rows */
    char key_distance[GN_SHA256_HEX]; /* of its distances */
    char key_units[GN_SHA256_HEX];
} gn_v1_job;

/** A file's key: its kind, what lies above it, the features where it shows them, the options. */
gn_status gn_v1_file_key(const gn_v1_job *j, const char *what, const char *above, bool features,
                         const double *options, size_t n_options, char key[GN_SHA256_HEX],
                         gn_error *err);
/** The row `v1_file` of a file. */
gn_status gn_v1_file_note(const gn_v1_job *j, const char *kind, const char *path, bool made,
                          gn_error *err);
/** "DIR/NAME", to be freed. */
gn_status gn_v1_path_in(const char *dir, const char *name, char **out, gn_error *err);

/** The file of the features' distances. */
gn_status gn_v1_store_features(gn_v1_job *j, gn_error *err);
/** j->distance, for whoever needs it first: read from its file, or made and written. */
gn_status gn_v1_pull_distances(gn_v1_job *j, gn_error *err);
gn_status gn_v1_store_mds(gn_v1_job *j, gn_error *err);

#endif
