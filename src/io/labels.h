/* Building label columns from texts, one row at a time. */
#ifndef GN_IO_LABELS_H
#define GN_IO_LABELS_H

#include "base/mem.h"
#include "gonio/io.h"

typedef struct gn_label_set gn_label_set;
gn_status gn_label_set_new(const char *name, gn_label_set **out, gn_error *err);
/** Adds a row; n == 0 is a row without a label. */
gn_status gn_label_set_add(gn_label_set *s, const char *text, size_t n, gn_error *err);
/** Numbers the classes by the rule of gn_labels (ascending when every label is an integer, else by
 *  first appearance). Frees `s` in any case. GN_EDATA when there is no row. */
gn_status gn_label_set_end(gn_label_set *s, gn_labels **out, gn_error *err);
/** NULL is fine. */
void gn_label_set_free(gn_label_set *s);

/** gn_labels_open's readers over bytes in memory. @param column NULL: the only one. */
gn_status gn_labels_from_lines(const char *text, size_t n, const char *name, gn_labels **out,
                               gn_error *err);
gn_status gn_labels_from_csv(const char *text, size_t n, char separator, const char *column,
                             const char *name, gn_labels **out, gn_error *err);
gn_status gn_labels_from_npy(const unsigned char *bytes, size_t n, const char *name,
                             gn_labels **out, gn_error *err);

#endif
