/* A projector folder from a representation set. Rows are formatted in parallel, a window of blocks
 * at a time, and written in order; a BERT word table is 490 MB of digits. */
#include "gonio/export.h"

#include "export/bookmarks.h"

#include "base/ctx.h"
#include "base/number.h"
#include "base/random.h"
#include "base/str.h"
#include "io/file.h"
#include "io/image.h"
#include "text/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_ROWS = 64, WINDOW = 64 };

typedef struct writer {
    gn_ctx *ctx;
    const gn_reps *reps;
    const char *dir;
    gn_export_opts opts;
    size_t n;     /* rows of each layer that go out */
    int32_t *row; /* (n), or NULL: all */
    gn_labels *type;
    const char *sprite; /* its name in the folder; NULL: none */
    gn_exported done;
} writer;

static size_t row_at(const writer *w, size_t i) {
    return w->row ? (size_t)w->row[i] : i;
}

/* ---- numbers ---------------------------------------------------------------------------- */

/* %.9g in every locale: enough digits to give each float32 back. */
static void add_number(gn_str *s, float value) {
    char text[GN_NUMBER_ROOM];
    if (!isfinite(value)) {
        gn_str_add(s, gn_number_text(text, (double)value));
        return;
    }
    int n = snprintf(text, sizeof text, "%.9g", (double)value);
    for (char *p = text; *p; p++)
        if (*p == ',') *p = '.';
    gn_str_add_bytes(s, text, (size_t)n);
}

typedef struct window {
    const writer *w;
    gn_mat x;
    size_t first; /* block */
    gn_str text[WINDOW];
} window;

static gn_status format_block(void *user, size_t b, unsigned worker, gn_error *err) {
    (void)worker;
    window *win = user;
    const writer *w = win->w;
    gn_str *s = &win->text[b];
    s->n = 0; /* the room is kept */
    size_t first = (win->first + b) * BLOCK_ROWS;
    float *buf;
    gn_status st = gn_alloc_array(&buf, win->x.cols, sizeof *buf, "a row", err);
    if (st != GN_OK) return st;
    for (size_t i = first; i < first + BLOCK_ROWS && i < w->n; i++) {
        const float *x = gn_mat_row_f32(win->x, row_at(w, i), buf);
        for (size_t j = 0; j < win->x.cols; j++) {
            add_number(s, x[j]);
            gn_str_add(s, j + 1 < win->x.cols ? "\t" : "\n");
        }
    }
    gn_free(buf);
    return s->bad ? gn_fail_nomem(err, "text of vectors", s->n) : GN_OK;
}

static gn_status write_text(writer *w, size_t layer, gn_outfile *f, gn_error *err) {
    size_t n_blocks = (w->n + BLOCK_ROWS - 1) / BLOCK_ROWS;
    gn_status st = GN_OK;
    window *win = gn_calloc(1, sizeof *win);
    if (!win) return gn_fail_nomem(err, "text of vectors", sizeof *win);
    win->w = w;
    win->x = gn_reps_layer(w->reps, layer);
    for (; win->first < n_blocks; win->first += WINDOW) {
        size_t m = n_blocks - win->first < WINDOW ? n_blocks - win->first : WINDOW;
        gn_progress progress = {"write vectors", "rows", (double)w->n,
                                (double)(win->first * BLOCK_ROWS), BLOCK_ROWS};
        GN_TRY(gn_parallel(w->ctx, m, format_block, win, &progress, err));
        for (size_t b = 0; b < m; b++)
            GN_TRY(gn_outfile_write(f, win->text[b].text, win->text[b].n, err));
    }
done:
    for (size_t b = 0; b < WINDOW; b++) gn_str_free(&win->text[b]);
    gn_free(win);
    return st;
}

