/* From named tensors to packed weights.
 *
 * The config says how many blocks there are and how wide they are; the file says so again in
 * every shape. Both must agree, in both directions: a tensor that is missing or has another shape
 * is an error, and so is a block more than the config counts (reading only the first blocks of a
 * deeper model would give plausible numbers).
 *
 * Query, key and value are packed as one (3d, d) matrix: one pass over x instead of three. All
 * weights go through a float32 copy, because the packing kernels want rows, and because offsets
 * inside a safetensors file promise no alignment. */
#include "model/weights.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "io/array.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct loader {
    const gn_config *c;
    const gn_tensors *t;
    const char *file, *prefix;
    const gn_gemm *gemm;
    gn_weights *w;
    size_t *n_parameters; /* (n_blocks + 1): the embeddings', then each block's */
} loader;

enum { NAME_MAX_BYTES = 256 };

/* "PREFIX" + part with '#' replaced + suffix. */
static void tensor_name(const loader *l, gn_part part, size_t layer, const char *suffix,
                        char name[NAME_MAX_BYTES]) {
    const char *p = l->c->arch->part[part];
    const char *hash = strchr(p, '#');
    if (hash)
        snprintf(name, NAME_MAX_BYTES, "%s%.*s%zu%s%s", l->prefix, (int)(hash - p), p, layer,
                 hash + 1, suffix);
    else
        snprintf(name, NAME_MAX_BYTES, "%s%s%s", l->prefix, p, suffix);
}

/* The tensor under its name or its old one; *out is NULL when there is neither. */
static gn_status find(const loader *l, gn_part part, size_t layer, const char *suffix,
                      const char *old_suffix, const gn_tensor_info **out, gn_error *err) {
    char name[NAME_MAX_BYTES], old_name[NAME_MAX_BYTES];
    tensor_name(l, part, layer, suffix, name);
    const gn_tensor_info *info = gn_tensors_find(l->t, name);
    if (old_suffix) {
        tensor_name(l, part, layer, old_suffix, old_name);
        const gn_tensor_info *old = gn_tensors_find(l->t, old_name);
        if (info && old)
            return gn_fail(err, GN_EDATA, "%s: tensor '%s' is there again under its old name '%s'",
                           l->file, name, old_name);
        if (!info) info = old;
    }
    *out = info;
    return GN_OK;
}

static gn_status check(const loader *l, const gn_tensor_info *info, const size_t *shape, size_t n,
                       gn_error *err) {
    if (info->dtype != GN_F32 && info->dtype != GN_F16 && info->dtype != GN_BF16)
        return gn_fail(err, GN_EDATA,
                       "%s: tensor '%s' is %s, expected float32, float16 or bfloat16", l->file,
                       info->name, gn_dtype_name(info->dtype));
    bool same = info->n_dims == n;
    for (size_t i = 0; same && i < n; i++) same = info->shape[i] == shape[i];
    if (same) return GN_OK;
    char found[200], want[64];
    return gn_fail(err, GN_EDATA, "%s: tensor '%s' has shape %s, config.json means %s", l->file,
                   info->name, gn_shape_text(info->shape, info->n_dims, found, sizeof found),
                   gn_shape_text(shape, n, want, sizeof want));
}

/* n elements at any alignment to float32. */
static void to_f32(const unsigned char *data, gn_dtype dtype, size_t n, float *out) {
    if (dtype == GN_F32) {
        memcpy(out, data, n * sizeof *out);
        return;
    }
    uint16_t buf[1024];
    for (size_t i = 0, m; i < n; i += m) {
        m = n - i < 1024 ? n - i : 1024;
        memcpy(buf, data + 2 * i, 2 * m);
        gn_mat_row_f32((gn_mat){buf, 1, m, m, dtype}, 0, out + i);
    }
}

/* The tensor of a part, there and of the right shape; before anything of that size is allocated. */
static gn_status locate(const loader *l, gn_part part, size_t layer, bool bias, const size_t *shape,
                        size_t n_dims, const gn_tensor_info **out, gn_error *err) {
    bool norm = part == GN_PART_EMBED_NORM || part == GN_PART_FINAL_NORM || part == GN_PART_NORM1 ||
                part == GN_PART_NORM2;
    const char *suffix = bias ? ".bias" : ".weight";
    const char *old = !norm ? NULL : bias ? ".beta" : ".gamma";
    gn_status st = find(l, part, layer, suffix, old, out, err);
    if (st != GN_OK) return st;
    if (!*out) {
        char name[NAME_MAX_BYTES];
        tensor_name(l, part, layer, suffix, name);
        return gn_fail(err, GN_EDATA, "%s: tensor '%s' is missing", l->file, name);
    }
    return check(l, *out, shape, n_dims, err);
}

