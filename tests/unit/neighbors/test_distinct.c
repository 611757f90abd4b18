/* Rows that repeat: both lists of one search, entry for entry those of two searches. */
#include "sets.h"

#include "neighbors/engine.h"

static gn_error err;

static bool same_lists(const gn_knn *a, const gn_knn *b) {
    return a->n == b->n && a->k == b->k &&
           memcmp(a->index, b->index, a->n * a->k * sizeof *a->index) == 0 &&
           memcmp(a->distance, b->distance, a->n * a->k * sizeof *a->distance) == 0;
}

/* A copy of the rows that are equal to no earlier one, found by the double loop. */
static gn_mat distinct_rows(gn_mat x, int32_t *row) {
    size_t size = gn_dtype_size(x.dtype), n = 0;
    char *copy = malloc(x.rows * x.cols * size);
    double *a = malloc(2 * x.cols * sizeof *a), *b = a + x.cols;
    for (size_t i = 0; i < x.rows; i++) {
        bool equal = false;
        for (size_t j = 0; j < n && !equal; j++) {
            const double *p = gn_mat_row_f64(x, i, a), *q = gn_mat_row_f64(x, (size_t)row[j], b);
            equal = true;
            for (size_t c = 0; c < x.cols; c++) equal = equal && !(p[c] < q[c] || p[c] > q[c]);
        }
        if (equal) continue;
        memcpy(copy + n * x.cols * size, (const char *)x.data + i * x.stride * size, x.cols * size);
        row[n++] = (int32_t)i;
    }
    free(a);
    return (gn_mat){copy, n, x.cols, x.cols, x.dtype};
}

static bool right(gn_ctx *ctx, gn_mat x, size_t k, gn_metric metric, const char *name) {
    gn_knn *all = NULL, *distinct = NULL;
    gn_neighbors *got = NULL;
    int32_t *row = malloc(x.rows * sizeof *row);
    gn_mat y = distinct_rows(x, row);
    gn_knn_opts o = {.k = k, .metric = metric};
    bool ok = gn_knn_compute(NULL, x, &o, &all, &err) == GN_OK &&
              gn_knn_compute_distinct(ctx, x, &o, &got, &err) == GN_OK;
    if (ok && y.rows > 1) {
        if (o.k > y.rows - 1) o.k = y.rows - 1;
        ok = gn_knn_compute(NULL, y, &o, &distinct, &err) == GN_OK;
    }
    if (!ok) printf("# %s: %s\n", name, err.message);
    ok = ok && got->n_duplicates == x.rows - y.rows && same_lists(got->all, all);
    ok = ok && (y.rows > 1 ? same_lists(got->distinct, distinct) : !got->distinct);
    if (ok && y.rows < x.rows) ok = memcmp(got->row, row, y.rows * sizeof *row) == 0;
    if (ok && y.rows == x.rows) ok = !got->row && got->distinct == got->all;
    if (!ok) printf("# %s (%zu, %zu), k %zu: wrong\n", name, x.rows, x.cols, k);
    gn_knn_free(all);
    gn_knn_free(distinct);
    gn_neighbors_free(got);
    free((void *)(uintptr_t)y.data);
    free(row);
    return ok;
}

/* Rows drawn from `n_values` rows with sizes that fall from 200 to 1, in random order. */
static float *groups(size_t n, size_t d, size_t n_values, bool lattice, uint64_t seed) {
    gn_random r = gn_random_new(11, seed);
    float *value = malloc(n_values * d * sizeof *value), *x = malloc(n * d * sizeof *x);
    for (size_t c = 0; c < n_values * d; c++)
        value[c] = lattice ? (float)gn_random_below(&r, 4) : (float)gn_random_normal(&r);
    int32_t *order = malloc(n * sizeof *order);
    for (size_t i = 0, v = 0, left = 200; i < n; i++, left--) {
        if (left == 0) v++, left = v < 8 ? (size_t)200 >> v : 1 + v % 3;
        order[i] = (int32_t)(v % n_values);
    }
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)gn_random_below(&r, i);
        int32_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
    for (size_t i = 0; i < n; i++) memcpy(x + i * d, value + (size_t)order[i] * d, d * sizeof *x);
    free(order);
    free(value);
    return x;
}

