/* Neighbour lists of four rows: the input is the file of indices (first byte even) or of distances
 * (odd); the other is as it should be. Whatever is read keeps the promises of gn_knn. */
#include "gonio/neighbors.h"

#include "files.h"
#include "fuzz.h"

enum { N = 4, K = 2, MOST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static int32_t index[N * K] = {1, 2, 0, 2, 1, 3, 2, 1};
    static float distance[N * K] = {1, 2, 1, 1, 1, 1, 1, 2};
    gn_error err = {0};
    gn_knn good = {.n = N, .k = K, .index = index, .distance = distance}, *knn = NULL;
    char prefix[MOST], path[MOST + 32];
    if (size == 0) return 0;
    snprintf(prefix, sizeof prefix, "%s", tmp_path("fuzz-knn"));
    snprintf(path, sizeof path, "%s.%s.npy", prefix, data[0] % 2 ? "distance" : "index");
    fuzz_require(gn_knn_write(&good, prefix, &err) == GN_OK);
    fuzz_require(put_file(path, data + 1, size - 1));
    if (gn_knn_read(prefix, N, &knn, &err) != GN_OK) {
        fuzz_require(knn == NULL && strstr(err.message, "fuzz-knn"));
        return 0;
    }
    fuzz_require(knn->n == N && knn->k >= 1 && knn->k < N);
    for (size_t i = 0; i < N; i++)
        for (size_t p = 0; p < knn->k; p++) {
            int32_t j = knn->index[i * knn->k + p];
            const float *r = knn->distance + i * knn->k + p;
            fuzz_require(j >= 0 && j < N && j != (int32_t)i);
            fuzz_require(*r >= 0 && *r - *r == 0 && (p == 0 || r[0] >= r[-1]));
        }
    gn_knn_free(knn);
    return 0;
}
