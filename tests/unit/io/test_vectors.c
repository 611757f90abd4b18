/* Vectors, their metadata and TensorBoard's configuration as text. */
#define _XOPEN_SOURCE 700
#include "tap.h"

#include "base/ctx.h"
#include "base/random.h"
#include "io/metadata.h"
#include "io/projector.h"
#include "io/vectors.h"

#include <sys/stat.h>
#include <unistd.h>

static gn_error err;
static gn_ctx *ctx;

static gn_status parse(const char *text, gn_vectors *out) {
    return gn_vectors_parse(ctx, text, strlen(text), "v.tsv", out, &err);
}

static void print_number(char *text, size_t size, size_t how, double x) {
    if (how == 0) snprintf(text, size, "%.9g\t1\n", x);
    if (how == 1) snprintf(text, size, "%.17g\t1\n", x);
    if (how == 2) snprintf(text, size, "%.18e\t1\n", x);
    if (how == 3) snprintf(text, size, "%.30f\t1\n", x);
    if (how == 4) snprintf(text, size, "%.25E\t1\n", x);
}

TEST(numbers_round_as_strtof_of_the_double_does) {
    const char *odd[] = {"0",
                         "-0",
                         "1",
                         "-1.5",
                         ".25",
                         "7.",
                         "1e3",
                         "1E-3",
                         "+2.5",
                         "9007199254740993",
                         "123456789012345678901234567890",
                         "1e-45",
                         "3.4028235e38",
                         "1e39",
                         "0.1000000000000000055511151231257827",
                         "1e22",
                         "1e23",
                         "1e-400",
                         "inf",
                         "-inf"};
    char text[160];
    gn_random r = gn_random_new(7, 0);
    for (size_t i = 0; i < 20000; i++) {
        double x = ldexp(gn_random_normal(&r), (int)(i % 200) - 100);
        if (i % 7 == 0) { /* the middle of two float32, or a hair beside it */
            float low = (float)x;
            x = ((double)low + (double)nextafterf(low, INFINITY)) / 2;
            if (i % 3) x = nextafter(x, i % 3 == 1 ? INFINITY : -INFINITY);
        }
        if (i < sizeof odd / sizeof *odd)
            snprintf(text, sizeof text, "%s\t1\n", odd[i]);
        else
            print_number(text, sizeof text, i % 5, x);
        gn_vectors v = {0};
        float want = (float)strtod(text, NULL);
        bool good = parse(text, &v) == GN_OK && v.rows == 1 && v.cols == 2 && !v.label &&
                    memcmp(&v.value[0], &want, sizeof want) == 0;
        if (!good || i < 20) CHECK(good);
        gn_vectors_free(&v);
    }
}

TEST(labels_are_what_stands_before_the_numbers) {
    gn_vectors v = {0};
    CHECK(parse("the 0.5 -1\n\nat name@mail.org 2 3\r\n1 4 5", &v) == GN_OK);
    REQUIRE(v.rows == 3 && v.cols == 2 && v.label && v.label->n == 3);
    CHECK_STR(v.label->name[v.label->code[0]], "the");
    CHECK_STR(v.label->name[v.label->code[1]], "at name@mail.org");
    CHECK_STR(v.label->name[v.label->code[2]], "1");
    CHECK(v.value[0] == 0.5f && v.value[1] == -1 && v.value[4] == 4 && v.value[5] == 5);
    gn_vectors_free(&v);
    CHECK(parse("2 3\nking  1 2 3\nqueen 4 5 6\n", &v) == GN_OK); /* word2vec */
    CHECK(v.rows == 2 && v.cols == 3 && v.label && v.value[5] == 6);
    gn_vectors_free(&v);
    CHECK(parse("2 3\n4 5\n", &v) == GN_OK); /* two columns of numbers, no header */
    CHECK(v.rows == 2 && v.cols == 2 && !v.label);
    gn_vectors_free(&v);
    CHECK(parse("New York\t1\t2\n\t3\t4\n", &v) == GN_OK);
    CHECK(v.rows == 2 && v.cols == 2 && v.label && v.label->code[1] == -1);
    gn_vectors_free(&v);
}

