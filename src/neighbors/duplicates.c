/* Equal rows in one pass: a hash for each row (in parallel), then an open-addressed table of the
 * first row of each value. Equal hashes are confirmed on the values, so that a collision costs time
 * and never an answer.
 *
 * -0 equals 0 here although the bytes differ, because the distance between such rows is 0: what
 * follows (ratio estimators) must not meet a zero distance after duplicates were collapsed. */
#include "neighbors/distinct.h"

#include "base/ctx.h"
#include "base/mem.h"

#include <string.h>

enum { HASH_ROWS = 1024 };

struct hashing {
    gn_mat x;
    uint64_t *hash; /* (rows) */
};

/* Element c of a row as bits, -0 as 0. */
static uint64_t element(gn_mat x, size_t row, size_t c) {
    size_t size = gn_dtype_size(x.dtype);
    uint64_t bits = 0;
    const char *p = (const char *)x.data + (row * x.stride + c) * size;
    switch (size) { /* fixed sizes become single loads */
    case 8:
        memcpy(&bits, p, 8);
        break;
    case 4:
        memcpy(&bits, p, 4);
        break;
    case 2:
        memcpy(&bits, p, 2);
        break;
    default:
        memcpy(&bits, p, 1);
        break;
    }
    bool floating = x.dtype <= GN_BF16;
    return floating && bits == (uint64_t)1 << (8 * size - 1) ? 0 : bits;
}

static uint64_t mix(uint64_t h) {
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    return h;
}

uint64_t gn_row_hash(gn_mat x, size_t row) {
    uint64_t h = 0;
    for (size_t c = 0; c < x.cols; c++)
        h = (h ^ element(x, row, c)) * 0x9e3779b97f4a7c15u + (h >> 29);
    return mix(h);
}

static gn_status hash_rows(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    struct hashing *s = user;
    size_t begin = block * HASH_ROWS, end = begin + HASH_ROWS;
    if (end > s->x.rows) end = s->x.rows;
    for (size_t i = begin; i < end; i++) s->hash[i] = gn_row_hash(s->x, i);
    return GN_OK;
}

static bool same(gn_mat x, size_t a, size_t b) {
    for (size_t c = 0; c < x.cols; c++)
        if (element(x, a, c) != element(x, b, c)) return false;
    return true;
}

gn_status gn_duplicates(gn_ctx *ctx, gn_mat x, int32_t *first, size_t *n_duplicates,
                        gn_error *err) {
    gn_status st = GN_OK;
    struct hashing s = {x, NULL};
    int32_t *slot = NULL;
    size_t n_slots = 16, n = 0;
    if (x.rows > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "duplicates among %zu rows: expected at most %d", x.rows,
                       INT32_MAX);
    while (n_slots < 2 * x.rows) n_slots *= 2;
    GN_TRY(gn_alloc_array(&s.hash, x.rows, sizeof *s.hash, "row hashes", err));
    GN_TRY(gn_alloc_array(&slot, n_slots, sizeof *slot, "a table of rows", err));
    GN_TRY(gn_parallel(ctx, (x.rows + HASH_ROWS - 1) / HASH_ROWS, hash_rows, &s, NULL, err));
    for (size_t i = 0; i < n_slots; i++) slot[i] = -1;
    for (size_t i = 0; i < x.rows; i++) {
        size_t at = s.hash[i] & (n_slots - 1);
        while (slot[at] >= 0 && (s.hash[slot[at]] != s.hash[i] || !same(x, (size_t)slot[at], i)))
            at = (at + 1) & (n_slots - 1);
        if (slot[at] < 0) slot[at] = (int32_t)i;
        first[i] = slot[at];
        n += (size_t)slot[at] != i;
    }
    *n_duplicates = n;
done:
    gn_free(s.hash);
    gn_free(slot);
    return st;
}
