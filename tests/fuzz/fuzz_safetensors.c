/* safetensors: the header and every tensor it admits. */
#include "io/safetensors.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    gn_arena arena = {0};
    gn_tensor_info *list;
    size_t n;
    if (gn_safetensors_parse(data, size, "x.safetensors", &arena, &list, &n, &err) == GN_OK) {
        for (size_t i = 0; i < n; i++) {
            fuzz_require(list[i].offset <= size && list[i].n_bytes <= size - list[i].offset);
            fuzz_touch(data + list[i].offset, (size_t)list[i].n_bytes);
        }
    }
    gn_arena_free(&arena);
    return 0;
}
