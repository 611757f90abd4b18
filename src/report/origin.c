/* Where a set comes from, as conditions of a result: what gonio.json records of model, tokenizer,
 * text and options, under flat names. A number is worth little without them. */
#include "gonio/survey.h"

#include "io/json.h"

#include <string.h>

/* Members of gonio.json and the condition that each becomes. */
static const struct {
    const char *path, *key;
} members[] = {
    {"model.name", "config_name"},
    {"model.family", "family"},
    {"model.weights_sha256", "weights_sha256"},
    {"tokenizer.kind", "tokenizer"},
    {"tokenizer.sha256", "vocabulary_sha256"},
    {"corpus.name", "corpus"},
    {"corpus.sha256", "corpus_sha256"},
    {"options.pool", "pool"},
    {"options.take", "take"},
    {"options.max_tokens", "max_tokens"},
    {"options.window.length", "window_length"},
    {"options.window.streams", "streams"},
    {"options.window.keep", "keep_rate"},
    {"options.window.seed", "keep_seed"},
    {"options.window.rule", "window_rule"},
    {"options.special", "special_tokens"},
    {"options.first_position", "first_position"},
    {"options.precision", "precision"},
    {"options.cpu", "extracted_with"},
    {"dtype", "dtype"},
    {"sequences", "sequences"},
    {"counts.tokens", "tokens"},
    {"counts.truncated", "sequences_cut"},
    {"counts.tokens_cut", "tokens_cut"},
    {"counts.no_target", "targets_cut"},
    {"counts.stream_tokens", "stream_tokens"},
    {"counts.windows", "windows"},
    {"counts.padding", "padding"},
};

gn_status gn_survey_origin(const gn_reps *reps, gn_result *result, gn_error *err) {
    json_t *meta = NULL;
    const char *text = gn_reps_meta(reps);
    gn_status st = gn_json_parse(text, strlen(text), "gonio.json", &meta, err);
    for (size_t i = 0; st == GN_OK && i < sizeof members / sizeof *members; i++) {
        const json_t *value = gn_json_at(meta, members[i].path);
        if (json_is_string(value))
            st = gn_result_set_text(result, members[i].key, json_string_value(value), err);
        else if (json_is_number(value))
            st = gn_result_set_number(result, members[i].key, json_number_value(value), err);
    }
    json_decref(meta);
    return st;
}
