/* Failing the n-th allocation of the library, for every n. The program must be linked with
 * `fail_alloc_args` of tests/meson.build, which send aligned_alloc, realloc and free of the static
 * core through here:
 *
 *     static gn_status attempt(void *user, gn_error *err) { open something, close it }
 *     TEST(memory) { FAIL_SWEEP(attempt, NULL, "what"); }
 *
 * A sweep demands GN_ENOMEM with a message each time, that nothing stays allocated, and in the end
 * a success. Include it in one file of the program; memory of the test's own must not be freed
 * inside an attempt. */
#ifndef GN_TESTS_FAIL_ALLOC_H
#define GN_TESTS_FAIL_ALLOC_H

#include "tap.h"

void *__real_aligned_alloc(size_t alignment, size_t n);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_aligned_alloc(size_t alignment, size_t n);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

static long fail_countdown, fail_live; /* 0: fail none */

static bool fail_now(void) {
    return fail_countdown > 0 && --fail_countdown == 0;
}

void *__wrap_aligned_alloc(size_t alignment, size_t n) {
    void *p = fail_now() ? NULL : __real_aligned_alloc(alignment, n);
    fail_live += p != NULL;
    return p;
}
void *__wrap_realloc(void *p, size_t n) {
    void *q = fail_now() ? NULL : __real_realloc(p, n);
    fail_live += q && !p;
    return q;
}
void __wrap_free(void *p) {
    fail_live -= p != NULL;
    __real_free(p);
}

/** Returns how many allocations were failed, or -1 after a broken promise, which it prints. */
static inline long fail_sweep(gn_status (*attempt)(void *user, gn_error *err), void *user,
                              const char *what) {
    for (long n = 1; n < 100000; n++) {
        gn_error err = {0};
        long live = fail_live;
        fail_countdown = n;
        gn_status st = attempt(user, &err);
        bool reached = fail_countdown == 0;
        fail_countdown = 0;
        if (fail_live != live) {
            printf("# %s: allocation %ld fails: %ld blocks are left\n", what, n, fail_live - live);
            return -1;
        }
        if (!reached && st == GN_OK) return n - 1;
        if (!reached || st != GN_ENOMEM || !err.message[0]) {
            printf("# %s: allocation %ld fails: %s: %s\n", what, n, gn_status_name(st),
                   err.message);
            return -1;
        }
    }
    printf("# %s: more than 100000 allocations\n", what);
    return -1;
}
#define FAIL_SWEEP(attempt, user, what) CHECK(fail_sweep(attempt, user, what) > 0)

#endif
