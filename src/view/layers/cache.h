/* What is costly to make is made once: components of a layer, lists of neighbours, an int8 copy, a
 * model. Kept under a key as long as there is room; shared by counting references.
 *
 * Who asks for something that nobody has makes it on its own thread, without any lock; who asks for
 * the same meanwhile waits. So a value is computed once whatever the number of clients. */
#ifndef GN_VIEW_CACHE_H
#define GN_VIEW_CACHE_H

#include "view/view.h"

typedef struct gn_cached gn_cached;

/** How a value is made. */
typedef struct gn_recipe {
    char key[192]; /**< says all that the value depends on */
    /** @param n_bytes receives about how much memory the value holds. */
    gn_status (*make)(const void *args, gn_ctx *ctx, void **value, size_t *n_bytes, gn_error *err);
    const void *args;
    void (*free)(void *value);
} gn_recipe;

/** The value, made unless it is there.
 *  @param ctx what it is made with; NULL: a context of its own, which ends with the server.
 *  @param out a reference, to be given back.
 *  @return GN_OK; GN_ECANCEL (the server ends, or ctx says so); what making it returns. */
gn_status gn_cache_get(gn_view *v, const gn_recipe *recipe, gn_ctx *ctx, gn_cached **out,
                       gn_error *err);
/** The value if it is there, or NULL. */
gn_cached *gn_cache_peek(gn_view *v, const char *key);
/** One more reference; NULL gives NULL. */
gn_cached *gn_cache_share(gn_view *v, gn_cached *c);
void *gn_cached_value(const gn_cached *c);
/** NULL is fine. */
void gn_cache_give(gn_view *v, gn_cached *c);
/** Bytes that values may take together. */
size_t gn_cache_room(const gn_view *v);

/* ---- the background ------------------------------------------------------------------------ */

/** Runs later, one after the other, in one thread of the view's own, in the order given.
 *  @param run does the work; a long one ends soon after v->ending is set.
 *  @param drop frees `user`, after run or instead of it (the server ends); called exactly once,
 * also when this call fails.
 *  @return GN_OK; GN_ENOMEM; GN_EIO (no thread). */
gn_status gn_view_later(gn_view *v, void (*run)(gn_view *v, void *user),
                        void (*drop)(gn_view *v, void *user), void *user, gn_error *err);

/** A cancel hook for contexts: true once the server ends. `user` is the gn_view. */
bool gn_view_is_ending(void *user);

#endif
