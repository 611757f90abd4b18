/* Maximum explainable variance by full decompositions, and the imitation of the published scripts
 * by plain loops over what they keep. */
#include "isotropy_cloud.h"

#include "math/linalg.h"

enum { N = 400, D = 12, V = 25 };
static double x[N * D];
static int32_t type[N], sequence[N];

/* The share of the largest eigenvalue of Y^T Y over n rows. */
static double naive_share(double *y, size_t n, bool centred) {
    double gram[D * D] = {0}, l[D], total = 0;
    gn_error err;
    for (size_t j = 0; j < D; j++) {
        double mean = 0;
        for (size_t i = 0; centred && i < n; i++) mean += y[i * D + j] / (double)n;
        for (size_t i = 0; i < n; i++) y[i * D + j] -= mean;
    }
    for (size_t i = 0; i < n; i++)
        for (int a = 0; a < D; a++)
            for (int b = 0; b < D; b++)
                gram[a * D + b] += y[i * D + (size_t)a] * y[i * D + (size_t)b];
    if (gn_eigen_symmetric(gram, D, l, NULL, &err) != GN_OK) return (double)NAN;
    for (int j = 0; j < D; j++) total += l[j];
    return l[0] / total;
}

TEST(explained_variance_of_types) {
    gn_error err;
    double raw = 0, centred = 0, y[N * D];
    size_t n_types = 0, smaller = 0;
    for (int32_t t = 0; t < V; t++) {
        size_t n = 0;
        for (size_t i = 0; i < N; i++)
            if (type[i] == t) memcpy(y + n++ * D, x + i * D, D * sizeof *y);
        if (n < 5) continue;
        smaller += n <= D;
        raw += naive_share(y, n, false);
        centred += naive_share(y, n, true);
        n_types++;
    }
    gn_mev m, same;
    memset(&m, 0, sizeof m);
    memset(&same, 0, sizeof same);
    gn_isotropy_opts o = {.type = type};
    OK(gn_mev_compute(NULL, gn_mat_f64(x, N, D), &o, NULL, &m, &err));
    CHECK(m.n_types == n_types && smaller > 0 && smaller < n_types && m.n_sampled == 0);
    CHECK_NEAR(m.value, raw / (double)n_types, 1e-9);
    CHECK_NEAR(m.centred, centred / (double)n_types, 1e-9);
    /* Types share a direction of their own, random rows do not. */
    CHECK(m.value > m.value_random + 3 * m.adjusted_se && m.value_se > 0);
    CHECK(m.centred_random > 0 && m.centred_adjusted_se > 0);
    for (unsigned t = 1; t < 3; t++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t}, &ctx, &err));
        OK(gn_mev_compute(ctx, gn_mat_f64(x, N, D), &o, NULL, &same, &err));
        gn_ctx_free(ctx);
        if (t == 1) {
            CHECK_NEAR(same.value_random, m.value_random, 1e-10); /* another instruction set */
            m = same;
        }
        CHECK(memcmp(&m, &same, sizeof m) == 0);
    }
    OK(gn_mev_compute(NULL, gn_mat_f64(x, N, D), &o, &(gn_mev_opts){.max_rows = 6}, &same, &err));
    CHECK(same.n_sampled > 0 && same.value > m.value); /* fewer rows explain each other better */
    OK(gn_mev_compute(NULL, gn_mat_f64(x, N, D), &o, &(gn_mev_opts){.min_rows = N}, &same, &err));
    CHECK(same.n_types == 0 && isnan(same.value) && isnan(same.value_se));
}

/* Check 7 of the specification: m + noise, d = 64, |m|^2 = 64, sigma = .5: (64 + .25)/(64 + 16). */
TEST(explained_variance_of_a_mean_in_noise) {
    gn_error err;
    enum { M = 4000, W = 64 };
    double *y = malloc(M * W * sizeof *y);
    int32_t one[M] = {0};
    gn_random r = gn_random_new(7, 0);
    for (size_t i = 0; i < M * W; i++) y[i] = 1 + 0.5 * gn_random_normal(&r);
    gn_mev m;
    OK(gn_mev_compute(NULL, gn_mat_f64(y, M, W), &(gn_isotropy_opts){.type = one},
                      &(gn_mev_opts){.max_rows = M}, &m, &err));
    CHECK(fabs(m.value - 64.25 / 80) < 0.003);
    CHECK_NEAR(m.value_random, m.value, 1e-10); /* all rows, in another order */
    free(y);
}