TEST(groups_of_every_size) {
    static const size_t ks[] = {1, 2, 7, 64, 300, 699};
    for (unsigned threads = 1; threads <= 2; threads++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, &err));
        for (size_t n_values = 1; n_values <= 500;
             n_values = n_values < 3 ? n_values + 1 : n_values * 4)
            for (int lattice = 0; lattice < 2; lattice++) {
                float *x = groups(700, 3, n_values, lattice, n_values);
                for (size_t i = 0; lattice && i < 2100; i++)
                    if (x[i] == 0 && i % 2) x[i] = -0.0f;
                for (size_t i = 0; i < sizeof ks / sizeof *ks; i++)
                    CHECK(right(ctx, gn_mat_f32(x, 700, 3), ks[i], GN_EUCLIDEAN,
                                lattice ? "lattice" : "groups"));
                for (size_t i = 0; lattice && i < 2100; i += 3) x[i] += 1; /* no zero vector */
                CHECK(right(ctx, gn_mat_f32(x, 700, 3), 20, GN_COSINE, "groups, cosine"));
                free(x);
            }
        gn_ctx_free(ctx);
    }
}

TEST(hard_sets) {
    static const size_t n[] = {2, 3, 40, 700};
    for (int kind = 0; kind < SET_KINDS; kind++)
        for (size_t i = 0; i < 4; i++) {
            point_set p = set_make((enum set_kind)kind, n[i], 2);
            gn_mat x = gn_mat_f32(p.x, p.n, p.d);
            CHECK(right(NULL, x, n[i] < 12 ? n[i] - 1 : 12, GN_EUCLIDEAN, p.name));
            CHECK(right(NULL, x, n[i] - 1, GN_EUCLIDEAN, p.name));
            if (kind != SET_ZEROS) CHECK(right(NULL, x, n[i] - 1, GN_COSINE, p.name));
            free(p.x);
        }
}

TEST(every_floating_type) {
    enum { N = 300, D = 2 };
    gn_random r = gn_random_new(5, 0);
    float single[N * D];
    double wide[N * D];
    uint16_t half[N * D], brain[N * D];
    for (size_t i = 0; i < N * D; i++) {
        static const uint16_t h[] = {0, 0x3c00, 0x4000, 0x4200}, b[] = {0, 0x3f80, 0x4000, 0x4040};
        size_t v = (size_t)gn_random_below(&r, 4);
        single[i] = (float)v;
        wide[i] = (double)v;
        half[i] = h[v];
        brain[i] = b[v];
    }
    CHECK(right(NULL, gn_mat_f32(single, N, D), 50, GN_EUCLIDEAN, "float32"));
    CHECK(right(NULL, gn_mat_f64(wide, N, D), 50, GN_EUCLIDEAN, "float64"));
    CHECK(right(NULL, (gn_mat){half, N, D, D, GN_F16}, 50, GN_EUCLIDEAN, "float16"));
    CHECK(right(NULL, (gn_mat){brain, N, D, D, GN_BF16}, 50, GN_EUCLIDEAN, "bfloat16"));
    CHECK(right(NULL, (gn_mat){single, N / 2, 3, 4, GN_F32}, 50, GN_EUCLIDEAN, "stride"));
}

