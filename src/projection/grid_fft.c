/* Fast convolution on a grid.
 *
 * A convolution is a product of Fourier transforms. The grid (m0, m1, m2) is padded to at least
 * 2 m - 1 along each axis, so that the periodic convolution that the transform computes equals the
 * wanted one at the first m nodes. One-dimensional transforms are taken along the axes in turn
 * (kissfft), and work that only serves the padding is left out:
 *
 *     lines   last axis, real to complex, only the m0 m1 lines that hold charges
 *     middle  axis 1, forward
 *     fused   axis 0: forward, then for each kernel multiply and come back at once, so that the
 *             full spectrum never exists
 *     middle  axis 1, back;  lines  back to real, only the lines that are read
 *
 * A column of the grid is strided in memory: LANES neighbouring columns are gathered together, so
 * that each cache line is used whole. Kernels that are even have a real transform, kernels odd
 * along one axis an imaginary one: one float a node either way. */
#include "projection/grid_fft.h"

#include <kiss_fft.h>
#include <kiss_fftr.h>
#include <string.h>

#include "base/mem.h"

enum { LANES = 8, MAX_KERNELS = 4 };

struct gn_grid_fft {
    size_t m[3], p[3]; /* nodes, padded nodes; p[2] is even */
    size_t n_complex;  /* p[2] / 2 + 1 */
    size_t n_kernels, n_threads;
    bool odd[MAX_KERNELS];
    kiss_fft_cfg forward[2], back[2];        /* axes 0 and 1 */
    kiss_fftr_cfg *line_forward, *line_back; /* one a thread: kiss_fftr keeps scratch inside */
    kiss_fft_cpx *spectrum;                  /* (m0, p1, n_complex) */
    kiss_fft_cpx *product[MAX_KERNELS];      /* (m0, p1, n_complex) */
    float *charges;                          /* (m0, m1, p2) */
    float *potential[MAX_KERNELS];           /* (m0, m1, p2) */
    float *kernel[MAX_KERNELS];              /* (p0, p1, n_complex) */
    kiss_fft_cpx *columns;                   /* (threads, 3, LANES, max(p0, p1)) */
    size_t column;                           /* 3 LANES max(p0, p1) */
    /* Where the passes below read and write; set before each. */
    size_t rows1;
    const float *real_in;
    kiss_fft_cpx *data;
};

/* The smallest length >= n that splits into 2, 3 and 5; even if asked for. */
static size_t fast_length(size_t n, bool even) {
    if (n <= 1) return even ? 2 : 1;
    for (;; n++) {
        size_t left = n;
        for (size_t prime = 2; prime <= 5; prime++)
            while (left % prime == 0) left /= prime;
        if (left == 1 && (!even || n % 2 == 0)) return n;
    }
}

static void transform(kiss_fft_cfg plan, size_t n, const kiss_fft_cpx *in, kiss_fft_cpx *out) {
    if (n == 1)
        *out = *in;
    else
        kiss_fft(plan, in, out);
}

void gn_grid_fft_free(gn_grid_fft *g) {
    if (!g) return;
    for (int a = 0; a < 2; a++) {
        kiss_fft_free(g->forward[a]);
        kiss_fft_free(g->back[a]);
    }
    for (size_t t = 0; t < g->n_threads; t++) {
        if (g->line_forward) kiss_fftr_free(g->line_forward[t]);
        if (g->line_back) kiss_fftr_free(g->line_back[t]);
    }
    gn_free(g->line_forward);
    gn_free(g->line_back);
    for (size_t q = 0; q < g->n_kernels; q++) {
        gn_free(g->product[q]);
        gn_free(g->potential[q]);
        gn_free(g->kernel[q]);
    }
    gn_free(g->spectrum);
    gn_free(g->charges);
    gn_free(g->columns);
    gn_free(g);
}

/* Lines of the last axis: block = index along axis 0. */
static gn_status lines_forward(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    gn_grid_fft *g = user;
    for (size_t b = 0; b < g->rows1; b++)
        kiss_fftr(g->line_forward[worker], g->real_in + (block * g->rows1 + b) * g->p[2],
                  g->data + (block * g->p[1] + b) * g->n_complex);
    return GN_OK;
}

static gn_status lines_back(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    gn_grid_fft *g = user;
    size_t q = block / g->m[0], a = block % g->m[0];
    for (size_t b = 0; b < g->m[1]; b++)
        kiss_fftri(g->line_back[worker], g->product[q] + (a * g->p[1] + b) * g->n_complex,
                   g->potential[q] + (a * g->m[1] + b) * g->p[2]);
    return GN_OK;
}

/* n_in values of up to LANES columns that start at `from` (step apart) to lanes of length n, zero
 * beyond n_in; and back. */
static void gather(const kiss_fft_cpx *from, size_t step, size_t n_in, size_t n, size_t n_lanes,
                   kiss_fft_cpx *lanes) {
    for (size_t i = 0; i < n_in; i++)
        for (size_t l = 0; l < n_lanes; l++) lanes[l * n + i] = from[i * step + l];
    for (size_t l = 0; l < n_lanes; l++)
        memset(lanes + l * n + n_in, 0, (n - n_in) * sizeof *lanes);
}

