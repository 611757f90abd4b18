/* gonio isotropy: how each layer uses its space, before and after repairs. */
#include "cli.h"
#include "isotropy_figures.h"
#include "labels.h"
#include "rows.h"
#include "gonio/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_EPS = 16 };

static const char *const modes[] = {"cai2021", NULL};
static const char *const plots[] = {"profile", "spectra", "rogue", NULL};
static const char *const first_positions[] = {"both", "kept", NULL};
static const char *const nulls[] = {"types", "gaussian", NULL};
static const char *const bins[] = {"frequency", "position", NULL};

/* Options as they are typed. */
struct typed {
    const char *types, *clusters, *reference, *repair, *by, *null, *eps, *figure, *layers, *out;
    int mode, plot, first;
    double maxl, embed;
    bool center, csv, overwrite;
};

/* "a,b" as a set of places in `names`; 0 after saying what is wrong. */
static unsigned parse_set(const cli_command *self, const char *option, const char *list,
                          const char *const *names) {
    unsigned set = 0;
    for (size_t n; *list; list += n + (list[n] == ',')) {
        n = strcspn(list, ",");
        int k = 0;
        while (names[k] && (strlen(names[k]) != n || strncmp(names[k], list, n) != 0)) k++;
        if (!names[k]) {
            cli_usage(self, "--%s: '%.*s' is none of the names in --help", option, (int)n, list);
            return 0;
        }
        set |= 1u << k;
    }
    if (!set) cli_usage(self, "--%s: expected names", option);
    return set;
}

static size_t parse_eps(const char *list, double *eps) {
    size_t n = 0;
    for (char *end; *list; list = end + (*end == ',')) {
        double value = strtod(list, &end);
        if (end == list || (*end && *end != ',') || !(value > 0 && value < 1) || n == MOST_EPS)
            return 0;
        eps[n++] = value;
    }
    return n;
}

/* Fills what --repair, --by, --null and --eps say; false after saying what is wrong. */
static bool read_lists(const cli_command *self, const struct typed *t, double *eps,
                       gn_measure_isotropy_opts *o) {
    const char *repairs[GN_REPAIR_KINDS + 1] = {0};
    unsigned set;
    for (int k = 0; k < GN_REPAIR_KINDS; k++) repairs[k] = gn_repair_name((gn_repair_kind)k);
    if (t->repair && !(o->repairs = parse_set(self, "repair", t->repair, repairs))) return false;
    if (t->by) {
        if (!(set = parse_set(self, "by", t->by, bins))) return false;
        o->by_frequency = set & 1;
        o->by_position = set >> 1 & 1;
    }
    if (t->null) {
        if (!(set = parse_set(self, "null", t->null, nulls))) return false;
        o->null_types = set & 1;
        o->null_gaussian = set >> 1 & 1;
    }
    if (t->eps) {
        o->eps = eps;
        if (!(o->n_eps = parse_eps(t->eps, eps))) {
            cli_usage(self, "--eps: '%s', expected numbers between 0 and 1 with commas", t->eps);
            return false;
        }
    }
    return true;
}

/* The one column of labels that `spec` names; *out NULL without a spec. */
static gn_status find_one(cli_labels *found, const gn_reps *reps, const char *spec,
                          const gn_measure_label **out, gn_error *err) {
    gn_status st = cli_labels_find(found, reps, spec, err);
    *out = NULL;
    if (st == GN_OK && found->n > 1) {
        *err = (gn_error){.code = GN_EINVAL};
        snprintf(err->message, sizeof err->message, "labels '%.200s': expected one column", spec);
        return GN_EINVAL;
    }
    if (st == GN_OK && found->n) *out = &found->label[0];
    return st;
}

/* One set: labels are columns of its own, or files. */
static gn_status measure_set(gn_ctx *ctx, const gn_reps *reps, const struct typed *t,
                             gn_measure_isotropy_opts o, gn_result *result, gn_error *err) {
    cli_labels types = {0}, clusters = {0};
    const gn_measure_label *type, *cluster = NULL;
    gn_cai2021_opts cai = {.maxl = t->maxl, .embed = t->embed, .center = t->center};
    gn_status st = find_one(&types, reps, t->types, &type, err);
    if (st == GN_OK) st = find_one(&clusters, reps, t->clusters, &cluster, err);
    if (st == GN_OK) {
        o.types = type ? type->labels : NULL;
        o.clusters = cluster ? cluster->labels : NULL;
        o.cluster_name = cluster ? cluster->name : NULL;
        if (t->mode == 0) o.cai2021 = &cai;
        st = gn_measure_isotropy(ctx, reps, &o, result, err);
    }
    cli_labels_free(&types);
    cli_labels_free(&clusters);
    return st;
}

