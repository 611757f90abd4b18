/* Text in the form in which it is compared. */
#ifndef GN_VIEW_FOLD_H
#define GN_VIEW_FOLD_H

#include "base/error.h"

/** A buffer that is used again and again. Starts as {0}. */
typedef struct gn_fold {
    int32_t *buf;
    size_t room;
    char *text; /**< (n) and a NUL */
    size_t n;
} gn_fold;

/** Canonical composition, after full case folding unless `match_case`; in f->text. Bytes that are
 *  not UTF-8 become U+FFFD. @return GN_OK; GN_ENOMEM. */
gn_status gn_fold_text(gn_fold *f, const char *text, bool match_case, gn_error *err);
void gn_fold_free(gn_fold *f);

#endif
