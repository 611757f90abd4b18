/* Hidden states for a stimulus table. The model sees a file that holds the sentences alone: that
 * file is the corpus whose SHA-256 the set remembers, so an edited feature leaves the set valid and
 * an edited sentence does not. */
#include "gonio/measure.h"

#include "base/str.h"
#include "io/file.h"

#include <string.h>

static gn_status write_sentences(const char *stimuli, const char *path, gn_error *err) {
    gn_status st;
    gn_corpus *corpus = NULL;
    gn_str s = {0};
    char *text = NULL;
    const char *const no_labels[] = {NULL};
    GN_TRY(gn_corpus_open(
        stimuli, &(gn_corpus_opts){.target_column = "", .label_columns = no_labels}, &corpus, err));
    gn_str_add(&s, "text\n");
    for (size_t i = 0; i < gn_corpus_count(corpus); i++) {
        gn_record r = gn_corpus_at(corpus, i);
        gn_str_add(&s, "\"");
        for (size_t b = 0; b < r.n_bytes; b++) {
            if (r.text[b] == '"') gn_str_add(&s, "\"");
            gn_str_add_bytes(&s, r.text + b, 1);
        }
        gn_str_add(&s, "\"\n");
    }
    GN_TRY(gn_str_take(&s, &text, err));
    st = gn_write_file(path, text, strlen(text), err);
done:
    gn_corpus_free(corpus);
    gn_str_free(&s);
    gn_free(text);
    return st;
}

static bool reads_both_ways(const char *family) {
    return strcmp(family, "bert") == 0 || strcmp(family, "distilbert") == 0 ||
           strcmp(family, "roberta") == 0;
}

static gn_status choose_pool(gn_ctx *ctx, const char *model_dir, gn_pool *pool, gn_error *err) {
    gn_model *model;
    gn_status st = gn_model_open(ctx, model_dir, NULL, &model, err);
    if (st != GN_OK) return st;
    *pool = reads_both_ways(gn_model_get_info(model)->family) ? GN_POOL_FIRST : GN_POOL_LAST;
    gn_model_free(model);
    return GN_OK;
}

gn_status gn_mlem_extract(gn_ctx *ctx, const char *model_dir, const char *stimuli, gn_pool pool,
                          const char *dir, bool again, gn_extract_result *result, gn_error *err) {
    gn_status st;
    char *text = gn_path_join(dir, "sentences.csv"), *reps = gn_path_join(dir, "reps");
    if (!text || !reps) {
        st = gn_fail_nomem(err, "a path", strlen(dir));
        goto done;
    }
    if (pool == GN_POOL_NONE) GN_TRY(choose_pool(ctx, model_dir, &pool, err));
    GN_TRY(gn_make_dirs(dir, err));
    GN_TRY(write_sentences(stimuli, text, err));
    /* `overwrite` makes a finished set anew even from the same inputs: else only for one of others.
     */
    gn_extract_opts opts = {.pool = pool, .overwrite = again};
    gn_error why = {0};
    st = gn_extract(ctx, model_dir, text, &opts, reps, result, &why);
    if (st == GN_EINVAL && !again) {
        opts.overwrite = true;
        st = gn_extract(ctx, model_dir, text, &opts, reps, result, err);
    } else if (st != GN_OK && err) {
        *err = why;
    }
done:
    gn_free(text);
    gn_free(reps);
    return st;
}
