/* Regions of a map are the basins of its density: points are counted on a grid, the counts are
 * smoothed, and every cell belongs to the peak that it reaches by going uphill. More smoothing
 * leaves fewer peaks, which makes the levels. The grid spans the middle 99 % of each axis, so that
 * a few points far out cost no resolution; they count in the cells at its rim. */
#include "view/layouts/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE_2D = 64, SIDE_3D = 32, SAMPLE = 20000, LEAST_ROWS = 5 };

typedef struct grid {
    size_t dim, side, cells;
    double low[3], width; /* of a cell, the same on all axes */
    double *count, *room;
    int32_t *peak; /* (cells) -1: not known yet */
} grid;

static int ascending(const void *a, const void *b) {
    const float *p = a, *q = b;
    return (*p > *q) - (*p < *q);
}

static gn_status span(const float *y, size_t n, grid *g, gn_error *err) {
    const size_t step = n / SAMPLE + 1, m = (n + step - 1) / step;
    float *v;
    double high[3], size = 0;
    gn_status st = gn_alloc_array(&v, m, sizeof *v, "a map's extent", err);
    if (st != GN_OK) return st;
    for (size_t a = 0; a < g->dim; a++) {
        for (size_t i = 0; i < m; i++) v[i] = y[i * step * g->dim + a];
        qsort(v, m, sizeof *v, ascending);
        g->low[a] = (double)v[m / 200];
        high[a] = (double)v[m - 1 - m / 200];
        size = fmax(size, high[a] - g->low[a]);
    }
    gn_free(v);
    if (!(size > 0)) size = 1;
    for (size_t a = 0; a < g->dim; a++) g->low[a] = (g->low[a] + high[a] - 1.1 * size) / 2;
    g->width = 1.1 * size / (double)g->side;
    return GN_OK;
}

static size_t cell_of(const grid *g, const float *at) {
    size_t cell = 0;
    for (size_t a = 0; a < g->dim; a++) {
        const double place = floor(((double)at[a] - g->low[a]) / g->width);
        cell = cell * g->side + (size_t)fmin(fmax(place, 0), (double)(g->side - 1));
    }
    return cell;
}

/* One pass of (1 2 1) / 4 along each axis; outside of the grid there is nothing. */
static void smooth(grid *g) {
    for (size_t a = 0, stride = 1; a < g->dim; a++, stride *= g->side) {
        memcpy(g->room, g->count, g->cells * sizeof *g->room);
        for (size_t c = 0; c < g->cells; c++) {
            const size_t at = c / stride % g->side;
            g->count[c] = g->room[c] / 2 + (at > 0 ? g->room[c - stride] / 4 : 0) +
                          (at + 1 < g->side ? g->room[c + stride] / 4 : 0);
        }
    }
}

/* The fullest of a cell and its neighbours, diagonal ones included; ties: the lowest number. */
static size_t uphill(const grid *g, size_t cell) {
    size_t best = cell, around = 1;
    for (size_t a = 0; a < g->dim; a++) around *= 3;
    for (size_t k = 0; k < around; k++) {
        size_t other = 0, rest = k, stride = 1;
        bool inside = true;
        for (size_t a = 0; a < g->dim; a++, rest /= 3, stride *= g->side) {
            const size_t at = cell / stride % g->side, to = at + rest % 3;
            inside = inside && to >= 1 && to <= g->side;
            if (inside) other += (to - 1) * stride;
        }
        if (inside && (g->count[other] > g->count[best] ||
                       (g->count[other] == g->count[best] && other < best)))
            best = other;
    }
    return best;
}

static int32_t peak_of(grid *g, size_t cell) {
    size_t at = cell;
    while (g->peak[at] < 0) {
        const size_t next = uphill(g, at);
        if (next == at) g->peak[at] = (int32_t)at;
        at = next;
    }
    const int32_t peak = g->peak[at];
    for (at = cell; g->peak[at] < 0;) {
        const size_t next = uphill(g, at);
        g->peak[at] = peak;
        at = next;
    }
    return peak;
}

/* Keeps the fullest basins, and says for each point which is its own. */
static gn_status gather(const float *y, size_t n, grid *g, size_t most, gn_label_regions *out,
                        gn_error *err) {
    size_t *rows = NULL;
    int32_t *number = NULL;
    gn_status st = GN_OK;
    GN_TRY(gn_alloc_array(&out->region, n, sizeof *out->region, "regions", err));
    GN_TRY(gn_alloc_array(&rows, g->cells, sizeof *rows, "regions", err));
    GN_TRY(gn_alloc_array(&number, g->cells, sizeof *number, "regions", err));
    memset(rows, 0, g->cells * sizeof *rows);
    for (size_t c = 0; c < g->cells; c++) number[c] = -1;
    for (size_t i = 0; i < n; i++) {
        out->region[i] = peak_of(g, cell_of(g, y + i * g->dim));
        rows[out->region[i]]++;
    }
    const size_t least = n / 500 > LEAST_ROWS ? n / 500 : LEAST_ROWS;
    while (out->n < most) {
        size_t best = 0;
        for (size_t c = 1; c < g->cells; c++)
            if (rows[c] > rows[best]) best = c;
        if (rows[best] < least) break;
        number[best] = (int32_t)out->n;
        out->rows[out->n++] = rows[best];
        rows[best] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        const int32_t r = out->region[i] = number[out->region[i]];
        for (size_t a = 0; r >= 0 && a < g->dim; a++)
            out->centre[r][a] += (double)y[i * g->dim + a] / (double)out->rows[r];
    }
done:
    gn_free(rows);
    gn_free(number);
    return st;
}

gn_status gn_label_regions_find(const float *y, size_t n, size_t dim, size_t level,
                                gn_label_regions *out, gn_error *err) {
    grid g = {.dim = dim, .side = dim == 2 ? SIDE_2D : SIDE_3D};
    gn_label_regions r = {0};
    /* in 3-D cells are twice as wide: a quarter of the passes smooths as far */
    const int passes = (level == 0 ? 16 : 4) / (dim == 2 ? 1 : 4);
    gn_status st;
    g.cells = dim == 2 ? g.side * g.side : g.side * g.side * g.side;
    GN_TRY(gn_alloc_array(&g.count, g.cells, sizeof *g.count, "a map's density", err));
    GN_TRY(gn_alloc_array(&g.room, g.cells, sizeof *g.room, "a map's density", err));
    GN_TRY(gn_alloc_array(&g.peak, g.cells, sizeof *g.peak, "a map's density", err));
    GN_TRY(span(y, n, &g, err));
    for (size_t c = 0; c < g.cells; c++) {
        g.count[c] = 0;
        g.peak[c] = -1;
    }
    for (size_t i = 0; i < n; i++) g.count[cell_of(&g, y + i * dim)]++;
    for (int p = 0; p < passes; p++) smooth(&g);
    GN_TRY(gather(y, n, &g, level == 0 ? GN_LABEL_REGIONS / 4 : GN_LABEL_REGIONS, &r, err));
    *out = r;
    r.region = NULL;
done:
    gn_free(g.count);
    gn_free(g.room);
    gn_free(g.peak);
    gn_free(r.region);
    return st;
}
