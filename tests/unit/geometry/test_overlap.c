/* Data and label overlap: golden values, identities, chance levels, groups, missing labels. */
#include "geometry_data.h"
#include "gonio/density.h"
#include "gonio/imbalance.h"
#include "gonio/lid.h"
#include "gonio/overlap.h"

#include "base/random.h"

enum { N = 2000, K = 64 };

/* The stored index of a shared set without its first column (the point itself). */
static int32_t *index_read(const char *name) {
    int32_t *wide = npy_read(name, N * (K + 1) * sizeof *wide);
    if (!wide) return NULL;
    for (size_t i = 0; i < N; i++) memmove(wide + i * K, wide + i * (K + 1) + 1, K * sizeof *wide);
    return wide;
}

static gn_labels labels_of(int32_t *code, size_t n, size_t n_classes) {
    return (gn_labels){.n = n, .code = code, .n_classes = n_classes};
}

/* n rows with k random neighbours each, none twice, none the row itself. */
static int32_t *random_index(size_t n, size_t k, uint64_t seed) {
    int32_t *index = malloc(n * k * sizeof *index);
    gn_random r = gn_random_new(seed, 0);
    for (size_t i = 0; i < n; i++) {
        gn_random_subset(&r, n - 1, k, index + i * k);
        for (size_t j = 0; j < k; j++) index[i * k + j] += index[i * k + j] >= (int32_t)i;
        for (size_t j = k; j > 1; j--) { /* ranks in random order */
            size_t other = (size_t)gn_random_below(&r, j);
            int32_t t = index[i * k + j - 1];
            index[i * k + j - 1] = index[i * k + other];
            index[i * k + other] = t;
        }
    }
    return index;
}

TEST(golden_data_overlap) {
    gn_error err;
    json_t *root = golden_open();
    int32_t *a = index_read("A_nn_index_0_64.npy"), *c = index_read("C_nn_index_0_64.npy");
    if (!root || !a || !c) SKIP("no shared data");
    gn_knn knn_a = {.n = N, .k = K, .index = a}, knn_c = {.n = N, .k = K, .index = c};
    gn_overlap o, back;
    const size_t ks[] = {1, 10, 30, 64};
    for (int i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "data_overlap/A_vs_C_k%zu", ks[i]);
        OK(gn_overlap_data(&knn_a, &knn_c, ks[i], &o, &err));
        CHECK_NEAR(o.value, golden(root, path), 1e-14);
        CHECK_NEAR(o.chance, (double)ks[i] / (N - 1), 1e-15);
        CHECK(o.n == N && o.n_short == 0);
        OK(gn_overlap_data(&knn_c, &knn_a, ks[i], &back, &err));
        CHECK(memcmp(&o, &back, sizeof o) == 0);
        OK(gn_overlap_data(&knn_a, &knn_a, ks[i], &o, &err));
        CHECK(o.value == 1 && o.se == 0);
    }
    OK(gn_overlap_data(&knn_a, &knn_c, 0, &o, &err)); /* the default is 30 */
    CHECK_NEAR(o.value, golden(root, "data_overlap/A_vs_C_k30"), 1e-14);
    free(a);
    free(c);
    json_decref(root);
}

/* Unrelated neighbourhoods: within 4 standard errors of chance, and the error bar is the sd of a
 * hypergeometric count. */
TEST(unrelated_neighborhoods_overlap_by_chance) {
    gn_error err;
    enum { M = 800, L = 20 };
    int32_t *a = random_index(M, L, 1), *b = random_index(M, L, 2);
    gn_overlap o;
    OK(gn_overlap_data(&(gn_knn){.n = M, .k = L, .index = a}, &(gn_knn){.n = M, .k = L, .index = b},
                       L, &o, &err));
    double p = (double)L / (M - 1), sd = sqrt(L * p * (1 - p) * (M - 1 - L) / (M - 2)) / L;
    CHECK(fabs(o.value - o.chance) < 4 * o.se);
    CHECK(fabs(o.se * sqrt(M) / sd - 1) < 0.1);
    free(a);
    free(b);
}

