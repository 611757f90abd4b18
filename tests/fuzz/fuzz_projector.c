/* TensorBoard's folder as foreign bytes: configuration, vectors, metadata. */
#include "io/metadata.h"
#include "io/projector.h"
#include "io/vectors.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    const char *text = (const char *)data;
    gn_projector p = {0};
    if (gn_projector_parse(text, size, "/nonexistent", "c.pbtxt", &p, &err) == GN_OK)
        for (size_t i = 0; i < p.n; i++) {
            fuzz_require(p.tensor[i].name && !p.tensor[i].tensor && p.tensor[i].problem);
            fuzz_touch(p.tensor[i].name, strlen(p.tensor[i].name));
        }
    gn_projector_free(&p);
    gn_vectors v = {0};
    if (gn_vectors_parse(NULL, text, size, "v.tsv", &v, &err) == GN_OK) {
        fuzz_require(v.rows > 0 && v.cols > 0);
        fuzz_touch(v.value, v.rows * v.cols * sizeof *v.value);
        fuzz_require(!v.label || v.label->n == v.rows);
    }
    gn_vectors_free(&v);
    for (size_t rows = 0; rows < 4; rows++) {
        gn_metadata m = {0};
        if (gn_metadata_parse(text, size, rows, "m.tsv", &m, &err) == GN_OK) {
            if (m.note) fuzz_touch(m.note, strlen(m.note));
            for (size_t c = 0; c < m.cols; c++) {
                fuzz_require(m.column[c].name && m.column[c].label->n == rows);
                if (m.column[c].number)
                    fuzz_touch(m.column[c].number, rows * sizeof *m.column[c].number);
            }
        }
        gn_metadata_free(&m);
    }
    return 0;
}
