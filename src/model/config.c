/* config.json is a promise about the tensors, written by another program years ago. Keys that are
 * missing get the default that the writing library had; keys that would change the graph in a way
 * that the table (arch.h) does not describe are refused by name rather than ignored: hidden states
 * that are silently wrong are worse than none. */
#include "model/config.h"

#include "io/json.h"

#include <stdio.h>
#include <string.h>

/* A model of this size does not fit any machine; a larger number is a damaged file. It also keeps
 * every product of two sizes far from overflow. */
enum { MAX_SIZE = 1 << 28, MAX_LAYERS = 1 << 12 };

static gn_status read_size(const json_t *root, const char *file, const char *key, size_t min,
                           size_t max, size_t *out, gn_error *err) {
    const json_t *v = json_object_get(root, key);
    if (!v) return gn_fail(err, GN_EDATA, "%s: '%s' is missing", file, key);
    if (!json_is_integer(v))
        return gn_fail(err, GN_EDATA, "%s: '%s' is not a whole number", file, key);
    json_int_t i = json_integer_value(v);
    if (i < (json_int_t)min || i > (json_int_t)max)
        return gn_fail(err, GN_EDATA, "%s: '%s' is %lld, expected %zu to %zu", file, key,
                       (long long)i, min, max);
    *out = (size_t)i;
    return GN_OK;
}

/* The same for a key that may be missing (or null, as some writers put it). */
static gn_status read_size_or(const json_t *root, const char *file, const char *key, size_t min,
                              size_t max, size_t absent, size_t *out, gn_error *err) {
    const json_t *v = key ? json_object_get(root, key) : NULL;
    if (v && !json_is_null(v)) return read_size(root, file, key, min, max, out, err);
    *out = absent;
    return GN_OK;
}

static gn_status read_text(const json_t *root, const char *file, const char *key, const char **out,
                           gn_error *err) {
    const json_t *v = json_object_get(root, key);
    *out = NULL;
    if (!v || json_is_null(v)) return GN_OK;
    if (!json_is_string(v)) return gn_fail(err, GN_EDATA, "%s: '%s' is not a string", file, key);
    *out = json_string_value(v);
    return GN_OK;
}

static gn_status find_arch(const json_t *root, const char *file, const gn_arch **out,
                           gn_error *err) {
    const char *type;
    gn_status st = read_text(root, file, "model_type", &type, err);
    if (st != GN_OK) return st;
    const char *class_name =
        json_string_value(json_array_get(json_object_get(root, "architectures"), 0));
    if (!type && !class_name)
        return gn_fail(err, GN_EDATA,
                       "%s: neither 'model_type' nor 'architectures' says what "
                       "kind of model this is",
                       file);
    const gn_arch *arch = gn_arch_find(type, class_name);
    if (!arch) {
        char known[256];
        gn_arch_list(known, sizeof known);
        return gn_fail(err, GN_ENOSUPP, "%s: %s '%.100s' is not known to this version (known: %s)",
                       file, type ? "model_type" : "architecture", type ? type : class_name, known);
    }
    *out = arch;
    return GN_OK;
}

static gn_status parse_act(const char *act, const char *file, const char *key, gn_activation *out,
                           gn_error *err) {
    static const struct {
        const char *name;
        gn_activation act;
    } known[] = {{"gelu", GN_ACT_GELU},          {"gelu_python", GN_ACT_GELU},
                 {"gelu_new", GN_ACT_GELU_TANH}, {"gelu_pytorch_tanh", GN_ACT_GELU_TANH},
                 {"relu", GN_ACT_RELU},          {"silu", GN_ACT_SILU},
                 {"swish", GN_ACT_SILU}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(act, known[i].name) == 0) {
            *out = known[i].act;
            return GN_OK;
        }
    return gn_fail(err, GN_ENOSUPP, "%s: '%s' is '%.100s', known are gelu, gelu_new, relu, silu",
                   file, key, act);
}

