/* A figure is a list of marks with copied numbers; everything else happens when it is rendered. */
#include "figure/marks.h"

#include "base/number.h"

#include <math.h>
#include <string.h>

static gn_status copy_text(gn_figure *fig, const char **text, gn_error *err) {
    if (!*text) return GN_OK;
    const char *copy = gn_arena_utf8(&fig->arena, *text);
    if (!copy) return gn_fail_nomem(err, "a figure's text", strlen(*text));
    *text = copy;
    return GN_OK;
}

gn_status gn_figure_new(const gn_figure_opts *opts, gn_figure **out, gn_error *err) {
    gn_status st;
    gn_figure *fig = gn_calloc(1, sizeof *fig);
    if (!fig) return gn_fail_nomem(err, "a figure", sizeof *fig);
    if (opts) fig->opts = *opts;
    gn_figure_opts *o = &fig->opts;
    GN_TRY(copy_text(fig, &o->title, err));
    GN_TRY(copy_text(fig, &o->x_label, err));
    GN_TRY(copy_text(fig, &o->y_label, err));
    const double size[] = {o->width_in, o->height_in};
    for (int i = 0; i < 2; i++)
        if (size[i] != 0 && !(size[i] >= 1.5 && size[i] <= 40)) {
            st =
                gn_fail(err, GN_EINVAL, "figure %s %g in: expected 1.5 to 40, or 0 for the default",
                        i ? "height" : "width", size[i]);
            goto done;
        }
    if ((o->x_log && o->x_min < o->x_max && !(o->x_min > 0)) ||
        (o->y_log && o->y_min < o->y_max && !(o->y_min > 0))) {
        st = gn_fail(err, GN_EINVAL, "a log axis needs a lower end above 0, got %g",
                     o->x_log && !(o->x_min > 0) ? o->x_min : o->y_min);
        goto done;
    }
    if ((unsigned)o->palette > GN_PALETTE_VIRIDIS) {
        st = gn_fail(err, GN_EINVAL, "palette %d: expected 0 to %d", (int)o->palette,
                     (int)GN_PALETTE_VIRIDIS);
        goto done;
    }
    *out = fig;
    return GN_OK;
done:
    gn_figure_free(fig);
    return st;
}

void gn_figure_free(gn_figure *fig) {
    if (!fig) return;
    for (size_t i = 0; i < fig->n_panels; i++) gn_figure_free(fig->panel[i]);
    gn_arena_free(&fig->arena);
    gn_free(fig->mark);
    gn_free(fig);
}

static gn_status copy_numbers(gn_figure *fig, const double *from, size_t n, const double **out,
                              gn_error *err) {
    double *copy = gn_arena_alloc(&fig->arena, n, sizeof *copy);
    if (!copy) return gn_fail_nomem(err, "a figure's numbers", n * sizeof *copy);
    if (n) memcpy(copy, from, n * sizeof *copy);
    *out = copy;
    return GN_OK;
}

static gn_status add(gn_figure *fig, gn_mark_kind kind, const gn_series *s, gn_error *err) {
    gn_status st = GN_OK;
    gn_mark m = {.kind = kind, .label = s->label, .n = s->n, .color = s->color};
    if (!s->y || (!s->x && kind != GN_MARK_HLINE))
        return gn_fail(err, GN_EINVAL, "series '%s' has no x or y", s->label ? s->label : "");
    if (!s->lo != !s->hi)
        return gn_fail(err, GN_EINVAL, "series '%s': lo and hi come together or not at all",
                       s->label ? s->label : "");
    const char *whole = fig->heatmap.value ? "a heatmap"
                        : fig->cloud.n     ? "a cloud"
                        : fig->n_groups    ? "a chart of bars"
                        : fig->n_panels    ? "a sheet of panels"
                                           : NULL;
    if (whole && !(fig->n_groups && kind == GN_MARK_HLINE))
        return gn_fail(err, GN_EINVAL, "the figure is %s and takes no further series", whole);
    if (fig->n_marks == fig->room_marks) {
        size_t room = fig->room_marks ? fig->room_marks * 2 : 8;
        gn_mark *p = gn_realloc(fig->mark, room, sizeof *p);
        if (!p) return gn_fail_nomem(err, "a figure's series", room * sizeof *p);
        fig->mark = p;
        fig->room_marks = room;
    }
    GN_TRY(copy_text(fig, &m.label, err));
    if (s->x) GN_TRY(copy_numbers(fig, s->x, s->n, &m.x, err));
    GN_TRY(copy_numbers(fig, s->y, s->n, &m.y, err));
    if (s->lo) GN_TRY(copy_numbers(fig, s->lo, s->n, &m.lo, err));
    if (s->hi) GN_TRY(copy_numbers(fig, s->hi, s->n, &m.hi, err));
    if (kind == GN_MARK_HLINE)
        m.color = -1;
    else if (m.color < 0)
        m.color = fig->n_colors;
    if (m.color >= fig->n_colors) fig->n_colors = m.color + 1;
    fig->mark[fig->n_marks++] = m;
done:
    return st;
}