static gn_status write_raw(writer *w, size_t layer, gn_outfile *f, gn_error *err) {
    gn_mat x = gn_reps_layer(w->reps, layer);
    float *buf;
    gn_status st = gn_alloc_array(&buf, x.cols, sizeof *buf, "a row", err);
    for (size_t i = 0; st == GN_OK && i < w->n; i++) {
        if (i % 4096 == 0) st = gn_ctx_poll(w->ctx, err);
        if (st == GN_OK)
            st = gn_outfile_write(f, gn_mat_row_f32(x, row_at(w, i), buf), 4 * x.cols, err);
    }
    gn_free(buf);
    return st;
}

/* Whether TensorBoard would take raw values for text: it reads them as UTF-8 first. Rows may end
 * inside a character, so all bytes count as one text. */
static bool reads_as_text(const writer *w, size_t layer, float *buf) {
    gn_mat x = gn_reps_layer(w->reps, layer);
    char kept[8];
    size_t n_kept = 0;
    for (size_t i = 0; i < w->n; i++) {
        const char *bytes = (const char *)gn_mat_row_f32(x, row_at(w, i), buf);
        for (size_t j = 0; j < x.cols; j++, bytes += 4) { /* at most 3 bytes stay open */
            char text[12];
            memcpy(text, kept, n_kept);
            memcpy(text + n_kept, bytes, 4);
            size_t n = n_kept + 4, valid = gn_utf8_valid(text, n);
            if (n - valid > 3) return false;
            n_kept = n - valid;
            memcpy(kept, text + valid, n_kept);
        }
    }
    return n_kept == 0;
}

/* ---- metadata --------------------------------------------------------------------------- */

/* A cell never holds what ends a cell or a line, and never looks empty: names of labels are not. */
static void add_cell(gn_str *s, const char *text) {
    bool blank = strspn(text, " ") == strlen(text);
    for (const char *p = text; *p; p++) {
        const char *picture = *p == '\t'           ? "\xE2\x90\x89"
                              : *p == '\n'         ? "\xE2\x90\x8A"
                              : *p == '\r'         ? "\xE2\x90\x8D"
                              : *p == ' ' && blank ? "\xE2\x90\xA0"
                                                   : NULL;
        if (picture)
            gn_str_add(s, picture);
        else
            gn_str_add_bytes(s, p, 1);
    }
}

/* TensorBoard passes over blank lines, so a line's only cell must not be empty. */
static bool single_column(const writer *w) {
    return (w->type != NULL) + gn_reps_label_count(w->reps) + (gn_reps_position(w->reps) != NULL) +
               (gn_reps_sequence(w->reps) != NULL) + 2 * (size_t)w->opts.stack ==
           1;
}

static void add_label(gn_str *s, const gn_labels *l, size_t row, bool visible) {
    if (l->code[row] >= 0)
        add_cell(s, l->name[l->code[row]]);
    else if (visible)
        gn_str_add(s, "(none)");
}

/* One line; `next` < 0: this row ends its path (only with `layer` >= 0). */
static void add_line(const writer *w, gn_str *s, size_t row, long layer, int64_t next) {
    const char *sep = "";
    if (w->type) {
        add_label(s, w->type, row, true);
        sep = "\t";
    }
    for (size_t c = 0; c < gn_reps_label_count(w->reps); c++, sep = "\t") {
        gn_str_add(s, sep);
        add_label(s, gn_reps_labels(w->reps, c), row, single_column(w));
    }
    const int32_t *number[] = {gn_reps_position(w->reps), gn_reps_sequence(w->reps)};
    for (int k = 0; k < 2; k++)
        if (number[k]) {
            gn_str_addf(s, "%s%d", sep, (int)number[k][row]);
            sep = "\t";
        }
    if (layer >= 0) {
        gn_str_addf(s, "%s%ld\t", sep, layer);
        if (next >= 0) gn_str_addf(s, "%lld", (long long)next);
    }
    gn_str_add(s, "\n");
}

/* The column that names points: the first one, or what TensorBoard calls it. */
static const char *label_column(const writer *w, bool metadata) {
    if (!metadata) return "__index__";
    if (single_column(w)) return "label";
    return w->type                        ? "token"
           : gn_reps_label_count(w->reps) ? gn_reps_label_name(w->reps, 0)
           : gn_reps_position(w->reps)    ? "position"
                                          : "layer";
}

