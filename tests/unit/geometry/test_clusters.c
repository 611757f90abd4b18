/* How many clusters (acceptance checks 4 and 8), and what explains them: against closed forms and
 * permutations. */
#include "tap.h"

#include "base/random.h"
#include "gonio/cluster.h"

static gn_ctx *ctx, *other;
static gn_error err;

/* n rows in K Gaussians of unit-free spread s; centres pairwise `apart` (a simplex). */
static float *simplex(size_t n, size_t d, size_t K, double s, double apart, uint64_t seed) {
    float *x = malloc(n * d * sizeof *x);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++)
            x[i * d + j] = (float)(s * gn_random_normal(&r) + (j == i % K ? apart / sqrt(2) : 0));
    return x;
}

/* Check 4: four Gaussians, 500 each, d = 64, sigma = 0.5. */
TEST(four_gaussians) {
    enum { K = 4, N = 2000, D = 64 };
    const double apart[] = {8, 20}, expected[] = {0.423, 0.728}, s = 0.5;
    for (size_t t = 0; t < (test_quick() ? 1 : 2); t++) {
        float *x = simplex(N, D, K, s, apart[t], t);
        gn_clusters *c, *again;
        OK(gn_clusters_choose(ctx, gn_mat_f32(x, N, D), NULL, &c, &err));
        CHECK(c->k_star == K && c->k_best == K && c->verdict == GN_CLUSTERS_FOUND);
        CHECK_NEAR(1 - sqrt(2 * D * s * s / (2 * D * s * s + apart[t] * apart[t])), expected[t],
                   1e-3);
        CHECK(fabs(c->best - expected[t]) <= 0.025);
        CHECK(c->null_limit < c->best && c->n_draws == 5 && c->null_best_sd > 0);
        const gn_kmeans_fit *f = &c->kmeans->fit[K - 2];
        size_t wrong = 0;
        for (size_t i = 0; i < N; i++) wrong += f->label[i] != f->label[i % K];
        CHECK(wrong == 0 && f->size[3] == 500);
        again = NULL;
        if (t == 0) { /* once is enough */
            /* another number of threads: identical labels, silhouettes, null */
            OK(gn_clusters_choose(other, gn_mat_f32(x, N, D), NULL, &again, &err));
            for (size_t k = 0; k < c->kmeans->n_fits; k++) {
                CHECK(memcmp(c->kmeans->fit[k].label, again->kmeans->fit[k].label,
                             N * sizeof(int32_t)) == 0);
                CHECK(c->silhouette[k].mean == again->silhouette[k].mean);
                CHECK(c->null_mean[k] == again->null_mean[k] && c->null_sd[k] == again->null_sd[k]);
            }
        }
        gn_clusters_free(c);
        gn_clusters_free(again);
        free(x);
    }
}

/* One sample for all k, or another for each; without a sample both are the same. */
TEST(fresh_samples) {
    enum { N = 600, D = 6 };
    float *x = simplex(N, D, 3, 1, 3, 5);
    gn_clusters_opts o = {.kmeans = {.k_min = 2, .k_max = 4}, .sample = 200, .no_null = true};
    gn_clusters *c[4];
    for (size_t t = 0; t < 4; t++) {
        o.fresh_samples = t % 2;
        if (t == 2) o.sample = N;
        OK(gn_clusters_choose(ctx, gn_mat_f32(x, N, D), &o, &c[t], &err));
    }
    for (size_t f = 0; f < 3; f++) {
        CHECK(c[0]->silhouette[f].mean != c[1]->silhouette[f].mean);
        CHECK(fabs(c[0]->silhouette[f].mean - c[1]->silhouette[f].mean) <
              6 * c[0]->silhouette[f].se);
        CHECK(c[2]->silhouette[f].mean == c[3]->silhouette[f].mean);
    }
    CHECK(c[0]->silhouette[0].n == 200 && c[1]->silhouette[2].n == 200);
    for (size_t t = 0; t < 4; t++) gn_clusters_free(c[t]);
    free(x);
}

/* Check 4: one Gaussian is one cluster, in 64 dimensions for its small silhouette, in 5 because a
 * Gaussian has such silhouettes; the scripts' rule finds clusters there. */
