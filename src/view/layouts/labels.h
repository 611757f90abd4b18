/* Automatic labels of a map: where points crowd, and which words tell that place from the others.
 */
#ifndef GN_VIEW_LABELS_H
#define GN_VIEW_LABELS_H

#include "view/data/source.h"

enum { GN_LABEL_REGIONS = 48 };

/** Crowded places of a map at one level of detail. */
typedef struct gn_label_regions {
    size_t n;
    size_t rows[GN_LABEL_REGIONS];      /**< points in each, descending */
    double centre[GN_LABEL_REGIONS][3]; /**< their mean */
    int32_t *region;                    /**< (n points) -1: none; owned */
} gn_label_regions;

/** label_regions.c: the basins of the points' smoothed density.
 *  @param y (n, dim) finite, dim 2 or 3. @param level 0: few, wide ones; 1: more, narrow ones.
 *  @return GN_OK; GN_ENOMEM. O(n + cells). Free regions->region with gn_free. */
gn_status gn_label_regions_find(const float *y, size_t n, size_t dim, size_t level,
                                gn_label_regions *out, gn_error *err);

/** label_terms.c: up to three words for each region, by class-based tf-idf over the rows' tokens
 * and the words around them.
 *  @param row (n) the source's row of each point; NULL: point i is row i.
 *  @param text (regions->n) receives texts of `arena`; NULL where no word was found, as
 *         in sources without tokens and sentences.
 *  @return GN_OK; GN_ENOMEM; what reading sentences returns. */
gn_status gn_label_terms(gn_source *s, const int32_t *row, size_t n,
                         const gn_label_regions *regions, gn_arena *arena, const char **text,
                         gn_error *err);

#endif
