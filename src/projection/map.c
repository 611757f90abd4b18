/* The frame of a map that runs in steps. The caller decides how many at a time, so that a viewer
 * can draw, pause and answer other requests between them; a cancelled run stops between two steps
 * and leaves a whole map. */
#include "projection/map.h"

#include <math.h>

#include "base/mem.h"

gn_status gn_map_new(const char *name, const char *task, size_t n, size_t dim, gn_mat init,
                     gn_map **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_map *l = gn_calloc(1, sizeof *l);
    if (!l) return gn_fail(err, GN_ENOMEM, "out of memory for a map");
    if (init.data && (init.rows != n || init.cols != dim)) {
        st = gn_fail(err, GN_EINVAL, "the start of the map is (%zu, %zu), expected (%zu, %zu)",
                     init.rows, init.cols, n, dim);
        goto done;
    }
    l->state = (gn_map_state){
        .method = name, .n = n, .dim = dim, .loss = (double)NAN, .loss_se = (double)NAN};
    l->task = task;
    GN_TRY(gn_alloc_array(&l->y, n * dim, sizeof *l->y, "positions", err));
    for (size_t i = 0; init.data && i < n; i++) {
        const double *row = gn_mat_row_f64(init, i, l->y + i * dim);
        for (size_t x = 0; x < dim; x++) {
            l->y[i * dim + x] = row[x];
            if (isfinite(row[x])) continue;
            st = gn_fail(err, GN_EDATA, "the start of the map: row %zu, column %zu is not finite",
                         i, x);
            goto done;
        }
    }
    *out = l;
    return GN_OK;
done:
    gn_map_free(l);
    return st;
}

void gn_map_free(gn_map *map) {
    if (!map) return;
    if (map->free) map->free(map->method);
    gn_free(map->y);
    gn_free(map->target);
    gn_free(map->strength);
    gn_free(map);
}

static void centre(double *y, size_t n, size_t dim) {
    for (size_t x = 0; x < dim; x++) {
        double mean = 0;
        for (size_t i = 0; i < n; i++) mean += y[i * dim + x];
        mean /= (double)n;
        for (size_t i = 0; i < n; i++) y[i * dim + x] -= mean;
    }
}

void gn_map_centre(gn_map *map) {
    centre(map->y, map->state.n, map->state.dim);
}

gn_status gn_map_pull(gn_map *map, gn_mat target, const float *weight, double strength,
                      gn_error *err) {
    const size_t n = map->state.n, dim = map->state.dim;
    gn_status st = GN_OK;
    double *y = NULL;
    float *pull = NULL;
    if (target.rows != n || target.cols != dim || !(strength >= 0 && strength <= 1))
        return gn_fail(err, GN_EINVAL,
                       "a pull of strength %g towards (%zu, %zu): expected 0 to 1 and (%zu, %zu)",
                       strength, target.rows, target.cols, n, dim);
    GN_TRY(gn_alloc_array(&y, n * dim, sizeof *y, "positions", err));
    GN_TRY(gn_alloc_array(&pull, n, sizeof *pull, "strengths", err));
    for (size_t i = 0; i < n; i++) {
        const double *row = gn_mat_row_f64(target, i, y + i * dim);
        bool good = !weight || (weight[i] >= 0 && weight[i] <= 1);
        for (size_t x = 0; x < dim; x++) {
            y[i * dim + x] = row[x];
            good = good && isfinite(row[x]);
        }
        if (!good) {
            st = gn_fail(err, GN_EDATA,
                         "what the map is pulled to: row %zu is not finite or its weight is not in "
                         "[0, 1]",
                         i);
            goto done;
        }
        pull[i] = (float)(strength * (weight ? (double)weight[i] : 1));
    }
    centre(y, n, dim);
    double *old_y = map->target;
    float *old_pull = map->strength;
    map->target = strength > 0 ? y : NULL;
    map->strength = strength > 0 ? pull : NULL;
    if (strength > 0) {
        y = old_y;
        pull = old_pull;
    } else {
        gn_free(old_y);
        gn_free(old_pull);
    }
done:
    gn_free(y);
    gn_free(pull);
    return st;
}

gn_status gn_map_run(gn_ctx *ctx, gn_map *map, size_t n_steps, gn_error *err) {
    gn_map_state *s = &map->state;
    const size_t end = n_steps < s->n_steps - s->step ? s->step + n_steps : s->n_steps;
    while (s->step < end) {
        gn_status st = gn_ctx_poll(ctx, err);
        if (st == GN_OK) st = map->step(ctx, map, err);
        if (st != GN_OK) return st;
        s->step++;
        gn_ctx_progress(ctx, map->task, (double)s->step, (double)s->n_steps, "steps");
    }
    return GN_OK;
}

gn_map_state gn_map_get(const gn_map *map) {
    return map->state;
}

gn_mat gn_map_positions(const gn_map *map) {
    return gn_mat_f64(map->y, map->state.n, map->state.dim);
}
