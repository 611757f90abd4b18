/* gonio knn: nearest neighbours, kept beside the layers of a set or written for a matrix; of some
 * rows, among the rows of another set, outside of a row's own group; exact ones, or approximate
 * ones with how many of the exact ones they have. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"
#include "labels.h"
#include "row_list.h"
#include "rows.h"
#include "gonio/neighbors.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PATH = 4096 };
static const char *const metrics[] = {"euclidean", "cosine", NULL};

struct job {
    gn_ctx *ctx;
    gn_result *result;
    gn_reps *reps, *other; /* other NULL: neighbours among the rows of reps */
    gn_knn_opts opts;
    const char *out, *rows, *group; /* as typed; NULL: not given */
    int32_t *row, *group_code, *other_code;
};

/* ---- what is asked --------------------------------------------------------------------------- */

static gn_status fail(gn_error *err, gn_status code, const char *what, const char *why) {
    err->code = code;
    snprintf(err->message, sizeof err->message, "%.200s: %.800s", what, why);
    return code;
}

/* The rest of a long search should not be lost for a folder that is not there. */
static gn_status check_folder(const char *prefix, gn_error *err) {
    char folder[MAX_PATH];
    const char *slash = strrchr(prefix, '/');
    int n = slash ? (int)(slash - prefix) : 0;
    snprintf(folder, sizeof folder, "%.*s", n, prefix);
    if (access(!slash ? "." : n ? folder : "/", W_OK) == 0) return GN_OK;
    return fail(err, GN_EIO, prefix, strerror(errno));
}

/* One code for each row of a set. `of` NULL: the label's own; else those of the classes of the same
 * name in `of`, and codes behind them for other names. */
static gn_status read_codes(const gn_reps *reps, const char *spec, const gn_labels *of,
                            cli_labels *found, int32_t **out, gn_error *err) {
    gn_status st = cli_labels_find(found, reps, spec, err);
    if (st != GN_OK) return st;
    const gn_labels *labels = found->label[0].labels;
    if (found->n != 1 || labels->n != gn_reps_rows(reps))
        return fail(err, GN_EINVAL, spec, "expected one label for each row");
    int32_t *own = malloc((labels->n_classes + 1) * sizeof *own);
    *out = malloc((labels->n + 1) * sizeof **out);
    if (own && *out) {
        for (size_t c = 0; c < labels->n_classes; c++) {
            own[c] = (int32_t)(of ? of->n_classes + c : c);
            for (size_t o = 0; of && o < of->n_classes; o++)
                if (strcmp(of->name[o], labels->name[c]) == 0) own[c] = (int32_t)o;
        }
        for (size_t i = 0; i < labels->n; i++)
            (*out)[i] = labels->code[i] < 0 ? -1 : own[labels->code[i]];
    } else {
        st = fail(err, GN_ENOMEM, spec, "out of memory");
    }
    free(own);
    return st;
}

/* Groups as codes: of the rows that answer in opts.group, of those that ask in opts.query_group. */
static gn_status read_groups(struct job *j, gn_error *err) {
    cli_labels asking = {0}, answering = {0};
    gn_status st = read_codes(j->reps, j->group, NULL, &asking, &j->group_code, err);
    j->opts.group = j->group_code;
    if (st == GN_OK && j->other) {
        st =
            read_codes(j->other, j->group, asking.label[0].labels, &answering, &j->other_code, err);
        j->opts.query_group = j->group_code;
        j->opts.group = j->other_code;
    }
    if (st == GN_OK) st = gn_result_set_text(j->result, "exclude_group", asking.label[0].name, err);
    cli_labels_free(&asking);
    cli_labels_free(&answering);
    return st;
}

static gn_status read_question(struct job *j, const char *against, const char *layers,
                               gn_error *err) {
    gn_status st = gn_reps_select_layers(j->reps, layers, err);
    if (st == GN_OK && against) st = gn_reps_open(against, &j->other, err);
    if (st == GN_OK && j->rows) st = cli_row_list(j->reps, j->rows, &j->row, &j->opts.n_rows, err);
    j->opts.row = j->row;
    if (st == GN_OK && j->group) st = read_groups(j, err);
    return st;
}

/* ---- one layer ------------------------------------------------------------------------------- */

/* Where in the other set the neighbours of a layer are looked for: at the same number, or in its
 * only layer when one of the two is a plain matrix. */