static void add_header(const writer *w, gn_str *s) {
    gn_str line = {0};
    if (w->type) gn_str_add(&line, "\ttoken");
    for (size_t c = 0; c < gn_reps_label_count(w->reps); c++) {
        gn_str_add(&line, "\t");
        add_cell(&line, gn_reps_label_name(w->reps, c));
    }
    if (gn_reps_position(w->reps)) gn_str_add(&line, "\tposition");
    if (gn_reps_sequence(w->reps)) gn_str_add(&line, "\tsequence");
    if (w->opts.stack) gn_str_add(&line, "\tlayer\t__seq_next__");
    const char *tab = line.text ? strchr(line.text + 1, '\t') : NULL;
    if (tab) gn_str_addf(s, "%s\n", line.text + 1); /* one column has no header */
    s->bad = s->bad || line.bad;
    gn_str_free(&line);
}

static gn_status finish(writer *w, gn_outfile *f, gn_status st, gn_error *err) {
    if (st != GN_OK) {
        gn_outfile_abandon(f);
        return st;
    }
    w->done.bytes += gn_outfile_size(f);
    return gn_outfile_commit(f, err);
}

static gn_status start(const writer *w, const char *name, gn_outfile **out, gn_error *err) {
    char *path = gn_path_join(w->dir, name);
    gn_status st = path ? gn_outfile_open(path, out, err) : gn_fail_nomem(err, name, strlen(name));
    gn_free(path);
    return st;
}

/* gn_outfile gathers small writes; a megabyte is none. */
static gn_status write_metadata(writer *w, gn_error *err) {
    gn_outfile *f;
    gn_str s = {0};
    size_t layers = w->opts.stack ? gn_reps_layers(w->reps) : 1;
    gn_status st = start(w, "metadata.tsv", &f, err);
    if (st != GN_OK) return st;
    add_header(w, &s);
    for (size_t l = 0; st == GN_OK && l < layers; l++) {
        long layer = w->opts.stack ? (long)gn_reps_layer_index(w->reps, l) : -1;
        for (size_t i = 0; st == GN_OK && i < w->n; i++) {
            int64_t next = l + 1 < layers ? (int64_t)((l + 1) * w->n + i) : -1;
            add_line(w, &s, row_at(w, i), layer, next);
            if (s.n < 1 << 20 && i + 1 < w->n) continue;
            st =
                s.bad ? gn_fail_nomem(err, "metadata", s.n) : gn_outfile_write(f, s.text, s.n, err);
            if (st == GN_OK) st = gn_ctx_poll(w->ctx, err);
            s.n = 0;
        }
    }
    gn_str_free(&s);
    return finish(w, f, st, err);
}

/* ---- configuration ---------------------------------------------------------------------- */

static void add_quoted(gn_str *s, const char *text) {
    gn_str_add(s, "\"");
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            gn_str_addf(s, "\\%c", c);
        else if (c < 32 || c == 127)
            gn_str_addf(s, "\\%03o", c);
        else
            gn_str_add_bytes(s, p, 1);
    }
    gn_str_add(s, "\"");
}

static void add_entry(const writer *w, gn_str *s, const char *name, const char *file, size_t rows,
                      size_t cols, bool metadata, const char *bookmarks) {
    gn_str_add(s, "embeddings {\n  tensor_name: ");
    add_quoted(s, name);
    gn_str_addf(s, "\n  tensor_shape: %zu\n  tensor_shape: %zu\n  tensor_path: ", rows, cols);
    add_quoted(s, file);
    if (metadata) gn_str_add(s, "\n  metadata_path: \"metadata.tsv\"");
    if (bookmarks) gn_str_addf(s, "\n  bookmarks_path: \"%s\"", bookmarks);
    if (w->sprite)
        gn_str_addf(s,
                    "\n  sprite {\n    image_path: \"%s\"\n    single_image_dim: %zu\n    "
                    "single_image_dim: %zu\n  }",
                    w->sprite, w->opts.sprite_width, w->opts.sprite_height);
    gn_str_add(s, "\n}\n");
}