/* The set with its one repair goes into a folder. */
static gn_status write_repaired(gn_ctx *ctx, const gn_reps *reps, const struct typed *t,
                                const gn_measure_isotropy_opts *o, gn_error *err) {
    cli_labels types = {0}, clusters = {0};
    const gn_measure_label *type, *cluster = NULL;
    gn_labels *own = NULL;
    gn_repair_opts r = {.n_directions = o->n_directions};
    gn_repair_kind kind = 0;
    while (!(o->repairs >> kind & 1)) kind++;
    gn_status st = find_one(&types, reps, t->types, &type, err);
    if (st == GN_OK) st = find_one(&clusters, reps, t->clusters, &cluster, err);
    if (st == GN_OK && !type && kind == GN_REPAIR_TYPE_MEAN && gn_reps_dir(reps))
        st = gn_reps_types(reps, &own, err);
    if (st == GN_OK) {
        r.type = type ? type->labels->code : own ? own->code : NULL;
        r.cluster = cluster ? cluster->labels->code : NULL;
        r.n_clusters = cluster ? cluster->labels->n_classes : 0;
        const size_t rows = gn_reps_rows(reps);
        const gn_measure_label *given[] = {type, cluster};
        for (int i = 0; i < 2 && st == GN_OK; i++)
            if (given[i] && given[i]->labels->n != rows)
                st = cli_fail(err, GN_EINVAL, "%s: %zu labels for the %zu rows of %s",
                              given[i]->name, given[i]->labels->n, rows, gn_reps_name(reps));
    }
    if (st == GN_OK) st = gn_reps_repair(ctx, reps, kind, &r, t->out, t->overwrite, err);
    gn_labels_free(own);
    cli_labels_free(&types);
    cli_labels_free(&clusters);
    return st;
}

static gn_status print_repaired(const gn_reps *reps, const struct typed *t, const cli_common *c,
                                gn_result *result, int *status, gn_error *err) {
    char line[1400];
    gn_status st = gn_result_set_text(result, "repair", t->repair, err);
    if (st == GN_OK) st = gn_result_set_text(result, "output", t->out, err);
    if (st != GN_OK) return st;
    snprintf(line, sizeof line, "%.900s: %zu rows x %zu layers of %.200s, repaired: %.100s\n",
             t->out, gn_reps_rows(reps), gn_reps_layers(reps), gn_reps_name(reps), t->repair);
    *status = c->json ? cli_print_rows(result, false, true) : c->quiet ? CLI_DONE : cli_print(line);
    return st;
}