TEST(golden_label_overlap) {
    gn_error err;
    json_t *root = golden_open();
    int32_t *c = index_read("C_nn_index_0_64.npy"), *code = npy_read("C_labels.npy", N * 4);
    if (!root || !c || !code) SKIP("no shared data");
    gn_knn knn = {.n = N, .k = 64, .index = c};
    gn_labels labels = labels_of(code, N, 2);
    gn_overlap o;
    const size_t ks[] = {1, 2, 10, 30, 64};
    for (int plain = 0; plain < 2; plain++) {
        const char *kind = plain ? "unweighted" : "weighted";
        for (int i = 0; i < 5; i++) {
            char path[64];
            snprintf(path, sizeof path, "C_label_overlap/k%zu_%s", ks[i], kind);
            OK(gn_overlap_label(&knn, &labels, &(gn_label_overlap_opts){.k = ks[i], .plain = plain},
                                &o, &err));
            CHECK_NEAR(o.value, golden(root, path), 1e-13);
            CHECK(o.n == N && o.n_short == 0);
            double p = 700.0 / N, q = 1300.0 / N;
            CHECK_NEAR(o.chance,
                       plain ? (p * 699 + q * 1299) / (N - 1) : 0.5 * (699 + 1299) / (N - 1),
                       1e-13);
        }
        char path[64];
        snprintf(path, sizeof path, "C_label_overlap/class_fraction0.01_%s", kind);
        OK(gn_overlap_label(&knn, &labels,
                            &(gn_label_overlap_opts){.class_fraction = 0.01, .plain = plain}, &o,
                            &err));
        CHECK_NEAR(o.value, golden(root, path), 1e-13);
    }
    /* 0.05 of 1300 asks for 65 neighbours */
    CHECK(gn_overlap_label(&knn, &labels, &(gn_label_overlap_opts){.class_fraction = 0.05}, &o,
                           &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "asks for 65 neighbours, 64 are stored");
    free(c);
    free(code);
    json_decref(root);
}

/* The class fractions that need more than the stored 64 neighbours. */
TEST(golden_label_overlap_by_class_fraction) {
    gn_error err;
    json_t *root = golden_open();
    double *x = points_read("C_twoclusters20.npy", N, 20);
    int32_t *code = npy_read("C_labels.npy", N * 4), *index = malloc(N * 130 * sizeof *index);
    if (!root || !x || !code) SKIP("no shared data");
    free(naive_neighbors(x, N, 20, 130, index));
    gn_knn knn = {.n = N, .k = 130, .index = index};
    gn_labels labels = labels_of(code, N, 2);
    const char *fraction[] = {"0.05", "0.1"};
    for (int i = 0; i < 4; i++) {
        char path[64];
        gn_overlap o;
        snprintf(path, sizeof path, "C_label_overlap/class_fraction%s_%s", fraction[i / 2],
                 i % 2 ? "unweighted" : "weighted");
        OK(gn_overlap_label(
            &knn, &labels,
            &(gn_label_overlap_opts){.class_fraction = atof(fraction[i / 2]), .plain = i % 2 != 0},
            &o, &err));
        CHECK_NEAR(o.value, golden(root, path), 1e-13);
    }
    free(x);
    free(code);
    free(index);
    json_decref(root);
}

/* Lists searched outside of the groups give what long lists give with those left out; where fewer
 * than k exist, the lists end early. */
TEST(lists_outside_of_groups) {
    enum { M = 90, LONG = 40 };
    gn_error err;
    float x[M * 3];
    int32_t code[M], group[M];
    gn_random r = gn_random_new(9, 0);
    for (size_t i = 0; i < M * 3; i++) x[i] = (float)gn_random_normal(&r);
    for (size_t i = 0; i < M; i++) {
        code[i] = (int32_t)gn_random_below(&r, 4) - 1;
        group[i] = (int32_t)(i < 60 ? 0 : 1 + i % 5);
    }
    gn_labels labels = {.n = M, .code = code, .n_classes = 3};
    gn_knn *all, *outside;
    gn_mat m = gn_mat_f32(x, M, 3);
    OK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = M - 1}, &all, &err));
    OK(gn_knn_compute(NULL, m, &(gn_knn_opts){.k = LONG, .group = group}, &outside, &err));
    CHECK(outside->index[LONG - 1] == -1); /* row 0 has 30 */
    for (size_t k = 5; k <= LONG; k += 5)
        for (int plain = 0; plain < 2; plain++) {
            gn_label_overlap_opts o = {.k = k, .plain = plain, .group = group};
            gn_overlap a, b;
            OK(gn_overlap_label(all, &labels, &o, &a, &err));
            OK(gn_overlap_label(outside, &labels, &o, &b, &err));
            if (k <= 20) CHECK(a.value == b.value && a.chance == b.chance && a.n == b.n);
            CHECK(k < 25 || b.n_short > 0);
        }
    gn_label_overlap_opts none = {.k = LONG};
    gn_overlap o;
    CHECK(gn_overlap_label(outside, &labels, &none, &o, &err) == GN_EDATA);
    gn_knn_free(all);
    gn_knn_free(outside);
}

