/* t-SNE and UMAP of one layer, in slices.
 *
 * A slice is as many steps as fit into SLICE_S, measured as it goes, so that some fifteen frames a
 * second are there to be watched whatever the number of rows, and so that a pause, a stop or a new
 * parameter waits for one slice at most. New parameters take effect on a new map that starts where
 * the old one was: its graph is made anew from the lists, which are searched for only when they are
 * too short. It runs the steps that the plan has left, and at least a third of the plan, so that
 * the change is seen; where only the number of steps changed, exactly what is left. t-SNE's
 * exaggeration acts in the first phase: changed later, it begins that phase once more. */
#include "view/layouts/layout.h"

#include "base/ctx.h"

#include <math.h>
#include <string.h>

#define SLICE_S 0.06
#define GAUGE_S 1.0
enum {
    QUALITY_K = 15,
    GAUGE_ROWS = 200,
    SAMPLE = 1000,
    SAMPLE_OF_MANY = 300,
    MANY = 20000,
    EARLY = 250
};

/* Neighbours that the method looks at. */
static size_t wanted_neighbors(const gn_vlayout *l, const gn_vlayout_params *p) {
    if (l->method == GN_LAYOUT_UMAP) return (p->neighbors ? p->neighbors : 15) - 1;
    return (size_t)ceil(3 * (p->perplexity > 0 ? p->perplexity : 30));
}

/* All steps of a map, and those of t-SNE with exaggeration: the first 250, or a third. */
static size_t wanted_steps(const gn_vlayout *l, const gn_vlayout_params *p) {
    if (p->steps) return p->steps;
    if (l->method == GN_LAYOUT_UMAP) return l->n <= 10000 ? 500 : 200;
    return 750;
}

static size_t early_steps(size_t all) {
    return all / 3 < EARLY ? all / 3 : EARLY;
}

static gn_status principal_start(gn_ctx *ctx, gn_mat x, size_t dim, double *out, gn_error *err) {
    gn_pca *pca = NULL;
    const size_t most = x.cols < x.rows - 1 ? x.cols : x.rows - 1, k = dim < most ? dim : most;
    double *part = NULL;
    gn_status st = GN_OK;
    GN_TRY(gn_alloc_array(&part, x.rows * k, sizeof *part, "positions", err));
    GN_TRY(gn_pca_fit(ctx, x, k, &pca, err));
    GN_TRY(gn_pca_project(ctx, pca, x, part, err));
    for (size_t i = 0; i < x.rows; i++)
        for (size_t c = 0; c < dim; c++) out[i * dim + c] = c < k ? part[i * k + c] : 0;
done:
    gn_pca_free(pca);
    gn_free(part);
    return st;
}

/* A new map from `start`.
 * @param resume it goes on from there as it is. @param steps all that it makes, `early` of them
 *        with t-SNE's exaggeration. */
static gn_status new_map(gn_vlayout *l, gn_ctx *ctx, const gn_knn *knn, gn_mat start, bool resume,
                         size_t early, size_t steps, const gn_vlayout_params *p, gn_map **out,
                         gn_error *err) {
    if (l->method == GN_LAYOUT_UMAP)
        return gn_umap_new(ctx, knn, start,
                           &(gn_umap_opts){.dim = l->dim,
                                           .n_neighbors = p->neighbors,
                                           .min_dist = p->min_dist,
                                           .n_steps = steps},
                           out, err);
    return gn_tsne_new(ctx, knn, start, resume,
                       &(gn_tsne_opts){.dim = l->dim,
                                       .perplexity = p->perplexity,
                                       .exaggeration = p->exaggeration,
                                       .learning_rate = p->learning_rate,
                                       .n_early = early,
                                       .n_steps = steps - early},
                       out, err);
}

/* A running map, and what it was made from. */
struct run {
    gn_vlayout *l;
    size_t i;
    gn_ctx *ctx;
    gn_vlayout_rows *rows;
    const double *before;
    float *weight;
    gn_map *map;
    gn_vlayout_params p;
    size_t version;
    size_t steps_before; /* of the maps that this one goes on from */
    size_t planned;      /* steps of this layer, those included */
    bool over;           /* the plan was cut to what is done already */
    gn_map_gauge *gauge; /* NULL: not looked at yet */
    double looked, look; /* when its last reading ended, and how long that took */
};

