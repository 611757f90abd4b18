/* The exactness of the search, everywhere: each hard set, of each width and of the smallest sizes,
 * on every instruction set with one and two threads, against a naive float64 double loop. */
#include "sets.h"

#include "base/cpu.h"

enum { MOST = 10 };
static gn_ctx *machine[MOST];
static size_t n_machines;

static void check(gn_mat x, size_t k, gn_metric metric, const char *name) {
    reference r = naive_knn(x, k, metric);
    for (size_t m = 0; m < n_machines; m++) {
        gn_error err;
        gn_knn *knn;
        OK(gn_knn_compute(machine[m], x, &(gn_knn_opts){.k = k, .metric = metric}, &knn, &err));
        size_t wrong = count_wrong(knn, &r);
        CHECK(wrong == 0);
        if (wrong)
            printf("# %s (%zu, %zu), k %zu, %s, %s, %u threads: %zu wrong\n", name, x.rows, x.cols,
                   k, gn_metric_name(metric), gn_cpu_name(gn_ctx_cpu(machine[m])),
                   gn_ctx_threads(machine[m]), wrong);
        gn_knn_free(knn);
    }
    reference_free(&r);
}

/* A zero vector has no direction. */
static bool has_zero_row(const point_set *p) {
    for (size_t i = 0; i < p->n; i++) {
        size_t zeros = 0;
        for (size_t j = 0; j < p->d; j++) zeros += p->x[i * p->d + j] == 0;
        if (zeros == p->d) return true;
    }
    return false;
}

/* N = 2, 3 and k = N - 1 among them; more rows than a list holds at one width, the double loop
 * being slow. */
TEST(hard_sets_of_every_width_on_every_machine) {
    static const size_t widths[] = {1, 2, 3, 17, 4096};
    static const struct { size_t n, k; } sizes[] = {{2, 1}, {3, 1}, {3, 2}, {65, 64}, {700, 10}};
    for (int kind = 0; kind < SET_KINDS; kind++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                size_t n = sizes[s].n < 700 || widths[w] == 17 ? sizes[s].n : 100;
                point_set p = set_make((enum set_kind)kind, n, widths[w]);
                gn_mat x = gn_mat_f32(p.x, p.n, p.d);
                check(x, sizes[s].k, GN_EUCLIDEAN, p.name);
                /* in the plane some are so nearly parallel that unit vectors in float64 cannot tell
                 */
                bool cosine = widths[w] != 2 && widths[w] < 1000 && !has_zero_row(&p);
                if (cosine) check(x, sizes[s].k, GN_COSINE, p.name);
                free(p.x);
            }
}

/* The same in float64, where near-duplicates differ in digits that float32 does not have. */
TEST(near_duplicates_in_float64) {
    static const size_t widths[] = {1, 3, 17};
    enum { M = 200 };
    for (size_t w = 0; w < 3; w++) {
        size_t d = widths[w];
        double *x = malloc(M * d * sizeof *x);
        gn_random r = gn_random_new(31, w);
        for (size_t i = 0; i < M * d; i++)
            x[i] = i / d % 4 ? nextafter(x[i - d], 10) : 1e3 + gn_random_normal(&r);
        check(gn_mat_f64(x, M, d), 9, GN_EUCLIDEAN, "float64 near duplicates");
        check(gn_mat_f64(x, M, d), M - 1, GN_EUCLIDEAN, "float64 near duplicates");
        free(x);
    }
}

/* Unit vectors along the axes, each moved by less than float32 products can tell: every point is a
 * candidate for every place, and only the error bound keeps the right ones in. */
TEST(equally_far_but_for_rounding) {
    enum { M = 400 };
    float *x = malloc((size_t)M * M * sizeof *x);
    gn_random r = gn_random_new(32, 0);
    for (size_t e = 0; e < (size_t)M * M; e++)
        x[e] = (e / M == e % M ? 1 : 0) + 3e-8F * (float)gn_random_normal(&r);
    check(gn_mat_f32(x, M, M), 12, GN_EUCLIDEAN, "equally far");
    free(x);
    double *y = malloc((size_t)M * 3 * sizeof *y); /* a cloud too small for float32 at its place */
    for (size_t e = 0; e < (size_t)M * 3; e++) y[e] = 1 + 1e-9 * gn_random_normal(&r);
    y[0] = -1e3;
    check(gn_mat_f64(y, M, 3), 12, GN_EUCLIDEAN, "a far point and a small cloud in float64");
    free(y);
}

int main(void) {
    gn_error err;
    for (int cpu = GN_CPU_SCALAR; cpu <= GN_CPU_AMX; cpu++)
        for (unsigned threads = 1; threads <= 2; threads++) {
            gn_ctx_opts opts = {.n_threads = threads, .cpu = (gn_cpu)cpu};
            if (!gn_cpu_has((gn_cpu)cpu) || (test_quick() && (gn_cpu)cpu != gn_cpu_best()))
                continue;
            if (gn_ctx_new(&opts, &machine[n_machines], &err) != GN_OK) return 1;
            n_machines++;
        }
    RUN(hard_sets_of_every_width_on_every_machine);
    RUN(near_duplicates_in_float64);
    RUN(equally_far_but_for_rounding);
    while (n_machines) gn_ctx_free(machine[--n_machines]);
    return tap_done();
}
