/* Results: what goes in comes back out of the JSON and the CSV, byte for byte and bit for bit. */
#include "tap.h"

#include "base/number.h"
#include "gonio/result.h"

#include <jansson.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

static gn_error err;

/* Three rows that use every awkward corner. */
static gn_result *awkward(void) {
    gn_result *r = NULL;
    bool ok = gn_result_new("survey", &r, &err) == GN_OK;
    ok = ok && gn_result_set_text(r, "model", "first", &err) == GN_OK;
    ok = ok && gn_result_set_text(r, "corpus", "a \"b\"\\\n\t\x01 \xc3\xa9 \xff,", &err) == GN_OK;
    ok = ok && gn_result_set_number(r, "seed", 0, &err) == GN_OK;
    ok = ok && gn_result_set_text(r, "model", "</script>&'", &err) == GN_OK;
    gn_measurement m = {"a,\"b\"\nc",     3,   0.1, "twonn", "base_0.9", 1.0 / 3, (double)NAN,
                        9007199254740991, NULL};
    ok = ok && gn_result_add(r, &m, &err) == GN_OK;
    ok = ok && gn_result_param_number(r, "k", 64, &err) == GN_OK;
    ok = ok && gn_result_param_text(r, "label", "part, of \"speech\"", &err) == GN_OK;
    m = (gn_measurement){"set",    -1,     (double)NAN, "isoscore",       NULL,
                         HUGE_VAL, 1e-300, (double)NAN, "too few, points"};
    ok = ok && gn_result_add(r, &m, &err) == GN_OK;
    ok = ok && gn_result_param_number(r, "chance", 0.1 + 0.2, &err) == GN_OK;
    m = (gn_measurement){NULL, 0, 1, "lid", "", -0.0, 5e-324, 2, NULL};
    ok = ok && gn_result_add(r, &m, &err) == GN_OK;
    ok = ok && gn_result_param_number(r, "k", 30, &err) == GN_OK;
    ok = ok && gn_result_param_number(r, "k", 31, &err) == GN_OK;
    if (ok) return r;
    printf("# %s\n", err.message);
    gn_result_free(r);
    return NULL;
}

TEST(rows_come_back) {
    gn_result *r = awkward();
    REQUIRE(r != NULL);
    CHECK(gn_result_count(r) == 3);
    gn_measurement m = gn_result_at(r, 0);
    CHECK_STR(m.set, "a,\"b\"\nc");
    CHECK(m.value == 1.0 / 3 && isnan(m.se));
    CHECK_STR(gn_result_at(r, 1).variant, "");
    CHECK_STR(gn_result_at(r, 1).note, "too few, points");
    CHECK_STR(gn_result_param(r, 0, "k"), "64");
    CHECK_STR(gn_result_param(r, 0, "label"), "part, of \"speech\"");
    CHECK_STR(gn_result_param(r, 1, "chance"), "0.30000000000000004");
    CHECK(gn_result_param(r, 1, "k") == NULL);
    CHECK_STR(gn_result_param(r, 2, "k"), "31");
    CHECK(gn_result_find(r, 3, "twonn", "base_0.9", NULL, NULL) == 0);
    CHECK(gn_result_find(r, 3, "twonn", "base_0.9", "k", "64") == 0);
    CHECK(gn_result_find(r, 3, "twonn", "base_0.9", "k", "6") == SIZE_MAX);
    CHECK(gn_result_find(r, 3, "twonn", NULL, NULL, NULL) == SIZE_MAX);
    CHECK(gn_result_find(r, 0, "lid", NULL, "k", "31") == 2);
    CHECK(gn_result_find(r, 0, "lid", "", NULL, NULL) == 2);
    gn_result_free(r);
}

TEST(a_row_of_no_layer) {
    gn_result *r = NULL;
    char *text = NULL;
    OK(gn_result_new("id", &r, &err));
    OK(gn_result_add(r, &(gn_measurement){"s", -1, (double)NAN, "layer_choice", "peak", 3, 0, 7, 0},
                     &err));
    OK(gn_result_json(r, &text, &err));
    CHECK_CONTAINS(text, "{\"set\": \"s\", \"layer\": null, \"depth\": null,");
    free(text);
    OK(gn_result_csv(r, &text, &err));
    CHECK_CONTAINS(text, "\ns,,,layer_choice,peak,3,0,7,");
    free(text);
    gn_result_free(r);
}

