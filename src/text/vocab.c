#include "text/vocab.h"

#include <string.h>

static uint64_t mix(uint64_t h) {
    h ^= h >> 32;
    return h * UINT64_C(0xD6E8FEB86659FD93);
}

static uint64_t hash_of(const char *text, size_t n) {
    uint64_t h = 0;
    for (size_t i = 0; i < n; i++) h = gn_vocab_hash_add(h, text[i]);
    return h;
}

/* Where a string is, or SIZE_MAX. */
static size_t find_slot(const gn_vocab *v, uint64_t hash, const char *prefix, size_t n_prefix,
                        const char *text, size_t n) {
    if (!v->slot) return SIZE_MAX;
    uint64_t m = mix(hash);
    uint32_t tag = (uint32_t)m;
    size_t mask = SIZE_MAX >> v->shift;
    for (size_t i = (size_t)(m >> v->shift);; i = (i + 1) & mask) {
        gn_vocab_slot s = v->slot[i];
        if (s.id < 0) return SIZE_MAX;
        if (s.tag != tag || v->len[s.id] != n_prefix + n) continue;
        const char *t = v->text[s.id];
        if (memcmp(t, prefix, n_prefix) == 0 && memcmp(t + n_prefix, text, n) == 0) return i;
    }
}

int32_t gn_vocab_probe(const gn_vocab *v, uint64_t hash, const char *prefix, size_t n_prefix,
                       const char *text, size_t n) {
    size_t i = find_slot(v, hash, prefix, n_prefix, text, n);
    return i == SIZE_MAX ? -1 : v->slot[i].id;
}

int32_t gn_vocab_find(const gn_vocab *v, const char *text, size_t n) {
    return gn_vocab_probe(v, hash_of(text, n), "", 0, text, n);
}

static void insert(gn_vocab *v, const char *text, size_t n, int32_t id) {
    uint64_t m = mix(hash_of(text, n));
    size_t mask = SIZE_MAX >> v->shift, i = (size_t)(m >> v->shift);
    while (v->slot[i].id >= 0) i = (i + 1) & mask;
    v->slot[i] = (gn_vocab_slot){(uint32_t)m, id};
}

/* Doubles the table when it is half full; a quarter full on average keeps probes short. */
static gn_status grow(gn_vocab *v, gn_error *err) {
    size_t slots = v->slot ? (SIZE_MAX >> v->shift) + 1 : 0;
    if (2 * (v->n + 1) <= slots) return GN_OK;
    gn_vocab_slot *old = v->slot, *fresh;
    size_t want = slots ? 4 * slots : 1024;
    gn_status st = gn_alloc_array(&fresh, want, sizeof *fresh, "the vocabulary", err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < want; i++) fresh[i] = (gn_vocab_slot){0, -1};
    v->slot = fresh;
    v->shift = (slots ? v->shift - 2 : 64 - 10);
    for (size_t i = 0; i < slots; i++)
        if (old[i].id >= 0) insert(v, v->text[old[i].id], v->len[old[i].id], old[i].id);
    gn_free(old);
    return GN_OK;
}

static gn_status room_for_id(gn_vocab *v, size_t id, gn_error *err) {
    if (id < v->room) return GN_OK;
    size_t want = id + id / 2 + 1024;
    const char **text = gn_realloc(v->text, want, sizeof *text);
    if (text) v->text = text;
    uint32_t *len = text ? gn_realloc(v->len, want, sizeof *len) : NULL;
    if (!len) return gn_fail_nomem(err, "the vocabulary", want * (sizeof *text + sizeof *len));
    v->len = len;
    for (size_t i = v->room; i < want; i++) {
        v->text[i] = NULL;
        v->len[i] = 0;
    }
    v->room = want;
    return GN_OK;
}

/* Moves the string in slot i to another id. */
static void reassign(gn_vocab *v, size_t i, int32_t to) {
    int32_t from = v->slot[i].id;
    if (from == to) return;
    v->slot[i].id = to;
    v->text[to] = v->text[from];
    v->len[to] = v->len[from];
    v->text[from] = NULL;
    v->len[from] = 0;
}

gn_status gn_vocab_add(gn_vocab *v, const char *text, size_t n, int32_t id, gn_error *err) {
    gn_status st = GN_OK;
    GN_TRY(room_for_id(v, (size_t)id, err));
    size_t old = find_slot(v, hash_of(text, n), "", 0, text, n);
    if (old != SIZE_MAX)
        reassign(v, old, id);
    else {
        GN_TRY(grow(v, err));
        char *copy = gn_arena_text(&v->arena, text, n);
        if (!copy) return gn_fail_nomem(err, "the vocabulary", n + 1);
        v->text[id] = copy;
        v->len[id] = (uint32_t)n;
        insert(v, copy, n, id);
        v->n++;
        if (n > v->max_len) v->max_len = n;
    }
    if ((size_t)id + 1 > v->size) v->size = (size_t)id + 1;
done:
    return st;
}

void gn_vocab_free(gn_vocab *v) {
    gn_arena_free(&v->arena);
    gn_free(v->text);
    gn_free(v->len);
    gn_free(v->slot);
    *v = (gn_vocab){0};
}

size_t gn_wordpiece_split(const gn_vocab *v, const char *prefix, size_t n_prefix, const char *word,
                          size_t n, gn_piece *out) {
    const uint64_t prefix_hash = hash_of(prefix, n_prefix);
    size_t n_out = 0;
    for (size_t at = 0; at < n;) {
        size_t skip = at ? n_prefix : 0, end = n - at > v->max_len ? at + v->max_len : n;
        uint64_t h = at ? prefix_hash : 0;
        for (size_t i = at; i < end; i++) h = gn_vocab_hash_add(h, word[i]);
        int32_t id = -1;
        while (end > at) {
            id = gn_vocab_probe(v, h, prefix, skip, word + at, end - at);
            if (id >= 0) break;
            end--;
            h = (h - ((unsigned char)word[end] + 1u)) * GN_VOCAB_BASE_INVERSE;
        }
        if (id < 0) return 0;
        out[n_out++] = (gn_piece){id, (uint32_t)at, (uint32_t)end};
        at = end;
    }
    return n_out;
}
