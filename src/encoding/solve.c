/* Lawson and Hanson's active set on the normal equations. The set P holds the features whose weight
 * may be positive. The feature whose gradient rises most (per standard deviation) enters; the least
 * squares solution on P is approached until a weight would turn negative; that feature leaves.
 *
 * A feature that depends on those in P (two columns that always differ together) has gradient 0 up
 * to rounding. It must not enter, or the system on P is singular: the factor's pivot tells. */
#include "encoding/small.h"
#include "encoding/sums.h"

#include <math.h>
#include <string.h>

struct solver {
    size_t f, n_set;
    const double *cov, *cov_y;
    double ridge, *weight;
    size_t *set;              /* (f) members of P in the order of entry */
    bool *in, *barred, *skip; /* (f) */
    double *a, *target;       /* (f, f), (f) */
};

static double gradient(const struct solver *s, size_t k) {
    double g = s->cov_y[k] - s->ridge * s->weight[k];
    for (size_t l = 0; l < s->f; l++) g -= s->cov[k * s->f + l] * s->weight[l];
    return g;
}

/* Least squares on P into target; false when the last member depends on the others. */
static bool solve_set(struct solver *s) {
    gn_small_take(s->cov, s->f, s->set, s->n_set, s->ridge, s->a);
    for (size_t i = 0; i < s->n_set; i++) s->target[i] = s->cov_y[s->set[i]];
    gn_small_factor(s->a, s->n_set, s->skip);
    for (size_t i = 0; i < s->n_set; i++)
        if (s->skip[i]) return false;
    gn_small_solve(s->a, s->n_set, s->skip, s->target);
    return true;
}

static void leave(struct solver *s, size_t i) {
    s->in[s->set[i]] = false;
    s->weight[s->set[i]] = 0;
    memmove(s->set + i, s->set + i + 1, (s->n_set - i - 1) * sizeof *s->set);
    s->n_set--;
}

/* Moves towards the target as far as all weights stay positive; true when it is reached. */
static bool step(struct solver *s) {
    double share = 1;
    size_t blocked = SIZE_MAX;
    for (size_t i = 0; i < s->n_set; i++) {
        double from = s->weight[s->set[i]], to = s->target[i];
        if (to > 0) continue;
        double here = from / (from - to);
        if (blocked == SIZE_MAX || here < share) {
            share = here;
            blocked = i;
        }
    }
    for (size_t i = 0; i < s->n_set; i++)
        s->weight[s->set[i]] += share * (s->target[i] - s->weight[s->set[i]]);
    if (blocked == SIZE_MAX) return true;
    leave(s, blocked);
    memset(s->barred, 0, s->f * sizeof *s->barred); /* what depended on it may enter now */
    return false;
}

/* The feature to enter next, or SIZE_MAX. */
static size_t candidate(const struct solver *s, double least) {
    size_t best = SIZE_MAX;
    double most = least;
    for (size_t k = 0; k < s->f; k++) {
        double variance = s->cov[k * s->f + k];
        if (s->in[k] || s->barred[k] || !(variance > 0)) continue;
        double rise = gradient(s, k) / sqrt(variance);
        if (rise > most) {
            most = rise;
            best = k;
        }
    }
    return best;
}

static void solve(struct solver *s) {
    double scale = 0;
    for (size_t k = 0; k < s->f; k++)
        if (s->cov[k * s->f + k] > 0)
            scale = fmax(scale, fabs(s->cov_y[k]) / sqrt(s->cov[k * s->f + k]));
    for (size_t round = 0; round < 20 * s->f + 20; round++) {
        size_t k = candidate(s, 1e-12 * scale);
        if (k == SIZE_MAX) return;
        s->in[k] = true;
        s->set[s->n_set++] = k;
        if (!solve_set(s) || !(s->target[s->n_set - 1] > 0)) {
            /* Dependent, or its gain is rounding: not with this set. */
            s->barred[k] = true;
            leave(s, s->n_set - 1);
            continue;
        }
        while (!step(s) && solve_set(s)) continue;
    }
}

gn_status gn_mlem_solve(const double *cov, const double *cov_y, size_t f, double ridge,
                        double *weight, gn_error *err) {
    gn_status st = GN_OK;
    struct solver s = {.f = f, .cov = cov, .cov_y = cov_y, .ridge = ridge};
    if (!(ridge >= 0 && isfinite(ridge)))
        return gn_fail(err, GN_EINVAL, "ridge penalty %g: expected 0 or more", ridge);
    for (size_t k = 0; k < f; k++)
        for (size_t l = 0; l <= k; l++)
            if (!isfinite(cov[k * f + l]) || !isfinite(cov_y[k]))
                return gn_fail(err, GN_EINVAL,
                               "covariances of features %zu and %zu: %g, with the distance %g: "
                               "expected finite numbers",
                               k, l, cov[k * f + l], cov_y[k]);
    GN_TRY(gn_alloc_array(&s.weight, f, sizeof *s.weight, "weights", err));
    GN_TRY(gn_alloc_array(&s.set, f, sizeof *s.set, "weights", err));
    GN_TRY(gn_alloc_array(&s.a, f, f * sizeof *s.a, "weights", err));
    GN_TRY(gn_alloc_array(&s.target, f, sizeof *s.target, "weights", err));
    s.in = gn_calloc(3 * f, sizeof *s.in);
    if (!s.in) {
        st = gn_fail_nomem(err, "weights", 3 * f);
        goto done;
    }
    s.barred = s.in + f;
    s.skip = s.barred + f;
    memset(s.weight, 0, f * sizeof *s.weight);
    solve(&s);
    memcpy(weight, s.weight, f * sizeof *weight);
done:
    gn_free(s.weight);
    gn_free(s.set);
    gn_free(s.a);
    gn_free(s.target);
    gn_free(s.in);
    return st;
}

gn_status gn_mlem_importance(const double *cov, const double *cov_y, size_t f, const double *weight,
                             double *pfi, double *cpi, double *vif, gn_error *err) {
    gn_status st;
    double *a = NULL, *coef = NULL;
    size_t *index = NULL;
    bool *skip = NULL;
    GN_TRY(gn_alloc_array(&a, f, f * sizeof *a, "importances", err));
    GN_TRY(gn_alloc_array(&coef, f, sizeof *coef, "importances", err));
    GN_TRY(gn_alloc_array(&index, f, sizeof *index, "importances", err));
    GN_TRY(gn_alloc_array(&skip, f, sizeof *skip, "importances", err));
    for (size_t k = 0; k < f; k++) {
        double own = gn_small_own(cov, f, k, a, index, skip, coef), sum = cov_y[k], w = weight[k];
        for (size_t j = 0; j < f; j++)
            if (j != k) sum -= cov[k * f + j] * weight[j];
        pfi[k] = w != 0 ? 2 * w * sum : 0;
        cpi[k] = 2 * w * w * own;
        vif[k] = cov[k * f + k] > 0 ? cov[k * f + k] / own : (double)NAN;
    }
done:
    gn_free(a);
    gn_free(coef);
    gn_free(index);
    gn_free(skip);
    return st;
}
