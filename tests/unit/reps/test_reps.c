/* A set that was written is read back the same; a folder that lies is refused with a sentence. */
#include "set.h"

#include "reps/folder.h"

TEST(what_was_written_is_read) {
    gn_error err;
    const char *dir = fresh("reps_read");
    gn_reps_plan plan = set_plan(1, GN_F32);
    OK(set_write(dir, &plan, false, 7, ROWS, &err));
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    CHECK_STR(gn_reps_name(r), "reps_read");
    CHECK_STR(gn_reps_dir(r), dir);
    CHECK(gn_reps_layers(r) == LAYERS && gn_reps_rows(r) == ROWS);
    int bad = 0;
    for (size_t l = 0; l < LAYERS; l++) {
        CHECK(gn_reps_layer_index(r, l) == set_layers[l]);
        CHECK(gn_reps_depth(r, l) == (double)set_layers[l] / 4);
        gn_mat m = gn_reps_layer(r, l);
        REQUIRE(m.rows == ROWS && m.cols == DIMS && m.dtype == GN_F32);
        for (size_t i = 0; i < ROWS; i++)
            for (size_t j = 0; j < DIMS; j++)
                bad += ((const float *)m.data)[i * m.stride + j] != set_value(set_layers[l], i, j);
    }
    CHECK(bad == 0);
    CHECK(memcmp(gn_reps_token_id(r), set_token, sizeof set_token) == 0);
    CHECK(memcmp(gn_reps_sequence(r), set_sequence, sizeof set_sequence) == 0);
    CHECK(memcmp(gn_reps_position(r), set_position, sizeof set_position) == 0);
    REQUIRE(gn_reps_label_count(r) == 2);
    CHECK_STR(gn_reps_label_name(r, 0), "genre");
    CHECK_STR(gn_reps_label_name(r, 1), "position");
    const gn_labels *labels = gn_reps_labels(r, 0);
    CHECK(labels->n == ROWS && labels->n_classes == 2);
    CHECK(memcmp(labels->code, set_genre, sizeof set_genre) == 0);
    CHECK_STR(labels->name[1], "fi ction"); /* one name a line */
    CHECK(gn_reps_vocab_size(r) == 4);
    CHECK_STR(gn_reps_token(r, 3), "##c");
    CHECK(gn_reps_token(r, 1) == NULL && gn_reps_token(r, 4) == NULL &&
          gn_reps_token(r, -1) == NULL);
    CHECK_CONTAINS(gn_reps_meta(r), "\"pool\": \"none\"");
    CHECK_CONTAINS(gn_reps_meta(r), "\"state\": \"complete\"");
    CHECK(file_there(dir, "rows/position_2.npy")); /* the label; position.npy is the row table's */
    gn_reps_free(r);
    json_decref(plan.about);
}

