/* Small symmetric systems, a feature a row: Cholesky with dependent columns left out. */
#ifndef GN_ENCODING_SMALL_H
#define GN_ENCODING_SMALL_H

#include <stdbool.h>
#include <stddef.h>

/** A column whose variance given the earlier ones is below this share of its own depends on them.
 */
#define GN_DEPENDENT 1e-10

/** Factors a (n, n), symmetric positive semidefinite, in place: the lower triangle becomes L. A
 *  column that depends on the earlier ones is marked in skip (n) and takes no part. */
void gn_small_factor(double *a, size_t n, bool *skip);
/** Solves L L^T x = b in place; x is 0 for skipped columns. */
void gn_small_solve(const double *a, size_t n, const bool *skip, double *b);

/** Variance of variable k that the others of cov (n, n) do not predict linearly; 0 when they
 * predict it all. @param scratch (n, n) @param index, skip (n)
 *  @param coef (n) that residual as a combination of the variables: 1 at k, -regression elsewhere
 */
double gn_small_own(const double *cov, size_t n, size_t k, double *scratch, size_t *index,
                    bool *skip, double *coef);

/** Submatrix of a (n, n) for m indices, with `ridge` added to its diagonal, into out (m, m). */
void gn_small_take(const double *a, size_t n, const size_t *index, size_t m, double ridge,
                   double *out);

#endif
