/* The first pipeline into its own folders. Each file is pulled by what needs it: a table that is
 * still good does not touch the distances, and without tables to make no pair gets its pattern. */
#include "report/mlem_v1_store.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "gonio/io.h"
#include "io/file.h"
#include "math/stats.h"
#include "report/mlem.h"
#include "report/mlem_cache.h"

#include <math.h>
#include <string.h>

static const double keep_tables = 2;

/* ---- what files depend on -------------------------------------------------------------------- */

/* The key of a table of importances, all units together or alone. */
static gn_status table_key(const gn_v1_job *j, const char *what, const char *above, size_t k,
                           char key[GN_SHA256_HEX], gn_error *err) {
    const gn_v1_opts *o = &j->place.o.measure.v1;
    const double options[] = {o->metric,
                              o->no_min_max,
                              o->conditional,
                              (double)o->n_permutations,
                              (double)k,
                              (double)o->n_trees,
                              (double)(j->place.seed >> 32),
                              (double)(uint32_t)j->place.seed};
    return gn_v1_file_key(j, what, above, true, options, sizeof options / sizeof *options, key,
                          err);
}

static gn_status layer_keys(gn_v1_job *j, gn_error *err) {
    gn_status st;
    gn_sha256 *s = NULL;
    const double shape[] = {(double)j->a.rows, (double)j->a.cols, (double)j->a.dtype,
                            j->place.o.measure.zscore};
    const double metric = j->place.o.measure.v1.metric;
    GN_TRY(gn_sha256_new(&s, err));
    GN_TRY(gn_sha256_add(s, shape, sizeof shape, err));
    GN_TRY(gn_mlem_key_rows(s, j->a, err));
    st = gn_sha256_end(s, j->key, err);
    s = NULL;
    if (st == GN_OK)
        st = gn_v1_file_key(j, "distance", j->key, false, &metric, 1, j->key_distance, err);
    if (st == GN_OK) st = table_key(j, "units", j->key, 0, j->key_units, err);
done:
    gn_sha256_free(s);
    return st;
}

/* ---- files ----------------------------------------------------------------------------------- */

static gn_status write_text(gn_str *s, const char *path, bool packed, gn_error *err) {
    char *text = NULL;
    gn_status st = gn_str_take(s, &text, err);
    if (st == GN_OK) st = (packed ? gn_write_gzip : gn_write_file)(path, text, strlen(text), err);
    gn_free(text);
    return st;
}

/* Pairs, folds and forests: only for tables that are made. */
static gn_status need_v1(gn_v1_job *j, gn_error *err) {
    if (j->v1) return GN_OK;
    return gn_v1_new(j->ctx, j->features, &j->place.o.measure.v1, &j->v1, err);
}

static gn_status store_importance(gn_v1_job *j, gn_error *err) {
    gn_status st;
    gn_str s = {0};
    char *path = NULL, key[GN_SHA256_HEX];
    gn_v1_score score;
    gn_v1_importance *fi = NULL;
    bool wanted;
    GN_TRY(gn_v1_place_table(&j->place, "", 0, ".csv", &path, err));
    GN_TRY(table_key(j, "importance", j->key_distance, 0, key, err));
    GN_TRY(gn_v1_file_wanted(path, key, j->place.o.skip_existing > keep_tables, &wanted, err));
    if (wanted) {
        GN_TRY(gn_v1_pull_distances(j, err));
        GN_TRY(need_v1(j, err));
        GN_TRY(gn_alloc_array(&fi, j->features->n_features, sizeof *fi, "importances", err));
        GN_TRY(gn_v1_measure_distances(j->v1, j->distance, &score, fi, err));
        gn_v1_table_head(&s, false, false);
        gn_v1_table_rows(&s, &j->place, j->features, &score, fi, SIZE_MAX, 0);
        GN_TRY(write_text(&s, path, false, err));
        j->work.importance++;
    }
    st = gn_v1_file_note(j, "importance", path, wanted, err);
done:
    gn_str_free(&s);
    gn_free(path);
    gn_free(fi);
    return st;
}

