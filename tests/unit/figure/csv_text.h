/* What a figure's CSV says, as a string. */
#ifndef GN_TESTS_FIGURE_CSV_TEXT_H
#define GN_TESTS_FIGURE_CSV_TEXT_H

#include "gonio/figure.h"

#include <stdio.h>

/** The CSV of `fig`, cut to `size` - 1 bytes, written through a file `name` in the temporary folder
 *  that is removed again; an empty string where that failed. */
static inline const char *csv_text(const gn_figure *fig, const char *name, char *text,
                                   size_t size) {
    const char *path = tmp_path(name);
    size_t got = 0;
    FILE *f = gn_figure_write_csv(fig, path, NULL) == GN_OK ? fopen(path, "rb") : NULL;
    if (f != NULL) {
        got = fread(text, 1, size - 1, f);
        fclose(f);
    }
    text[got] = '\0';
    remove(path);
    return text;
}

#endif
