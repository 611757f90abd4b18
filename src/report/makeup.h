/* What clusters are made of: columns of the row table against a partition. */
#ifndef GN_REPORT_MAKEUP_H
#define GN_REPORT_MAKEUP_H

#include "gonio/measure.h"
#include "report/subset.h"

typedef enum gn_column_kind {
    GN_COLUMN_POSITION_0 = 0,
    GN_COLUMN_SPECIAL,
    GN_COLUMN_FREQUENCY,
    GN_COLUMN_LABEL,
    GN_COLUMN_POSITION,
    GN_COLUMN_TYPE,
} gn_column_kind;

/** Something that every row has and that may explain clusters. */
typedef struct gn_column {
    gn_column_kind kind;
    const char *variant;    /**< in the rows: "position_0", "special", "frequency", "label", ... */
    const char *label_name; /**< GN_COLUMN_LABEL */
    const gn_labels *names; /**< GN_COLUMN_LABEL; also types that are words */
    const gn_reps *reps;
    int32_t *code;    /**< (n) negative: unknown */
    size_t n_values;  /**< codes lie below */
    size_t n_present; /**< distinct ones */
} gn_column;

typedef struct gn_columns {
    size_t n_rows, n;
    gn_column *column; /**< (n) fewer values first: what the scores call a draw, the simpler wins */
} gn_columns;

/** All that is known of the subset's rows. @param labels NULL, or one column more, (rows of the
 * set).
 *  @return GN_OK; GN_ENOMEM. */
gn_status gn_columns_new(const gn_reps *reps, const gn_subset *subset,
                         const gn_measure_label *label, size_t n_labels, gn_columns *out,
                         gn_error *err);
void gn_columns_free(gn_columns *c);

enum { GN_VALUE_ROOM = 160 };
/** "position 0", "pos = verb", "the type 'of'": a value in words. */
const char *gn_column_value(const gn_column *c, int32_t code, char out[GN_VALUE_ROOM]);
/** "position 0 against the rest", "type", "pos": the column in words. */
const char *gn_column_title(const gn_column *c);

/** Rows about the partition `label` (n_rows) into k clusters: explained share of each column, the
 * best one with its sentence, and the values that stand out in each cluster; `everywhere`: with the
 * shares that they have in all other clusters. */
gn_status gn_makeup_add(const gn_spot *at, const gn_columns *columns, const int32_t *label,
                        size_t k, bool everywhere, gn_error *err);

#endif
