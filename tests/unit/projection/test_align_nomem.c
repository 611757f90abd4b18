/* Every allocation that fails while maps are put on one another is reported, and leaves nothing. */
#include "fail_alloc.h"

#include "base/random.h"
#include "gonio/align.h"
#include "gonio/axes.h"
#include "gonio/map.h"
#include "gonio/mds.h"

enum { N = 40, D = 6 };
static float x[N * D];
static double place[N * 2], other[N * 2];

static void fill(void) {
    gn_random r = gn_random_new(3, 0);
    for (size_t i = 0; i < N * D; i++) x[i] = (float)gn_random_normal(&r);
    for (size_t i = 0; i < N * 2; i++) other[i] = gn_random_normal(&r);
}

static gn_status joint(void *user, gn_error *err) {
    const gn_joint_opts o = {.n_components = 2, .keep_means = true, .equal_layers = true};
    gn_joint *j = NULL;
    double share[2];
    (void)user;
    gn_status st = gn_joint_new(D, &o, &j, err);
    for (int l = 0; l < 2 && st == GN_OK; l++) st = gn_joint_add(NULL, j, gn_mat_f32(x, N, D), err);
    if (st == GN_OK) st = gn_joint_solve(j, err);
    if (st == GN_OK) st = gn_joint_project(NULL, j, 1, gn_mat_f32(x, N, D), place, share, err);
    gn_joint_free(j);
    return st;
}

static gn_status turn(void *user, gn_error *err) {
    gn_procrustes p;
    gn_displacement d;
    const gn_mat a = gn_mat_f32(x, N, 2), b = gn_mat_f64(other, N, 2);
    (void)user;
    gn_status st = gn_procrustes_fit(a, b, NULL, &p, err);
    return st == GN_OK ? gn_displacement_compute(a, b, &d, err) : st;
}

static gn_status pulled(void *user, gn_error *err) {
    const gn_knn *knn = user;
    gn_map *map = NULL;
    gn_status st = gn_umap_new(NULL, knn, gn_mat_f64(other, N, 2),
                               &(gn_umap_opts){.min_dist = -1, .n_steps = 3}, &map, err);
    for (int again = 0; again < 2 && st == GN_OK; again++)
        st = gn_map_pull(map, gn_mat_f64(other, N, 2), NULL, 0.1, err);
    if (st == GN_OK) st = gn_map_run(NULL, map, SIZE_MAX, err);
    gn_map_free(map);
    return st;
}

static gn_status places(void *user, gn_error *err) {
    static const int32_t left[] = {0, 1}, right[] = {2};
    static float table[N * N];
    const gn_axis_rows axes[2] = {{left, right, 2, 1}, {right, left, 1, 1}};
    (void)user;
    gn_status st = gn_axes_places(NULL, gn_mat_f32(x, N, D), axes, 2, NULL, place, err);
    if (st == GN_OK) st = gn_raw_places(gn_mat_f32(x, N, 2), place, err);
    return st == GN_OK ? gn_mds_distances(NULL, gn_mat_f32(x, N, D), GN_COSINE, table, err) : st;
}

TEST(memory) {
    gn_knn *knn = NULL;
    fill();
    REQUIRE(gn_knn_compute(NULL, gn_mat_f32(x, N, D), &(gn_knn_opts){.k = 14}, &knn, NULL) ==
            GN_OK);
    FAIL_SWEEP(joint, NULL, "a joint basis");
    FAIL_SWEEP(turn, NULL, "a turn");
    FAIL_SWEEP(pulled, knn, "a pulled map");
    FAIL_SWEEP(places, NULL, "places");
    gn_knn_free(knn);
}

int main(void) {
    RUN(memory);
    return tap_done();
}
