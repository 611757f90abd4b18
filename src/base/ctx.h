/* The context: worker threads, hooks, and the one way to run work in parallel.
 *
 * Work is cut into blocks that depend on the data only, never on the number of threads. Workers
 * take the next block from a shared counter; anything that is summed across blocks is written per
 * block and added in block order by the caller afterwards. That is what makes 1 thread and 64
 * threads give the same bytes. */
#ifndef GN_BASE_CTX_H
#define GN_BASE_CTX_H

#include "base/error.h"

/** One block of work. `worker` < gn_ctx_threads(ctx) names the scratch that is this thread's. */
typedef gn_status (*gn_block_fn)(void *user, size_t block, unsigned worker, gn_error *err);

/** What the progress hook is told while blocks finish. A whole task may span several parallel
 *  loops: `before` units were done by earlier ones. */
typedef struct gn_progress {
    const char *task, *unit;
    double total, before, per_block;
} gn_progress;

/** Runs blocks 0 ... n_blocks - 1 on all threads, the caller's included. Polls cancel, reports
 *  progress (NULL: silent). Blocks must not call gn_parallel. After an error no new block starts;
 *  the error of the lowest block that failed is returned. ctx NULL: runs on the calling thread. */
gn_status gn_parallel(gn_ctx *ctx, size_t n_blocks, gn_block_fn fn, void *user,
                      const gn_progress *progress, gn_error *err);

/** GN_ECANCEL when the cancel hook says so, else GN_OK. For loops outside gn_parallel. */
gn_status gn_ctx_poll(gn_ctx *ctx, gn_error *err);
/** Reports progress from outside gn_parallel. */
void gn_ctx_progress(gn_ctx *ctx, const char *task, double done, double total, const char *unit);
void gn_ctx_log(gn_ctx *ctx, gn_log_level level, const char *format, ...) GN_PRINTF(3, 4);

#endif
