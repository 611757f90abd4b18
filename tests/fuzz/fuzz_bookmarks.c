/* TensorBoard's bookmarks as foreign bytes, for tables of several shapes. */
#include "io/bookmarks.h"

#include "fuzz.h"

#include <math.h>
#include <string.h>

static void check(const gn_bookmark *b, size_t rows) {
    fuzz_touch(b->name, strlen(b->name));
    fuzz_require(b->shown < (int)b->n_layouts && b->n_layouts <= GN_BOOKMARK_KINDS);
    for (size_t i = 0; i < b->n_selection; i++)
        fuzz_require(b->selection[i] >= 0 && (size_t)b->selection[i] < rows);
    for (size_t i = 0; i < b->n_filter; i++)
        fuzz_require(b->filter[i] >= 0 && (size_t)b->filter[i] < rows);
    for (size_t k = 0; k < b->n_layouts; k++) {
        const gn_bookmark_layout *l = &b->layout[k];
        size_t placed = 0;
        fuzz_require(l->dim == 2 || l->dim == 3);
        for (size_t i = 0; i < rows; i++) {
            for (size_t a = 1; a < l->dim; a++)
                fuzz_require(isfinite(l->at[i * l->dim + a]) == isfinite(l->at[i * l->dim]));
            placed += (size_t)(isfinite(l->at[i * l->dim]) != 0);
        }
        fuzz_require(placed == l->placed && placed > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (size_t rows = 1; rows < 5; rows++) {
        gn_error err;
        gn_bookmarks b = {0};
        const gn_status st =
            gn_bookmarks_parse((const char *)data, size, rows, 2, "b.json", &b, &err);
        fuzz_require(st == GN_OK || (!b.n && !b.bookmark && !b.note));
        for (size_t i = 0; i < b.n; i++) check(&b.bookmark[i], rows);
        gn_bookmarks_free(&b);
    }
    return 0;
}