/* @param path of the table, for the ranks of units; to be freed */
static gn_status store_units(gn_v1_job *j, char **path, gn_error *err) {
    gn_status st;
    gn_str s = {0};
    gn_v1_score *score = NULL;
    gn_v1_importance *fi = NULL;
    size_t f = j->features->n_features, d = j->a.cols;
    bool wanted;
    GN_TRY(gn_v1_place_table(&j->place, "univariate_", 0, ".csv.gz", path, err));
    GN_TRY(gn_v1_file_wanted(*path, j->key_units, j->place.o.skip_existing > keep_tables, &wanted,
                             err));
    if (wanted) {
        GN_TRY(need_v1(j, err));
        GN_TRY(gn_alloc_array(&score, d, sizeof *score, "scores of units", err));
        GN_TRY(gn_alloc_array(&fi, d, f * sizeof *fi, "importances of units", err));
        GN_TRY(gn_v1_univariate(j->ctx, j->v1, j->a, score, fi, err));
        gn_v1_table_head(&s, true, false);
        for (size_t u = 0; u < d; u++)
            gn_v1_table_rows(&s, &j->place, j->features, &score[u], fi + u * f, u, 0);
        GN_TRY(write_text(&s, *path, true, err));
        j->work.units++;
    }
    st = gn_v1_file_note(j, "units", *path, wanted, err);
done:
    gn_str_free(&s);
    gn_free(score);
    gn_free(fi);
    return st;
}

/* The layer's columns order[0 .. k), measured together; their distances are not kept. */
static gn_status store_best(gn_v1_job *j, const int32_t *order, size_t k, double *columns,
                            gn_error *err) {
    gn_status st;
    gn_str s = {0}, above = {0};
    char *path = NULL, key[GN_SHA256_HEX];
    gn_v1_score score;
    gn_v1_importance *fi = NULL;
    size_t n = j->features->n;
    double *row = columns + n * k;
    bool wanted;
    gn_str_addf(&above, "%s %s", j->key_units, j->place.o.top_units);
    if (above.bad) {
        st = gn_fail_nomem(err, "a key", GN_SHA256_HEX);
        goto done;
    }
    GN_TRY(gn_v1_place_table(&j->place, "", k, ".csv", &path, err));
    GN_TRY(table_key(j, "top", above.text, k, key, err));
    GN_TRY(gn_v1_file_wanted(path, key, j->place.o.skip_existing > keep_tables, &wanted, err));
    if (wanted) {
        GN_TRY(need_v1(j, err));
        GN_TRY(gn_alloc_array(&fi, j->features->n_features, sizeof *fi, "importances", err));
        for (size_t i = 0; i < n; i++) {
            const double *from = gn_mat_row_f64(j->a, i, row);
            for (size_t c = 0; c < k; c++) columns[i * k + c] = from[order[c]];
        }
        GN_TRY(gn_v1_measure(j->ctx, j->v1, gn_mat_f64(columns, n, k), &score, fi, err));
        gn_v1_table_head(&s, false, true);
        gn_v1_table_rows(&s, &j->place, j->features, &score, fi, SIZE_MAX, k);
        GN_TRY(write_text(&s, path, false, err));
        j->work.top_k++;
    }
    st = gn_v1_file_note(j, "top_k", path, wanted, err);
done:
    gn_str_free(&s);
    gn_str_free(&above);
    gn_free(path);
    gn_free(fi);
    return st;
}

static gn_status store_top(gn_v1_job *j, const char *units, gn_error *err) {
    gn_status st;
    size_t d = j->a.cols, last = 0;
    double *key = NULL, *columns = NULL;
    int32_t *order = NULL;
    GN_TRY(gn_alloc_array(&key, d, sizeof *key, "ranked units", err));
    GN_TRY(gn_alloc_array(&order, d, sizeof *order, "ranked units", err));
    GN_TRY(
        gn_alloc_array(&columns, j->features->n + 1, d * sizeof *columns, "the best units", err));
    GN_TRY(gn_v1_unit_keys(units, j->place.o.top_units, j->features, d, key, err));
    GN_TRY(gn_argsort_f64(key, d, order, err));
    for (size_t g = 0; last < d; g++) {
        size_t k = gn_mlem_top_k(g, d);
        while (k < d && key[order[k]] <= key[order[k - 1]]) k++; /* ties stay together */
        if (k <= last) continue;
        GN_TRY(gn_ctx_poll(j->ctx, err));
        GN_TRY(store_best(j, order, k, columns, err));
        last = k;
    }
done:
    gn_free(key);
    gn_free(columns);
    gn_free(order);
    return st;
}