/* What the layout says of itself while it runs. */
static void tell(const struct run *r) {
    gn_vlayout *l = r->l;
    gn_map_state s = {.loss = (double)NAN, .loss_se = (double)NAN};
    if (r->map) s = gn_map_get(r->map);
    pthread_mutex_lock(&l->lock);
    l->epoch = r->i * r->planned + r->steps_before + s.step;
    l->epochs = l->n_layers * r->planned;
    if (isfinite(s.loss)) {
        l->loss = s.loss;
        l->loss_se = s.loss_se;
    }
    if (r->map) l->perplexity = s.perplexity;
    pthread_mutex_unlock(&l->lock);
}

static gn_status pull_back(struct run *r, gn_map *map, const gn_vlayout_params *p, gn_error *err) {
    const double usual = r->l->method == GN_LAYOUT_UMAP ? 0.01 : 0.05;
    if (!r->before) return GN_OK;
    return gn_map_pull(map, gn_mat_f64(r->before, r->l->n, r->l->dim), r->weight,
                       p->pull >= 0 ? p->pull : usual, err);
}

/* Goes on from `start`, which took `done` steps under the parameters r->p, under others. */
static gn_status go_on(struct run *r, gn_mat start, size_t done, const gn_vlayout_params *p,
                       gn_error *err) {
    gn_vlayout *l = r->l;
    const bool steps_only = !gn_vlayout_params_differ(&r->p, p, true),
               exaggerates =
                   r->p.exaggeration < p->exaggeration || r->p.exaggeration > p->exaggeration;
    const size_t all = wanted_steps(l, p), least = steps_only ? 0 : all / 3 + 1,
                 left = all > done + least ? all - done : least, first = early_steps(all);
    /* one that started from the layer before had no first phase */
    const size_t early = !r->before && done < first ? first - done
                         : exaggerates              ? early_steps(left)
                                                    : 0;
    gn_map *map = NULL;
    gn_status st = GN_OK;
    r->p = *p;
    r->planned = done + left;
    r->over = left == 0;
    if (r->over) return GN_OK;
    gn_vlayout_phase(l, "neighbors");
    gn_vlayout_note(l, "%s", "");
    GN_TRY(gn_vlayout_rows_knn(l, r->i, wanted_neighbors(l, p), r->ctx, r->rows, err));
    GN_TRY(new_map(l, r->ctx, r->rows->knn, start, true, early, left, p, &map, err));
    GN_TRY(pull_back(r, map, p, err));
    gn_map_free(r->map);
    r->map = map;
    map = NULL;
    r->steps_before = done;
    gn_vlayout_phase(l, "optimise");
    tell(r);
done:
    gn_map_free(map);
    return st;
}

/* Kept neighbours so far, each second, or as seldom as makes it a twentieth of the work. */
static gn_status read_gauge(struct run *r, gn_error *err) {
    gn_vlayout *l = r->l;
    gn_map_quality q;
    gn_status st = GN_OK;
    const double begun = gn_view_seconds();
    if (begun - r->looked < fmax(GAUGE_S, 20 * r->look)) return GN_OK;
    if (!r->gauge)
        GN_TRY(gn_map_gauge_new(
            r->ctx, r->rows->x, r->rows->knn,
            &(gn_map_quality_opts){.k = QUALITY_K, .metric = l->metric, .n_sample = GAUGE_ROWS},
            &r->gauge, err));
    GN_TRY(gn_map_gauge_read(r->ctx, r->gauge, gn_map_positions(r->map), &q, err));
    pthread_mutex_lock(&l->lock);
    l->layer[r->i].gauge = q;
    l->layer[r->i].has_gauge = true;
    pthread_mutex_unlock(&l->lock);
    r->looked = gn_view_seconds();
    r->look = r->looked - begun;
done:
    return st;
}

static gn_status run_slices(struct run *r, gn_error *err) {
    gn_vlayout *l = r->l;
    size_t slice = 1;
    gn_status st = GN_OK;
    r->looked = gn_view_seconds();
    for (;;) {
        gn_vlayout_params p;
        size_t version;
        GN_TRY(gn_vlayout_next(l, &p, &version, err));
        if (version != r->version) {
            r->version = version;
            GN_TRY(go_on(r, gn_map_positions(r->map), r->steps_before + gn_map_get(r->map).step, &p,
                         err));
        }
        const gn_map_state s = gn_map_get(r->map);
        if (r->over || s.step >= s.n_steps) return GN_OK;
        const double begun = gn_view_seconds();
        GN_TRY(gn_map_run(r->ctx, r->map, slice, err));
        const double took = gn_view_seconds() - begun;
        tell(r); /* first: a frame must never carry an older epoch than its positions */
        gn_vlayout_publish(l, r->i, gn_map_positions(r->map).data, false);
        GN_TRY(read_gauge(r, err));
        slice = (size_t)fmin(fmax(1, floor((double)slice * SLICE_S / fmax(took, 1e-6))), 50);
    }
done:
    return st;
}

