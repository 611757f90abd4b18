/* t-SNE and UMAP: the graphs they start from, the loss they report, the maps they end with. */
#include "base/mem.h"
#include "base/random.h"
#include "gonio/map.h"
#include "projection/graph.h"
#include "projection/umap.h"
#include "support/tap.h"

enum { N = 600, D = 10, CLUSTERS = 6 };

/* N points in CLUSTERS Gaussian clusters; the cluster of row i is i % CLUSTERS. */
static float *clusters(double distance) {
    float *x = gn_alloc(N * D, sizeof *x);
    double centre[CLUSTERS][D];
    gn_random r = gn_random_new(5, 0);
    for (int c = 0; c < CLUSTERS; c++)
        for (int j = 0; j < D; j++) centre[c][j] = distance * gn_random_normal(&r);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++)
            x[i * D + j] = (float)(centre[i % CLUSTERS][j] + gn_random_normal(&r));
    return x;
}

static gn_knn *lists(gn_ctx *ctx, const float *x, size_t n, size_t k) {
    gn_knn *knn = NULL;
    CHECK(gn_knn_compute(ctx, gn_mat_f32(x, n, D), &(gn_knn_opts){.k = k}, &knn, NULL) == GN_OK);
    return knn;
}

/* Share of points whose nearest neighbour on the map is of their cluster. */
static double purity(gn_mat y) {
    const double *p = y.data;
    size_t good = 0;
    for (size_t i = 0; i < y.rows; i++) {
        double best = (double)INFINITY;
        size_t nearest = i;
        for (size_t j = 0; j < y.rows; j++) {
            double d2 = 0;
            for (size_t c = 0; c < y.cols; c++)
                d2 += (p[i * y.cols + c] - p[j * y.cols + c]) *
                      (p[i * y.cols + c] - p[j * y.cols + c]);
            if (j != i && d2 < best) {
                best = d2;
                nearest = j;
            }
        }
        good += nearest % CLUSTERS == i % CLUSTERS;
    }
    return (double)good / (double)y.rows;
}

TEST(graph) {
    /* 0 <-> 1 both ways, 2 -> 0 one way, an edge of weight 0. */
    const int32_t index[] = {1, 2, 0, 2, 0, 1};
    const double weight[] = {0.5, 0, 0.25, 0, 0.8, 0};
    for (int join = 0; join < 2; join++) {
        gn_graph *g = NULL;
        REQUIRE(gn_graph_new(index, weight, 3, 2, (gn_graph_join)join, &g, NULL) == GN_OK);
        CHECK(g->start[1] == 2 && g->start[2] == 3 && g->start[3] == 4);
        CHECK(g->index[0] == 1 && g->index[1] == 2 && g->index[2] == 0 && g->index[3] == 0);
        const double both = join ? 0.5 + 0.25 - 0.125 : 0.375, one = join ? 0.8 : 0.4;
        CHECK_NEAR((double)g->weight[0], both, 1e-7);
        CHECK_NEAR((double)g->weight[2], both, 1e-7);
        CHECK_NEAR((double)g->weight[1], one, 1e-7);
        CHECK_NEAR((double)g->weight[3], one, 1e-7);
        gn_graph_free(g);
    }
}

TEST(perplexity) {
    enum { K = 30 };
    float d[3 * K];
    double w[3 * K];
    for (int j = 0; j < K; j++) {
        d[j] = 1 + 0.1f * (float)j;
        d[K + j] = 1e4f + (float)j; /* far, with small differences */
        d[2 * K + j] = 2;           /* all equally far: equal weights, whatever is asked for */
    }
    REQUIRE(gn_perplexity_weights(NULL, d, 3, K, K, 10, w, NULL) == GN_OK);
    for (int i = 0; i < 3; i++) {
        double sum = 0, h = 0;
        for (int j = 0; j < K; j++) {
            sum += w[i * K + j];
            h -= w[i * K + j] > 0 ? w[i * K + j] * log(w[i * K + j]) : 0;
        }
        CHECK_NEAR(sum, 1, 1e-12);
        CHECK_NEAR(exp(h), i < 2 ? 10 : K, 1e-6);
    }
}

