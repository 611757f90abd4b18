/* The smallest keys of each row.
 *
 * Why the order of offers does not matter: what a row holds after all offers are the `room`
 * smallest of the different keys that it was offered, as a key leaves only when `room` smaller ones
 * are there. A limit that is read while another thread lowers it is too high at worst: then an
 * offer is looked at that could have been turned away. The one thing that must not depend on the
 * order is which offers are made; that is the caller's part. */
#define _POSIX_C_SOURCE 200809L
#include "neighbors/best.h"

#include "base/mem.h"

#include <sched.h>
#include <string.h>

gn_status gn_best_new(size_t n, size_t room, gn_best *out, gn_error *err) {
    gn_status st = GN_OK;
    gn_best b = {.n = n, .room = room};
    GN_TRY(gn_alloc_array(&b.key, n, room * sizeof *b.key, "lists of neighbours", err));
    GN_TRY(gn_alloc_array(&b.limit, n, sizeof *b.limit, "lists of neighbours", err));
    GN_TRY(gn_alloc_array(&b.taken, n, sizeof *b.taken, "lists of neighbours", err));
    for (size_t i = 0; i < n; i++) {
        atomic_init(&b.limit[i], UINT32_MAX);
        atomic_init(&b.taken[i], 0);
    }
    gn_best_clear(&b, 0, n);
    *out = b;
done:
    if (st != GN_OK) gn_best_free(&b);
    return st;
}

void gn_best_free(gn_best *b) {
    gn_free(b->key);
    gn_free(b->limit);
    gn_free(b->taken);
    *b = (gn_best){0};
}

void gn_best_clear(gn_best *b, size_t first, size_t n) {
    memset(b->key + first * b->room, 0xff, n * b->room * sizeof *b->key);
    for (size_t i = first; i < first + n; i++)
        atomic_store_explicit(&b->limit[i], UINT32_MAX, memory_order_relaxed);
}

void gn_best_offer(gn_best *b, size_t row, uint32_t number, uint32_t other, bool fresh) {
    if (number > gn_best_limit(b, row)) return;
    uint64_t key = (uint64_t)number << 32 | (uint64_t)other << 1 | fresh, *list;
    size_t low = 0, high = b->room;
    while (atomic_exchange_explicit(&b->taken[row], 1, memory_order_acquire)) sched_yield();
    list = b->key + row * b->room;
    while (low < high) { /* the first place whose key is not smaller, fresh or not */
        size_t mid = (low + high) / 2;
        if (list[mid] >> 1 < key >> 1)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < b->room && list[low] >> 1 != key >> 1) {
        memmove(list + low + 1, list + low, (b->room - 1 - low) * sizeof *list);
        list[low] = key;
        atomic_store_explicit(&b->limit[row], (uint32_t)(list[b->room - 1] >> 32),
                              memory_order_relaxed);
    }
    atomic_store_explicit(&b->taken[row], 0, memory_order_release);
}
