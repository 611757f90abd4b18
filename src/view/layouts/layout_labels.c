/* GET /api/sources/{s}/labels?layout=ID&layer=L: labels of a layout's crowded places, at two levels
 * of detail. They are made of the positions as they are, and in some tens of milliseconds, so
 * nothing is kept. */
#include "view/layouts/labels.h"
#include "view/layouts/layout.h"

#include <string.h>

static gn_status add_level(gn_vlayout *l, const float *y, size_t level, json_t *list,
                           gn_error *err) {
    gn_label_regions regions = {0};
    const char *text[GN_LABEL_REGIONS] = {NULL};
    gn_arena arena = {0};
    gn_status st;
    GN_TRY(gn_label_regions_find(y, l->n, l->dim, level, &regions, err));
    GN_TRY(gn_label_terms(l->s, l->row, l->n, &regions, &arena, text, err));
    for (size_t r = 0; r < regions.n; r++) {
        const double *at = regions.centre[r];
        if (!text[r]) continue;
        json_t *label = json_pack("{s:o,s:o,s:o,s:o,s:o}", "x", gn_json_real(at[0]), "y",
                                  gn_json_real(at[1]), "text", gn_json_text(text[r]), "rows",
                                  gn_json_whole(regions.rows[r]), "level", gn_json_whole(level));
        if (label && l->dim == 3) json_object_set_new(label, "z", gn_json_real(at[2]));
        json_array_append_new(list, label);
    }
done:
    gn_free(regions.region);
    gn_arena_free(&arena);
    return st;
}

gn_status gn_vlayout_labels(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    const char *id = gn_query_text(rq, "layout");
    gn_source *s;
    gn_vlayout *l = NULL;
    json_t *list = NULL;
    float *y = NULL;
    size_t i;
    gn_status st;
    GN_TRY(gn_view_source(v, rq->part[0], &s, re, err));
    if (!id) {
        st = gn_fail(err, GN_EINVAL, "'layout': expected the number of a layout");
        goto done;
    }
    GN_TRY(gn_vlayout_find(v, id, &l, re, err));
    if (l->s != s) {
        st = gn_fail(err, GN_EINVAL, "layout %zu is of another source", l->id);
        goto done;
    }
    GN_TRY(gn_vlayout_query_layer(l, rq, &i, re, err));
    GN_TRY(gn_alloc_array(&y, l->n * l->dim, sizeof *y, "positions", err));
    pthread_mutex_lock(&l->lock);
    const bool there = l->layer[i].frame > 0;
    if (there) memcpy(y, l->layer[i].positions, l->n * l->dim * sizeof *y);
    pthread_mutex_unlock(&l->lock);
    if (!there) {
        st = gn_conflict(re, err, "layout %zu has no positions of this layer yet", l->id);
        goto done;
    }
    list = json_array();
    for (size_t level = 0; level < 2; level++) GN_TRY(add_level(l, y, level, list, err));
    st = gn_reply_json(re, json_pack("{s:O}", "labels", list), err);
done:
    json_decref(list);
    gn_free(y);
    gn_vlayout_give(l);
    return st;
}
