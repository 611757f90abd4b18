/* Class names live in an arena and are found by open addressing on FNV-1a; the table doubles at
 * two thirds full. A word column of a large corpus has as many classes as the language has forms,
 * so lookup must not be a scan. */
#include "reps/columns.h"

#include <string.h>

static uint64_t hash(const char *text, size_t n) {
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)text[i]) * 1099511628211u;
    return h ^ h >> 32;
}

gn_status gn_column_init(gn_column *c, const char *name, gn_error *err) {
    *c = (gn_column){.name = gn_strdup(name)};
    return c->name ? GN_OK : gn_fail_nomem(err, "a column's name", strlen(name) + 1);
}

void gn_column_free(gn_column *c) {
    gn_free(c->name);
    gn_free(c->code);
    gn_free(c->class_name);
    gn_free(c->slot);
    gn_arena_free(&c->arena);
    *c = (gn_column){0};
}

/* The slot of a name: where it is, or the free one where it belongs. */
static size_t find_slot(const gn_column *c, const char *name, size_t n) {
    size_t mask = c->n_slots - 1, at = (size_t)hash(name, n) & mask;
    for (; c->slot[at] >= 0; at = (at + 1) & mask) {
        const char *have = c->class_name[c->slot[at]];
        if (strncmp(have, name, n) == 0 && have[n] == '\0') break;
    }
    return at;
}

static gn_status grow_slots(gn_column *c, gn_error *err) {
    size_t n_slots = c->n_slots ? 2 * c->n_slots : 64;
    int32_t *slot = gn_alloc(n_slots, sizeof *slot);
    if (!slot) return gn_fail_nomem(err, "a label column", n_slots * sizeof *slot);
    memset(slot, 0xff, n_slots * sizeof *slot);
    gn_free(c->slot);
    c->slot = slot;
    c->n_slots = n_slots;
    for (size_t i = 0; i < c->n_classes; i++)
        c->slot[find_slot(c, c->class_name[i], strlen(c->class_name[i]))] = (int32_t)i;
    return GN_OK;
}

gn_status gn_column_code(gn_column *c, const char *class_name, size_t n, int32_t *code,
                         gn_error *err) {
    if (n == 0) {
        *code = -1;
        return GN_OK;
    }
    if (c->n_classes + 1 > c->n_slots / 3 * 2) {
        gn_status st = grow_slots(c, err);
        if (st != GN_OK) return st;
    }
    size_t at = find_slot(c, class_name, n);
    if (c->slot[at] < 0) {
        if (c->n_classes == INT32_MAX)
            return gn_fail(err, GN_EDATA, "label column '%s': more than %d distinct labels",
                           c->name, INT32_MAX);
        if (c->n_classes == c->class_room) {
            size_t room = c->class_room ? 2 * c->class_room : 64;
            const char **p = gn_realloc(c->class_name, room, sizeof *p);
            if (!p) return gn_fail_nomem(err, "a label column", room * sizeof *p);
            c->class_name = p;
            c->class_room = room;
        }
        char *copy = gn_arena_text(&c->arena, class_name, n);
        if (!copy) return gn_fail_nomem(err, "a label's name", n + 1);
        c->class_name[c->n_classes] = copy;
        c->slot[at] = (int32_t)c->n_classes++;
    }
    *code = c->slot[at];
    return GN_OK;
}

gn_status gn_column_push(gn_column *c, int32_t code, gn_error *err) {
    if (c->n == c->room) {
        size_t room = c->room ? 2 * c->room : 1024;
        int32_t *p = gn_realloc(c->code, room, sizeof *p);
        if (!p) return gn_fail_nomem(err, "a label column", room * sizeof *p);
        c->code = p;
        c->room = room;
    }
    c->code[c->n++] = code;
    return GN_OK;
}
