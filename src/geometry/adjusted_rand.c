/* The adjusted Rand index (Hubert & Arabie 1985). Two partitions of N points agree on a pair when
 * both put it together or both put it apart. With n_ij the points that part i of one and part j of
 * the other share, a_i and b_j the sizes of the parts, and C(x) = x (x - 1) / 2 pairs,
 *
 *     ARI = (sum C(n_ij) - E) / ((sum C(a_i) + sum C(b_j)) / 2 - E),  E = sum C(a_i) sum C(b_j) /
 * C(N),
 *
 * is 1 for equal partitions and 0 on average for shuffled ones. When both are one single part, or
 * all points alone, the quotient is 0 / 0: the partitions are equal then, and it counts as 1. */
#include "gonio/density.h"

#include "base/mem.h"

#include <stdlib.h>

struct pair {
    int32_t a, b;
};
static int by_both(const void *x, const void *y) {
    const struct pair *p = x, *q = y;
    if (p->a != q->a) return p->a < q->a ? -1 : 1;
    return (p->b > q->b) - (p->b < q->b);
}
static int by_second(const void *x, const void *y) {
    const struct pair *p = x, *q = y;
    return (p->b > q->b) - (p->b < q->b);
}

static double pairs(size_t n) {
    return (double)n * ((double)n - 1) / 2;
}

/* Sum of C(size) over runs of pairs that compare equal. */
static double run_pairs(const struct pair *p, size_t n, bool first, bool second) {
    double sum = 0;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n; end++)
            if ((first && p[end].a != p[i].a) || (second && p[end].b != p[i].b)) break;
        sum += pairs(end - i);
    }
    return sum;
}

gn_status gn_adjusted_rand(const int32_t *a, const int32_t *b, size_t n, double *out,
                           gn_error *err) {
    struct pair *p = NULL;
    size_t m = 0;
    gn_status st;
    GN_TRY(gn_alloc_array(&p, n, sizeof *p, "pairs of labels", err));
    for (size_t i = 0; i < n; i++)
        if (a[i] >= 0 && b[i] >= 0) p[m++] = (struct pair){a[i], b[i]};
    if (m < 2) {
        st = gn_fail(err, GN_EINVAL,
                     "adjusted Rand index: %zu of %zu points have both labels, expected at least 2",
                     m, n);
        goto done;
    }
    qsort(p, m, sizeof *p, by_both);
    double both = run_pairs(p, m, true, true), left = run_pairs(p, m, true, false);
    qsort(p, m, sizeof *p, by_second);
    double right = run_pairs(p, m, false, true), expected = left * right / pairs(m);
    double most = (left + right) / 2;
    *out = most == expected ? 1 : (both - expected) / (most - expected);
done:
    gn_free(p);
    return st;
}
