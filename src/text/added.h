/* Added tokens: strings such as "[MASK]" that are cut out of the text before anything else. */
#ifndef GN_TEXT_ADDED_H
#define GN_TEXT_ADDED_H

#include "base/mem.h"
#include "text/unicode.h"

typedef struct gn_added {
    const char *text; /**< what is looked for */
    size_t n;
    int32_t id;
    bool single_word;    /**< only where no word character touches it */
    bool lstrip, rstrip; /**< takes the white space before / behind it along */
    size_t order;        /**< gn_matcher_add's own */
} gn_added;

/** Tokens sorted by first byte, longest first: the candidates at a place are neighbours. */
typedef struct gn_matcher {
    gn_added *token;
    size_t n, room;
    uint32_t first[257]; /**< tokens that start with byte b: first[b] ... first[b + 1] - 1 */
} gn_matcher;

/** Adds a token; the text is borrowed. Empty ones are ignored. */
gn_status gn_matcher_add(gn_matcher *m, gn_added token, gn_error *err);
/** Once, when all are added. Of tokens with the same text the last one stays. */
void gn_matcher_ready(gn_matcher *m);
void gn_matcher_free(gn_matcher *m);

/** Where a search stands. Start with {.from = 0, .done = 0}. */
typedef struct gn_match {
    size_t from;       /**< where the search goes on */
    size_t done;       /**< end of the last match, white space included */
    size_t start, end; /**< this match, white space included */
    int32_t id;
} gn_match;

/** The next match in text (n): the leftmost, of those the longest. Matches that single_word refuses
 *  are passed over as a whole, as the reference does. */
bool gn_matcher_next(const gn_matcher *m, const gn_unicode *u, const char *text, size_t n,
                     gn_match *match);

#endif
