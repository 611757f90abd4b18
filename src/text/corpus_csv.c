/* Corpora in columns: a header line that names them, then a record a line (or more, when quoted
 * fields hold line ends). Every record has as many fields as the header. */
#include "text/corpus.h"

#include "io/csv.h"

#include <string.h>

/* Which field is what; SIZE_MAX: there is none. */
typedef struct plan {
    const char **name; /* (n) of the header, in the arena */
    size_t n, text, target;
    size_t *label; /* (n_names) fields */
} plan;

static size_t find(const plan *p, const char *name) {
    for (size_t j = 0; j < p->n; j++)
        if (strcmp(p->name[j], name) == 0) return j;
    return SIZE_MAX;
}

static gn_status read_header(gn_corpus *c, const gn_csv *csv, plan *p, gn_error *err) {
    gn_status st = GN_OK;
    p->n = csv->n_fields;
    p->name = gn_arena_alloc(&c->arena, p->n, sizeof *p->name);
    if (!p->name) return gn_fail_nomem(err, c->path, p->n * sizeof *p->name);
    for (size_t j = 0; j < p->n; j++)
        GN_TRY(
            gn_corpus_label(c, csv->line, csv->field[j].text, csv->field[j].n, &p->name[j], err));
    for (size_t j = 0; j < p->n; j++)
        if (find(p, p->name[j]) != j)
            return gn_fail(err, GN_EDATA, "%s: line %zu: two columns are called '%.80s'", c->path,
                           csv->line, p->name[j]);
done:
    return st;
}

static gn_status choose(gn_corpus *c, const gn_corpus_opts *opts, plan *p, gn_error *err) {
    const char *text = opts->text_column, *target = opts->target_column;
    if (!text) text = find(p, "text") != SIZE_MAX ? "text" : "sentence";
    p->text = find(p, text);
    if (p->text == SIZE_MAX)
        return gn_corpus_no_column(c, opts->text_column ? text : "text", p->name, p->n, err);
    p->target = find(p, target ? target : "target");
    if (target && *target && p->target == SIZE_MAX)
        return gn_corpus_no_column(c, target, p->name, p->n, err);

    size_t n = opts->label_columns ? opts->n_label_columns : p->n;
    c->name = gn_arena_alloc(&c->arena, n, sizeof *c->name);
    p->label = gn_arena_alloc(&c->arena, n, sizeof *p->label);
    if (!c->name || !p->label) return gn_fail_nomem(err, c->path, n * sizeof *c->name);
    for (size_t j = 0; j < n; j++) {
        size_t field = opts->label_columns ? find(p, opts->label_columns[j]) : j;
        if (field == SIZE_MAX)
            return gn_corpus_no_column(c, opts->label_columns[j], p->name, p->n, err);
        if (!opts->label_columns && (field == p->text || field == p->target)) continue;
        c->name[c->n_names] = p->name[field];
        p->label[c->n_names++] = field;
    }
    return GN_OK;
}

static gn_status read_record(gn_corpus *c, const gn_csv *csv, const plan *p, gn_error *err) {
    gn_status st = GN_OK;
    if (csv->n_fields != p->n)
        return gn_fail(err, GN_EDATA, "%s: line %zu: %zu fields; the header has %zu", c->path,
                       csv->line, csv->n_fields, p->n);
    gn_csv_field text = csv->field[p->text];
    const char *copy = gn_arena_text(&c->arena, text.text, text.n);
    const char **label = gn_arena_alloc(&c->arena, c->n_names, sizeof *label);
    if (!copy || !label) return gn_fail_nomem(err, c->path, text.n);
    gn_record r = {.text = copy, .n_bytes = text.n, .label = label, .line = csv->line};
    if (p->target != SIZE_MAX) {
        gn_csv_field span = csv->field[p->target];
        GN_TRY(gn_corpus_target(c, p->name[p->target], span.text, span.n, &r, err));
    }
    for (size_t j = 0; j < c->n_names; j++) {
        gn_csv_field f = csv->field[p->label[j]];
        GN_TRY(gn_corpus_label(c, csv->line, f.text, f.n, &label[j], err));
    }
    GN_TRY(gn_corpus_add(c, r, err));
done:
    return st;
}

gn_status gn_corpus_read_csv(gn_corpus *c, const gn_corpus_opts *opts, char separator, bool quotes,
                             gn_error *err) {
    gn_status st = GN_OK;
    gn_csv csv;
    plan p = {0};
    bool more, header = false;
    gn_csv_start(&csv, c->bytes, c->n_bytes, separator, c->path);
    csv.quotes = quotes;
    for (;;) {
        GN_TRY(gn_csv_next(&csv, &more, err));
        if (!more) break;
        if (gn_csv_blank(&csv)) continue;
        if (header) {
            GN_TRY(read_record(c, &csv, &p, err));
            continue;
        }
        GN_TRY(read_header(c, &csv, &p, err));
        GN_TRY(choose(c, opts, &p, err));
        header = true;
    }
done:
    gn_csv_free(&csv);
    return st;
}
