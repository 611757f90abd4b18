/* Maps of several layers, put on one another, and how far rows move between them.
 *
 * Layers are visited in their order, and each is only open while its own map is made. `raw`
 * movement compares maps as they came out, `aligned` what is left: the difference was no property
 * of the layers. */
#include "project_map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const align_names[] = {"none", "joint", "procrustes", "aligned"};

struct stack {
    const gn_reps *reps;
    const cli_layers_opts *o;
    gn_result *result;
    size_t n_layers;
    cli_map *map;   /* (n_layers) as shown */
    double *raw[2]; /* (n, k) before alignment: this layer's and the one's before */
    gn_joint *joint;
};

static gn_status out_of_memory(gn_error *err) {
    return cli_fail(err, GN_ENOMEM, "out of memory: maps of several layers");
}

static gn_status find_basis(gn_ctx *ctx, struct stack *s, gn_error *err) {
    const cli_map_opts *m = &s->o->map;
    const gn_joint_opts opts = {.n_components = m->components > m->dims ? m->components : m->dims,
                                .equal_layers = s->o->equal_layers};
    gn_status st = gn_joint_new(gn_reps_layer(s->reps, 0).cols, &opts, &s->joint, err);
    for (size_t l = 0; l < s->n_layers && st == GN_OK; l++) {
        cli_view v;
        st = cli_view_open(s->reps, l, m->zoom, &v, err);
        if (st != GN_OK) break;
        st = gn_joint_add(ctx, s->joint, v.x, err);
        cli_view_free(&v);
    }
    return st == GN_OK ? gn_joint_solve(s->joint, err) : st;
}

static gn_status add_movement(struct stack *s, size_t l, size_t n, const char *variant,
                              const gn_displacement *d, gn_error *err) {
    const char *const measures[] = {"displacement", "relative_displacement"};
    gn_status st = GN_OK;
    for (size_t m = 0; m < 2 && st == GN_OK; m++) {
        const gn_measurement row = {.set = gn_reps_name(s->reps),
                                    .layer = (int)gn_reps_layer_index(s->reps, l),
                                    .depth = gn_reps_depth(s->reps, l),
                                    .measure = measures[m],
                                    .variant = variant,
                                    .value = m ? d->relative : d->mean,
                                    .se = m ? d->se * d->relative / d->mean : d->se,
                                    .n = (double)n};
        st = gn_result_add(s->result, &row, err);
        if (st == GN_OK)
            st = gn_result_param_number(s->result, "other_layer",
                                        (double)gn_reps_layer_index(s->reps, l - 1), err);
        if (st == GN_OK)
            st = gn_result_param_text(s->result, "align", align_names[s->o->align], err);
    }
    return st;
}

/* Keeps the map as it was before alignment; of a joint basis that is the layer's own components. */
static gn_status keep_raw(gn_ctx *ctx, struct stack *s, const cli_view *v, const cli_map *map,
                          gn_error *err) {
    cli_map own = {0};
    const size_t bytes = v->n * map->k * sizeof *map->xy;
    double *copy = malloc(bytes + 1);
    gn_status st = copy ? GN_OK : out_of_memory(err);
    if (st == GN_OK && s->joint) {
        cli_map_opts o = s->o->map;
        o.components = map->k;
        st = cli_map_principal(ctx, s->reps, v, &o, NULL, &own, err);
    }
    if (st == GN_OK) memcpy(copy, s->joint ? own.xy : map->xy, bytes);
    cli_map_free(&own);
    free(s->raw[1]);
    s->raw[1] = s->raw[0];
    s->raw[0] = st == GN_OK ? copy : NULL;
    if (st != GN_OK) free(copy);
    return st;
}

static gn_status align(gn_ctx *ctx, struct stack *s, size_t l, const cli_view *v, gn_error *err) {
    cli_map *map = &s->map[l];
    gn_displacement d;
    gn_status st = GN_OK;
    if (s->o->align != CLI_ALIGNED) st = keep_raw(ctx, s, v, map, err);
    if (st != GN_OK || l == 0) return st;
    const gn_mat before = gn_mat_f64(map[-1].xy, v->n, map->k),
                 now = gn_mat_f64(map->xy, v->n, map->k);
    if (s->o->align != CLI_ALIGNED) {
        st = gn_displacement_compute(gn_mat_f64(s->raw[0], v->n, map->k),
                                     gn_mat_f64(s->raw[1], v->n, map->k), &d, err);
        if (st == GN_OK) st = add_movement(s, l, v->n, "raw", &d, err);
    }
    if (st == GN_OK && s->o->align == CLI_PROCRUSTES) {
        gn_procrustes turn;
        st = gn_procrustes_fit(now, before, NULL, &turn, err);
        if (st == GN_OK) gn_procrustes_apply(&turn, now, map->xy);
    }
    if (st != GN_OK || s->o->align == CLI_APART) return st;
    st = gn_displacement_compute(now, before, &d, err);
    return st == GN_OK ? add_movement(s, l, v->n, "aligned", &d, err) : st;
}

static gn_status make_layer(gn_ctx *ctx, struct stack *s, size_t l, gn_error *err) {
    cli_map_opts o = s->o->map;
    cli_view v;
    gn_status st = cli_view_open(s->reps, l, o.zoom, &v, err);
    if (st != GN_OK) return st;
    if (s->o->align == CLI_ALIGNED && l > 0) o.before = &s->map[l - 1];
    st = s->joint ? cli_map_joint(ctx, s->reps, &v, &o, s->joint, s->result, &s->map[l], err)
                  : cli_map_make(ctx, s->reps, &v, &o, s->result, &s->map[l], err);
    if (st == GN_OK) st = align(ctx, s, l, &v, err);
    cli_view_free(&v);
    return st;
}

