/* Isotropy beside values that NumPy, SciPy and scikit-learn computed from the definitions by other
 * means (tests/golden/make_isotropy.py). The rows are exact in float32; all sums run in float64. */
#include "geometry_data.h"

#include "gonio/isotropy.h"
#include "gonio/lid.h"

#define TOLERANCE 1e-10 /* of sums of float64 numbers in another order */

static gn_error err;
static json_t *root;
static size_t n, d;
static double *x;
static int32_t *type, *sequence;

static bool read_cloud(void) {
    root = json_load_file(test_path("golden/isotropy/cloud.json"), 0, NULL);
    if (!root) return false;
    n = (size_t)golden(root, "n");
    d = (size_t)golden(root, "d");
    x = malloc(n * d * sizeof *x);
    type = malloc(n * sizeof *type);
    sequence = malloc(n * sizeof *sequence);
    const json_t *rows = json_object_get(root, "rows");
    const json_t *types = json_object_get(root, "type");
    const json_t *sequences = json_object_get(root, "sequence");
    if (json_array_size(rows) != n * d || json_array_size(types) != n) return false;
    for (size_t i = 0; i < n * d; i++) x[i] = json_number_value(json_array_get(rows, i));
    for (size_t i = 0; i < n; i++) {
        type[i] = (int32_t)json_integer_value(json_array_get(types, i));
        sequence[i] = (int32_t)json_integer_value(json_array_get(sequences, i));
    }
    return true;
}

static void check(const char *name, double got) {
    double want = golden(root, name);
    if (!(fabs(got - want) <= TOLERANCE * fmax(1, fabs(want))))
        printf("# %s: %.17g, golden %.17g\n", name, got, want);
    CHECK_NEAR(got, want, TOLERANCE * fmax(1, fabs(want)));
}

TEST(cosines) {
    gn_isotropy s;
    gn_context_cosines c;
    gn_isotropy_opts o = {.type = type, .sequence = sequence};
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, n, d), &o, &s, NULL, &err));
    check("inter", s.raw.inter);
    check("intra", s.raw.intra);
    check("inter_centred", s.centred.inter);
    check("intra_centred", s.centred.intra);
    OK(gn_context_compute(NULL, gn_mat_f64(x, n, d), &o, 0, &c, NULL, &err));
    check("baseline", c.baseline);
    check("sentence", c.sentence);
}

TEST(rogue_dimensions) {
    gn_isotropy_opts o = {.sequence = sequence};
    gn_context_cosines c;
    gn_repair *zscore;
    double *share = malloc(d * sizeof *share);
    OK(gn_repair_new(NULL, gn_mat_f64(x, n, d), GN_REPAIR_ZSCORE, NULL, &zscore, &err));
    for (int k = 0; k < 2; k++) {
        o.repair = k ? zscore : NULL;
        OK(gn_context_compute(NULL, gn_mat_f64(x, n, d), &o, 0, &c, share, &err));
        check(k ? "baseline_zscore" : "baseline", c.baseline);
        for (size_t j = 0; j < d; j++) {
            char path[32];
            snprintf(path, sizeof path, k ? "share_zscore/%zu" : "share/%zu", j);
            check(path, share[j]);
        }
    }
    gn_repair_free(zscore);
    free(share);
}

TEST(spectrum) {
    double *spectrum = malloc(d * sizeof *spectrum), *mean = malloc(d * sizeof *mean);
    double *c = malloc(d * d * sizeof *c), *half = malloc(d * d * sizeof *half);
    int32_t *row = malloc(n * sizeof *row);
    gn_isotropy s;
    gn_spectrum raw;
    for (size_t i = 0; i < n; i++) row[i] = (int32_t)i;
    gn_isotropy_arrays arrays = {spectrum, mean, c};
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, n, d), NULL, &s, &arrays, &err));
    check("isoscore", s.isoscore);
    check("participation_ratio", s.participation_ratio);
    check("effective_rank", s.effective_rank);
    check("top1_share", s.top1_share);
    CHECK(gn_spectrum_dims(spectrum, d, 0.8, true) == (size_t)golden(root, "dims_80"));
    OK(gn_spectrum_uncentred(c, mean, d, spectrum, &err));
    gn_spectrum_read(spectrum, d, &raw);
    check("rankme", raw.effective_rank);
    gn_isotropy_opts o = {.row = row, .n_rows = n / 2};
    OK(gn_isotropy_compute(NULL, gn_mat_f64(x, n, d), &o, &s,
                           &(gn_isotropy_arrays){.covariance = half}, &err));
    check("isoscore_star", gn_isoscore_star(half, c, d, golden(root, "zeta")));
    free(spectrum), free(mean), free(c), free(half), free(row);
}

TEST(partition_function) {
    gn_partition p;
    OK(gn_partition_compute(NULL, gn_mat_f64(x, n, d), NULL, &p, &err));
    check("partition/exact", p.exact);
    check("partition/first", p.first);
    check("partition/second", p.second);
    CHECK_NEAR(exp(p.log_exact), p.exact, 1e-12);
}

TEST(pairs_and_neighbours) {
    gn_pair_estimate u;
    gn_knn *knn;
    gn_hubness h;
    OK(gn_uniformity(NULL, gn_mat_f64(x, n, d), NULL, &u, &err));
    check("uniformity", u.value);
    size_t k = (size_t)golden(root, "k");
    OK(gn_knn_compute(NULL, gn_mat_f64(x, n, d), &(gn_knn_opts){.k = k}, &knn, &err));
    OK(gn_hubness_compute(knn, k, NULL, &h, &err));
    check("hubness_skewness", h.skewness);
    gn_knn_free(knn);
}

int main(void) {
    if (!read_cloud()) {
        printf("1..1\nnot ok 1 - the golden file is read\n");
        return 1;
    }
    RUN(cosines);
    RUN(rogue_dimensions);
    RUN(spectrum);
    RUN(partition_function);
    RUN(pairs_and_neighbours);
    free(x), free(type), free(sequence);
    json_decref(root);
    return tap_done();
}
