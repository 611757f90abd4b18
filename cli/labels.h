/* --labels: a label column of the set, or a file. */
#ifndef GONIO_CLI_LABELS_H
#define GONIO_CLI_LABELS_H

#include "gonio/reps.h"

/** The labels that `spec` names: a column of the set when it has one of that name, else whatever
 *  gn_labels_open reads. *owned is to be freed with gn_labels_free, *labels is for use. */
gn_status cli_labels(const gn_reps *reps, const char *spec, gn_labels **owned,
                     const gn_labels **labels, gn_error *err);

/** What rows call the labels of `spec`: a file without its folder. */
const char *cli_label_name(const char *spec);

#endif
