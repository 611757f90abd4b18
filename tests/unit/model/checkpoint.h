/* Damaged checkpoints: a golden folder is copied with one thing changed. */
#ifndef GN_TESTS_MODEL_CHECKPOINT_H
#define GN_TESTS_MODEL_CHECKPOINT_H

#include "tap.h"

#include "gonio/io.h"

#include <sys/stat.h>

typedef enum damage { NONE = 0, DROP, RENAME, ADD_COPY, TURN, AS_INTEGER, PUT_NAN } damage;

/** One tensor and what becomes of it. */
typedef struct edit {
    damage what;
    const char *tensor;
    const char *name; /**< RENAME, ADD_COPY: the other name */
} edit;

static inline void write_bytes(const char *path, const void *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) abort();
}

static inline char *read_text(const char *path) {
    FILE *f = fopen(path, "rb");
    if (!f) abort();
    char *text = calloc(1, 1 << 16);
    if (!text || fread(text, 1, (1 << 16) - 1, f) == 0) abort();
    fclose(f);
    return text;
}

/** Copies a float32 safetensors file with `e` applied. */
static inline void write_tensors(const char *from, const char *to, edit e) {
    gn_tensors *t;
    if (gn_tensors_open(from, &t, NULL) != GN_OK) abort();
    size_t room = 1 << 20, used = 0, at = 0;
    char *header = calloc(1, room), *data = calloc(1, room);
    if (!header || !data) abort();
    header[used++] = '{';
    for (size_t i = 0; i < gn_tensors_count(t); i++) {
        const gn_tensor_info *info = gn_tensors_at(t, i);
        damage what = strcmp(info->name, e.tensor ? e.tensor : "") == 0 ? e.what : NONE;
        if (what == DROP) continue;
        for (int copy = 0; copy <= (what == ADD_COPY); copy++) {
            size_t a = info->shape[0], b = info->n_dims == 2 ? info->shape[1] : 0;
            const char *name = what == RENAME || copy ? e.name : info->name;
            int k = snprintf(header + used, room - used, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[",
                             used > 1 ? "," : "", name, what == AS_INTEGER ? "I32" : "F32");
            used += (size_t)k;
            k = info->n_dims == 2 ? snprintf(header + used, room - used, "%zu,%zu",
                                             what == TURN ? b : a, what == TURN ? a : b)
                                  : snprintf(header + used, room - used, "%zu", a);
            used += (size_t)k;
            k = snprintf(header + used, room - used, "],\"data_offsets\":[%zu,%zu]}", at,
                         at + (size_t)info->n_bytes);
            used += (size_t)k;
            if (at + info->n_bytes > room || used + 300 > room) abort();
            memcpy(data + at, gn_tensors_data(t, info), info->n_bytes);
            if (what == PUT_NAN) memcpy(data + at + 4 * (b + 2), &(float){NAN}, 4);
            at += (size_t)info->n_bytes;
        }
    }
    header[used++] = '}';
    while (used % 8) header[used++] = ' ';
    char *file = malloc(8 + used + at);
    if (!file) abort();
    uint64_t n = used;
    memcpy(file, &n, 8);
    memcpy(file + 8, header, used);
    memcpy(file + 8 + used, data, at);
    write_bytes(to, file, 8 + used + at);
    free(header);
    free(data);
    free(file);
    gn_tensors_free(t);
}

/** `text` with the first `old` replaced; aborts when there is none. */
static inline char *replaced(const char *text, const char *old, const char *new) {
    const char *at = strstr(text, old);
    if (!at) abort();
    char *out = calloc(1, strlen(text) + strlen(new) + 1);
    if (!out) abort();
    snprintf(out, strlen(text) + strlen(new) + 1, "%.*s%s%s", (int)(at - text), text, new,
             at + strlen(old));
    return out;
}

#endif