static gn_status write_bookmarks(writer *w, size_t from, size_t to, const char *file, bool metadata,
                                 gn_error *err) {
    const gn_bookmarked b = {.layout = w->opts.layout,
                             .n_layouts = w->opts.n_layouts,
                             .from = from,
                             .to = to,
                             .n = w->n,
                             .cols = gn_reps_layer(w->reps, from).cols,
                             .row = w->row,
                             .label = label_column(w, metadata)};
    char *path = gn_path_join(w->dir, file);
    gn_status st = path ? gn_bookmarks_write(w->ctx, path, &b, &w->done.bytes, err)
                        : gn_fail_nomem(err, "a path", strlen(w->dir));
    gn_free(path);
    return st;
}

/* Writes layers [from, to) behind one another as one tensor and adds its entry. */
static gn_status write_tensor(writer *w, size_t from, size_t to, const char *stem, const char *name,
                              bool metadata, gn_str *config, gn_error *err) {
    char file[64], marks[72];
    gn_outfile *f;
    gn_status st = GN_OK;
    size_t cols = gn_reps_layer(w->reps, from).cols;
    bool raw = w->opts.binary;
    if (raw) {
        float *buf;
        st = gn_alloc_array(&buf, cols, sizeof *buf, "a row", err);
        if (st != GN_OK) return st;
        bool text = true;
        for (size_t l = from; text && l < to; l++) text = reads_as_text(w, l, buf);
        gn_free(buf);
        raw = !text;
        w->done.text_tensors += text;
    }
    snprintf(file, sizeof file, "%s.%s", stem, raw ? "bytes" : "tsv");
    st = start(w, file, &f, err);
    if (st != GN_OK) return st;
    for (size_t l = from; st == GN_OK && l < to; l++)
        st = raw ? write_raw(w, l, f, err) : write_text(w, l, f, err);
    st = finish(w, f, st, err);
    if (st != GN_OK) return st;
    snprintf(marks, sizeof marks, "%s.bookmarks.json", stem);
    if (w->opts.n_layouts) st = write_bookmarks(w, from, to, marks, metadata, err);
    if (st != GN_OK) return st;
    w->done.tensors++;
    add_entry(w, config, name, file, (to - from) * w->n, cols, metadata,
              w->opts.n_layouts ? marks : NULL);
    return GN_OK;
}

static gn_status write_tensors(writer *w, bool metadata, gn_str *config, gn_error *err) {
    const char *set = gn_reps_name(w->reps);
    size_t layers = gn_reps_layers(w->reps);
    gn_status st = GN_OK;
    if (w->opts.stack) return write_tensor(w, 0, layers, "layers", set, metadata, config, err);
    for (size_t l = 0; st == GN_OK && l < layers; l++) {
        char stem[40], *text = NULL;
        gn_str name = {0};
        size_t number = gn_reps_layer_index(w->reps, l);
        snprintf(stem, sizeof stem, "layer.%02zu", number);
        gn_str_add(&name, set);
        if (layers > 1) gn_str_addf(&name, " layer %zu", number);
        st = gn_str_take(&name, &text, err);
        gn_str_free(&name);
        if (st == GN_OK) st = write_tensor(w, l, l + 1, stem, text, metadata, config, err);
        gn_free(text);
    }
    return st;
}

static gn_status choose_rows(writer *w, gn_error *err) {
    size_t rows = gn_reps_rows(w->reps);
    w->n = rows;
    if (w->opts.max_rows && w->opts.max_rows < rows) {
        w->n = w->opts.max_rows;
        gn_status st = gn_alloc_array(&w->row, w->n, sizeof *w->row, "sampled rows", err);
        if (st != GN_OK) return st;
        gn_random r = gn_random_new(gn_ctx_seed(w->ctx), 0);
        gn_random_subset(&r, rows, w->n, w->row);
    }
    if (w->opts.stack && w->n > INT32_MAX / gn_reps_layers(w->reps))
        return gn_fail(err, GN_EINVAL, "%s: %zu layers of %zu rows are too many for one tensor",
                       gn_reps_name(w->reps), gn_reps_layers(w->reps), w->n);
    return GN_OK;
}