/* The loss that is reported is the divergence between P and Q, computed here pair by pair. */
TEST(tsne_loss) {
    float *x = clusters(3);
    gn_knn *knn = lists(NULL, x, N, 60);
    gn_map *l = NULL;
    const gn_tsne_opts opts = {.perplexity = 20, .n_early = 50, .n_steps = 60};
    REQUIRE(gn_tsne_new(NULL, knn, (gn_mat){0}, false, &opts, &l, NULL) == GN_OK);
    REQUIRE(gn_map_run(NULL, l, 100, NULL) == GN_OK);
    double *y = gn_alloc(2 * N, sizeof *y), *w = gn_alloc(N * 60, sizeof *w), z = 0, kl = 0;
    memcpy(y, gn_map_positions(l).data, 2 * N * sizeof *y);
    REQUIRE(gn_map_run(NULL, l, 1, NULL) == GN_OK); /* step 100 measures where it starts */
    gn_graph *p = NULL;
    REQUIRE(gn_perplexity_weights(NULL, knn->distance, N, 60, 60, 20, w, NULL) == GN_OK);
    REQUIRE(gn_graph_new(knn->index, w, N, 60, GN_JOIN_MEAN, &p, NULL) == GN_OK);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            if (i != j)
                z += 1 / (1 + pow(y[2 * i] - y[2 * j], 2) + pow(y[2 * i + 1] - y[2 * j + 1], 2));
    for (size_t i = 0; i < N; i++)
        for (size_t e = p->start[i]; e < p->start[i + 1]; e++) {
            const size_t j = (size_t)p->index[e];
            const double v = (double)p->weight[e] / N;
            const double q =
                1 / z / (1 + pow(y[2 * i] - y[2 * j], 2) + pow(y[2 * i + 1] - y[2 * j + 1], 2));
            kl += v * log(v / q);
        }
    printf("# loss %.8f, pair by pair %.8f\n", gn_map_get(l).loss, kl);
    CHECK_NEAR(gn_map_get(l).loss, kl, 1e-8); /* P, rounded to float32, sums to 1 - 3e-9 */
    gn_graph_free(p);
    gn_map_free(l);
    gn_knn_free(knn);
    gn_free(x);
    gn_free(y);
    gn_free(w);
}

/* One step from a given map, from rest: -rate gain g, the gain 1.2 where the gradient g is positive
 * (a velocity of 0 counts as disagreeing then) and 0.8 elsewhere, minus the mean. g pair by pair.
 */
