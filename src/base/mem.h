/* Every allocation of the library goes through here, so that tests can fail the n-th one, and
 * every size product through gn_mul, so that a file that lies cannot wrap a size around. */
#ifndef GN_BASE_MEM_H
#define GN_BASE_MEM_H

#include "base/error.h"

/** *out = a * b; false on overflow. */
static inline bool gn_mul(size_t a, size_t b, size_t *out) {
    return !__builtin_mul_overflow(a, b, out);
}

/** n * size bytes, uninitialised, 64-byte aligned; NULL when there is no memory or the product
 *  overflows. n * size == 0 gives a valid pointer. Free with gn_free. */
void *gn_alloc(size_t n, size_t size);
/** The same, zeroed. */
void *gn_calloc(size_t n, size_t size);
/** Grows or shrinks; alignment is malloc's. The old block stays valid when NULL is returned. Only
 *  for pointers that came from gn_realloc (or NULL). */
void *gn_realloc(void *p, size_t n, size_t size);
/** The machine's memory (4 GiB where it is not known): what is larger than that when it is unpacked
 * is refused. */
size_t gn_machine_bytes(void);
char *gn_strdup(const char *s);
void gn_free(void *p);

/** gn_alloc with the error filled: `*out` is written only on GN_OK. */
gn_status gn_alloc_array(void *out_pointer, size_t n, size_t size, const char *what, gn_error *err);

/** A bump allocator: many small pieces, freed together. Start from {0}. */
typedef struct gn_arena {
    struct gn_arena_block *head;
} gn_arena;
void *gn_arena_alloc(gn_arena *a, size_t n, size_t size);
/** A NUL-terminated copy of n bytes. */
char *gn_arena_text(gn_arena *a, const char *text, size_t n);
void gn_arena_free(gn_arena *a);

#endif
