/* gonio mlem: which features the distances between hidden states encode, layer by layer. */
#define _XOPEN_SOURCE 700
#include "extract_options.h"
#include "folder.h"
#include "mlem_beside.h"
#include "rows.h"
#include "gonio/measure.h"
#include "gonio/survey.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_WORDS = 256 };
static const char *const pools[] = {"auto", "first", "last", "mean", NULL};
static const gn_pool pool_of[] = {GN_POOL_NONE, GN_POOL_FIRST, GN_POOL_LAST, GN_POOL_MEAN};
static const char *const corrections[] = {"bh", "holm", "none", NULL};

struct call {
    const char *input, *table, *out, *figure, *distance, *skip;
    int pool, correction;
    bool csv;
    gn_measure_mlem_opts opts;
    cli_beside beside;
    char folder[4200]; /* of what is extracted */
    char cache[4300];  /* of fits */
};

/* "a,b,c" cut at its commas, in place; the words point into it. */
static size_t split(char *text, const char **word) {
    size_t n = 0;
    for (char *save, *p = strtok_r(text, ",", &save); p && n < MAX_WORDS;
         p = strtok_r(NULL, ",", &save))
        word[n++] = p;
    return n;
}

static bool is_kind(const char *path, mode_t kind) {
    struct stat s;
    return stat(path, &s) == 0 && (s.st_mode & S_IFMT) == kind;
}

/* True for a set's folder and for matrices in files (X.npy, X.npz:member); else it is a MODEL. */
static bool is_reps(const char *input) {
    char path[4200];
    if (is_kind(input, S_IFDIR)) {
        snprintf(path, sizeof path, "%s/gonio.json", input);
        return is_kind(path, S_IFREG);
    }
    if (is_kind(input, S_IFREG)) return true;
    const char *colon = strrchr(input, ':');
    if (!colon || (size_t)(colon - input) >= sizeof path) return false;
    memcpy(path, input, (size_t)(colon - input));
    path[colon - input] = '\0';
    return is_kind(path, S_IFREG);
}

/* Without -o hidden states are kept in the user's cache, by model, table and pooling. */
static void cache_folder(const char *model, const struct call *c, char *out, size_t n) {
    char name[64], *table = realpath(c->table, NULL);
    const char *part[] = {model, table ? table : c->table, pools[c->pool]};
    uint64_t h = 0xcbf29ce484222325u; /* FNV-1a */
    for (int i = 0; i < 3; i++)
        for (const char *p = part[i];; p++) {
            h = (h ^ (unsigned char)*p) * 0x100000001b3u;
            if (!*p) break;
        }
    free(table);
    snprintf(name, sizeof name, "mlem/%016llx", (unsigned long long)h);
    cli_cache_path(name, out, n);
}

/* With --work-dir they lie where the first pipeline has its recordings. */
static void recordings_folder(const struct call *c, char *out, size_t n) {
    char dataset[256];
    cli_beside_dataset(c->table, dataset, sizeof dataset);
    snprintf(out, n, "%s/experiments/%s/%s/spe_tok/recordings/%s", c->beside.work_dir, dataset,
             c->opts.set, pools[c->pool]);
}

static gn_status open_reps(const cli_common *common, gn_ctx *ctx, struct call *c, gn_reps **reps,
                           gn_result *result, gn_error *err) {
    if (is_reps(c->input)) return gn_reps_open(c->input, reps, err);
    char model[4096], path[4300], note[256];
    gn_extract_result r = {0};
    gn_status st = cli_model_dir(c->input, model, sizeof model, err);
    if (st != GN_OK) return st;
    const char *slash = strrchr(c->input, '/');
    c->opts.set = slash && slash[1] ? slash + 1 : c->input;
    if (c->beside.work_dir)
        recordings_folder(c, c->folder, sizeof c->folder);
    else if (c->out)
        snprintf(c->folder, sizeof c->folder, "%s", c->out);
    else
        cache_folder(model, c, c->folder, sizeof c->folder);
    st = gn_mlem_extract(ctx, model, c->table, pool_of[c->pool], c->folder,
                         c->beside.work_dir && c->beside.skip_existing <= 0, &r, err);
    if (st != GN_OK) return st;
    cli_extract_note(&r, note, sizeof note);
    if (*note && !common->quiet) fprintf(stderr, "gonio: %s\n", note);
    snprintf(path, sizeof path, "%s/reps", c->folder);
    st = gn_reps_open(path, reps, err);
    return st != GN_OK ? st : gn_result_set_text(result, "model", c->input, err);
}

