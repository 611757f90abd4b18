/* Delete-a-group jackknife (Tukey 1958; Shao & Wu 1989 for groups): rows are dealt to 10 groups by
 * the seed, each group is left out once, and
 *
 *     se^2 = (g - 1) / g  sum over groups of (theta without the group - mean of these)^2.
 */
#include "report/jackknife.h"

#include "base/mem.h"
#include "base/random.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

static const uint64_t stream = 0x6a61636b; /* "jack" */

gn_status gn_jackknife_new(gn_ctx *ctx, const gn_features *f, gn_jackknife *j, gn_error *err) {
    gn_status st;
    size_t n = f->n;
    *j = (gn_jackknife){.features = f};
    GN_TRY(gn_alloc_array(&j->feature, f->n_features, sizeof *j->feature, "features", err));
    GN_TRY(gn_alloc_array(&j->code, f->n_features * n, sizeof *j->code, "features", err));
    GN_TRY(gn_alloc_array(&j->row, n, sizeof *j->row, "rows", err));
    gn_random r = gn_random_new(gn_ctx_seed(ctx), stream);
    for (size_t i = 0; i < n; i++) j->row[i] = (int32_t)i;
    for (size_t i = n; i-- > 1;) {
        size_t other = (size_t)gn_random_below(&r, i + 1);
        int32_t swap = j->row[i];
        j->row[i] = j->row[other];
        j->row[other] = swap;
    }
done:
    return st;
}

void gn_jackknife_free(gn_jackknife *j) {
    gn_free(j->feature);
    gn_free(j->code);
    gn_free(j->row);
}

const gn_features *gn_jackknife_features(gn_jackknife *j, size_t group) {
    const gn_features *f = j->features;
    size_t m = 0;
    for (size_t i = 0; i < f->n; i++) {
        if (i % GN_GROUPS == group) continue;
        for (size_t k = 0; k < f->n_features; k++)
            j->code[k * f->n + m] = f->feature[k].code[j->row[i]];
        m++;
    }
    for (size_t k = 0; k < f->n_features; k++) {
        j->feature[k] = f->feature[k];
        j->feature[k].code = j->code + k * f->n;
    }
    j->table = (gn_features){m, f->n_features, j->feature};
    return &j->table;
}

gn_mat gn_jackknife_rows(const gn_jackknife *j, gn_mat a, size_t group, float *room) {
    size_t m = 0;
    for (size_t i = 0; i < a.rows; i++) {
        if (i % GN_GROUPS == group) continue;
        float *to = room + m++ * a.cols;
        const float *from = gn_mat_row_f32(a, (size_t)j->row[i], to);
        if (from != to) memcpy(to, from, a.cols * sizeof *to);
    }
    return gn_mat_f32(room, m, a.cols);
}

double gn_jackknife_se(const double *theta, size_t n_theta, size_t at) {
    double x[GN_GROUPS];
    for (size_t g = 0; g < GN_GROUPS; g++) x[g] = theta[g * n_theta + at];
    return sqrt(GN_GROUPS - 1.0) * gn_sd(x, GN_GROUPS, 0);
}