gn_status gn_figure_line(gn_figure *fig, const gn_series *s, gn_error *err) {
    return add(fig, GN_MARK_LINE, s, err);
}

gn_status gn_figure_points(gn_figure *fig, const gn_series *s, gn_error *err) {
    return add(fig, GN_MARK_POINTS, s, err);
}

gn_status gn_figure_scatter(gn_figure *fig, const gn_series *s, gn_error *err) {
    return add(fig, GN_MARK_SCATTER, s, err);
}

gn_status gn_figure_hline(gn_figure *fig, double y, const char *label, gn_error *err) {
    gn_series s = {.label = label, .n = 1, .y = &y};
    if (!isfinite(y)) return gn_fail(err, GN_EINVAL, "a reference line at %g cannot be drawn", y);
    return add(fig, GN_MARK_HLINE, &s, err);
}

static gn_status copy_names(gn_figure *fig, const char *const *from, size_t n,
                            const char *const **out, gn_error *err) {
    gn_status st;
    const char **copy = gn_arena_alloc(&fig->arena, n, sizeof *copy);
    if (!copy) return gn_fail_nomem(err, "a figure's names", n * sizeof *copy);
    for (size_t i = 0; i < n; i++) {
        copy[i] = from[i];
        GN_TRY(copy_text(fig, &copy[i], err));
    }
    *out = copy;
    return GN_OK;
done:
    return st;
}

static gn_status check_bars(const gn_figure *fig, const gn_bars *b, gn_error *err) {
    if (fig->n_marks > 0 || fig->heatmap.value || fig->cloud.n)
        return gn_fail(err, GN_EINVAL, "bars take a whole figure, which already holds something");
    if (b->n_groups == 0 || b->n_groups > 10000 || !b->group || !b->value)
        return gn_fail(err, GN_EINVAL,
                       "%zu groups of bars: expected 1 to 10,000 with names and "
                       "values",
                       b->n_groups);
    const size_t most = fig->opts.palette == GN_PALETTE_OKABE_ITO ? GN_PALETTE_COLORS : GN_BARS_MAX;
    if (b->n_bars == 0 || b->n_bars > most || (b->n_bars > 1 && !b->bar))
        return gn_fail(err, GN_EINVAL,
                       "%zu bars a group: expected 1 to %zu, the colours there are, with names",
                       b->n_bars, most);
    if (!b->lo != !b->hi || (b->stacked && b->lo))
        return gn_fail(err, GN_EINVAL, "bars: lo and hi come together, and not with a stack");
    for (size_t i = 0; b->stacked && i < b->n_groups * b->n_bars; i++)
        if (b->value[i] < 0)
            return gn_fail(err, GN_EINVAL, "a stack cannot hold %g (group %zu)", b->value[i],
                           i / b->n_bars);
    return GN_OK;
}

/* Bar j of all groups as a series; the bars before it in each stack are summed up in `base`. */
static gn_status add_bar(gn_figure *fig, const gn_bars *b, size_t j, double *base, gn_error *err) {
    gn_status st;
    const size_t n = b->n_groups;
    const double width = b->stacked || b->n_bars == 1 ? 0.66 : 0.82 / (double)b->n_bars;
    const double shift = b->stacked ? 0 : ((double)j - 0.5 * (double)(b->n_bars - 1)) * width;
    double *x = gn_arena_alloc(&fig->arena, n, 4 * sizeof *x), *y = x + n, *lo = y + n;
    if (!x) return gn_fail_nomem(err, "a figure's bars", 4 * n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        const size_t at = i * b->n_bars + j;
        x[i] = (double)i + shift;
        y[i] = b->value[at];
        lo[i] = b->lo ? b->lo[at] : 0;
        lo[n + i] = b->hi ? b->hi[at] : 0;
    }
    gn_series s = {b->bar ? b->bar[j] : NULL, n,     x, y, b->lo ? lo : NULL,
                   b->hi ? lo + n : NULL,     (int)j};
    GN_TRY(add(fig, GN_MARK_BARS, &s, err));
    gn_mark *m = &fig->mark[fig->n_marks - 1];
    m->width = width;
    if (b->faint_last && j + 1 == b->n_bars) m->color = -1;
    if (!b->stacked) return GN_OK;
    GN_TRY(copy_numbers(fig, base, n, &m->base, err));
    for (size_t i = 0; i < n; i++) base[i] += isfinite(y[i]) ? y[i] : 0;
done:
    return st;
}

