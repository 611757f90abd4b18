/* Areas under ROC curves and folds by class. */
#include "encoding/decode.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>

gn_status gn_auc(const double *score, const bool *positive, size_t n, int32_t *order, double *out,
                 gn_error *err) {
    gn_status st = gn_argsort_f64(score, n, order, err);
    if (st != GN_OK) return st;
    double ranks = 0, count = 0;
    for (size_t i = 0; i < n;) {
        size_t j = i, here = 0;
        for (; j < n && score[order[j]] <= score[order[i]]; j++) here += positive[order[j]];
        ranks += (double)here * (double)(i + 1 + j) / 2;
        count += (double)here;
        i = j;
    }
    double pairs = count * ((double)n - count);
    *out = pairs > 0 ? (ranks - count * (count + 1) / 2) / pairs : (double)NAN;
    return GN_OK;
}

gn_status gn_auc_weighted(const double *score, const int32_t *class, size_t n, size_t n_classes,
                          double *out, gn_error *err) {
    gn_status st;
    double *one = NULL, sum = 0, total = 0;
    bool *positive = NULL;
    int32_t *order = NULL;
    GN_TRY(gn_alloc_array(&one, n, sizeof *one, "scores", err));
    GN_TRY(gn_alloc_array(&positive, n, sizeof *positive, "classes", err));
    GN_TRY(gn_alloc_array(&order, n, sizeof *order, "order", err));
    for (size_t c = n_classes == 2; c < n_classes; c++) {
        size_t m = 0, count = 0;
        double auc;
        for (size_t i = 0; i < n; i++) {
            if (class[i] < 0) continue;
            one[m] = score[i * n_classes + c];
            positive[m] = class[i] == (int32_t)c;
            count += positive[m++];
        }
        GN_TRY(gn_auc(one, positive, m, order, &auc, err));
        if (isnan(auc)) continue;
        sum += (double)count * auc;
        total += (double)count;
    }
    *out = total > 0 ? sum / total : (double)NAN;
    st = GN_OK;
done:
    gn_free(one);
    gn_free(positive);
    gn_free(order);
    return st;
}

gn_status gn_stratified_folds(const int32_t *class, size_t n, size_t n_classes, size_t n_folds,
                              gn_random *r, int32_t *fold, gn_error *err) {
    gn_status st;
    int32_t *member = NULL;
    bool *seen = gn_calloc(n_classes, sizeof *seen);
    size_t turn = 0; /* carried from class to class, so that folds stay equally large */
    if (!seen) return gn_fail_nomem(err, "classes", n_classes * sizeof *seen);
    GN_TRY(gn_alloc_array(&member, n, sizeof *member, "members of a class", err));
    for (size_t i = 0; i < n; i++) fold[i] = -1;
    for (size_t first = 0; first < n; first++) { /* classes by first appearance */
        int32_t c = class[first];
        size_t m = 0;
        if (c < 0 || seen[c]) continue;
        seen[c] = true;
        for (size_t i = first; i < n; i++)
            if (class[i] == c) member[m++] = (int32_t)i;
        for (size_t i = m; r && i > 1; i--) {
            size_t j = (size_t)gn_random_below(r, i);
            int32_t swap = member[i - 1];
            member[i - 1] = member[j];
            member[j] = swap;
        }
        /* Fold v takes as many as there are places v, v + n_folds, ... among turn ... turn + m. */
        for (size_t v = 0, at = 0; v < n_folds; v++) {
            size_t share =
                (turn + m + n_folds - 1 - v) / n_folds - (turn + n_folds - 1 - v) / n_folds;
            for (size_t i = 0; i < share; i++) fold[member[at++]] = (int32_t)v;
        }
        turn += m;
    }
done:
    gn_free(member);
    gn_free(seen);
    return st;
}
