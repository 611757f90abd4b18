/* Places that need no fit: columns as they are, and axes that somebody chose by naming two groups
 * of rows. A row's place on an axis is its dot product with the unit direction, with nothing taken
 * off: where 0 lies is then the data's own origin, in every picture the same. */
#include "gonio/axes.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <math.h>

enum { ROWS = 512 };

static gn_status not_finite(gn_error *err, size_t row, size_t column, double value) {
    return gn_fail(err, GN_EDATA, "row %zu, column %zu is %g: expected a finite number", row,
                   column, value);
}

gn_status gn_raw_places(gn_mat x, double *out, gn_error *err) {
    double *place = NULL;
    gn_status st = GN_OK;
    if (x.cols != 2 && x.cols != 3)
        return gn_fail(err, GN_EINVAL,
                       "rows of %zu dimensions are no places: expected 2 or 3 without a projection",
                       x.cols);
    GN_TRY(gn_alloc_array(&place, x.rows * x.cols, sizeof *place, "places", err));
    for (size_t i = 0; i < x.rows; i++) {
        const double *row = gn_mat_row_f64(x, i, place + i * x.cols);
        for (size_t c = 0; c < x.cols; c++) {
            if (!isfinite(row[c])) {
                st = not_finite(err, i, c, row[c]);
                goto done;
            }
            place[i * x.cols + c] = row[c];
        }
    }
    for (size_t i = 0; i < x.rows * x.cols; i++) out[i] = place[i];
done:
    gn_free(place);
    return st;
}

/* Adds sign / n times each of the rows to `sum`. */
static gn_status add_mean(gn_mat x, const int32_t *row, size_t n, double sign, double *sum,
                          double *buffer, gn_error *err) {
    if (n == 0) return gn_fail(err, GN_EINVAL, "no rows");
    for (size_t i = 0; i < n; i++) {
        if (row[i] < 0 || (size_t)row[i] >= x.rows)
            return gn_fail(err, GN_EINVAL, "row %d: expected 0 to %zu", (int)row[i], x.rows - 1);
        const double *v = gn_mat_row_f64(x, (size_t)row[i], buffer);
        for (size_t c = 0; c < x.cols; c++) {
            if (!isfinite(v[c])) return not_finite(err, (size_t)row[i], c, v[c]);
            sum[c] += sign / (double)n * v[c];
        }
    }
    return GN_OK;
}

static gn_status direct(gn_mat x, const gn_axis_rows *axis, double *direction, double *buffer,
                        gn_error *err) {
    double square = 0, scale = 0;
    for (size_t c = 0; c < x.cols; c++) direction[c] = 0;
    gn_status st = add_mean(x, axis->left, axis->n_left, -1, direction, buffer, err);
    if (st != GN_OK) gn_error_prefix(err, "left side");
    for (size_t c = 0; c < x.cols && st == GN_OK; c++) scale = fmax(scale, fabs(direction[c]));
    if (st == GN_OK) {
        st = add_mean(x, axis->right, axis->n_right, 1, direction, buffer, err);
        if (st != GN_OK) gn_error_prefix(err, "right side");
    }
    if (st != GN_OK) return st;
    for (size_t c = 0; c < x.cols; c++) square += direction[c] * direction[c];
    if (!(sqrt(square) > 1e-12 * scale))
        return gn_fail(err, GN_EDATA, "both sides have the same mean, which gives no direction");
    for (size_t c = 0; c < x.cols; c++) direction[c] /= sqrt(square);
    return GN_OK;
}

struct places {
    gn_mat x;
    const double *direction;
    size_t n_axes;
    double *out, *buffer; /* buffer: (workers, d) */
};

static gn_status place_block(void *user, size_t block, unsigned worker, gn_error *err) {
    const struct places *p = user;
    const size_t d = p->x.cols,
                 end = (block + 1) * ROWS < p->x.rows ? (block + 1) * ROWS : p->x.rows;
    for (size_t i = block * ROWS; i < end; i++) {
        const double *row = gn_mat_row_f64(p->x, i, p->buffer + worker * d);
        for (size_t a = 0; a < p->n_axes; a++) {
            double sum = 0;
            for (size_t c = 0; c < d; c++) sum += row[c] * p->direction[a * d + c];
            p->out[i * p->n_axes + a] = sum;
            if (isfinite(sum)) continue;
            for (size_t c = 0; c < d; c++)
                if (!isfinite(row[c])) return not_finite(err, i, c, row[c]);
        }
    }
    return GN_OK;
}

gn_status gn_axes_places(gn_ctx *ctx, gn_mat x, const gn_axis_rows *axis, size_t n_axes,
                         double *direction, double *out, gn_error *err) {
    double *unit = NULL, *buffer = NULL;
    gn_status st = GN_OK;
    const size_t d = x.cols;
    if (n_axes == 0 || d == 0 || x.rows == 0)
        return gn_fail(err, GN_EINVAL, "%zu axes through (%zu, %zu): expected at least one", n_axes,
                       x.rows, d);
    GN_TRY(gn_alloc_array(&unit, n_axes * d, sizeof *unit, "axes", err));
    GN_TRY(gn_alloc_array(&buffer, gn_ctx_threads(ctx) * d, sizeof *buffer, "axes", err));
    for (size_t a = 0; a < n_axes; a++)
        if ((st = direct(x, &axis[a], unit + a * d, buffer, err)) != GN_OK) {
            gn_error_prefix(err, "axis %zu", a + 1);
            goto done;
        }
    struct places p = {x, unit, n_axes, out, buffer};
    if (out) GN_TRY(gn_parallel(ctx, (x.rows + ROWS - 1) / ROWS, place_block, &p, NULL, err));
    for (size_t i = 0; direction && i < n_axes * d; i++) direction[i] = unit[i];
done:
    gn_free(unit);
    gn_free(buffer);
    return st;
}
