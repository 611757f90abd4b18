/* Colours: by how often a row's type occurs (a bar on a log scale), by how much of its
 * neighbourhood the map keeps, by the most frequent values of a label, or a few chosen values with
 * everything else faint. */
#define _POSIX_C_SOURCE 200809L
#include "labels.h"
#include "project.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a picture is made of while it is made. */
struct paint {
    const gn_reps *reps;
    const cli_view *view;
    cli_labels found;
    gn_labels *types;
    const gn_labels *labels; /* of all rows: one of the two, or a column of the set */
    double *value;           /* (n) */
    int32_t *group;          /* (n) */
    const char *name[GN_CLOUD_GROUPS];
    size_t n_groups, n_left_out; /* classes in colours; classes without */
    char faint[64], value_label[128];
};

static gn_status out_of_memory(gn_error *err) {
    return cli_fail(err, GN_ENOMEM, "out of memory: a figure");
}

static size_t row_of(const struct paint *p, size_t i) {
    return p->view->row ? (size_t)p->view->row[i] : i;
}

/* The words of rows where the set has them, else the types of their tokens. */
static gn_status open_types(struct paint *p, gn_error *err) {
    for (size_t c = 0; c < gn_reps_label_count(p->reps); c++)
        if (strcmp(gn_reps_label_name(p->reps, c), "word") == 0) {
            p->labels = gn_reps_labels(p->reps, c);
            return GN_OK;
        }
    gn_status st = gn_reps_types(p->reps, &p->types, err);
    p->labels = p->types;
    return st;
}

static gn_status open_labels(struct paint *p, const char *label, gn_error *err) {
    gn_status st = cli_labels_find(&p->found, p->reps, label, err);
    if (st != GN_OK) return st;
    p->labels = p->found.label[0].labels;
    if (p->found.n > 1) return cli_fail(err, GN_EINVAL, "--color: expected one label");
    if (p->labels->n == gn_reps_rows(p->reps)) return GN_OK;
    return cli_fail(err, GN_EINVAL, "%.200s: %zu labels for %zu rows", label, p->labels->n,
                    gn_reps_rows(p->reps));
}

/* Rows of each class, among the rows of the view or among all. Free. */
static size_t *count(const struct paint *p, bool all) {
    size_t *n = calloc(p->labels->n_classes + 1, sizeof *n);
    size_t rows = all ? p->labels->n : p->view->n;
    for (size_t i = 0; n && i < rows; i++) {
        int32_t code = p->labels->code[all ? i : row_of(p, i)];
        if (code >= 0) n[code]++;
    }
    return n;
}

static gn_status by_frequency(struct paint *p, gn_error *err) {
    gn_status st = open_types(p, err);
    if (st != GN_OK) return st;
    size_t *n = count(p, true);
    p->value = malloc((p->view->n + 1) * sizeof *p->value);
    if (!n || !p->value) {
        free(n);
        return out_of_memory(err);
    }
    for (size_t i = 0; i < p->view->n; i++) {
        int32_t code = p->labels->code[row_of(p, i)];
        p->value[i] = code < 0 ? (double)NAN : (double)n[code];
    }
    snprintf(p->value_label, sizeof p->value_label, "occurrences of the %s",
             p->types ? "token" : "word");
    free(n);
    return GN_OK;
}

/* Classes in colours: `class` (n_groups). All others are faint. */
static gn_status paint_classes(struct paint *p, const int32_t *class, gn_error *err) {
    p->group = malloc((p->view->n + 1) * sizeof *p->group);
    if (!p->group) return out_of_memory(err);
    for (size_t i = 0; i < p->view->n; i++) {
        p->group[i] = -1;
        for (size_t g = 0; g < p->n_groups; g++)
            if (p->labels->code[row_of(p, i)] == class[g]) p->group[i] = (int32_t)g;
    }
    for (size_t g = 0; g < p->n_groups; g++) p->name[g] = p->labels->name[class[g]];
    return GN_OK;
}

/* The most frequent classes; one colour is left free when there are more, for the rest is grey. */
static gn_status by_label(struct paint *p, gn_error *err) {
    int32_t class[GN_CLOUD_GROUPS];
    size_t *n = count(p, false), present = 0, unnamed = 0;
    if (!n) return out_of_memory(err);
    for (size_t c = 0; c < p->labels->n_classes; c++) present += n[c] > 0;
    for (size_t i = 0; i < p->view->n; i++) unnamed += p->labels->code[row_of(p, i)] < 0;
    p->n_groups = present < GN_CLOUD_GROUPS ? present : GN_CLOUD_GROUPS;
    for (size_t g = 0; g < p->n_groups; g++) {
        size_t best = 0;
        for (size_t c = 0; c < p->labels->n_classes; c++)
            if (n[c] > n[best]) best = c;
        class[g] = (int32_t)best;
        n[best] = 0;
    }
    free(n);
    if (present > p->n_groups)
        snprintf(p->faint, sizeof p->faint, "%zu others", present - p->n_groups);
    else if (unnamed)
        snprintf(p->faint, sizeof p->faint, "no label");
    return paint_classes(p, class, err);
}