/* A located tensor's values into out. */
static gn_status read_into(const loader *l, const gn_tensor_info *info, float *out, gn_error *err) {
    size_t cols = info->shape[info->n_dims - 1];
    size_t n = info->n_dims == 2 ? info->shape[0] * cols : cols;
    to_f32(gn_tensors_data(l->t, info), info->dtype, n, out);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(out[i]))
            return gn_fail(err, GN_EDATA, "%s: tensor '%s' is %g in row %zu, column %zu", l->file,
                           info->name, (double)out[i], i / cols, i % cols);
    return GN_OK;
}

/* A tensor that is kept as it is: a table, a norm's weight or bias. Adds to *n_read. */
static gn_status read_array(const loader *l, gn_part part, size_t layer, bool bias,
                            const size_t *shape, size_t n_dims, float **out, size_t *n_read,
                            gn_error *err) {
    const gn_tensor_info *info;
    gn_status st = locate(l, part, layer, bias, shape, n_dims, &info, err);
    if (st != GN_OK) return st;
    size_t n = n_dims == 2 ? shape[0] * shape[1] : shape[0];
    if ((st = gn_alloc_array(out, n, sizeof **out, info->name, err)) != GN_OK) return st;
    *n_read += n;
    return read_into(l, info, *out, err);
}

static gn_status read_table(const loader *l, gn_part part, size_t rows, float **out, size_t *n_read,
                            gn_error *err) {
    return read_array(l, part, 0, false, (size_t[]){rows, l->c->d}, 2, out, n_read, err);
}

static gn_status read_norm(const loader *l, gn_part part, size_t layer, gn_norm *out,
                           size_t *n_read, gn_error *err) {
    const size_t d[] = {l->c->d};
    gn_status st = read_array(l, part, layer, false, d, 1, &out->gamma, n_read, err);
    return st == GN_OK ? read_array(l, part, layer, true, d, 1, &out->beta, n_read, err) : st;
}

/* Linear layers stacked into one packed matrix of n_parts * n_out rows. Weights that are stored
 * (in, out) are turned around. */
static gn_status read_dense(const loader *l, const gn_part *parts, size_t n_parts, size_t layer,
                            size_t n_out, size_t n_in, gn_dense *out, size_t *n_read,
                            gn_error *err) {
    bool in_out = l->c->arch->in_out;
    const size_t shape[] = {in_out ? n_in : n_out, in_out ? n_out : n_in};
    const gn_tensor_info *weight[3], *bias[3];
    float *w = NULL, *turned = NULL;
    gn_status st;
    for (size_t i = 0; i < n_parts; i++) {
        GN_TRY(locate(l, parts[i], layer, false, shape, 2, &weight[i], err));
        GN_TRY(locate(l, parts[i], layer, true, &n_out, 1, &bias[i], err));
    }
    size_t rows = n_parts * n_out, n = n_out * n_in;
    GN_TRY(gn_alloc_array(&w, n_parts * n, sizeof *w, weight[0]->name, err));
    if (in_out) GN_TRY(gn_alloc_array(&turned, n, sizeof *w, weight[0]->name, err));
    GN_TRY(gn_alloc_array(&out->b, rows, sizeof *out->b, bias[0]->name, err));
    for (size_t i = 0; i < n_parts; i++) {
        float *to = w + i * n;
        GN_TRY(read_into(l, weight[i], in_out ? turned : to, err));
        GN_TRY(read_into(l, bias[i], out->b + i * n_out, err));
        for (size_t o = 0; in_out && o < n_out; o++)
            for (size_t j = 0; j < n_in; j++) to[o * n_in + j] = turned[j * n_out + o];
    }
    *n_read += n_parts * n + rows;
    GN_TRY(gn_weight_pack(l->gemm, gn_mat_f32(w, rows, n_in), &out->w, err));
done:
    gn_free(w);
    gn_free(turned);
    return st;
}

static gn_status load_embeddings(loader *l, gn_error *err) {
    const gn_config *c = l->c;
    gn_weights *w = l->w;
    size_t *n = &l->n_parameters[0];
    gn_status st;
    GN_TRY(read_table(l, GN_PART_WORD, c->vocab_size, &w->word, n, err));
    GN_TRY(read_table(l, GN_PART_POSITION, c->n_positions, &w->position, n, err));
    if (c->arch->part[GN_PART_TYPE] && c->type_vocab_size)
        GN_TRY(read_table(l, GN_PART_TYPE, c->type_vocab_size, &w->type, n, err));
    if (c->arch->part[GN_PART_EMBED_NORM])
        GN_TRY(read_norm(l, GN_PART_EMBED_NORM, 0, &w->embed_norm, n, err));
    if (c->arch->part[GN_PART_FINAL_NORM])
        GN_TRY(read_norm(l, GN_PART_FINAL_NORM, 0, &w->final_norm, n, err));
done:
    return st;
}

