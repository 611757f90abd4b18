/* A corpus while it is read: the readers add records, corpus.c owns everything. */
#ifndef GN_TEXT_CORPUS_H
#define GN_TEXT_CORPUS_H

#include "gonio/text.h"

#include "base/mem.h"
#include "io/sha256.h"

struct gn_corpus {
    const char *path; /**< for messages; in the arena */
    char *bytes;      /**< the file's content, inflated; records of plain text point into it */
    size_t n_bytes;
    gn_arena arena; /**< all other strings and arrays */
    gn_record *record;
    size_t n, room;
    const char **name; /**< (n_names) label columns, in the arena */
    size_t n_names;
    bool all_targets;
    char sha256[GN_SHA256_HEX];
};

/** A corpus of bytes that a file of that name would hold. Takes `bytes` (from gn_read_file) over,
 * on failure, too. */
gn_status gn_corpus_parse(const char *path, char *bytes, size_t n, const gn_corpus_opts *opts,
                          gn_corpus **out, gn_error *err);
/** Copies a record's descriptor; its strings must live as long as the corpus. */
gn_status gn_corpus_add(gn_corpus *c, gn_record record, gn_error *err);
/** Reads "start:end" in code points into the record's target. An empty string is no target. */
gn_status gn_corpus_target(const gn_corpus *c, const char *column, const char *span, size_t n,
                           gn_record *record, gn_error *err);
/** A NUL-terminated copy in the arena; GN_EDATA when the bytes contain a NUL. */
gn_status gn_corpus_label(gn_corpus *c, size_t line, const char *text, size_t n, const char **out,
                          gn_error *err);
/** GN_EINVAL: no column `missing`; the message lists those that exist. */
gn_status gn_corpus_no_column(const gn_corpus *c, const char *missing, const char *const *name,
                              size_t n, gn_error *err);

/** The readers: fill records and label names from c->bytes. */
gn_status gn_corpus_read_csv(gn_corpus *c, const gn_corpus_opts *opts, char separator, bool quotes,
                             gn_error *err);
gn_status gn_corpus_read_jsonl(gn_corpus *c, const gn_corpus_opts *opts, gn_error *err);

#endif
