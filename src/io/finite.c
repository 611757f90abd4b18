/* NaN and infinity have all exponent bits set, in every IEEE type. A row is first reduced with OR,
 * which compilers vectorise; only a row that has one is searched for its place. */
#include "gonio/io.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

#define ROW_IS_FINITE(name, type, mask)                                                            \
    static bool name(const void *row, size_t n) {                                                  \
        const type *x = row;                                                                       \
        type found = 0;                                                                            \
        for (size_t j = 0; j < n; j++) found |= (type)((x[j] & mask) == mask);                     \
        return !found;                                                                             \
    }
ROW_IS_FINITE(finite_16, uint16_t, 0x7c00u)
ROW_IS_FINITE(finite_b16, uint16_t, 0x7f80u)
ROW_IS_FINITE(finite_32, uint32_t, 0x7f800000u)
ROW_IS_FINITE(finite_64, uint64_t, 0x7ff0000000000000u)

gn_status gn_mat_check_finite(gn_mat m, const char *name, gn_error *err) {
    bool (*finite)(const void *, size_t);
    switch (m.dtype) {
    case GN_F32:
        finite = finite_32;
        break;
    case GN_F64:
        finite = finite_64;
        break;
    case GN_F16:
        finite = finite_16;
        break;
    case GN_BF16:
        finite = finite_b16;
        break;
    default:
        return GN_OK; /* integers are finite */
    }
    size_t size = gn_dtype_size(m.dtype);
    for (size_t i = 0; i < m.rows; i++) {
        const char *row = (const char *)m.data + i * m.stride * size;
        if (finite(row, m.cols)) continue;
        size_t j = 0;
        while (finite(row + j * size, 1)) j++;
        double value;
        const double *got = gn_mat_row_f64((gn_mat){row + j * size, 1, 1, 1, m.dtype}, 0, &value);
        return gn_fail(err, GN_EDATA,
                       "%s: row %zu, column %zu (counted from 0): %s, expected finite numbers",
                       name, i, j,
                       isnan(*got) ? "NaN"
                       : *got > 0  ? "infinity"
                                   : "-infinity");
    }
    return GN_OK;
}
