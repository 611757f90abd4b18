#include "encoding/small.h"

#include <math.h>

void gn_small_factor(double *a, size_t n, bool *skip) {
    for (size_t k = 0; k < n; k++) {
        double *row = a + k * n, own = row[k];
        for (size_t l = 0; l < k; l++) {
            double s = row[l];
            for (size_t t = 0; t < l; t++) s -= row[t] * a[l * n + t];
            row[l] = skip[l] ? 0 : s / a[l * n + l];
        }
        double left = own;
        for (size_t t = 0; t < k; t++) left -= row[t] * row[t];
        skip[k] = !(left > GN_DEPENDENT * own);
        row[k] = skip[k] ? 1 : sqrt(left);
        for (size_t t = 0; skip[k] && t < k; t++) row[t] = 0;
    }
}

void gn_small_solve(const double *a, size_t n, const bool *skip, double *b) {
    for (size_t k = 0; k < n; k++) {
        double s = b[k];
        for (size_t t = 0; t < k; t++) s -= a[k * n + t] * b[t];
        b[k] = skip[k] ? 0 : s / a[k * n + k];
    }
    for (size_t k = n; k-- > 0;) {
        double s = b[k];
        for (size_t t = k + 1; t < n; t++) s -= a[t * n + k] * b[t];
        b[k] = skip[k] ? 0 : s / a[k * n + k];
    }
}

void gn_small_take(const double *a, size_t n, const size_t *index, size_t m, double ridge,
                   double *out) {
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++)
            out[i * m + j] = a[index[i] * n + index[j]] + (i == j ? ridge : 0);
}

double gn_small_own(const double *cov, size_t n, size_t k, double *scratch, size_t *index,
                    bool *skip, double *coef) {
    size_t m = 0;
    double own = cov[k * n + k];
    for (size_t l = 0; l < n; l++)
        if (l != k) index[m++] = l;
    gn_small_take(cov, n, index, m, 0, scratch);
    for (size_t l = 0; l < m; l++) coef[l] = cov[k * n + index[l]];
    gn_small_factor(scratch, m, skip);
    gn_small_solve(scratch, m, skip, coef);
    for (size_t l = 0; l < m; l++) own -= coef[l] * cov[k * n + index[l]];
    for (size_t l = n; l-- > 0;) coef[l] = l == k ? 1 : -coef[l > k ? l - 1 : l];
    return own > GN_DEPENDENT * cov[k * n + k] ? own : 0;
}
