/* --labels: label columns of a set, or files. */
#ifndef GONIO_CLI_LABELS_H
#define GONIO_CLI_LABELS_H

#include "gonio/measure.h"
#include "gonio/reps.h"

enum { CLI_LABELS_MAX = 16 };

typedef struct cli_labels {
    size_t n;
    gn_measure_label label[CLI_LABELS_MAX];
    char *name[CLI_LABELS_MAX];        /* owned */
    gn_labels *opened[CLI_LABELS_MAX]; /* owned; NULL: a column of the set */
} cli_labels;

/** What `spec` names, separated by commas: columns of the set where it has them, "type" for its
 *  tokens, else whatever gn_labels_open reads, which rows call by the file's name without its
 * folder. NULL: nothing. */
gn_status cli_labels_find(cli_labels *l, const gn_reps *reps, const char *spec, gn_error *err);
void cli_labels_free(cli_labels *l);

#endif