TEST(tsne_gradient) {
    enum { K = 60 };
    const double rate = 30, perplexity = 20;
    float *x = clusters(3);
    gn_knn *knn = lists(NULL, x, N, K);
    double *w = gn_alloc(N * K, sizeof *w);
    gn_graph *p = NULL;
    REQUIRE(gn_perplexity_weights(NULL, knn->distance, N, K, K, perplexity, w, NULL) == GN_OK);
    REQUIRE(gn_graph_new(knn->index, w, N, K, GN_JOIN_MEAN, &p, NULL) == GN_OK);
    for (size_t dim = 1; dim <= 3; dim++) {
        double *y = gn_alloc(N * dim, sizeof *y), *want = gn_alloc(N * dim, sizeof *want);
        double z = 0, mean[3] = {0}, error = 0, size = 0;
        gn_random r = gn_random_new(4, dim);
        for (size_t i = 0; i < N * dim; i++) y[i] = 8 * gn_random_normal(&r);
        for (size_t i = 0; i < N; i++)
            for (size_t c = 0; c < dim; c++) mean[c] += y[i * dim + c] / N;
        for (size_t i = 0; i < N * dim; i++) y[i] -= mean[i % dim];
        for (int pass = 0; pass < 2; pass++) /* Z first */
            for (size_t i = 0; i < N; i++) {
                double g[3] = {0};
                size_t e = p->start[i];
                for (size_t j = 0; j < N; j++) {
                    double d2 = 0, share = 0;
                    for (size_t c = 0; c < dim; c++) d2 += pow(y[i * dim + c] - y[j * dim + c], 2);
                    if (j == i) continue;
                    if (e < p->start[i + 1] && (size_t)p->index[e] == j)
                        share = (double)p->weight[e++] / N;
                    if (pass == 0) z += 1 / (1 + d2);
                    for (size_t c = 0; c < dim && pass == 1; c++)
                        g[c] += (share - 1 / (1 + d2) / z) / (1 + d2) *
                                (y[i * dim + c] - y[j * dim + c]);
                }
                for (size_t c = 0; c < dim; c++)
                    want[i * dim + c] = -rate * (g[c] > 0 ? 1.2 : 0.8) * g[c];
            }
        memset(mean, 0, sizeof mean);
        for (size_t i = 0; i < N * dim; i++) mean[i % dim] += want[i] / N;
        gn_map *l = NULL;
        const gn_tsne_opts opts = {
            .dim = dim, .perplexity = perplexity, .learning_rate = rate, .n_steps = 5};
        REQUIRE(gn_tsne_new(NULL, knn, gn_mat_f64(y, N, dim), true, &opts, &l, NULL) == GN_OK);
        REQUIRE(gn_map_run(NULL, l, 1, NULL) == GN_OK);
        const double *now = gn_map_positions(l).data;
        for (size_t i = 0; i < N * dim; i++) {
            error += pow(now[i] - y[i] - (want[i] - mean[i % dim]), 2);
            size += pow(want[i], 2);
        }
        printf("# dim %zu: relative error of a step %.1e\n", dim, sqrt(error / size));
        CHECK(sqrt(error / size) < 1e-6);
        gn_map_free(l);
        gn_free(y);
        gn_free(want);
    }
    gn_graph_free(p);
    gn_knn_free(knn);
    gn_free(x);
    gn_free(w);
}

TEST(tsne_clusters) {
    float *x = clusters(3);
    gn_knn *knn = lists(NULL, x, N, 90);
    for (size_t dim = 1; dim <= 3; dim++) {
        gn_map *l = NULL;
        const size_t steps = 100;
        const gn_tsne_opts opts = {.dim = dim, .n_early = steps, .n_steps = steps / 2};
        REQUIRE(gn_tsne_new(NULL, knn, (gn_mat){0}, false, &opts, &l, NULL) == GN_OK);
        REQUIRE(gn_map_run(NULL, l, SIZE_MAX, NULL) == GN_OK);
        CHECK(gn_map_get(l).step == opts.n_early + opts.n_steps);
        CHECK(purity(gn_map_positions(l)) > 0.97);
        gn_map_free(l);
    }
    gn_knn_free(knn);
    gn_free(x);
}

TEST(umap_clusters) {
    float *x = clusters(3);
    gn_knn *knn = lists(NULL, x, N, 14);
    for (size_t dim = 2; dim <= 3; dim++) {
        gn_map *l = NULL;
        REQUIRE(gn_umap_new(NULL, knn, (gn_mat){0},
                            &(gn_umap_opts){.dim = dim, .min_dist = -1, .n_steps = 100}, &l,
                            NULL) == GN_OK);
        REQUIRE(gn_map_run(NULL, l, SIZE_MAX, NULL) == GN_OK);
        CHECK(purity(gn_map_positions(l)) > 0.97);
        gn_map_free(l);
    }
    gn_knn_free(knn);
    gn_free(x);
}

