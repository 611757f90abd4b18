#define _DEFAULT_SOURCE
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALIGN = 64, ARENA_BLOCK = 1 << 16 };

void *gn_alloc(size_t n, size_t size) {
    size_t bytes;
    if (!gn_mul(n, size, &bytes) || bytes > SIZE_MAX - ALIGN) return NULL;
    bytes = bytes ? (bytes + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
    return aligned_alloc(ALIGN, bytes);
}

void *gn_calloc(size_t n, size_t size) {
    void *p = gn_alloc(n, size);
    if (p) memset(p, 0, n * size);
    return p;
}

void *gn_realloc(void *p, size_t n, size_t size) {
    size_t bytes;
    if (!gn_mul(n, size, &bytes)) return NULL;
    return realloc(p, bytes ? bytes : 1);
}

size_t gn_machine_bytes(void) {
    size_t bytes;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    bool known = pages > 0 && page > 0 && gn_mul((size_t)pages, (size_t)page, &bytes);
    return known ? bytes : UINT32_MAX;
}

char *gn_strdup(const char *s) {
    size_t n = strlen(s) + 1;
    char *copy = gn_alloc(n, 1);
    return copy ? memcpy(copy, s, n) : NULL;
}

void gn_free(void *p) {
    free(p);
}

gn_status gn_alloc_array(void *out_pointer, size_t n, size_t size, const char *what,
                         gn_error *err) {
    void *p = gn_alloc(n, size);
    if (!p) {
        size_t bytes;
        return gn_fail_nomem(err, what, gn_mul(n, size, &bytes) ? bytes : SIZE_MAX);
    }
    memcpy(out_pointer, &p, sizeof p);
    return GN_OK;
}

struct gn_arena_block {
    struct gn_arena_block *next;
    size_t used, size;
    _Alignas(16) unsigned char data[];
};

void *gn_arena_alloc(gn_arena *a, size_t n, size_t size) {
    size_t bytes;
    if (!gn_mul(n, size, &bytes) || bytes > SIZE_MAX / 2) return NULL;
    bytes = (bytes + 15) / 16 * 16;
    struct gn_arena_block *b = a->head;
    if (!b || b->size - b->used < bytes) {
        size_t want = bytes > ARENA_BLOCK ? bytes : ARENA_BLOCK;
        b = gn_alloc(1, sizeof *b + want);
        if (!b) return NULL;
        b->used = 0;
        b->size = want;
        b->next = a->head;
        a->head = b;
    }
    void *p = b->data + b->used;
    b->used += bytes;
    return p;
}

char *gn_arena_text(gn_arena *a, const char *text, size_t n) {
    if (n == SIZE_MAX) return NULL;
    char *p = gn_arena_alloc(a, n + 1, 1);
    if (!p) return NULL;
    if (n) memcpy(p, text, n);
    p[n] = '\0';
    return p;
}

void gn_arena_free(gn_arena *a) {
    for (struct gn_arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        gn_free(b);
    }
    a->head = NULL;
}
