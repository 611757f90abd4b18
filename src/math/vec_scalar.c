/* Float64 sums over float32 rows and the float64 product tile, in plain C: sixteen partial sums in
 * the order that stats.h promises. */
#include "math/kernels.h"

enum { LANES = 16, F64_TILE = 8 };

static double add_halves(double s[LANES]) {
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t i = 0; i < half; i++) s[i] += s[i + half];
    return s[0];
}

static double dot(const float *x, const float *y, size_t n) {
    double s[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) s[j] += (double)x[i + j] * (double)y[i + j];
    for (size_t j = 0; i + j < n; j++) s[j] += (double)x[i + j] * (double)y[i + j];
    return add_halves(s);
}
static double norm2(const float *x, size_t n) {
    return dot(x, x, n);
}

static double dist2(const float *x, const float *y, size_t n) {
    double s[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            double d = (double)x[i + j] - (double)y[i + j];
            s[j] += d * d;
        }
    for (size_t j = 0; i + j < n; j++) {
        double d = (double)x[i + j] - (double)y[i + j];
        s[j] += d * d;
    }
    return add_halves(s);
}

static double dot_f64(const double *x, const double *y, size_t n) {
    double s[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) s[j] += x[i + j] * y[i + j];
    for (size_t j = 0; i + j < n; j++) s[j] += x[i + j] * y[i + j];
    return add_halves(s);
}

static void widen(const float *x, size_t n, double *out) {
    for (size_t j = 0; j < n; j++) out[j] = (double)x[j];
}

static void add(double a, const double *x, size_t n, double *y) {
    for (size_t j = 0; j < n; j++) y[j] += a * x[j];
}

static inline double repel_in(const double *at, const double *other, size_t stride, size_t n,
                              size_t dim, double *force) {
    double z[LANES] = {0}, f[3][LANES] = {{0}};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++) {
            double d[3], d2 = 1;
            for (size_t c = 0; c < dim; c++) {
                d[c] = at[c] - other[c * stride + i + j];
                d2 += d[c] * d[c];
            }
            const double q = 1 / d2, q2 = q * q;
            z[j] += q;
            for (size_t c = 0; c < dim; c++) f[c][j] += q2 * d[c];
        }
    double sum = add_halves(z);
    for (size_t c = 0; c < dim; c++) force[c] = add_halves(f[c]);
    for (; i < n; i++) {
        double d[3], d2 = 1;
        for (size_t c = 0; c < dim; c++) {
            d[c] = at[c] - other[c * stride + i];
            d2 += d[c] * d[c];
        }
        const double q = 1 / d2;
        sum += q;
        for (size_t c = 0; c < dim; c++) force[c] += q * q * d[c];
    }
    return sum;
}
/* The number of dimensions as a constant: loops over it vanish. */
static double repel(const double *at, const double *other, size_t stride, size_t n, size_t dim,
                    double *force) {
    return dim == 2   ? repel_in(at, other, stride, n, 2, force)
           : dim == 3 ? repel_in(at, other, stride, n, 3, force)
                      : repel_in(at, other, stride, n, 1, force);
}

static void centre(const float *x, const double *mean, size_t n, double *out) {
    for (size_t j = 0; j < n; j++) out[j] = (double)x[j] - mean[j];
}

static void product(const double *a, const double *b, size_t k, double *c) {
    enum { LD = GN_PRODUCT_TILE };
    double s[F64_TILE][F64_TILE];
    for (size_t i = 0; i < F64_TILE; i++)
        for (size_t j = 0; j < F64_TILE; j++) s[i][j] = c[i * LD + j];
    for (size_t p = 0; p < k; p++)
        for (size_t i = 0; i < F64_TILE; i++)
            for (size_t j = 0; j < F64_TILE; j++) s[i][j] += a[p * LD + i] * b[p * LD + j];
    for (size_t i = 0; i < F64_TILE; i++)
        for (size_t j = 0; j < F64_TILE; j++) c[i * LD + j] = s[i][j];
}

const gn_vec gn_vec_scalar = {.name = "scalar",
                              .dot = dot,
                              .norm2 = norm2,
                              .dist2 = dist2,
                              .dot_f64 = dot_f64,
                              .widen = widen,
                              .add = add,
                              .repel = repel};
const gn_product gn_product_scalar = {
    .mr = F64_TILE, .nr = F64_TILE, .centre = centre, .add = product};