static gn_status matching_layer(const struct job *j, size_t i, size_t *out, gn_error *err) {
    char why[160];
    size_t number = gn_reps_layer_index(j->reps, i);
    *out = 0;
    if (gn_reps_layers(j->other) == 1 && (!gn_reps_dir(j->other) || !gn_reps_dir(j->reps)))
        return GN_OK;
    for (size_t l = 0; l < gn_reps_layers(j->other); l++)
        if (gn_reps_layer_index(j->other, l) == number) {
            *out = l;
            return GN_OK;
        }
    snprintf(why, sizeof why, "no layer %zu to look for the neighbours of %.80s in", number,
             gn_reps_name(j->reps));
    return fail(err, GN_EINVAL, gn_reps_name(j->other), why);
}

/* The search that only this call wants: it is not kept in the set's folder. */
static gn_status ask(const struct job *j, size_t i, gn_knn_opts opts, gn_knn **out, gn_error *err) {
    size_t l = i;
    gn_mat x = gn_reps_layer(j->reps, i);
    if (j->other) {
        gn_status st = matching_layer(j, i, &l, err);
        if (st != GN_OK) return st;
        opts.queries = &x;
    }
    const gn_reps *base = j->other ? j->other : j->reps;
    gn_status st = gn_knn_compute(j->ctx, gn_reps_layer(base, l), &opts, out, err);
    if (st != GN_OK && st != GN_ECANCEL) {
        gn_error inner = *err;
        char place[200];
        snprintf(place, sizeof place, "%.120s, layer %zu", gn_reps_name(base),
                 gn_reps_layer_index(base, l));
        fail(err, st, place, inner.message);
    }
    return st;
}

/* What every row says of its question. */
static gn_status add_params(const struct job *j, size_t i, const gn_knn *knn, size_t rank,
                            gn_error *err) {
    size_t l;
    gn_status st = gn_result_param_number(j->result, "k", (double)rank, err);
    if (st == GN_OK)
        st = gn_result_param_text(j->result, "metric", gn_metric_name(j->opts.metric), err);
    if (st == GN_OK && j->opts.how != GN_KNN_EXACT)
        st = gn_result_param_text(j->result, "search",
                                  gn_knn_how_name(knn->recall ? GN_KNN_APPROXIMATE : GN_KNN_EXACT),
                                  err);
    if (st != GN_OK || !j->other) return st;
    st = matching_layer(j, i, &l, err);
    if (st == GN_OK) st = gn_result_param_text(j->result, "other_set", gn_reps_name(j->other), err);
    if (st == GN_OK)
        st = gn_result_param_number(j->result, "other_layer",
                                    (double)gn_reps_layer_index(j->other, l), err);
    return st;
}

static gn_measurement measurement(const struct job *j, size_t i, const char *measure,
                                  const char *variant) {
    return (gn_measurement){.set = gn_reps_name(j->reps),
                            .layer = (int)gn_reps_layer_index(j->reps, i),
                            .depth = gn_reps_depth(j->reps, i),
                            .measure = measure,
                            .variant = variant};
}

/* Of the nearest `rank`, how many were found. */
static gn_status add_recall(const struct job *j, size_t i, const gn_knn *knn, size_t rank,
                            gn_error *err) {
    gn_measurement m = measurement(j, i, "recall", "nn_descent");
    m.value = knn->recall[rank - 1].value;
    m.se = knn->recall[rank - 1].se;
    m.n = (double)knn->n_recall;
    gn_status st = gn_result_add(j->result, &m, err);
    return st == GN_OK ? add_params(j, i, knn, rank, err) : st;
}

static gn_status add_rank(const struct job *j, size_t i, const gn_knn *knn, size_t rank,
                          gn_error *err) {
    double sum = 0, sum2 = 0;
    size_t n = 0;
    for (size_t r = 0; r < knn->n; r++) {
        double d = (double)knn->distance[r * knn->k + rank - 1];
        if (isnan(d)) continue; /* its group leaves it fewer neighbours */
        sum += d;
        sum2 += d * d;
        n++;
    }
    double mean = n ? sum / (double)n : (double)NAN;
    gn_measurement m = measurement(j, i, "neighbor_distance", "mean");
    m.value = mean;
    m.se = sqrt(fmax(0, sum2 / (double)n - mean * mean) / (double)n);
    m.n = (double)n;
    if (n == 0) m.note = "no row has so many neighbours outside of its group";
    gn_status st = gn_result_add(j->result, &m, err);
    return st == GN_OK ? add_params(j, i, knn, rank, err) : st;
}

