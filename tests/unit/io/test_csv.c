/* io: CSV records by RFC 4180, and numbers. */
#include "tap.h"

#include "base/random.h"
#include "io/csv.h"

#include <locale.h>

/** All records as "line[field][field]\n" into out. */
static gn_status dump(const char *text, size_t n, char separator, bool quotes, char *out,
                      gn_error *err) {
    gn_csv c;
    bool more;
    gn_status st;
    size_t used = 0;
    char *copy = malloc(n + 1); /* exact size: a sanitizer sees reads past the end */
    memcpy(copy, text, n);
    char *exact = realloc(copy, n ? n : 1);
    gn_csv_start(&c, exact, n, separator, "t.csv");
    c.quotes = quotes;
    out[0] = '\0';
    while ((st = gn_csv_next(&c, &more, err)) == GN_OK && more) {
        used += (size_t)sprintf(out + used, "%zu", c.line);
        for (size_t j = 0; j < c.n_fields; j++)
            used += (size_t)sprintf(out + used, "[%.*s]", (int)c.field[j].n, c.field[j].text);
        used += (size_t)sprintf(out + used, "\n");
    }
    gn_csv_free(&c);
    free(exact);
    return st;
}

TEST(records_follow_the_standard) {
    static const struct {
        const char *text, *want;
        char separator;
        bool quotes;
    } t[] = {
        {"", "", ',', true},
        {"a,b\n1,2\n", "1[a][b]\n2[1][2]\n", ',', true},
        {"a,b\r\n1,2", "1[a][b]\n2[1][2]\n", ',', true},
        {"a,,\n,\n", "1[a][][]\n2[][]\n", ',', true},
        {"\n\na\n", "1[]\n2[]\n3[a]\n", ',', true},
        {"\"a,b\",c\n", "1[a,b][c]\n", ',', true},
        {"\"a\"\"b\",\"\"\"\"\r\nx", "1[a\"b][\"]\n2[x]\n", ',', true},
        {"\"two\nlines\",x\ny,z\n", "1[two\nlines][x]\n3[y][z]\n", ',', true},
        {"x,\"two\r\nlines\"\r\ny\n", "1[x][two\r\nlines]\n3[y]\n", ',', true},
        {"a\"b,c\"\n", "1[a\"b][c\"]\n", ',', true},
        {"\"\",\"\"", "1[][]\n", ',', true},
        {"\xef\xbb\xbf"
         "a,b\n",
         "1[a][b]\n", ',', true},
        {"a\tb,c\n", "1[a][b,c]\n", '\t', true},
        {"\"a\tb\"\tc\n", "1[a\tb][c]\n", '\t', true},
        {"\"a\tb\"\tc\n", "1[\"a][b\"][c]\n", '\t', false},
        {"a\rb,c\n", "1[a\rb][c]\n", ',', true},
    };
    gn_error err;
    char got[512];
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        OK(dump(t[i].text, strlen(t[i].text), t[i].separator, t[i].quotes, got, &err));
        CHECK_STR(got, t[i].want);
    }
}

TEST(damage_is_named) {
    gn_error err;
    char got[512];
    const char *open = "a,b\nc,\"d\ne,f\n", *tail = "a\n\"b\nc\"d,e\n";
    CHECK(dump(open, strlen(open), ',', true, got, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.csv: line 2, column 2: the quote is never closed");
    CHECK(dump(tail, strlen(tail), ',', true, got, &err) == GN_EDATA);
    CHECK_STR(err.message, "t.csv: line 3, column 1: text behind the closing quote");
}

TEST(wide_records_with_quotes_survive_growth) {
    enum { N = 3000 };
    char *text = malloc(N * 16), want[32];
    size_t used = 0;
    for (int i = 0; i < N; i++)
        used += (size_t)sprintf(text + used, "%s\"%d\"\"\"", i ? "," : "", i);
    gn_csv c;
    gn_error err;
    bool more;
    gn_csv_start(&c, text, used, ',', "t.csv");
    OK(gn_csv_next(&c, &more, &err));
    CHECK(more && c.n_fields == N);
    int good = 0;
    for (int i = 0; i < N; i++) {
        int n = sprintf(want, "%d\"", i);
        good += c.field[i].n == (size_t)n && memcmp(c.field[i].text, want, (size_t)n) == 0;
    }
    CHECK(good == N);
    gn_csv_free(&c);
    free(text);
}

static bool number(const char *text, double *out) {
    return gn_csv_number((gn_csv_field){text, strlen(text)}, out);
}

TEST(numbers_are_those_of_strtod) {
    static const char *const good[] = {"0",
                                       "-0",
                                       "1",
                                       "+1",
                                       "12.5",
                                       ".5",
                                       "5.",
                                       "1e3",
                                       "1E-3",
                                       "-1.25e+2",
                                       "9007199254740993",
                                       "0.1",
                                       "123456789012345678901234567890",
                                       "1.7976931348623157e308",
                                       "4.9e-324",
                                       "1e-400",
                                       "1e400",
                                       "0.000000000000000000000000000001",
                                       "2.2250738585072011e-308",
                                       "1e22",
                                       "1e23",
                                       "3.14159265358979323846264338327950288",
                                       "  7",
                                       "7\t",
                                       "1.000000000000000000e+00",
                                       "nan",
                                       "NaN",
                                       "inf",
                                       "-Infinity",
                                       "00012",
                                       "9007199254740992e22",
                                       "1e-22",
                                       "8.5e-23"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double got = -7, want = strtod(good[i], NULL);
        CHECK(number(good[i], &got));
        CHECK(memcmp(&got, &want, sizeof got) == 0 || (isnan(got) && isnan(want)));
    }
    static const char *const bad[] = {"",    " ",   "x",     "1x",     "1e",      "1e+",
                                      "e5",  ".",   "-",     "+-1",    "1,5",     "0x10",
                                      "1 2", "--1", "1.2.3", "nan(1)", "infinit", "1e5.0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double got = -7;
        CHECK(!number(bad[i], &got) && got == -7);
    }
    double got;
    char nul[3] = {'1', 0, '2'};
    CHECK(!gn_csv_number((gn_csv_field){nul, 3}, &got));
}

TEST(printed_numbers_come_back) {
    gn_random r = gn_random_new(3, 0);
    int good = 0;
    enum { N = 20000 };
    for (int i = 0; i < N; i++) {
        uint64_t bits = gn_random_u64(&r);
        double x, y;
        memcpy(&x, &bits, sizeof x);
        if (i % 2) x = gn_random_normal(&r);
        if (!isfinite(x)) x = 0;
        char text[64];
        snprintf(text, sizeof text, i % 3 ? "%.17g" : "%.18e", x);
        good += number(text, &y) && memcmp(&x, &y, sizeof x) == 0;
    }
    CHECK(good == N);
}

TEST(a_decimal_comma_changes_nothing) {
    char kept[64];
    snprintf(kept, sizeof kept, "%s", setlocale(LC_NUMERIC, NULL));
    const char *names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    bool comma = false;
    for (size_t i = 0; i < 3 && !comma; i++) comma = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!comma) SKIP("no locale with a decimal comma here");
    double x = 0;
    CHECK(number("0.12345678901234567890123", &x) && x > 0.12);
    setlocale(LC_NUMERIC, kept);
}

int main(void) {
    RUN(records_follow_the_standard);
    RUN(damage_is_named);
    RUN(wide_records_with_quotes_survive_growth);
    RUN(numbers_are_those_of_strtod);
    RUN(printed_numbers_come_back);
    RUN(a_decimal_comma_changes_nothing);
    return tap_done();
}
