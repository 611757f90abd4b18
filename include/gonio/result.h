/* gonio/result.h: the one shape of every result: conditions, and tidy rows with one measurement
 * each. `pandas.DataFrame(doc["rows"])` is the result table. */
#ifndef GONIO_RESULT_H
#define GONIO_RESULT_H

#include "gonio/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gn_result gn_result;

/** @param command e.g. "survey". */
GN_API gn_status gn_result_new(const char *command, gn_result **out, gn_error *err);
GN_API void gn_result_free(gn_result *r);

/** Conditions: what the numbers depend on. A later value of the same key replaces the earlier. */
GN_API gn_status gn_result_set_text(gn_result *r, const char *key, const char *value,
                                    gn_error *err);
GN_API gn_status gn_result_set_number(gn_result *r, const char *key, double value, gn_error *err);

/** One measurement. Strings are copied; NaN becomes null. */
typedef struct gn_measurement {
    const char *set;
    int layer; /**< negative: of no single layer (null in files) */
    double depth;
    const char *measure; /**< snake_case term of docs/measures.md */
    const char *variant; /**< NULL or "" when the measure has none */
    double value, se;
    double n;         /**< points, rows or types that entered */
    const char *note; /**< NULL, or why a value is missing or to be read with care */
} gn_measurement;
GN_API gn_status gn_result_add(gn_result *r, const gn_measurement *m, gn_error *err);
/** Parameters of the last row added: k, n1, label, metric, feature, other_set, other_layer ... */
GN_API gn_status gn_result_param_text(gn_result *r, const char *key, const char *value,
                                      gn_error *err);
GN_API gn_status gn_result_param_number(gn_result *r, const char *key, double value, gn_error *err);

GN_API size_t gn_result_count(const gn_result *r);
/** Row i as it was added; strings live as long as the result. */
GN_API gn_measurement gn_result_at(const gn_result *r, size_t i);
/** A parameter of row i as text, or NULL when the row has none of that name. Numbers print with
 *  up to 17 significant digits. Lives until the next call with the same r. */
GN_API const char *gn_result_param(gn_result *r, size_t i, const char *key);
/** The row with this layer, measure, variant and (when key is not NULL) parameter; SIZE_MAX. */
GN_API size_t gn_result_find(const gn_result *r, int layer, const char *measure,
                             const char *variant, const char *key, const char *value);

/** The JSON document {"gonio", "command", "conditions", "rows"}; free() the string. */
GN_API gn_status gn_result_json(const gn_result *r, char **out, gn_error *err);
/** The rows as CSV: the fixed columns, then every parameter that occurs. free() the string. */
GN_API gn_status gn_result_csv(const gn_result *r, char **out, gn_error *err);
/** A text under a temporary name, renamed into place. */
GN_API gn_status gn_text_write(const char *path, const char *text, gn_error *err);

#ifdef __cplusplus
}
#endif
#endif
