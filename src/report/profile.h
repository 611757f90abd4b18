/* A survey's result seen layer by layer: what the table, the figures and the report all read. */
#ifndef GN_REPORT_PROFILE_H
#define GN_REPORT_PROFILE_H

#include "report/result.h"

#include <math.h>

typedef struct gn_point {
    double value, se, n; /**< NaN where there is none */
} gn_point;
static const gn_point gn_point_none = {(double)NAN, (double)NAN, (double)NAN};

/** One label column of the survey. */
typedef struct gn_profile_label {
    const char *name;
    double chance, ceiling; /**< of the weighted overlap; NaN when not given */
} gn_profile_label;

typedef struct gn_profile {
    gn_arena arena;
    const gn_result *r;
    const char *set; /**< of the first row; rows of other sets are not looked at */
    size_t n_layers;
    int *layer;    /**< (n_layers) ascending */
    double *depth; /**< (n_layers) */
    size_t n_labels;
    gn_profile_label *label;
    double overlap_k;       /**< neighbours of the overlaps; NaN when not given */
    gn_point *gride;        /**< (n_layers) at each layer's flattest scale */
    double *gride_n2;       /**< (n_layers) that scale; NaN when there is none */
    gn_point *gride_common; /**< (n_layers) at one scale for all layers, the flattest on average */
    double common_n2;       /**< that scale; NaN when there is none */
    size_t peak, suggested; /**< of the TwoNN profile, positions; SIZE_MAX when there are none */
} gn_profile;

/** @return GN_OK; GN_EINVAL for a result without rows; GN_ENOMEM. Borrows from `r`. */
gn_status gn_profile_make(const gn_result *r, gn_profile *out, gn_error *err);
void gn_profile_free(gn_profile *p);

/** The row of layer position i with this measure and variant, and with the parameter when key is
 *  not NULL; SIZE_MAX when there is none. */
size_t gn_profile_row(const gn_profile *p, size_t i, const char *measure, const char *variant,
                      const char *key, const char *value);
/** Its numbers. */
gn_point gn_profile_at(const gn_profile *p, size_t i, const char *measure, const char *variant,
                       const char *key, const char *value);
/** A measure of two layers, from position i to position j; where only the other direction was
 *  recorded, as of symmetric measures, that one. */
gn_point gn_profile_pair(const gn_profile *p, const char *measure, size_t i, size_t j);
/** A numeric parameter of a row; NaN when missing. */
double gn_profile_number(const gn_profile *p, size_t row, const char *key);
/** True when some layer has a finite value of the measure (any variant when NULL). */
bool gn_profile_has(const gn_profile *p, const char *measure, const char *variant);

/** The curve of one measure without variant over a numeric parameter in one layer, ascending. `x`,
 * `point` have room for `room`; returns how many there are (at most room). */
size_t gn_profile_curve(const gn_profile *p, size_t i, const char *measure, const char *key,
                        double *x, gn_point *point, size_t room);

#endif