/* At ranks 1, 2, 4, ...; the recall also of whole lists. */
static gn_status add_rows(const struct job *j, size_t i, const gn_knn *knn, gn_error *err) {
    gn_status st = GN_OK;
    size_t rank;
    for (rank = 1; st == GN_OK && rank <= knn->k; rank *= 2) st = add_rank(j, i, knn, rank, err);
    if (!knn->recall) return st;
    for (rank = 1; st == GN_OK && rank < knn->k; rank *= 2) st = add_recall(j, i, knn, rank, err);
    return st == GN_OK ? add_recall(j, i, knn, knn->k, err) : st;
}

/* PREFIX.rows.npy: the rows that asked, in the order of the answers. */
static gn_status write_rows(const struct job *j, const char *prefix, gn_error *err) {
    char path[MAX_PATH];
    if (!j->row) return GN_OK;
    snprintf(path, sizeof path, "%s.rows.npy", prefix);
    return gn_npy_write(path, GN_I32, &j->opts.n_rows, 1, j->row, err);
}

static gn_status one_layer(const struct job *j, size_t i, gn_error *err) {
    char task[64], prefix[MAX_PATH - 64], partial[MAX_PATH];
    gn_neighbors *neighbors = NULL;
    gn_knn *asked = NULL;
    gn_knn_opts opts = j->opts;
    size_t layer = gn_reps_layer_index(j->reps, i);
    snprintf(task, sizeof task, "neighbors, layer %zu", layer);
    opts.task = task;
    if (j->out) {
        bool one = gn_reps_layers(j->reps) == 1;
        int n = one ? snprintf(prefix, sizeof prefix, "%s", j->out)
                    : snprintf(prefix, sizeof prefix, "%s.layer.%02zu", j->out, layer);
        if (n >= (int)sizeof prefix) return fail(err, GN_EINVAL, "-o", "the name is too long");
        snprintf(partial, sizeof partial, "%s.partial", prefix);
        opts.checkpoint = partial;
    }
    gn_status st;
    if (j->other || j->row || j->group)
        st = ask(j, i, opts, &asked, err);
    else
        st = gn_neighbors_of_layer(j->ctx, j->reps, i, &opts, &neighbors, NULL, err);
    const gn_knn *knn = neighbors ? neighbors->all : asked;
    if (st == GN_OK && j->out) st = write_rows(j, prefix, err);
    if (st == GN_OK && j->out) st = gn_knn_write(knn, prefix, err);
    if (st == GN_OK && j->out) remove(partial);
    if (st == GN_OK) st = add_rows(j, i, knn, err);
    gn_neighbors_free(neighbors);
    gn_knn_free(asked);
    return st;
}

/* ---- the command ----------------------------------------------------------------------------- */

