#include "encoding/totals.h"

gn_status gn_totals_new(size_t f, gn_totals *out, gn_error *err) {
    double *block;
    gn_status st = gn_alloc_array(&block, f + 4, f * sizeof *block, "covariances", err);
    if (st != GN_OK) return st;
    *out = (gn_totals){.f = f,
                       .x = block,
                       .xy = block + f,
                       .cov_y = block + 2 * f,
                       .w = block + 3 * f,
                       .xx = block + 4 * f};
    return GN_OK;
}

void gn_totals_free(gn_totals *t) {
    gn_free(t->x);
    *t = (gn_totals){0};
}

gn_status gn_totals_fit(gn_totals *t, double ridge, gn_error *err) {
    size_t f = t->f;
    t->y /= t->pairs;
    t->yy = t->yy / t->pairs - t->y * t->y;
    for (size_t k = 0; k < f; k++) {
        t->x[k] /= t->pairs;
        t->cov_y[k] = t->xy[k] / t->pairs - t->x[k] * t->y;
    }
    for (size_t k = 0; k < f; k++)
        for (size_t l = 0; l < f; l++)
            t->xx[k * f + l] = t->xx[k * f + l] / t->pairs - t->x[k] * t->x[l];
    return gn_mlem_solve(t->xx, t->cov_y, f, ridge, t->w, err);
}
