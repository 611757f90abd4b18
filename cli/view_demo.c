/* The demo of `gonio view`: what a model knows before it reads, and what one word becomes in
 * context.
 *
 * Four things lie in one folder of the user's cache: the model's tables of words, positions and
 * token types, and a set with one row for each time "bank" occurs in the sentences below, all
 * layers of it. The scenario is that of a well-known walk through BERT's embeddings; the sentences
 * are ours. */
#include "view_demo.h"
#include "extract_options.h"
#include "folder.h"
#include "gonio/extract.h"
#include "gonio/result.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *sense, *text;
} sentences[] = {
    {"finance", "She opened an account at the bank last week."},
    {"finance", "The bank raised its interest rates again in March."},
    {"finance", "He keeps all of his savings in a small bank."},
    {"finance", "My bank charges nothing for transfers abroad."},
    {"finance", "The bank refused to give the company another loan."},
    {"finance", "A clerk at the bank counted the notes twice."},
    {"finance", "Investors sold their shares when the bank reported a loss."},
    {"finance", "You can pay the bill online or at any bank in town."},
    {"river", "They sat on the bank and watched the boats drift by."},
    {"river", "After the storm the river burst its bank near the mill."},
    {"river", "Willows grow along the muddy bank of the stream."},
    {"river", "An otter climbed up the bank and shook its fur."},
    {"river", "The fishermen camped on the north bank of the lake."},
    {"river", "We pulled the canoe onto the grassy bank before dark."},
};
enum { N_SENTENCES = sizeof sentences / sizeof *sentences };

static gn_status write_sentences(const char *path, gn_error *err) {
    char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text, "text\ttarget\tsense\n");
    for (int i = 0; i < N_SENTENCES; i++) {
        long at = (long)(strstr(sentences[i].text, "bank") - sentences[i].text);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s\t%ld:%ld\t%s\n", sentences[i].text, at,
                              at + 4, sentences[i].sense);
    }
    return gn_text_write(path, text, err);
}

gn_status cli_view_demo(gn_ctx *ctx, const char *model, char *out, size_t n_out, gn_error *err) {
    char folder[4200], root[4400], text[4500], set[4500];
    gn_status st = cli_model_dir(model, folder, sizeof folder, err);
    if (st != GN_OK) return st;
    const char *slash = strrchr(folder, '/');
    cli_cache_path("view-demo", root, sizeof root);
    size_t n = strlen(root);
    snprintf(root + n, sizeof root - n, "/%.200s", slash && slash[1] ? slash + 1 : folder);
    st = gn_extract_tables(ctx, folder, root, true, err);
    if (st != GN_OK) return st;
    snprintf(text, sizeof text, "%s/.bank.tsv", root);
    snprintf(set, sizeof set, "%s/bank", root);
    const char *labels[] = {"sense"};
    gn_extract_opts opts = {.corpus = {.label_columns = labels, .n_label_columns = 1},
                            .pool = GN_POOL_TARGET,
                            .overwrite = true};
    st = write_sentences(text, err);
    if (st == GN_OK) st = gn_extract(ctx, folder, text, &opts, set, NULL, err);
    remove(text);
    if (st == GN_OK) snprintf(out, n_out, "%s", root);
    return st;
}