gn_status gn_figure_bars(gn_figure *fig, const gn_bars *bars, gn_error *err) {
    gn_status st = check_bars(fig, bars, err);
    if (st != GN_OK) return st;
    double *base = gn_arena_alloc(&fig->arena, bars->n_groups, sizeof *base);
    if (!base) return gn_fail_nomem(err, "a figure's bars", bars->n_groups * sizeof *base);
    for (size_t i = 0; i < bars->n_groups; i++) base[i] = 0;
    const char *const *name;
    GN_TRY(copy_names(fig, bars->group, bars->n_groups, &name, err));
    for (size_t j = 0; j < bars->n_bars; j++) GN_TRY(add_bar(fig, bars, j, base, err));
    fig->group_name = name;
    fig->n_groups = bars->n_groups;
done:
    if (st != GN_OK) fig->n_marks = 0;
    return st;
}

gn_status gn_figure_heatmap(gn_figure *fig, const double *value, size_t rows, size_t cols,
                            const char *value_label, gn_error *err) {
    gn_status st;
    gn_heatmap map = {.rows = rows, .cols = cols, .label = value_label};
    size_t n;
    if (rows == 0 || cols == 0 || rows > 20000 || cols > 20000 || !gn_mul(rows, cols, &n))
        return gn_fail(err, GN_EINVAL, "heatmap of %zu x %zu cells: expected 1 to 20,000 each",
                       rows, cols);
    if (fig->n_marks > 0 || fig->heatmap.value || fig->cloud.n)
        return gn_fail(err, GN_EINVAL, "a heatmap takes a whole figure, which already holds %s",
                       fig->n_marks ? "series" : "one");
    GN_TRY(copy_text(fig, &map.label, err));
    GN_TRY(copy_numbers(fig, value, n, &map.value, err));
    fig->heatmap = map;
done:
    return st;
}

static gn_status copy_integers(gn_figure *fig, const int *from, size_t n, const int **out,
                               gn_error *err) {
    int *copy = gn_arena_alloc(&fig->arena, n, sizeof *copy);
    if (!copy) return gn_fail_nomem(err, "a heatmap's numbers", n * sizeof *copy);
    memcpy(copy, from, n * sizeof *copy);
    *out = copy;
    return GN_OK;
}

gn_status gn_figure_heatmap_numbers(gn_figure *fig, const int *row, const int *col, gn_error *err) {
    gn_status st;
    gn_heatmap map = fig->heatmap;
    if (!map.value) return gn_fail(err, GN_EINVAL, "the figure is no heatmap: it has no rows");
    GN_TRY(copy_integers(fig, row, map.rows, &map.row, err));
    GN_TRY(copy_integers(fig, col, map.cols, &map.col, err));
    fig->heatmap = map;
done:
    return st;
}

gn_status gn_figure_heatmap_names(gn_figure *fig, const char *const *row, const char *const *col,
                                  gn_error *err) {
    gn_status st;
    gn_heatmap map = fig->heatmap;
    if (!map.value) return gn_fail(err, GN_EINVAL, "the figure is no heatmap: it has no rows");
    GN_TRY(copy_names(fig, row, map.rows, &map.row_name, err));
    GN_TRY(copy_names(fig, col, map.cols, &map.col_name, err));
    fig->heatmap = map;
done:
    return st;
}

