/* Random streams: xoshiro256** (Blackman & Vigna 2021) started by splitmix64 from (seed, stream).
 * A block of work takes the stream of its own number, so results never depend on the threads. */
#ifndef GN_BASE_RANDOM_H
#define GN_BASE_RANDOM_H

#include "gonio/base.h"

typedef struct gn_random {
    uint64_t s[4];
} gn_random;

gn_random gn_random_new(uint64_t seed, uint64_t stream);
uint64_t gn_random_u64(gn_random *r);
/** Uniform in [0, 1) with 53 bits. */
double gn_random_uniform(gn_random *r);
/** Uniform in {0, ..., n - 1}, without modulo bias; n >= 1. */
uint64_t gn_random_below(gn_random *r, uint64_t n);
/** Standard normal (polar method). */
double gn_random_normal(gn_random *r);
/** A uniform m-subset of {0, ..., n - 1}, ascending, into out (m); m <= n. Selection sampling: one
 *  draw per candidate, no scratch. */
void gn_random_subset(gn_random *r, size_t n, size_t m, int32_t *out);

#endif
