/* Acceptance checks 5 and 6: identities and golden values of data overlap, label overlap and
 * information imbalance, from points. */
#include "acceptance.h"

#include "base/random.h"
#include "gonio/imbalance.h"
#include "gonio/overlap.h"

/* ---- check 5 -----------------------------------------------------------------------------------
 */

/* Overlaps are counts over n k: the golden value and ours must be the same count. */
static void check_count(double got, double want, double total) {
    CHECK(rint(got * total) == rint(want * total));
    CHECK_RELATIVE(got, want, 1e-14);
}

static void data_overlap(gn_ctx *ctx) {
    const shared_sets *s = sets();
    static const size_t ks[] = {1, 10, 30, 64};
    gn_error err;
    gn_overlap o, back;
    gn_knn *a = neighbors_of(ctx, gn_mat_f32(s->a, N, D_A), 64),
           *c = neighbors_of(ctx, gn_mat_f32(s->c, N, D_C), 130); /* tables of other widths */
    REQUIRE(a && c);
    for (int i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "data_overlap/A_vs_C_k%zu", ks[i]);
        OK(gn_overlap_data(a, c, ks[i], &o, &err));
        check_count(o.value, golden(s->root, path), (double)(N * ks[i]));
        CHECK_RELATIVE(o.chance, (double)ks[i] / (N - 1), 1e-15);
        OK(gn_overlap_data(c, a, ks[i], &back, &err));
        CHECK(memcmp(&o, &back, sizeof o) == 0);
        OK(gn_overlap_data(a, a, ks[i], &o, &err));
        CHECK(o.value == 1 && o.se == 0);
    }
    gn_knn_free(a);
    gn_knn_free(c);
}
TEST(check_5_data_overlap) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(data_overlap);
}

/* Rows in random order: neighbourhoods that agree by chance, mean k / (n - 1) within 4 errors. */
static void permuted_rows(gn_ctx *ctx) {
    const shared_sets *s = sets();
    gn_error err;
    gn_knn *a = neighbors_of(ctx, gn_mat_f32(s->a, N, D_A), 30);
    float *y = malloc(N * D_A * sizeof *y);
    REQUIRE(a && y);
    for (uint64_t seed = 0; seed < 3; seed++) {
        int32_t order[N];
        gn_random r = gn_random_new(21, seed);
        for (int32_t i = 0; i < N; i++) order[i] = i;
        for (size_t i = N; i > 1; i--) {
            size_t j = (size_t)gn_random_below(&r, i);
            int32_t t = order[i - 1];
            order[i - 1] = order[j];
            order[j] = t;
        }
        for (size_t i = 0; i < N; i++)
            memcpy(y + i * D_A, s->a + (size_t)order[i] * D_A, D_A * sizeof *y);
        gn_knn *b = neighbors_of(ctx, gn_mat_f32(y, N, D_A), 30);
        REQUIRE(b);
        for (size_t k = 1; k <= 30; k += 29) {
            gn_overlap o;
            OK(gn_overlap_data(a, b, k, &o, &err));
            CHECK(o.se > 0 && fabs(o.value - (double)k / (N - 1)) < 4 * o.se);
        }
        gn_knn_free(b);
    }
    gn_knn_free(a);
    free(y);
}
TEST(check_5_permuted_rows_overlap_by_chance) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(permuted_rows);
}

/* Means of 2,000 shares added in another order: 2,000 roundings, about 50 of them in one direction.
 */
#define SUMMED 1e-13

