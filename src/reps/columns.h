/* A label column under construction: names in, one code per row out. Codes count distinct names in
 * order of first appearance; an empty name means "no label" and gets -1. */
#ifndef GN_REPS_COLUMNS_H
#define GN_REPS_COLUMNS_H

#include "base/mem.h"

typedef struct gn_column {
    char *name;    /**< of the column */
    size_t n;      /**< rows */
    int32_t *code; /**< (n) */
    size_t n_classes;
    const char **class_name; /**< (n_classes) */
    /* the rest belongs to the builder */
    size_t room, class_room, n_slots;
    int32_t *slot; /* hash table of codes, -1 = free */
    gn_arena arena;
} gn_column;

gn_status gn_column_init(gn_column *c, const char *name, gn_error *err);
/** The code of a class name (n bytes); adds the class when it is new. */
gn_status gn_column_code(gn_column *c, const char *class_name, size_t n, int32_t *code,
                         gn_error *err);
/** Appends one row with a code that gn_column_code gave. */
gn_status gn_column_push(gn_column *c, int32_t code, gn_error *err);
void gn_column_free(gn_column *c);

#endif
