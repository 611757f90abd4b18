/* CSV: records with and without quoting, numbers, matrices. */
#include "io/csv.h"
#include "io/csv_matrix.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    for (int quotes = 0; quotes < 2; quotes++) {
        gn_csv c;
        bool more = true;
        gn_csv_start(&c, data, size, quotes ? ',' : '\t', "x.csv");
        c.quotes = quotes != 0;
        while (gn_csv_next(&c, &more, &err) == GN_OK && more) {
            double value;
            fuzz_require(c.n_fields > 0);
            for (size_t j = 0; j < c.n_fields; j++) {
                fuzz_touch(c.field[j].text, c.field[j].n);
                gn_csv_number(c.field[j], &value);
            }
        }
        gn_csv_free(&c);
    }
    gn_array a = {0};
    if (gn_csv_matrix_parse(data, size, ',', "x.csv", &a, &err) == GN_OK) {
        fuzz_require(a.n_items == a.shape[0] * a.shape[1] && a.n_items > 0);
        fuzz_touch(a.data, a.n_items * sizeof(double));
    }
    gn_array_close(&a);
    return 0;
}
