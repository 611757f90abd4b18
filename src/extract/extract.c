/* Opening what the public calls name and handing it to the core. */
#include "gonio/extract.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "extract/core.h"
#include "extract/precision.h"
#include "io/file.h"
#include "io/sha256.h"
#include "reps/writer.h"

#include <string.h>

static gn_status forward(void *self, gn_ctx *ctx, gn_batch batch, gn_take take, gn_tap tap,
                         void *user, gn_error *err) {
    return gn_model_forward(ctx, self, batch, take, tap, user, err);
}

/* The files that the tokenizer was read from: tokenizer.json, or those that stand in for it. */
static gn_status tokenizer_sha256(const char *dir, char hex[GN_SHA256_HEX], gn_error *err) {
    static const char *const files[] = {
        "tokenizer.json",         "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json",
        "special_tokens_map.json"};
    gn_status st = GN_OK;
    gn_sha256 *sha = NULL;
    gn_map map = {0};
    char *path = NULL;
    GN_TRY(gn_sha256_new(&sha, err));
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        gn_free(path);
        if (!(path = gn_path_join(dir, files[i]))) {
            st = gn_fail_nomem(err, "a path", strlen(dir));
            goto done;
        }
        if (!gn_path_is_file(path)) continue;
        GN_TRY(gn_map_open(path, &map, err));
        GN_TRY(gn_sha256_add(sha, map.data, map.n, err));
        gn_map_close(&map);
        if (i == 0) break;
    }
    st = gn_sha256_end(sha, hex, err);
    sha = NULL;
done:
    gn_map_close(&map);
    gn_sha256_free(sha);
    gn_free(path);
    return st;
}

/* What a cheaper precision costs on this text, said in the log and in the result. */
static gn_status measure_precision(gn_ctx *ctx, const char *model_dir, const gn_extract_inputs *in,
                                   const gn_extract_opts *o, double *error, gn_error *err) {
    static const char *const names[] = {"exact", "fast", "draft"};
    gn_model *exact = NULL;
    gn_status st;
    GN_TRY(gn_model_open(ctx, model_dir, NULL, &exact, err));
    gn_source source = {.info = gn_model_get_info(exact), .forward = forward, .self = exact};
    GN_TRY(gn_extract_precision_error(ctx, &in->source, &source, in->tokenizer, in->corpus, o,
                                      error, err));
    if (*error == 0)
        gn_ctx_log(ctx, GN_LOG_INFO,
                   "precision %s is exact arithmetic on this processor: only AMX has cheaper ones",
                   names[o->model.precision]);
    else
        gn_ctx_log(
            ctx, GN_LOG_INFO,
            "precision %s: hidden states are within %.1e of exact arithmetic (relative, worst "
            "layer, first tokens of the text)",
            names[o->model.precision], *error);
done:
    gn_model_free(exact);
    return st;
}

gn_status gn_extract(gn_ctx *ctx, const char *model_dir, const char *corpus_path,
                     const gn_extract_opts *opts, const char *dir, gn_extract_result *result,
                     gn_error *err) {
    gn_status st = GN_OK;
    gn_extract_opts o = opts ? *opts : (gn_extract_opts){0};
    if (o.window.length) o.corpus.blank_lines = true; /* they have their special tokens, too */
    gn_tokenizer *tokenizer = NULL;
    gn_corpus *corpus = NULL;
    gn_model *model = NULL;
    char weights[GN_SHA256_HEX], vocabulary[GN_SHA256_HEX];
    /* the cheap ones first: a wrong column should not wait for a large model */
    GN_TRY(gn_tokenizer_open(model_dir, &tokenizer, err));
    GN_TRY(tokenizer_sha256(model_dir, vocabulary, err));
    GN_TRY(gn_corpus_open(corpus_path, &o.corpus, &corpus, err));
    GN_TRY(gn_model_open(ctx, model_dir, &o.model, &model, err));
    GN_TRY(gn_model_sha256(model, weights, err));
    gn_extract_inputs in = {.source = {.info = gn_model_get_info(model),
                                       .weights_sha256 = weights,
                                       .forward = forward,
                                       .self = model},
                            .tokenizer = tokenizer,
                            .tokenizer_sha256 = vocabulary,
                            .corpus = corpus,
                            .corpus_name = gn_path_base(corpus_path)};
    double precision_error = 0;
    GN_TRY(gn_extract_run(ctx, &in, &o, dir, result, err));
    if (o.model.precision != GN_PRECISION_EXACT)
        GN_TRY(measure_precision(ctx, model_dir, &in, &o, &precision_error, err));
    if (result) result->precision_error = precision_error;
done:
    gn_model_free(model);
    gn_corpus_free(corpus);
    gn_tokenizer_free(tokenizer);
    return st;
}