static gn_status load_block(loader *l, size_t layer, gn_error *err) {
    const gn_config *c = l->c;
    gn_block *b = &l->w->block[layer];
    const gn_part qkv[] = {GN_PART_Q, GN_PART_K, GN_PART_V}, fused[] = {GN_PART_QKV};
    const gn_part out[] = {GN_PART_OUT}, up[] = {GN_PART_UP}, down[] = {GN_PART_DOWN};
    size_t *n = &l->n_parameters[layer + 1];
    gn_status st;
    if (c->arch->part[GN_PART_QKV])
        GN_TRY(read_dense(l, fused, 1, layer, 3 * c->d, c->d, &b->qkv, n, err));
    else
        GN_TRY(read_dense(l, qkv, 3, layer, c->d, c->d, &b->qkv, n, err));
    GN_TRY(read_dense(l, out, 1, layer, c->d, c->d, &b->out, n, err));
    GN_TRY(read_norm(l, GN_PART_NORM1, layer, &b->norm1, n, err));
    GN_TRY(read_dense(l, up, 1, layer, c->d_ff, c->d, &b->up, n, err));
    GN_TRY(read_dense(l, down, 1, layer, c->d, c->d_ff, &b->down, n, err));
    GN_TRY(read_norm(l, GN_PART_NORM2, layer, &b->norm2, n, err));
done:
    return st;
}

static gn_status load_part(void *user, size_t block, unsigned worker, gn_error *err) {
    loader *l = user;
    (void)worker;
    return block == 0 ? load_embeddings(l, err) : load_block(l, block - 1, err);
}

/* Heads put a prefix before all names: the word table decides which. */
static gn_status choose_prefix(loader *l, gn_error *err) {
    const char *chosen = NULL;
    char name[NAME_MAX_BYTES];
    for (const char *const *p = l->c->arch->prefixes; *p; p++) {
        l->prefix = *p;
        tensor_name(l, GN_PART_WORD, 0, ".weight", name);
        if (!gn_tensors_find(l->t, name)) continue;
        if (chosen)
            return gn_fail(err, GN_EDATA,
                           "%s: two models in one file: tensor '%s' is there with "
                           "the prefix '%s', too",
                           l->file, name, chosen);
        chosen = *p;
    }
    if (!chosen) {
        l->prefix = "";
        tensor_name(l, GN_PART_WORD, 0, ".weight", name);
        return gn_fail(err, GN_EDATA, "%s: tensor '%s' is missing, with and without a prefix",
                       l->file, name);
    }
    l->prefix = chosen;
    return GN_OK;
}

static gn_status check_depth(const loader *l, gn_error *err) {
    gn_part part = l->c->arch->part[GN_PART_QKV] ? GN_PART_QKV : GN_PART_Q;
    char name[NAME_MAX_BYTES];
    tensor_name(l, part, l->c->n_layers, ".weight", name);
    if (!gn_tensors_find(l->t, name)) return GN_OK;
    return gn_fail(err, GN_EDATA, "%s: tensor '%s' is there, but config.json counts %zu layers",
                   l->file, name, l->c->n_layers);
}

gn_status gn_weights_load(gn_ctx *ctx, const gn_config *c, const gn_tensors *t, const char *file,
                          const gn_gemm *gemm, gn_weights *out, gn_error *err) {
    gn_weights w = {.n_blocks = c->n_layers};
    loader l = {.c = c, .t = t, .file = file, .gemm = gemm, .w = &w};
    gn_status st;
    char name[NAME_MAX_BYTES];
    GN_TRY(choose_prefix(&l, err));
    GN_TRY(check_depth(&l, err));
    w.block = gn_calloc(w.n_blocks, sizeof *w.block);
    l.n_parameters = gn_calloc(w.n_blocks + 1, sizeof *l.n_parameters);
    if (!w.block || !l.n_parameters) {
        st = gn_fail_nomem(err, "the table of blocks", w.n_blocks * sizeof *w.block);
        goto done;
    }
    GN_TRY(gn_parallel(ctx, w.n_blocks + 1, load_part, &l, NULL, err));
    for (size_t i = 0; i <= w.n_blocks; i++) w.n_parameters += l.n_parameters[i];
    tensor_name(&l, GN_PART_WORD, 0, ".weight", name);
    w.dtype = gn_tensors_find(t, name)->dtype;
done:
    gn_free(l.n_parameters);
    if (st == GN_OK)
        *out = w;
    else
        gn_weights_free(&w);
    return st;
}

static void free_norm(gn_norm *n) {
    gn_free(n->gamma);
    gn_free(n->beta);
}

static void free_dense(gn_dense *d) {
    gn_weight_free(d->w);
    gn_free(d->b);
}

void gn_weights_free(gn_weights *w) {
    for (size_t i = 0; w->block && i < w->n_blocks; i++) {
        gn_block *b = &w->block[i];
        free_dense(&b->qkv);
        free_dense(&b->out);
        free_dense(&b->up);
        free_dense(&b->down);
        free_norm(&b->norm1);
        free_norm(&b->norm2);
    }
    gn_free(w->block);
    gn_free(w->word);
    gn_free(w->position);
    gn_free(w->type);
    free_norm(&w->embed_norm);
    free_norm(&w->final_norm);
    *w = (gn_weights){0};
}
