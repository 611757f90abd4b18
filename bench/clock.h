/* What every bench needs: clocks, and medians. */
#ifndef GN_BENCH_CLOCK_H
#define GN_BENCH_CLOCK_H

#include <stdlib.h>
#include <time.h>

static inline double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/** For qsort. */
static inline int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
