#include "text/companions.h"

#include "io/file.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 1 << 28 };

/* A special token is written as a string or as an object with "content"; NULL when it is neither.
 */
static const char *content(const json_t *v) {
    return json_string_value(json_is_object(v) ? json_object_get(v, "content") : v);
}

bool gn_companion_flag(const json_t *object, const char *key, bool missing) {
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : missing;
}

static gn_added_spec spec_of(const json_t *v, const char *text) {
    const json_t *o = json_is_object(v) ? v : NULL;
    bool special = gn_companion_flag(o, "special", true);
    return (gn_added_spec){text,
                           special,
                           gn_companion_flag(o, "single_word", false),
                           gn_companion_flag(o, "lstrip", false),
                           gn_companion_flag(o, "rstrip", false),
                           gn_companion_flag(o, "normalized", !special)};
}

gn_added_spec gn_companion_token(const gn_vocab_files *f, const char *key, const char *text) {
    const json_t *v = json_object_get(f->config, key);
    if (!content(v)) v = json_object_get(f->map, key);
    return spec_of(v, content(v) ? content(v) : text);
}

typedef struct numbered {
    long id;
    const json_t *spec;
} numbered;

static int by_id(const void *a, const void *b) {
    long x = ((const numbered *)a)->id, y = ((const numbered *)b)->id;
    return (x > y) - (x < y);
}

/* "added_tokens_decoder": {"100": {"content": "[UNK]", ...}, ...}, in the order of the ids. */
static gn_status add_decoder(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = GN_OK;
    json_t *object = json_object_get(f->config, "added_tokens_decoder"), *value;
    size_t n = json_object_size(object), i = 0;
    numbered *list = NULL;
    const char *key;
    if (n == 0) return GN_OK;
    GN_TRY(gn_alloc_array(&list, n, sizeof *list, "added tokens", err));
    json_object_foreach(object, key, value) list[i++] = (numbered){strtol(key, NULL, 10), value};
    qsort(list, n, sizeof *list, by_id);
    for (i = 0; i < n; i++) {
        const char *text = content(list[i].spec);
        if (!text) {
            st = gn_fail(err, GN_EDATA, "%s: added_tokens_decoder: %ld has no content",
                         f->config_name, list[i].id);
            goto done;
        }
        gn_added_spec spec = spec_of(list[i].spec, text);
        GN_TRY(gn_tokenizer_add(tok, &spec, err));
        if (gn_tokenizer_id(tok, text) != list[i].id) {
            st = gn_fail(
                err, GN_EDATA, "%s: added_tokens_decoder: '%.80s' has id %ld, but %s gives %d",
                f->config_name, text, list[i].id, f->vocab_name, (int)gn_tokenizer_id(tok, text));
            goto done;
        }
    }
done:
    gn_free(list);
    return st;
}

static gn_status add_more(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = GN_OK;
    const json_t *list = json_object_get(f->config, "additional_special_tokens");
    if (!json_is_array(list)) list = json_object_get(f->map, "additional_special_tokens");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = content(json_array_get(list, i));
        if (!text) continue;
        gn_added_spec spec = spec_of(json_array_get(list, i), text);
        GN_TRY(gn_tokenizer_add(tok, &spec, err));
    }
done:
    return st;
}

gn_status gn_companions_add(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err) {
    gn_status st = add_decoder(tok, f, err);
    return st == GN_OK ? add_more(tok, f, err) : st;
}

gn_status gn_companions_open(const char *dir, const char *config_name, gn_vocab_files *f,
                             gn_error *err) {
    gn_status st = GN_OK;
    char *map = gn_path_join(dir, "special_tokens_map.json");
    char *added = gn_path_join(dir, "added_tokens.json");
    if (!map || !added)
        st = gn_fail_nomem(err, "a path", strlen(dir));
    else if (gn_path_is_file(added))
        st = gn_fail(err, GN_ENOSUPP, "%s: not supported without tokenizer.json", added);
    if (st == GN_OK && gn_path_is_file(config_name))
        st = gn_json_open(config_name, MAX_BYTES, &f->config, err);
    if (st == GN_OK && gn_path_is_file(map)) st = gn_json_open(map, MAX_BYTES, &f->map, err);
    f->config_name = config_name;
    gn_free(map);
    gn_free(added);
    return st;
}

static gn_status one_id(int32_t id, int32_t **out, size_t *n, gn_error *err) {
    int32_t *p = gn_realloc(NULL, 1, sizeof *p);
    if (!p) return gn_fail_nomem(err, "special tokens", sizeof *p);
    p[0] = id;
    *out = p;
    *n = 1;
    return GN_OK;
}

gn_status gn_companions_around(gn_tokenizer *tok, int32_t before, int32_t after, gn_error *err) {
    gn_status st = one_id(before, &tok->before, &tok->n_before, err);
    return st == GN_OK ? one_id(after, &tok->after, &tok->n_after, err) : st;
}