TEST(one_gaussian) {
    enum { N = 2000 };
    const size_t dims[] = {64, 5};
    for (size_t t = test_quick(); t < 2; t++) {
        float *x = simplex(N, dims[t], 1, 1, 0, 10 + t);
        gn_mat m = gn_mat_f32(x, N, dims[t]);
        gn_clusters *c;
        OK(gn_clusters_choose(ctx, m, NULL, &c, &err));
        CHECK(c->k_star == 1);
        CHECK(c->verdict == (t ? GN_CLUSTERS_WITHIN_NULL : GN_CLUSTERS_BELOW_THRESHOLD));
        printf("# d = %zu: best %.4f at k = %zu, null %.4f +- %.4f\n", dims[t], c->best, c->k_best,
               c->null_best_mean, c->null_best_sd);
        if (t) {
            CHECK(c->best > 0.125 && c->best < 0.15);
            CHECK(fabs(c->best - c->null_best_mean) < 0.01);
        } else {
            CHECK(c->best < 0.03);
        }
        gn_clusters_free(c);
        OK(gn_clusters_choose(ctx, m, &(gn_clusters_opts){.no_null = true}, &c, &err));
        CHECK(t ? c->k_star > 1 && c->k_star == c->k_best : c->k_star == 1);
        CHECK(isnan(c->null_limit) && isnan(c->null_mean[0]) && c->n_draws == 0);
        gn_clusters_free(c);
        free(x);
    }
}

/* A null of the covariance is no null of the mean or of the axes: an elongated, shifted, rotated
 * Gaussian is one cluster, too, though k-means cuts it into well separated pieces. */
TEST(the_null_has_the_datas_covariance) {
    enum { N = 1500, D = 6 };
    float *x = simplex(N, D, 1, 1, 0, 20);
    for (size_t i = 0; i < N; i++) {
        float *v = x + i * D, a = 30 * v[0], b = v[1];
        v[0] = 0.6F * a - 0.8F * b + 100;
        v[1] = 0.8F * a + 0.6F * b;
    }
    gn_clusters *c;
    gn_clusters_opts o = {.kmeans = {.k_min = 2, .k_max = 5, .restarts = 3}};
    OK(gn_clusters_choose(ctx, gn_mat_f32(x, N, D), &o, &c, &err));
    CHECK(c->best > 0.5 && c->verdict == GN_CLUSTERS_WITHIN_NULL && c->k_star == 1);
    CHECK(fabs(c->best - c->null_best_mean) < 0.03);
    CHECK(c->kmeans->n_fits == 4 && c->n_draws == 5);
    gn_clusters_free(c);
    o.kmeans.k_min = 1;
    CHECK(gn_clusters_choose(ctx, gn_mat_f32(x, N, D), &o, &c, &err) == GN_EINVAL);
    o.kmeans.k_min = 2;
    o.null_draws = 2;
    CHECK(gn_clusters_choose(ctx, gn_mat_f32(x, N, D), &o, &c, &err) == GN_EINVAL);
    free(x);
}

/* Check 8: 768 dimensions of noise (sigma 3), +3000 on one axis for 1 row in 512. */
TEST(massive_activations) {
    enum { D = 768 };
    size_t n = test_quick() ? 5120 : 51200, planted = n / 512;
    float *x = simplex(n, D, 1, 3, 0, 30);
    int32_t *position = malloc(n * sizeof *position), *at_0 = malloc(n * sizeof *at_0),
            *other_ = malloc(n * sizeof *other_);
    for (size_t i = 0; i < n; i++) {
        position[i] = (int32_t)(i % 512);
        at_0[i] = position[i] == 0;
        other_[i] = (int32_t)(i * i % 7);
        if (at_0[i]) x[i * D + 5] += 3000;
    }
    gn_kmeans *km;
    gn_kmeans_opts o = {.k_min = 2, .k_max = 2};
    gn_silhouette s;
    OK(gn_kmeans_compute(ctx, gn_mat_f32(x, n, D), &o, &km, &err));
    const int32_t *label = km->fit[0].label;
    CHECK(km->fit[0].size[1] == planted);
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) wrong += label[i] != at_0[i];
    CHECK(wrong == 0);
    size_t m = 5000, two = 2; /* of 51,200: not 20,000: a sixteenth of the time */
    int32_t *row = malloc(m * sizeof *row);
    gn_random r = gn_random_new(1, 0);
    gn_random_subset(&r, n, m, row);
    OK(gn_silhouette_compute(ctx, gn_mat_f32(x, n, D), row, m, &label, &two, 1, NULL, &s, &err));
    CHECK_NEAR(s.mean, 0.961, 0.002);
    /* what the small cluster is: position 0, and positions only through it */
    gn_information zero, all, nothing;
    OK(gn_explain(label, at_0, n, &zero, &err));
    OK(gn_explain(label, position, n, &all, &err));
    OK(gn_explain(label, other_, n, &nothing, &err));
    CHECK_NEAR(zero.explained, 1, 1e-12);
    CHECK_NEAR(all.explained, 1, 1e-12);
    /* chance moves this by sqrt(12) / (2 n H): 0.3 % of what 100 rows are, 2.4 % of what 10 are */
    CHECK(fabs(nothing.explained) < (n > 10000 ? 0.02 : 0.1) && zero.n == n);
    gn_kmeans_free(km);
    free(x), free(position), free(at_0), free(other_), free(row);
}

