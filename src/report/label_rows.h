/* Label overlap as rows: what `survey` and `overlap` share. */
#ifndef GN_REPORT_LABEL_ROWS_H
#define GN_REPORT_LABEL_ROWS_H

#include "gonio/overlap.h"
#include "report/subset.h"

/** The overlap of one layer's neighbours with one label column, weighted and plain, each with its
 *  chance level and, for a fixed k without groups, its ceiling. opts->plain is not looked at.
 *  @param name what the rows call the labels. @param group_name of opts->group, NULL without. */
gn_status gn_rows_label_overlap(const gn_spot *at, const gn_knn *knn, const gn_labels *labels,
                                const char *name, const gn_label_overlap_opts *opts,
                                const char *group_name, gn_error *err);

#endif
