/* gonio inspect: what is in there? A set, a model folder, a checkpoint file or a matrix. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"
#include "extract_options.h"
#include "gonio/io.h"
#include "gonio/model.h"
#include "gonio/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Facts are conditions of a result; the lines for people are printed from the same calls. */
struct report {
    gn_result *result;
    bool json;
    gn_status st;
    gn_error *err;
};

static void fact(struct report *r, const char *key, const char *format, ...) GN_PRINTF(3, 4);
static void fact(struct report *r, const char *key, const char *format, ...) {
    char value[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(value, sizeof value, format, args);
    va_end(args);
    if (r->json) {
        if (r->st == GN_OK) r->st = gn_result_set_text(r->result, key, value, r->err);
    } else {
        printf("%-16s %s\n", key, value);
    }
}

static void number(struct report *r, const char *key, size_t value) {
    if (!r->json)
        fact(r, key, "%zu", value);
    else if (r->st == GN_OK)
        r->st = gn_result_set_number(r->result, key, (double)value, r->err);
}

static bool is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

static bool has_file(const char *folder, const char *name) {
    char path[4400];
    struct stat s;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &s) == 0;
}

static gn_status inspect_set(struct report *r, const char *path) {
    gn_reps *reps = NULL;
    gn_status st = gn_reps_open(path, &reps, r->err);
    if (st != GN_OK) return st;
    fact(r, "kind", "%s", gn_reps_dir(reps) ? "representation set" : "matrix");
    fact(r, "name", "%s", gn_reps_name(reps));
    number(r, "rows", gn_reps_rows(reps));
    gn_mat x = gn_reps_layer(reps, 0);
    number(r, "dims", x.cols);
    fact(r, "dtype", "%s", gn_dtype_name(x.dtype));
    if (gn_reps_dir(reps)) {
        size_t n = gn_reps_layers(reps);
        number(r, "layers", n);
        fact(r, "layer range", "%zu to %zu", gn_reps_layer_index(reps, 0),
             gn_reps_layer_index(reps, n - 1));
        for (size_t c = 0; c < gn_reps_label_count(reps); c++) {
            char key[300];
            snprintf(key, sizeof key, "label %.280s", gn_reps_label_name(reps, c));
            fact(r, key, "%zu classes", gn_reps_labels(reps, c)->n_classes);
        }
        if (!r->json)
            printf("\n%s\n", gn_reps_meta(reps));
        else
            fact(r, "meta", "%s", gn_reps_meta(reps));
    }
    st = gn_mat_check_finite(x, gn_reps_name(reps), r->err);
    fact(r, "finite", "%s", st == GN_OK ? "yes" : r->err->message);
    gn_reps_free(reps);
    return r->st;
}

static gn_status inspect_model(struct report *r, const char *path) {
    gn_ctx *ctx = NULL;
    gn_model *model = NULL;
    gn_tokenizer *tok = NULL;
    char sha[65];
    gn_status st = gn_ctx_new(NULL, &ctx, r->err);
    if (st == GN_OK) st = gn_model_open(ctx, path, NULL, &model, r->err);
    if (st == GN_OK) st = gn_model_sha256(model, sha, r->err);
    if (st == GN_OK) {
        const gn_model_info *m = gn_model_get_info(model);
        fact(r, "kind", "model");
        fact(r, "family", "%s", m->family);
        fact(r, "name", "%s", m->name);
        number(r, "blocks", m->n_layers);
        number(r, "d_model", m->d_model);
        number(r, "heads", m->n_heads);
        number(r, "d_ff", m->d_ff);
        number(r, "vocabulary", m->vocab_size);
        number(r, "positions", m->max_positions);
        number(r, "parameters", m->n_parameters);
        fact(r, "dtype", "%s", m->dtype);
        fact(r, "sha256", "%s", sha);
        for (size_t i = 0; i < gn_model_table_count(model); i++) {
            gn_table t = gn_model_table(model, i);
            char key[80];
            snprintf(key, sizeof key, "table %.60s", t.name);
            fact(r, key, "%zu x %zu", t.rows.rows, t.rows.cols);
        }
        gn_error why;
        if (gn_tokenizer_open(path, &tok, &why) == GN_OK)
            fact(r, "tokenizer", "%s, %zu tokens", gn_tokenizer_kind(tok),
                 gn_tokenizer_vocab_size(tok));
        else
            fact(r, "tokenizer", "%s", why.message);
    }
    gn_tokenizer_free(tok);
    gn_model_free(model);
    gn_ctx_free(ctx);
    return st == GN_OK ? r->st : st;
}