/* Check 9: the counts of --maxl in all five modes. */
TEST(rows_that_maxl_keeps) {
    static const size_t n[] = {1, 2, 3, 10, 1000};
    static const double maxl[] = {3, 0.25, -1, -2, 0};
    static const size_t want[5][5] = {
        {1, 2, 3, 3, 3}, {1, 1, 1, 2, 250}, {1, 1, 1, 3, 9}, {1, 1, 1, 3, 31}, {1, 2, 3, 10, 1000}};
    for (int m = 0; m < 5; m++)
        for (int i = 0; i < 5; i++) CHECK(gn_cai2021_kept(n[i], maxl[m]) == want[m][i]);
    CHECK(gn_cai2021_kept(10, 2.9) == 2 && gn_cai2021_kept(10, 1) == 1);
    CHECK(gn_cai2021_kept(10, -3) == SIZE_MAX && gn_cai2021_kept(10, (double)NAN) == SIZE_MAX);
}

/* Mean cosine over pairs of rows, all or of one type, minus `origin`. */
static double naive_pairs(const double *y, size_t n, const int32_t *of, const double *origin) {
    double sum = 0, types = 0;
    for (int32_t t = of ? 0 : -1; t < (of ? V : 0); t++) {
        double s = 0, count = 0;
        for (size_t a = 0; a < n; a++)
            for (size_t b = 0; b < n; b++) {
                double p[D], q[D];
                if (a == b || (of && (of[a] != t || of[b] != t))) continue;
                for (int j = 0; j < D; j++) {
                    p[j] = y[a * D + (size_t)j] - (origin ? origin[j] : 0);
                    q[j] = y[b * D + (size_t)j] - (origin ? origin[j] : 0);
                }
                s += cosine(p, q, D);
                count++;
            }
        if (count > 0) sum += s / count, types++;
    }
    return sum / types;
}

/* maxl keeps all rows of every type: nothing is random, and the loops see the same rows. */
TEST(the_scripts_pairs_mix_types_and_centre) {
    gn_error err;
    double mean[D], c[D * D];
    gn_cai2021 s;
    gn_isotropy_opts o = {.type = type};
    OK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &o, &(gn_cai2021_opts){.maxl = N}, &s, &err));
    CHECK_NEAR(s.inter, naive_pairs(x, N, NULL, NULL), 1e-12); /* same-type pairs are in it */
    CHECK_NEAR(s.intra, naive_pairs(x, N, type, NULL), 1e-12);
    CHECK(s.n_rows == N && s.n_dims == D && isnan(s.cluster_inter));
    naive_covariance(x, N, D, mean, c);
    gn_cai2021_opts centred = {.maxl = N, .center = true};
    OK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &o, &centred, &s, &err));
    CHECK_NEAR(s.inter, naive_pairs(x, N, NULL, mean), 1e-12);
    CHECK_NEAR(s.intra, naive_pairs(x, N, type, mean), 1e-12);
    /* All components: a rotation of the centred rows, although --center is off. */
    gn_cai2021_opts all = {.maxl = N, .embed = D};
    gn_cai2021 e;
    OK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &o, &all, &e, &err));
    CHECK_NEAR(e.inter, s.inter, 1e-12);
    CHECK_NEAR(e.intra, s.intra, 1e-12);
    /* Without maxl above 0 the scripts refuse inter; intra they print. */
    OK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &o, &(gn_cai2021_opts){0}, &e, &err));
    CHECK(isnan(e.inter) && e.n_rows == N);
    CHECK_NEAR(e.intra, naive_pairs(x, N, type, NULL), 1e-12);
}

TEST(the_scripts_embedding) {
    gn_error err;
    double mean[D], c[D * D], l[D], v[D * D], y[N * D] = {0}, total = 0, sum = 0;
    size_t k = 0;
    naive_covariance(x, N, D, mean, c);
    OK(gn_eigen_symmetric(c, D, l, v, &err));
    for (int j = 0; j < D; j++) total += l[j];
    while (!(sum > 0.6 * total)) sum += l[k++];
    for (size_t i = 0; i < N; i++)
        for (size_t p = 0; p < k; p++)
            for (size_t j = 0; j < D; j++) y[i * D + p] += (x[i * D + j] - mean[j]) * v[p * D + j];
    gn_cai2021 s;
    gn_cai2021_opts o = {.maxl = N, .embed = 0.6};
    OK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &(gn_isotropy_opts){.type = type}, &o, &s,
                          &err));
    CHECK(s.n_dims == k && k > 1 && k < D);
    CHECK_NEAR(s.inter, naive_pairs(y, N, NULL, NULL), 1e-11);
    CHECK_NEAR(s.intra, naive_pairs(y, N, type, NULL), 1e-11);
    o.embed = 1;
    CHECK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), NULL, &o, &s, &err) == GN_EINVAL);
    o.embed = D + 1;
    CHECK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), NULL, &o, &s, &err) == GN_EINVAL);
    o = (gn_cai2021_opts){.maxl = -3};
    CHECK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), NULL, &o, &s, &err) == GN_EINVAL);
}

