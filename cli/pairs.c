/* What overlap and imbalance share: operands, numbers of neighbours, labels, figures. */
#include "pairs.h"
#include "labels.h"
#include "pairs_figures.h"
#include "rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_K = 32 };

void cli_pairs_options(cli_pairs_call *c, cli_option *out) {
    static const char *const compat[] = {"none", "dadapy", NULL};
    const cli_option shared[CLI_PAIRS_OPTIONS] = {
        {"layers", 0, CLI_TEXT, (void *)&c->layers, "LIST", "layers to compare, e.g. 0,3-6,-1",
         NULL},
        {"within", 0, CLI_FLAG, &c->within, NULL,
         "two sets and more: pairs inside each, not between them", NULL},
        {"compat", 0, CLI_WORD, &c->compat, "MODE", "none, or dadapy: its numbers", compat},
        {"max-rows", 0, CLI_SIZE, &c->opts.max_rows, "N",
         "above N rows, use a seeded sample of N (default 100,000)", NULL},
        {"figure", 0, CLI_TEXT, (void *)&c->figure, "FILE",
         "draw layers by layers to FILE.png, .svg or .pdf, with its numbers as .csv", NULL},
        {"profile", 0, CLI_TEXT, (void *)&c->profile, "FILE", "draw it over relative depth", NULL},
        {"curve", 0, CLI_TEXT, (void *)&c->curve, "FILE",
         "draw it over the number of neighbours: needs several", NULL},
        {"csv", 0, CLI_FLAG, &c->csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    memcpy(out, shared, sizeof shared);
}

/* "1,10,30"; false after saying what is wrong. */
static bool read_k(const cli_pairs_call *c, size_t *k, size_t *n) {
    *n = 0;
    for (const char *at = c->k; at && *at; at += *at == ',') {
        char *end;
        unsigned long long value = strtoull(at, &end, 10);
        bool good = *at >= '0' && *at <= '9' && end > at && (*end == ',' || !*end);
        if (!good || value < 1 || value > 1024 || *n == MAX_K || (*end == ',' && !end[1])) {
            cli_usage(c->self,
                      "--neighbors %s: expected up to %d numbers from 1 to 1024, such as "
                      "1,10,30",
                      c->k, MAX_K);
            return false;
        }
        k[(*n)++] = (size_t)value;
        at = end;
    }
    if (c->k && *n == 0) cli_usage(c->self, "--neighbors: expected a number");
    return !c->k || *n > 0;
}

/* What cannot be drawn is said before the work; 0, or the exit status. */
static int check_call(const cli_pairs_call *c, int n) {
    const char *path[] = {c->figure, c->profile, c->curve};
    if (n < 1) return cli_usage(c->self, "expected at least one REPS");
    if (n > 2 && !c->within)
        return cli_usage(c->self, "expected one REPS or two; of more than two, --within compares "
                                  "each with itself");
    if (c->figure && c->within && n > 1)
        return cli_usage(c->self, "--figure shows the layers of one set, or of two: with --within "
                                  "take --profile");
    if (c->curve && c->opts.n_k < 2)
        return cli_usage(c->self, "--curve shows several numbers of neighbours: expected a list "
                                  "such as -k 1,10,30");
    if (c->group && !c->labels)
        return cli_usage(c->self, "--exclude-group is of the label overlap: expected --labels");
    if (c->opts.class_fraction > 0 && !c->labels)
        return cli_usage(c->self, "--class-fraction is of the label overlap: expected --labels");
    if (c->opts.labels_only && !c->labels)
        return cli_usage(c->self, "--labels-only: expected --labels");
    if (c->opts.labels_only && c->figure)
        return cli_usage(c->self, "--figure shows pairs of layers, which --labels-only leaves out");
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < i; j++)
            if (path[i] && path[j] && strcmp(path[i], path[j]) == 0)
                return cli_usage(c->self, "two figures are to be written to %s", path[i]);
    return 0;
}

/* The same with the sets at hand. */
static int check_sets(const cli_pairs_call *c, const cli_sets *sets, bool between) {
    size_t first = gn_reps_layers(sets->reps[0]);
    bool pairs = between || cli_sets_layered(sets);
    if (c->figure && !pairs)
        return cli_usage(c->self, "a figure shows pairs of layers: expected a second set");
    if (c->profile && !cli_sets_layered(sets))
        return cli_usage(c->self, "--profile runs over layers: expected a set with several");
    if ((c->profile || c->curve) && between && !c->labels && first != gn_reps_layers(sets->reps[1]))
        return cli_usage(c->self,
                         "--%s between two sets pairs their layers one by one: expected "
                         "as many in both, not %zu and %zu",
                         c->profile ? "profile" : "curve", first, gn_reps_layers(sets->reps[1]));
    if (c->curve && cli_sets_crowded(sets) && (c->labels || c->within))
        return cli_usage(c->self, "--curve would draw %zu lines: choose some layers with --layers",
                         cli_sets_layers(sets));
    return 0;
}

static gn_status measure(const cli_pairs *what, cli_pairs_call *c, gn_ctx *ctx,
                         const cli_sets *sets, bool between, gn_result *result, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t s = 0; st == GN_OK && s < (between ? 1 : sets->n); s++) {
        const gn_reps *a = sets->reps[s], *b = between ? sets->reps[1] : NULL;
        cli_labels labels = {0}, group = {0};
        st = cli_labels_find(&labels, a, c->labels, err);
        if (st == GN_OK) st = cli_labels_find(&group, a, c->group, err);
        gn_measure_pairs_opts o = c->opts;
        o.set_a = sets->name[s];
        o.set_b = between ? sets->name[1] : NULL;
        o.label = labels.label;
        o.n_labels = labels.n;
        if (group.n) o.group = group.label[0];
        /* one layer has no pairs: its labels alone */
        if (!between && labels.n && gn_reps_layers(a) < 2) o.labels_only = true;
        if (st == GN_OK) st = what->measure(ctx, a, b, &o, result, err);
        cli_labels_free(&labels);
        cli_labels_free(&group);
    }
    return st;
}