/* ---- static tables ----------------------------------------------------------------------------
 */

static gn_status write_table(gn_table table, const gn_model_info *info, const char *weights,
                             const char *vocabulary, const char *dir, bool overwrite,
                             gn_error *err) {
    static const size_t layer = 0;
    gn_status st = GN_OK;
    gn_reps_writer *w = NULL;
    json_t *model = NULL, *about = NULL;
    int32_t *number = NULL, *none = NULL;
    size_t n = table.rows.rows;
    bool words = strcmp(table.name, "word") == 0 || strcmp(table.name, "output") == 0;
    char *path = gn_path_join(dir, table.name);
    if (!path) return gn_fail_nomem(err, "a path", strlen(dir));
    GN_TRY(gn_alloc_array(&number, n, sizeof *number, "the row table", err));
    GN_TRY(gn_alloc_array(&none, n, sizeof *none, "the row table", err));
    for (size_t i = 0; i < n; i++) {
        number[i] = (int32_t)i;
        none[i] = -1;
    }
    GN_TRY(gn_extract_describe_model(info, weights, &model, err));
    about = json_pack("{s:O, s:s}", "model", model, "table", table.name);
    if (!about) {
        st = gn_fail_nomem(err, "gonio.json", 0);
        goto done;
    }
    gn_reps_plan plan = {.n_rows = n,
                         .n_dims = table.rows.cols,
                         .n_sequences = n,
                         .n_layers = 1,
                         .layer = &layer,
                         .dtype = GN_F32,
                         .token_id = number,
                         .sequence = number,
                         .position = strcmp(table.name, "position") == 0 ? number : none,
                         .vocab = words ? vocabulary : NULL,
                         .about = about};
    GN_TRY(gn_reps_writer_open(path, &plan, overwrite, &w, err));
    if (gn_reps_writer_rows(w) < n) {
        size_t done = gn_reps_writer_rows(w);
        const void *rows = (const float *)table.rows.data + done * table.rows.stride;
        GN_TRY(gn_reps_writer_append(w, &rows, n - done, n, err));
    }
    st = gn_reps_writer_finish(w, err);
done:
    gn_reps_writer_free(w);
    json_decref(about);
    json_decref(model);
    gn_free(none);
    gn_free(number);
    gn_free(path);
    return st;
}

gn_status gn_extract_tables(gn_ctx *ctx, const char *model_dir, const char *dir, bool overwrite,
                            gn_error *err) {
    gn_status st = GN_OK;
    gn_model *model = NULL;
    gn_tokenizer *tokenizer = NULL;
    char *vocabulary = NULL, weights[GN_SHA256_HEX];
    GN_TRY(gn_model_open(ctx, model_dir, NULL, &model, err));
    GN_TRY(gn_model_sha256(model, weights, err));
    GN_TRY(gn_tokenizer_open(model_dir, &tokenizer, err));
    GN_TRY(gn_extract_vocabulary(tokenizer, &vocabulary, err));
    for (size_t i = 0; i < gn_model_table_count(model); i++)
        GN_TRY(write_table(gn_model_table(model, i), gn_model_get_info(model), weights, vocabulary,
                           dir, overwrite, err));
done:
    gn_free(vocabulary);
    gn_tokenizer_free(tokenizer);
    gn_model_free(model);
    return st;
}
