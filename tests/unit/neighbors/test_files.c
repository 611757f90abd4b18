/* Neighbour files: what is written is read back; what is damaged is named. */
#include "tap.h"

#include "gonio/io.h"
#include "gonio/neighbors.h"

enum { N = 4, K = 2 };
static int32_t index_data[N * K] = {1, 2, 0, 2, 1, 3, 2, 1};
static float distance_data[N * K] = {1, 2, 1, 1, 1, 1.5f, 1.5f, 3};

static gn_knn sample(void) {
    return (gn_knn){.n = N, .k = K, .index = index_data, .distance = distance_data};
}

TEST(round_trip) {
    gn_error err;
    gn_knn knn = sample(), *back = NULL;
    OK(gn_knn_write(&knn, tmp_path("knn_files"), &err));
    OK(gn_knn_read(tmp_path("knn_files"), N, &back, &err));
    CHECK(back->n == N && back->k == K);
    CHECK(memcmp(back->index, index_data, sizeof index_data) == 0);
    CHECK(memcmp(back->distance, distance_data, sizeof distance_data) == 0);
    gn_knn_free(back);
}

/* Writes the sample with one entry replaced and expects GN_EDATA with `part` in the message. */
static void damaged(int32_t index, float distance, const char *part) {
    gn_error err = {0};
    gn_knn knn = sample(), *back = NULL;
    int32_t i = index_data[3];
    float d = distance_data[3];
    index_data[3] = index;
    distance_data[3] = distance;
    gn_status st = gn_knn_write(&knn, tmp_path("knn_bad"), &err);
    index_data[3] = i;
    distance_data[3] = d;
    CHECK(st == GN_OK);
    CHECK(gn_knn_read(tmp_path("knn_bad"), N, &back, &err) == GN_EDATA && back == NULL);
    CHECK_CONTAINS(err.message, part);
}

TEST(damaged_files_are_named) {
    damaged(4, 1, "knn_bad.index.npy: row 1, column 1 is 4: expected another row, 0 to 3");
    damaged(-1, 1, "row 1, column 1 is -1");
    damaged(1, 1, "row 1, column 1 is 1: expected another row");
    damaged(2, 0.5f, "knn_bad.distance.npy: row 1, column 1 is 0.5: expected finite");
    damaged(2, NAN, "row 1, column 1 is nan");
}

TEST(shapes_must_agree) {
    gn_error err;
    gn_knn knn = sample(), *back = NULL;
    CHECK(gn_knn_read(tmp_path("knn_absent"), N, &back, &err) == GN_EIO);
    CHECK_CONTAINS(err.message, "knn_absent.index.npy");
    OK(gn_knn_write(&knn, tmp_path("knn_shape"), &err));
    CHECK(gn_knn_read(tmp_path("knn_shape"), 5, &back, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "(4, 2): expected int32 (5, k)");
    size_t shape[] = {N, 1};
    OK(gn_npy_write(tmp_path("knn_shape.distance.npy"), GN_F32, shape, 2, distance_data, &err));
    CHECK(gn_knn_read(tmp_path("knn_shape"), N, &back, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "has 2 neighbours a row");
    shape[1] = 2;
    OK(gn_npy_write(tmp_path("knn_shape.index.npy"), GN_F32, shape, 2, distance_data, &err));
    CHECK(gn_knn_read(tmp_path("knn_shape"), N, &back, &err) == GN_EDATA);
    CHECK_CONTAINS(err.message, "float32 (4, 2): expected int32");
    CHECK(back == NULL);
}

int main(void) {
    RUN(round_trip);
    RUN(damaged_files_are_named);
    RUN(shapes_must_agree);
    return tap_done();
}
