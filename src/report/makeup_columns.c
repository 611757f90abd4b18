/* The columns that clusters are explained by. Everything is known per row of the set: position,
 * token (and so: is it special, how frequent is it), labels. Position 0 and special tokens are
 * questions of their own, because they are what isolates clusters in causal and masked models. */
#include "report/makeup.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void gn_columns_free(gn_columns *c) {
    for (size_t i = 0; c->column && i < c->n; i++) gn_free(c->column[i].code);
    gn_free(c->column);
    *c = (gn_columns){0};
}

/* "[CLS]", "<s>", "<|endoftext|>": brackets around letters only. */
static bool is_special(const char *token) {
    size_t n = token ? strlen(token) : 0;
    if (n < 3 ||
        !((token[0] == '[' && token[n - 1] == ']') || (token[0] == '<' && token[n - 1] == '>')))
        return false;
    size_t letters = 0;
    for (size_t i = 1; i + 1 < n; i++) {
        char c = token[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        letters += letter;
        if (!letter && !strchr("|/_0123456789", c)) return false;
    }
    return letters > 0 && strcmp(token, "</w>") != 0;
}

/* Takes over `code`; a column that is the same everywhere is dropped. */
static gn_status take(gn_columns *c, gn_column column, gn_error *err) {
    gn_status st = GN_OK;
    bool *seen = NULL;
    int32_t most = -1;
    for (size_t i = 0; i < c->n_rows; i++)
        if (column.code[i] > most) most = column.code[i];
    column.n_values = (size_t)(most + 1);
    seen = gn_calloc(column.n_values, sizeof *seen);
    if (!seen) {
        gn_free(column.code);
        return gn_fail_nomem(err, "values of a column", column.n_values);
    }
    for (size_t i = 0; i < c->n_rows; i++) {
        int32_t v = column.code[i];
        column.n_present += v >= 0 && !seen[v];
        if (v >= 0) seen[v] = true;
    }
    if (column.n_present > 1)
        c->column[c->n++] = column;
    else
        gn_free(column.code);
    gn_free(seen);
    return st;
}

static gn_status add_label(gn_columns *c, const gn_subset *s, const gn_labels *labels,
                           const char *name, gn_error *err) {
    gn_labels part;
    gn_status st = gn_subset_labels(s, labels, &part, err);
    if (st != GN_OK) return st;
    return take(c,
                (gn_column){.kind = GN_COLUMN_LABEL,
                            .variant = "label",
                            .label_name = name,
                            .names = labels,
                            .code = part.code},
                err);
}

static gn_status add_positions(gn_columns *c, const gn_subset *s, const int32_t *position,
                               gn_error *err) {
    gn_status st;
    int32_t *code = NULL;
    GN_TRY(gn_subset_column(s, position, &code, err));
    for (size_t i = 0; i < c->n_rows; i++) code[i] = code[i] < 0 ? -1 : code[i] == 0;
    GN_TRY(take(c, (gn_column){.kind = GN_COLUMN_POSITION_0, .variant = "position_0", .code = code},
                err));
    GN_TRY(gn_subset_column(s, position, &code, err));
    GN_TRY(
        take(c, (gn_column){.kind = GN_COLUMN_POSITION, .variant = "position", .code = code}, err));
done:
    return st;
}

/* Type, its frequency among all rows of the set in powers of 2, and whether the token is special.
 */
static gn_status add_types(gn_columns *c, const gn_reps *reps, const gn_subset *s, gn_error *err) {
    gn_status st;
    const int32_t *type = gn_row_types(reps), *token = gn_reps_token_id(reps);
    const gn_labels *words = NULL;
    int32_t *code = NULL, most = 0;
    size_t rows = gn_reps_rows(reps), *count = NULL;
    for (size_t l = 0; l < gn_reps_label_count(reps); l++)
        if (gn_is_type_column(reps, l)) words = gn_reps_labels(reps, l);
    for (size_t i = 0; i < rows; i++)
        if (type[i] > most) most = type[i];
    count = gn_calloc((size_t)most + 1, sizeof *count);
    if (!count) GN_TRY(gn_fail_nomem(err, "counts of types", (size_t)most * sizeof *count));
    for (size_t i = 0; i < rows; i++)
        if (type[i] >= 0) count[type[i]]++;
    GN_TRY(gn_subset_column(s, type, &code, err));
    for (size_t i = 0; i < c->n_rows; i++)
        if (code[i] >= 0) code[i] = (int32_t)floor(log2((double)count[code[i]]));
    GN_TRY(take(c, (gn_column){.kind = GN_COLUMN_FREQUENCY, .variant = "frequency", .code = code},
                err));
    if (token == type && gn_reps_vocab_size(reps)) {
        GN_TRY(gn_subset_column(s, token, &code, err));
        for (size_t i = 0; i < c->n_rows; i++)
            code[i] = code[i] < 0 ? -1 : is_special(gn_reps_token(reps, code[i]));
        GN_TRY(take(c, (gn_column){.kind = GN_COLUMN_SPECIAL, .variant = "special", .code = code},
                    err));
    }
    GN_TRY(gn_subset_column(s, type, &code, err));
    GN_TRY(take(
        c,
        (gn_column){
            .kind = GN_COLUMN_TYPE, .variant = "type", .names = words, .reps = reps, .code = code},
        err));
done:
    gn_free(count);
    return st;
}

gn_status gn_columns_new(const gn_reps *reps, const gn_subset *subset,
                         const gn_measure_label *label, size_t n_labels, gn_columns *out,
                         gn_error *err) {
    enum { OTHERS = 6 };
    gn_status st = GN_OK;
    gn_columns c = {.n_rows = subset->n};
    size_t room = gn_reps_label_count(reps) + n_labels + OTHERS;
    c.column = gn_calloc(room, sizeof *c.column);
    if (!c.column) return gn_fail_nomem(err, "columns", room * sizeof *c.column);
    if (gn_reps_position(reps)) GN_TRY(add_positions(&c, subset, gn_reps_position(reps), err));
    if (gn_row_types(reps)) GN_TRY(add_types(&c, reps, subset, err));
    for (size_t l = 0; l < gn_reps_label_count(reps); l++)
        if (!gn_is_type_column(reps, l))
            GN_TRY(
                add_label(&c, subset, gn_reps_labels(reps, l), gn_reps_label_name(reps, l), err));
    for (size_t l = 0; l < n_labels; l++) {
        bool known = false; /* the set's own columns are there already */
        for (size_t i = 0; i < c.n; i++) known = known || c.column[i].names == label[l].labels;
        if (!known) GN_TRY(add_label(&c, subset, label[l].labels, label[l].name, err));
    }
    for (size_t i = 1; i < c.n; i++) /* few: insertion, stable */
        for (size_t j = i; j > 0 && c.column[j].n_present < c.column[j - 1].n_present; j--) {
            gn_column swap = c.column[j];
            c.column[j] = c.column[j - 1];
            c.column[j - 1] = swap;
        }
    *out = c;
    c = (gn_columns){0};
done:
    gn_columns_free(&c);
    return st;
}

const char *gn_column_title(const gn_column *c) {
    static const char *const title[] = {"position 0 against the rest",
                                        "special tokens against the rest",
                                        "the frequency of the type",
                                        NULL,
                                        "the position",
                                        "the type"};
    return c->kind == GN_COLUMN_LABEL ? c->label_name : title[c->kind];
}

const char *gn_column_value(const gn_column *c, int32_t code, char out[GN_VALUE_ROOM]) {
    const char *text = NULL;
    switch (c->kind) {
    case GN_COLUMN_POSITION_0:
        snprintf(out, GN_VALUE_ROOM, code ? "position 0" : "later positions");
        break;
    case GN_COLUMN_SPECIAL:
        snprintf(out, GN_VALUE_ROOM, code ? "special tokens" : "other tokens");
        break;
    case GN_COLUMN_FREQUENCY:
        if (code == 0)
            snprintf(out, GN_VALUE_ROOM, "types seen once");
        else
            snprintf(out, GN_VALUE_ROOM, "types seen %.0f to %.0f times", exp2(code),
                     exp2(code + 1) - 1);
        break;
    case GN_COLUMN_POSITION:
        snprintf(out, GN_VALUE_ROOM, "position %d", (int)code);
        break;
    case GN_COLUMN_LABEL:
        text = (size_t)code < c->names->n_classes ? c->names->name[code] : NULL;
        snprintf(out, GN_VALUE_ROOM, "%.60s = %.80s", c->label_name, text ? text : "?");
        break;
    case GN_COLUMN_TYPE:
        text = c->names ? (size_t)code < c->names->n_classes ? c->names->name[code] : NULL
                        : gn_reps_token(c->reps, code);
        if (text)
            snprintf(out, GN_VALUE_ROOM, "\"%.80s\"", text);
        else
            snprintf(out, GN_VALUE_ROOM, "type %d", (int)code);
        break;
    }
    return out;
}
