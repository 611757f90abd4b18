/* Convolution on a regular grid, zero-padded so that nothing wraps around. Axes are 0, 1, 2; a
 * one- or two-dimensional problem has length 1 along the unused axes. */
#ifndef GN_PROJECTION_GRID_FFT_H
#define GN_PROJECTION_GRID_FFT_H

#include "base/ctx.h"

typedef struct gn_grid_fft gn_grid_fft;

/** A kernel at the difference (a, b, c) of grid positions, each in (-m, m). */
typedef float (*gn_grid_kernel)(const void *user, size_t which, double a, double b, double c);

/** @param m (3) grid nodes along each axis; 1 where the axis is unused.
 *  @param n_kernels kernels convolved with the same charges; each is even, or odd in one axis, so
 *         that its transform is real or imaginary.
 *  @param odd (n_kernels) whether it is odd. */
gn_status gn_grid_fft_new(gn_ctx *ctx, const size_t m[3], size_t n_kernels, const bool *odd,
                          gn_grid_kernel kernel, const void *user, gn_grid_fft **out,
                          gn_error *err);
void gn_grid_fft_free(gn_grid_fft *g);

/** Floats from one line of the grids below to the next (the last axis is padded). */
size_t gn_grid_fft_stride(const gn_grid_fft *g);
/** (m0, m1, stride) zeroed by the caller, filled with charges at the first m2 of each line. */
float *gn_grid_fft_charges(gn_grid_fft *g);
/** (m0, m1, stride) potential of kernel `which` after gn_grid_fft_convolve. */
const float *gn_grid_fft_potential(const gn_grid_fft *g, size_t which);
gn_status gn_grid_fft_convolve(gn_ctx *ctx, gn_grid_fft *g, gn_error *err);

#endif