/* ---- files ------------------------------------------------------------------------------------
 */

/* One range for all panels, so that one unit is as long in each. */
static void common_range(const struct stack *s, size_t n, cli_picture *pic) {
    for (size_t a = 0; a < 2; a++) {
        double low = HUGE_VAL, high = -HUGE_VAL;
        for (size_t l = 0; l < s->n_layers; l++)
            for (size_t i = 0; i < n; i++) {
                low = fmin(low, s->map[l].xy[i * s->map[l].k + a]);
                high = fmax(high, s->map[l].xy[i * s->map[l].k + a]);
            }
        const double room = 0.04 * (high - low);
        pic->low[a] = low - room;
        pic->high[a] = high + room;
    }
}

static gn_status draw_panel(const struct stack *s, size_t l, cli_picture pic, gn_figure **out,
                            gn_error *err) {
    char title[64];
    cli_view v;
    gn_status st = cli_view_open(s->reps, l, s->o->map.zoom, &v, err);
    if (st != GN_OK) return st;
    snprintf(title, sizeof title, "layer %zu", gn_reps_layer_index(s->reps, l));
    pic.title = title;
    pic.no_legend = true;
    if (pic.color && strcmp(pic.color, "kept") == 0) pic.kept = s->map[l].kept;
    st = cli_picture_draw(s->reps, &v, s->map[l].xy, s->map[l].k, &pic, out, err);
    cli_view_free(&v);
    return st;
}

static gn_status draw(const struct stack *s, size_t n, gn_error *err) {
    static const char *const aligned[] = {"layers apart", "one basis for all layers",
                                          "each layer turned onto the one before",
                                          "each layer pulled towards the one before"};
    static const char *const methods[] = {"principal components", "t-SNE", "UMAP", "MDS"};
    cli_picture pic = s->o->picture;
    gn_figure *panel[GN_PANELS_MAX] = {NULL}, *sheet = NULL;
    char title[512];
    gn_status st = GN_OK;
    if (s->n_layers > GN_PANELS_MAX)
        return cli_fail(err, GN_EINVAL, "--figure: %zu layers, a sheet has at most %d panels",
                        s->n_layers, GN_PANELS_MAX);
    pic.panel = true;
    common_range(s, n, &pic);
    for (size_t l = 0; l < s->n_layers && st == GN_OK; l++)
        st = draw_panel(s, l, pic, &panel[l], err);
    if (pic.title)
        snprintf(title, sizeof title, "%s", pic.title);
    else
        snprintf(title, sizeof title, "%.120s%s%.120s: %zu rows, %s, %s", gn_reps_name(s->reps),
                 pic.zoom ? ", " : "", pic.zoom ? pic.zoom : "", n, methods[s->o->map.method],
                 aligned[s->o->align]);
    const size_t columns = s->n_layers < 5 ? s->n_layers : 4;
    if (st == GN_OK) st = gn_figure_panels(title, panel, s->n_layers, columns, &sheet, err);
    for (size_t l = 0; l < s->n_layers && !sheet; l++) gn_figure_free(panel[l]);
    if (st == GN_OK) st = cli_write_figure(sheet, s->o->figure, err);
    gn_figure_free(sheet);
    return st;
}

static gn_status write_all(const struct stack *s, const cli_view *v, gn_error *err) {
    int *number = malloc(s->n_layers * sizeof *number);
    if (!number) return out_of_memory(err);
    for (size_t l = 0; l < s->n_layers; l++) number[l] = (int)gn_reps_layer_index(s->reps, l);
    gn_status st = cli_map_write(s->o->out, s->map, s->n_layers, number, v, err);
    free(number);
    return st;
}

gn_status cli_layers_make(gn_ctx *ctx, const gn_reps *reps, const cli_layers_opts *opts,
                          gn_result *result, cli_map *map, gn_error *err) {
    struct stack s = {
        .reps = reps, .o = opts, .result = result, .n_layers = gn_reps_layers(reps), .map = map};
    gn_status st = GN_OK;
    if (opts->align == CLI_JOINT) st = find_basis(ctx, &s, err);
    for (size_t l = 0; l < s.n_layers && st == GN_OK; l++) st = make_layer(ctx, &s, l, err);
    free(s.raw[0]);
    free(s.raw[1]);
    gn_joint_free(s.joint);
    return st;
}

gn_status cli_project_layers(gn_ctx *ctx, const gn_reps *reps, const cli_layers_opts *opts,
                             gn_result *result, gn_error *err) {
    struct stack s = {.reps = reps, .o = opts, .n_layers = gn_reps_layers(reps)};
    cli_view v = {0};
    if (!(s.map = calloc(s.n_layers, sizeof *s.map))) return out_of_memory(err);
    gn_status st = cli_layers_make(ctx, reps, opts, result, s.map, err);
    if (st == GN_OK) st = cli_view_open(reps, 0, opts->map.zoom, &v, err);
    if (st == GN_OK && opts->out) st = write_all(&s, &v, err);
    if (st == GN_OK && opts->figure) st = draw(&s, v.n, err);
    cli_view_free(&v);
    for (size_t l = 0; l < s.n_layers; l++) cli_map_free(&s.map[l]);
    free(s.map);
    return st;
}