static gn_status draw(const cli_pairs *what, const cli_pairs_call *c, const cli_sets *sets,
                      bool between, gn_result *result, gn_error *err) {
    const cli_pairs_rows p = {what, result, sets, between, c->labels != NULL};
    gn_status st = GN_OK;
    if (c->figure) st = cli_pairs_heatmap(&p, c->figure, err);
    if (st == GN_OK && c->profile) st = cli_pairs_profile(&p, c->profile, err);
    if (st == GN_OK && c->curve) st = cli_pairs_curve(&p, c->curve, err);
    return st;
}

int cli_run_pairs(const cli_pairs *what, cli_pairs_call *c, int n, char **operand) {
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    cli_sets sets = {0};
    size_t k[MAX_K];
    bool between = n == 2 && !c->within;
    int status;
    if (!read_k(c, k, &c->opts.n_k)) return CLI_USAGE;
    c->opts.k = k;
    c->opts.dadapy = c->compat == 1;
    if ((status = check_call(c, n)) != 0) return status;
    status = CLI_FAILED;
    if ((c->figure && gn_figure_check_path(c->figure, &err) != GN_OK) ||
        (c->profile && gn_figure_check_path(c->profile, &err) != GN_OK) ||
        (c->curve && gn_figure_check_path(c->curve, &err) != GN_OK) ||
        cli_context(&c->common, &ctx, &err) != GN_OK ||
        gn_result_new(c->self->name, &result, &err) != GN_OK ||
        cli_conditions(&c->common, ctx, result, &err) != GN_OK ||
        cli_sets_open(&sets, operand, (size_t)n, c->layers, &err) != GN_OK)
        goto done;
    if ((status = check_sets(c, &sets, between)) != 0) goto done;
    status = CLI_FAILED;
    if (measure(what, c, ctx, &sets, between, result, &err) != GN_OK ||
        draw(what, c, &sets, between, result, &err) != GN_OK)
        goto done;
    status = cli_print_rows(result, c->csv, c->common.json);
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    cli_sets_free(&sets);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}