/* Cell i is the picture of row i of the tensor: so all rows go out, and one layer a tensor. */
static gn_status write_sprite(writer *w, gn_error *err) {
    const size_t width = w->opts.sprite_width, height = w->opts.sprite_height;
    enum { LARGEST = 8192 };
    static const size_t most = (size_t)256 << 20;
    char *bytes = NULL, *path = NULL;
    size_t n;
    gn_image image;
    gn_status st;
    if (w->row || (w->opts.stack && gn_reps_layers(w->reps) > 1))
        return gn_fail(err, GN_EINVAL,
                       "%s: its pictures are of all rows in order, and cannot go with %s",
                       w->opts.sprite, w->row ? "a sample" : "a stack of layers");
    GN_TRY(gn_read_file(w->opts.sprite, most, &bytes, &n, err));
    GN_TRY(gn_image_parse((const unsigned char *)bytes, n, w->opts.sprite, &image, err));
    if (image.width > LARGEST || image.height > LARGEST) {
        st = gn_fail(err, GN_EINVAL, "%s: %zu x %zu pixels, TensorBoard takes %d x %d",
                     w->opts.sprite, image.width, image.height, LARGEST, LARGEST);
        goto done;
    }
    const size_t cells = width && height ? (image.width / width) * (image.height / height) : 0;
    if (cells < w->n) {
        st = gn_fail(err, GN_EINVAL,
                     "%s: %zu x %zu pixels have room for %zu pictures of %zu x %zu, expected one "
                     "for each of %zu rows",
                     w->opts.sprite, image.width, image.height, cells, width, height, w->n);
        goto done;
    }
    w->sprite = strcmp(image.media_type, "image/png") == 0 ? "sprite.png" : "sprite.jpg";
    path = gn_path_join(w->dir, w->sprite);
    st = path ? gn_write_file(path, bytes, n, err) : gn_fail_nomem(err, "a path", strlen(w->dir));
    w->done.bytes += n;
done:
    gn_free(path);
    gn_free(bytes);
    return st;
}

gn_status gn_export_tensorboard(gn_ctx *ctx, const gn_reps *reps, const char *dir,
                                const gn_export_opts *opts, gn_exported *out, gn_error *err) {
    writer w = {.ctx = ctx, .reps = reps, .dir = dir};
    gn_status st;
    gn_str config = {0};
    if (opts) w.opts = *opts;
    GN_TRY(choose_rows(&w, err));
    if (gn_reps_token_id(reps)) GN_TRY(gn_reps_types(reps, &w.type, err));
    bool metadata = w.type || gn_reps_label_count(reps) || gn_reps_position(reps) ||
                    gn_reps_sequence(reps) || w.opts.stack;
    GN_TRY(gn_make_dirs(dir, err));
    if (w.opts.sprite) GN_TRY(write_sprite(&w, err));
    if (metadata) GN_TRY(write_metadata(&w, err));
    GN_TRY(write_tensors(&w, metadata, &config, err));
    if (config.bad) {
        st = gn_fail_nomem(err, "the configuration", config.n);
        goto done;
    }
    char *path = gn_path_join(dir, "projector_config.pbtxt");
    st = path ? gn_write_file(path, config.text, config.n, err)
              : gn_fail_nomem(err, "a path", strlen(dir));
    gn_free(path);
    w.done.rows = w.n;
    w.done.bytes += config.n;
    if (st == GN_OK && out) *out = w.done;
done:
    gn_str_free(&config);
    gn_labels_free(w.type);
    gn_free(w.row);
    return st;
}