/* The paper's defaults: a = 1.577, b = 0.895 as umap-learn prints them. */
/* Each row's part, by its definition pair by pair; the parts of all rows are the map's. */
TEST(umap_cross_entropy) {
    enum { M = 70, K = 6 };
    static const double a = 1.577, b = 0.895;
    gn_random r = gn_random_new(11, 0);
    int32_t index[M * K], row[M];
    double weight[M * K], y[2 * M], each[M], dense[M][M] = {{0}};
    for (int i = 0; i < M; i++) {
        row[i] = i;
        for (int x = 0; x < 2; x++) y[2 * i + x] = 4 * gn_random_normal(&r);
        for (int j = 0; j < K; j++) {
            index[i * K + j] = (i + 1 + 3 * j) % M;
            weight[i * K + j] = j == 0 ? 1 : gn_random_uniform(&r);
        }
    }
    y[10] = y[8], y[11] = y[9]; /* points 4 and 5 lie in one place, and an edge joins them, */
    y[60] = y[0], y[61] = y[1]; /* 30 and 0 with none between */
    gn_graph *g = NULL;
    REQUIRE(gn_graph_new(index, weight, M, K, GN_JOIN_UNION, &g, NULL) == GN_OK);
    for (size_t i = 0; i < M; i++)
        for (size_t e = g->start[i]; e < g->start[i + 1]; e++)
            dense[i][g->index[e]] = (double)g->weight[e];
    for (unsigned threads = 1; threads <= 2; threads++) {
        gn_ctx *ctx = NULL;
        REQUIRE(gn_ctx_new(&(gn_ctx_opts){.n_threads = threads}, &ctx, NULL) == GN_OK);
        REQUIRE(gn_umap_cross_entropy(ctx, &(gn_umap_loss){g, a, b, 5, y, 2, row, M, each}, NULL) ==
                GN_OK);
        for (int i = 0; i < M; i++) {
            double want = 0, degree = 0;
            for (int j = 0; j < M; j++) degree += dense[i][j];
            for (int j = 0; j < M; j++) {
                if (j == i) continue;
                const double d2 = pow(y[2 * i] - y[2 * j], 2) + pow(y[2 * i + 1] - y[2 * j + 1], 2);
                const double v = fmin(1 / (1 + a * pow(d2, b)), 1 - 1e-4), w = dense[i][j];
                want -= w * log(v) + 5 * degree / (2 * M) * log(1 - v);
            }
            CHECK_NEAR(each[i], want, 1e-10 * (1 + want));
        }
        gn_ctx_free(ctx);
    }
    gn_graph_free(g);
}

/* Of all rows where there are at most a hundred; it falls as the map is made. */
TEST(umap_loss) {
    float *x = clusters(5);
    for (size_t n = 80; n <= N; n += N - 80) {
        gn_knn *knn = lists(NULL, x, n, 14);
        gn_map *l = NULL;
        double first;
        REQUIRE(gn_umap_new(NULL, knn, (gn_mat){0}, &(gn_umap_opts){.min_dist = -1, .n_steps = 400},
                            &l, NULL) == GN_OK);
        CHECK(isnan(gn_map_get(l).loss) && isnan(gn_map_get(l).loss_se));
        REQUIRE(gn_map_run(NULL, l, 50, NULL) == GN_OK);
        first = gn_map_get(l).loss;
        REQUIRE(gn_map_run(NULL, l, SIZE_MAX, NULL) == GN_OK);
        const gn_map_state s = gn_map_get(l);
        printf("# %zu rows: %g, in the end %g +- %g\n", n, first, s.loss, s.loss_se);
        CHECK(s.loss > 0 && s.loss < first);
        CHECK(n <= 100 ? s.loss_se == 0 : s.loss_se > 0 && s.loss_se < s.loss / 4);
        gn_map_free(l);
        gn_knn_free(knn);
    }
    gn_free(x);
}

TEST(umap_curve) {
    double a, b;
    gn_umap_curve(0.1, 1, &a, &b);
    CHECK_NEAR(a, 1.576943460405378, 1e-5);
    CHECK_NEAR(b, 0.8950608781227859, 1e-5);
}

