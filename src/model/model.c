/* Opening a Hugging Face folder and telling what is in it. */
#include "model/model.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "io/sha256.h"

#include <stdlib.h>
#include <string.h>

/* A config is a few KB; anything larger is another file. */
enum { MAX_CONFIG_BYTES = 1 << 20, MAX_INDEX_BYTES = 64 << 20 };

static const char SINGLE[] = "model.safetensors", INDEX[] = "model.safetensors.index.json";

static gn_status join(const char *dir, const char *name, char **out, gn_error *err) {
    *out = gn_path_join(dir, name);
    return *out ? GN_OK : gn_fail_nomem(err, "a path", strlen(dir) + strlen(name) + 2);
}

static gn_status read_config(const char *dir, gn_config *out, gn_error *err) {
    char *path = NULL, *text = NULL;
    size_t n;
    gn_status st;
    GN_TRY(join(dir, "config.json", &path, err));
    GN_TRY(gn_read_file(path, MAX_CONFIG_BYTES, &text, &n, err));
    st = gn_config_parse(text, n, path, out, err);
done:
    gn_free(text);
    gn_free(path);
    return st;
}

/* The one file with all weights, or the index of several. */
static gn_status weight_file(const char *dir, bool *sharded, char **out, gn_error *err) {
    char *single = NULL, *index = NULL;
    gn_status st;
    GN_TRY(join(dir, SINGLE, &single, err));
    GN_TRY(join(dir, INDEX, &index, err));
    *sharded = !gn_path_is_file(single);
    if (*sharded && !gn_path_is_file(index)) {
        st = gn_fail(err, GN_EIO, "%s: no weights: neither %s nor %s is there", dir, SINGLE, INDEX);
        goto done;
    }
    *out = *sharded ? index : single;
    if (*sharded)
        index = NULL;
    else
        single = NULL;
done:
    gn_free(single);
    gn_free(index);
    return st;
}

static void describe(gn_model *m) {
    const gn_config *c = &m->config;
    const gn_weights *w = &m->weights;
    m->info = (gn_model_info){.family = c->arch->family,
                              .name = c->name,
                              .n_layers = c->n_layers,
                              .d_model = c->d,
                              .n_heads = c->n_heads,
                              .d_ff = c->d_ff,
                              .vocab_size = c->vocab_size,
                              .max_positions = c->n_positions - c->first_position,
                              .type_vocab_size = c->type_vocab_size,
                              .norm_eps = c->eps,
                              .n_parameters = w->n_parameters,
                              .dtype = gn_dtype_name(w->dtype)};
    m->tables[m->n_tables++] = (gn_table){"word", gn_mat_f32(w->word, c->vocab_size, c->d)};
    m->tables[m->n_tables++] =
        (gn_table){"position", gn_mat_f32(w->position, c->n_positions, c->d)};
    if (w->type)
        m->tables[m->n_tables++] =
            (gn_table){"token_type", gn_mat_f32(w->type, c->type_vocab_size, c->d)};
}

/* The folder's own name, for configs that do not say what the model is called. */
static void name_after_folder(gn_config *c, const char *dir) {
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/') n--;
    size_t start = n;
    while (start > 0 && dir[start - 1] != '/') start--;
    size_t k = n - start < sizeof c->name - 1 ? n - start : sizeof c->name - 1;
    memcpy(c->name, dir + start, k);
    c->name[k] = '\0';
}

gn_status gn_model_open(gn_ctx *ctx, const char *dir, const gn_model_opts *opts, gn_model **out,
                        gn_error *err) {
    gn_precision precision = opts ? opts->precision : GN_PRECISION_EXACT;
    gn_tensors *tensors = NULL;
    gn_model *m = NULL;
    char *file = NULL;
    bool sharded;
    gn_status st;
    if (precision > GN_PRECISION_DRAFT)
        return gn_fail(err, GN_EINVAL, "precision %d, expected 0 (exact) to 2 (draft)",
                       (int)precision);
    m = gn_calloc(1, sizeof *m);
    if (!m) return gn_fail_nomem(err, "a model", sizeof *m);
    m->gemm = gn_gemm_for(gn_ctx_cpu(ctx), 3 - (unsigned)precision);
    m->nn = gn_nn_for(gn_ctx_cpu(ctx));
    GN_TRY(read_config(dir, &m->config, err));
    if (!m->config.name[0]) name_after_folder(&m->config, dir);
    GN_TRY(weight_file(dir, &sharded, &file, err));
    GN_TRY(gn_tensors_open(file, &tensors, err));
    GN_TRY(gn_weights_load(ctx, &m->config, tensors, file, m->gemm, &m->weights, err));
    m->dir = gn_strdup(dir);
    if (!m->dir) {
        st = gn_fail_nomem(err, "a path", strlen(dir) + 1);
        goto done;
    }
    describe(m);
    *out = m;
    m = NULL;
done:
    gn_tensors_free(tensors);
    gn_free(file);
    gn_model_free(m);
    return st;
}

void gn_model_free(gn_model *m) {
    if (!m) return;
    gn_weights_free(&m->weights);
    gn_free(m->dir);
    gn_free(m);
}

const gn_model_info *gn_model_get_info(const gn_model *model) {
    return &model->info;
}

size_t gn_model_table_count(const gn_model *model) {
    return model->n_tables;
}

gn_table gn_model_table(const gn_model *model, size_t i) {
    return model->tables[i];
}

/* ---- provenance ----------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gn_status hash_file(gn_sha256 *sha, const char *dir, const char *name, gn_error *err) {
    gn_map map = {0};
    char *path = NULL;
    gn_status st;
    GN_TRY(join(dir, name, &path, err));
    GN_TRY(gn_map_open(path, &map, err));
    st = gn_sha256_add(sha, map.data, map.n, err);
done:
    gn_map_close(&map);
    gn_free(path);
    return st;
}

/* The distinct files of an index, in name order, one after the other. */
static gn_status hash_shards(gn_sha256 *sha, const char *dir, const char *index, gn_error *err) {
    json_t *root = NULL, *map, *value;
    const char *key, **name = NULL;
    size_t n = 0;
    gn_status st;
    GN_TRY(gn_json_open(index, MAX_INDEX_BYTES, &root, err));
    GN_TRY(gn_json_object(root, index, "weight_map", &map, err));
    GN_TRY(gn_alloc_array(&name, json_object_size(map), sizeof *name, "names of shards", err));
    json_object_foreach(map, key, value) {
        if ((name[n] = json_string_value(value)) == NULL) {
            st = gn_fail(err, GN_EDATA, "%s: the file of tensor '%s' is not a string", index, key);
            goto done;
        }
        n++;
    }
    qsort(name, n, sizeof *name, by_text);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(name[i], name[i - 1]) != 0) GN_TRY(hash_file(sha, dir, name[i], err));
done:
    gn_free(name);
    json_decref(root);
    return st;
}

gn_status gn_model_sha256(const gn_model *model, char out[65], gn_error *err) {
    gn_sha256 *sha = NULL;
    char *file = NULL, hex[GN_SHA256_HEX];
    bool sharded;
    gn_status st;
    GN_TRY(weight_file(model->dir, &sharded, &file, err));
    GN_TRY(gn_sha256_new(&sha, err));
    if (sharded)
        GN_TRY(hash_shards(sha, model->dir, file, err));
    else
        GN_TRY(hash_file(sha, model->dir, SINGLE, err));
    st = gn_sha256_end(sha, hex, err);
    sha = NULL;
    if (st == GN_OK) memcpy(out, hex, sizeof hex);
done:
    gn_sha256_free(sha);
    gn_free(file);
    return st;
}
