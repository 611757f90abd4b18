/* A small set made by formula, and helpers to write, copy, compare and damage it. */
#ifndef GN_TESTS_SET_H
#define GN_TESTS_SET_H

#include "tap.h"

#include "gonio/reps.h"

#include "io/file.h"
#include "reps/writer.h"

#include <dirent.h>
#include <unistd.h>

enum { ROWS = 23, DIMS = 5, SEQUENCES = 8, LAYERS = 3 };

static const size_t set_layers[LAYERS] = {0, 2, 4};
static const char *const set_genres[] = {"news", "fi\nction"};
static int32_t set_token[ROWS], set_sequence[ROWS], set_position[ROWS], set_genre[ROWS];

static inline float set_value(size_t layer, size_t row, size_t col) {
    return (float)layer * 100 + (float)row + (float)col / 8;
}

static inline gn_status set_text(void *user, gn_outfile *f, gn_error *err) {
    (void)user;
    return gn_outfile_write(f, "{\"text\": \"x\"}\n", 14, err);
}

/** @param seed goes into the description, so that two plans differ by it. */
static inline gn_reps_plan set_plan(int seed, gn_dtype dtype) {
    static gn_plan_column column[2];
    for (int i = 0; i < ROWS; i++) {
        set_token[i] = i % 4;
        set_sequence[i] = i / 3;
        set_position[i] = i % 3;
        set_genre[i] = i % 3 - 1;
    }
    column[0] = (gn_plan_column){"genre", set_genre, 2, set_genres};
    column[1] = (gn_plan_column){"position", set_genre, 2, set_genres};
    return (gn_reps_plan){.n_rows = ROWS,
                          .n_dims = DIMS,
                          .n_sequences = SEQUENCES,
                          .n_layers = LAYERS,
                          .layer = set_layers,
                          .n_blocks = 4,
                          .dtype = dtype,
                          .token_id = set_token,
                          .sequence = set_sequence,
                          .position = set_position,
                          .n_columns = 2,
                          .column = column,
                          .vocab = "a\n\nb\n##c\n",
                          .write_text = set_text,
                          .user = NULL,
                          .about =
                              json_pack("{s:{s:i, s:s}}", "options", "seed", seed, "pool", "none")};
}

/** Rows [from, to) of every layer. */
static inline gn_status set_append(gn_reps_writer *w, const gn_reps_plan *plan, size_t from,
                                   size_t to, gn_error *err) {
    float x[LAYERS][ROWS * DIMS];
    uint16_t h[LAYERS][ROWS * DIMS];
    const void *rows[LAYERS];
    for (size_t l = 0; l < LAYERS; l++) {
        for (size_t i = from; i < to; i++)
            for (size_t j = 0; j < DIMS; j++)
                x[l][(i - from) * DIMS + j] = set_value(set_layers[l], i, j);
        for (size_t i = 0; i < (to - from) * DIMS; i++) {
            uint32_t bits;
            memcpy(&bits, &x[l][i], 4);
            h[l][i] =
                (uint16_t)(bits >> 16); /* the formula's values fit bfloat16's 8 bits or not */
        }
        rows[l] = plan->dtype == GN_F32 ? (const void *)x[l] : h[l];
    }
    return gn_reps_writer_append(w, rows, to - from, to / 3 + (to == ROWS), err);
}

/** Writes up to row `stop` in blocks of `block` rows; finishes when that is all. */
static inline gn_status set_write(const char *dir, const gn_reps_plan *plan, bool overwrite,
                                  size_t block, size_t stop, gn_error *err) {
    gn_reps_writer *w = NULL;
    gn_status st = gn_reps_writer_open(dir, plan, overwrite, &w, err);
    if (st != GN_OK) return st;
    for (size_t at = gn_reps_writer_rows(w); st == GN_OK && at < stop; at += block)
        st = set_append(w, plan, at, at + block < stop ? at + block : stop, err);
    if (st == GN_OK && stop == ROWS) st = gn_reps_writer_finish(w, err);
    gn_reps_writer_free(w);
    return st;
}

static inline int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** Names of all files below dir, sorted; returns how many. */
static inline size_t list_files(const char *dir, char names[][300], size_t most) {
    static const char *const below[] = {"", "rows/"};
    char *sorted[256];
    size_t n = 0;
    for (int k = 0; k < 2; k++) {
        char path[2048];
        snprintf(path, sizeof path, "%s/%s", dir, below[k]);
        DIR *d = opendir(path);
        for (struct dirent *e; d && (e = readdir(d));)
            if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strcmp(e->d_name, "rows") &&
                n < most)
                snprintf(names[n++], 300, "%s%s", below[k], e->d_name);
        if (d) closedir(d);
    }
    for (size_t i = 0; i < n; i++) sorted[i] = names[i];
    qsort(sorted, n, sizeof *sorted, by_name);
    char copy[64][300];
    for (size_t i = 0; i < n; i++) strcpy(copy[i], sorted[i]);
    memcpy(names, copy, n * sizeof *copy);
    return n;
}

/** True when both folders hold the same files with the same bytes; says what differs. */
static inline bool same_folder(const char *a, const char *b) {
    char left[64][300], right[64][300];
    size_t n = list_files(a, left, 64), m = list_files(b, right, 64);
    if (n != m || n == 0) {
        printf("# %s has %zu files, %s has %zu\n", a, n, b, m);
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char *path[2] = {gn_path_join(a, left[i]), gn_path_join(b, right[i])};
        char *bytes[2] = {0};
        size_t size[2] = {0};
        bool same = strcmp(left[i], right[i]) == 0;
        for (int k = 0; k < 2; k++)
            same = gn_read_file(path[k], SIZE_MAX / 4, &bytes[k], &size[k], NULL) == GN_OK && same;
        same = same && size[0] == size[1] && memcmp(bytes[0], bytes[1], size[0]) == 0;
        gn_free(bytes[0]);
        gn_free(bytes[1]);
        if (!same) printf("# %s and %s differ\n", path[0], path[1]);
        gn_free(path[0]);
        gn_free(path[1]);
        if (!same) return false;
    }
    return true;
}

/** An empty place for a folder of this name below the tests' temporary one; the path stays valid.
 */
static inline const char *fresh(const char *name) {
    static char *paths[32];
    static const char *names[32];
    size_t i = 0;
    while (names[i] && strcmp(names[i], name) != 0) i++;
    names[i] = name;
    if (!paths[i]) paths[i] = gn_strdup(tmp_path(name));
    char command[2100];
    snprintf(command, sizeof command, "rm -rf '%s' '%s.part'", paths[i], paths[i]);
    if (system(command) != 0) printf("# %s: not removed\n", paths[i]);
    return paths[i];
}

static inline void put_file(const char *dir, const char *name, const char *text) {
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (gn_write_file(path, text, strlen(text), NULL) != GN_OK) printf("# %s: not written\n", path);
}

static inline bool file_there(const char *dir, const char *name) {
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return access(path, F_OK) == 0;
}

#endif
