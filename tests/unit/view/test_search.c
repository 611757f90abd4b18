/* Finding rows by text: the modes, what is missing, what is refused, and a naive search beside. */
#define _GNU_SOURCE
#include "fail_alloc.h"

#include "base/random.h"
#include "view/search/fold.h"
#include "view/search/search.h"

static const char *const words[] = {
    "Bank",
    "banking",
    "embankment",
    "Stra\xC3\x9F"
    "e", /* 3: sharp s */
    "\xC3\x89tude",
    "E\xCC\x81tude",                                            /* 4, 5: E acute, composed or not */
    "\xCE\xA3\xCE\xAF\xCF\x83\xCF\x85\xCF\x86\xCE\xBF\xCF\x82", /* 6 */
    "\xC4\xA0"
    "bank", /* 7: as GPT-2 writes " bank" */
    "\xE2\x96\x81"
    "river", /* 8: as SentencePiece writes " river" */
    "",
    "12",
    "7.5",
    "bad \xFF"
    "byte"};
enum { N_WORDS = sizeof words / sizeof *words };

/* Rows found, as a string of letters: row 0 is 'a'. NULL when it fails. */
static const char *find(gn_search_mode mode, const char *text, bool match_case,
                        const gn_cells *cells, gn_error *err) {
    static char out[64];
    uint32_t row[64];
    size_t n = 0;
    gn_search *s = NULL;
    gn_status st = gn_search_new(mode, text, match_case, &s, err);
    if (st == GN_OK) st = gn_search_begin(s, cells, err);
    if (st == GN_OK) st = gn_search_rows(s, NULL, 0, cells->n, row, &n, err);
    gn_search_free(s);
    for (size_t i = 0; i < n; i++) out[i] = (char)('a' + row[i]);
    out[n] = '\0';
    return st == GN_OK ? out : NULL;
}

static const gn_cells plain = {.n = N_WORDS, .n_texts = N_WORDS, .text = words};
static const gn_cells tokens = {.n = N_WORDS, .n_texts = N_WORDS, .text = words, .tokens = true};

TEST(substrings) {
    gn_error err;
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "BANK", false, &plain, &err), "abch");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "bank", true, &plain, &err), "bch");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "STRASSE", false, &plain, &err), "d");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "strasse", true, &plain, &err), "");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "\xC3\xA9t", false, &plain, &err), "ef");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "e\xCC\x81t", false, &plain, &err), "ef");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "E\xCC\x81t", true, &plain, &err), "ef");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "\xCE\xA6\xCE\x9F\xCE\xA3", false, &plain, &err), "g");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "byte", false, &plain, &err), "m");
    CHECK_STR(find(GN_SEARCH_SUBSTRING, "a", false, &plain, &err), "abcdhm");
}

TEST(prefixes_and_marks_of_word_starts) {
    gn_error err;
    CHECK_STR(find(GN_SEARCH_PREFIX, "bank", false, &plain, &err), "ab");
    CHECK_STR(find(GN_SEARCH_PREFIX, "bank", false, &tokens, &err), "abh");
    CHECK_STR(find(GN_SEARCH_PREFIX, "river", false, &tokens, &err), "i");
    CHECK_STR(find(GN_SEARCH_PREFIX, "\xC4\xA0", false, &tokens, &err), "h");
    CHECK_STR(find(GN_SEARCH_REGEX, "^bank", false, &tokens, &err), "abh");
    CHECK_STR(find(GN_SEARCH_REGEX, "^bank", false, &plain, &err), "ab");
    CHECK_STR(find(GN_SEARCH_WHOLE, "bank", false, &tokens, &err), "ah");
    CHECK_STR(find(GN_SEARCH_WHOLE, "bank", true, &plain, &err), "");
    CHECK_STR(find(GN_SEARCH_PREFIX, "embankment and more", false, &plain, &err), "");
}