static gn_status by_highlight(struct paint *p, const char *list, gn_error *err) {
    int32_t class[GN_CLOUD_GROUPS];
    char *text = strdup(list);
    gn_status st = text ? GN_OK : out_of_memory(err);
    for (char *save, *v = text ? strtok_r(text, ",", &save) : NULL; v && st == GN_OK;
         v = strtok_r(NULL, ",", &save)) {
        int32_t found = -1;
        for (size_t c = 0; c < p->labels->n_classes; c++)
            if (strcmp(p->labels->name[c], v) == 0) found = (int32_t)c;
        if (found >= 0 && p->n_groups < GN_CLOUD_GROUPS) {
            class[p->n_groups++] = found;
            continue;
        }
        st = found < 0
                 ? cli_fail(err, GN_EINVAL, "--highlight: no row is '%.200s'", v)
                 : cli_fail(err, GN_EINVAL, "--highlight: at most %d values", GN_CLOUD_GROUPS);
    }
    free(text);
    return st == GN_OK ? paint_classes(p, class, err) : st;
}

static gn_status by_kept(struct paint *p, const float *kept, gn_error *err) {
    p->value = malloc((p->view->n + 1) * sizeof *p->value);
    if (!p->value) return out_of_memory(err);
    for (size_t i = 0; i < p->view->n; i++) p->value[i] = (double)kept[i];
    snprintf(p->value_label, sizeof p->value_label, "share of neighbours kept");
    return GN_OK;
}

static gn_status choose_colors(struct paint *p, const cli_picture *pic, gn_error *err) {
    bool frequency = pic->color && strcmp(pic->color, "frequency") == 0;
    if (!pic->highlight && !pic->color) return GN_OK;
    if (pic->kept && !pic->highlight) return by_kept(p, pic->kept, err);
    if (frequency && !pic->highlight) return by_frequency(p, err);
    gn_status st = pic->color && !frequency ? open_labels(p, pic->color, err) : open_types(p, err);
    if (st != GN_OK) return st;
    return pic->highlight ? by_highlight(p, pic->highlight, err) : by_label(p, err);
}

/* "432,684" */
static void grouped(size_t value, char *out, size_t n) {
    char digits[32];
    size_t used = 0;
    snprintf(digits, sizeof digits, "%zu", value);
    for (size_t i = 0, len = strlen(digits); i < len && used + 2 < n; i++) {
        out[used++] = digits[i];
        if ((len - i) % 3 == 1 && i + 1 < len) out[used++] = ',';
    }
    out[used] = '\0';
}

static void make_title(const gn_reps *reps, const cli_view *view, const cli_picture *pic, char *out,
                       size_t n) {
    char layer[32] = "", zoom[160] = "", rows[40];
    if (pic->title) {
        snprintf(out, n, "%s", pic->title);
        return;
    }
    if (gn_reps_dir(reps))
        snprintf(layer, sizeof layer, ", layer %zu", gn_reps_layer_index(reps, view->layer));
    if (pic->zoom) snprintf(zoom, sizeof zoom, ", %.120s", pic->zoom);
    grouped(view->n, rows, sizeof rows);
    snprintf(out, n, "%.120s%s%s: %s rows, %s", gn_reps_name(reps), layer, zoom, rows,
             pic->summary);
}

gn_status cli_picture_draw(const gn_reps *reps, const cli_view *view, const double *xy, size_t k,
                           const cli_picture *pic, gn_figure **out, gn_error *err) {
    struct paint p = {.reps = reps, .view = view};
    const size_t n = view->n;
    double *axis[3] = {NULL};
    char title[512];
    gn_figure *fig = NULL;
    gn_status st = choose_colors(&p, pic, err);
    for (size_t a = 0; a < pic->dims && st == GN_OK; a++) {
        if (!(axis[a] = malloc((n + 1) * sizeof *axis[a]))) st = out_of_memory(err);
        for (size_t i = 0; i < n && axis[a]; i++) axis[a][i] = xy[i * k + a];
    }
    if (st != GN_OK) goto done;
    make_title(reps, view, pic, title, sizeof title);
    gn_figure_opts o = {.title = title,
                        .x_label = pic->panel ? NULL : pic->axis[0],
                        .y_label = pic->panel ? NULL : pic->axis[1],
                        .width_in = pic->panel ? 2.5 : 0,
                        .height_in = pic->panel ? 2.4 : 0,
                        .x_min = pic->low[0],
                        .x_max = pic->high[0],
                        .y_min = pic->low[1],
                        .y_max = pic->high[1],
                        .equal = true};
    gn_cloud cloud = {.n = n,
                      .x = axis[0],
                      .y = axis[1],
                      .z = axis[2],
                      .z_label = pic->dims == 3 && !pic->panel ? pic->axis[2] : NULL,
                      .value = p.value,
                      .value_label = p.value_label,
                      .value_log = !pic->kept,
                      .group = p.group,
                      .n_groups = p.n_groups,
                      .group_name = p.name,
                      .name_groups = pic->highlight != NULL,
                      .no_legend = pic->no_legend,
                      .faint_label = *p.faint ? p.faint : NULL};
    st = gn_figure_new(&o, &fig, err);
    if (st == GN_OK) st = gn_figure_cloud(fig, &cloud, err);
    if (st == GN_OK) {
        *out = fig;
        fig = NULL;
    }
done:
    gn_figure_free(fig);
    for (size_t a = 0; a < 3; a++) free(axis[a]);
    free(p.value);
    free(p.group);
    cli_labels_free(&p.found);
    gn_labels_free(p.types);
    return st;
}
