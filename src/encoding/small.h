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

/** Submatrix of a (n, n) for m indices, with `ridge` added to its diagonal, into out (m, m). */
void gn_small_take(const double *a, size_t n, const size_t *index, size_t m, double ridge,
                   double *out);

#endif
