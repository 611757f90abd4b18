/* Baseline, sentence similarity, coordinate shares and the partition function: against plain loops
 * over pairs, brute deletion, and hand-made Z. */
#include "isotropy_cloud.h"

#include "math/linalg.h"

enum { N = 210, D = 8, V = 30 };
static double x[N * D];
static int32_t type[N], sequence[N];

/* Over all rows but those of sequence `out`. */
static void naive_context(int32_t out, double *baseline, double *sentence, double share[D]) {
    double sum = 0, pairs = 0, sentences = 0;
    *sentence = 0;
    memset(share, 0, D * sizeof *share);
    for (int a = 0; a < N; a++)
        for (int b = 0; b < N; b++) {
            if (sequence[a] == sequence[b] || sequence[a] == out || sequence[b] == out) continue;
            const double *p = x + a * D, *q = x + b * D;
            double c = cosine(p, q, D), dot = 0;
            sum += c;
            pairs++;
            for (int j = 0; j < D; j++) dot += p[j] * q[j];
            for (int j = 0; j < D; j++) share[j] += c * p[j] * q[j] / dot;
        }
    *baseline = sum / pairs;
    for (int j = 0; j < D; j++) share[j] /= sum;
    for (int32_t s = 0; s <= sequence[N - 1]; s++) {
        double mean[D] = {0}, n = 0, c = 0;
        if (s == out) continue;
        for (int i = 0; i < N; i++)
            if (sequence[i] == s) {
                for (int j = 0; j < D; j++) mean[j] += x[i * D + j];
                n++;
            }
        for (int i = 0; i < N; i++)
            if (sequence[i] == s) c += cosine(x + i * D, mean, D) / n;
        if (n < 2) continue;
        *sentence += c;
        sentences++;
    }
    *sentence /= sentences;
}

TEST(baseline_sentences_and_shares) {
    gn_error err;
    double baseline, sentence, share[D], got[D], sum = 0;
    gn_context_cosines c;
    gn_isotropy_opts o = {.sequence = sequence};
    naive_context(-1, &baseline, &sentence, share);
    OK(gn_context_compute(NULL, gn_mat_f64(x, N, D), &o, 0, &c, got, &err));
    CHECK_NEAR(c.baseline, baseline, 1e-12);
    CHECK_NEAR(c.sentence, sentence, 1e-12);
    for (int j = 0; j < D; j++) {
        CHECK_NEAR(got[j], share[j], 1e-12);
        sum += got[j];
    }
    CHECK_NEAR(sum, 1, 1e-13);
    CHECK(c.n_rows == N && c.n_sequences == 30 && c.n_sentences == 30);
    CHECK(isnan(c.baseline_bootstrap_se) && isnan(c.sentence_bootstrap_se));
    /* A last sequence of one row has no sentence similarity but enters the baseline. */
    int32_t before = sequence[N - 1];
    sequence[N - 1] = before + 1;
    naive_context(-1, &baseline, &sentence, share);
    OK(gn_context_compute(NULL, gn_mat_f64(x, N, D), &o, 0, &c, NULL, &err));
    sequence[N - 1] = before;
    CHECK_NEAR(c.baseline, baseline, 1e-12);
    CHECK_NEAR(c.sentence, sentence, 1e-12);
    CHECK(c.n_sequences == 31 && c.n_sentences == 30);
}

