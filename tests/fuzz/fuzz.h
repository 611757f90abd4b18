/* What fuzz targets do with a result: read every byte of it, so that a sanitizer sees a wrong size,
 * and stop when a promise of the header is broken. */
#ifndef GN_TESTS_FUZZ_H
#define GN_TESTS_FUZZ_H

#include "gonio/io.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_require(bool promise) {
    if (!promise) abort();
}
static inline void fuzz_touch(const void *bytes, size_t n) {
    const volatile unsigned char *p = bytes; /* volatile: the reads must happen */
    for (size_t i = 0; i < n; i++) (void)p[i];
}
static inline void fuzz_labels(gn_labels *labels) {
    fuzz_require(labels->n > 0);
    for (size_t i = 0; i < labels->n; i++)
        fuzz_require(labels->code[i] >= -1 && labels->code[i] < (int32_t)labels->n_classes);
    for (size_t c = 0; c < labels->n_classes; c++) fuzz_require(strlen(labels->name[c]) > 0);
    gn_labels_free(labels);
}

#endif