/* Every formula once more by a naive loop, on random neighbours with groups and missing labels. */
static void check_naive(bool with_groups, bool with_holes, bool plain) {
    gn_error err;
    enum { M = 300, L = 12, C = 5, WANT = 6 };
    int32_t *index = random_index(M, L, 3), code[M], group[M];
    gn_random r = gn_random_new(4, 0);
    for (size_t i = 0; i < M; i++) {
        code[i] = (int32_t)gn_random_below(&r, C);
        if (code[i] && gn_random_below(&r, 3)) code[i]--; /* uneven classes */
        if (with_holes && gn_random_below(&r, 3) == 0) code[i] = -1;
        group[i] = (int32_t)gn_random_below(&r, 3) * 1000 - 3000;
    }
    double mean[C] = {0}, square[C] = {0}, chance[C] = {0}, n[C] = {0};
    size_t n_short = 0, total = 0;
    for (size_t i = 0; i < M; i++) {
        if (code[i] < 0) continue;
        double usable = 0, same = 0, all = 0, alike = 0;
        for (size_t j = 0; j < L && usable < WANT; j++) {
            int32_t id = index[i * L + j];
            if (code[id] < 0 || (with_groups && group[id] == group[i])) continue;
            usable++;
            same += code[id] == code[i];
        }
        for (size_t j = 0; j < M; j++) {
            if (j == i || code[j] < 0 || (with_groups && group[j] == group[i])) continue;
            all++;
            alike += code[j] == code[i];
        }
        if (usable == 0) continue;
        n_short += usable < WANT;
        total++;
        int c = plain ? 0 : code[i];
        n[c]++;
        mean[c] += same / usable;
        square[c] += (same / usable) * (same / usable);
        chance[c] += alike / all;
    }
    double value = 0, expect = 0, variance = 0, classes = 0;
    for (int c = 0; c < C; c++) {
        if (n[c] == 0) continue;
        classes++;
        value += mean[c] / n[c];
        expect += chance[c] / n[c];
        variance += (square[c] - mean[c] * mean[c] / n[c]) / (n[c] - 1) / n[c];
    }
    gn_overlap o;
    gn_labels labels = labels_of(code, M, C);
    gn_label_overlap_opts opts = {.k = WANT, .plain = plain, .group = with_groups ? group : NULL};
    OK(gn_overlap_label(&(gn_knn){.n = M, .k = L, .index = index}, &labels, &opts, &o, &err));
    CHECK_NEAR(o.value, value / classes, 1e-12);
    CHECK_NEAR(o.chance, expect / classes, 1e-12);
    CHECK_NEAR(o.se, sqrt(variance) / classes, 1e-12);
    CHECK(fabs(o.value - o.chance) < 4 * o.se);
    CHECK(o.n == total && o.n_short == n_short);
    CHECK((with_holes || with_groups) == (n_short > 0));
    free(index);
}

TEST(label_overlap_equals_a_naive_loop) {
    for (int i = 0; i < 8; i++) check_naive(i & 1, i & 2, i & 4);
}

TEST(constant_labels_overlap_fully) {
    gn_error err;
    int32_t *index = random_index(100, 8, 5), code[100] = {0};
    gn_labels labels = labels_of(code, 100, 3); /* two classes without members */
    gn_overlap o;
    OK(gn_overlap_label(&(gn_knn){.n = 100, .k = 8, .index = index}, &labels, NULL, &o, &err));
    CHECK(o.value == 1 && o.chance == 1 && o.se == 0 && o.n == 100);
    free(index);
}

/* A fraction that asks for less than one neighbour takes one. */
TEST(class_fraction_takes_at_least_one_neighbor) {
    gn_error err;
    int32_t *index = random_index(100, 8, 5), code[100];
    for (int i = 0; i < 100; i++) code[i] = i % 2;
    gn_labels labels = labels_of(code, 100, 2);
    gn_overlap one, least;
    gn_knn knn = {.n = 100, .k = 8, .index = index};
    OK(gn_overlap_label(&knn, &labels, &(gn_label_overlap_opts){.k = 1}, &one, &err));
    OK(gn_overlap_label(&knn, &labels, &(gn_label_overlap_opts){.class_fraction = 1e-6}, &least,
                        &err));
    CHECK(least.n == 100 && least.value == one.value && one.value > 0);
    free(index);
}

