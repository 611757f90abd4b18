/* A repaired layer as a set of its own: any command can then measure what the repair did.
 *
 * Each layer's repair is learned first, from all of its rows; then the rows of all layers pass
 * through in order, block by block, into the writer that extraction uses. Row table, labels,
 * vocabulary and text are the source's. gonio.json says what was done, with a digest of the first
 * rows of each layer, so that a folder begun from other rows is recognised as another set. */
#include "gonio/measure.h"

#include "base/ctx.h"
#include "base/mem.h"
#include "io/file.h"
#include "io/json.h"
#include "io/sha256.h"
#include "reps/writer.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 4096 };

struct run {
    gn_ctx *ctx;
    const gn_reps *reps;
    size_t n_layers, n_rows, d;
    gn_repair **repair;                      /* (n_layers) */
    size_t *number;                          /* (n_layers) */
    int32_t *token_id, *sequence, *position; /* (n_rows) of a matrix, which has none; else NULL */
    gn_plan_column *column;
    char *vocab;
    float **rows; /* (n_layers) (BLOCK, d) */
    json_t *about;
    gn_reps_plan plan;
};

static void run_free(struct run *r) {
    for (size_t i = 0; r->repair && i < r->n_layers; i++) gn_repair_free(r->repair[i]);
    for (size_t i = 0; r->rows && i < r->n_layers; i++) gn_free(r->rows[i]);
    gn_free(r->repair), gn_free(r->number), gn_free(r->token_id), gn_free(r->sequence);
    gn_free(r->position), gn_free(r->column), gn_free(r->vocab), gn_free(r->rows);
    json_decref(r->about);
}

static gn_status learn(struct run *r, gn_repair_kind kind, const gn_repair_opts *opts,
                       gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i = 0; i < r->n_layers; i++) {
        gn_ctx_progress(r->ctx, "learning repairs", (double)i, (double)r->n_layers, "layers");
        st = gn_repair_new(r->ctx, gn_reps_layer(r->reps, i), kind, opts, &r->repair[i], err);
        if (st != GN_OK) {
            gn_error_prefix(err, "%s, layer %zu", gn_reps_name(r->reps),
                            gn_reps_layer_index(r->reps, i));
            return st;
        }
    }
    gn_ctx_progress(r->ctx, "learning repairs", (double)r->n_layers, (double)r->n_layers, "layers");
    return st;
}

/* What is known of the source, and what was done to it. The first rows, less what was learned from
 * all of them, tell sources apart. */
static gn_status describe(struct run *r, gn_repair_kind kind, size_t n_directions, gn_error *err) {
    const char *meta = gn_reps_meta(r->reps);
    size_t n = r->n_rows < BLOCK ? r->n_rows : BLOCK;
    gn_status st = gn_json_parse(meta, strlen(meta), "gonio.json", &r->about, err);
    if (st != GN_OK) return st;
    json_t *learned = json_array(), *repair = json_object();
    int bad = !learned || !repair;
    bad = bad || json_object_set_new(repair, "kind", json_string(gn_repair_name(kind)));
    bad = bad || json_object_set_new(repair, "directions", json_integer((json_int_t)n_directions));
    bad = bad || json_object_set_new(repair, "of", json_string(gn_reps_name(r->reps)));
    for (size_t i = 0; !bad && i < r->n_layers; i++) {
        char hex[GN_SHA256_HEX];
        st =
            gn_repair_apply(r->ctx, r->repair[i], gn_reps_layer(r->reps, i), 0, n, r->rows[i], err);
        if (st == GN_OK) st = gn_sha256_bytes(r->rows[i], n * r->d * sizeof(float), hex, err);
        if (st != GN_OK) goto done;
        bad = json_array_append_new(learned, json_string(hex));
    }
    bad = bad || json_object_set(repair, "first_rows_sha256", learned);
    bad = bad || json_object_set(r->about, "repair", repair);
    st = bad ? gn_fail_nomem(err, "gonio.json", 0) : GN_OK;
done:
    json_decref(learned);
    json_decref(repair);
    return st;
}

/* The lines of the source's text.jsonl. */
static gn_status copy_text(void *user, gn_outfile *f, gn_error *err) {
    const struct run *r = user;
    gn_map map = {0};
    char *path = gn_path_join(gn_reps_dir(r->reps), "text.jsonl");
    if (!path) return gn_fail_nomem(err, "a path", 0);
    gn_status st = gn_map_open(path, &map, err);
    if (st == GN_OK) {
        st = gn_outfile_write(f, map.data, map.n, err);
        gn_map_close(&map);
    }
    gn_free(path);
    return st;
}

/* The row table: the source's, or of a matrix, whose rows are one sequence each and no tokens. */
static gn_status plan_rows(struct run *r, gn_error *err) {
    gn_status st = GN_OK;
    gn_reps_plan *p = &r->plan;
    p->token_id = gn_reps_token_id(r->reps);
    p->sequence = gn_reps_sequence(r->reps);
    p->position = gn_reps_position(r->reps);
    if (p->token_id) {
        GN_TRY(gn_json_size(r->about, "gonio.json", "sequences", &p->n_sequences, err));
        return GN_OK;
    }
    GN_TRY(gn_alloc_array(&r->token_id, r->n_rows, sizeof(int32_t), "a row table", err));
    GN_TRY(gn_alloc_array(&r->sequence, r->n_rows, sizeof(int32_t), "a row table", err));
    GN_TRY(gn_alloc_array(&r->position, r->n_rows, sizeof(int32_t), "a row table", err));
    for (size_t i = 0; i < r->n_rows; i++) {
        r->token_id[i] = r->position[i] = -1;
        r->sequence[i] = (int32_t)i;
    }
    p->token_id = r->token_id;
    p->sequence = r->sequence;
    p->position = r->position;
    p->n_sequences = r->n_rows;
done:
    return st;
}

