#include "io/json.h"

#include "base/mem.h"
#include "io/file.h"

#include <string.h>

gn_status gn_json_parse(const char *bytes, size_t n, const char *name, json_t **out,
                        gn_error *err) {
    json_error_t why;
    json_t *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &why);
    if (!root) {
        if (json_error_code(&why) == json_error_out_of_memory) return gn_fail_nomem(err, name, n);
        return gn_fail(err, GN_EDATA, "%s: line %d, column %d (byte %d): not JSON: %s", name,
                       why.line, why.column, why.position, why.text);
    }
    *out = root;
    return GN_OK;
}

gn_status gn_json_open(const char *path, size_t max_bytes, json_t **out, gn_error *err) {
    char *text;
    size_t n;
    gn_status st = gn_read_file(path, max_bytes, &text, &n, err);
    if (st != GN_OK) return st;
    st = gn_json_parse(text, n, path, out, err);
    gn_free(text);
    return st;
}

/** A path step's place in an array: digits only, at most 9 of them. */
static bool parse_place(const char *step, size_t n, size_t *out) {
    size_t place = 0;
    if (n == 0 || n > 9) return false;
    for (size_t i = 0; i < n; i++) {
        if (step[i] < '0' || step[i] > '9') return false;
        place = place * 10 + (size_t)(step[i] - '0');
    }
    *out = place;
    return true;
}

json_t *gn_json_at(const json_t *root, const char *path) {
    json_t *value = (json_t *)(uintptr_t)root; /* jansson's getters return what may be changed */
    while (value && *path) {
        size_t n = strcspn(path, "."), place;
        if (json_is_array(value)) {
            value = parse_place(path, n, &place) ? json_array_get(value, place) : NULL;
        } else {
            char key[256];
            if (n >= sizeof key) return NULL;
            memcpy(key, path, n);
            key[n] = '\0';
            value = json_object_get(value, key); /* NULL when value is no object */
        }
        path += n;
        if (*path == '.') path++;
    }
    return value;
}

const char *gn_json_kind(const json_t *value) {
    if (!value) return "nothing";
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a real number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "an unknown kind of value";
}

static gn_status wrong(gn_error *err, const char *name, const char *path, const char *expected,
                       const json_t *value) {
    return gn_fail(err, GN_EDATA, "%s: '%s': expected %s, found %s", name, path, expected,
                   gn_json_kind(value));
}

gn_status gn_json_string(const json_t *root, const char *name, const char *path, const char **out,
                         gn_error *err) {
    const json_t *value = gn_json_at(root, path);
    if (!json_is_string(value)) return wrong(err, name, path, "a string", value);
    *out = json_string_value(value);
    return GN_OK;
}

gn_status gn_json_int(const json_t *root, const char *name, const char *path, int64_t *out,
                      gn_error *err) {
    const json_t *value = gn_json_at(root, path);
    if (!json_is_integer(value)) return wrong(err, name, path, "an integer", value);
    *out = json_integer_value(value);
    return GN_OK;
}

gn_status gn_json_size(const json_t *root, const char *name, const char *path, size_t *out,
                       gn_error *err) {
    int64_t value;
    gn_status st = gn_json_int(root, name, path, &value, err);
    if (st != GN_OK) return st;
    if (value < 0 || (uint64_t)value > SIZE_MAX)
        return gn_fail(err, GN_EDATA, "%s: '%s': expected an integer >= 0, found %lld", name, path,
                       (long long)value);
    *out = (size_t)value;
    return GN_OK;
}

gn_status gn_json_number(const json_t *root, const char *name, const char *path, double *out,
                         gn_error *err) {
    const json_t *value = gn_json_at(root, path);
    if (!json_is_number(value)) return wrong(err, name, path, "a number", value);
    *out = json_number_value(value);
    return GN_OK;
}

gn_status gn_json_bool(const json_t *root, const char *name, const char *path, bool *out,
                       gn_error *err) {
    const json_t *value = gn_json_at(root, path);
    if (!json_is_boolean(value)) return wrong(err, name, path, "true or false", value);
    *out = json_is_true(value);
    return GN_OK;
}

gn_status gn_json_array(const json_t *root, const char *name, const char *path, json_t **out,
                        gn_error *err) {
    json_t *value = gn_json_at(root, path);
    if (!json_is_array(value)) return wrong(err, name, path, "an array", value);
    *out = value;
    return GN_OK;
}

gn_status gn_json_object(const json_t *root, const char *name, const char *path, json_t **out,
                         gn_error *err) {
    json_t *value = gn_json_at(root, path);
    if (!json_is_object(value)) return wrong(err, name, path, "an object", value);
    *out = value;
    return GN_OK;
}