static gn_status inspect_tensors(struct report *r, const char *path) {
    gn_tensors *t = NULL;
    gn_status st = gn_tensors_open(path, &t, r->err);
    if (st != GN_OK) return st;
    fact(r, "kind", "checkpoint");
    number(r, "tensors", gn_tensors_count(t));
    for (size_t i = 0; i < gn_tensors_count(t) && st == GN_OK; i++) {
        const gn_tensor_info *info = gn_tensors_at(t, i);
        char shape[200] = "[";
        for (size_t d = 0, used = 1; d < info->n_dims; d++)
            used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%zu", d ? ", " : "",
                                     info->shape[d]);
        strcat(shape, "]");
        if (!r->json) {
            printf("%-64s %-9s %s\n", info->name, gn_dtype_name(info->dtype), shape);
            continue;
        }
        st = gn_result_add(r->result,
                           &(gn_measurement){.set = path,
                                             .layer = -1,
                                             .depth = (double)NAN,
                                             .measure = "tensor_bytes",
                                             .value = (double)info->n_bytes,
                                             .se = (double)NAN,
                                             .n = 1},
                           r->err);
        if (st == GN_OK) st = gn_result_param_text(r->result, "tensor", info->name, r->err);
        if (st == GN_OK)
            st = gn_result_param_text(r->result, "dtype", gn_dtype_name(info->dtype), r->err);
        if (st == GN_OK) st = gn_result_param_text(r->result, "shape", shape, r->err);
    }
    gn_tensors_free(t);
    return st == GN_OK ? r->st : st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    int n = cli_parse(self, NULL, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 1) return cli_usage(self, "expected one FILE or DIR, got %d operand(s)", n);
    gn_error err = {0};
    struct report r = {.json = common.json, .err = &err};
    char *text = NULL;
    int status = CLI_FAILED;
    const char *path = argv[0], *dot = strrchr(path, '.');
    if (gn_result_new("inspect", &r.result, &err) != GN_OK) goto done;
    gn_status st;
    struct stat there;
    char model[4096];
    gn_error unknown;
    bool by_name =
        stat(path, &there) != 0 && cli_model_dir(path, model, sizeof model, &unknown) == GN_OK;
    if (by_name)
        st = inspect_model(&r, model);
    else if (is_folder(path) && has_file(path, "config.json"))
        st = inspect_model(&r, path);
    else if (dot && strcmp(dot, ".safetensors") == 0)
        st = inspect_tensors(&r, path);
    else
        st = inspect_set(&r, path);
    if (st != GN_OK) goto done;
    if (common.json) {
        if (gn_result_json(r.result, &text, &err) != GN_OK) goto done;
        status = cli_print(text);
    } else {
        status = CLI_DONE;
    }
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    free(text);
    gn_result_free(r.result);
    return status;
}

const cli_command cmd_inspect = {
    .name = "inspect",
    .summary = "what is in a file or folder: set, model, checkpoint, matrix",
    .synopsis = "FILE|DIR [--json]",
    .text = "A representation set: rows, dims, layers, labels and the record of how it was made. A "
            "model\n"
            "folder: architecture, sizes, tables, tokenizer, SHA-256 of the weights. A "
            ".safetensors file: its\n"
            "tensors. Any matrix: shape, type, and whether all values are finite.\n\n"
            "Example\n"
            "  gonio inspect all-MiniLM-L6-v2/model.safetensors\n",
    .run = run,
};