static gn_status open_table(const struct call *c, gn_features **features, gn_error *err) {
    const char *distance[MAX_WORDS], *skip[MAX_WORDS];
    char *d = strdup(c->distance ? c->distance : ""), *s = strdup(c->skip ? c->skip : "");
    gn_status st = GN_ENOMEM;
    if (d && s) {
        gn_features_opts o = {.distance = distance, .skip = skip};
        o.n_distances = split(d, distance);
        o.n_skip = split(s, skip);
        st = gn_features_open(c->table, &o, features, err);
    } else
        *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: options"};
    free(d);
    free(s);
    return st;
}

static gn_status measure(gn_ctx *ctx, const struct call *c, const gn_reps *reps,
                         const gn_features *features, gn_result *result, gn_error *err) {
    if (c->beside.work_dir)
        return cli_beside_store(ctx, &c->beside, c->table, c->opts.set, c->opts.top_units,
                                c->opts.fit.zscore, reps, features, result, err);
    if (c->beside.compat)
        return cli_beside_compat(ctx, &c->beside, c->opts.set, c->opts.fit.zscore, reps, features,
                                 result, err);
    gn_status st = gn_measure_mlem(ctx, reps, features, &c->opts, result, err);
    if (st == GN_OK) st = gn_mlem_add_clusters(ctx, result, 0, err); /* none without --units */
    return st != GN_OK ? st
                       : cli_beside_rows(ctx, &c->beside, c->opts.set, reps, features, result, err);
}

/* One feature over depth: its share of the variance, with a band of 1.96 standard errors. */
static gn_status draw_feature(gn_figure *fig, gn_result *result, const char *name, bool layers,
                              double *room, size_t n_rows, gn_error *err) {
    double *x = room, *y = x + n_rows, *lo = y + n_rows, *hi = lo + n_rows;
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        gn_measurement m = gn_result_at(result, i);
        const char *feature = gn_result_param(result, i, "feature");
        if (strcmp(m.measure, "pfi") != 0 || *m.variant || strcmp(feature, name) != 0) continue;
        const char *text = gn_result_param(result, i, "share");
        double share = text ? strtod(text, NULL) : (double)NAN,
               band = m.value > 0 ? 1.96 * m.se / m.value * share : 0;
        x[n] = layers ? m.depth : 0;
        y[n] = share;
        lo[n] = share - band;
        hi[n++] = share + band;
    }
    gn_series s = {.label = name, .n = n, .x = x, .y = y, .lo = lo, .hi = hi, .color = -1};
    return layers ? gn_figure_line(fig, &s, err) : gn_figure_points(fig, &s, err);
}

/* The feature with the largest share that is not drawn yet (`drawn`, (n_features), marks them). */
static const char *next_feature(gn_result *result, const gn_features *features, double *drawn) {
    size_t best = 0;
    double most = -1;
    for (size_t k = 0; k < features->n_features; k++) {
        if (drawn[k] > 0) continue;
        double largest = 0;
        for (size_t i = 0; i < gn_result_count(result); i++) {
            gn_measurement m = gn_result_at(result, i);
            const char *feature = gn_result_param(result, i, "feature");
            if (strcmp(m.measure, "pfi") != 0 || *m.variant ||
                strcmp(feature, features->feature[k].name) != 0)
                continue;
            const char *share = gn_result_param(result, i, "share");
            largest = fmax(largest, share ? strtod(share, NULL) : 0);
        }
        if (largest > most) {
            most = largest;
            best = k;
        }
    }
    drawn[best] = 1;
    return features->feature[best].name;
}

