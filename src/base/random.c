#include "base/random.h"

#include <math.h>

static uint64_t splitmix64(uint64_t *x) {
    uint64_t z = (*x += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

gn_random gn_random_new(uint64_t seed, uint64_t stream) {
    /* The stream number is scrambled before it meets the seed: (1, 2) and (2, 1) must differ. */
    uint64_t x = stream;
    x = seed ^ splitmix64(&x);
    gn_random r;
    for (int i = 0; i < 4; i++) r.s[i] = splitmix64(&x);
    return r;
}

static uint64_t rotl(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t gn_random_u64(gn_random *r) {
    uint64_t result = rotl(r->s[1] * 5, 7) * 9, t = r->s[1] << 17;
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = rotl(r->s[3], 45);
    return result;
}

double gn_random_uniform(gn_random *r) {
    return (double)(gn_random_u64(r) >> 11) * 0x1p-53;
}

uint64_t gn_random_below(gn_random *r, uint64_t n) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do x = gn_random_u64(r);
    while (x >= limit);
    return x % n;
}

double gn_random_normal(gn_random *r) {
    double u, v, q;
    do {
        u = 2 * gn_random_uniform(r) - 1;
        v = 2 * gn_random_uniform(r) - 1;
        q = u * u + v * v;
    } while (q >= 1 || q <= 0);
    return u * sqrt(-2 * log(q) / q);
}

void gn_random_subset(gn_random *r, size_t n, size_t m, int32_t *out) {
    size_t taken = 0;
    for (size_t i = 0; i < n && taken < m; i++)
        if (gn_random_below(r, n - i) < m - taken) out[taken++] = (int32_t)i;
}