static gn_status conditions(const struct job *j, gn_error *err) {
    gn_status st = GN_OK;
    if (j->other) st = gn_result_set_text(j->result, "against", gn_reps_name(j->other), err);
    if (st == GN_OK && j->rows) st = gn_result_set_text(j->result, "rows", j->rows, err);
    return st;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    bool csv = false, approximate = false;
    int metric = 0;
    const char *against = NULL, *layers = NULL;
    struct job j = {.opts = {.k = 64}};
    const cli_option options[] = {
        {"neighbors", 'k', CLI_SIZE, &j.opts.k, "K",
         "neighbours of each row (default 64, at most 1,024)", NULL},
        {"metric", 'm', CLI_WORD, &metric, "METRIC", "euclidean (default) or cosine", metrics},
        {"approximate", 0, CLI_FLAG, &approximate, NULL,
         "do not look at all pairs (NN-descent): faster from about 50,000 rows on, and some "
         "neighbours are missed; how many is measured",
         NULL},
        {"against", 0, CLI_TEXT, (void *)&against, "OTHER",
         "look among the rows of OTHER, a set or matrix of the same width", NULL},
        {"rows", 0, CLI_TEXT, (void *)&j.rows, "ROWS",
         "neighbours of these rows only: 0:1000, 0:1000:10, 3,5,-1, LABEL=VALUE, FILE.npy", NULL},
        {"exclude-group", 0, CLI_TEXT, (void *)&j.group, "LABEL",
         "rows with the same label are no neighbours: a column of the set, or a label file", NULL},
        {"layers", 0, CLI_TEXT, (void *)&layers, "LIST", "layers to search, e.g. 0,3-6,-1", NULL},
        {"output", 'o', CLI_TEXT, (void *)&j.out, "PREFIX",
         "write PREFIX.index.npy and PREFIX.distance.npy (PREFIX.layer.NN... for several layers)",
         NULL},
        {"csv", 0, CLI_FLAG, &csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 1) return cli_usage(self, "expected one REPS, got %d operand(s)", n);
    if ((against || j.rows || j.group) && !j.out)
        return cli_usage(self, "say where to write with -o PREFIX: a set keeps the neighbours of "
                               "all its rows alone");

    if (approximate && (against || j.rows || j.group))
        return cli_usage(self, "--approximate is of all rows among themselves: it does not go with "
                               "--against, --rows or --exclude-group");

    gn_error err = {0};
    int status = CLI_FAILED;
    if (approximate) j.opts.how = GN_KNN_APPROXIMATE;
    j.opts.metric = metric ? GN_COSINE : GN_EUCLIDEAN;
    if (cli_context(&common, &j.ctx, &err) != GN_OK ||
        gn_reps_open(argv[0], &j.reps, &err) != GN_OK ||
        gn_result_new("knn", &j.result, &err) != GN_OK ||
        cli_conditions(&common, j.ctx, j.result, &err) != GN_OK)
        goto done;
    if (!gn_reps_dir(j.reps) && !j.out) {
        status =
            cli_usage(self, "%s is a plain matrix: say where to write with -o PREFIX", argv[0]);
        goto done;
    }
    if ((j.out && check_folder(j.out, &err) != GN_OK) ||
        read_question(&j, against, layers, &err) != GN_OK || conditions(&j, &err) != GN_OK)
        goto done;
    for (size_t i = 0; i < gn_reps_layers(j.reps); i++)
        if (one_layer(&j, i, &err) != GN_OK) goto done;
    status = cli_print_rows(j.result, csv, common.json);
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    free(j.row);
    free(j.group_code);
    free(j.other_code);
    gn_result_free(j.result);
    gn_reps_free(j.reps);
    gn_reps_free(j.other);
    gn_ctx_free(j.ctx);
    return status;
}

const cli_command cmd_knn = {
    .name = "knn",
    .summary = "nearest neighbours of every row: exact, or approximate with their recall",
    .synopsis = "REPS [-k K] [-o PREFIX] [options]",
    .text =
        "The neighbours of a representation set are kept in its folder (knn/) and reused by every\n"
        "other command; with -o they also go to PREFIX.index.npy (int32, self excluded) and\n"
        "PREFIX.distance.npy (float32). Exact: distances are measured from differences in\n"
        "float64, ties are ordered by index. Prints the mean distance at ranks 1, 2, 4, ...\n\n"
        "--rows restricts who asks, never who answers: all rows may be neighbours, and\n"
        "PREFIX.rows.npy says whose they are. --against OTHER: indices are rows of OTHER, and no\n"
        "row is left out; when OTHER is the same file, each row finds itself, at distance 0.\n"
        "Layers are matched by number; a plain matrix matches every layer. --exclude-group gives\n"
        "the K nearest outside of the row's group; where fewer exist, the rest is -1 and NaN.\n\n"
        "--approximate finds most of them and says how many: the exact neighbours of 1,000 rows\n"
        "are searched for, and `recall` is the share of them that the lists have. Files are\n"
        "called PREFIX.approximate..., and no measure takes them for exact ones; maps do\n"
        "(gonio project, gonio view). Exact lists that a set has are taken first.\n\n"
        "An exact search of more than a minute is kept in PREFIX.partial, or in knn/, about every "
        "minute\n"
        "and when it is interrupted. The same command goes on from there, to the same bytes.\n\n"
        "Example\n"
        "  gonio knn X.npy -k 64 -o X\n"
        "  gonio knn reps/ -k 15 --approximate\n"
        "  gonio knn new.npy --against X.npy -k 10 -o new\n"
        "  gonio knn reps/ --layers -1 --rows pos=verb --exclude-group sense -o verbs\n",
    .run = run,
};