TEST(errors_name_the_line) {
    gn_vectors v = {0};
    CHECK(parse("", &v) == GN_EDATA && parse("\n\n", &v) == GN_EDATA);
    CHECK_STR(err.message, "v.tsv: holds no vectors");
    CHECK(parse("1\t2\t3\n\n4\t5\n", &v) == GN_EDATA);
    CHECK_STR(err.message, "v.tsv: line 3 ends in 2 numbers, expected 3");
    CHECK(parse("1\t2\n4\tx\n", &v) == GN_EDATA);
    CHECK_STR(err.message,
              "v.tsv: line 2: 'x' is not a number, expected 2 of them at the line's end");
    CHECK(parse("1\t2\n4\t5\t6\n", &v) == GN_EDATA);
    CHECK_STR(err.message, "v.tsv: line 2 has more than 2 cells");
    CHECK(parse("a\t1\t2\n4\t5\n", &v) == GN_EDATA);
    CHECK_STR(err.message, "v.tsv: line 2 has no label before its 2 numbers");
    CHECK(parse("only words\n", &v) == GN_EDATA && !v.value);
    CHECK_STR(err.message, "v.tsv: line 1 does not end in a number");
}

TEST(blocks_and_threads_do_not_show) {
    enum { ROWS = 60000, COLS = 9 };
    char *text = malloc((size_t)ROWS * COLS * 16), *p = text;
    float *want = malloc(sizeof *want * ROWS * COLS);
    REQUIRE(text && want);
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < COLS; j++) {
            want[i * COLS + j] = (float)gn_random_normal(&r);
            p += sprintf(p, "%.9g%c", (double)want[i * COLS + j], j + 1 < COLS ? '\t' : '\n');
        }
    CHECK((size_t)(p - text) > 4u << 20);
    for (unsigned t = 1; t <= 3; t++) {
        gn_ctx *c = NULL;
        gn_vectors v = {0};
        REQUIRE(gn_ctx_new(&(gn_ctx_opts){.n_threads = t}, &c, &err) == GN_OK);
        CHECK(gn_vectors_parse(c, text, (size_t)(p - text), "v", &v, &err) == GN_OK);
        CHECK(v.rows == ROWS && v.cols == COLS &&
              memcmp(v.value, want, sizeof *want * ROWS * COLS) == 0);
        gn_vectors_free(&v);
        gn_ctx_free(c);
    }
    p[-1] = 'x'; /* the last line is the first bad one in its block only */
    gn_vectors v = {0};
    CHECK(gn_vectors_parse(ctx, text, (size_t)(p - text), "v", &v, &err) == GN_EDATA);
    CHECK(strstr(err.message, "line 60000:") != NULL);
    free(text);
    free(want);
}

static gn_status describe(const char *text, size_t rows, gn_metadata *out) {
    return gn_metadata_parse(text, strlen(text), rows, "m.tsv", out, &err);
}

TEST(one_column_has_no_header_and_several_have) {
    gn_metadata m = {0};
    CHECK(describe("the\ncat\n\nthe\n", 4, &m) == GN_OK); /* the blank line is a row */
    REQUIRE(m.rows == 4 && m.cols == 1);
    CHECK_STR(m.column[0].name, "label");
    CHECK(!m.column[0].number && m.column[0].label->code[2] == -1 &&
          m.column[0].label->code[3] == m.column[0].label->code[0]);
    gn_metadata_free(&m);
    CHECK(describe("the\ncat\n\nthe\n", 3, &m) == GN_OK && m.rows == 3); /* it is passed over */
    gn_metadata_free(&m);
    CHECK(describe("word\tfreq\r\nthe\t10\r\ncat\t\r\nsat\r\n", 3, &m) == GN_OK);
    REQUIRE(m.cols == 2);
    CHECK_STR(m.column[1].name, "freq");
    REQUIRE(m.column[1].number != NULL);
    CHECK(m.column[1].number[0] == 10 && isnan(m.column[1].number[1]) &&
          isnan(m.column[1].number[2]));
    gn_metadata_free(&m);
    CHECK(describe("", 0, &m) == GN_OK && m.rows == 0 && m.cols == 0);
    gn_metadata_free(&m);
}

TEST(another_count_names_the_likely_mistake) {
    gn_metadata m = {0};
    CHECK(describe("word\nthe\ncat\n", 2, &m) == GN_EDATA);
    CHECK_STR(err.message, "m.tsv: describes 3 rows, the vectors are 2: a single column has no "
                           "header line; is the first line one?");
    CHECK(describe("the\t1\ncat\t2\n", 2, &m) == GN_EDATA);
    CHECK(strstr(err.message, "describes 1 rows, the vectors are 2") &&
          strstr(err.message, "was taken for it"));
    CHECK(describe("a\n\nb\nc\n", 7, &m) == GN_EDATA && strstr(err.message, "blank"));
    char wide[GN_METADATA_COLUMNS + 4]; /* the vectors in the place of their description */
    memset(wide, '\t', sizeof wide);
    memcpy(wide + GN_METADATA_COLUMNS, "\nx\n", 4);
    CHECK(describe(wide, 1, &m) == GN_EDATA && strstr(err.message, "are these the vectors?"));
    CHECK(describe("a\t\n1\t2\n", 1, &m) == GN_OK && m.cols == 2);
    CHECK_STR(m.column[1].name, "column 2");
    gn_metadata_free(&m);
}

