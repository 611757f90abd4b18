/* The decoder of the first MLEM pipeline: each class against the rest with balanced weights, the
 * penalty chosen among ten by three inner folds, probabilities normalised over the classes, areas
 * under the curve inside and outside.
 *
 * Each training set is rotated to its own principal axes first: with fewer rows than dimensions the
 * fits become small, and their preconditioner exact (logistic.c). A set serves all classes and
 * penalties. */
#include "encoding/decode.h"
#include "encoding/logistic.h"
#include "encoding/rotation.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

enum { PENALTIES = 10, INNER_FOLDS = 3, SETS = INNER_FOLDS + 1 };

static double penalty(size_t p) {
    return pow(10, -4 + 8 * (double)p / (PENALTIES - 1));
}

/* A training set, its held-out rows, and the areas at penalties first ... last. */
struct set {
    gn_rotation rotation;
    int32_t *row; /* training rows, then held-out ones */
    size_t first, last;
    double auc[PENALTIES];
};

struct run {
    const int32_t *class;
    size_t n_classes;
    struct set *set; /* (folds, SETS): inner sets, then the outer one */
    bool outer;      /* which of them are at work */
};

/* Probability of the class, given that the fit is of (m == 2) or one of several. For two classes
 * the linear score itself, whose order is kept where probabilities round to 1. */
static double score_of(const double *w, const float *z, size_t d, size_t m) {
    double s = w[d];
    for (size_t k = 0; k < d; k++) s += w[k] * (double)z[k];
    return m == 2 ? s : 1 / (1 + exp(-s));
}

/* Scores (penalties, held-out rows, classes). */
static void fit_classes(const struct run *r, const struct set *s, gn_logistic *solver,
                        bool *positive, double *w, double *score) {
    const gn_rotation *t = &s->rotation;
    size_t m = r->n_classes, n = t->n, other = t->n_other;
    for (size_t c = m == 2; c < m; c++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++) {
            positive[i] = r->class[s->row[i]] == (int32_t)c;
            count += positive[i];
        }
        if (count == 0 || count == n) continue; /* scores stay 0: nothing to learn from */
        memset(w, 0, (t->rank + 1) * sizeof *w);
        for (size_t p = s->first; p <= s->last; p++) {
            gn_logistic_fit(solver, positive, true, penalty(p), w);
            for (size_t i = 0; i < other; i++)
                score[((p - s->first) * other + i) * m + c] =
                    score_of(w, t->other + i * t->rank, t->rank, m);
        }
    }
    for (size_t i = 0; m > 2 && i < (s->last - s->first + 1) * other; i++) {
        double sum = 0;
        for (size_t c = 0; c < m; c++) sum += score[i * m + c];
        for (size_t c = 0; c < m && sum > 0; c++) score[i * m + c] /= sum;
    }
}

static gn_status run_set(void *user, size_t task, unsigned worker, gn_error *err) {
    (void)worker;
    const struct run *r = user;
    size_t at =
        r->outer ? task * SETS + INNER_FOLDS : task / INNER_FOLDS * SETS + task % INNER_FOLDS;
    struct set *s = &r->set[at];
    const gn_rotation *t = &s->rotation;
    gn_status st;
    gn_logistic solver = {0};
    bool *positive = NULL;
    double *w = NULL, *score = NULL;
    int32_t *class = NULL;
    size_t m = r->n_classes, other = t->n_other, scores = (s->last - s->first + 1) * other * m;
    GN_TRY(gn_logistic_new(t->z, t->s2, t->n, t->rank, &solver, err));
    GN_TRY(gn_alloc_array(&positive, t->n, sizeof *positive, "classes", err));
    GN_TRY(gn_alloc_array(&w, t->rank + 1, sizeof *w, "weights", err));
    GN_TRY(gn_alloc_array(&class, other, sizeof *class, "classes", err));
    GN_TRY(gn_alloc_array(&score, scores, sizeof *score, "scores", err));
    memset(score, 0, scores * sizeof *score);
    fit_classes(r, s, &solver, positive, w, score);
    for (size_t i = 0; i < other; i++) class[i] = r->class[s->row[t->n + i]];
    for (size_t p = s->first; p <= s->last; p++)
        GN_TRY(
            gn_auc_weighted(score + (p - s->first) * other * m, class, other, m, &s->auc[p], err));
done:
    gn_logistic_free(&solver);
    gn_free(positive);
    gn_free(w);
    gn_free(class);
    gn_free(score);
    return st;
}