TEST(error_bars_of_the_baseline) {
    gn_error err;
    enum { G = 30 };
    double b[G], s[G], share[D], mean_b = 0, mean_s = 0, var_b = 0, var_s = 0;
    for (int g = 0; g < G; g++) {
        naive_context(g, &b[g], &s[g], share);
        mean_b += b[g] / G;
        mean_s += s[g] / G;
    }
    for (int g = 0; g < G; g++) {
        var_b += (b[g] - mean_b) * (b[g] - mean_b) * (G - 1) / G;
        var_s += (s[g] - mean_s) * (s[g] - mean_s) * (G - 1) / G;
    }
    gn_context_cosines c, same;
    memset(&c, 0, sizeof c);
    memset(&same, 0, sizeof same);
    gn_isotropy_opts o = {.sequence = sequence};
    OK(gn_context_compute(NULL, gn_mat_f64(x, N, D), &o, 2000, &c, NULL, &err));
    CHECK_NEAR(c.baseline_se / sqrt(var_b), 1, 1e-9);
    CHECK_NEAR(c.sentence_se / sqrt(var_s), 1, 1e-9);
    /* 2000 resamples know an sd to 1.6 %; the methods differ by terms of order 1 / G. */
    printf("# bootstrap / jackknife: baseline %.3f, sentence %.3f\n",
           c.baseline_bootstrap_se / c.baseline_se, c.sentence_bootstrap_se / c.sentence_se);
    CHECK_NEAR(c.baseline_bootstrap_se / c.baseline_se, 1, 0.12);
    CHECK_NEAR(c.sentence_bootstrap_se / c.sentence_se, 1, 0.12);
    for (unsigned t = 1; t < 4; t++) {
        gn_ctx *ctx;
        OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t}, &ctx, &err));
        OK(gn_context_compute(ctx, gn_mat_f64(x, N, D), &o, 2000, &same, NULL, &err));
        gn_ctx_free(ctx);
        CHECK(memcmp(&c, &same, sizeof c) == 0);
    }
    /* Equal rows: every resample's baseline is 1, however often a sequence is drawn. */
    double equal[N * D];
    for (int i = 0; i < N * D; i++) equal[i] = 1 + i % D;
    OK(gn_context_compute(NULL, gn_mat_f64(equal, N, D), &o, 50, &same, NULL, &err));
    CHECK_NEAR(same.baseline, 1, 1e-13);
    CHECK(same.baseline_bootstrap_se < 1e-13 && same.sentence_bootstrap_se < 1e-13);
    o.skip = GN_SKIP_BARS;
    OK(gn_context_compute(NULL, gn_mat_f64(x, N, D), &o, 0, &same, NULL, &err));
    CHECK(isnan(same.baseline_se) && same.baseline == c.baseline);
}

