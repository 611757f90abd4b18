/* The second implementation: its soft ranks rank nothing, and its search ends just below the closed
 * form. */
#include "tap.h"

#include "gonio/mlem_v2.h"

#include "pair_data.h"

enum { MOST = 20000 };

/* Soft rank as the projection of v / eps onto the permutahedron of 1 ... n: with s = v / eps sorted
 * descending and targets n ... 1, subtract the isotonic (descending) regression of s - target. */
static double *key;
static int descending(const void *x, const void *y) {
    double a = key[*(const int *)x], b = key[*(const int *)y];
    return (a < b) - (a > b);
}
static void soft_rank(double *v, size_t n, double eps, double *out) {
    static double level[MOST], sum[MOST], width[MOST];
    static int order[MOST];
    size_t blocks = 0;
    for (size_t i = 0; i < n; i++) order[i] = (int)i;
    key = v;
    qsort(order, n, sizeof *order, descending);
    for (size_t r = 0; r < n; r++) {
        sum[blocks] = v[order[r]] / eps - (double)(n - r);
        width[blocks] = 1;
        level[blocks] = sum[blocks];
        blocks++;
        while (blocks > 1 && level[blocks - 2] < level[blocks - 1]) {
            blocks--;
            sum[blocks - 1] += sum[blocks];
            width[blocks - 1] += width[blocks];
            level[blocks - 1] = sum[blocks - 1] / width[blocks - 1];
        }
    }
    for (size_t b = 0, r = 0; b < blocks; b++)
        for (double w = 0; w < width[b]; w++, r++) out[order[r]] = v[order[r]] / eps - level[b];
}

TEST(soft_ranks_of_values_that_span_little_are_the_values) {
    static double v[MOST], rank[MOST];
    gn_random r = gn_random_new(1, 0);
    size_t sizes[] = {32, 1000, MOST};
    for (size_t s = 0; s < 3; s++) {
        size_t n = sizes[s];
        double mean = 0, worst = 0;
        for (size_t i = 0; i < n; i++) {
            v[i] = gn_random_uniform(&r);
            mean += v[i] / (double)n;
        }
        soft_rank(v, n, 1, rank);
        for (size_t i = 0; i < n; i++)
            worst = fmax(worst, fabs(rank[i] - v[i] - ((double)(n + 1) / 2 - mean)));
        CHECK(worst < 1e-9);
    }
    soft_rank(v, 1000, 1e-6, rank); /* a thousandth of a millionth: now they are ranks */
    size_t whole = 0;
    for (size_t i = 0; i < 1000; i++) whole += fabs(rank[i] - round(rank[i])) < 1e-6;
    CHECK(whole > 980); /* but for neighbours nearer than that */
}

static pair_data data;

static gn_status table_new(gn_features **out, gn_error *err) {
    gn_feature_column column[] = {{"a", data.code[0], NULL, GN_DIFFER},
                                  {"b", data.code[1], NULL, GN_DIFFER},
                                  {"c", data.code[2], NULL, GN_DIFFER},
                                  {"v", NULL, data.value, GN_ABSDIFF}};
    return gn_features_new(PN, column, 4, out, err);
}

TEST(the_closed_form_is_above_every_search_and_near_it) {
    gn_error err;
    gn_features *f = NULL;
    gn_v2_fit closed, found;
    double w[4], v[4];
    pair_data_make(&data, 1);
    for (size_t i = 0; i < PN; i++) /* the number is encoded, too */
        data.a[i * PD + 22] += isnan(data.value[i]) ? 0 : 4 * data.value[i];
    OK(table_new(&f, &err));
    gn_mat a = gn_mat_f64(data.a, PN, PD);
    OK(gn_v2_closed(NULL, a, f, w, &closed, &err));
    double length = 0;
    for (size_t k = 0; k < 4; k++) length += w[k] * w[k];
    CHECK_NEAR(length, 1, 1e-12);
    CHECK(closed.pearson > 0.1 && w[0] > 0.3 && w[3] > 0.1);
    for (uint64_t seed = 0; seed < (test_quick() ? 1 : 3); seed++) {
        gn_ctx *ctx = NULL;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .seed = seed}, &ctx, &err));
        OK(gn_v2_search(ctx, a, f, NULL, v, &found, &err));
        gn_ctx_free(ctx);
        double gap = closed.pearson - found.pearson;
        CHECK(gap >= 0 && gap <= 5e-4);
        CHECK(found.steps > 50 && found.steps < 1000);
        CHECK(found.batch > 5000 && found.batch < 40000); /* sd 0.01 of a correlation, worst of 6 */
        for (size_t k = 0; k < 4; k++) CHECK(fabs(v[k] - w[k]) <= 0.05);
    }
    gn_features_free(f);
}

/* The correlation that is reported, by a loop over all ordered pairs. */
TEST(the_correlation_is_over_ordered_pairs_with_themselves) {
    gn_error err;
    gn_features *f = NULL;
    gn_v2_fit closed;
    static double p[PN * PN], t[PN * PN];
    double w[4];
    pair_data_make(&data, 2);
    OK(table_new(&f, &err));
    OK(gn_v2_closed(NULL, gn_mat_f64(data.a, PN, PD), f, w, &closed, &err));
    for (size_t i = 0; i < PN; i++)
        for (size_t j = 0; j < PN; j++) {
            p[i * PN + j] = 0;
            for (size_t k = 0; k < 4; k++)
                p[i * PN + j] += w[k] * pow(gn_feature_pair(&f->feature[k], i, j), 2);
            t[i * PN + j] =
                naive_distance(GN_PAIR_SQEUCLIDEAN, data.a + i * PD, data.a + j * PD, PD);
        }
    CHECK_NEAR(closed.pearson, naive_pearson(p, t, PN * PN), 1e-6);
    CHECK(gn_v2_closed(NULL, gn_mat_f64(data.a, PN - 1, PD), f, w, &closed, &err) == GN_EINVAL);
    gn_features_free(f);
}

int main(void) {
    RUN(soft_ranks_of_values_that_span_little_are_the_values);
    RUN(the_closed_form_is_above_every_search_and_near_it);
    RUN(the_correlation_is_over_ordered_pairs_with_themselves);
    return tap_done();
}