/* False after saying what is wrong with -o. */
static bool check_output(const cli_command *self, const struct typed *t, unsigned repairs,
                         int n_sets) {
    if (!t->out && t->overwrite) cli_usage(self, "--overwrite belongs to -o");
    if (!t->out) return !t->overwrite;
    bool one = repairs && !(repairs & (repairs - 1)) && n_sets == 1;
    bool more = t->figure || t->csv || t->by || t->null || t->mode >= 0;
    if (!one) cli_usage(self, "-o writes one set with one --repair");
    if (one && more)
        cli_usage(self, "-o only writes: it takes no figure, --csv, --by, --null, --compat");
    return one && !more;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    gn_measure_isotropy_opts opts = {0};
    struct typed t = {.mode = -1};
    double eps[MOST_EPS];
    const cli_option options[] = {
        {"layers", 0, CLI_TEXT, (void *)&t.layers, "LIST", "layers to measure, e.g. 0,3-6,-1",
         NULL},
        {"types", 0, CLI_TEXT, (void *)&t.types, "LABELS",
         "what counts as one type: a label column, or FILE (default: words, or tokens)", NULL},
        {"by", 0, CLI_TEXT, (void *)&t.by, "LIST",
         "also in bins: frequency (rows of the type), position, or both with a comma", NULL},
        {"first-position", 0, CLI_WORD, &t.first, "WHAT",
         "both: once more without the rows at position 0 (default); kept: not", first_positions},
        {"repair", 0, CLI_TEXT, (void *)&t.repair, "LIST",
         "also after mean, type_mean, top, cluster, whiten, zscore (with commas)", NULL},
        {"output", 'o', CLI_TEXT, (void *)&t.out, "OUTSET",
         "write the set with its one --repair here, and measure nothing", NULL},
        {"overwrite", 0, CLI_FLAG, &t.overwrite, NULL, "replace what -o finds", NULL},
        {"directions", 0, CLI_SIZE, &opts.n_directions, "D",
         "axes that top and cluster remove (default: columns / 100)", NULL},
        {"clusters", 0, CLI_TEXT, (void *)&t.clusters, "LABELS",
         "also inside each class of a label column, or FILE", NULL},
        {"eps", 0, CLI_TEXT, (void *)&t.eps, "LIST",
         "shares of the variance for the effective dimension (default 0.8,0.9)", NULL},
        {"strict", 0, CLI_FLAG, &opts.strict_eps, NULL,
         "the share must exceed eps, as scikit-learn's PCA has it", NULL},
        {"zeta", 0, CLI_REAL, &opts.zeta, "Z",
         "IsoScore* of parts, shrunk by Z towards the layer's covariance, or the reference's",
         NULL},
        {"reference", 0, CLI_TEXT, (void *)&t.reference, "REPS",
         "the set whose layers IsoScore* shrinks towards", NULL},
        {"draws", 0, CLI_SIZE, &opts.n_draws, "N", "draws of one row a type (default 20)", NULL},
        {"bootstrap", 0, CLI_SIZE, &opts.n_bootstrap, "B",
         "resamples of sequences for baseline and sentence bars (default: jackknife)", NULL},
        {"rogue", 0, CLI_SIZE, &opts.n_rogue, "N", "coordinates to list (default 3)", NULL},
        {"mev", 0, CLI_FLAG, &opts.mev, NULL, "maximum explainable variance of types", NULL},
        {"null", 0, CLI_TEXT, (void *)&t.null, "LIST",
         "also with types dealt out at random (types), or of Gaussian rows (gaussian)", NULL},
        {"spectrum", 0, CLI_FLAG, &opts.spectrum, NULL, "a row for each eigenvalue", NULL},
        {"compat", 0, CLI_WORD, &t.mode, "MODE",
         "cai2021: what the published scripts print, defects included", modes},
        {"maxl", 0, CLI_REAL, &t.maxl, "M", "cai2021: rows kept of a type (0: all)", NULL},
        {"embed", 0, CLI_REAL, &t.embed, "E",
         "cai2021: principal components, or their share below 1", NULL},
        {"center", 0, CLI_FLAG, &t.center, NULL, "cai2021: subtract the mean", NULL},
        {"figure", 0, CLI_TEXT, (void *)&t.figure, "FILE",
         "draw to FILE.png, .svg or .pdf, with its numbers as .csv", NULL},
        {"plot", 0, CLI_WORD, &t.plot, "WHAT",
         "profile: cosines over depth (default); spectra; rogue: shares of coordinates", plots},
        {"csv", 0, CLI_FLAG, &t.csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n < 1) return cli_usage(self, "expected at least one REPS");
    if (!read_lists(self, &t, eps, &opts)) return CLI_USAGE;
    if (t.mode < 0 && (t.maxl != 0 || t.embed != 0 || t.center))
        return cli_usage(self, "--maxl, --embed and --center belong to --compat cai2021");
    if (!check_output(self, &t, opts.repairs, n)) return CLI_USAGE;
    opts.first_kept = t.first == 1;
    if (t.figure && t.plot == PLOT_SPECTRA) opts.spectrum = true;

    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    gn_reps *reference = NULL;
    cli_sets sets = {0};
    int status = CLI_FAILED;
    if (cli_context(&common, &ctx, &err) != GN_OK ||
        gn_result_new("isotropy", &result, &err) != GN_OK ||
        cli_conditions(&common, ctx, result, &err) != GN_OK ||
        cli_sets_open(&sets, argv, (size_t)n, t.layers, &err) != GN_OK ||
        (t.reference && gn_reps_open(t.reference, &reference, &err) != GN_OK))
        goto done;
    if (t.out) {
        if (write_repaired(ctx, sets.reps[0], &t, &opts, &err) == GN_OK)
            print_repaired(sets.reps[0], &t, &common, result, &status, &err);
        goto done;
    }
    opts.reference = reference;
    for (size_t s = 0; s < sets.n; s++) {
        opts.set = sets.name[s];
        if (measure_set(ctx, sets.reps[s], &t, opts, result, &err) != GN_OK) goto done;
    }
    if (t.figure && cli_isotropy_figure(result, t.plot, &sets, t.figure, &err) != GN_OK) goto done;
    status = cli_print_rows(result, t.csv, common.json);
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    cli_sets_free(&sets);
    gn_reps_free(reference);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_isotropy = {
    .name = "isotropy",
    .summary = "how alike tokens are, which axes a layer uses, and what repairs change",
    .synopsis = "REPS... [options]",
    .text =
        "For every layer: mean cosine between types and within a type, exact and sampled, raw and\n"
        "centred; baseline, self- and sentence similarity; norms; IsoScore, participation ratio,\n"
        "effective dimensions and ranks of the spectrum; the partition function; the coordinates\n"
        "that give most of the mean cosine. All of it once more without position 0, by frequency\n"
        "or position, and after repairs. Every number comes with its error bar where it has "
        "one.\n\n"
        "Example\n"
        "  gonio isotropy model-a/ model-b/ --figure cosines.pdf\n"
        "  gonio isotropy reps/ --repair mean,top,whiten --by frequency --json\n"
        "  gonio isotropy X.npy --types words.txt\n"
        "  gonio isotropy reps/ --repair top -o repaired && gonio id repaired\n",
    .run = run,
};
