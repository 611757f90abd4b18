/* Errors of the baselines: what the jackknife says of one data set is how estimates scatter over
 * data sets drawn anew. */
#include "tap.h"

#include "base/random.h"
#include "report/mlem_errors.h"

#include <math.h>
#include <stdlib.h>

enum { N = 120, D = 8, SETS = 60 };

static gn_features *draw(gn_random *r, size_t n, float *x) {
    static int32_t code[N];
    gn_features *f = NULL;
    gn_error err;
    for (size_t i = 0; i < n; i++) {
        code[i] = (int32_t)gn_random_below(r, 2);
        for (size_t u = 0; u < D; u++)
            x[i * D + u] = (float)(gn_random_normal(r) + (u < 3 ? 1.5 * code[i] : 0) +
                                   (u % 2 ? 0.5 * (double)x[i * D + u - 1] : 0));
    }
    const gn_feature_column column = {"kind", code, NULL, GN_BY_KIND};
    CHECK(gn_features_new(n, &column, 1, &f, &err) == GN_OK);
    return f;
}

/* sd of the estimates over sets beside the mean of the errors that each set gives. */
TEST(errors_are_the_scatter_over_data_sets) {
    enum { CKA, HALF, CEILING, MEAN, MAX, KINDS };
    double sum[KINDS] = {0}, squares[KINDS] = {0}, error[KINDS] = {0};
    static float x[N * D];
    gn_random r = gn_random_new(11, 0);
    for (size_t t = 0; t < SETS; t++) {
        double cka, cka_se;
        gn_error err;
        gn_features *f = draw(&r, N, x);
        gn_baseline_values v = {.layer.cka = &cka}, se = {.layer.cka = &cka_se};
        OK(gn_baselines_with_errors(NULL, gn_mat_f32(x, N, D), f, &v, &se, &err));
        const double value[KINDS] = {cka, v.layer.half, v.layer.ceiling, v.encoding[GN_R2_MEAN],
                                     v.encoding[GN_R2_MAX]};
        const double its[KINDS] = {cka_se, se.layer.half, se.layer.ceiling, se.encoding[GN_R2_MEAN],
                                   se.encoding[GN_R2_MAX]};
        for (size_t k = 0; k < KINDS; k++) {
            sum[k] += value[k];
            squares[k] += value[k] * value[k];
            error[k] += its[k] / SETS;
        }
        gn_features_free(f);
    }
    for (size_t k = 0; k < KINDS; k++) {
        double mean = sum[k] / SETS, sd = sqrt((squares[k] - SETS * mean * mean) / (SETS - 1));
        printf("# %zu: scatter %.4f, jackknife %.4f\n", k, sd, error[k]);
        /* 60 sets know their scatter to 9 %; ten groups overstate where folds inside differ. */
        CHECK(error[k] > 0.7 * sd && error[k] < 1.6 * sd);
    }
}

TEST(few_rows_have_values_and_no_errors) {
    static float x[16 * D];
    double cka = 0, cka_se = 0;
    gn_error err;
    gn_random r = gn_random_new(3, 0);
    gn_features *f = draw(&r, 16, x);
    gn_baseline_values v = {.layer.cka = &cka}, se = {.layer.cka = &cka_se};
    OK(gn_baselines_with_errors(NULL, gn_mat_f32(x, 16, D), f, &v, &se, &err));
    CHECK(cka > 0 && isfinite(v.encoding[GN_R2_MEDIAN]));
    CHECK(isnan(cka_se) && isnan(se.layer.half) && isnan(se.encoding[GN_R2_MEDIAN]));
    gn_features_free(f);
}

int main(void) {
    RUN(errors_are_the_scatter_over_data_sets);
    RUN(few_rows_have_values_and_no_errors);
    return tap_done();
}
