/* The search over the AMX kernels' coarse products (emulated tiles): a larger error may cost
 * candidates and redone rows, never a neighbour. */
#include "sets.h"

#include "base/cpu.h"
#include "neighbors/engine.h"

extern const gn_gemm gn_gemm_emulated1, gn_gemm_emulated2, gn_gemm_emulated3;

TEST(any_number_of_parts_gives_the_same_bytes) {
    if (!gn_cpu_has(GN_CPU_AVX512)) SKIP("the emulation needs AVX-512");
    static const gn_gemm *const kernels[] = {NULL, &gn_gemm_emulated1, &gn_gemm_emulated2,
                                             &gn_gemm_emulated3};
    gn_error err;
    gn_ctx *ctx;
    OK(gn_ctx_new(&(gn_ctx_opts){.n_threads = 1, .cpu = GN_CPU_AVX512}, &ctx, &err));
    for (int kind = 0; kind < SET_KINDS; kind++) {
        point_set p = set_make((enum set_kind)kind, 500, 40);
        uint64_t want = 0;
        size_t candidates[4] = {0};
        for (int g = 0; g < 4; g++) {
            gn_knn *knn;
            OK(gn_knn_search(ctx, gn_mat_f32(p.x, p.n, p.d), &(gn_knn_opts){.k = 8},
                             &(gn_engine_tuning){.gemm = kernels[g]}, &knn, &err));
            if (g == 0) want = knn_hash(knn);
            CHECK(knn_hash(knn) == want);
            candidates[g] = (size_t)(knn->n_candidates_per_row * (double)knn->n + 0.5);
            gn_knn_free(knn);
        }
        /* one part is coarser than float32, three are as good */
        if (kind == SET_GAUSS)
            CHECK(candidates[1] > candidates[0] && candidates[3] < candidates[1]);
        free(p.x);
    }
    gn_ctx_free(ctx);
}

/* What filter.c proves, checked pair by pair: both bounds hold, and the limit excludes nothing that
 * is as near as it claims. */
TEST(the_bound_covers_the_error) {
    if (!gn_cpu_has(GN_CPU_AVX512)) SKIP("the emulation needs AVX-512");
    static const gn_gemm *const kernels[] = {&gn_gemm_emulated1, &gn_gemm_emulated2,
                                             &gn_gemm_emulated3, NULL};
    gn_error err;
    for (int g = 0; g < 4; g++)
        for (int kind = 0; kind < SET_KINDS; kind++) {
            point_set p = set_make((enum set_kind)kind, 160, 300);
            gn_rows rows;
            gn_filter f;
            const gn_gemm *gemm = kernels[g] ? kernels[g] : gn_gemm_for(GN_CPU_AVX512, 0);
            rows = (gn_rows){.x = gn_mat_f32(p.x, p.n, p.d), .n = p.n};
            OK(gn_rows_prepare(NULL, &rows, NULL, &err));
            OK(gn_filter_new(NULL, &rows, gemm, 0, GN_ASKS | GN_ANSWERS, &f, &err));
            float *tile = malloc(gemm->mr * gemm->nr * sizeof *tile);
            double *row = malloc(p.d * sizeof *row);
            size_t wrong = 0, sharp = 0, all = 0;
            if (gemm->begin) gemm->begin();
            for (size_t i0 = 0; i0 < p.n; i0 += gemm->mr)
                for (size_t j0 = 0; j0 < p.n; j0 += gemm->nr) {
                    gemm->tile(gn_filter_a(&f, i0), gn_filter_b(&f, j0), f.k_padded, tile,
                               gemm->nr);
                    for (size_t i = i0; i < i0 + gemm->mr && i < p.n; i++) {
                        gn_rows_get(&rows, i, row);
                        for (size_t j = j0; j < j0 + gemm->nr && j < p.n; j++) {
                            float v = f.norm[j] - 2 * tile[(i - i0) * gemm->nr + j - j0];
                            double d = gn_rows_distance(&rows, row, j);
                            double up = gn_filter_upper(&f, i, f.length[j], f.residual[j], v);
                            double low = gn_filter_lower(&f, i, f.length[j], f.residual[j], v);
                            float limit = gn_filter_limit(&f, i, d, f.length[j], f.residual[j]);
                            wrong += !(low <= d && d <= up && !(v > limit));
                            sharp += up - low < 0.05 * d;
                            all++;
                        }
                    }
                }
            if (gemm->end) gemm->end();
            CHECK(wrong == 0);
            if (kind == SET_GAUSS) CHECK(sharp > all * 9 / 10); /* and says something */
            free(tile);
            free(row);
            free(p.x);
            gn_filter_free(&f);
            gn_rows_free(&rows);
        }
}

int main(void) {
    RUN(any_number_of_parts_gives_the_same_bytes);
    RUN(the_bound_covers_the_error);
    return tap_done();
}
