/* A search and what is searched: mode, case, the text looked for up to the first NUL, then texts.
 * No input may hang, and what is found must be rows that are there. */
#include "view/search/search.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { TEXTS = 8, LENGTH = 256 };
    char wanted[512], text[TEXTS][LENGTH];
    const char *list[TEXTS];
    size_t n_texts = 0, at = 1, n = 0;
    if (size < 2) return 0;
    for (; at < size && data[at] && n + 1 < sizeof wanted; at++) wanted[n++] = (char)data[at];
    wanted[n] = '\0';
    for (at++; n_texts < TEXTS && at <= size; at++) {
        for (n = 0; at < size && data[at] && n + 1 < LENGTH; at++)
            text[n_texts][n++] = (char)data[at];
        text[n_texts][n] = '\0';
        list[n_texts] = text[n_texts];
        n_texts++;
    }
    gn_error err = {0};
    gn_search *s = NULL;
    uint32_t row[TEXTS];
    size_t found = 0;
    gn_cells cells = {.n = n_texts, .n_texts = n_texts, .text = list, .tokens = data[0] & 16};
    if (gn_search_new((gn_search_mode)(data[0] % 5), wanted, data[0] & 8, &s, &err) == GN_OK &&
        gn_search_begin(s, &cells, &err) == GN_OK &&
        gn_search_rows(s, NULL, 0, n_texts, row, &found, &err) == GN_OK) {
        fuzz_require(found <= n_texts);
        for (size_t i = 0; i < found; i++)
            fuzz_require(row[i] < n_texts && (i == 0 || row[i - 1] < row[i]));
    } else
        fuzz_require(err.message[0]);
    gn_search_free(s);
    return 0;
}
