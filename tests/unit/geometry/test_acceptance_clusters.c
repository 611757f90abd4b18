/* Acceptance check 10 as far as a test suite can go (and the golden k* and densities that it stands
 * on): clusters of the golden sets, labels in range, searches that are cancelled. */
#include "acceptance.h"

#include "gonio/density.h"
#include "gonio/id.h"
#include "gonio/imbalance.h"

enum { K = 100 };

static void golden_density(const char *set, const char *name, const double *rho) {
    const json_t *root = sets()->root;
    double mean = 0, square = 0;
    for (size_t i = 0; i < N; i++) mean += rho[i] / N;
    for (size_t i = 0; i < N; i++) square += (rho[i] - mean) * (rho[i] - mean) / N;
    CHECK_GOLDEN(mean, root, "%s/%s_logden/mean", set, name);
    CHECK_GOLDEN(sqrt(square), root, "%s/%s_logden/std", set, name);
    for (size_t i = 0; i < 5; i++)
        CHECK_GOLDEN(rho[i], root, "%s/%s_logden/first5/%zu", set, name, i);
}

/* Clusters with and without halo: as many as DADApy's python version finds, of its sizes and with
 * its centres, and every label one of theirs. */
static void golden_clusters(const gn_knn *knn, const char *set, const char *density,
                            const int32_t *kstar, const double *rho, const double *se) {
    static int32_t label[N], halo[N], peak[N];
    const json_t *root = sets()->root;
    char path[96];
    gn_error err;
    gn_adp_summary a;
    OK(gn_adp(NULL, knn, kstar, rho, se, NULL, label, peak, &a, &err));
    snprintf(path, sizeof path, "%s/ADP_on_%s_Z1.65_purepython/N_clusters", set, density);
    size_t n_clusters = (size_t)golden(root, path), out_of_range = 0, n_halo = 0, changed = 0;
    REQUIRE(a.n_clusters == n_clusters && n_clusters < 10);
    size_t size[10] = {0};
    for (size_t i = 0; i < N; i++) {
        bool good = label[i] >= 0 && (size_t)label[i] < n_clusters;
        out_of_range += !good;
        if (good) size[label[i]]++;
    }
    CHECK(out_of_range == 0);
    for (size_t c = 0; c < n_clusters; c++) {
        snprintf(path, sizeof path, "%s/ADP_on_%s_Z1.65_purepython/sizes/%zu", set, density, c);
        CHECK(size[c] == (size_t)golden(root, path));
        snprintf(path, sizeof path, "%s/ADP_on_%s_Z1.65_purepython/centers/%zu", set, density, c);
        CHECK(peak[c] == (int32_t)golden(root, path));
        CHECK(label[peak[c]] == (int32_t)c);
    }
    OK(gn_adp(NULL, knn, kstar, rho, se, &(gn_adp_opts){.halo = true}, halo, NULL, &a, &err));
    for (size_t i = 0; i < N; i++) {
        n_halo += halo[i] == -1;
        changed += halo[i] != -1 && halo[i] != label[i];
    }
    CHECK(changed == 0 && n_halo == a.n_halo && a.n_clusters == n_clusters);
}

static void golden_set(gn_ctx *ctx, const char *set, const float *x, size_t d) {
    static int32_t kstar[N];
    static double rho[N], se[N];
    const json_t *root = sets()->root;
    gn_error err;
    gn_id_estimate e;
    gn_knn *knn = neighbors_of(ctx, gn_mat_f32(x, N, d), K);
    REQUIRE(knn);
    OK(gn_id_twonn(gn_mat_f32(knn->distance, N, K), NULL, &e, &err));
    OK(gn_kstar(NULL, knn, e.dim, 0, kstar, &err));
    const json_t *g = json_object_get(json_object_get(root, set), "kstar_alpha1e-6_maxk100");
    int32_t sum = 0, least = K, most = 0;
    for (size_t i = 0; i < N; i++) {
        sum += kstar[i];
        least = kstar[i] < least ? kstar[i] : least;
        most = kstar[i] > most ? kstar[i] : most;
    }
    CHECK(sum == (int32_t)golden(g, "sum") && least == (int32_t)golden(g, "min") &&
          most == (int32_t)golden(g, "max"));
    gn_density_opts o = {.method = GN_DENSITY_KNN, .dim = e.dim, .kstar = kstar, .k = 10};
    OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
    golden_density(set, "kNN10", rho);
    o.method = GN_DENSITY_KSTAR;
    OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
    golden_density(set, "kstarNN", rho);
    golden_clusters(knn, set, "kstarNN", kstar, rho, se);
    o.method = GN_DENSITY_PAK;
    OK(gn_density_compute(NULL, knn, &o, rho, se,
                          &err)); /* the maximum itself: the same clusters */
    golden_clusters(knn, set, "PAk", kstar, rho, se);
    o.dadapy = true;
    OK(gn_density_compute(NULL, knn, &o, rho, se, &err));
    golden_density(set, "PAk", rho);
    golden_clusters(knn, set, "PAk", kstar, rho, se);
    gn_knn_free(knn);
}

static void golden_sets(gn_ctx *ctx) {
    golden_set(ctx, "A", sets()->a, D_A);
    golden_set(ctx, "C", sets()->c, D_C);
}
TEST(check_10_golden_densities_and_clusters) {
    if (!sets()) SKIP("no shared data");
    on_every_machine(golden_sets);
}

/* ---- cancelling --------------------------------------------------------------------------------
 */

static int polls_left;
static bool stop_soon(void *user) {
    (void)user;
    return polls_left-- <= 0;
}

/* Whatever runs long says GN_ECANCEL and leaves its outputs alone, at once or in the middle. */
TEST(check_10_what_is_cancelled_leaves_nothing) {
    const shared_sets *s = sets();
    if (!s) SKIP("no shared data");
    gn_error err;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 2, .hooks.cancel = stop_soon}, &ctx, &err));
    const gn_mat x = gn_mat_f32(s->a, N, D_A);
    gn_knn *whole = neighbors_of(NULL, x, 1);
    REQUIRE(whole);
    for (int after = 0; after < 4; after++) {
        gn_knn *knn = NULL;
        gn_neighbors *both = NULL;
        gn_imbalance v = {.n = 99};
        gn_decimate_point p[10] = {{.n = 99}};
        size_t n = 99;
        polls_left = after;
        CHECK(gn_knn_compute(ctx, x, &(gn_knn_opts){.k = 64}, &knn, &err) == GN_ECANCEL && !knn);
        polls_left = after;
        CHECK(gn_knn_compute_distinct(ctx, x, &(gn_knn_opts){.k = 64}, &both, &err) == GN_ECANCEL);
        CHECK(!both);
        polls_left = after;
        CHECK(gn_imbalance_compute(ctx, whole, x, 1, NULL, &v, &err) == GN_ECANCEL && v.n == 99);
        polls_left = after;
        CHECK(gn_id_decimate(ctx, x, NULL, p, &n, &err) == GN_ECANCEL && n == 99 && p[0].n == 99);
    }
    gn_knn_free(whole);
    gn_ctx_free(ctx);
}

int main(void) {
    RUN(check_10_golden_densities_and_clusters);
    RUN(check_10_what_is_cancelled_leaves_nothing);
    return tap_done();
}
