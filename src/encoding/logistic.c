/* Newton's method with conjugate gradients for the steps (Lin, Weng, Keerthi 2008), which never
 * forms the Hessian Z'DZ + I / C.
 *
 * What makes it fast here is the basis. In the coordinates of the principal axes Z'Z is diagonal,
 * and D, whose entries lie in (0, 1/4] times the weights, changes little of that: diag(s^2) mean(D)
 * + 1 / C is so good a preconditioner that a handful of conjugate gradient steps make a Newton
 * step, however badly conditioned the representations are. Fits along a path of penalties start
 * from the previous solution.
 *
 * The loss is divided by C throughout, so that its size does not depend on the penalty. */
#include "encoding/logistic.h"

#include "base/mem.h"
#include "math/stats.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 60, MOST_INNER = 200, MOST_HALVINGS = 30 };
#define TOLERANCE 1e-7 /* of the gradient's length, beside its length at w = 0 */
#define INNER 0.05     /* residual at which a Newton step is good enough */

gn_status gn_logistic_new(const float *z, const double *scale, size_t n, size_t d, gn_logistic *out,
                          gn_error *err) {
    gn_status st;
    gn_logistic l = {.n = n, .d = d, .z = z, .scale = scale, .vec = gn_vec_for(GN_CPU_AUTO)};
    GN_TRY(gn_alloc_array(&l.turned, n * d, sizeof *l.turned, "training rows", err));
    GN_TRY(gn_alloc_array(&l.narrow, n > d ? n : d, sizeof *l.narrow, "scratch", err));
    GN_TRY(gn_alloc_array(&l.score, 3 * n, sizeof *l.score, "scratch", err));
    GN_TRY(gn_alloc_array(&l.gradient, 5 * (d + 1), sizeof *l.gradient, "scratch", err));
    l.slope = l.score + n;
    l.curve = l.slope + n;
    l.step = l.gradient + d + 1;
    l.rest = l.step + d + 1;
    l.search = l.rest + d + 1;
    l.image = l.search + d + 1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < d; k++) l.turned[k * n + i] = z[i * d + k];
    *out = l;
    return GN_OK;
done:
    gn_logistic_free(&l);
    return st;
}

void gn_logistic_free(gn_logistic *l) {
    gn_free(l->turned);
    gn_free(l->narrow);
    gn_free(l->score);
    gn_free(l->gradient);
}

/* score = Z w + b in float64: the loss must not be noisier than what a step gains. */
static void set_scores(gn_logistic *l, const double *w) {
    for (size_t i = 0; i < l->n; i++) {
        const float *z = l->z + i * l->d;
        double sum[4] = {0};
        size_t k = 0;
        for (; k + 4 <= l->d; k += 4)
            for (size_t t = 0; t < 4; t++) sum[t] += (double)z[k + t] * w[k + t];
        for (; k < l->d; k++) sum[0] += (double)z[k] * w[k];
        l->score[i] = sum[0] + sum[1] + sum[2] + sum[3] + w[l->d];
    }
}

/* out (n) = Z w + b, with w rounded to float32: good enough for a direction */
static void forward(const gn_logistic *l, const double *w, double *out) {
    for (size_t k = 0; k < l->d; k++) l->narrow[k] = (float)w[k];
    for (size_t i = 0; i < l->n; i++)
        out[i] = l->vec->dot(l->z + i * l->d, l->narrow, l->d) + w[l->d];
}

/* out (d + 1) = (Z, 1)' r */
static void backward(const gn_logistic *l, const double *r, double *out) {
    for (size_t i = 0; i < l->n; i++) l->narrow[i] = (float)r[i];
    for (size_t k = 0; k < l->d; k++) out[k] = l->vec->dot(l->turned + k * l->n, l->narrow, l->n);
    out[l->d] = gn_sum(r, l->n);
}

struct problem {
    const bool *positive;
    double weight[2]; /* of the negative and the positive class */
    double penalty;   /* 1 / C */
};

static double loss_at(const gn_logistic *l, const struct problem *p, const double *w) {
    double sum = 0;
    for (size_t i = 0; i < l->n; i++) {
        double m = p->positive[i] ? l->score[i] : -l->score[i];
        sum += p->weight[p->positive[i]] * (m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m);
    }
    for (size_t k = 0; k < l->d; k++) sum += p->penalty * w[k] * w[k] / 2;
    return sum;
}

