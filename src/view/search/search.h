/* Finding rows by what is written in them: substring, prefix, regular expression, field expression.
 * The reasoning is at the head of search.c. A search belongs to one thread at a time. */
#ifndef GN_VIEW_SEARCH_H
#define GN_VIEW_SEARCH_H

#include "base/error.h"

typedef enum gn_search_mode {
    GN_SEARCH_SUBSTRING = 0,
    GN_SEARCH_PREFIX,
    GN_SEARCH_WHOLE, /**< the whole text is equal */
    GN_SEARCH_REGEX, /**< Perl's syntax (PCRE2), found anywhere unless anchored */
    GN_SEARCH_FIELD, /**< column:value (equal but for case), column=value (exactly), column!=value,
                          column<number, <=, >, >= */
} gn_search_mode;

typedef struct gn_search gn_search;

/** @param text what is looked for, UTF-8 of at most 10,000 bytes.
 *  @param match_case upper and lower case differ. Without, text is compared after full case
 * folding. Either way accented letters are the same, composed or not (regular expressions: as
 * typed).
 *  @return GN_OK; GN_EINVAL (empty, not UTF-8, too long; an expression that does not compile, with
 *          the position; a field without operator, or with no number where one is needed);
 *          GN_ENOSUPP (regular expressions in a build without PCRE2); GN_ENOMEM. */
gn_status gn_search_new(gn_search_mode mode, const char *text, bool match_case, gn_search **out,
                        gn_error *err);
void gn_search_free(gn_search *s);
/** The column that a field expression names; NULL in the other modes. */
const char *gn_search_column(const gn_search *s);

/** What is searched: a column of n rows, as numbers, or as codes into texts. */
typedef struct gn_cells {
    size_t n;
    const float *value;  /**< (n) NaN = missing; NULL: texts */
    const int32_t *code; /**< (n) in [-1, n_texts), -1 = missing; NULL: row i has text i */
    size_t n_texts;
    const char *const *text; /**< (n_texts), NULL: none; or they come from `read` */
    /** Text i, good until the next call; *text = NULL: none. */
    gn_status (*read)(void *user, size_t i, const char **text, gn_error *err);
    void *user;
    bool tokens; /**< they are tokens of a vocabulary: a leading mark of a word's start (U+0120,
                      U+2581) is passed over, unless it is part of what is looked for */
} gn_cells;

/** Starts on these cells, which live until the search ends or starts again.
 *  @return GN_OK; GN_EINVAL (an order other than of numbers asked of numbers); GN_ENOMEM. */
gn_status gn_search_begin(gn_search *s, const gn_cells *cells, gn_error *err);

/** Those of rows [from, from + n), or of row[from] ... row[from + n - 1] when `row` is given, that
 *  match; a missing cell never does.
 *  @param found room for n; *n_found receives how many.
 *  @return GN_OK; GN_EDATA (the expression takes too many steps on a text, which is named);
 *          GN_ENOMEM; what `read` returns. */
gn_status gn_search_rows(gn_search *s, const int32_t *row, size_t from, size_t n, uint32_t *found,
                         size_t *n_found, gn_error *err);

#endif