TEST(expressions) {
    gn_error err;
#ifdef GN_HAVE_PCRE2
    CHECK_STR(find(GN_SEARCH_REGEX, "^bank", true, &plain, &err), "b");
    CHECK_STR(find(GN_SEARCH_REGEX, "^\\p{Lu}", true, &plain, &err), "adefgh");
    CHECK_STR(find(GN_SEARCH_REGEX, "^\\d+(\\.\\d)?$", false, &plain, &err), "kl");
    CHECK_STR(find(GN_SEARCH_REGEX, "^$", false, &plain, &err), "j");
    CHECK_STR(find(GN_SEARCH_REGEX, "by.e", false, &plain, &err), "m");
    CHECK(!find(GN_SEARCH_REGEX, "\xC3\xA9(bank", false, &plain, &err));
    CHECK_CONTAINS(err.message, "at character 7: missing closing parenthesis");
    CHECK(err.code == GN_EINVAL);
    CHECK(!find(GN_SEARCH_REGEX, "((a{1,200}){1,200}){1,200}", false, &plain, &err));
    CHECK(!find(GN_SEARCH_REGEX, "\\C", false, &plain, &err));
    const char *const hostile[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"};
    gn_cells c = {.n = 1, .n_texts = 1, .text = hostile};
    CHECK(!find(GN_SEARCH_REGEX, "(a+)+$", false, &c, &err));
    CHECK(err.code == GN_EDATA);
    CHECK_CONTAINS(err.message, "too many steps on 'aaaa");
    CHECK_CONTAINS(err.message, "...': make it simpler");
    CHECK(!find(GN_SEARCH_REGEX, "(*NO_JIT)(a+)+$", false, &c, &err));
    CHECK(err.code == GN_EDATA);
    CHECK(!find(GN_SEARCH_REGEX, "(*NO_JIT)(*LIMIT_MATCH=4000000000)(a+)+$", false, &c, &err));
#else
    CHECK(!find(GN_SEARCH_REGEX, "^bank", true, &plain, &err));
    CHECK(err.code == GN_ENOSUPP);
    CHECK_CONTAINS(err.message, "PCRE2");
#endif
}

TEST(fields) {
    gn_error err;
    CHECK_STR(find(GN_SEARCH_FIELD, "token:bank", false, &tokens, &err), "ah");
    CHECK_STR(find(GN_SEARCH_FIELD, " token : bank ", true, &plain, &err), "a");
    CHECK_STR(find(GN_SEARCH_FIELD, "token=Bank", false, &plain, &err), "a");
    CHECK_STR(find(GN_SEARCH_FIELD, "token=bank", false, &plain, &err), "");
    CHECK_STR(find(GN_SEARCH_FIELD, "token!=Bank", false, &plain, &err), "bcdefghijklm");
    CHECK_STR(find(GN_SEARCH_FIELD, "token>7.5", false, &plain, &err), "k");
    CHECK_STR(find(GN_SEARCH_FIELD, "token>=7.5", false, &plain, &err), "kl");
    CHECK_STR(find(GN_SEARCH_FIELD, "token<1e1", false, &plain, &err), "l");
    gn_search *s = NULL;
    OK(gn_search_new(GN_SEARCH_FIELD, "part of speech:noun", false, &s, &err));
    CHECK_STR(gn_search_column(s), "part of speech");
    gn_search_free(s);
    OK(gn_search_new(GN_SEARCH_PREFIX, "a:b", false, &s, &err));
    CHECK(gn_search_column(s) == NULL);
    gn_search_free(s);
    const char *const bad[] = {"noun", "pos:", ":noun", "position>ten", "position<=nan", "a!b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(gn_search_new(GN_SEARCH_FIELD, bad[i], false, &s, &err) == GN_EINVAL);
    CHECK(!find(GN_SEARCH_FIELD, "position>ten", false, &plain, &err));
    CHECK_CONTAINS(err.message, "'ten' is no number");
}

TEST(numbers) {
    static const float value[] = {1, 10, NAN, 11, 10.5F};
    gn_cells c = {.n = 5, .value = value};
    gn_error err;
    CHECK_STR(find(GN_SEARCH_FIELD, "position>10", false, &c, &err), "de");
    CHECK_STR(find(GN_SEARCH_FIELD, "position>=10", false, &c, &err), "bde");
    CHECK_STR(find(GN_SEARCH_FIELD, "position<10", false, &c, &err), "a");
    CHECK_STR(find(GN_SEARCH_FIELD, "position<=10", false, &c, &err), "ab");
    CHECK_STR(find(GN_SEARCH_FIELD, "position:10.5", false, &c, &err), "e");
    CHECK_STR(find(GN_SEARCH_FIELD, "position=11", false, &c, &err), "d");
    CHECK_STR(find(GN_SEARCH_FIELD, "position!=10", false, &c, &err),
              "ade"); /* not the missing one */
    CHECK(!find(GN_SEARCH_FIELD, "position:ten", false, &c, &err));
    CHECK_CONTAINS(err.message, "column 'position' holds numbers");
    CHECK(!find(GN_SEARCH_SUBSTRING, "1", false, &c, &err));
    CHECK_CONTAINS(err.message, "holds numbers");
}

TEST(what_is_refused) {
    gn_error err;
    gn_search *s = NULL;
    char *large = malloc(10002);
    memset(large, 'a', 10001);
    large[10001] = '\0';
    CHECK(gn_search_new(GN_SEARCH_PREFIX, "", false, &s, &err) == GN_EINVAL);
    CHECK(gn_search_new(GN_SEARCH_PREFIX, "a\xC3", false, &s, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "the text to search for: byte 1");
    CHECK(gn_search_new(GN_SEARCH_REGEX, large, false, &s, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "10001 bytes");
    free(large);
}

struct asked {
    size_t times[3];
};

static gn_status read_text(void *user, size_t i, const char **text, gn_error *err) {
    struct asked *a = user;
    if (i == 2) return gn_fail(err, GN_EIO, "text 2 is gone");
    a->times[i]++;
    *text = i == 0 ? "the river bank" : NULL;
    return GN_OK;
}

/* Missing codes, texts that are read once each and only when a row needs them, pieces, subsets. */
TEST(codes) {
    static const int32_t code[] = {1, 0, -1, 0, 1, 0, 2};
    static const int32_t subset[] = {5, 2, 1, 6};
    struct asked asked = {0};
    gn_cells c = {.n = 7, .code = code, .n_texts = 3, .read = read_text, .user = &asked};
    gn_error err;
    gn_search *s = NULL;
    uint32_t row[7];
    size_t n = 99;
    OK(gn_search_new(GN_SEARCH_SUBSTRING, "bank", false, &s, &err));
    OK(gn_search_begin(s, &c, &err));
    OK(gn_search_rows(s, NULL, 0, 3, row, &n, &err));
    CHECK(n == 1 && row[0] == 1);
    OK(gn_search_rows(s, NULL, 3, 3, row, &n, &err));
    CHECK(n == 2 && row[0] == 3 && row[1] == 5);
    CHECK(asked.times[0] == 1 && asked.times[1] == 1);
    CHECK(gn_search_rows(s, NULL, 6, 1, row, &n, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "text 2 is gone");
    OK(gn_search_rows(s, subset, 0, 3, row, &n, &err));
    CHECK(n == 2 && row[0] == 5 && row[1] == 1);
    gn_search_free(s);
}

/* ASCII at random against the C library. */
TEST(as_a_naive_search) {
    enum { N = 3000, LENGTH = 12 };
    static char text[N][LENGTH + 1];
    static const char *list[N];
    static uint32_t row[N];
    gn_random r = gn_random_new(4, 0);
    gn_error err;
    size_t hits = 0;
    for (size_t i = 0; i < N; i++) {
        size_t length = (size_t)gn_random_below(&r, LENGTH + 1);
        for (size_t c = 0; c < length; c++) text[i][c] = "abABxX .:"[gn_random_below(&r, 9)];
        list[i] = text[i];
    }
    gn_cells c = {.n = N, .n_texts = N, .text = list};
    for (int round = 0; round < 40; round++) {
        char needle[4] = {0};
        for (size_t i = 0; i <= (size_t)round % 3; i++) needle[i] = "abABx"[gn_random_below(&r, 5)];
        for (int mode = 0; mode < 4; mode++) {
            bool prefix = mode & 1, match_case = mode & 2;
            gn_search *s = NULL;
            size_t n = 0, wrong = 0, at = 0;
            OK(gn_search_new(prefix ? GN_SEARCH_PREFIX : GN_SEARCH_SUBSTRING, needle, match_case,
                             &s, &err));
            OK(gn_search_begin(s, &c, &err));
            OK(gn_search_rows(s, NULL, 0, N, row, &n, &err));
            for (size_t i = 0; i < N; i++) {
                const char *found =
                    match_case ? strstr(list[i], needle) : strcasestr(list[i], needle);
                bool want = prefix ? found == list[i] : found != NULL;
                bool got = at < n && row[at] == i;
                at += got;
                wrong += want != got;
            }
            hits += n;
            CHECK(wrong == 0 && at == n);
            gn_search_free(s);
        }
    }
    CHECK(hits > 1000);
}

TEST(folding) {
    gn_fold f = {0};
    gn_error err;
    OK(gn_fold_text(&f, "A\xEF\xAC\x81\xFFz", false, &err)); /* the ligature fi, a lone byte */
    CHECK_STR(f.text, "afi\xEF\xBF\xBDz");
    CHECK(f.n == strlen(f.text));
    OK(gn_fold_text(&f, "", false, &err));
    CHECK_STR(f.text, "");
    /* one code point that becomes three */
    OK(gn_fold_text(&f, "\xCE\x90\xCE\x90\xCE\x90\xCE\x90\xCE\x90", false, &err));
    CHECK_STR(f.text, "\xCE\x90\xCE\x90\xCE\x90\xCE\x90\xCE\x90");
    gn_fold_free(&f);
}

static gn_status attempt(void *user, gn_error *err) {
    const char *field = user;
    gn_search *s = NULL;
    uint32_t row[N_WORDS];
    size_t n;
    gn_status st = gn_search_new(*field ? GN_SEARCH_FIELD : GN_SEARCH_SUBSTRING,
                                 *field ? field : "\xC3\x89tude", false, &s, err);
    if (st == GN_OK) st = gn_search_begin(s, &plain, err);
    if (st == GN_OK) st = gn_search_rows(s, NULL, 0, N_WORDS, row, &n, err);
    gn_search_free(s);
    return st;
}

TEST(memory) {
    char field[] = "token:\xC3\xA9tude", none[] = "";
    FAIL_SWEEP(attempt, field, "a field");
    FAIL_SWEEP(attempt, none, "a substring");
}

int main(void) {
    RUN(substrings);
    RUN(prefixes_and_marks_of_word_starts);
    RUN(expressions);
    RUN(fields);
    RUN(numbers);
    RUN(what_is_refused);
    RUN(codes);
    RUN(as_a_naive_search);
    RUN(folding);
    RUN(memory);
    return tap_done();
}
