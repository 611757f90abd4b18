/* The error bars of the isotropy summary: against brute-force deletion of sequences, against a
 * bootstrap over sequences, and against the scatter of repeated samples. */
#include "tap.h"

#include "base/random.h"
#include "gonio/isotropy.h"

enum { D = 12, ROOM = 2500 };

struct cloud {
    size_t n, n_sequences;
    double x[ROOM * D];
    int32_t type[ROOM], sequence[ROOM];
};

/* Sequences of 3 to 8 rows, each with a shift of its own (correlated rows); `n_types` Zipf-like
 * types around a common mean. */
static void make_cloud(struct cloud *c, size_t n_sequences, size_t n_types, uint64_t seed) {
    double at[D];
    gn_random r = gn_random_new(seed, 0);
    c->n = 0;
    c->n_sequences = n_sequences;
    for (size_t s = 0; s < n_sequences; s++) {
        double shift[D];
        for (size_t j = 0; j < D; j++) shift[j] = 0.6 * gn_random_normal(&r);
        for (size_t m = 3 + gn_random_below(&r, 6); m; m--) {
            size_t i = c->n++;
            double u = gn_random_uniform(&r);
            size_t t = (size_t)((double)n_types * u * u);
            gn_random of_type = gn_random_new(99, t); /* the same in every sample */
            for (size_t j = 0; j < D; j++) at[j] = 0.7 + 0.8 * gn_random_normal(&of_type);
            c->type[i] = (int32_t)t;
            c->sequence[i] = (int32_t)s;
            for (size_t j = 0; j < D; j++)
                c->x[i * D + j] = (at[j] + shift[j] + gn_random_normal(&r)) * (1 + (double)j / 4);
        }
    }
}

/* The sequences of `from` in `pick`, in that order; each counts as a new one. */
static void pick_sequences(const struct cloud *from, const size_t *pick, size_t n,
                           struct cloud *to) {
    to->n = 0;
    to->n_sequences = n;
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < from->n; i++) {
            if ((size_t)from->sequence[i] != pick[s]) continue;
            memcpy(to->x + to->n * D, from->x + i * D, D * sizeof *to->x);
            to->type[to->n] = from->type[i];
            to->sequence[to->n++] = (int32_t)s;
        }
}

/* The six statistics that have an error bar, and the bars. */
enum { RAW_INTER, RAW_INTRA, INTER, INTRA, NORM, PR, N_STATS };
static bool measure(const struct cloud *c, double value[N_STATS], double se[N_STATS]) {
    gn_isotropy iso;
    gn_error err;
    if (gn_isotropy_compute(NULL, gn_mat_f64(c->x, c->n, D),
                            &(gn_isotropy_opts){.type = c->type, .sequence = c->sequence}, &iso,
                            NULL, &err) != GN_OK) {
        printf("# %s\n", err.message);
        return false;
    }
    memcpy(value,
           (double[]){iso.raw.inter, iso.raw.intra, iso.centred.inter, iso.centred.intra,
                      iso.norm_mean, iso.participation_ratio},
           N_STATS * sizeof *value);
    memcpy(se,
           (double[]){iso.raw.inter_se, iso.raw.intra_se, iso.centred.inter_se,
                      iso.centred.intra_se, iso.norm_mean_se, iso.participation_ratio_se},
           N_STATS * sizeof *se);
    return true;
}

static struct cloud whole, part;

/* Every sequence is left out in turn and everything measured again. */
static void check_deletion(size_t n_sequences, size_t n_types, double centred_tol) {
    double value[N_STATS], se[N_STATS], s[N_STATS] = {0}, ss[N_STATS] = {0}, ignored[N_STATS];
    make_cloud(&whole, n_sequences, n_types, 1);
    REQUIRE(measure(&whole, value, se));
    size_t pick[500];
    double without[500][N_STATS], G = (double)n_sequences;
    for (size_t out = 0; out < n_sequences; out++) {
        size_t m = 0;
        for (size_t i = 0; i < n_sequences; i++)
            if (i != out) pick[m++] = i;
        pick_sequences(&whole, pick, m, &part);
        REQUIRE(measure(&part, without[out], ignored));
        for (int k = 0; k < N_STATS; k++) s[k] += without[out][k] / G;
    }
    for (size_t out = 0; out < n_sequences; out++)
        for (int k = 0; k < N_STATS; k++)
            ss[k] += (without[out][k] - s[k]) * (without[out][k] - s[k]);
    for (int k = 0; k < N_STATS; k++) {
        double brute = sqrt(ss[k] * (G - 1) / G);
        printf("# statistic %d: %.6f, se %.6g, by deletion %.6g\n", k, value[k], se[k], brute);
        /* Raw cosines: the same numbers. Centred: the mean's movement is linear, and the inter
         * cosine is near 0 by construction, so that what is not linear shows. Norm and PR: the
         * whole deletion is linear. */
        CHECK_NEAR(se[k] / brute, 1, k <= RAW_INTRA ? 1e-9 : k <= INTRA ? centred_tol : 0.05);
    }
}

