/* Texts become numbers through a hash table with open addressing (FNV-1a, at most half full); the
 * texts themselves live in one arena together with the result. Codes are handed out in order of
 * first appearance and renumbered at the end when all labels turn out to be integers. */
#include "io/labels.h"

#include <stdlib.h>
#include <string.h>

typedef struct owned_labels {
    gn_labels labels; /* first: the public pointer is this one's */
    gn_arena arena;
} owned_labels;

typedef struct class {
    const char *text;
    size_t n;
    uint64_t hash;
    int64_t number;
    int32_t code;
} class;

struct gn_label_set {
    const char *name;
    owned_labels *made;
    int32_t *code, *slot; /* slot: class number, or -1 */
    class *class;
    size_t n, room, n_classes, class_room, n_slots;
    bool all_integers;
};

static uint64_t hash_of(const char *text, size_t n) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
    return h ^ h >> 29;
}

/** A decimal integer as a program would print it: no blanks, no plus, no leading zeros. */
static bool as_integer(const char *text, size_t n, int64_t *out) {
    bool negative = n > 0 && text[0] == '-';
    size_t i = negative;
    if (n == i || n - i > 18 || (text[i] == '0' && n > 1)) return false;
    int64_t value = 0;
    for (; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        value = value * 10 + (text[i] - '0');
    }
    *out = negative ? -value : value;
    return true;
}

void gn_label_set_free(gn_label_set *s) {
    if (!s) return;
    gn_labels_free(s->made ? &s->made->labels : NULL);
    gn_free(s->code);
    gn_free(s->slot);
    gn_free(s->class);
    gn_free(s);
}

gn_status gn_label_set_new(const char *name, gn_label_set **out, gn_error *err) {
    gn_label_set *s = gn_calloc(1, sizeof *s);
    if (!s) return gn_fail_nomem(err, name, sizeof *s);
    s->name = name;
    s->all_integers = true;
    s->made = gn_calloc(1, sizeof *s->made);
    if (!s->made) {
        gn_label_set_free(s);
        return gn_fail_nomem(err, name, sizeof *s->made);
    }
    *out = s;
    return GN_OK;
}

static gn_status grow_slots(gn_label_set *s, gn_error *err) {
    size_t n = s->n_slots ? s->n_slots * 2 : 256;
    int32_t *slot = gn_alloc(n, sizeof *slot);
    if (!slot) return gn_fail_nomem(err, s->name, n * sizeof *slot);
    for (size_t i = 0; i < n; i++) slot[i] = -1;
    for (size_t c = 0; c < s->n_classes; c++) {
        size_t i = s->class[c].hash & (n - 1);
        while (slot[i] >= 0) i = (i + 1) & (n - 1);
        slot[i] = (int32_t)c;
    }
    gn_free(s->slot);
    s->slot = slot;
    s->n_slots = n;
    return GN_OK;
}

static gn_status add_class(gn_label_set *s, const char *text, size_t n, uint64_t hash,
                           gn_error *err) {
    if (s->n_classes == INT32_MAX)
        return gn_fail(err, GN_EDATA, "%s: more than %d different labels", s->name, INT32_MAX);
    if (s->n_classes == s->class_room) {
        size_t room = s->class_room ? s->class_room * 2 : 64;
        class *more = gn_realloc(s->class, room, sizeof *more);
        if (!more) return gn_fail_nomem(err, s->name, room * sizeof *more);
        s->class = more;
        s->class_room = room;
    }
    class c = {gn_arena_text(&s->made->arena, text, n), n, hash, 0, (int32_t)s->n_classes};
    if (!c.text) return gn_fail_nomem(err, s->name, n);
    if (!as_integer(text, n, &c.number)) s->all_integers = false;
    s->class[s->n_classes++] = c;
    return GN_OK;
}

/** The class of a text, new or known. */
static gn_status intern(gn_label_set *s, const char *text, size_t n, int32_t *out, gn_error *err) {
    gn_status st;
    if (2 * (s->n_classes + 1) > s->n_slots) {
        st = grow_slots(s, err);
        if (st != GN_OK) return st;
    }
    uint64_t hash = hash_of(text, n);
    size_t i = hash & (s->n_slots - 1);
    for (; s->slot[i] >= 0; i = (i + 1) & (s->n_slots - 1)) {
        const class *c = &s->class[s->slot[i]];
        if (c->hash == hash && c->n == n && memcmp(c->text, text, n) == 0) {
            *out = s->slot[i];
            return GN_OK;
        }
    }
    st = add_class(s, text, n, hash, err);
    if (st == GN_OK) *out = s->slot[i] = (int32_t)(s->n_classes - 1);
    return st;
}

gn_status gn_label_set_add(gn_label_set *s, const char *text, size_t n, gn_error *err) {
    int32_t code = -1;
    if (n && memchr(text, '\0', n))
        return gn_fail(err, GN_EDATA, "%s: row %zu (counted from 0): the label contains a NUL byte",
                       s->name, s->n);
    if (s->n == s->room) {
        size_t room = s->room ? s->room * 2 : 1024;
        int32_t *more = gn_realloc(s->code, room, sizeof *more);
        if (!more) return gn_fail_nomem(err, s->name, room * sizeof *more);
        s->code = more;
        s->room = room;
    }
    if (n) {
        gn_status st = intern(s, text, n, &code, err);
        if (st != GN_OK) return st;
    }
    s->code[s->n++] = code;
    return GN_OK;
}

static int by_number(const void *a, const void *b) {
    const class *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

gn_status gn_label_set_end(gn_label_set *s, gn_labels **out, gn_error *err) {
    gn_status st = GN_OK;
    int32_t *rank = NULL;
    gn_labels *labels = &s->made->labels;
    if (s->n == 0) {
        st = gn_fail(err, GN_EDATA, "%s: holds no row", s->name);
        goto done;
    }
    GN_TRY(gn_alloc_array(&rank, s->n_classes, sizeof *rank, s->name, err));
    labels->name = gn_arena_alloc(&s->made->arena, s->n_classes + 1, sizeof *labels->name);
    if (!labels->name) {
        st = gn_fail_nomem(err, s->name, s->n_classes * sizeof *labels->name);
        goto done;
    }
    if (s->all_integers && s->n_classes) qsort(s->class, s->n_classes, sizeof *s->class, by_number);
    for (size_t c = 0; c < s->n_classes; c++) {
        rank[s->class[c].code] = (int32_t)c;
        labels->name[c] = (char *)(uintptr_t)s->class[c].text;
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->code[i] >= 0) s->code[i] = rank[s->code[i]];
    labels->n = s->n;
    labels->n_classes = s->n_classes;
    labels->code = s->code;
    s->code = NULL;
    s->made = NULL;
    *out = labels;
done:
    gn_free(rank);
    gn_label_set_free(s);
    return st;
}

void gn_labels_free(gn_labels *labels) {
    if (!labels) return;
    owned_labels *own = (owned_labels *)labels;
    gn_free(labels->code);
    gn_arena_free(&own->arena);
    gn_free(own);
}