static void scatter(const kiss_fft_cpx *lanes, size_t n, size_t n_out, size_t n_lanes,
                    kiss_fft_cpx *to, size_t step) {
    for (size_t i = 0; i < n_out; i++)
        for (size_t l = 0; l < n_lanes; l++) to[i * step + l] = lanes[l * n + i];
}

/* Axis 1 of plane `block`, m1 values in, p1 out; and back, p1 in, m1 out. */
static gn_status middle(gn_grid_fft *g, kiss_fft_cpx *plane, unsigned worker, bool back) {
    kiss_fft_cpx *in = g->columns + worker * g->column, *out = in + g->column / 3;
    for (size_t c = 0; c < g->n_complex; c += LANES) {
        size_t n_lanes = g->n_complex - c < LANES ? g->n_complex - c : LANES;
        gather(plane + c, g->n_complex, back ? g->p[1] : g->rows1, g->p[1], n_lanes, in);
        for (size_t l = 0; l < n_lanes; l++)
            kiss_fft(back ? g->back[1] : g->forward[1], in + l * g->p[1], out + l * g->p[1]);
        scatter(out, g->p[1], back ? g->m[1] : g->p[1], n_lanes, plane + c, g->n_complex);
    }
    return GN_OK;
}

static gn_status middle_forward(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    gn_grid_fft *g = user;
    return middle(g, g->data + block * g->p[1] * g->n_complex, worker, false);
}

static gn_status middle_back(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    gn_grid_fft *g = user;
    size_t q = block / g->m[0], a = block % g->m[0];
    return middle(g, g->product[q] + a * g->p[1] * g->n_complex, worker, true);
}

/* Axis 0 for LANES columns: forward once, then each kernel. */
static gn_status fused(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)err;
    gn_grid_fft *g = user;
    const size_t n_columns = g->p[1] * g->n_complex, c = block * LANES, p = g->p[0];
    const size_t n_lanes = n_columns - c < LANES ? n_columns - c : LANES;
    kiss_fft_cpx *in = g->columns + worker * g->column, *spectrum = in + g->column / 3,
                 *out = spectrum + g->column / 3;
    gather(g->spectrum + c, n_columns, g->m[0], p, n_lanes, in);
    for (size_t l = 0; l < n_lanes; l++) transform(g->forward[0], p, in + l * p, spectrum + l * p);
    for (size_t q = 0; q < g->n_kernels; q++) {
        const float *k = g->kernel[q] + c;
        for (size_t i = 0; i < p; i++)
            for (size_t l = 0; l < n_lanes; l++) {
                const float f = k[i * n_columns + l];
                const kiss_fft_cpx s = spectrum[l * p + i];
                in[l * p + i] = g->odd[q] ? (kiss_fft_cpx){-f * s.i, f * s.r}
                                          : (kiss_fft_cpx){f * s.r, f * s.i};
            }
        for (size_t l = 0; l < n_lanes; l++) transform(g->back[0], p, in + l * p, out + l * p);
        scatter(out, p, g->m[0], n_lanes, g->product[q] + c, n_columns);
    }
    return GN_OK;
}

/* The transform of each kernel, laid out around index 0 with negative differences at the end. */
static gn_status transform_kernels(gn_ctx *ctx, gn_grid_fft *g, gn_grid_kernel kernel,
                                   const void *user, gn_error *err) {
    const size_t *m = g->m, *p = g->p, n_columns = p[1] * g->n_complex;
    const double scale = 1 / ((double)p[0] * (double)p[1] * (double)p[2]);
    float *real = NULL;
    kiss_fft_cpx *full = NULL;
    gn_status s = gn_alloc_array(&real, p[0] * p[1] * p[2], sizeof *real, "kernel", err);
    if (s == GN_OK) s = gn_alloc_array(&full, p[0] * n_columns, sizeof *full, "kernel", err);
    for (size_t q = 0; s == GN_OK && q < g->n_kernels; q++) {
        for (size_t a = 0; a < p[0]; a++)
            for (size_t b = 0; b < p[1]; b++)
                for (size_t c = 0; c < p[2]; c++) {
                    const size_t at[3] = {a, b, c};
                    double diff[3];
                    bool used = true; /* what lies between m and p - m is never read */
                    for (int x = 0; x < 3; x++) {
                        diff[x] = at[x] < m[x] ? (double)at[x] : (double)at[x] - (double)p[x];
                        used &= at[x] < m[x] || p[x] - at[x] < m[x];
                    }
                    real[(a * p[1] + b) * p[2] + c] =
                        used ? kernel(user, q, diff[0], diff[1], diff[2]) : 0;
                }
        g->real_in = real;
        g->data = full;
        g->rows1 = p[1];
        s = gn_parallel(ctx, p[0], lines_forward, g, NULL, err);
        if (s == GN_OK && p[1] > 1) s = gn_parallel(ctx, p[0], middle_forward, g, NULL, err);
        kiss_fft_cpx *in = g->columns, *out = in + g->column / 3;
        for (size_t c = 0; s == GN_OK && c < n_columns; c++) {
            gather(full + c, n_columns, p[0], p[0], 1, in);
            transform(g->forward[0], p[0], in, out);
            for (size_t i = 0; i < p[0]; i++)
                g->kernel[q][i * n_columns + c] =
                    (float)((double)(g->odd[q] ? out[i].i : out[i].r) * scale);
        }
    }
    gn_free(real);
    gn_free(full);
    return s;
}