TEST(misuse_is_named) {
    gn_result *r = NULL;
    CHECK(gn_result_new("", &r, &err) == GN_EINVAL && r == NULL);
    OK(gn_result_new("id", &r, &err));
    CHECK(gn_result_param_number(r, "k", 1, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "'k'");
    CHECK(gn_result_add(r, &(gn_measurement){.set = "x"}, &err) == GN_EINVAL);
    CHECK(gn_result_count(r) == 0);
    OK(gn_result_add(r, &(gn_measurement){.measure = "lid"}, &err));
    CHECK(gn_result_param_text(r, "value", "x", &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "'value'");
    CHECK(gn_result_set_number(r, "", 1, &err) == GN_EINVAL);
    gn_result_free(r);
    gn_result_free(NULL);
}

TEST(json_parses_back) {
    gn_result *r = awkward();
    REQUIRE(r != NULL);
    char *text = NULL;
    OK(gn_result_json(r, &text, &err));
    CHECK(strstr(text, "nan") == NULL && strstr(text, "inf") == NULL);
    json_error_t why;
    json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, &why);
    if (!doc) printf("# line %d: %s\n%s", why.line, why.text, text);
    REQUIRE(doc != NULL);
    CHECK_STR(json_string_value(json_object_get(doc, "gonio")), gn_version());
    CHECK_STR(json_string_value(json_object_get(doc, "command")), "survey");
    json_t *c = json_object_get(doc, "conditions");
    CHECK(json_object_size(c) == 3);
    CHECK_STR(json_string_value(json_object_get(c, "model")), "</script>&'");
    CHECK_STR(json_string_value(json_object_get(c, "corpus")),
              "a \"b\"\\\n\t\x01 \xc3\xa9 \xef\xbf\xbd,");
    json_t *rows = json_object_get(doc, "rows"), *row = json_array_get(rows, 0);
    CHECK(json_array_size(rows) == 3);
    CHECK(json_is_integer(json_object_get(row, "layer")));
    CHECK(json_is_integer(json_object_get(row, "k")));
    CHECK(json_integer_value(json_object_get(row, "n")) == 9007199254740991);
    CHECK(json_real_value(json_object_get(row, "value")) == 1.0 / 3);
    CHECK(json_is_null(json_object_get(row, "se")));
    CHECK(json_object_get(row, "note") == NULL);
    row = json_array_get(rows, 1);
    CHECK(json_is_null(json_object_get(row, "value")));
    CHECK(json_is_null(json_object_get(row, "depth")));
    CHECK(json_is_null(json_object_get(row, "n")));
    CHECK(json_is_null(json_object_get(row, "variant")));
    CHECK(json_real_value(json_object_get(row, "se")) == 1e-300);
    CHECK(json_real_value(json_object_get(row, "chance")) == 0.1 + 0.2);
    CHECK_STR(json_string_value(json_object_get(row, "note")), "too few, points");
    row = json_array_get(rows, 2);
    CHECK(json_real_value(json_object_get(row, "se")) == 5e-324);
    json_decref(doc);
    free(text);
    gn_result_free(r);
}

TEST(empty_json_parses) {
    gn_result *r;
    OK(gn_result_new("id", &r, &err));
    char *text;
    OK(gn_result_json(r, &text, &err));
    json_t *doc = json_loads(text, 0, NULL);
    CHECK(json_is_array(json_object_get(doc, "rows")));
    CHECK(json_is_object(json_object_get(doc, "conditions")));
    json_decref(doc);
    free(text);
    OK(gn_result_csv(r, &text, &err));
    CHECK_STR(text, "set,layer,depth,measure,variant,value,se,n,note\n");
    free(text);
    gn_result_free(r);
}

TEST(csv_quotes) {
    gn_result *r = awkward();
    REQUIRE(r != NULL);
    char *text = NULL;
    OK(gn_result_csv(r, &text, &err));
    CHECK_STR(text,
              "set,layer,depth,measure,variant,value,se,n,note,k,label,chance\n"
              "\"a,\"\"b\"\"\nc\",3,0.1,twonn,base_0.9,0.3333333333333333,,9007199254740991,,64,"
              "\"part, of \"\"speech\"\"\",\n"
              "set,,,isoscore,,,1e-300,,\"too few, points\",,,0.30000000000000004\n"
              ",0,1,lid,,-0,4.94065645841247e-324,2,,31,,\n");
    free(text);
    gn_result_free(r);
}

TEST(numbers_read_back_in_any_locale) {
    const double x[] = {
        0, 1, -1, 0.1, 1.0 / 3, 1e15, 123456789012345680.0, 1e-310, 1.7976931348623157e308};
    const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8"};
    char text[GN_NUMBER_ROOM];
    for (size_t l = 0; l < 3; l++) {
        setlocale(LC_NUMERIC, locales[l]); /* a locale that is not installed changes nothing */
        for (size_t i = 0; i < sizeof x / sizeof *x; i++) {
            gn_number_text(text, x[i]);
            CHECK(strchr(text, ',') == NULL);
            setlocale(LC_NUMERIC, "C");
            CHECK(strtod(text, NULL) == x[i]);
            setlocale(LC_NUMERIC, locales[l]);
        }
        CHECK_STR(gn_number_fixed(text, 3.14159, 2), "3.14");
    }
    setlocale(LC_NUMERIC, "C");
    CHECK_STR(gn_number_text(text, 0.1), "0.1");
    CHECK_STR(gn_number_text(text, 100000), "100000");
    CHECK_STR(gn_number_fixed(text, -0.001, 2), "0.00");
    CHECK_STR(gn_number_fixed(text, 1e200, 2), "1e+200");
}

TEST(files_appear_whole_or_not_at_all) {
    const char *path = tmp_path("text_write.txt");
    OK(gn_text_write(path, "one\n", &err));
    OK(gn_text_write(path, "two\n", &err));
    FILE *f = fopen(path, "rb");
    REQUIRE(f != NULL);
    char got[8] = {0};
    CHECK(fread(got, 1, sizeof got, f) == 4);
    fclose(f);
    CHECK_STR(got, "two\n");
    remove(path);
    CHECK(gn_text_write(tmp_path("no/such/folder.txt"), "x", &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "folder.txt");
    /* A folder in the way: the rename fails, and the temporary file goes away. */
    const char *folder = tmp_path("text_write_folder");
    mkdir(folder, 0777);
    CHECK(gn_text_write(folder, "x", &err) == GN_EIO);
    CHECK(rmdir(folder) == 0);
}

int main(void) {
    RUN(rows_come_back);
    RUN(a_row_of_no_layer);
    RUN(misuse_is_named);
    RUN(json_parses_back);
    RUN(empty_json_parses);
    RUN(csv_quotes);
    RUN(numbers_read_back_in_any_locale);
    RUN(files_appear_whole_or_not_at_all);
    return tap_done();
}
