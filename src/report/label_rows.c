#include "report/label_rows.h"

#include "base/mem.h"

#include <math.h>

/* The largest overlap that k neighbours can reach: a class of n_c points offers n_c - 1 of them.
 * Senses with three examples cannot fill thirty places. */
static gn_status overlap_ceiling(const gn_labels *labels, size_t k, bool plain, double *out,
                                 gn_error *err) {
    size_t *size = gn_calloc(labels->n_classes, sizeof *size), n = 0, n_present = 0;
    if (!size) return gn_fail_nomem(err, "class sizes", labels->n_classes * sizeof *size);
    double by_class = 0, by_point = 0;
    for (size_t i = 0; i < labels->n; i++)
        if (labels->code[i] >= 0) size[labels->code[i]]++, n++;
    for (size_t c = 0; c < labels->n_classes; c++) {
        if (!size[c]) continue;
        double reach = (double)(size[c] - 1 < k ? size[c] - 1 : k) / (double)k;
        by_class += reach;
        by_point += reach * (double)size[c];
        n_present++;
    }
    *out = plain ? by_point / (double)n : by_class / (double)n_present;
    gn_free(size);
    return GN_OK;
}

static gn_status one_variant(const gn_spot *at, const gn_knn *knn, const gn_labels *labels,
                             const gn_label_overlap_opts *opts, const char *group_name,
                             gn_error *err) {
    const char *variant = opts->plain ? "plain" : "weighted";
    gn_overlap o;
    gn_error why;
    double ceiling = (double)NAN;
    gn_status st = gn_overlap_label(knn, labels, opts, &o, &why);
    GN_TRY(gn_spot_settle(at, st, "label_overlap", variant, &why, err));
    if (why.code != GN_OK) goto done;
    GN_TRY(gn_spot_add(
        at, "label_overlap", variant, o.value, o.se, o.n,
        o.n_short && group_name ? "some points have fewer neighbours than asked for" : NULL, err));
    GN_TRY(gn_spot_param(at, "chance", o.chance, err));
    if (!opts->group && !(opts->class_fraction > 0)) {
        GN_TRY(overlap_ceiling(labels, opts->k, opts->plain, &ceiling, err));
        GN_TRY(gn_spot_param(at, "ceiling", ceiling, err));
    }
    if (group_name) GN_TRY(gn_spot_param(at, "n_short", (double)o.n_short, err));
done:
    return st;
}

gn_status gn_rows_label_overlap(const gn_spot *at, const gn_knn *knn, const gn_labels *labels,
                                const char *name, const gn_label_overlap_opts *opts,
                                const char *group_name, gn_error *err) {
    gn_status st = GN_OK;
    gn_label_overlap_opts o = *opts;
    for (int plain = 0; plain < 2; plain++) {
        o.plain = plain;
        GN_TRY(one_variant(at, knn, labels, &o, group_name, err));
        if (o.class_fraction > 0)
            GN_TRY(gn_spot_param(at, "class_fraction", o.class_fraction, err));
        else
            GN_TRY(gn_spot_param(at, "k", (double)o.k, err));
        GN_TRY(gn_result_param_text(at->result, "label", name, err));
        GN_TRY(gn_spot_param(at, "n_classes", (double)labels->n_classes, err));
        if (group_name) GN_TRY(gn_result_param_text(at->result, "excluded_group", group_name, err));
    }
done:
    return st;
}
