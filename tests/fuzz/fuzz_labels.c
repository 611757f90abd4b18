/* Label files as text: a label a line, and CSV with the column that the first line names. */
#include "io/labels.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    gn_labels *labels;
    const char *text = (const char *)data;
    const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
    char column[64] = "";
    size_t n = newline ? (size_t)(newline - data) : 0, rest = newline ? n + 1 : 0;
    memcpy(column, data, n < sizeof column ? n : sizeof column - 1);
    if (gn_labels_from_lines(text, size, "x.txt", &labels, &err) == GN_OK) fuzz_labels(labels);
    if (gn_labels_from_csv(text + rest, size - rest, ',', column, "x.csv", &labels, &err) == GN_OK)
        fuzz_labels(labels);
    if (gn_labels_from_csv(text, size, '\t', NULL, "x.tsv", &labels, &err) == GN_OK)
        fuzz_labels(labels);
    return 0;
}
