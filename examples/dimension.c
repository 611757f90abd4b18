/* The intrinsic dimension of a matrix in twenty lines of the public interface.
 *
 *     cc dimension.c $(pkg-config --cflags --libs gonio) -o dimension && ./dimension X.npy
 */
#include <gonio/id.h>
#include <gonio/io.h>
#include <gonio/neighbors.h>

#include <stdio.h>

int main(int argc, char **argv) {
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_matrix *x = NULL;
    gn_knn *knn = NULL;
    gn_id_estimate id;
    int status = 1;
    if (argc != 2) {
        fprintf(stderr, "usage: dimension X.npy\n");
        return 64;
    }
    if (gn_ctx_new(NULL, &ctx, &err) == GN_OK && gn_matrix_open(argv[1], &x, &err) == GN_OK &&
        gn_knn_compute(ctx, gn_matrix_view(x), &(gn_knn_opts){.k = 2}, &knn, &err) == GN_OK &&
        gn_id_twonn(gn_mat_f32(knn->distance, knn->n, knn->k), NULL, &id, &err) == GN_OK) {
        printf("%.2f +- %.2f from %zu points\n", id.dim, id.se, id.n);
        status = 0;
    } else {
        fprintf(stderr, "dimension: %s\n", err.message);
    }
    gn_knn_free(knn);
    gn_matrix_free(x);
    gn_ctx_free(ctx);
    return status;
}