/* The set that trains on the rows whose fold is not `held`. */
static gn_status set_new(gn_ctx *ctx, gn_mat z, const int32_t *row, const int32_t *fold, size_t n,
                         int32_t held, struct set *s, gn_error *err) {
    gn_status st;
    size_t n_train = 0, at;
    GN_TRY(gn_alloc_array(&s->row, n, sizeof *s->row, "rows of a fold", err));
    for (size_t i = 0; i < n; i++)
        if (fold[i] != held) s->row[n_train++] = row[i];
    at = n_train;
    for (size_t i = 0; i < n; i++)
        if (fold[i] == held) s->row[at++] = row[i];
    GN_TRY(
        gn_rotation_new(ctx, z, s->row, n_train, s->row + n_train, n - n_train, &s->rotation, err));
done:
    return st;
}

/* The four sets of an outer fold. */
static gn_status sets_new(gn_ctx *ctx, gn_mat z, const struct run *r, const int32_t *fold,
                          int32_t held, struct set *s, gn_error *err) {
    gn_status st;
    int32_t *row = NULL, *of_row = NULL, *class = NULL, *inner = NULL;
    size_t n = 0, n_train = 0;
    GN_TRY(gn_alloc_array(&row, z.rows, sizeof *row, "rows", err));
    GN_TRY(gn_alloc_array(&of_row, z.rows, sizeof *of_row, "folds", err));
    GN_TRY(gn_alloc_array(&class, z.rows, sizeof *class, "classes", err));
    GN_TRY(gn_alloc_array(&inner, z.rows, sizeof *inner, "folds", err));
    for (size_t i = 0; i < z.rows; i++) {
        if (fold[i] < 0) continue;
        row[n] = (int32_t)i;
        of_row[n++] = fold[i];
    }
    s[INNER_FOLDS].first = s[INNER_FOLDS].last = 0;
    GN_TRY(set_new(ctx, z, row, of_row, n, held, &s[INNER_FOLDS], err));
    n_train = s[INNER_FOLDS].rotation.n;
    for (size_t i = 0; i < n_train; i++) class[i] = r->class[s[INNER_FOLDS].row[i]];
    GN_TRY(gn_stratified_folds(class, n_train, r->n_classes, INNER_FOLDS, NULL, inner, err));
    for (int32_t v = 0; v < INNER_FOLDS; v++) {
        s[v].last = PENALTIES - 1;
        GN_TRY(set_new(ctx, z, s[INNER_FOLDS].row, inner, n_train, v, &s[v], err));
    }
done:
    gn_free(row);
    gn_free(of_row);
    gn_free(class);
    gn_free(inner);
    return st;
}

/* The smallest of the best penalties: highest mean area over the inner sets that could be scored.
 */
static size_t choose(const struct set *s) {
    size_t best = 0;
    double highest = -1;
    for (size_t p = 0; p < PENALTIES; p++) {
        double sum = 0, count = 0;
        for (size_t v = 0; v < INNER_FOLDS; v++)
            if (!isnan(s[v].auc[p])) {
                sum += s[v].auc[p];
                count++;
            }
        if (count > 0 && sum / count > highest) {
            highest = sum / count;
            best = p;
        }
    }
    return best;
}

gn_status gn_decode_logistic(gn_ctx *ctx, gn_mat z, const int32_t *class, size_t n_classes,
                             const int32_t *fold, size_t n_folds, double *auc, double *chosen,
                             gn_error *err) {
    gn_status st;
    struct run r = {.class = class, .n_classes = n_classes};
    r.set = gn_calloc(n_folds * SETS, sizeof *r.set);
    if (!r.set) return gn_fail_nomem(err, "training sets", n_folds * SETS * sizeof *r.set);
    for (size_t v = 0; v < n_folds; v++)
        GN_TRY(sets_new(ctx, z, &r, fold, (int32_t)v, r.set + v * SETS, err));
    GN_TRY(gn_parallel(ctx, n_folds * INNER_FOLDS, run_set, &r, NULL, err));
    for (size_t v = 0; v < n_folds; v++) {
        struct set *outer = &r.set[v * SETS + INNER_FOLDS];
        outer->first = outer->last = choose(r.set + v * SETS);
    }
    r.outer = true;
    GN_TRY(gn_parallel(ctx, n_folds, run_set, &r, NULL, err));
    for (size_t v = 0; v < n_folds; v++) {
        const struct set *outer = &r.set[v * SETS + INNER_FOLDS];
        auc[v] = outer->auc[outer->first];
        if (chosen) chosen[v] = penalty(outer->first);
    }
done:
    for (size_t s = 0; s < n_folds * SETS; s++) {
        gn_rotation_free(&r.set[s].rotation);
        gn_free(r.set[s].row);
    }
    gn_free(r.set);
    return st;
}