/* Many short sequences: more than a wave of them; the all-pairs identity of unit sums. */
TEST(every_row_its_own_sequence) {
    gn_error err;
    enum { M = 5000, W = 33 };
    double *y = malloc(M * W * sizeof *y), U[W] = {0}, square = 0;
    gn_random r = gn_random_new(5, 0);
    for (int i = 0; i < M; i++) {
        double norm = 0;
        for (int j = 0; j < W; j++) {
            y[i * W + j] = 0.2 + gn_random_normal(&r);
            norm += y[i * W + j] * y[i * W + j];
        }
        for (int j = 0; j < W; j++) U[j] += y[i * W + j] / sqrt(norm);
    }
    for (int j = 0; j < W; j++) square += U[j] * U[j];
    gn_context_cosines c;
    OK(gn_context_compute(NULL, gn_mat_f64(y, M, W), NULL, 0, &c, NULL, &err));
    CHECK_NEAR(c.baseline, (square - M) / M / (M - 1), 1e-12);
    CHECK(isnan(c.sentence) && isnan(c.sentence_se) && c.n_sentences == 0);
    y[4321 * W + 7] = (double)NAN;
    CHECK(gn_context_compute(NULL, gn_mat_f64(y, M, W), NULL, 0, &c, NULL, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 4321, column 7");
    free(y);
}

TEST(one_sequence_has_no_baseline) {
    gn_error err;
    int32_t one[N] = {0};
    gn_context_cosines c;
    OK(gn_context_compute(NULL, gn_mat_f64(x, N, D), &(gn_isotropy_opts){.sequence = one}, 5, &c,
                          NULL, &err));
    CHECK(isnan(c.baseline) && isnan(c.baseline_se) && c.n_sentences == 1 && c.sentence > 0);
    CHECK(isnan(c.baseline_bootstrap_se));
}

/* Points +-a e_1, +-b e_2: the eigenvectors are the axes. */
TEST(partition_function_of_axes) {
    gn_error err;
    const double a = 1.5, b = 0.5, w[] = {a, 0, -a, 0, 0, b, 0, -b};
    gn_partition p;
    OK(gn_partition_compute(NULL, gn_mat_f64(w, 4, 2), NULL, &p, &err));
    CHECK_NEAR(p.exact, (2 * cosh(b) + 2) / (2 * cosh(a) + 2), 1e-14);
    CHECK_NEAR(p.log_exact, log(p.exact), 1e-13);
    CHECK(p.first == 1 && p.n == 4); /* the rows sum to zero */
    CHECK_NEAR(p.second, (4 + b * b) / (4 + a * a), 1e-14);
    /* Far from the origin: exponents beyond what a double holds. */
    const double far[] = {900, 1, 901, 0, 899, 0.5};
    OK(gn_partition_compute(NULL, gn_mat_f64(far, 3, 2), NULL, &p, &err));
    CHECK(p.exact == 0 && p.log_exact < -1700 && p.log_exact > -1900);
    CHECK(p.first < -0.99);
}

TEST(partition_function_by_plain_loops) {
    gn_error err;
    double w[N * D], gram[D * D] = {0}, l[D], v[D * D], least = HUGE_VAL, most = 0, sum[D] = {0};
    for (int i = 0; i < N * D; i++) w[i] = 0.3 * x[i];
    for (int i = 0; i < N; i++)
        for (int a = 0; a < D; a++) {
            sum[a] += w[i * D + a];
            for (int b = 0; b < D; b++) gram[a * D + b] += w[i * D + a] * w[i * D + b];
        }
    OK(gn_eigen_symmetric(gram, D, l, v, &err));
    for (int sign = -1; sign < 2; sign += 2)
        for (int k = 0; k < D; k++) {
            double Z = 0;
            for (int i = 0; i < N; i++) {
                double s = 0;
                for (int j = 0; j < D; j++) s += w[i * D + j] * v[k * D + j];
                Z += exp(sign * s);
            }
            least = fmin(least, Z);
            most = fmax(most, Z);
        }
    double length = 0;
    for (int j = 0; j < D; j++) length += sum[j] * sum[j];
    length = sqrt(length);
    gn_partition p;
    OK(gn_partition_compute(NULL, gn_mat_f64(w, N, D), NULL, &p, &err));
    CHECK_NEAR(p.exact / (least / most), 1, 1e-11);
    CHECK_NEAR(p.first, (N - length) / (N + length), 1e-12);
    CHECK_NEAR(p.second, (N - length + l[D - 1] / 2) / (N + length + l[0] / 2), 1e-12);
}

TEST(means_of_types) {
    gn_error err;
    double *means;
    size_t n, t = 0;
    OK(gn_type_means(NULL, gn_mat_f64(x, N, D), &(gn_isotropy_opts){.type = type}, &means, &n,
                     &err));
    for (int32_t code = 0; code < V; code++) {
        double sum[D] = {0}, count = 0;
        for (int i = 0; i < N; i++)
            for (int j = 0; type[i] == code && j < D; j++) sum[j] += x[i * D + j], count += j == 0;
        if (count <= 0) continue;
        REQUIRE(t < n);
        for (int j = 0; j < D; j++) CHECK_NEAR(means[t * D + (size_t)j], sum[j] / count, 1e-13);
        t++;
    }
    CHECK(t == n);
    gn_array_f64_free(means);
}

int main(void) {
    make_cloud(x, N, D, V, type, sequence, 2);
    RUN(baseline_sentences_and_shares);
    RUN(error_bars_of_the_baseline);
    RUN(every_row_its_own_sequence);
    RUN(one_sequence_has_no_baseline);
    RUN(partition_function_of_axes);
    RUN(partition_function_by_plain_loops);
    RUN(means_of_types);
    return tap_done();
}
