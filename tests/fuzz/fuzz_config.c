/* config.json of a model: whatever it says, the sizes that come out can be trusted. */
#include "model/config.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err = {0};
    gn_config c = {0};
    gn_status st = gn_config_parse((const char *)data, size, "config.json", &c, &err);
    if (st != GN_OK) {
        fuzz_require(c.arch == NULL && c.d == 0);
        fuzz_require(strncmp(err.message, "config.json: ", 13) == 0 || st == GN_ENOMEM);
        return 0;
    }
    fuzz_require(c.arch && c.d > 0 && c.n_heads > 0 && c.d % c.n_heads == 0);
    fuzz_require(c.n_layers > 0 && c.n_layers <= 4096 && c.d_ff > 0 && c.vocab_size > 0);
    fuzz_require(c.first_position < c.n_positions && c.eps >= 0 && c.eps < 1);
    fuzz_require(c.d <= (size_t)1 << 28 && c.d_ff <= (size_t)1 << 30);
    fuzz_touch(c.name, strlen(c.name));
    return 0;
}