TEST(bad_overlap_input_is_named) {
    gn_error err;
    int32_t *index = random_index(50, 4, 6), *copy = random_index(50, 4, 6), code[50] = {0};
    int32_t good = index[4 * 7 + 2];
    gn_knn intact = {.n = 50, .k = 4, .index = copy};
    gn_knn knn = {.n = 50, .k = 4, .index = index}, fewer = {.n = 49, .k = 4, .index = index};
    gn_labels labels = labels_of(code, 50, 1);
    gn_overlap o = {.value = -7};
    CHECK(gn_overlap_data(&knn, &fewer, 2, &o, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "50 rows against 49");
    CHECK(gn_overlap_data(&knn, &knn, 5, &o, &err) == GN_EINVAL);
    CHECK(gn_overlap_label(&fewer, &labels, NULL, &o, &err) == GN_EINVAL);
    CHECK(gn_overlap_label(&knn, &labels, &(gn_label_overlap_opts){.k = 5}, &o, &err) == GN_EINVAL);
    CHECK(gn_overlap_label(&knn, &labels, &(gn_label_overlap_opts){.class_fraction = 1.5}, &o,
                           &err) == GN_EINVAL);
    const int32_t bad[] = {-1, 50, 7, index[4 * 7 + 1]};
    for (int i = 0; i < 4; i++) {
        index[4 * 7 + 2] = bad[i];
        CHECK(gn_overlap_data(&knn, &intact, 4, &o, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, "row 7, rank 3");
        CHECK(gn_overlap_data(&intact, &knn, 4, &o, &err) == GN_EDATA);
        CHECK_CONTAINS(err.message, "row 7, rank 3");
        if (i < 3) CHECK(gn_overlap_label(&knn, &labels, NULL, &o, &err) == GN_EDATA);
    }
    index[4 * 7 + 2] = good;
    code[9] = 1;
    CHECK(gn_overlap_label(&knn, &labels, NULL, &o, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "row 9 has class 1 of 1");
    for (int i = 0; i < 50; i++) code[i] = -1;
    CHECK(gn_overlap_label(&knn, &labels, NULL, &o, &err) == GN_EINVAL);
    CHECK(o.value == -7);
    free(copy);
    free(index);
}

TEST(approximate_lists_are_refused) {
    int32_t index[] = {1, 2, 0, 2, 0, 1}, code[] = {0, 1, 1};
    float distance[] = {1, 2, 1, 3, 2, 3};
    gn_recall recall[] = {{1, 0}, {0.95, 0.01}};
    gn_knn exact = {.n = 3, .k = 2, .index = index, .distance = distance}, other = exact;
    gn_labels labels = {.n = 3, .code = code, .n_classes = 2};
    gn_overlap o;
    gn_hubness hubness;
    gn_imbalance imbalance;
    double out[3];
    int32_t count[3];
    float x[] = {0, 1, 3};
    gn_error err;
    other.recall = recall;
    CHECK(gn_overlap_data(&exact, &other, 1, &o, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "data overlap: these lists are approximate (recall 0.9500 of 2");
    CHECK(gn_overlap_data(&other, &exact, 1, &o, &err) == GN_EINVAL);
    CHECK(gn_overlap_label(&other, &labels, NULL, &o, &err) == GN_EINVAL);
    CHECK(gn_kstar(NULL, &other, 2, 0, count, &err) == GN_EINVAL);
    CHECK(gn_density_compute(NULL, &other, &(gn_density_opts){.dim = 2, .method = GN_DENSITY_KNN},
                             out, NULL, &err) == GN_EINVAL);
    CHECK(gn_hubness_compute(&other, 1, count, &hubness, &err) == GN_EINVAL);
    CHECK_CONTAINS(err.message, "expected exact");
    CHECK(gn_imbalance_compute(NULL, &other, gn_mat_f32(x, 3, 1), 1, NULL, &imbalance, &err) ==
          GN_EINVAL);
    CHECK_CONTAINS(err.message, "information imbalance: these lists are approximate");
}

int main(void) {
    RUN(lists_outside_of_groups);
    RUN(golden_data_overlap);
    RUN(unrelated_neighborhoods_overlap_by_chance);
    RUN(golden_label_overlap);
    RUN(golden_label_overlap_by_class_fraction);
    RUN(label_overlap_equals_a_naive_loop);
    RUN(constant_labels_overlap_fully);
    RUN(class_fraction_takes_at_least_one_neighbor);
    RUN(bad_overlap_input_is_named);
    RUN(approximate_lists_are_refused);
    return tap_done();
}
