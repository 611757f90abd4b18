/* From a curve to a number, and from a profile to a layer.
 *
 * Over scale: the dimension is worth reporting where it depends least on the scale, so the flattest
 * interior point of the curve is taken, and the whole curve is always printed beside it.
 *
 * Over depth (Valeriani et al., NeurIPS 2023): the dimension rises to a peak, falls, and rises
 * again; the layers at the bottom between the two hold the most semantic information. The profile
 * is read like a seismograph with a threshold: a turn counts once the curve has moved by 10 % from
 * it, which is several error bars at the sizes in use and below every feature of the published
 * profiles (their weakest, the minimum of iGPT-M, is followed by a rise of 13 %). So
 *
 *   peak       the first maximum that stands 10 % above what came before it and is followed by a
 *              fall of 10 %: a profile that only rises, or only falls, has none;
 *   suggested  the first minimum after the peak that is followed by a rise of 10 %. NOT the lowest
 *              value after the peak: in image models the last layers lie below the minimum. A
 *              profile that falls to the end suggests nothing, shelf or not.
 *
 * A bottom that is flat (within 0.1 % of its lowest value) has no lowest point worth naming: its
 * middle in depth is suggested. */
#include "gonio/id.h"

#include <math.h>

static const double turn = 1.1, flat = 1.001;

size_t gn_id_flattest(const double *dim, size_t n) {
    size_t best = 0;
    double least = HUGE_VAL;
    for (size_t j = 1; j + 1 < n; j++) {
        double change = fabs(log(dim[j + 1] / dim[j - 1])) / 2;
        if (change < least && isfinite(dim[j])) {
            least = change;
            best = j;
        }
    }
    return best;
}

/* The middle, in depth, of the flat stretch around position `low`. */
static size_t middle(const double *depth, const double *dim, size_t n, size_t low) {
    size_t first = low, last = low;
    while (first > 0 && dim[first - 1] <= dim[low] * flat) first--;
    while (last + 1 < n && dim[last + 1] <= dim[low] * flat) last++;
    double centre = (depth[first] + depth[last]) / 2;
    size_t best = first;
    for (size_t i = first; i <= last; i++)
        if (fabs(depth[i] - centre) < fabs(depth[best] - centre)) best = i;
    return best;
}

void gn_id_choose_layer(const double *depth, const double *dim, size_t n, size_t *peak,
                        size_t *suggested) {
    *peak = *suggested = SIZE_MAX;
    size_t i = 0, high = SIZE_MAX, low = SIZE_MAX;
    /* Climb: `low` is the lowest value so far, `high` the highest since then. */
    for (; i < n; i++) {
        if (!isfinite(dim[i])) continue;
        bool risen = high != SIZE_MAX && dim[high] >= turn * dim[low];
        if (risen && dim[i] * turn <= dim[high]) break;
        if (high == SIZE_MAX || dim[i] < dim[low])
            low = high = i;
        else if (dim[i] > dim[high])
            high = i;
    }
    if (i >= n) return;
    *peak = high;
    /* Descend: the lowest value since the peak, until the curve has risen from it. */
    for (low = i; i < n; i++) {
        if (!isfinite(dim[i])) continue;
        if (dim[i] < dim[low]) low = i;
        if (dim[i] >= turn * dim[low]) {
            *suggested = middle(depth, dim, n, low);
            return;
        }
    }
}