TEST(layers_are_selected_by_their_numbers) {
    static const struct {
        const char *list;
        size_t n, first, last;
    } cases[] = {
        {NULL, 3, 0, 4}, {"all", 3, 0, 4}, {"0,4", 2, 0, 4}, {"-1", 1, 4, 4}, {"2", 1, 2, 2}};
    gn_error err;
    const char *dir = fresh("reps_select");
    gn_reps_plan plan = set_plan(1, GN_F32);
    OK(set_write(dir, &plan, false, ROWS, ROWS, &err));
    gn_reps *r;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        OK(gn_reps_open(dir, &r, &err));
        OK(gn_reps_select_layers(r, cases[c].list, &err));
        REQUIRE(gn_reps_layers(r) == cases[c].n);
        size_t last = cases[c].n - 1;
        CHECK(gn_reps_layer_index(r, 0) == cases[c].first);
        CHECK(gn_reps_layer_index(r, last) == cases[c].last);
        CHECK(gn_reps_depth(r, last) == (double)cases[c].last / 4);
        float buf[DIMS];
        CHECK(gn_mat_row_f32(gn_reps_layer(r, last), 3, buf)[1] == set_value(cases[c].last, 3, 1));
        gn_reps_free(r);
    }
    OK(gn_reps_open(dir, &r, &err));
    CHECK(gn_reps_select_layers(r, "0-2", &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message,
                   "reps_select: layers \"0-2\" name layer 1, which is not stored (0, 2, 4)");
    CHECK(gn_reps_select_layers(r, "5", &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "from 0 to 4");
    CHECK(gn_reps_layers(r) == LAYERS);
    gn_reps_free(r);
    json_decref(plan.about);
}

TEST(bfloat16_is_named_in_gonio_json) {
    gn_error err;
    const char *dir = fresh("reps_bf16");
    gn_reps_plan plan = set_plan(1, GN_BF16);
    OK(set_write(dir, &plan, false, ROWS, ROWS, &err));
    gn_reps *r;
    OK(gn_reps_open(dir, &r, &err));
    gn_mat m = gn_reps_layer(r, 1);
    float buf[DIMS];
    CHECK(m.dtype == GN_BF16);
    CHECK_NEAR((double)gn_mat_row_f32(m, 3, buf)[2], (double)set_value(2, 3, 2), 0x1p-7);
    gn_reps_free(r);
    json_decref(plan.about);
}

TEST(a_plain_matrix_is_a_set) {
    gn_error err;
    const char *path = tmp_path("plain_matrix.npy");
    float x[6] = {1, 2, 3, 4, 5, 6};
    OK(gn_npy_write(path, GN_F32, (size_t[]){3, 2}, 2, x, &err));
    gn_reps *r;
    OK(gn_reps_open(path, &r, &err));
    CHECK_STR(gn_reps_name(r), "plain_matrix.npy");
    CHECK(gn_reps_dir(r) == NULL && gn_reps_token_id(r) == NULL && gn_reps_sequence(r) == NULL);
    CHECK(gn_reps_layers(r) == 1 && gn_reps_rows(r) == 3 && gn_reps_layer_index(r, 0) == 0);
    CHECK(gn_reps_depth(r, 0) == 0 && gn_reps_label_count(r) == 0 && gn_reps_vocab_size(r) == 0);
    CHECK_STR(gn_reps_meta(r), "{}");
    CHECK(gn_reps_layer(r, 0).cols == 2);
    gn_reps_free(r);
}

TEST(folders_that_lie) {
    static const struct {
        const char *change, *code, *say;
    } cases[] = {
        {"sed -i 's/\"rows\": 23/\"rows\": 24/; s/\"rows_written\": 23/\"rows_written\": 24/' "
         "gonio.json",
         "GN_EDATA",
         "layer.00.npy: float32 of shape (23, 5), but gonio.json says float32 of shape (24, 5)"},
        {"sed -i 's/\"dims\": 5/\"dims\": 6/' gonio.json", "GN_EDATA",
         "says float32 of shape (23, 6)"},
        {"sed -i 's/\"dtype\": \"float32\"/\"dtype\": \"bfloat16\"/' gonio.json", "GN_EDATA",
         "says uint16"},
        {"sed -i 's/\"dtype\": \"float32\"/\"dtype\": \"int8\"/' gonio.json", "GN_EDATA",
         "dtype is 'int8'"},
        {"sed -i 's/\"format\": 1/\"format\": 2/' gonio.json", "GN_ENOSUPP", "format 2"},
        {"sed -i 's/\"depth\": 0.5/\"depth\": 1.5/' gonio.json", "GN_EDATA",
         "depth 1.5 of layer 2, expected 0 to 1"},
        {"sed -i 's/\"rows\": 23/\"rows\": 0/; s/\"rows_written\": 23/\"rows_written\": 0/' "
         "gonio.json",
         "GN_EDATA", "0 rows, expected some"},
        {"sed -i 's/layer.02.npy/..\\/layer.02.npy/' gonio.json", "GN_EDATA",
         "points out of the set"},
        {"sed -i 's/\"state\": \"complete\"/\"state\": \"writing\"/' gonio.json", "GN_EDATA",
         "not finished"},
        {"sed -i 's/{/[/' gonio.json", "GN_EDATA", "gonio.json"},
        {"rm gonio.json", "GN_EIO", "gonio.json"},
        {"truncate -s -1 layer.04.npy", "GN_EDATA", "layer.04.npy"},
        {"rm layer.02.npy", "GN_EIO", "layer.02.npy"},
        {"rm rows/genre.txt", "GN_EIO", "genre.txt"},
        {"echo news > rows/genre.txt", "GN_EDATA", "row 2 has label code 1, but there are 1 names"},
        {"cp layer.00.npy rows/token_id.npy", "GN_EDATA", "expected int32 of shape (23,)"},
    };
    gn_error err;
    gn_reps_plan plan = set_plan(1, GN_F32);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *dir = fresh("reps_lies");
        OK(set_write(dir, &plan, false, ROWS, ROWS, &err));
        char command[4096];
        snprintf(command, sizeof command, "cd '%s' && %s", dir, cases[i].change);
        REQUIRE(system(command) == 0);
        gn_reps *r = NULL;
        gn_status st = gn_reps_open(dir, &r, &err);
        CHECK_STR(gn_status_name(st), cases[i].code);
        CHECK(r == NULL);
        CHECK_CONTAINS(err.message, cases[i].say);
        CHECK_CONTAINS(err.message, "reps_lies");
    }
    json_decref(plan.about);
}

TEST(column_files) {
    char out[128];
    const char *taken[] = {"pos", "a_b"};
    gn_column_file("genre", taken, 2, out);
    CHECK_STR(out, "genre");
    gn_column_file("POS", taken, 2, out);
    CHECK_STR(out, "POS_2");
    gn_column_file("a/b", taken, 2, out);
    CHECK_STR(out, "a_b_2");
    gn_column_file("token_id", taken, 2, out);
    CHECK_STR(out, "token_id_2");
    gn_column_file("", NULL, 0, out);
    CHECK_STR(out, "_");
    gn_column_file("../x", NULL, 0, out);
    CHECK_STR(out, "_._x");
    gn_column_file("W\xc3\xb6rter", NULL, 0, out);
    CHECK_STR(out, "W\xc3\xb6rter");
    char longer[200];
    memset(longer, 'x', 99);
    memcpy(longer + 99, "\xc3\xb6\xc3\xb6", 5);
    gn_column_file(longer, NULL, 0, out);
    CHECK(strlen(out) == 99);
}

int main(void) {
    RUN(what_was_written_is_read);
    RUN(layers_are_selected_by_their_numbers);
    RUN(bfloat16_is_named_in_gonio_json);
    RUN(a_plain_matrix_is_a_set);
    RUN(folders_that_lie);
    RUN(column_files);
    return tap_done();
}
