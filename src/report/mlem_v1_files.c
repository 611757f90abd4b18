/* Where the first pipeline keeps its files, and which of them are still good.
 *
 *     WORK/data/feature_dist_mat_triu_flat_DATASET.npz
 *     WORK/experiments/DATASET/MODEL/spe_tok/analysis/first-token/euclidean/zscore_False/layer_5/
 *         distance_matrix.npz, mds_matrix.npz, decoding_baseline.csv, config.json
 *         min_max_True/feature_importance_conditional_False.csv ...
 *
 * The published code keeps a file because it exists. Here FILE.inputs beside it holds the SHA-256
 * of what it was made from, so that an edited table or another penalty is noticed. */
#include "report/mlem_v1_store.h"

#include "io/file.h"
#include "io/json.h"

#include <stdio.h>
#include <string.h>

static const char *word(bool b) {
    return b ? "True" : "False";
}

static gn_status text_of(gn_str *s, char **out, gn_error *err) {
    gn_status st = gn_str_take(s, out, err);
    gn_str_free(s);
    return st;
}

static const char *member(const json_t *meta, const char *path) {
    const json_t *v = gn_json_at(meta, path);
    return json_is_string(v) ? json_string_value(v) : NULL;
}

gn_status gn_v1_place_new(const gn_reps *reps, const gn_v1_store_opts *opts, uint64_t seed,
                          gn_v1_place *out, gn_error *err) {
    static const char ours[] = "sentence-transformers/";
    gn_status st;
    gn_v1_place p = {.o = *opts, .seed = seed};
    gn_str net = {0};
    json_t *meta = NULL;
    const char *text = gn_reps_meta(reps), *model = opts->model;
    GN_TRY(gn_json_parse(text, strlen(text), "gonio.json", &meta, err));
    const char *pool = member(meta, "options.pool"), *special = member(meta, "options.special");
    if (!model) model = member(meta, "model.name");
    if (!model || !*model) model = gn_reps_name(reps);
    if (!pool) pool = "rows";
    bool token = strcmp(pool, "first") == 0 || strcmp(pool, "last") == 0;
    gn_str take = {0}, name = {0};
    gn_str_addf(&take, token ? "%s-token" : "%s", pool);
    gn_str_add(&name, model);
    GN_TRY(text_of(&take, &p.take, err));
    GN_TRY(text_of(&name, &p.model, err));
    if (strncmp(model, ours, strlen(ours)) == 0) model += strlen(ours);
    if (strstr(model, "..") || strchr(opts->dataset, '/')) {
        st = gn_fail(err, GN_EINVAL, "model '%s', table '%s': expected names that can be folders",
                     model, opts->dataset);
        goto done;
    }
    p.special = !special || strcmp(special, "none") != 0;
    gn_str_addf(&net, "%s/experiments/%s/%s/%s", opts->work_dir, opts->dataset, model,
                p.special ? "spe_tok" : "no_spe_tok");
    GN_TRY(text_of(&net, &p.net, err));
    *out = p;
    p = (gn_v1_place){0};
done:
    json_decref(meta);
    gn_v1_place_free(&p);
    return st;
}

void gn_v1_place_free(gn_v1_place *p) {
    gn_free(p->net);
    gn_free(p->lay);
    gn_free(p->take);
    gn_free(p->model);
}

gn_status gn_v1_place_layer(gn_v1_place *p, size_t layer, gn_error *err) {
    gn_str s = {0};
    gn_free(p->lay);
    p->lay = NULL;
    p->layer = layer;
    gn_str_addf(&s, "%s/analysis/%s/%s/zscore_%s/layer_%zu", p->net, p->take,
                gn_pair_metric_name(p->o.measure.v1.metric), word(p->o.measure.zscore), layer);
    return text_of(&s, &p->lay, err);
}

gn_status gn_v1_place_table(const gn_v1_place *p, const char *prefix, size_t k, const char *suffix,
                            char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_addf(&s, "%s/min_max_%s/%sfeature_importance_conditional_%s", p->lay,
                word(!p->o.measure.v1.no_min_max), prefix, word(p->o.measure.v1.conditional));
    if (k) gn_str_addf(&s, "_%s_top_%zu", p->o.top_units, k);
    gn_str_add(&s, suffix);
    return text_of(&s, out, err);
}

static gn_status write_config(const char *dir, json_t *config, gn_error *err) {
    gn_status st = GN_ENOMEM;
    char *path = gn_path_join(dir, "config.json");
    char *text = config ? json_dumps(config, JSON_INDENT(1)) : NULL;
    if (!path || !text)
        st = gn_fail_nomem(err, "config.json", 4096);
    else if ((st = gn_make_dirs(dir, err)) == GN_OK)
        st = gn_write_file(path, text, strlen(text), err);
    gn_free(path);
    gn_free(text);
    json_decref(config);
    return st;
}

gn_status gn_v1_place_configs(const gn_v1_place *p, gn_error *err) {
    gn_status st = write_config(
        p->net,
        json_pack("{s:s, s:s, s:s, s:b, s:I}", "gonio", gn_version(), "dataset", p->o.dataset,
                  "model", p->model, "add_special_tokens", p->special, "seed", (json_int_t)p->seed),
        err);
    if (st != GN_OK) return st;
    return write_config(p->lay,
                        json_pack("{s:s, s:s, s:s, s:b, s:I}", "gonio", gn_version(),
                                  "take_activation_from", p->take, "distance_metric",
                                  gn_pair_metric_name(p->o.measure.v1.metric), "zscore",
                                  p->o.measure.zscore, "layer", (json_int_t)p->layer),
                        err);
}

/* ---- kept or made ---------------------------------------------------------------------------- */

static gn_status same_key(const char *path, const char *key, bool *same, gn_error *err) {
    char *text = NULL;
    size_t n;
    gn_status st = gn_read_file(path, 4096, &text, &n, err);
    if (st == GN_OK) *same = n == strlen(key) + 1 && memcmp(text, key, n - 1) == 0;
    gn_free(text);
    return st;
}

gn_status gn_v1_file_wanted(const char *path, const char *key, bool above, bool *wanted,
                            gn_error *err) {
    gn_status st;
    gn_str s = {0}, line = {0};
    char *inputs = NULL, *text = NULL, *dir = gn_path_dir(path);
    bool same = false;
    gn_str_addf(&s, "%s.inputs", path);
    gn_str_addf(&line, "%s\n", key);
    GN_TRY(text_of(&s, &inputs, err));
    GN_TRY(text_of(&line, &text, err));
    if (gn_path_is_file(path)) {
        if (!gn_path_is_file(inputs)) {
            st = gn_fail(err, GN_EINVAL,
                         "%s: written by another program (no %s), expected a work folder of gonio "
                         "or an empty one",
                         path, gn_path_base(inputs));
            goto done;
        }
        GN_TRY(same_key(inputs, key, &same, err));
    }
    *wanted = !(same && above);
    if (!*wanted) goto done;
    if (gn_path_is_file(path) && remove(path) != 0) {
        st = gn_fail_errno(err, "%s: cannot remove what is out of date", path);
        goto done;
    }
    if (!dir) {
        st = gn_fail_nomem(err, path, strlen(path));
        goto done;
    }
    GN_TRY(gn_make_dirs(dir, err));
    st = gn_write_file(inputs, text, strlen(text), err);
done:
    gn_free(inputs);
    gn_free(text);
    gn_free(dir);
    return st;
}