static gn_status draw(const struct call *c, gn_result *result, const gn_features *features,
                      gn_error *err) {
    size_t n = gn_result_count(result);
    bool layers = false;
    for (size_t i = 0; i < n; i++) layers = layers || gn_result_at(result, i).depth > 0;
    gn_figure *fig = NULL;
    double *room = calloc(features->n_features + 4 * n, sizeof *room);
    *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: a figure's points"};
    gn_status st = room ? gn_figure_new(&(gn_figure_opts){.x_label = layers ? "relative depth" : "",
                                                          .y_label = "PFI / (2 Var y)"},
                                        &fig, err)
                        : GN_ENOMEM;
    for (size_t rank = 0; st == GN_OK && rank < features->n_features; rank++) {
        const char *next = next_feature(result, features, room);
        st = draw_feature(fig, result, next, layers, room + features->n_features, n, err);
    }
    if (st == GN_OK) st = cli_write_figure(fig, c->figure, err);
    gn_figure_free(fig);
    free(room);
    return st;
}

static int show(const cli_common *common, const struct call *c, gn_result *result) {
    gn_error err = {0};
    char *text = NULL;
    if (common->json || c->csv || c->beside.compat)
        return cli_print_rows(result, c->csv, common->json);
    int status = gn_mlem_table(result, &text, &err) == GN_OK ? cli_print(text) : cli_failed(&err);
    free(text);
    return status;
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    struct call c = {.beside.skip_existing = HUGE_VAL};
    const cli_option options[] = {
        {"output", 'o', CLI_TEXT, (void *)&c.out, "DIR",
         "write rows, figures and mlem.html there; with MODEL its hidden states, too", NULL},
        {"pool", 0, CLI_WORD, &c.pool, "HOW",
         "with MODEL: auto (default: first for encoders, last for decoders), first, last, mean",
         pools},
        {"distance", 0, CLI_TEXT, (void *)&c.distance, "LIST",
         "COLUMN=categorical, absdiff, squared or rank, by commas; a word alone is for all columns",
         NULL},
        {"skip", 0, CLI_TEXT, (void *)&c.skip, "A,B", "columns of the table that are no features",
         NULL},
        {"zscore", 0, CLI_FLAG, &c.opts.fit.zscore, NULL,
         "divide every unit by its standard deviation first", NULL},
        {"ridge", 0, CLI_REAL, &c.opts.fit.ridge, "A",
         "penalty on squared weights, as of a sum over all pairs (default 0)", NULL},
        {"cv", 0, CLI_SIZE, &c.opts.fit.folds, "N",
         "also predict sentences that were kept out, in N folds (default: no)", NULL},
        {"bootstrap", 0, CLI_SIZE, &c.opts.fit.bootstrap, "N",
         "also intervals from N resamples of the rows (default: no)", NULL},
        {"permutations", 0, CLI_SIZE, &c.opts.fit.permutations, "N",
         "p-values from exchanging a feature between rows N times (default: from errors)", NULL},
        {"interactions", 0, CLI_FLAG, &c.opts.interactions, NULL,
         "also a whole metric over the features (rows of mlem_metric)", NULL},
        {"units", 0, CLI_FLAG, &c.opts.units, NULL, "also every unit alone (rows of variant unit)",
         NULL},
        {"top-units", 0, CLI_TEXT, (void *)&c.opts.top_units, "RANK",
         "also the k best units by r2, r, mse or a feature (rows of variant top_k)", NULL},
        {"correction", 0, CLI_WORD, &c.correction, "HOW",
         "of p-values over layers and features: bh (default), holm, none", corrections},
        {"baselines", 0, CLI_FLAG, &c.beside.baselines, NULL,
         "also RSA, rank correlation, CKA, decoding, encoding of units, noise ceiling", NULL},
        {"decode", 0, CLI_WORD, &c.beside.decode, "HOW",
         "decoder of each feature: none, ridge (default with --baselines), logistic",
         cli_beside_decoders},
        {"metric", 0, CLI_TEXT, (void *)&c.beside.metric, "M",
         "also fit euclidean, sqeuclidean, cosine, correlation, manhattan, chebyshev, norm_diff",
         NULL},
        {"target", 0, CLI_WORD, &c.beside.target, "T",
         "of that fit: squared (default), min-max-squared, min-max, distance", cli_beside_targets},
        {"error-rows", 0, CLI_SIZE, &c.beside.error_rows, "N",
         "standard errors of that pass and of rank correlations up to N rows (default 2048; 1: "
         "none)",
         NULL},
        {"compat", 0, CLI_WORD, &c.beside.compat, "HOW",
         "mlem-v1: the first published pipeline instead, step by step; mlem-v2: the second",
         cli_beside_compats},
        {"conditional", 0, CLI_FLAG, &c.beside.conditional, NULL,
         "with mlem-v1: conditional importance (random forests)", NULL},
        {"v1-units", 0, CLI_FLAG, &c.beside.units, NULL, "with mlem-v1: every unit alone", NULL},
        {"no-min-max", 0, CLI_FLAG, &c.beside.no_min_max, NULL,
         "with mlem-v1: distances are not scaled to [0, 1]", NULL},
        {"work-dir", 0, CLI_TEXT, (void *)&c.beside.work_dir, "DIR",
         "with mlem-v1: into its folders and files; --top-units, too", NULL},
        {"v1-mds", 0, CLI_FLAG, &c.beside.mds, NULL,
         "with --work-dir: also metric scaling of each layer's distances", NULL},
        {"skip-existing", 0, CLI_REAL, &c.beside.skip_existing, "X",
         "with --work-dir: keep distances where X > 1, scaling 1.5, tables 2 (default: keep all)",
         NULL},
        {"search", 0, CLI_FLAG, &c.beside.search, NULL,
         "with mlem-v2: its stochastic search, too, beside the optimum", NULL},
        {"figure", 0, CLI_TEXT, (void *)&c.figure, "FILE",
         "draw importances to FILE.png, .svg or .pdf, with their numbers as .csv", NULL},
        {"csv", 0, CLI_FLAG, &c.csv, NULL, "print the rows as CSV", NULL},
        {0},
    };
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (n != 2) return cli_usage(self, "expected REPS or MODEL, and a table of features");
    if (c.figure && c.beside.compat)
        return cli_usage(self, "--figure draws MLEM's own rows: leave out --compat, or use -o");
    if (c.beside.work_dir && (c.beside.compat != CLI_COMPAT_V1 || c.out))
        return cli_usage(self, "--work-dir takes --compat mlem-v1 and no -o");
    if (!c.beside.work_dir && (c.beside.mds || c.beside.skip_existing < HUGE_VAL))
        return cli_usage(self, "--v1-mds and --skip-existing need --work-dir");
    for (size_t end = strlen(argv[0]); end > 1 && argv[0][end - 1] == '/';) argv[0][--end] = '\0';
    c.input = argv[0];
    c.table = argv[1];
    c.opts.correction = (gn_correction)c.correction;
    if (c.out) {
        snprintf(c.cache, sizeof c.cache, "%s/cache", c.out);
        c.opts.cache = c.cache;
    }
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_result *result = NULL;
    gn_reps *reps = NULL;
    gn_features *features = NULL;
    int status = CLI_FAILED;
    if (cli_context(&common, &ctx, &err) == GN_OK &&
        gn_result_new("mlem", &result, &err) == GN_OK &&
        cli_conditions(&common, ctx, result, &err) == GN_OK &&
        open_table(&c, &features, &err) == GN_OK &&
        open_reps(&common, ctx, &c, &reps, result, &err) == GN_OK &&
        gn_survey_origin(reps, result, &err) == GN_OK &&
        measure(ctx, &c, reps, features, result, &err) == GN_OK &&
        (!c.figure || draw(&c, result, features, &err) == GN_OK) &&
        (!c.out || gn_mlem_write_report(ctx, result, reps, features, c.out, &err) == GN_OK))
        status = show(&common, &c, result);
    else
        status = cli_failed(&err);
    gn_features_free(features);
    gn_reps_free(reps);
    gn_result_free(result);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_mlem = {
    .name = "mlem",
    .summary = "which features the distances between hidden states encode",
    .synopsis = "REPS FEATURES.csv [options]\n       gonio mlem MODEL STIMULI.csv [options]",
    .text =
        "Metric-learning encoding models: for every layer, squared distances of all pairs of rows\n"
        "are predicted from the differences of their features, with weights that are not "
        "negative.\n"
        "Prints how much is predicted and how important each feature is for it; with --json and\n"
        "--csv weights, permutation and conditional importance, with standard errors over "
        "sentences\n"
        "and p-values. A line of the table is a row of the set. With MODEL, the table's column "
        "text\n"
        "or sentence is run through the model first; the hidden states are kept.\n\n"
        "Example\n"
        "  gonio mlem bert-base-uncased short_sentence.csv -o mlem\n"
        "  gonio mlem reps/ features.csv --distance frequency=absdiff --json\n",
    .run = run,
};