/* Gradient and curvatures at the scores. @return the gradient's length. */
static double derive(gn_logistic *l, const struct problem *p, const double *w) {
    double length = 0;
    for (size_t i = 0; i < l->n; i++) {
        double weight = p->weight[p->positive[i]], share = 1 / (1 + exp(-l->score[i]));
        l->slope[i] = weight * (share - p->positive[i]);
        l->curve[i] = weight * share * (1 - share);
    }
    backward(l, l->slope, l->gradient);
    for (size_t k = 0; k < l->d; k++) l->gradient[k] += p->penalty * w[k];
    for (size_t k = 0; k <= l->d; k++) length += l->gradient[k] * l->gradient[k];
    return sqrt(length);
}

static double inner(const double *a, const double *b, size_t n) {
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += a[k] * b[k];
    return sum;
}

/* step = an approximate solution of H step = -gradient. */
static void newton_step(gn_logistic *l, const struct problem *p) {
    size_t d = l->d, n = l->n;
    double total = gn_sum(l->curve, n), mean = total / (double)n;
    double *image = l->image, product = 0, goal = 0;
    for (size_t k = 0; k <= d; k++) {
        double diagonal = k < d ? l->scale[k] * mean + p->penalty : total + 1e-12;
        l->step[k] = 0;
        l->rest[k] = -l->gradient[k];
        l->search[k] = l->rest[k] / diagonal;
        product += l->rest[k] * l->search[k];
    }
    goal = INNER * INNER * product;
    for (int t = 0; t < MOST_INNER && product > goal; t++) {
        forward(l, l->search, l->slope);
        for (size_t i = 0; i < n; i++) l->slope[i] *= l->curve[i];
        backward(l, l->slope, image);
        for (size_t k = 0; k < d; k++) image[k] += p->penalty * l->search[k];
        image[d] += 1e-12 * l->search[d];
        double along = product / inner(l->search, image, d + 1), next = 0;
        for (size_t k = 0; k <= d; k++) {
            double diagonal = k < d ? l->scale[k] * mean + p->penalty : total + 1e-12;
            l->step[k] += along * l->search[k];
            l->rest[k] -= along * image[k];
            image[k] = l->rest[k] / diagonal;
            next += l->rest[k] * image[k];
        }
        for (size_t k = 0; k <= d; k++) l->search[k] = image[k] + next / product * l->search[k];
        product = next;
    }
}

void gn_logistic_fit(gn_logistic *l, const bool *positive, bool balanced, double C, double *w) {
    size_t n = l->n, count = 0;
    struct problem p = {positive, {1, 1}, 1 / C};
    for (size_t i = 0; i < n; i++) count += positive[i];
    if (balanced) {
        p.weight[0] = (double)n / (2 * (double)(n - count));
        p.weight[1] = (double)n / (2 * (double)count);
    }
    /* The goal is relative to the gradient at zero, where every start of a path begins. */
    memset(l->score, 0, n * sizeof *l->score);
    memset(l->search, 0, (l->d + 1) * sizeof *l->search);
    double goal = TOLERANCE * derive(l, &p, l->search);
    set_scores(l, w);
    double loss = loss_at(l, &p, w);
    for (int t = 0; t < MOST_STEPS && derive(l, &p, w) > goal; t++) {
        newton_step(l, &p);
        double slope = inner(l->step, l->gradient, l->d + 1), share = 1, before = loss;
        if (!(slope < 0)) return;
        memcpy(l->rest, w, (l->d + 1) * sizeof *w);
        for (int h = 0; h < MOST_HALVINGS; h++, share /= 2) {
            for (size_t k = 0; k <= l->d; k++) w[k] = l->rest[k] + share * l->step[k];
            set_scores(l, w);
            loss = loss_at(l, &p, w);
            if (loss <= before + 1e-4 * share * slope) break;
        }
        if (!(loss < before)) { /* no digit left to gain */
            memcpy(w, l->rest, (l->d + 1) * sizeof *w);
            return;
        }
    }
}