gn_status gn_grid_fft_new(gn_ctx *ctx, const size_t m[3], size_t n_kernels, const bool *odd,
                          gn_grid_kernel kernel, const void *user, gn_grid_fft **out,
                          gn_error *err) {
    gn_grid_fft *g = gn_calloc(1, sizeof *g);
    if (!g) return gn_fail(err, GN_ENOMEM, "out of memory for a grid");
    gn_status s = GN_OK;
    g->n_kernels = n_kernels;
    g->n_threads = ctx ? gn_ctx_threads(ctx) : 1;
    for (int x = 0; x < 3; x++) {
        g->m[x] = m[x];
        g->p[x] = fast_length(2 * m[x] - 1, x == 2);
    }
    memcpy(g->odd, odd, n_kernels * sizeof *odd);
    g->n_complex = g->p[2] / 2 + 1;
    const size_t n_columns = g->p[1] * g->n_complex, lines = m[0] * m[1];
    g->column = 3 * LANES * (g->p[0] > g->p[1] ? g->p[0] : g->p[1]);
    g->line_forward = gn_calloc(g->n_threads, sizeof(kiss_fftr_cfg));
    g->line_back = gn_calloc(g->n_threads, sizeof(kiss_fftr_cfg));
    bool ok = g->line_forward && g->line_back;
    for (size_t t = 0; ok && t < g->n_threads; t++) {
        g->line_forward[t] = kiss_fftr_alloc((int)g->p[2], 0, NULL, NULL);
        g->line_back[t] = kiss_fftr_alloc((int)g->p[2], 1, NULL, NULL);
        ok = g->line_forward[t] && g->line_back[t];
    }
    for (int a = 0; ok && a < 2; a++) {
        g->forward[a] = kiss_fft_alloc((int)g->p[a], 0, NULL, NULL);
        g->back[a] = kiss_fft_alloc((int)g->p[a], 1, NULL, NULL);
        ok = g->forward[a] && g->back[a];
    }
    ok = ok && (g->charges = gn_calloc(lines * g->p[2], sizeof(float))) != NULL &&
         (g->spectrum = gn_calloc(m[0] * n_columns, sizeof *g->spectrum)) != NULL &&
         (g->columns = gn_calloc(g->n_threads * g->column, sizeof *g->columns)) != NULL;
    for (size_t q = 0; ok && q < n_kernels; q++)
        ok = (g->product[q] = gn_calloc(m[0] * n_columns, sizeof *g->spectrum)) != NULL &&
             (g->potential[q] = gn_calloc(lines * g->p[2], sizeof(float))) != NULL &&
             (g->kernel[q] = gn_calloc(g->p[0] * n_columns, sizeof(float))) != NULL;
    if (!ok)
        s = gn_fail(err, GN_ENOMEM, "out of memory for a grid of %zu x %zu x %zu", m[0], m[1],
                    m[2]);
    if (s == GN_OK) s = transform_kernels(ctx, g, kernel, user, err);
    if (s == GN_OK)
        *out = g;
    else
        gn_grid_fft_free(g);
    return s;
}

size_t gn_grid_fft_stride(const gn_grid_fft *g) {
    return g->p[2];
}
float *gn_grid_fft_charges(gn_grid_fft *g) {
    return g->charges;
}
const float *gn_grid_fft_potential(const gn_grid_fft *g, size_t which) {
    return g->potential[which];
}

gn_status gn_grid_fft_convolve(gn_ctx *ctx, gn_grid_fft *g, gn_error *err) {
    g->real_in = g->charges;
    g->data = g->spectrum;
    g->rows1 = g->m[1];
    gn_status s = gn_parallel(ctx, g->m[0], lines_forward, g, NULL, err);
    if (s == GN_OK && g->p[1] > 1) s = gn_parallel(ctx, g->m[0], middle_forward, g, NULL, err);
    const size_t n_blocks = (g->p[1] * g->n_complex + LANES - 1) / LANES;
    if (s == GN_OK) s = gn_parallel(ctx, n_blocks, fused, g, NULL, err);
    if (s == GN_OK && g->p[1] > 1)
        s = gn_parallel(ctx, g->n_kernels * g->m[0], middle_back, g, NULL, err);
    if (s == GN_OK) s = gn_parallel(ctx, g->n_kernels * g->m[0], lines_back, g, NULL, err);
    return s;
}
