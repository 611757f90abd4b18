/* The type of a row as a label: the vocabulary string of its token. Pieces of a split word are
 * types of their own, and special tokens are types, too: nothing is joined or left out. */
#include "gonio/reps.h"

#include "io/labels.h"

#include <stdio.h>
#include <string.h>

gn_status gn_reps_types(const gn_reps *reps, gn_labels **out, gn_error *err) {
    gn_status st = GN_OK;
    const int32_t *id = gn_reps_token_id(reps);
    gn_label_set *set = NULL;
    if (!id)
        return gn_fail(err, GN_EINVAL, "%s: rows have no tokens, so they have no types",
                       gn_reps_name(reps));
    GN_TRY(gn_label_set_new("type", &set, err));
    for (size_t i = 0; i < gn_reps_rows(reps); i++) {
        char number[16];
        const char *name = gn_reps_token(reps, id[i]);
        if (!name || !*name) { /* no vocabulary, or a hole in it */
            snprintf(number, sizeof number, "#%d", (int)id[i]);
            name = id[i] < 0 ? "" : number;
        }
        GN_TRY(gn_label_set_add(set, name, strlen(name), err));
    }
    st = gn_label_set_end(set, out, err);
    set = NULL;
done:
    gn_label_set_free(set);
    return st;
}
