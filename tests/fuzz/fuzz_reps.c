/* A representation set of three rows in which one file is the input's. The first byte says which
 * one, the rest is what the file holds; whatever opens has the shape that it says. */
#include "gonio/reps.h"

#include "files.h"
#include "fuzz.h"

enum { ROWS = 3, DIMS = 2, N_PARTS = 5, DIR_MOST = 1024, MOST = DIR_MOST + 32 };

static const char *const part[N_PARTS] = {"gonio.json", "layer.00.npy", "rows/genre.npy",
                                          "rows/genre.txt", "vocab.txt"};
static const char about[] =
    "{\"format\": 1, \"state\": \"complete\", \"rows\": 3, \"rows_written\": 3, \"dims\": 2,"
    "\"dtype\": \"float32\", \"layers\": [{\"index\": 0, \"depth\": 0, \"file\": "
    "\"layer.00.npy\"}],"
    "\"labels\": [{\"name\": \"genre\", \"file\": \"rows/genre\"}]}";

static void put(const char *dir, const char *name, const void *bytes, size_t n) {
    char path[MOST];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    fuzz_require(put_file(path, bytes, n));
}

static void put_codes(const char *dir, const char *name) {
    static const int32_t code[ROWS] = {1, 0, -1};
    char path[MOST];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    fuzz_require(gn_npy_write(path, GN_I32, (size_t[]){ROWS}, 1, code, NULL) == GN_OK);
}

/* Part k as it should be. */
static void restore(const char *dir, int k) {
    static const float x[ROWS * DIMS] = {1, 2, 3, 4, 5, 6};
    char path[MOST];
    snprintf(path, sizeof path, "%s/%s", dir, part[k]);
    if (k == 0) put(dir, part[k], about, sizeof about - 1);
    if (k == 1) fuzz_require(gn_npy_write(path, GN_F32, (size_t[]){ROWS, DIMS}, 2, x, NULL) == 0);
    if (k == 2) put_codes(dir, part[k]);
    if (k == 3) put(dir, part[k], "news\nfiction\n", 13);
    if (k == 4) put(dir, part[k], "a\n##b\n", 6);
}

/* The set, made at the first call; one process at a time uses it. */
static const char *folder(void) {
    static char dir[DIR_MOST];
    if (*dir) return dir;
    char rows[MOST];
    snprintf(dir, sizeof dir, "%s", tmp_path("fuzz-reps"));
    snprintf(rows, sizeof rows, "%s/rows", dir);
    mkdir(dir, 0777);
    mkdir(rows, 0777);
    for (int k = 0; k < N_PARTS; k++) restore(dir, k);
    put_codes(dir, "rows/token_id.npy");
    put_codes(dir, "rows/sequence.npy");
    put_codes(dir, "rows/position.npy");
    return dir;
}

static void check(const gn_reps *r) {
    size_t n = gn_reps_rows(r);
    fuzz_require(gn_reps_layers(r) > 0 && n > 0);
    for (size_t i = 0; i < gn_reps_layers(r); i++) {
        gn_mat x = gn_reps_layer(r, i);
        double depth = gn_reps_depth(r, i);
        fuzz_require(x.rows == n && x.cols > 0 && x.stride == x.cols);
        fuzz_require(depth >= 0 && depth <= 1);
        fuzz_touch(x.data, n * x.cols * gn_dtype_size(x.dtype));
    }
    fuzz_touch(gn_reps_token_id(r), n * sizeof(int32_t));
    fuzz_touch(gn_reps_sequence(r), n * sizeof(int32_t));
    fuzz_touch(gn_reps_position(r), n * sizeof(int32_t));
    for (size_t c = 0; c < gn_reps_label_count(r); c++) {
        const gn_labels *labels = gn_reps_labels(r, c);
        fuzz_touch(gn_reps_label_name(r, c), strlen(gn_reps_label_name(r, c)));
        fuzz_require(labels->n == n);
        for (size_t i = 0; i < n; i++)
            fuzz_require(labels->code[i] >= -1 && labels->code[i] < (int32_t)labels->n_classes);
        for (size_t k = 0; k < labels->n_classes; k++)
            fuzz_touch(labels->name[k], strlen(labels->name[k]));
    }
    for (size_t i = 0; i < gn_reps_vocab_size(r); i++) {
        const char *token = gn_reps_token(r, (int32_t)i);
        if (token) fuzz_touch(token, strlen(token));
    }
    fuzz_require(gn_reps_token(r, (int32_t)gn_reps_vocab_size(r)) == NULL);
    fuzz_touch(gn_reps_meta(r), strlen(gn_reps_meta(r)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err = {0};
    gn_reps *r = NULL;
    if (size == 0) return 0;
    int k = data[0] % N_PARTS;
    put(folder(), part[k], data + 1, size - 1);
    if (gn_reps_open(folder(), &r, &err) == GN_OK)
        check(r);
    else
        fuzz_require(r == NULL && strstr(err.message, "fuzz-reps"));
    gn_reps_free(r);
    restore(folder(), k);
    return 0;
}
