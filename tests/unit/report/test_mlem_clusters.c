/* Kinds of units: planted ones are found, units without one are left out, rows say the same. */
#include "tap.h"

#include "base/random.h"
#include "gonio/mlem_report.h"
#include "gonio/density.h"

enum { D = 90, F = 4 };

static void planted(double *profile, int32_t *kind) {
    static const double centre[3][F] = {{0.9, 0.1, 0, 0}, {0, 0.8, 0.2, 0}, {0.1, 0, 0, 0.9}};
    gn_random r = gn_random_new(2, 0);
    for (size_t u = 0; u < D; u++) {
        kind[u] = u % 9 == 8 ? -1 : (int32_t)(u % 3);
        for (size_t k = 0; k < F; k++)
            profile[u * F + k] =
                kind[u] < 0 ? 0 : fmax(0, centre[kind[u]][k] + 0.04 * gn_random_normal(&r));
    }
}

TEST(planted_kinds_are_found) {
    gn_error err;
    double profile[D * F], silhouette, ari;
    int32_t kind[D], cluster[D], found[D];
    size_t k;
    planted(profile, kind);
    OK(gn_mlem_cluster_units(NULL, profile, D, F, 0, cluster, &k, &silhouette, &err));
    CHECK(k == 3 && silhouette > 0.8);
    for (size_t u = 0; u < D; u++) {
        CHECK((cluster[u] == 0) == (kind[u] < 0));
        found[u] = cluster[u] - 1;
    }
    OK(gn_adjusted_rand(found, kind, D, &ari, &err));
    CHECK_NEAR(ari, 1, 1e-12);
    memset(profile, 0, sizeof profile);
    OK(gn_mlem_cluster_units(NULL, profile, D, F, 0, cluster, &k, &silhouette, &err));
    CHECK(k == 0 && isnan(silhouette) && cluster[0] == 0);
    CHECK(gn_mlem_cluster_units(NULL, profile, D, F, 1, cluster, &k, &silhouette, &err) ==
          GN_EINVAL);
}

TEST(rows_of_units_become_rows_of_kinds) {
    static const char *const names[F] = {"a", "b", "c", "d"};
    gn_error err;
    double profile[D * F];
    int32_t kind[D];
    gn_result *r = NULL;
    planted(profile, kind);
    OK(gn_result_new("mlem", &r, &err));
    for (size_t u = 0; u < D; u++) {
        gn_measurement m = {"set", 3, 0.5, "r2", "unit", 0.5, 0.01, 100, NULL};
        OK(gn_result_add(r, &m, &err));
        OK(gn_result_param_number(r, "unit", (double)u, &err));
        m.measure = "pfi";
        for (size_t k = 0; k < F; k++) {
            OK(gn_result_add(r, &m, &err));
            OK(gn_result_param_number(r, "unit", (double)u, &err));
            OK(gn_result_param_text(r, "feature", names[k], &err));
            OK(gn_result_param_number(r, "share", profile[u * F + k] / 2, &err));
            OK(gn_result_param_number(r, "p_corrected", kind[u] < 0 ? 0.5 : 1e-5, &err));
        }
    }
    OK(gn_mlem_add_clusters(NULL, r, 0, &err));
    size_t row = gn_result_find(r, 3, "unit_clusters", "", NULL, NULL);
    REQUIRE(row != SIZE_MAX);
    CHECK(gn_result_at(r, row).value == 3 && gn_result_at(r, row).n == 80);
    size_t units = 0, shares = 0;
    double total = 0;
    for (size_t i = 0; i < gn_result_count(r); i++) {
        gn_measurement m = gn_result_at(r, i);
        units += strcmp(m.measure, "unit_cluster") == 0;
        if (strcmp(m.measure, "unit_cluster_share") != 0) continue;
        shares++;
        total += m.value;
        CHECK(m.se < 0.02 && m.n >= 20);
    }
    CHECK(units == D && shares == 3 * F);
    CHECK(fabs(total - 3) < 0.2); /* each kind's profile sums to about 1 */
    gn_result_free(r);
}

int main(void) {
    RUN(planted_kinds_are_found);
    RUN(rows_of_units_become_rows_of_kinds);
    return tap_done();
}
