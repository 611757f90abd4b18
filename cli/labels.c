/* Labels for commands: one option for columns that a set carries and for files beside a matrix. */
#include "labels.h"

#include <string.h>

gn_status cli_labels(const gn_reps *reps, const char *spec, gn_labels **owned,
                     const gn_labels **labels, gn_error *err) {
    for (size_t c = 0; c < gn_reps_label_count(reps); c++)
        if (strcmp(gn_reps_label_name(reps, c), spec) == 0) {
            *labels = gn_reps_labels(reps, c);
            return GN_OK;
        }
    bool types = strcmp(spec, "type") == 0 && gn_reps_token_id(reps);
    gn_status st = types ? gn_reps_types(reps, owned, err) : gn_labels_open(spec, owned, err);
    if (st == GN_OK) *labels = *owned;
    return st;
}

const char *cli_label_name(const char *spec) {
    const char *slash = strrchr(spec, '/');
    return slash && slash[1] ? slash + 1 : spec;
}
