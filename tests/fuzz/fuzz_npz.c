/* ZIP archives and the arrays inside. */
#include "io/npy.h"
#include "io/zip.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    gn_zip zip;
    if (gn_zip_open(data, size, "x.npz", &zip, &err) != GN_OK) return 0;
    for (size_t i = 0; i < zip.n; i++) {
        const gn_zip_member *m = &zip.member[i];
        const unsigned char *stored = gn_zip_stored(&zip, m);
        unsigned char *copy = NULL;
        if (stored) fuzz_touch(stored, m->n_bytes);
        fuzz_require(gn_zip_find(&zip, m->name) == m);
        if (gn_zip_read(&zip, m, &copy, &err) == GN_OK) {
            gn_npy h;
            gn_array a = {0};
            fuzz_touch(copy, m->n_bytes);
            if (gn_npy_parse(copy, m->n_bytes, false, m->name, &h, &err) == GN_OK &&
                gn_npy_array(copy, &h, m->name, &a, &err) == GN_OK)
                fuzz_touch(a.data, a.n_items * gn_dtype_size(a.dtype));
            gn_array_close(&a);
        }
        size_t n = 64; /* what is unpacked to list it is how the whole begins */
        unsigned char *start = NULL;
        gn_status st = gn_zip_start(&zip, m, &n, &start, &err);
        fuzz_require(st == GN_OK || !start);
        if (copy) fuzz_require(st == GN_OK && n == (m->n_bytes < 64 ? m->n_bytes : 64));
        if (copy) fuzz_require(memcmp(start, copy, n) == 0);
        if (st == GN_OK) {
            gn_npy h;
            if (gn_npy_parse_start(start, n, m->n_bytes, false, m->name, &h, &err) == GN_OK)
                fuzz_require(h.offset <= n && h.n_bytes <= m->n_bytes - h.offset);
        }
        gn_free(start);
        gn_free(copy);
    }
    gn_zip_close(&zip);
    return 0;
}
