/* .npy: header, byte order, transposition; and label arrays. */
#include "io/labels.h"
#include "io/npy.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    gn_npy h;
    gn_array a = {0};
    gn_labels *labels;
    if (gn_npy_parse(data, size, false, "x.npy", &h, &err) == GN_OK &&
        gn_npy_array(data, &h, "x.npy", &a, &err) == GN_OK)
        fuzz_touch(a.data, a.n_items * gn_dtype_size(a.dtype));
    gn_array_close(&a);
    if (gn_labels_from_npy(data, size, "x.npy", &labels, &err) == GN_OK) fuzz_labels(labels);
    return 0;
}
