/* gonio/base.h: the contract that every other header builds on.
 *
 * Four ideas cover the whole library:
 *
 *   status    What can fail returns gn_status and takes a last `gn_error *err` (NULL is fine). A
 *             failed call leaves its outputs untouched, frees what it took, and fills err with one
 *             sentence that names the place, the values and what was expected.
 *   view      gn_mat describes a matrix that somebody else owns. It is passed by value, borrowed
 *             for the call, never freed. What owns memory is a handle with a gn_x_free(NULL ok).
 *   context   gn_ctx carries threads, seed and the hooks for log, progress and cancel. It comes
 *             first in every call that threads, draws random numbers or runs long.
 *   numbers   Matrices are row-major. Sums are accumulated in float64. The same seed and the same
 *             binary give the same bytes on any number of threads.
 */
#ifndef GONIO_BASE_H
#define GONIO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GN_API __attribute__((visibility("default")))
#define GN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define GN_API
#define GN_PRINTF(fmt, args)
#endif

/* ---- status and error ------------------------------------------------------------------- */

typedef enum gn_status {
    GN_OK = 0,
    GN_EINVAL,  /**< the caller asked for something impossible (shape, option, range) */
    GN_EDATA,   /**< the input's content is wrong (NaN, truncated file, bad header) */
    GN_EIO,     /**< the operating system refused (not found, no space, permission) */
    GN_ENOMEM,  /**< out of memory */
    GN_ECANCEL, /**< the cancel hook asked to stop */
    GN_ENOSUPP, /**< valid, but not supported by this build or version */
} gn_status;

/** What went wrong, in one sentence without a final newline. */
typedef struct gn_error {
    gn_status code;
    char message[1024];
} gn_error;

/** The name of a status, e.g. "GN_EDATA"; a static string, never NULL. */
GN_API const char *gn_status_name(gn_status status);

/* ---- element types and matrix views ------------------------------------------------------ */

typedef enum gn_dtype {
    GN_F32 = 0, /**< IEEE float32 */
    GN_F64,     /**< IEEE float64 */
    GN_F16,     /**< IEEE float16, stored as uint16 */
    GN_BF16,    /**< bfloat16, stored as uint16 */
    GN_I32,
    GN_I64,
    GN_U8,
    GN_BOOL,
    GN_I8,
    GN_I16,
    GN_U16,
    GN_U32,
    GN_U64,
} gn_dtype;

/** Bytes of one element. */
GN_API size_t gn_dtype_size(gn_dtype dtype);
/** "float32", "bfloat16", ...: the names NumPy and PyTorch use. */
GN_API const char *gn_dtype_name(gn_dtype dtype);

/** A borrowed matrix (rows, cols), row-major; `stride` counts elements from one row to the next
 *  (stride >= cols). Numeric code accepts the floating types; gn_mat_row_f32/f64 convert. */
typedef struct gn_mat {
    const void *data;
    size_t rows, cols, stride;
    gn_dtype dtype;
} gn_mat;

/** A contiguous float32 view of (rows, cols) at `data`. */
static inline gn_mat gn_mat_f32(const float *data, size_t rows, size_t cols) {
    gn_mat m = {data, rows, cols, cols, GN_F32};
    return m;
}
/** A contiguous float64 view of (rows, cols) at `data`. */
static inline gn_mat gn_mat_f64(const double *data, size_t rows, size_t cols) {
    gn_mat m = {data, rows, cols, cols, GN_F64};
    return m;
}
/** Row `row` as float32: a pointer into the matrix when it is float32, else `buf` (cols floats)
 *  filled by conversion. `row` must be in range, the type a floating one. */
GN_API const float *gn_mat_row_f32(gn_mat m, size_t row, float *buf);
/** Row `row` as float64; same rules. */
GN_API const double *gn_mat_row_f64(gn_mat m, size_t row, double *buf);

/* ---- context ------------------------------------------------------------------------------ */

typedef enum gn_log_level { GN_LOG_INFO, GN_LOG_WARNING } gn_log_level;

/** Callbacks; any may be NULL. They are called from one thread at a time and must not call back
 *  into the library. */
typedef struct gn_hooks {
    void *user;
    void (*log)(void *user, gn_log_level level, const char *message);
    /** `done` of `total` units of the task named `task` ("extract", "neighbors layer 3");
     *  `done == total` ends the task. `unit` is a plural noun ("tokens", "rows"). */
    void (*progress)(void *user, const char *task, double done, double total, const char *unit);
    /** Polled at least every 100 ms of work; true makes the running call return GN_ECANCEL. */
    bool (*cancel)(void *user);
} gn_hooks;

/** Instruction sets, in order of preference. GN_CPU_AUTO takes the best that the processor has. */
typedef enum gn_cpu {
    GN_CPU_AUTO = 0,
    GN_CPU_SCALAR,
    GN_CPU_NEON,
    GN_CPU_AVX2,   /**< AVX2 + FMA + F16C */
    GN_CPU_AVX512, /**< F, BW, DQ, VL */
    GN_CPU_AMX,    /**< AVX-512 plus AMX-TILE and AMX-BF16 */
} gn_cpu;

typedef struct gn_ctx_opts {
    unsigned n_threads; /**< 0: as many as the process may use */
    uint64_t seed;      /**< default 0 */
    gn_cpu cpu; /**< GN_CPU_AUTO, or a level to force; GN_EINVAL if the processor lacks it */
    gn_hooks hooks;
} gn_ctx_opts;

typedef struct gn_ctx gn_ctx;

/** @param opts NULL for the defaults. Starts the worker threads.
 *  @return GN_OK; GN_EINVAL (cpu level not available); GN_ENOMEM; GN_EIO (threads). */
GN_API gn_status gn_ctx_new(const gn_ctx_opts *opts, gn_ctx **out, gn_error *err);
GN_API void gn_ctx_free(gn_ctx *ctx);
GN_API unsigned gn_ctx_threads(const gn_ctx *ctx);
GN_API uint64_t gn_ctx_seed(const gn_ctx *ctx);
/** The level in use, never GN_CPU_AUTO. */
GN_API gn_cpu gn_ctx_cpu(const gn_ctx *ctx);
/** "scalar", "neon", "avx2", "avx512", "amx", "auto". */
GN_API const char *gn_cpu_name(gn_cpu cpu);
/** The inverse of gn_cpu_name. @return GN_OK; GN_EINVAL with the list of names. */
GN_API gn_status gn_cpu_parse(const char *name, gn_cpu *out, gn_error *err);

/** The library's version, "0.1.0". */
GN_API const char *gn_version(void);

#ifdef __cplusplus
}
#endif
#endif
