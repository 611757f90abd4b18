#define _POSIX_C_SOURCE 200809L
#include "extract_options.h"
#include "folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const takes[] = {"block", "norm1", "attn", "mlp", NULL};
static const char *const pools[] = {"none", "mean", "first", "last", "word", "target", NULL};
static const char *const precisions[] = {"exact", "fast", "draft", NULL};
static const char *const compats[] = {"none", "cai2021", NULL};
static const char *const dtypes[] = {"float32", "float16", "bfloat16", NULL};

size_t cli_extract_table(cli_extract *e, cli_option *to) {
    const cli_option table[CLI_N_EXTRACT_OPTIONS] = {
        {"pool", 0, CLI_WORD, &e->pool, "HOW",
         "rows: none (every token), mean, first, last, word, target", pools},
        {"take", 0, CLI_WORD, &e->take, "WHERE", "block (default), norm1, attn or mlp", takes},
        {"layers", 0, CLI_TEXT, (void *)&e->layers, "LIST",
         "layers to keep, e.g. 0,3-6,-1 (default: all)", NULL},
        {"text-column", 0, CLI_TEXT, (void *)&e->text_column, "NAME",
         "column of the text (default: text, else sentence)", NULL},
        {"target-column", 0, CLI_TEXT, (void *)&e->target_column, "NAME",
         "column start:end of --pool target (default: target)", NULL},
        {"labels", 0, CLI_TEXT, (void *)&e->labels, "A,B",
         "label columns to keep (default: all others)", NULL},
        {"max-tokens", 0, CLI_SIZE, &e->max_tokens, "N",
         "cut sequences to N tokens (default: the model's limit)", NULL},
        {"window", 0, CLI_TEXT, (void *)&e->window, "HOW",
         "line (default: a record is a sequence) or stream:N (windows of N tokens)", NULL},
        {"streams", 0, CLI_SIZE, &e->streams, "B", "cut the stream into B first (default 1)", NULL},
        {"keep", 0, CLI_REAL, &e->keep, "SHARE",
         "keep this share of the stream's windows, by --seed (default: all)", NULL},
        {"compat", 0, CLI_WORD, &e->compat, "PAPER",
         "cai2021: --keep leaves that share out, padding counts as text", compats},
        {"no-special", 0, CLI_FLAG, &e->no_special, NULL, "do not add [CLS] and [SEP]", NULL},
        {"drop-special", 0, CLI_FLAG, &e->drop_special, NULL, "add them, but keep no rows for them",
         NULL},
        {"dtype", 0, CLI_WORD, &e->dtype, "TYPE", "on disk: float32 (default), float16, bfloat16",
         dtypes},
        {"precision", 0, CLI_WORD, &e->precision, "P",
         "exact (default), fast or draft; they differ with AMX only", precisions},
        {"batch-tokens", 0, CLI_SIZE, &e->batch_tokens, "N",
         "tokens in flight; changes memory, never a number", NULL},
        {"overwrite", 0, CLI_FLAG, &e->overwrite, NULL,
         "replace a finished set made by other inputs", NULL},
        {NULL, 0, CLI_FLAG, NULL, NULL, NULL, NULL},
    };
    memcpy(to, table, sizeof table);
    return CLI_N_EXTRACT_OPTIONS - 1;
}

static bool is_folder(const char *path) {
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

/* The Hugging Face cache: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub. */
static void hub_cache(char *out, size_t n) {
    const char *hub = getenv("HF_HUB_CACHE"), *hf = getenv("HF_HOME"), *home = getenv("HOME");
    if (hub && *hub)
        snprintf(out, n, "%s", hub);
    else if (hf && *hf)
        snprintf(out, n, "%s/hub", hf);
    else
        snprintf(out, n, "%s/.cache/huggingface/hub", home ? home : ".");
}

gn_status cli_model_dir(const char *model, char *out, size_t n_out, gn_error *err) {
    char own[2048] = "", hub[2048], name[512];
    if (model && !strchr(model, '/')) {
        snprintf(name, sizeof name, "models/%.400s", model);
        cli_cache_path(name, own, sizeof own);
        if (!is_folder(model) && is_folder(own)) {
            snprintf(out, n_out, "%s", own);
            return GN_OK;
        }
    }
    hub_cache(hub, sizeof hub);
    gn_status st = gn_model_resolve(model, hub, out, n_out, err);
    if (st != GN_OK && *own) {
        size_t used = strlen(err->message);
        snprintf(err->message + used, sizeof err->message - used, "; nor does %.400s", own);
    }
    return st;
}

/* "line" or "stream:512". */
static gn_status read_window(const char *text, size_t *length, gn_error *err) {
    static const char stream[] = "stream:";
    char *end = NULL;
    unsigned long value = 0;
    *length = 0;
    if (!text || strcmp(text, "line") == 0) return GN_OK;
    const char *digits = text + sizeof stream - 1;
    bool good = strncmp(text, stream, sizeof stream - 1) == 0 && *digits >= '1' && *digits <= '9';
    if (good) value = strtoul(digits, &end, 10);
    if (good && !*end && value <= INT32_MAX) {
        *length = value;
        return GN_OK;
    }
    *err = (gn_error){.code = GN_EINVAL};
    snprintf(err->message, sizeof err->message,
             "--window '%.80s': expected line or stream:N with N tokens a window", text);
    return GN_EINVAL;
}

gn_status cli_extract_resolve(cli_extract *e, const char *model, gn_error *err) {
    gn_status st = read_window(e->window, &e->opts.window.length, err);
    if (st != GN_OK) return st;
    e->opts.window.streams = e->streams;
    e->opts.window.keep = e->keep;
    e->opts.window.cai2021 = e->compat == 1;
    e->opts.take = (gn_take)e->take;
    e->opts.pool = (gn_pool)e->pool;
    e->opts.model.precision = (gn_precision)e->precision;
    e->opts.dtype = e->dtype == 1 ? GN_F16 : e->dtype == 2 ? GN_BF16 : GN_F32;
    e->opts.corpus.text_column = e->text_column;
    e->opts.corpus.target_column = e->target_column;
    e->opts.layers = e->layers;
    e->opts.max_tokens = e->max_tokens;
    e->opts.batch_tokens = e->batch_tokens;
    e->opts.no_special = e->no_special;
    e->opts.drop_special = e->drop_special;
    e->opts.overwrite = e->overwrite;
    if (e->labels) {
        size_t n = 0;
        snprintf(e->label_text, sizeof e->label_text, "%s", e->labels);
        for (char *save, *p = strtok_r(e->label_text, ",", &save); p && n < CLI_MAX_LABELS;
             p = strtok_r(NULL, ",", &save))
            e->label_list[n++] = p;
        e->opts.corpus.label_columns = e->label_list;
        e->opts.corpus.n_label_columns = n;
    }
    return cli_model_dir(model, e->model_dir, sizeof e->model_dir, err);
}

void cli_extract_note(const gn_extract_result *r, char *out, size_t n_out) {
    size_t used = 0;
    out[0] = '\0';
    if (r->n_windows)
        used += (size_t)snprintf(out, n_out, "%zu of %zu windows, %zu tokens are in none. ",
                                 r->n_sequences, r->n_windows, r->n_tokens_cut);
    else if (r->n_truncated)
        used += (size_t)snprintf(out, n_out, "%zu sequences were cut (%zu tokens). ",
                                 r->n_truncated, r->n_tokens_cut);
    if (r->n_no_target && used < n_out)
        snprintf(out + used, n_out - used, "%zu records have no row: their target was cut off. ",
                 r->n_no_target);
}
