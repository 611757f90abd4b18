/* Encoding, alignment and reliability against plain loops. */
#include "tap.h"

#include "gonio/baselines.h"

#include "pair_data.h"

static pair_data data;

static gn_status table_new(gn_features **out, gn_error *err) {
    gn_feature_column column[] = {{"a", data.code[0], NULL, GN_DIFFER},
                                  {"c", data.code[2], NULL, GN_DIFFER},
                                  {"v", NULL, data.value, GN_ABSDIFF}};
    return gn_features_new(PN, column, 3, out, err);
}

/* CKA from the (n, n) products of both sides. */
static double naive_cka(const gn_feature *f) {
    static double h[PN][8], a[PN][PD];
    double top = 0, hh = 0, aa = 0;
    bool number = f->distance != GN_DIFFER;
    size_t levels = number ? 1 : f->n_levels;
    memset(h, 0, sizeof h);
    for (size_t v = 0; v < levels; v++) {
        double mean = 0, n = 0;
        for (size_t i = 0; i < PN; i++) {
            if (f->code[i] < 0) continue;
            h[i][v] = number ? f->level_value[f->code[i]] : f->code[i] == (int32_t)v;
            mean += h[i][v];
            n++;
        }
        for (size_t i = 0; i < PN; i++)
            if (f->code[i] >= 0) h[i][v] -= mean / n;
    }
    for (size_t u = 0; u < PD; u++) {
        double mean = 0;
        for (size_t i = 0; i < PN; i++) mean += data.a[i * PD + u] / PN;
        for (size_t i = 0; i < PN; i++) a[i][u] = data.a[i * PD + u] - mean;
    }
    for (size_t i = 0; i < PN; i++)
        for (size_t j = 0; j < PN; j++) {
            double k = 0, l = 0;
            for (size_t v = 0; v < levels; v++) k += h[i][v] * h[j][v];
            for (size_t u = 0; u < PD; u++) l += a[i][u] * a[j][u];
            top += k * l;
            hh += k * k;
            aa += l * l;
        }
    return top / sqrt(hh * aa);
}

TEST(alignment_equals_the_products_of_both_sides) {
    gn_error err;
    gn_features *f = NULL;
    double cka[3];
    gn_layer_baselines b = {.cka = cka};
    pair_data_make(&data, 1);
    OK(table_new(&f, &err));
    OK(gn_layer_baselines_measure(NULL, gn_mat_f64(data.a, PN, PD), f, 3, &b, &err));
    for (size_t k = 0; k < 3; k++) CHECK_NEAR(cka[k], naive_cka(&f->feature[k]), 1e-10);
    CHECK(cka[0] > 0.1 && cka[0] < 1);
    gn_features_free(f);
}

/* Two units make two halves: the correlation of their squared distances over all pairs. */
TEST(halves_equal_a_loop_over_pairs) {
    gn_error err;
    gn_features *f = NULL;
    static double rows[PN * 2], y[PAIRS], z[PAIRS];
    double cka[3];
    gn_layer_baselines b = {.cka = cka};
    size_t at = 0;
    pair_data_make(&data, 2);
    OK(table_new(&f, &err));
    for (size_t i = 0; i < PN; i++) {
        rows[2 * i] = data.a[i * PD];
        rows[2 * i + 1] = data.a[i * PD + 3];
    }
    for (size_t i = 0; i < PN; i++)
        for (size_t j = i + 1; j < PN; j++, at++) {
            y[at] = pow(rows[2 * i] - rows[2 * j], 2);
            z[at] = pow(rows[2 * i + 1] - rows[2 * j + 1], 2);
        }
    OK(gn_layer_baselines_measure(NULL, gn_mat_f64(rows, PN, 2), f, 4, &b, &err));
    double r = naive_pearson(y, z, PAIRS);
    CHECK(r > 0.05);
    CHECK_NEAR(b.half, r, 1e-10);
    CHECK(b.half_sd < 1e-12);
    CHECK_NEAR(b.ceiling, 2 * r / (1 + r), 1e-10);
    gn_features_free(f);
}

TEST(units_that_features_make_are_predicted_and_noise_is_not) {
    gn_error err;
    gn_features *f = NULL;
    enum { UNITS = 5 };
    static double rows[PN * UNITS];
    double r2[UNITS];
    gn_random r = gn_random_new(9, 0);
    pair_data_make(&data, 3);
    for (size_t i = 0; i < PN; i++) {
        double *x = rows + i * UNITS, v = data.value[i];
        x[0] = 100 + data.code[0][i];                            /* a level each, exactly */
        x[1] = 2 * (isnan(v) ? -3 : v) + (data.code[2][i] == 1); /* number and category */
        x[2] = data.code[0][i] + gn_random_normal(&r) / 2;       /* noisy */
        x[3] = gn_random_normal(&r);
        x[4] = 7;
    }
    OK(table_new(&f, &err));
    OK(gn_encoding_r2(NULL, gn_mat_f64(rows, PN, UNITS), f, 0, r2, &err));
    CHECK_NEAR(r2[0], 1, 1e-9);
    CHECK_NEAR(r2[1], 1, 1e-9);
    /* Variance of the codes -1, 0, 1 against noise of 1/4. */
    double mean = 0, var = 0;
    for (size_t i = 0; i < PN; i++) mean += (double)data.code[0][i] / PN;
    for (size_t i = 0; i < PN; i++) var += pow(data.code[0][i] - mean, 2) / PN;
    CHECK(fabs(r2[2] - var / (var + 0.25)) < 0.08);
    CHECK(r2[3] < 0.02 && r2[3] > -0.15);
    CHECK(isnan(r2[4]));
    gn_features_free(f);
}

TEST(wrong_use_is_said) {
    gn_error err;
    gn_features *f = NULL;
    double r2[PD], cka[3];
    gn_layer_baselines b = {.cka = cka};
    pair_data_make(&data, 4);
    OK(table_new(&f, &err));
    CHECK(gn_encoding_r2(NULL, gn_mat_f64(data.a, PN - 1, PD), f, 0, r2, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "399");
    CHECK(gn_encoding_r2(NULL, gn_mat_f64(data.a, PN, PD), f, 1, r2, &err) == GN_EINVAL);
    CHECK(gn_layer_baselines_measure(NULL, gn_mat_f64(data.a, PN, 1), f, 0, &b, &err) == GN_EINVAL);
    data.a[17 * PD + 2] = (double)NAN;
    CHECK(gn_encoding_r2(NULL, gn_mat_f64(data.a, PN, PD), f, 0, r2, &err) == GN_EDATA);
    CHECK(gn_layer_baselines_measure(NULL, gn_mat_f64(data.a, PN, PD), f, 0, &b, &err) == GN_EDATA);
    gn_features_free(f);
}

int main(void) {
    RUN(alignment_equals_the_products_of_both_sides);
    RUN(halves_equal_a_loop_over_pairs);
    RUN(units_that_features_make_are_predicted_and_noise_is_not);
    RUN(wrong_use_is_said);
    return tap_done();
}