static gn_status check_cloud(const gn_figure *fig, const gn_cloud *c, gn_error *err) {
    if (fig->n_marks > 0 || fig->heatmap.value || fig->cloud.n)
        return gn_fail(err, GN_EINVAL,
                       "a cloud takes a whole figure, which already holds something");
    if (c->n == 0 || c->n > UINT32_MAX || !c->x || !c->y)
        return gn_fail(err, GN_EINVAL, "a cloud of %zu points: expected some, with x and y", c->n);
    if (c->value && c->group)
        return gn_fail(err, GN_EINVAL, "a cloud is coloured by value or by group, not by both");
    if (c->group && (c->n_groups > GN_CLOUD_GROUPS || (c->n_groups > 0 && !c->group_name)))
        return gn_fail(err, GN_EINVAL, "a cloud of %zu groups: expected at most %d, with names",
                       c->n_groups, GN_CLOUD_GROUPS);
    bool positive = false;
    for (size_t i = 0; i < c->n; i++) {
        if (c->group && (c->group[i] < -1 || c->group[i] >= (int32_t)c->n_groups))
            return gn_fail(err, GN_EINVAL, "point %zu: group %d of %zu", i, (int)c->group[i],
                           c->n_groups);
        if (c->value) positive = positive || c->value[i] > 0;
    }
    if (c->value && c->value_log && !positive)
        return gn_fail(err, GN_EINVAL, "no value above 0 for a log scale of colours");
    return GN_OK;
}

gn_status gn_figure_cloud(gn_figure *fig, const gn_cloud *cloud, gn_error *err) {
    gn_cloud c = *cloud;
    gn_status st = check_cloud(fig, cloud, err);
    if (st != GN_OK) return st;
    uint32_t *order = gn_arena_alloc(&fig->arena, c.n, sizeof *order);
    int32_t *group = c.group ? gn_arena_alloc(&fig->arena, c.n, sizeof *group) : NULL;
    const char **name = gn_arena_alloc(&fig->arena, c.n_groups + 1, sizeof *name);
    if (!order || !name || (c.group && !group))
        return gn_fail_nomem(err, "a figure's points", c.n * sizeof *order);
    GN_TRY(copy_text(fig, &c.z_label, err));
    GN_TRY(copy_text(fig, &c.value_label, err));
    GN_TRY(copy_numbers(fig, cloud->x, c.n, &c.x, err));
    GN_TRY(copy_numbers(fig, cloud->y, c.n, &c.y, err));
    if (c.z) GN_TRY(copy_numbers(fig, cloud->z, c.n, &c.z, err));
    if (c.value) GN_TRY(copy_numbers(fig, cloud->value, c.n, &c.value, err));
    if (c.group) memcpy(group, cloud->group, c.n * sizeof *group);
    for (size_t g = 0; c.group && g < c.n_groups; g++) {
        name[g] = cloud->group_name[g];
        GN_TRY(copy_text(fig, &name[g], err));
    }
    c.group = group;
    c.group_name = name;
    GN_TRY(gn_cloud_order(&c, order, err));
    for (size_t g = 0; c.group && !c.name_groups && !c.no_legend && g < c.n_groups + (c.faint_label != NULL); g++) {
        static const double none[1] = {0};
        bool faint = g == c.n_groups;
        gn_series s = {.x = none, .y = none, .color = (int)g};
        s.label = faint ? c.faint_label : name[g];
        GN_TRY(add(fig, GN_MARK_SCATTER, &s, err));
        if (faint) fig->mark[fig->n_marks - 1].color = -1;
    }
    fig->cloud = c;
    fig->cloud_order = order;
done:
    if (st != GN_OK) fig->n_marks = 0;
    return st;
}

static gn_color full_color(const gn_figure *fig, const gn_mark *m) {
    bool bars = m->kind == GN_MARK_BARS;
    if (m->color < 0) return fig->cloud.n || bars ? gn_cloud_faint_color : gn_muted;
    if (fig->cloud.n || (bars && fig->opts.palette == GN_PALETTE_DEEP))
        return gn_cloud_colors[m->color % GN_CLOUD_COLORS];
    if (fig->opts.palette == GN_PALETTE_VIRIDIS) {
        /* The last tenth of viridis is too pale for lines on white. */
        double last = fig->n_colors > 1 ? fig->n_colors - 1 : 1;
        return gn_viridis(0.9 * m->color / last);
    }
    return gn_palettes[fig->opts.palette][m->color % GN_PALETTE_COLORS];
}

gn_color gn_mark_color(const gn_figure *fig, const gn_mark *m) {
    gn_color c = full_color(fig, m);
    double t = m->style.tint;
    c.r += t * (gn_paper.r - c.r);
    c.g += t * (gn_paper.g - c.g);
    c.b += t * (gn_paper.b - c.b);
    return c;
}