/* A graph in six pieces: every piece keeps together and away from the others. */
TEST(umap_components) {
    float *x = clusters(1000);
    gn_knn *knn = lists(NULL, x, N, 14);
    gn_map *l = NULL;
    REQUIRE(gn_umap_new(NULL, knn, (gn_mat){0}, &(gn_umap_opts){.min_dist = -1, .n_steps = 50}, &l,
                        NULL) == GN_OK);
    CHECK(purity(gn_map_positions(l)) == 1); /* the start already */
    REQUIRE(gn_map_run(NULL, l, SIZE_MAX, NULL) == GN_OK);
    CHECK(purity(gn_map_positions(l)) == 1);
    gn_map_free(l);
    gn_knn_free(knn);
    gn_free(x);
}

/* Each point and its nearest one: as few as there can be, in many pieces. */
TEST(umap_of_two_neighbors) {
    float *x = clusters(8);
    gn_knn *knn = lists(NULL, x, N, 14);
    gn_map *l = NULL;
    const gn_umap_opts opts = {.n_neighbors = 2, .min_dist = -1, .n_steps = 100};
    REQUIRE(gn_umap_new(NULL, knn, (gn_mat){0}, &opts, &l, NULL) == GN_OK);
    REQUIRE(gn_map_run(NULL, l, SIZE_MAX, NULL) == GN_OK);
    const double *y = gn_map_positions(l).data;
    size_t near = 0;
    for (size_t i = 0; i < N; i++) {
        const size_t j = (size_t)knn->index[i * 14];
        CHECK(isfinite(y[2 * i]) && isfinite(y[2 * i + 1]));
        near += hypot(y[2 * i] - y[2 * j], y[2 * i + 1] - y[2 * j + 1]) < 2;
    }
    printf("# %zu of %d are near their nearest\n", near, N);
    CHECK(near > N * 9 / 10);
    gn_map_free(l);
    gn_knn_free(knn);
    gn_free(x);
}

TEST(threads_and_pauses) {
    float *x = clusters(2);
    for (int method = 0; method < 2; method++) {
        double *first = gn_alloc(2 * N, sizeof *first);
        for (unsigned t = 1; t <= 2; t++) {
            gn_ctx *ctx = NULL;
            CHECK(gn_ctx_new(&(gn_ctx_opts){.n_threads = t, .seed = 9}, &ctx, NULL) == GN_OK);
            gn_knn *knn = lists(ctx, x, N, 90);
            gn_map *l = NULL;
            CHECK((method ? gn_umap_new(ctx, knn, (gn_mat){0},
                                        &(gn_umap_opts){.min_dist = -1, .n_steps = 30}, &l, NULL)
                          : gn_tsne_new(ctx, knn, (gn_mat){0}, false,
                                        &(gn_tsne_opts){.n_early = 10, .n_steps = 20}, &l, NULL)) ==
                  GN_OK);
            /* In one go with one thread, in pieces with two. */
            while (gn_map_get(l).step < 30)
                CHECK(gn_map_run(ctx, l, t == 1 ? 1000 : 7, NULL) == GN_OK);
            const double *y = gn_map_positions(l).data;
            if (t == 1)
                memcpy(first, y, 2 * N * sizeof *y);
            else
                CHECK(memcmp(first, y, 2 * N * sizeof *y) == 0);
            gn_map_free(l);
            gn_knn_free(knn);
            gn_ctx_free(ctx);
        }
        gn_free(first);
    }
    gn_free(x);
}