TEST(jackknife_equals_deletion_with_frequent_types) {
    check_deletion(120, 12, 0.018);
}
TEST(jackknife_equals_deletion_with_rare_types) {
    check_deletion(120, 400, 0.10);
}

/* Mean and sd of the statistics over R bootstrap resamples of G sequences. */
static bool bootstrap(const struct cloud *c, size_t R, double mean[N_STATS], double sd[N_STATS]) {
    double v[N_STATS], ignored[N_STATS], s[N_STATS] = {0}, ss[N_STATS] = {0};
    gn_random r = gn_random_new(3, 0);
    for (size_t b = 0; b < R; b++) {
        size_t pick[500];
        for (size_t i = 0; i < c->n_sequences; i++)
            pick[i] = (size_t)gn_random_below(&r, c->n_sequences);
        pick_sequences(c, pick, c->n_sequences, &part);
        if (!measure(&part, v, ignored)) return false;
        for (int k = 0; k < N_STATS; k++) {
            s[k] += v[k] / (double)R;
            ss[k] += v[k] * v[k] / (double)R;
        }
    }
    for (int k = 0; k < N_STATS; k++) {
        mean[k] = s[k];
        sd[k] = sqrt(ss[k] - s[k] * s[k]);
    }
    return true;
}

/* Where every type is frequent, a bootstrap over sequences is sound, and both must agree: 600
 * resamples know an sd to 3 %, and the methods differ by terms of order 1 / G. */
TEST(jackknife_agrees_with_a_bootstrap_of_frequent_types) {
    double value[N_STATS], se[N_STATS], mean[N_STATS], sd[N_STATS];
    make_cloud(&whole, 200, 8, 2);
    REQUIRE(measure(&whole, value, se));
    REQUIRE(bootstrap(&whole, 600, mean, sd));
    for (int k = 0; k < N_STATS; k++) {
        printf("# statistic %d: se %.6g, bootstrap %.6g\n", k, se[k], sd[k]);
        CHECK_NEAR(se[k] / sd[k], 1, 0.15);
    }
}

/* Why there is no bootstrap in the library: a sequence drawn twice pairs each of its rare types
 * with itself at cosine 1, so the resamples measure another quantity. */
TEST(a_bootstrap_of_rare_types_is_biased) {
    double value[N_STATS], se[N_STATS], mean[N_STATS], sd[N_STATS];
    make_cloud(&whole, 100, 400, 4);
    REQUIRE(measure(&whole, value, se));
    REQUIRE(bootstrap(&whole, 200, mean, sd));
    printf("# intra %.4f, mean of resamples %.4f\n", value[RAW_INTRA], mean[RAW_INTRA]);
    CHECK(mean[RAW_INTRA] > value[RAW_INTRA] + 5 * se[RAW_INTRA]);
}

/* What an error bar is for: the sd over independent samples of the same source. 400 samples know it
 * to 4 %. With rare types the jackknife of the cosines errs upward, by at most sqrt(2) where its
 * terms are pairs: each pair is lost with either of its two sequences (Efron & Stein 1981). */
static void check_scatter(size_t n_types, double most) {
    enum { G = 100, R = 400 };
    double value[N_STATS], se[N_STATS], s[N_STATS] = {0}, ss[N_STATS] = {0}, bar[N_STATS] = {0};
    for (uint64_t sample = 0; sample < R; sample++) {
        make_cloud(&whole, G, n_types, 1000 + sample);
        REQUIRE(measure(&whole, value, se));
        for (int k = 0; k < N_STATS; k++) {
            s[k] += value[k] / R;
            ss[k] += value[k] * value[k] / R;
            bar[k] += se[k] / R;
        }
    }
    for (int k = 0; k < N_STATS; k++) {
        double sd = sqrt(ss[k] - s[k] * s[k]);
        printf("# %zu types, statistic %d: mean se %.6g, scatter %.6g\n", n_types, k, bar[k], sd);
        CHECK(bar[k] / sd > 0.87);
        /* The centred inter cosine is forced to about 0, where its linear part vanishes, too. */
        CHECK(bar[k] / sd < (k == INTER ? 1.2 * most : k <= INTRA ? most : 1.15));
    }
}

TEST(error_bars_match_the_scatter_with_frequent_types) {
    check_scatter(8, 1.1);
}
TEST(error_bars_err_upward_with_rare_types) {
    check_scatter(400, 1.07 * sqrt(2));
}

int main(void) {
    RUN(jackknife_equals_deletion_with_frequent_types);
    RUN(jackknife_equals_deletion_with_rare_types);
    if (test_quick()) return tap_done(); /* what follows repeats the same calls for statistics */
    RUN(jackknife_agrees_with_a_bootstrap_of_frequent_types);
    RUN(a_bootstrap_of_rare_types_is_biased);
    RUN(error_bars_match_the_scatter_with_frequent_types);
    RUN(error_bars_err_upward_with_rare_types);
    return tap_done();
}