/* How far places (n, dim) can be trusted. */
static gn_status measure(const struct run *r, const double *places, gn_error *err) {
    gn_vlayout *l = r->l;
    gn_map_quality q;
    gn_vlayout_phase(l, "quality");
    gn_status st = gn_map_quality_compute(
        r->ctx, r->rows->x, r->rows->knn, gn_mat_f64(places, l->n, l->dim),
        &(gn_map_quality_opts){
            .k = QUALITY_K, .metric = l->metric, .n_sample = l->n > MANY ? SAMPLE_OF_MANY : SAMPLE},
        NULL, &q, err);
    if (st != GN_OK) return st;
    pthread_mutex_lock(&l->lock);
    l->layer[r->i].quality = q;
    l->layer[r->i].has_quality = true;
    pthread_mutex_unlock(&l->lock);
    return GN_OK;
}

/* The first map of a layer: from the layer before, from principal components, or of its own. */
static gn_status begin(struct run *r, const gn_vlayout_rows *before_rows, double *out,
                       gn_error *err) {
    gn_vlayout *l = r->l;
    const gn_knn *knn = r->rows->knn;
    gn_mat start = {0};
    gn_status st = GN_OK;
    if (r->before) {
        const size_t k = knn->k < before_rows->knn->k ? knn->k : before_rows->knn->k;
        GN_TRY(gn_alloc_array(&r->weight, l->n, sizeof *r->weight, "shared neighbours", err));
        GN_TRY(gn_lists_jaccard(r->ctx, knn, before_rows->knn, k < 30 ? k : 30, r->weight, err));
        start = gn_mat_f64(r->before, l->n, l->dim);
    } else if (l->method == GN_LAYOUT_TSNE) {
        GN_TRY(principal_start(r->ctx, r->rows->x, l->dim, out, err));
        start = gn_mat_f64(out, l->n, l->dim);
    }
    r->planned = wanted_steps(l, &r->p);
    GN_TRY(new_map(l, r->ctx, knn, start, r->before, r->before ? 0 : early_steps(r->planned),
                   r->planned, &r->p, &r->map, err));
    GN_TRY(pull_back(r, r->map, &r->p, err));
    gn_vlayout_publish(l, r->i, gn_map_positions(r->map).data, false);
done:
    return st;
}

/* From the positions that the layout has, after it had ended. */
static gn_status resume(struct run *r, const gn_vlayout_params *p, double *out, gn_error *err) {
    gn_vlayout *l = r->l;
    pthread_mutex_lock(&l->lock);
    const size_t done = l->epoch;
    for (size_t j = 0; j < l->n * l->dim; j++) out[j] = (double)l->layer[r->i].positions[j];
    pthread_mutex_unlock(&l->lock);
    r->p = l->made_with;
    r->steps_before = done;
    return go_on(r, gn_mat_f64(out, l->n, l->dim), done, p, err);
}

gn_status gn_vlayout_map(gn_vlayout *l, size_t i, gn_ctx *ctx, gn_vlayout_rows *rows,
                         const double *before, const gn_vlayout_rows *before_rows, double *out,
                         gn_error *err) {
    struct run r = {.l = l, .i = i, .ctx = ctx, .rows = rows, .before = before};
    gn_vlayout_params p;
    gn_status st = GN_OK;
    GN_TRY(gn_vlayout_next(l, &p, &r.version, err));
    gn_vlayout_phase(l, "neighbors");
    GN_TRY(gn_vlayout_rows_knn(l, i, wanted_neighbors(l, &p), ctx, rows, err));
    gn_vlayout_phase(l, "start");
    if (l->resume) {
        GN_TRY(resume(&r, &p, out, err));
    } else {
        r.p = p;
        GN_TRY(begin(&r, before_rows, out, err));
    }
    gn_vlayout_phase(l, "optimise");
    tell(&r);
    if (r.map) {
        GN_TRY(run_slices(&r, err));
        tell(&r);
        memcpy(out, gn_map_positions(r.map).data, l->n * l->dim * sizeof *out);
    }
    GN_TRY(measure(&r, out, err));
done:
    l->made_with = r.p;
    gn_map_free(r.map);
    gn_map_gauge_free(r.gauge);
    gn_free(r.weight);
    return st;
}
