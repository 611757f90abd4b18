/* Lists of layers. */
#include "tap.h"

#include "reps/layer_list.h"

static void check(const char *list, const char *want) {
    gn_error err;
    size_t layer[8], n;
    char got[64] = "";
    OK(gn_layer_list(list, 6, layer, &n, &err));
    for (size_t i = 0; i < n; i++) snprintf(got + strlen(got), 16, " %zu", layer[i]);
    CHECK_STR(got, want);
}

TEST(lists) {
    check(NULL, " 0 1 2 3 4 5 6");
    check("all", " 0 1 2 3 4 5 6");
    check("0", " 0");
    check("-1", " 6");
    check("-7", " 0");
    check("0,3-5,-1", " 0 3 4 5 6");
    check("5,1,5,0-1", " 0 1 5");
    check("-3--1", " 4 5 6");
    check("2--1", " 2 3 4 5 6");
}

TEST(lists_that_make_no_sense) {
    static const struct {
        const char *list, *say;
    } cases[] = {
        {"", "no number at character 1"},
        {"7", "a layer that is not there at character 1"},
        {"0,-8", "a layer that is not there at character 3"},
        {"-0", "a layer that is not there"},
        {"3-1", "a range that goes down"},
        {"1,", "no number at character 3"},
        {"1;2", "no comma at character 2"},
        {"1-", "no number at character 3"},
        {"99999999999999999999999", "a layer that is not there"},
        {"ALL", "no number"},
    };
    gn_error err;
    size_t layer[8], n = 77;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(gn_layer_list(cases[i].list, 6, layer, &n, &err) == GN_EINVAL);
        CHECK_CONTAINS(err.message, cases[i].say);
        CHECK_CONTAINS(err.message, "from 0 to 6");
    }
    CHECK(n == 77);
}

int main(void) {
    RUN(lists);
    RUN(lists_that_make_no_sense);
    return tap_done();
}
