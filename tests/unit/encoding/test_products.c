/* Sums over pairs through levels, against double loops: every combination of distances, missing
 * values, ties and weights. */
#include "stimuli.h"

#include "base/random.h"
#include "encoding/levels.h"

enum { N = 150, F = 8 };

/* Two categories, two features of |difference|, two of its square, two of ranks; missing values and
 * ties. */
static gn_features *mixed(gn_error *err) {
    gn_features *f = NULL;
    gn_random r = gn_random_new(5, 0);
    static int32_t code[2][N];
    static double value[4][N];
    for (size_t i = 0; i < N; i++) {
        code[0][i] = (int32_t)gn_random_below(&r, 40) - 1;
        code[1][i] = (int32_t)gn_random_below(&r, 3);
        value[0][i] = gn_random_normal(&r);
        value[1][i] = (double)gn_random_below(&r, 9) - value[0][i] * (double)(i % 2);
        value[2][i] = (double)gn_random_below(&r, 25);
        value[3][i] = gn_random_uniform(&r) + value[2][i];
        if (i % 11 == 3) value[1][i] = (double)NAN;
        if (i % 17 == 5) value[3][i] = (double)NAN;
    }
    const gn_feature_column c[F] = {
        {"c0", code[0], NULL, GN_BY_KIND},  {"c1", code[1], NULL, GN_BY_KIND},
        {"a0", NULL, value[0], GN_ABSDIFF}, {"a1", NULL, value[1], GN_ABSDIFF},
        {"s0", NULL, value[2], GN_SQUARED}, {"s1", NULL, value[3], GN_SQUARED},
        {"r0", NULL, value[2], GN_RANKED},  {"r1", NULL, value[1], GN_RANKED}};
    return gn_features_new(N, c, F, &f, err) == GN_OK ? f : NULL;
}

TEST(row_sums_equal_double_loops) {
    gn_error err;
    gn_features *f = mixed(&err);
    REQUIRE(f);
    gn_random r = gn_random_new(6, 0);
    double weight[N], z[N], out[N],
        *scratch = malloc((2 * N + GN_LEVELS_SCRATCH) * sizeof *scratch);
    for (size_t i = 0; i < N; i++) {
        weight[i] = (double)gn_random_below(&r, 3);
        z[i] = gn_random_normal(&r);
    }
    for (size_t k = 0; k < F; k++)
        for (int with = 0; with < 2; with++) {
            gn_row_sums(&f->feature[k], N, with ? weight : NULL, with ? z : NULL, out, scratch);
            for (size_t i = 0; i < N; i++) {
                double want = 0;
                for (size_t j = 0; j < N; j++)
                    want += (with ? weight[j] * z[j] : 1) * naive_distance(&f->feature[k], i, j);
                CHECK_NEAR(out[i], want, 1e-12);
            }
        }
    free(scratch);
    gn_features_free(f);
}

TEST(sums_of_products_equal_double_loops) {
    gn_error err;
    gn_features *f = mixed(&err);
    REQUIRE(f);
    gn_random r = gn_random_new(7, 0);
    double weight[N], out[N], mirrored[N];
    for (size_t i = 0; i < N; i++) weight[i] = (double)gn_random_below(&r, 3);
    for (size_t k = 0; k < F; k++)
        for (size_t l = 0; l < F; l++)
            for (int with = 0; with < 2; with++) {
                OK(gn_product_row_sums(&f->feature[k], &f->feature[l], N, with ? weight : NULL, out,
                                       &err));
                OK(gn_product_row_sums(&f->feature[l], &f->feature[k], N, with ? weight : NULL,
                                       mirrored, &err));
                for (size_t i = 0; i < N; i++) {
                    double want = 0;
                    for (size_t j = 0; j < N; j++)
                        want += (with ? weight[j] : 1) * naive_distance(&f->feature[k], i, j) *
                                naive_distance(&f->feature[l], i, j);
                    CHECK_NEAR(out[i], want, 1e-12);
                    CHECK_NEAR(mirrored[i], want, 1e-12);
                }
            }
    gn_features_free(f);
}

int main(void) {
    RUN(row_sums_equal_double_loops);
    RUN(sums_of_products_equal_double_loops);
    return tap_done();
}
