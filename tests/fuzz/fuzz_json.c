/* JSON: parsing and look-ups by path, and gzip, through which every JSON file may come. */
#include "io/file.h"
#include "io/json.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    json_t *root = NULL;
    char *text = NULL;
    size_t n = size;
    bool packed = gn_is_gzip(data, size);
    if (packed && gn_gunzip(data, size, "x.json.gz", 1 << 20, &text, &n, &err) != GN_OK) return 0;
    const char *json = packed ? text : (const char *)data;
    if (gn_json_parse(json, n, "x.json", &root, &err) == GN_OK) {
        const char *s;
        double x;
        fuzz_require(gn_json_at(root, "") == root);
        gn_json_string(root, "x.json", "model.vocab.0", &s, &err);
        gn_json_number(root, "x.json", "a.0.b", &x, &err);
    }
    json_decref(root);
    gn_free(text);
    return 0;
}
