/* io: JSON with errors that name file and path. */
#include "files.h"

#include "io/json.h"

static json_t *doc(const char *text) {
    json_t *root = NULL;
    gn_error err;
    return gn_json_parse(text, strlen(text), "t.json", &root, &err) == GN_OK ? root : NULL;
}

TEST(values_are_found_by_path) {
    gn_error err;
    json_t *d = doc("{\"a\":{\"list\":[{\"name\":\"x\"},2,2.5,true]},\"big\":9007199254740993}");
    REQUIRE(d != NULL);
    const char *s;
    int64_t i;
    size_t n;
    double x;
    bool b;
    json_t *v;
    OK(gn_json_string(d, "t.json", "a.list.0.name", &s, &err));
    CHECK_STR(s, "x");
    OK(gn_json_int(d, "t.json", "big", &i, &err));
    CHECK(i == 9007199254740993);
    OK(gn_json_size(d, "t.json", "a.list.1", &n, &err));
    CHECK(n == 2);
    OK(gn_json_number(d, "t.json", "a.list.1", &x, &err));
    CHECK(x == 2);
    OK(gn_json_number(d, "t.json", "a.list.2", &x, &err));
    CHECK(x == 2.5);
    OK(gn_json_bool(d, "t.json", "a.list.3", &b, &err));
    CHECK(b);
    OK(gn_json_array(d, "t.json", "a.list", &v, &err));
    CHECK(json_array_size(v) == 4);
    OK(gn_json_object(d, "t.json", "a", &v, &err));
    CHECK(gn_json_at(d, "") == d && !gn_json_at(d, "a.list.4") && !gn_json_at(d, "a.list.x"));
    CHECK(!gn_json_at(d, "big.x") && !gn_json_at(d, "a.list.-1"));
    json_decref(d);
}

TEST(wrong_types_are_named) {
    gn_error err;
    json_t *d = doc("{\"a\":{\"n\":-1,\"s\":\"x\",\"r\":1.5,\"z\":null}}");
    REQUIRE(d != NULL);
    const char *s = "kept";
    size_t n = 7;
    int64_t i;
    double x;
    bool b;
    json_t *v;
    CHECK(gn_json_string(d, "t.json", "a.n", &s, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.json: 'a.n': expected a string, found an integer");
    CHECK_STR(s, "kept");
    CHECK(gn_json_string(d, "t.json", "a.none", &s, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.json: 'a.none': expected a string, found nothing");
    CHECK(gn_json_size(d, "t.json", "a.n", &n, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.json: 'a.n': expected an integer >= 0, found -1");
    CHECK(n == 7);
    CHECK(gn_json_int(d, "t.json", "a.r", &i, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.json: 'a.r': expected an integer, found a real number");
    CHECK(gn_json_number(d, "t.json", "a.s", &x, &err) == GN_EDATA);
    CHECK(gn_json_bool(d, "t.json", "a.z", &b, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.json: 'a.z': expected true or false, found null");
    CHECK(gn_json_array(d, "t.json", "a", &v, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.json: 'a': expected an array, found an object");
    CHECK(gn_json_object(d, "t.json", "a.s", &v, &err) == GN_EDATA);
    json_decref(d);
}

TEST(damage_is_named) {
    static const struct {
        const char *text, *message;
    } t[] = {{"", "t.json: line 1, column 0 (byte 0): not JSON: "},
             {"{\"a\":1,\"a\":2}", "duplicate object key near '\"a\"'"},
             {"{\n\"a\":}", "t.json: line 2, column 5 (byte 7): not JSON: unexpected token"},
             {"{} x", "end of file expected near 'x'"},
             {"{\"a\":\"\xff\"}", "unable to decode byte 0xff"},
             {"{\"a\":99999999999999999999}", "too big integer"},
             {"7", "'[' or '{' expected"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        json_t *d = NULL;
        gn_error err = {0};
        CHECK(gn_json_parse(t[i].text, strlen(t[i].text), "t.json", &d, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, t[i].message);
        CHECK(d == NULL);
    }
    enum { DEEP = 100000 };
    char *deep = malloc(DEEP);
    memset(deep, '[', DEEP);
    json_t *d = NULL;
    gn_error err = {0};
    CHECK(gn_json_parse(deep, DEEP, "deep.json", &d, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "maximum parsing depth reached");
    free(deep);
}

TEST(files_are_bounded) {
    char path[1200];
    gn_error err;
    json_t *d;
    snprintf(path, sizeof path, "%s/x.json", fresh_dir("io-json"));
    REQUIRE(put_file(path, "{\"a\":1}", 7));
    OK(gn_json_open(path, 7, &d, &err));
    json_decref(d);
    CHECK(gn_json_open(path, 6, &d, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "x.json: 7 bytes, the limit is 6");
    CHECK(gn_json_open("/nowhere.json", 6, &d, &err) == GN_EIO);
}

int main(void) {
    RUN(values_are_found_by_path);
    RUN(wrong_types_are_named);
    RUN(damage_is_named);
    RUN(files_are_bounded);
    return tap_done();
}
