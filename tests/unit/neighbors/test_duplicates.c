/* Groups of equal rows, of every element type. */
#include "tap.h"

#include "gonio/neighbors.h"

TEST(groups_of_equal_rows) {
    gn_error err;
    float x[] = {1, 2, 3, 4, 1, 2, 0, -0.0f, -0.0f, 0, 3, 4, 1, 2, 5, 6};
    int32_t first[8], want[] = {0, 1, 0, 3, 3, 1, 0, 7};
    size_t n = 99;
    OK(gn_duplicates(NULL, gn_mat_f32(x, 8, 2), first, &n, &err));
    CHECK(memcmp(first, want, sizeof want) == 0);
    CHECK(n == 4);
    OK(gn_duplicates(NULL, (gn_mat){x, 8, 1, 2, GN_F32}, first, &n, &err));
    CHECK(n == 4 && first[7] == 7); /* the stride is honoured: column 0 alone */
    uint16_t h[] = {0x8000, 0, 1, 0x8000};
    OK(gn_duplicates(NULL, (gn_mat){h, 4, 1, 1, GN_BF16}, first, &n, &err));
    CHECK(n == 2 && first[1] == 0 && first[2] == 2 && first[3] == 0);
    OK(gn_duplicates(NULL, (gn_mat){h, 4, 1, 1, GN_U16}, first, &n, &err));
    CHECK(n == 1 && first[3] == 0); /* no minus zero among integers */
    double w[] = {0.5, 0.5 + 1e-16, 0.5 + 1.2e-16, -0.0, 0.0};
    OK(gn_duplicates(NULL, gn_mat_f64(w, 5, 1), first, &n, &err));
    CHECK(first[1] == 1 && first[2] == 1 && first[4] == 3 && n == 2);
}

TEST(many_rows_in_parallel) {
    enum { N = 30000, GROUPS = 700 };
    gn_error err;
    gn_ctx *ctx;
    int64_t *x = malloc(N * 2 * sizeof *x);
    int32_t *first = malloc(N * sizeof *first);
    size_t n = 0;
    for (int64_t i = 0; i < N; i++) {
        x[2 * i] = i * 7919 % GROUPS;
        x[2 * i + 1] = 5;
    }
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err));
    OK(gn_duplicates(ctx, (gn_mat){x, N, 2, 2, GN_I64}, first, &n, &err));
    CHECK(n == N - GROUPS);
    size_t wrong = 0;
    for (int i = 0; i < N; i++) wrong += first[i] != i % GROUPS;
    CHECK(wrong == 0);
    gn_ctx_free(ctx);
    free(x);
    free(first);
}

int main(void) {
    RUN(groups_of_equal_rows);
    RUN(many_rows_in_parallel);
    return tap_done();
}
