/* Columns: what is known of each row besides its vector. Codes into a dictionary, or numbers. */
#ifndef GN_VIEW_COLUMNS_H
#define GN_VIEW_COLUMNS_H

#include "view/data/source.h"

typedef enum gn_view_column_type {
    GN_COLUMN_CATEGORY = 0, /**< few names, each in several rows */
    GN_COLUMN_NUMBER,
    GN_COLUMN_TEXT, /**< names, nearly as many as rows */
} gn_view_column_type;

/** Never changes once made; an edited column is a new one. Shared by counting references. */
typedef struct gn_view_column {
    const char *name;
    gn_view_column_type type;
    size_t n;            /**< rows */
    const int32_t *code; /**< (n), -1 = missing; NULL for numbers */
    size_t n_names;
    const char *const *names; /**< (n_names) */
    const float *value;       /**< (n), NaN = missing; NULL unless numbers */
    size_t distinct, missing; /**< distinct: of the values that are there */
    atomic_int references;
    gn_arena arena; /**< of what is not borrowed from the source */
} gn_view_column;

/** The column of that name, made on first use. Give it back with gn_view_column_free.
 *  @return GN_OK; GN_EINVAL (no such column: lists the names); GN_ENOMEM. */
gn_status gn_source_column(gn_source *s, const char *name, gn_view_column **out, gn_error *err);
void gn_view_column_free(gn_view_column *c);
/** The names of the columns in their order, NULL behind the last; NULL: no memory. Free the list
 *  with gn_free; the names live as long as the source. */
const char **gn_source_column_names(gn_source *s);
/** "token" where the source knows tokens, else the first column that is not numbers; NULL: none. */
const char *gn_source_token_column(gn_source *s);
/** The value of one row: a string, a number or null. */
json_t *gn_view_column_value(const gn_view_column *c, size_t row);

/** Adds a column, or puts it in the place of the data's own of its name. Takes the reference.
 *  @return GN_OK; GN_ENOMEM. */
gn_status gn_source_put_column(gn_source *s, gn_view_column *c, gn_error *err);
/** The column as it was before any edit; *out is NULL where the data have none of that name. */
gn_status gn_source_base_column(gn_source *s, const char *name, gn_view_column **out,
                                gn_error *err);
/** Shows an edited column in the place of the data's own, or as a new one; NULL: no edits any more.
 *  Takes the reference. */
gn_status gn_source_edit_column(gn_source *s, const char *name, gn_view_column *edited,
                                gn_error *err);

/** A new column of categories, numbers or text (found from the names: numbers when all that are not
 *  missing parse). Copies everything.
 *  @param code (n) in [-1, n_names). */
gn_status gn_view_column_new(const char *name, size_t n, const int32_t *code, size_t n_names,
                             const char *const *names, gn_view_column **out, gn_error *err);

/** A new column of numbers, NaN where missing. Copies everything. */
gn_status gn_view_column_numbers(const char *name, size_t n, const float *value,
                                 gn_view_column **out, gn_error *err);

void gn_view_columns_free(struct gn_view_columns *c);

#endif