/* Keys under which a checkpoint of a known family can still be another graph. */
static gn_status check_variants(const json_t *root, const char *file, gn_error *err) {
    const char *positions;
    gn_status st = read_text(root, file, "position_embedding_type", &positions, err);
    if (st != GN_OK) return st;
    if (positions && strcmp(positions, "absolute") != 0)
        return gn_fail(err, GN_ENOSUPP,
                       "%s: 'position_embedding_type' is '%.100s', only absolute is supported",
                       file, positions);
    static const struct {
        const char *key;
        bool value;
    } supported[] = {{"is_decoder", false},
                     {"add_cross_attention", false},
                     {"sinusoidal_pos_embds", false},
                     {"scale_attn_weights", true},
                     {"scale_attn_by_inverse_layer_idx", false}};
    for (size_t i = 0; i < sizeof supported / sizeof supported[0]; i++) {
        const json_t *v = json_object_get(root, supported[i].key);
        if (json_is_boolean(v) && json_is_true(v) != supported[i].value)
            return gn_fail(err, GN_ENOSUPP, "%s: '%s' is %s, which is not supported", file,
                           supported[i].key, supported[i].value ? "false" : "true");
    }
    return GN_OK;
}

static gn_status read_numbers(const json_t *root, const char *file, gn_config *c, gn_error *err) {
    const gn_arch *a = c->arch;
    const gn_config_keys *k = &a->keys;
    gn_status st = GN_OK;
    GN_TRY(read_size(root, file, k->hidden, 1, MAX_SIZE, &c->d, err));
    GN_TRY(read_size(root, file, k->layers, 1, MAX_LAYERS, &c->n_layers, err));
    GN_TRY(read_size(root, file, k->heads, 1, MAX_SIZE, &c->n_heads, err));
    GN_TRY(read_size(root, file, k->vocab, 1, MAX_SIZE, &c->vocab_size, err));
    GN_TRY(read_size(root, file, k->positions, 1, MAX_SIZE, &c->n_positions, err));
    GN_TRY(
        read_size_or(root, file, k->types, 0, MAX_SIZE, a->absent.types, &c->type_vocab_size, err));
    if (a->absent.ff_factor)
        GN_TRY(read_size_or(root, file, k->ff, 1, MAX_SIZE, a->absent.ff_factor * c->d, &c->d_ff,
                            err));
    else
        GN_TRY(read_size(root, file, k->ff, 1, MAX_SIZE, &c->d_ff, err));
    if (c->d % c->n_heads != 0) {
        st = gn_fail(err, GN_EDATA, "%s: '%s' is %zu, not a multiple of '%s', %zu", file, k->hidden,
                     c->d, k->heads, c->n_heads);
        goto done;
    }
    if (a->positions_after_padding) {
        GN_TRY(read_size(root, file, "pad_token_id", 0, MAX_SIZE, &c->first_position, err));
        c->first_position++;
        if (c->first_position >= c->n_positions)
            st = gn_fail(err, GN_EDATA, "%s: '%s' is %zu, but the first position is %zu", file,
                         k->positions, c->n_positions, c->first_position);
    }
done:
    return st;
}

static gn_status read_eps(const json_t *root, const char *file, gn_config *c, gn_error *err) {
    const char *key = c->arch->keys.eps;
    const json_t *v = key ? json_object_get(root, key) : NULL;
    c->eps = c->arch->absent.eps;
    if (!v) return GN_OK;
    if (!json_is_number(v)) return gn_fail(err, GN_EDATA, "%s: '%s' is not a number", file, key);
    c->eps = json_number_value(v);
    if (!(c->eps >= 0 && c->eps < 1))
        return gn_fail(err, GN_EDATA, "%s: '%s' is %g, expected 0 to 1", file, key, c->eps);
    return GN_OK;
}

static gn_status read_all(const json_t *root, const char *file, gn_config *c, gn_error *err) {
    gn_status st;
    const char *act, *name;
    GN_TRY(find_arch(root, file, &c->arch, err));
    GN_TRY(check_variants(root, file, err));
    GN_TRY(read_numbers(root, file, c, err));
    GN_TRY(read_eps(root, file, c, err));
    GN_TRY(read_text(root, file, c->arch->keys.act, &act, err));
    GN_TRY(parse_act(act ? act : c->arch->absent.act, file, c->arch->keys.act, &c->act, err));
    GN_TRY(read_text(root, file, "_name_or_path", &name, err));
    snprintf(c->name, sizeof c->name, "%s", name ? name : "");
done:
    return st;
}

gn_status gn_config_parse(const char *text, size_t n, const char *file, gn_config *out,
                          gn_error *err) {
    json_t *root;
    gn_status st = gn_json_parse(text, n, file, &root, err);
    if (st != GN_OK) return st;
    gn_config c = {0};
    st = json_is_object(root)
             ? read_all(root, file, &c, err)
             : gn_fail(err, GN_EDATA, "%s: expected an object, found %s", file, gn_json_kind(root));
    json_decref(root);
    if (st == GN_OK) *out = c;
    return st;
}