/* Against ranks by sorting, on a map that keeps some neighbours and not others. */
TEST(quality) {
    float *x = clusters(1);
    gn_knn *knn = lists(NULL, x, N, 10);
    double *y = gn_alloc(2 * N, sizeof *y), trust = 0, continuity = 0, kept = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < 2; c++) y[2 * i + c] = (double)x[i * D + c];
    gn_map_quality q;
    float share[N];
    REQUIRE(gn_map_quality_compute(NULL, gn_mat_f32(x, N, D), knn, gn_mat_f64(y, N, 2),
                                   &(gn_map_quality_opts){.k = 10, .n_sample = N}, share, &q,
                                   NULL) == GN_OK);
    for (size_t i = 0; i < N; i++) {
        /* rank of every row in the space and on the map, by counting pairs */
        for (size_t j = 0; j < N; j++) {
            if (j == i) continue;
            size_t rank[2] = {1, 1};
            for (size_t l = 0; l < N; l++) {
                double a[2] = {0}, b[2] = {0};
                if (l == i) continue;
                for (size_t c = 0; c < D; c++) {
                    a[0] += pow((double)x[i * D + c] - (double)x[l * D + c], 2);
                    b[0] += pow((double)x[i * D + c] - (double)x[j * D + c], 2);
                }
                for (size_t c = 0; c < 2; c++) {
                    a[1] += pow(y[2 * i + c] - y[2 * l + c], 2);
                    b[1] += pow(y[2 * i + c] - y[2 * j + c], 2);
                }
                for (int s = 0; s < 2; s++) rank[s] += a[s] < b[s];
            }
            if (rank[1] <= 10 && rank[0] > 10) trust += (double)rank[0] - 10;
            if (rank[0] <= 10 && rank[1] > 10) continuity += (double)rank[1] - 10;
            kept += rank[0] <= 10 && rank[1] <= 10;
        }
        if (test_quick() && i == 20) break;
    }
    if (!test_quick()) {
        const double scale = 2 / (N * 10.0 * (2.0 * N - 31));
        CHECK_NEAR(q.trustworthiness, 1 - scale * trust, 1e-12);
        CHECK_NEAR(q.continuity, 1 - scale * continuity, 1e-12);
        CHECK_NEAR(q.kept, kept / (10.0 * N), 1e-7); /* shares are float32 */
    }
    CHECK(q.n_sampled == N && q.k == 10 && q.kept > 0.05 && q.kept < 0.9);
    double mean = 0;
    for (size_t i = 0; i < N; i++) mean += (double)share[i] / N;
    CHECK_NEAR(mean, q.kept, 1e-6);
    /* The space itself as its map keeps everything. */
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < 2; c++) x[i * D + c] = (float)y[2 * i + c];
    for (size_t i = 0; i < N; i++)
        for (size_t c = 2; c < D; c++) x[i * D + c] = 0;
    gn_knn *same = lists(NULL, x, N, 10);
    REQUIRE(gn_map_quality_compute(NULL, gn_mat_f32(x, N, D), same, gn_mat_f64(y, N, 2), NULL, NULL,
                                   &q, NULL) == GN_OK);
    CHECK(q.kept == 1 && q.trustworthiness == 1 && q.continuity == 1);
    gn_knn_free(knn);
    gn_knn_free(same);
    gn_free(x);
    gn_free(y);
}

static bool always(void *user) {
    (void)user;
    return true;
}

/* The gauge of all rows is what the quality of the whole map says; of some, within its error. */
TEST(gauge) {
    float *x = clusters(3);
    gn_knn *knn = lists(NULL, x, N, 30);
    const gn_mat space = gn_mat_f32(x, N, D);
    gn_random r = gn_random_new(2, 0);
    double *y = gn_alloc(2 * N, sizeof *y);
    for (size_t i = 0; i < 2 * N; i++) /* two of the vectors' columns, blurred */
        y[i] = (double)x[i / 2 * D + i % 2] + 0.3 * gn_random_normal(&r);
    const gn_mat map = gn_mat_f64(y, N, 2);
    gn_map_quality want, got;
    REQUIRE(gn_map_quality_compute(NULL, space, knn, map, NULL, NULL, &want, NULL) == GN_OK);
    for (size_t m = 100; m <= N; m += N - 100) {
        gn_map_gauge *g = NULL;
        REQUIRE(gn_map_gauge_new(NULL, space, knn, &(gn_map_quality_opts){.n_sample = m}, &g,
                                 NULL) == GN_OK);
        REQUIRE(gn_map_gauge_read(NULL, g, map, &got, NULL) == GN_OK);
        CHECK(got.k == 15 && got.n_kept == m && got.n_sampled == 0 && isnan(got.trustworthiness));
        CHECK_NEAR(got.kept, want.kept, m == N ? 1e-12 : 4 * got.kept_se);
        if (m == N) CHECK_NEAR(got.kept_se, want.kept_se, 1e-12);
        CHECK(gn_map_gauge_read(NULL, g, gn_mat_f64(y, N - 1, 2), &got, NULL) == GN_EINVAL);
        gn_map_gauge_free(g);
    }
    gn_free(y);
    gn_free(x);
    gn_knn_free(knn);
}