static gn_status store_decoding(gn_v1_job *j, gn_error *err) {
    gn_status st;
    gn_str s = {0};
    char *path = NULL, key[GN_SHA256_HEX];
    const double seed[] = {(double)(j->place.seed >> 32), (double)(uint32_t)j->place.seed};
    const gn_decoding_opts how = {.decoder = GN_DECODE_LOGISTIC, .missing_class = true};
    gn_decoding *d = NULL;
    bool wanted;
    GN_TRY(gn_v1_path_in(j->place.lay, "decoding_baseline.csv", &path, err));
    GN_TRY(gn_v1_file_key(j, "decoding", j->key, true, seed, 2, key, err));
    GN_TRY(gn_v1_file_wanted(path, key, j->place.o.skip_existing > keep_tables, &wanted, err));
    if (wanted) {
        GN_TRY(gn_alloc_array(&d, j->features->n_features, sizeof *d, "areas", err));
        GN_TRY(gn_decode(j->ctx, j->a, j->features, &how, d, NULL, err));
        gn_v1_decoding_table(&s, &j->place, j->features, d);
        GN_TRY(write_text(&s, path, false, err));
        j->work.decoding++;
    }
    st = gn_v1_file_note(j, "decoding", path, wanted, err);
done:
    gn_str_free(&s);
    gn_free(path);
    gn_free(d);
    return st;
}

static gn_status store_layer(gn_v1_job *j, gn_error *err) {
    gn_status st;
    char *units = NULL;
    const gn_v1_store_opts *o = &j->place.o;
    j->a = gn_reps_layer(j->reps, j->stored);
    GN_TRY(gn_mat_check_finite(j->a, gn_reps_name(j->reps), err));
    GN_TRY(layer_keys(j, err));
    if (o->measure.zscore) GN_TRY(gn_mlem_zscore(&j->a, &j->scaled, err));
    GN_TRY(gn_v1_place_layer(&j->place, gn_reps_layer_index(j->reps, j->stored), err));
    GN_TRY(store_importance(j, err));
    if (o->mds) GN_TRY(gn_v1_store_mds(j, err));
    if (o->measure.decode) GN_TRY(store_decoding(j, err));
    if (o->measure.units || o->top_units) GN_TRY(store_units(j, &units, err));
    if (o->top_units) GN_TRY(store_top(j, units, err));
    st = gn_v1_place_configs(&j->place, err);
done:
    gn_free(units);
    gn_free(j->distance);
    j->distance = NULL;
    if (st != GN_OK && st != GN_ECANCEL)
        gn_error_prefix(err, "%s, layer %zu", gn_reps_name(j->reps),
                        gn_reps_layer_index(j->reps, j->stored));
    return st;
}

static void add_work(gn_v1_work *to, const gn_v1_work *w) {
    to->features += w->features;
    to->distances += w->distances;
    to->mds += w->mds;
    to->importance += w->importance;
    to->units += w->units;
    to->top_k += w->top_k;
    to->decoding += w->decoding;
}

gn_status gn_mlem_v1_store(gn_ctx *ctx, const gn_reps *reps, const gn_features *features,
                           const gn_v1_store_opts *opts, gn_result *result, gn_v1_work *work,
                           gn_error *err) {
    gn_status st;
    gn_v1_job j = {.ctx = ctx, .reps = reps, .features = features, .result = result};
    size_t layers = gn_reps_layers(reps);
    if (gn_reps_rows(reps) != features->n || features->n < 2)
        return gn_fail(err, GN_EINVAL, "%s has %zu rows and the feature table %zu",
                       gn_reps_name(reps), gn_reps_rows(reps), features->n);
    GN_TRY(gn_v1_place_new(reps, opts, ctx ? gn_ctx_seed(ctx) : 0, &j.place, err));
    GN_TRY(gn_v1_store_features(&j, err));
    for (; j.stored < layers; j.stored++) {
        gn_ctx_progress(ctx, "mlem v1", (double)j.stored, (double)layers, "layers");
        GN_TRY(gn_ctx_poll(ctx, err));
        /* The published code drops the embeddings; a matrix alone has number 0, too. */
        if (layers == 1 || gn_reps_layer_index(reps, j.stored) > 0) GN_TRY(store_layer(&j, err));
    }
    gn_ctx_progress(ctx, "mlem v1", (double)layers, (double)layers, "layers");
done:
    if (work) add_work(work, &j.work);
    gn_v1_place_free(&j.place);
    gn_v1_free(j.v1);
    gn_free(j.scaled);
    gn_free(j.distance);
    return st;
}
