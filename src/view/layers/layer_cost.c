/* Costs of searches: see layer_cost.h.
 *
 * A search of all rows is n^2 d / 2 products, which run at the speed of the matrix kernel of this
 * machine. A kernel's speed is measured rather than looked up: machines differ by a factor of
 * fifty, and what else runs on them counts, too. Against real searches the estimates below are good
 * to a third on sets that do not repeat their rows much. */
#define _DEFAULT_SOURCE
#include "view/layers/layer_cost.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "math/gemm.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
    TILE_K = 256,
    TILES = 256,     /* between two looks at the clock */
    PACK_COST = 600, /* reading and packing a value costs as much as so many products */
};
static const double tile_share = 0.75;   /* of a tile's speed: the rest goes to choosing */
static const double moments_share = 0.3; /* float64, and reading */
static const double slow = 1e8;          /* when nothing can be measured */

double gn_search_speed(gn_ctx *ctx) {
    const gn_gemm *g = gn_gemm_for(gn_ctx_cpu(ctx), 0);
    size_t count = 0, a_bytes = g->mr * TILE_K * g->element_bytes,
           b_bytes = g->nr * TILE_K * g->element_bytes;
    char *a = gn_alloc(1, a_bytes), *b = gn_alloc(1, b_bytes);
    float *c = gn_alloc(g->mr * g->nr, sizeof *c);
    double speed = slow;
    if (a && b && c) {
        memset(a, 0, a_bytes);
        memset(b, 0, b_bytes);
        if (g->begin) g->begin();
        double begun = gn_view_seconds(), passed = 0;
        while (passed < 1e-3) {
            for (size_t i = 0; i < TILES; i++) g->tile(a, b, TILE_K, c, g->nr);
            count += TILES;
            passed = gn_view_seconds() - begun;
        }
        if (g->end) g->end();
        speed = (double)(count * g->mr * g->nr * TILE_K) / passed;
    }
    gn_free(a);
    gn_free(b);
    gn_free(c);
    return speed * gn_ctx_threads(ctx);
}

double gn_search_seconds(double speed, size_t asks, size_t n, size_t d) {
    double pairs = (double)asks * (double)n / (asks == n ? 2 : 1); /* one product serves both */
    return (pairs + (double)n * PACK_COST) * (double)d / (tile_share * speed);
}

double gn_moments_seconds(double speed, size_t n, size_t d) {
    return (double)n * (double)d * (double)d / 2 / (moments_share * speed);
}

gn_status gn_search_fits(const gn_source *s, size_t k, gn_error *err) {
    enum { SPARE = 96 }; /* candidates of a row beyond k, neighbors/lists.c */
    double n = (double)s->about.rows, d = (double)s->about.dims, each = (double)k;
    double packed = 4 * n * d, lists = 8 * n * (each + SPARE);
    if (lists > packed) lists = packed;
    double needed = 2 * packed + lists + 2 * 8 * n * each;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    double there = pages > 0 && page > 0 ? (double)pages * (double)page : 0;
    if (there == 0 || needed < there) return GN_OK;
    return gn_fail(err, GN_EINVAL,
                   "neighbours of all %zu rows of %s take about %.0f GB of memory, this machine "
                   "has %.0f",
                   s->about.rows, s->about.name, 1e-9 * needed, 1e-9 * there);
}
