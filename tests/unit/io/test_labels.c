/* io: label columns of arrays, lines and CSV. */
#include "files.h"

#include "gonio/io.h"

/** "code code ...|name,name" of a label file; the error message when it cannot be opened. */
static const char *summary(const char *spec) {
    static char out[2048];
    gn_error err = {0};
    gn_labels *l;
    if (gn_labels_open(spec, &l, &err) != GN_OK) {
        snprintf(out, sizeof out, "%s: %s", gn_status_name(err.code), err.message);
        return out;
    }
    size_t used = 0;
    for (size_t i = 0; i < l->n; i++) used += (size_t)sprintf(out + used, "%d ", l->code[i]);
    used += (size_t)sprintf(out + used, "|");
    for (size_t c = 0; c < l->n_classes; c++)
        used += (size_t)sprintf(out + used, "%s%s", c ? "," : "", l->name[c]);
    gn_labels_free(l);
    return out;
}

/** Opens text under a file name, with a column or NULL. */
static const char *of_text(const char *name, const char *text, const char *column) {
    char path[1100], spec[1300];
    snprintf(path, sizeof path, "%s/%s", fresh_dir("io-labels"), name);
    put_file(path, text, strlen(text));
    snprintf(spec, sizeof spec, "%s%s%s", path, column ? ":" : "", column ? column : "");
    return summary(spec);
}

TEST(arrays) {
    CHECK_STR(summary(test_path("golden/io/codes.npy")), "1 -1 1 0 -1 |3,7");
    CHECK_STR(summary(test_path("golden/io/words.npy")), "0 1 0 2 0 |noun,verb,na\xc3\xafve");
    CHECK_STR(summary(test_path("golden/io/words.big.npy")), "0 1 0 2 0 |noun,verb,na\xc3\xafve");
    CHECK_STR(summary(test_path("golden/io/bytes.npy")), "0 1 0 -1 |noun,verb");
    CHECK_CONTAINS(summary(test_path("golden/io/line.f8.npy")),
                   "line.f8.npy: labels of float64, expected integers or text");
    CHECK_CONTAINS(summary(test_path("golden/io/grid.i4.npy")),
                   "grid.i4.npy: shape (5, 3), expected one dimension");
    CHECK_CONTAINS(summary(test_path("golden/io/none.npy")), "GN_EIO: ");
}

TEST(lines) {
    CHECK_STR(of_text("l.txt", "b\na\nb\n", NULL), "0 1 0 |b,a");
    CHECK_STR(of_text("l.txt",
                      "\xef\xbb\xbf"
                      "b\r\n\r\nb",
                      NULL),
              "0 -1 0 |b");
    CHECK_STR(of_text("l.txt", "10\n9\n-3\n9\n", NULL), "2 1 0 1 |-3,9,10");
    CHECK_STR(of_text("l.txt", "10\n9\n09\n", NULL), "0 1 2 |10,9,09");
    CHECK_CONTAINS(of_text("l.txt", "", NULL), "GN_EDATA: ");
    CHECK_CONTAINS(of_text("l.txt", "", NULL), "l.txt: holds no row");
    CHECK_CONTAINS(of_text("l.what", "a\n", NULL), "unknown kind of label file");
    CHECK_CONTAINS(of_text("l.txt", "a\n", "x"), "only .csv and .tsv files have columns");
}

TEST(columns) {
    const char *text = "word,pos\nrun,verb\n\"a,b\",noun\nx,\nrun,verb\n";
    CHECK_STR(of_text("l.csv", text, "pos"), "0 1 -1 0 |verb,noun");
    CHECK_STR(of_text("l.csv", text, "word"), "0 1 2 0 |run,a,b,x");
    CHECK_STR(of_text("l.tsv", "a\tb\n1\t2\n", "b"), "0 |2");
    CHECK_STR(of_text("l.csv", "only\nx\ny\n", NULL), "0 1 |x,y");
    CHECK_CONTAINS(of_text("l.csv", text, "tag"), "l.csv: no column 'tag'; there are: word, pos");
    CHECK_CONTAINS(of_text("l.csv", text, NULL), "l.csv:NAME; there are: word, pos");
    CHECK_CONTAINS(of_text("l.csv", "a,a\n1,2\n", "a"), "columns 1 and 2 are both called 'a'");
    CHECK_CONTAINS(of_text("l.csv", "a,b\n1\n", "a"),
                   "l.csv: line 2: 1 columns, expected 2 as in the header");
    CHECK_CONTAINS(of_text("l.csv", "a,b\n", "a"), "l.csv: holds no row");
    CHECK_CONTAINS(of_text("l.csv", "", "a"), "l.csv: is empty, expected a header line");
}

TEST(many_classes) {
    enum { N = 5000 };
    char *text = malloc(N * 12), path[1200];
    size_t used = 0;
    for (int i = 0; i < N; i++)
        used += (size_t)sprintf(text + used, "%c%d\n", i < N - 1 ? 'k' : 'z', i / 2);
    snprintf(path, sizeof path, "%s/l.txt", fresh_dir("io-labels"));
    REQUIRE(put_file(path, text, used));
    gn_labels *l;
    gn_error err;
    OK(gn_labels_open(path, &l, &err));
    CHECK(l->n == N && l->n_classes == N / 2 + 1);
    int good = 0;
    for (int i = 0; i < N - 1; i++) {
        char want[16];
        snprintf(want, sizeof want, "k%d", i / 2);
        good += l->code[i] == i / 2 && strcmp(l->name[l->code[i]], want) == 0;
    }
    CHECK(good == N - 1);
    CHECK_STR(l->name[N / 2], "z2499");
    gn_labels_free(l);
    free(text);
}

TEST(long_lists_are_cut) {
    char text[2000];
    size_t used = 0;
    for (int i = 0; i < 100; i++)
        used += (size_t)sprintf(text + used, "%scolumn%02d", i ? "," : "", i);
    const char *message = of_text("l.csv", text, "none");
    CHECK_CONTAINS(message, "no column 'none'; there are: column00, column01, ");
    CHECK(strlen(message) > 5 && strcmp(message + strlen(message) - 5, ", ...") == 0);
}

int main(void) {
    RUN(long_lists_are_cut);
    RUN(arrays);
    RUN(lines);
    RUN(columns);
    RUN(many_classes);
    return tap_done();
}
