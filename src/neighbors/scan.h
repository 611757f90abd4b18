/* A layer made ready for single questions, and what one pass over it proves. */
#ifndef GN_NEIGHBORS_SCAN_H
#define GN_NEIGHBORS_SCAN_H

#include "neighbors/codes.h"
#include "neighbors/rows.h"

struct gn_scan {
    gn_rows rows; /**< the layer, the metric; factor: cosine: 1 / |P x|, 0 for a row without a
                       direction; scale: Euclidean */
    const gn_codes *codes; /**< NULL: rows are read as they are */
    const gn_vec *vec;
    double *mean;      /**< (d); NULL: none is taken off */
    double *direction; /**< (n_directions, d); NULL: none */
    size_t n_directions;
    double *length;      /**< (n) |x|, and */
    double *placed;      /**< (n) |P x|: only without codes and in a space */
    double *approximate; /**< (n) |P a|, a the row that the codes say; only with codes */
    double offset;       /**< length of mean, or of (centre of the codes - mean) */
    double slack;        /**< relative error of float64 sums over a row, generously */
    size_t n_undirected;
};

/** A question, ready to be asked. */
typedef struct gn_question {
    double *point; /**< (d) w: scaled as the rows are */
    double length; /**< |w| */
    double shift;  /**< with codes (centre - mean).w; else mean.w */
    float *scaled; /**< (padded) scale o w in float32, for the codes */
} gn_question;

/** Bounds of a squared scaled distance. */
typedef struct gn_interval {
    double low, high;
} gn_interval;

static inline bool gn_scan_raw(const gn_scan *s) {
    return !s->mean && !s->direction;
}

gn_status gn_question_new(const gn_scan *s, const double *point, gn_question *out, gn_error *err);
void gn_question_free(gn_question *q);
/** Bounds for rows [first, first + n), n <= GN_SCAN_BLOCK. A NaN bound proves nothing. */
void gn_scan_bounds(const gn_scan *s, const gn_question *q, size_t first, size_t n,
                    gn_interval *out);
/** The squared scaled distance that ranks row j: the definition. `buf` (d) is scratch. */
double gn_scan_measure(const gn_scan *s, const gn_question *q, size_t j, double *buf);

#endif