static gn_status plan_columns(struct run *r, gn_error *err) {
    size_t n = gn_reps_label_count(r->reps);
    gn_status st = gn_alloc_array(&r->column, n, sizeof *r->column, "label columns", err);
    if (st != GN_OK) return st;
    for (size_t c = 0; c < n; c++) {
        const gn_labels *l = gn_reps_labels(r->reps, c);
        r->column[c] = (gn_plan_column){gn_reps_label_name(r->reps, c), l->code, l->n_classes,
                                        (const char *const *)l->name};
    }
    r->plan.column = r->column;
    r->plan.n_columns = n;
    return GN_OK;
}

/* Blocks of the model, from the depth of the last layer that has one. */
static size_t blocks_of(const struct run *r) {
    size_t last = r->n_layers - 1;
    double depth = gn_reps_depth(r->reps, last);
    return depth > 0 ? (size_t)lround((double)r->number[last] / depth) : 0;
}

/* The path of a file in the source's folder; *path NULL where there is none. */
static gn_status source_file(const char *dir, const char *name, char **path, gn_error *err) {
    *path = gn_path_join(dir, name);
    if (!*path) return gn_fail_nomem(err, "a path", strlen(dir));
    if (gn_path_is_file(*path)) return GN_OK;
    gn_free(*path);
    *path = NULL;
    return GN_OK;
}

static gn_status make_plan(struct run *r, gn_error *err) {
    gn_status st;
    const char *dir = gn_reps_dir(r->reps);
    char *path = NULL;
    size_t n;
    r->plan = (gn_reps_plan){.n_rows = r->n_rows,
                             .n_dims = r->d,
                             .n_layers = r->n_layers,
                             .layer = r->number,
                             .n_blocks = blocks_of(r),
                             .dtype = GN_F32,
                             .about = r->about,
                             .user = r};
    GN_TRY(plan_rows(r, err));
    GN_TRY(plan_columns(r, err));
    if (!dir) return GN_OK;
    GN_TRY(source_file(dir, "vocab.txt", &path, err));
    if (path) GN_TRY(gn_read_file(path, SIZE_MAX / 4, &r->vocab, &n, err));
    r->plan.vocab = r->vocab;
    gn_free(path);
    path = NULL;
    GN_TRY(source_file(dir, "text.jsonl", &path, err));
    if (path) r->plan.write_text = copy_text;
done:
    gn_free(path);
    return st;
}

static gn_status write_rows(struct run *r, gn_reps_writer *w, gn_error *err) {
    gn_status st = GN_OK;
    for (size_t i0 = gn_reps_writer_rows(w), n; i0 < r->n_rows; i0 += n) {
        n = r->n_rows - i0 < BLOCK ? r->n_rows - i0 : BLOCK;
        for (size_t i = 0; i < r->n_layers; i++)
            GN_TRY(gn_repair_apply(r->ctx, r->repair[i], gn_reps_layer(r->reps, i), i0, n,
                                   r->rows[i], err));
        size_t done = i0 + n == r->n_rows ? r->plan.n_sequences : 0;
        GN_TRY(gn_reps_writer_append(w, (const void *const *)r->rows, n, done, err));
        gn_ctx_progress(r->ctx, "repaired", (double)(i0 + n), (double)r->n_rows, "rows");
    }
    GN_TRY(gn_reps_writer_finish(w, err));
done:
    return st;
}

gn_status gn_reps_repair(gn_ctx *ctx, const gn_reps *reps, gn_repair_kind kind,
                         const gn_repair_opts *opts, const char *dir, bool overwrite,
                         gn_error *err) {
    struct run r = {.ctx = ctx,
                    .reps = reps,
                    .n_layers = gn_reps_layers(reps),
                    .n_rows = gn_reps_rows(reps),
                    .d = gn_reps_layer(reps, 0).cols};
    const gn_repair_opts none = {0};
    gn_reps_writer *w = NULL;
    gn_status st;
    if (!opts) opts = &none;
    GN_TRY(gn_alloc_array(&r.number, r.n_layers, sizeof *r.number, "layers", err));
    r.repair = gn_calloc(r.n_layers, sizeof *r.repair);
    r.rows = gn_calloc(r.n_layers, sizeof *r.rows);
    if (!r.repair || !r.rows) {
        st = gn_fail_nomem(err, "layers", r.n_layers * sizeof *r.rows);
        goto done;
    }
    for (size_t i = 0; i < r.n_layers; i++) {
        r.number[i] = gn_reps_layer_index(reps, i);
        GN_TRY(gn_alloc_array(&r.rows[i], BLOCK, r.d * sizeof(float), "repaired rows", err));
    }
    GN_TRY(learn(&r, kind, opts, err));
    GN_TRY(describe(&r, kind, opts->n_directions, err));
    GN_TRY(make_plan(&r, err));
    GN_TRY(gn_reps_writer_open(dir, &r.plan, overwrite, &w, err));
    GN_TRY(write_rows(&r, w, err));
done:
    gn_reps_writer_free(w);
    run_free(&r);
    return st;
}