TEST(what_float32_distances_cannot_tell) {
    /* distances that differ in float64 only, and rows that differ at distance zero */
    static const double near[] = {0, 1, 1 + 1e-12, 1 + 2e-12, -1 - 1e-12, 1e-200, 3};
    enum { N = 210 };
    double x[N];
    gn_random r = gn_random_new(6, 0);
    for (size_t i = 0; i < N; i++) x[i] = near[gn_random_below(&r, 7)];
    for (size_t k = 1; k < N; k += test_quick() ? 104 : 13)
        CHECK(right(NULL, gn_mat_f64(x, N, 1), k, GN_EUCLIDEAN, "float64"));
    float y[N][2]; /* parallel rows: no duplicates, but distance zero under cosine */
    for (size_t i = 0; i < N; i++) {
        float f = (float)(1 + gn_random_below(&r, 5));
        y[i][0] = f * 0.3f;
        y[i][1] = gn_random_below(&r, 2) ? f : f * 0.5f;
    }
    for (size_t k = 1; k < N; k += test_quick() ? 104 : 13)
        CHECK(right(NULL, gn_mat_f32(y[0], N, 2), k, GN_COSINE, "parallel"));
}

TEST(every_path_of_the_search) {
    static const gn_engine_tuning ways[] = {
        {.block_rows = 1}, {.list_bytes = 1}, {.room = 40}, {.room = 40, .list_bytes = 1}};
    float *x = groups(2000, 4, 600, false, 3);
    for (size_t i = 0; i < 2000 * 4; i++) x[i] = 100 + x[i] * 1e-5f; /* lists overflow: redone */
    gn_mat m = gn_mat_f32(x, 2000, 4);
    gn_knn_opts o = {.k = 30};
    gn_knn *want;
    gn_distinct d;
    OK(gn_knn_compute(NULL, m, &o, &want, &err));
    OK(gn_distinct_new(NULL, m, &d, &err));
    REQUIRE(d.n < 1000);
    for (unsigned threads = 1; threads <= 2; threads++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, &err));
        for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
            gn_search search = {.x = m, .opts = &o, .tuning = &ways[w], .distinct = &d};
            gn_knn *distinct, *all;
            OK(gn_knn_search_both(ctx, &search, &distinct, &all, &err));
            CHECK(same_lists(all, want));
            CHECK(distinct->n == d.n && distinct->k == 30);
            gn_knn_free(distinct);
            gn_knn_free(all);
        }
        gn_ctx_free(ctx);
    }
    gn_distinct_free(&d);
    gn_knn_free(want);
    free(x);
}

TEST(what_is_refused) {
    float x[] = {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 5, 6};
    gn_mat m = gn_mat_f32(x, 6, 2);
    gn_neighbors *out = NULL;
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 6}, &out, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "k = 6 neighbours of 6 rows: expected 1 to 5");
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 0}, &out, &err) == GN_EINVAL);
    CHECK(gn_knn_compute_distinct(NULL, gn_mat_f32(x, 1, 2), &(gn_knn_opts){.k = 1}, &out, &err) ==
          GN_EINVAL);
    CHECK(gn_knn_compute_distinct(NULL, (gn_mat){x, 6, 2, 2, GN_I32}, &(gn_knn_opts){.k = 1}, &out,
                                  &err) == GN_EINVAL);
    x[11] = NAN; /* rows are named by their numbers in x */
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 2}, &out, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 5, column 1 is NaN");
    x[10] = x[11] = 0;
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 2, .metric = GN_COSINE}, &out,
                                  &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 5 is a zero vector");
    x[10] = 3e38f;
    x[6] = x[8] = -3e38f;
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 5}, &out, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "rows 3 and 5 are");
    memset(x, 0, sizeof x);
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 2, .metric = GN_COSINE}, &out,
                                  &err) == GN_EDATA);
    for (size_t i = 0; i < 12; i++) x[i] = INFINITY; /* all equal */
    CHECK(gn_knn_compute_distinct(NULL, m, &(gn_knn_opts){.k = 2}, &out, &err) == GN_EDATA);
    CHECK(out == NULL);
}

int main(void) {
    RUN(groups_of_every_size);
    RUN(hard_sets);
    RUN(every_floating_type);
    RUN(what_float32_distances_cannot_tell);
    RUN(every_path_of_the_search);
    RUN(what_is_refused);
    return tap_done();
}
