/* What the eigenvalues l of a covariance say about the axes that a cloud uses.
 *
 *   participation ratio   (sum l)^2 / sum l^2 = (tr C)^2 / |C|_F^2: m for m equal axes;
 *   IsoScore              (PR - 1) / (d - 1). Rudman et al. (2022) define it through a rotation to
 *                         principal axes, the variances' distance to a constant vector, and two
 *                         rescalings; written out, these are this identity;
 *   IsoScore*             the same of (1 - zeta) C + zeta C0: shrinkage towards a reference makes
 *                         it usable for fewer rows than dimensions (Rudman & Eickhoff 2024);
 *   effective rank        exp(-sum p ln p), p = s / sum s, s = sqrt(l) the singular values (Roy &
 *                         Vetterli 2007). Eigenvalues below d 2^-52 l_1 are rounding and count as
 *                         zero: their square roots would not be small;
 *   stable rank           sum l / l_1, the inverse of the top-1 share;
 *   d(eps)                how many of the largest hold a share eps of the sum. */
#include "gonio/isotropy.h"

#include "base/mem.h"
#include "math/linalg.h"

#include <float.h>
#include <math.h>

void gn_spectrum_read(const double *eigenvalue, size_t d, gn_spectrum *out) {
    const double none = (double)NAN, *l = eigenvalue;
    *out = (gn_spectrum){0, none, none, none, none, none};
    double largest = l[0], floor = (double)d * DBL_EPSILON * largest;
    double squares = 0, sum_s = 0, entropy = 0;
    for (size_t j = 0; j < d; j++) {
        out->total += l[j];
        squares += l[j] / largest * (l[j] / largest);
        if (l[j] > floor) sum_s += sqrt(l[j]);
    }
    if (!(largest > 0)) return;
    for (size_t j = 0; j < d && l[j] > floor; j++) {
        double p = sqrt(l[j]) / sum_s;
        entropy -= p * log(p);
    }
    out->stable_rank = out->total / largest;
    out->participation_ratio = out->stable_rank * out->stable_rank / squares;
    if (d > 1) out->isoscore = (out->participation_ratio - 1) / (double)(d - 1);
    out->effective_rank = exp(entropy);
    out->top1_share = largest / out->total;
}

size_t gn_spectrum_dims(const double *eigenvalue, size_t d, double eps, bool strict) {
    double total = 0, sum = 0;
    for (size_t j = 0; j < d; j++) total += eigenvalue[j];
    if (!(total > 0)) return 0;
    for (size_t j = 0; j < d; j++) {
        sum += eigenvalue[j];
        if (strict ? sum > eps * total : sum >= eps * total) return j + 1;
    }
    return d;
}

double gn_isoscore_star(const double *covariance, const double *reference, size_t d, double zeta) {
    double tr = 0, F = 0;
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            double c = (1 - zeta) * covariance[i * d + j] + zeta * reference[i * d + j];
            F += c * c;
            if (i == j) tr += c;
        }
    return F > 0 && d > 1 ? (tr / F * tr - 1) / (double)(d - 1) : (double)NAN;
}

gn_status gn_spectrum_uncentred(const double *covariance, const double *mean, size_t d,
                                double *eigenvalue, gn_error *err) {
    gn_status st;
    double *a = NULL, *l = NULL;
    size_t elements;
    if (!gn_mul(d, d, &elements)) return gn_fail_nomem(err, "second moments", SIZE_MAX);
    GN_TRY(gn_alloc_array(&a, elements, sizeof *a, "second moments", err));
    GN_TRY(gn_alloc_array(&l, d, sizeof *l, "eigenvalues", err));
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) a[i * d + j] = covariance[i * d + j] + mean[i] * mean[j];
    GN_TRY(gn_eigen_symmetric(a, d, l, NULL, err));
    for (size_t j = 0; j < d; j++) eigenvalue[j] = l[j] > 0 ? l[j] : 0;
done:
    gn_free(a);
    gn_free(l);
    return st;
}