/* As lenient as TensorBoard: what is passed over is said, and no row is lost by it. */
TEST(surplus_cells_and_columns_of_one_name_are_passed_over) {
    gn_metadata m = {0};
    CHECK(describe("a\tb\n1\t2\t3\n4\t5\n", 2, &m) == GN_OK);
    REQUIRE(m.cols == 2 && m.note && m.column[1].number);
    CHECK(m.column[1].number[0] == 2 && m.column[1].number[1] == 5);
    CHECK_STR(m.note, "m.tsv: line 2 has more than the 2 cells of the first line: the cells beyond "
                      "are passed over");
    gn_metadata_free(&m);
    CHECK(describe("the\ncat\tx\n\nsat\ty\tz\n", 3, &m) == GN_OK);
    REQUIRE(m.cols == 1 && m.note);
    CHECK_STR(m.column[0].label->name[m.column[0].label->code[2]], "sat");
    CHECK_STR(m.note, "m.tsv: 2 lines have more than the 1 cell of the first line, line 2 first: "
                      "the cells beyond are passed over");
    gn_metadata_free(&m);
    CHECK(describe("a\tb\n1\t2\t\n", 1, &m) == GN_OK && !m.note); /* nothing is lost */
    gn_metadata_free(&m);
    CHECK(describe("a\tb\ta\n1\t2\t3\n4\t5\n", 2, &m) == GN_OK); /* an empty cell of the last */
    REQUIRE(m.cols == 2 && m.note);
    CHECK_STR(m.column[0].name, "b");
    CHECK_STR(m.column[1].name, "a");
    CHECK(m.column[0].number[1] == 5 && m.column[1].number[0] == 3 && isnan(m.column[1].number[1]));
    CHECK_STR(m.note, "m.tsv: line 1: several columns are called 'a': the last is shown");
    gn_metadata_free(&m);
    CHECK(describe("a\ta\ta\n1\t2\t3\t4\n", 1, &m) == GN_OK && m.cols == 1);
    CHECK_STR(m.note, "m.tsv: line 1: several columns are called 'a': the last is shown (2 are "
                      "passed over in all); m.tsv: line 2 has more than the 3 cells of the first "
                      "line: the cells beyond are passed over");
    CHECK(m.column[0].number && m.column[0].number[0] == 3);
    gn_metadata_free(&m);
}

static char folder[] = "/tmp/gonio-projector-XXXXXX";

static void put(const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    if (f) {
        fputs(text, f);
        fclose(f);
    }
}

static gn_status configure(const char *text, gn_projector *out) {
    return gn_projector_parse(text, strlen(text), folder, "c.pbtxt", out, &err);
}

TEST(a_configuration_lists_its_tensors) {
    gn_projector p = {0};
    REQUIRE(mkdtemp(folder) != NULL);
    put("t.tsv", "1\t2\n");
    put("m.tsv", "x\n");
    CHECK(configure(
              "# made by hand\nembeddings {\n  tensor_name: \"a\\tb\" 'c'\n tensor_shape: [1, 2]\n"
              "  tensor_path: \"t.tsv\"; metadata_path: 'm.tsv'\n  sprite { image_path: \"no.png\" "
              "single_image_dim: 8 single_image_dim: 16 }\n  unknown { deep < x: 1 > }\n}\n"
              "embeddings: { tensor_name: 'ckpt' tensor_shape: 7 tensor_shape: 9 }",
              &p) == GN_OK);
    REQUIRE(p.n == 2);
    CHECK_STR(p.tensor[0].name, "a\tbc");
    CHECK(p.tensor[0].shape[0] == 1 && p.tensor[0].shape[1] == 2 && !p.tensor[0].problem);
    CHECK(p.tensor[0].tensor && strstr(p.tensor[0].tensor, "/t.tsv") && p.tensor[0].metadata);
    CHECK(p.tensor[0].sprite_width == 8 && p.tensor[0].sprite_height == 16 && !p.tensor[0].sprite);
    CHECK_STR(p.tensor[0].note, "image_path 'no.png' does not exist");
    CHECK(p.tensor[1].shape[0] == 7 && p.tensor[1].shape[1] == 9 && !p.tensor[1].tensor);
    CHECK(p.tensor[1].problem && strstr(p.tensor[1].problem, "checkpoint"));
    gn_projector_free(&p);
    CHECK(configure("model_checkpoint_path: 'm.ckpt'", &p) == GN_OK && p.n == 1 &&
          p.tensor[0].problem);
    gn_projector_free(&p);
}

