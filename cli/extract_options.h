/* The options of an extraction, shared by `gonio extract` and `gonio survey`. */
#ifndef GONIO_CLI_EXTRACT_OPTIONS_H
#define GONIO_CLI_EXTRACT_OPTIONS_H

#include "cli.h"
#include "gonio/extract.h"

enum { CLI_MAX_LABELS = 32, CLI_N_EXTRACT_OPTIONS = 18 };

typedef struct cli_extract {
    gn_extract_opts opts;
    int take, pool, precision, dtype;
    const char *text_column, *target_column, *labels, *layers, *window;
    size_t max_tokens, batch_tokens, streams;
    double keep;
    int compat;
    bool no_special, drop_special, overwrite, tables;
    char label_text[1024];
    const char *label_list[CLI_MAX_LABELS];
    char model_dir[4096];
} cli_extract;

/** Writes the option table's rows into `to`; returns how many. */
size_t cli_extract_table(cli_extract *e, cli_option *to);
/** The folder of what a user calls MODEL: a path, a name in gonio's own cache, a name in the
 *  Hugging Face cache. */
gn_status cli_model_dir(const char *model, char *out, size_t n_out, gn_error *err);
/** Turns the parsed options into e->opts and finds the model's folder (e->model_dir). */
gn_status cli_extract_resolve(cli_extract *e, const char *model, gn_error *err);
/** One line for people about what an extraction did; "" when it did nothing worth telling. */
void cli_extract_note(const gn_extract_result *r, char *out, size_t n_out);

#endif