TEST(refusals) {
    float *x = clusters(2);
    gn_knn *knn = lists(NULL, x, N, 14), *three = lists(NULL, x, 3, 2),
           *four = lists(NULL, x, 4, 3);
    gn_map *l = NULL;
    gn_error err;
    CHECK(gn_tsne_new(NULL, three, (gn_mat){0}, false, NULL, &l, &err) == GN_EINVAL);
    CHECK(strstr(err.message, "3 rows, expected at least 4") != NULL);
    CHECK(gn_umap_new(NULL, three, (gn_mat){0}, NULL, &l, &err) == GN_EINVAL);
    CHECK(gn_tsne_new(NULL, knn, (gn_mat){0}, false, &(gn_tsne_opts){.dim = 4}, &l, &err) ==
          GN_EINVAL);
    CHECK(gn_tsne_new(NULL, knn, (gn_mat){0}, false, &(gn_tsne_opts){.perplexity = 0.5}, &l,
                      &err) == GN_EINVAL);
    CHECK(gn_umap_new(NULL, knn, (gn_mat){0}, &(gn_umap_opts){.min_dist = 2}, &l, &err) ==
          GN_EINVAL);
    CHECK(gn_umap_new(NULL, knn, (gn_mat){0}, &(gn_umap_opts){.n_neighbors = 1}, &l, &err) ==
          GN_EINVAL);
    CHECK(strstr(err.message, "n_neighbors >= 2") != NULL);
    double y[2 * N] = {0};
    CHECK(gn_tsne_new(NULL, knn, gn_mat_f64(y, N - 1, 2), false, NULL, &l, &err) == GN_EINVAL);
    y[7] = (double)NAN;
    CHECK(gn_umap_new(NULL, knn, gn_mat_f64(y, N, 2), NULL, &l, &err) == GN_EDATA);
    CHECK(strstr(err.message, "row 3, column 1") != NULL);
    CHECK(l == NULL);
    /* The smallest map, and one that is cancelled before its first step. */
    CHECK(gn_tsne_new(NULL, four, (gn_mat){0}, false, NULL, &l, &err) == GN_OK);
    CHECK(gn_map_run(NULL, l, 100, &err) == GN_OK);
    const double *p = gn_map_positions(l).data;
    for (int i = 0; i < 8; i++) CHECK(isfinite(p[i]));
    gn_ctx *ctx = NULL;
    CHECK(gn_ctx_new(&(gn_ctx_opts){.hooks.cancel = always}, &ctx, NULL) == GN_OK);
    CHECK(gn_map_run(ctx, l, 100, &err) == GN_ECANCEL);
    CHECK(gn_map_get(l).step == 100);
    gn_ctx_free(ctx);
    gn_map_free(l);
    gn_knn_free(knn);
    gn_knn_free(three);
    gn_knn_free(four);
    gn_free(x);
}

int main(void) {
    RUN(graph);
    RUN(perplexity);
    RUN(tsne_loss);
    RUN(tsne_gradient);
    RUN(tsne_clusters);
    RUN(umap_clusters);
    RUN(umap_cross_entropy);
    RUN(umap_loss);
    RUN(umap_curve);
    RUN(umap_components);
    RUN(umap_of_two_neighbors);
    RUN(threads_and_pauses);
    RUN(quality);
    RUN(gauge);
    RUN(refusals);
    return tap_done();
}