static void label_overlap(gn_ctx *ctx) {
    const shared_sets *s = sets();
    static const size_t ks[] = {1, 2, 10, 30, 64};
    static const char *const fraction[] = {"0.01", "0.05", "0.1"};
    static int32_t constant[N];
    gn_error err;
    gn_overlap o;
    gn_knn *c = neighbors_of(ctx, gn_mat_f32(s->c, N, D_C), 130);
    REQUIRE(c);
    gn_labels labels = {.n = N, .code = s->label, .n_classes = 2},
              same = {.n = N, .code = constant, .n_classes = 1};
    for (int plain = 0; plain < 2; plain++) {
        const char *kind = plain ? "unweighted" : "weighted";
        char path[64];
        for (int i = 0; i < 5; i++) {
            gn_label_overlap_opts opts = {.k = ks[i], .plain = plain};
            snprintf(path, sizeof path, "C_label_overlap/k%zu_%s", ks[i], kind);
            OK(gn_overlap_label(c, &labels, &opts, &o, &err));
            CHECK_RELATIVE(o.value, golden(s->root, path), SUMMED);
            const double p = 700.0 / N, q = 1300.0 / N;
            CHECK_RELATIVE(o.chance,
                           plain ? (p * 699 + q * 1299) / (N - 1) : 0.5 * (699 + 1299) / (N - 1),
                           SUMMED);
            OK(gn_overlap_label(c, &same, &opts, &o, &err));
            CHECK(o.value == 1 && o.se == 0 && o.chance == 1);
        }
        for (int i = 0; i < 3; i++) {
            gn_label_overlap_opts opts = {.class_fraction = atof(fraction[i]), .plain = plain};
            snprintf(path, sizeof path, "C_label_overlap/class_fraction%s_%s", fraction[i], kind);
            OK(gn_overlap_label(c, &labels, &opts, &o, &err));
            CHECK_RELATIVE(o.value, golden(s->root, path), SUMMED);
        }
    }
    gn_knn_free(c);
}
TEST(check_5_label_overlap) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(label_overlap);
}

/* ---- check 6 -----------------------------------------------------------------------------------
 */

static void imbalances(gn_ctx *ctx) {
    const shared_sets *s = sets();
    static const char *const name[] = {"A__A_first10cols", "A__C"};
    const gn_mat a = gn_mat_f32(s->a, N, D_A);
    const gn_mat other[] = {{s->a, N, 10, D_A, GN_F32}, gn_mat_f32(s->c, N, D_C)};
    gn_error err;
    gn_imbalance to, back;
    gn_knn *knn = neighbors_of(ctx, a, 5);
    REQUIRE(knn);
    for (size_t k = 1; k <= 5; k += 4) {
        OK(gn_imbalance_compute(ctx, knn, a, k, NULL, &to, &err));
        CHECK(to.value == ((double)k + 1) / N && to.se == 0 && to.n == N);
        for (int o = 0; o < 2; o++) {
            gn_knn *from = neighbors_of(ctx, other[o], 5);
            char path[96];
            double total = (double)N * N * (double)k / 2; /* the value is a sum of ranks over it */
            REQUIRE(from);
            OK(gn_imbalance_compute(ctx, knn, other[o], k, NULL, &to, &err));
            OK(gn_imbalance_compute(ctx, from, a, k, NULL, &back, &err));
            snprintf(path, sizeof path, "information_imbalance/%s_k%zu/first_to_second", name[o],
                     k);
            check_count(to.value, golden(s->root, path), total);
            snprintf(path, sizeof path, "information_imbalance/%s_k%zu/second_to_first", name[o],
                     k);
            check_count(back.value, golden(s->root, path), total);
            if (o == 1) { /* independent: within .04, three standard errors, of 1 */
                CHECK(fabs(to.value - 1) < 0.04 && fabs(back.value - 1) < 0.04);
                CHECK(fabs(to.value - 1) < 4 * to.se && fabs(back.value - 1) < 4 * back.se);
                if (k == 1) CHECK_RELATIVE(3 * to.se, 0.04, 0.1);
            }
            gn_knn_free(from);
        }
    }
    gn_knn_free(knn);
}
TEST(check_6_information_imbalance) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(imbalances);
}

int main(void) {
    RUN(check_5_data_overlap);
    RUN(check_5_permuted_rows_overlap_by_chance);
    RUN(check_5_label_overlap);
    RUN(check_6_information_imbalance);
    return tap_done();
}