TEST(paths_stay_inside_the_folder) {
    gn_projector p = {0};
    char link[512], *tail = strrchr(folder, '/') + 1, text[512];
    snprintf(link, sizeof link, "%s/link.tsv", folder);
    CHECK(symlink("/etc/passwd", link) == 0);
    CHECK(
        configure("embeddings { tensor_path: '/etc/passwd' } embeddings { tensor_path: 'link.tsv' }"
                  "embeddings { tensor_path: '../../etc/passwd' } embeddings { tensor_path: '.' }",
                  &p) == GN_OK);
    REQUIRE(p.n == 4);
    for (size_t i = 0; i < 4; i++) CHECK(!p.tensor[i].tensor && p.tensor[i].problem);
    CHECK_STR(p.tensor[1].problem, "tensor_path 'link.tsv' leads out of the folder");
    gn_projector_free(&p);
    CHECK(configure("embeddings { tensor_path: 't.tsv' metadata_path: '/etc/passwd'"
                    " sprite { image_path: '/etc/hosts' } }",
                    &p) == GN_OK);
    REQUIRE(p.n == 1 && p.tensor[0].note);
    CHECK_STR(p.tensor[0].note, "metadata_path '/etc/passwd' leads out of the folder");
    gn_projector_free(&p);
    snprintf(text, sizeof text, "embeddings { tensor_path: '../%s/t.tsv' }", tail); /* out and in */
    CHECK(configure(text, &p) == GN_OK && p.n == 1 && p.tensor[0].tensor);
    gn_projector_free(&p);
    char sister[300]; /* a folder whose name begins as ours does is another folder */
    snprintf(sister, sizeof sister, "%s2", folder);
    CHECK(mkdir(sister, 0700) == 0);
    snprintf(link, sizeof link, "%s/t.tsv", sister);
    FILE *f = fopen(link, "w");
    REQUIRE(f != NULL);
    fclose(f);
    snprintf(text, sizeof text, "embeddings { tensor_path: '../%s2/t.tsv' }", tail);
    CHECK(configure(text, &p) == GN_OK && p.n == 1 && !p.tensor[0].tensor);
    gn_projector_free(&p);
    unlink(link);
    rmdir(sister);
}

TEST(what_is_no_configuration_is_refused_with_its_line) {
    gn_projector p = {0};
    CHECK(configure("embeddings {\n tensor_name: \"a\n\"}", &p) == GN_EDATA);
    CHECK_STR(err.message, "c.pbtxt: line 2: a string does not end on its line");
    CHECK(configure("embeddings {\n", &p) == GN_EDATA);
    CHECK_STR(err.message, "c.pbtxt: line 2: the file ends inside a message");
    CHECK(configure("embeddings 3", &p) == GN_EDATA && configure("x: [1, 2", &p) == GN_EDATA &&
          configure("a { b { c {d{e{f{g{h{i{j{k{l{m{n{o{p{q{r{", &p) == GN_EDATA);
    CHECK(configure("embeddings { tensor_shape: many }", &p) == GN_EDATA);
    CHECK(configure("embeddings { tensor_path: 'a\\0b' }", &p) == GN_EDATA);
    CHECK(strstr(err.message, "zero byte") != NULL && !p.tensor);
}

int main(void) {
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err) != GN_OK) return 1;
    RUN(numbers_round_as_strtof_of_the_double_does);
    RUN(labels_are_what_stands_before_the_numbers);
    RUN(errors_name_the_line);
    RUN(blocks_and_threads_do_not_show);
    RUN(one_column_has_no_header_and_several_have);
    RUN(another_count_names_the_likely_mistake);
    RUN(surplus_cells_and_columns_of_one_name_are_passed_over);
    RUN(a_configuration_lists_its_tensors);
    RUN(paths_stay_inside_the_folder);
    RUN(what_is_no_configuration_is_refused_with_its_line);
    gn_ctx_free(ctx);
    const char *names[] = {"t.tsv", "m.tsv", "link.tsv"};
    for (int i = 0; i < 3; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
    return tap_done();
}