/* I and H by a table, E[I] by shuffles. */
TEST(information_equals_tables_and_shuffles) {
    enum { N = 60, ROUNDS = 20000 };
    int32_t a[N], b[N];
    double table[3][9], row[3], col[9], sum = 0, squares = 0;
    gn_random r = gn_random_new(9, 0);
    for (size_t i = 0; i < N; i++) {
        a[i] = (int32_t)(i % 5 < 2 ? 0 : i % 3);
        b[i] = (int32_t)gn_random_below(&r, 4) + (a[i] == 2 ? 5 : 0);
    }
    gn_information v;
    OK(gn_explain(a, b, N, &v, &err));
    for (size_t t = 0; t <= ROUNDS; t++) {
        double mutual = 0, entropy = 0;
        memset(table, 0, sizeof table);
        memset(row, 0, sizeof row);
        memset(col, 0, sizeof col);
        for (size_t i = 0; i < N; i++) {
            table[a[i]][b[i]]++;
            row[a[i]]++;
            col[b[i]]++;
        }
        for (size_t i = 0; i < 3; i++) {
            entropy -= row[i] / N * log(row[i] / N);
            for (size_t j = 0; j < 9; j++)
                if (table[i][j] > 0)
                    mutual += table[i][j] / N * log(N * table[i][j] / row[i] / col[j]);
        }
        if (t == 0) {
            CHECK_NEAR(v.mutual, mutual, 1e-12);
            CHECK_NEAR(v.entropy, entropy, 1e-12);
            CHECK_NEAR(v.explained, (mutual - v.expected) / (entropy - v.expected), 1e-12);
        } else {
            sum += mutual / ROUNDS;
            squares += mutual * mutual / ROUNDS;
        }
        for (size_t i = N - 1; i > 0; i--) { /* shuffle the labels */
            size_t j = (size_t)gn_random_below(&r, i + 1);
            int32_t swap = b[i];
            b[i] = b[j];
            b[j] = swap;
        }
    }
    CHECK(fabs(v.expected - sum) < 4 * sqrt((squares - sum * sum) / ROUNDS));
    /* labels seen once tell nothing; missing ones are left out; one cluster has nothing to tell */
    for (size_t i = 0; i < N; i++) b[i] = (int32_t)i;
    OK(gn_explain(a, b, N, &v, &err));
    CHECK_NEAR(v.mutual, v.entropy, 1e-12);
    CHECK(v.explained == 0);
    for (size_t i = 0; i < N; i++) b[i] = i < 20 ? -1 : a[i];
    OK(gn_explain(a, b, N, &v, &err));
    CHECK(v.n == 40);
    CHECK_NEAR(v.explained, 1, 1e-12);
    memset(a, 0, sizeof a);
    OK(gn_explain(a, b, N, &v, &err));
    CHECK(v.explained == 0 && v.entropy == 0);
    memset(b, -1, sizeof b);
    CHECK(gn_explain(a, b, N, &v, &err) == GN_EINVAL);
}

int main(void) {
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 2}, &ctx, &err) != GN_OK) return 1;
    if (gn_ctx_new(&(gn_ctx_opts){.n_threads = 1}, &other, &err) != GN_OK) return 1;
    RUN(four_gaussians);
    RUN(fresh_samples);
    RUN(one_gaussian);
    RUN(the_null_has_the_datas_covariance);
    RUN(massive_activations);
    RUN(information_equals_tables_and_shuffles);
    gn_ctx_free(ctx);
    gn_ctx_free(other);
    return tap_done();
}