TEST(the_scripts_clusters) {
    gn_error err;
    int32_t cluster[N], of[N];
    double y[N * D], inter = 0, intra = 0;
    size_t n_inter = 0, n_intra = 0;
    /* Three clusters; the last has one type only, so it has no inter cosine. */
    for (size_t i = 0; i < N; i++) cluster[i] = type[i] == 3 ? 2 : (int32_t)(i % 2);
    cluster[0] = -1;
    for (int32_t k = 0; k < 3; k++) {
        size_t n = 0;
        double mean[D], c[D * D];
        for (size_t i = 0; i < N; i++)
            if (cluster[i] == k) {
                of[n] = type[i];
                memcpy(y + n++ * D, x + i * D, D * sizeof *y);
            }
        naive_covariance(y, n, D, mean, c);
        double value = naive_pairs(y, n, of, mean);
        if (!isnan(value)) intra += value, n_intra++;
    }
    gn_cai2021 s, one;
    gn_cai2021_opts o = {.maxl = N, .center = true, .cluster = cluster, .n_clusters = 3};
    OK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &(gn_isotropy_opts){.type = type}, &o, &s,
                          &err));
    CHECK(s.n_intra_clusters == n_intra && s.n_inter_clusters == 2);
    CHECK_NEAR(s.cluster_intra, intra / (double)n_intra, 1e-12);
    CHECK(s.cluster_inter > -1 && s.cluster_inter < 1);
    /* One row a type: what is drawn is all there is, and inter is over all pairs of a cluster. */
    int32_t own[N];
    for (size_t i = 0; i < N; i++) own[i] = (int32_t)i;
    for (int32_t k = 0; k < 3; k++) {
        size_t n = 0;
        double mean[D], c[D * D];
        for (size_t i = 0; i < N; i++)
            if (cluster[i] == k) memcpy(y + n++ * D, x + i * D, D * sizeof *y);
        naive_covariance(y, n, D, mean, c);
        inter += naive_pairs(y, n, NULL, mean);
        n_inter++;
    }
    o.maxl = 1;
    OK(gn_cai2021_compute(NULL, gn_mat_f64(x, N, D), &(gn_isotropy_opts){.type = own}, &o, &one,
                          &err));
    CHECK(one.n_inter_clusters == n_inter && one.n_intra_clusters == 0);
    CHECK_NEAR(one.cluster_inter, inter / (double)n_inter, 1e-12);
    CHECK(isnan(one.cluster_intra));
}

/* maxl 1 draws: the seed decides, the number of threads does not, and the draw scatters around the
 * exact form. */
TEST(the_scripts_draws) {
    gn_error err;
    gn_isotropy exact;
    gn_isotropy_opts o = {.type = type, .skip = GN_SKIP_BARS | GN_SKIP_SPECTRUM};
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, N, D), &o, &exact, NULL, &err));
    double mean = 0, square = 0, first = 0;
    enum { SEEDS = 60 };
    for (unsigned s = 0; s <= SEEDS; s++) {
        gn_ctx *ctx;
        gn_cai2021 c;
        unsigned seed = s < SEEDS ? s : 0;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1 + s % 2 + (s == SEEDS), .seed = seed}, &ctx,
                      &err));
        OK(gn_cai2021_compute(ctx, gn_mat_f64(x, N, D), &o, &(gn_cai2021_opts){.maxl = 1}, &c,
                              &err));
        gn_ctx_free(ctx);
        CHECK(c.n_rows == exact.raw.n_types);
        if (s == 0) first = c.inter;
        if (s == SEEDS) CHECK(c.inter == first);
        if (s == SEEDS) break;
        mean += c.inter / SEEDS;
        square += c.inter * c.inter / SEEDS;
    }
    double sd = sqrt(square - mean * mean);
    CHECK(sd > 0 && fabs(mean - exact.raw.inter) < 3 * sd / sqrt(SEEDS));
}

int main(void) {
    make_cloud(x, N, D, V, type, sequence, 3);
    RUN(explained_variance_of_types);
    RUN(explained_variance_of_a_mean_in_noise);
    RUN(rows_that_maxl_keeps);
    RUN(the_scripts_pairs_mix_types_and_centre);
    RUN(the_scripts_embedding);
    RUN(the_scripts_clusters);
    RUN(the_scripts_draws);
    return tap_done();
}
