/* Writing a representation set, block by block and resumable: docs/formats.md.
 *
 * The caller plans the whole set first (sizes, row table, labels, description: all of it is known
 * once the text is tokenised), then appends blocks of rows in order. What is on disk when the
 * process stops is continued by the next writer that is opened with the same plan. */
#ifndef GN_REPS_WRITER_H
#define GN_REPS_WRITER_H

#include "io/file.h"

#include <jansson.h>

typedef struct gn_plan_column {
    const char *name;
    const int32_t *code; /**< (n_rows) */
    size_t n_classes;
    const char *const *class_name; /**< (n_classes) */
} gn_plan_column;

/** Everything borrowed until the writer is freed. */
typedef struct gn_reps_plan {
    size_t n_rows, n_dims, n_sequences;
    size_t n_layers;     /**< stored layers */
    const size_t *layer; /**< (n_layers) their numbers in the model, ascending */
    size_t n_blocks;     /**< of the model: depth = number / n_blocks; 0: depth 0 */
    gn_dtype dtype;      /**< GN_F32, GN_F16 or GN_BF16 */
    const int32_t *token_id, *sequence, *position; /**< (n_rows) */
    size_t n_columns;
    const gn_plan_column *column;
    const char *vocab; /**< content of vocab.txt; NULL: no such file */
    /** Writes the lines of text.jsonl, the same at every call; NULL: no such file. */
    gn_status (*write_text)(void *user, gn_outfile *f, gn_error *err);
    void *user;
    json_t *about; /**< an object: model, tokenizer, corpus, options, counts */
} gn_reps_plan;

typedef struct gn_reps_writer gn_reps_writer;

/** Creates the folder, continues an interrupted set, or finds it finished already.
 *  @return GN_OK; GN_EINVAL (the folder holds a set made or begun with
 *          another plan and not `overwrite`, or things that are not a set; another process is
 *          writing it); GN_EDATA (its files are shorter than its gonio.json says); GN_EIO (also
 *          when the file system has too little room: names the bytes); GN_ENOMEM. */
gn_status gn_reps_writer_open(const char *dir, const gn_reps_plan *plan, bool overwrite,
                              gn_reps_writer **out, gn_error *err);
/** What an earlier, interrupted run has left. */
size_t gn_reps_writer_rows(const gn_reps_writer *w);
size_t gn_reps_writer_sequences(const gn_reps_writer *w);

/** Appends `n` rows to every layer, then counts them in gonio.json.
 *  @param rows (n_layers) pointers to (n, n_dims) values of the plan's type, without gaps.
 *  @param sequences_done of the whole set, when these rows are on disk. */
gn_status gn_reps_writer_append(gn_reps_writer *w, const void *const *rows, size_t n,
                                size_t sequences_done, gn_error *err);

/** Marks the set complete and, when it replaces another, puts it in its place. All rows must have
 *  been appended. */
gn_status gn_reps_writer_finish(gn_reps_writer *w, gn_error *err);

/** Closes the files. A set that was not finished stays resumable. */
void gn_reps_writer_free(gn_reps_writer *w);

#endif
