/* The survey's table: aligned, narrow enough, rounded to its error bars. */
#include "tap.h"

#include "gonio/survey.h"
#include "report/table.h"
#include "synthetic.h"

#include <utf8proc.h>

static gn_error err;

static const char *const three[] = {"part_of_speech", "lexicographer", "sense"};

static size_t columns_of(const char *line, size_t bytes) {
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) n += (line[i] & 0xc0) != 0x80;
    return n;
}

static void check_value(double value, double se, int most, bool show, const char *want) {
    gn_str s = {0};
    gn_str_add_value(&s, (gn_point){value, se, 0}, most, show);
    CHECK_STR(s.text, want);
    gn_str_free(&s);
}

TEST(values_have_the_digits_of_their_error_bars) {
    check_value(12.3456, 0.0421, 4, true, "12.35 \xc2\xb1 0.04");
    check_value(12.3456, 0.0121, 4, true, "12.346 \xc2\xb1 0.012");
    check_value(12.3456, 0.0196, 4, true, "12.35 \xc2\xb1 0.02");
    check_value(12.3456, 3.1, 4, true, "12 \xc2\xb1 3");
    check_value(12.3456, 0.0421, 1, true, "12.3 \xc2\xb1 <0.1");
    check_value(12.3456, (double)NAN, 4, true, "12.3");
    check_value(0.00123456, (double)NAN, 6, false, "0.00123");
    check_value(-0.5, (double)NAN, 2, false,
                "\xe2\x88\x92"
                "0.50");
    check_value(1234.5, 0, 4, false, "1234");
    check_value((double)NAN, 1, 4, true, "\xe2\x80\x93");
}

TEST(table_is_aligned) {
    gn_result *r = make_survey("all-MiniLM-L6-v2", 7, three, 3, &err);
    REQUIRE(r != NULL);
    char *text;
    OK(gn_survey_table(r, &text, &err));
    CHECK(strstr(text, "nan") == NULL);
    CHECK_CONTAINS(text, "9.31 \xc2\xb1 0.05");
    CHECK_CONTAINS(text, "part_of_speech 0.250, lexicographer 0.0223, sense 0.00012");
    CHECK_CONTAINS(text, "Suggested layer: 5, ");
    CHECK_CONTAINS(text, "peak at layer 3");
    CHECK_CONTAINS(text, "30 neighbours");
    size_t lines = 0, want = 0;
    for (const char *p = text; *p && *p != '\n'; p = strchr(p, '\n') + 1, lines++) {
        size_t width = columns_of(p, strcspn(p, "\n"));
        if (lines == 2) want = width; /* the rule */
        CHECK(width <= 120);
        if (lines > 2) CHECK(width == want);
    }
    CHECK(lines == 3 + 7);
    free(text);
    gn_result_free(r);
}

TEST(many_and_long_labels_wrap) {
    const char *const labels[] = {"a very long name of a label column",
                                  "b",
                                  "\xe8\xaa\x9e\xe5\xbd\x99\xe8\xaa\x9e\xe5\xbd\x99\xe8\xaa\x9e",
                                  "d\n\x1b\x5b\x33\x31m",
                                  "e",
                                  "f",
                                  "g",
                                  "h"};
    gn_result *r = make_survey("m", 7, labels, 8, &err);
    REQUIRE(r != NULL);
    char *text;
    OK(gn_survey_table(r, &text, &err));
    CHECK_CONTAINS(text, "  a very l\xe2\x80\xa6");
    CHECK(strchr(text, '\x1b') == NULL);
    for (const char *p = text; *p; p = strchr(p, '\n') + 1)
        if (p[0] == ' ' && p[1] == ' ') CHECK(columns_of(p, strcspn(p, "\n")) <= 120);
    int heads = 0;
    for (const char *p = text; (p = strstr(p, "layer  ")) != NULL; p++) heads++;
    CHECK(heads == 2);
    free(text);
    gn_result_free(r);
}

TEST(missing_values_are_dashes) {
    gn_result *r;
    OK(gn_result_new("survey", &r, &err));
    char *text = NULL;
    CHECK(gn_survey_table(r, &text, &err) == GN_EINVAL && text == NULL);
    CHECK_CONTAINS(err.message, "no rows");
    OK(gn_result_add(r,
                     &(gn_measurement){"s", 0, (double)NAN, "twonn", "base_0.9", (double)NAN,
                                       (double)NAN, 3, "n"},
                     &err));
    OK(gn_result_add(r, &(gn_measurement){"s", 4, 1, "twonn", "base_0.9", 4, HUGE_VAL, 3, NULL},
                     &err));
    OK(gn_survey_table(r, &text, &err));
    CHECK_CONTAINS(text, "    0      \xe2\x80\x93      \xe2\x80\x93\n");
    CHECK_CONTAINS(text, "    4   1.00   4.00\n");
    CHECK_CONTAINS(text, "Suggested layer: none");
    free(text);
    gn_result_free(r);
}

int main(void) {
    RUN(values_have_the_digits_of_their_error_bars);
    RUN(table_is_aligned);
    RUN(many_and_long_labels_wrap);
    RUN(missing_values_are_dashes);
    return tap_done();
}
