/* Columns of a source: see columns.h.
 *
 * A representation set has its tokens, its labels and its row table; any other source begins with
 * the number of the row alone. More columns (metadata that the user dropped, edited labels) are put
 * beside them or in their place. Each is made when it is first asked for. */
#include "view/data/columns.h"

#include "base/number.h"
#include "io/csv.h"
#include "view/wire/reply.h"
#include "io/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column_kind { TOKEN, LABEL, ROW_LABEL, METADATA, TOKEN_ID, POSITION, SEQUENCE, ROW, GIVEN };

struct slot {
    const char *name;
    enum column_kind kind;
    size_t label;
    gn_view_column *column; /* the data's; NULL until it is asked for, or where there is none */
    gn_view_column *edited; /* what is shown in its place; NULL: nothing was edited */
};

struct gn_view_columns {
    size_t n, room;
    struct slot *slot;
    gn_arena arena; /* names of given columns */
};

/* ---- one column -------------------------------------------------------------------------- */

void gn_view_column_free(gn_view_column *c) {
    if (!c || atomic_fetch_sub(&c->references, 1) > 1) return;
    gn_arena_free(&c->arena);
    gn_free(c);
}

static gn_status new_column(const char *name, size_t n, gn_view_column **out, gn_error *err) {
    gn_view_column *c = gn_calloc(1, sizeof *c);
    char *copy = c ? gn_arena_utf8(&c->arena, name) : NULL;
    if (!copy) {
        gn_free(c);
        return gn_fail_nomem(err, name, sizeof *c);
    }
    c->name = copy;
    c->n = n;
    atomic_init(&c->references, 1);
    *out = c;
    return GN_OK;
}

/** Counts what is there: names that at least one row has (`used` gets 1 for each), and rows without
 *  one. */
static void count_codes(gn_view_column *c, unsigned char *used) {
    for (size_t i = 0; i < c->n; i++) {
        if (c->code[i] < 0) {
            c->missing++;
        } else if (!used[c->code[i]]) {
            used[c->code[i]] = 1;
            c->distinct++;
        }
    }
}

/** Numbers when every name in use parses, text when most rows have a name of their own. */
static gn_status find_type(gn_view_column *c, const unsigned char *used, gn_error *err) {
    bool numbers = c->distinct > 0;
    double x;
    for (size_t i = 0; i < c->n_names && numbers; i++)
        numbers = !used[i] || gn_csv_number((gn_csv_field){c->names[i], strlen(c->names[i])}, &x);
    if (!numbers) {
        c->type = c->distinct > 50 && c->distinct > (c->n - c->missing) / 2 ? GN_COLUMN_TEXT
                                                                            : GN_COLUMN_CATEGORY;
        return GN_OK;
    }
    float *value = gn_arena_alloc(&c->arena, c->n, sizeof *value);
    float *of_name = gn_calloc(c->n_names, sizeof *of_name);
    if (!value || !of_name) {
        gn_free(of_name);
        return gn_fail_nomem(err, c->name, c->n * sizeof *value);
    }
    for (size_t i = 0; i < c->n_names; i++)
        if (used[i] && gn_csv_number((gn_csv_field){c->names[i], strlen(c->names[i])}, &x))
            of_name[i] = (float)x;
    for (size_t i = 0; i < c->n; i++) value[i] = c->code[i] < 0 ? NAN : of_name[c->code[i]];
    gn_free(of_name);
    c->type = GN_COLUMN_NUMBER;
    c->value = value;
    c->code = NULL;
    c->names = NULL;
    c->n_names = 0;
    return GN_OK;
}

gn_status gn_view_column_new(const char *name, size_t n, const int32_t *code, size_t n_names,
                             const char *const *names, gn_view_column **out, gn_error *err) {
    gn_view_column *c = NULL;
    unsigned char *used = gn_calloc(n_names, 1);
    gn_status st;
    GN_TRY(new_column(name, n, &c, err));
    int32_t *own = gn_arena_alloc(&c->arena, n, sizeof *own);
    const char **list = gn_arena_alloc(&c->arena, n_names, sizeof *list);
    bool bad = !own || !list || !used;
    for (size_t i = 0; i < n_names && !bad; i++)
        bad = !(list[i] = gn_arena_utf8(&c->arena, names[i]));
    if (bad) {
        st = gn_fail_nomem(err, name, n * sizeof *own);
        goto done;
    }
    memcpy(own, code, n * sizeof *own);
    c->code = own;
    c->names = list;
    c->n_names = n_names;
    count_codes(c, used);
    GN_TRY(find_type(c, used, err));
    *out = c;
    c = NULL;
done:
    gn_free(used);
    gn_view_column_free(c);
    return st;
}

static int by_value(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

gn_status gn_view_column_numbers(const char *name, size_t n, const float *value,
                                 gn_view_column **out, gn_error *err) {
    gn_view_column *c = NULL;
    float *sorted = gn_alloc(n, sizeof *sorted), *own;
    size_t there = 0;
    gn_status st;
    GN_TRY(new_column(name, n, &c, err));
    own = gn_arena_alloc(&c->arena, n, sizeof *own);
    if (!own || !sorted) {
        st = gn_fail_nomem(err, name, n * sizeof *own);
        goto done;
    }
    memcpy(own, value, n * sizeof *own);
    for (size_t i = 0; i < n; i++)
        if (!isnan(value[i])) sorted[there++] = value[i];
    qsort(sorted, there, sizeof *sorted, by_value);
    for (size_t i = 0; i < there; i++) c->distinct += i == 0 || sorted[i] != sorted[i - 1];
    c->missing = n - there;
    c->type = GN_COLUMN_NUMBER;
    c->value = own;
    *out = c;
    c = NULL;
done:
    gn_free(sorted);
    gn_view_column_free(c);
    return st;
}

/** How many values there are among whole numbers from 0 (negative: missing). */
static gn_status count_values(gn_view_column *c, const int32_t *from, gn_error *err) {
    int32_t top = -1;
    for (size_t i = 0; i < c->n; i++)
        if (from[i] > top) top = from[i];
    unsigned char *seen = gn_calloc((size_t)top + 1, 1);
    if (!seen) return gn_fail_nomem(err, c->name, (size_t)top + 1);
    for (size_t i = 0; i < c->n; i++) {
        if (from[i] < 0) {
            c->missing++;
        } else if (!seen[from[i]]) {
            seen[from[i]] = 1;
            c->distinct++;
        }
    }
    gn_free(seen);
    return GN_OK;
}

/** A column of whole numbers, negative ones missing; of the rows' own numbers for NULL. */
static gn_status number_column(const char *name, size_t n, const int32_t *from,
                               gn_view_column **out, gn_error *err) {
    gn_view_column *c = NULL;
    gn_status st;
    GN_TRY(new_column(name, n, &c, err));
    float *value = gn_arena_alloc(&c->arena, n, sizeof *value);
    if (!value) {
        st = gn_fail_nomem(err, name, n * sizeof *value);
        goto done;
    }
    for (size_t i = 0; i < n; i++) {
        value[i] = (float)i;
        if (from) value[i] = from[i] < 0 ? NAN : (float)from[i];
    }
    c->type = GN_COLUMN_NUMBER;
    c->value = value;
    c->distinct = n;
    if (from) {
        c->distinct = 0;
        GN_TRY(count_values(c, from, err));
    }
    *out = c;
    c = NULL;
done:
    gn_view_column_free(c);
    return st;
}

json_t *gn_view_column_value(const gn_view_column *c, size_t row) {
    if (c->value) return gn_json_real((double)c->value[row]);
    return c->code[row] < 0 ? json_null() : gn_json_text(c->names[c->code[row]]);
}

/* ---- the columns of a source ------------------------------------------------------------- */

void gn_view_columns_free(struct gn_view_columns *c) {
    if (!c) return;
    for (size_t i = 0; i < c->n; i++) {
        gn_view_column_free(c->slot[i].column);
        gn_view_column_free(c->slot[i].edited);
    }
    gn_arena_free(&c->arena);
    gn_free(c->slot);
    gn_free(c);
}

static struct slot *find_slot(struct gn_view_columns *c, const char *name) {
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->slot[i].name, name) == 0) return &c->slot[i];
    return NULL;
}

static gn_status add_slot(struct gn_view_columns *c, struct slot slot, gn_error *err) {
    if (find_slot(c, slot.name)) return GN_OK;
    if (c->n == c->room) {
        size_t room = c->room ? 2 * c->room : 8;
        struct slot *more = gn_realloc(c->slot, room, sizeof *more);
        if (!more) return gn_fail_nomem(err, "the list of columns", room * sizeof *more);
        c->slot = more;
        c->room = room;
    }
    c->slot[c->n++] = slot;
    return GN_OK;
}

/** The list of columns, made on first use. Under the source's lock. */
static gn_status list_columns(gn_source *s, gn_error *err) {
    gn_status st = GN_OK;
    if (s->columns) return GN_OK;
    struct gn_view_columns *c = gn_calloc(1, sizeof *c);
    if (!c) return gn_fail_nomem(err, "the list of columns", sizeof *c);
    if (s->reps) {
        if (gn_reps_token_id(s->reps))
            GN_TRY(add_slot(c, (struct slot){.name = "token", .kind = TOKEN}, err));
        for (size_t i = 0; i < gn_reps_label_count(s->reps); i++)
            GN_TRY(add_slot(
                c, (struct slot){.name = gn_reps_label_name(s->reps, i), .kind = LABEL, .label = i},
                err));
        GN_TRY(add_slot(c, (struct slot){.name = "position", .kind = POSITION}, err));
        GN_TRY(add_slot(c, (struct slot){.name = "sequence", .kind = SEQUENCE}, err));
        GN_TRY(add_slot(c, (struct slot){.name = "token_id", .kind = TOKEN_ID}, err));
    } else {
        if (s->row_label)
            GN_TRY(add_slot(c, (struct slot){.name = "label", .kind = ROW_LABEL}, err));
        for (size_t i = 0; i < s->metadata.cols; i++)
            GN_TRY(add_slot(
                c, (struct slot){.name = s->metadata.column[i].name, .kind = METADATA, .label = i},
                err));
        GN_TRY(add_slot(c, (struct slot){.name = "__index__", .kind = ROW}, err));
    }
    s->columns = c;
    c = NULL;
done:
    gn_view_columns_free(c);
    return st;
}

static gn_status make_column(gn_source *s, const struct slot *slot, gn_view_column **out,
                             gn_error *err) {
    gn_labels *types = NULL;
    const gn_labels *l;
    gn_status st;
    switch (slot->kind) {
    case TOKEN:
        st = gn_reps_types(s->reps, &types, err);
        if (st != GN_OK) return st;
        st = gn_view_column_new(slot->name, types->n, types->code, types->n_classes,
                                (const char *const *)types->name, out, err);
        gn_labels_free(types);
        return st;
    case LABEL:
    case ROW_LABEL:
    case METADATA:
        l = slot->kind == LABEL       ? gn_reps_labels(s->reps, slot->label)
            : slot->kind == ROW_LABEL ? s->row_label
                                      : s->metadata.column[slot->label].label;
        return gn_view_column_new(slot->name, l->n, l->code, l->n_classes,
                                  (const char *const *)l->name, out, err);
    case TOKEN_ID:
        return number_column(slot->name, s->about.rows, gn_reps_token_id(s->reps), out, err);
    case POSITION:
        return number_column(slot->name, s->about.rows, gn_reps_position(s->reps), out, err);
    case SEQUENCE:
        return number_column(slot->name, s->about.rows, gn_reps_sequence(s->reps), out, err);
    case ROW:
        return number_column(slot->name, s->about.rows, NULL, out, err);
    case GIVEN:
        break;
    }
    return gn_fail(err, GN_EINVAL, "column '%s' is not there", slot->name);
}

/** GN_EINVAL that lists the columns there are. Under the source's lock. */
static gn_status no_column(const gn_source *s, const char *name, gn_error *err) {
    char list[512] = "";
    size_t used = 0;
    for (size_t i = 0; i < s->columns->n && used + 1 < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "",
                                 s->columns->slot[i].name);
    return gn_fail(err, GN_EINVAL, "%s has no column '%s'; it has %s", s->about.name, name, list);
}

gn_status gn_source_column(gn_source *s, const char *name, gn_view_column **out, gn_error *err) {
    gn_status st;
    pthread_mutex_lock(&s->lock);
    GN_TRY(list_columns(s, err));
    struct slot *slot = find_slot(s->columns, name);
    if (!slot) {
        st = no_column(s, name, err);
        goto done;
    }
    if (!slot->column && !slot->edited) GN_TRY(make_column(s, slot, &slot->column, err));
    gn_view_column *c = slot->edited ? slot->edited : slot->column;
    atomic_fetch_add(&c->references, 1);
    *out = c;
done:
    pthread_mutex_unlock(&s->lock);
    return st;
}

gn_status gn_source_base_column(gn_source *s, const char *name, gn_view_column **out,
                                gn_error *err) {
    gn_status st;
    pthread_mutex_lock(&s->lock);
    GN_TRY(list_columns(s, err));
    struct slot *slot = find_slot(s->columns, name);
    if (slot && !slot->column && slot->kind != GIVEN)
        GN_TRY(make_column(s, slot, &slot->column, err));
    *out = slot ? slot->column : NULL;
    if (*out) atomic_fetch_add(&(*out)->references, 1);
done:
    pthread_mutex_unlock(&s->lock);
    return st;
}

const char **gn_source_column_names(gn_source *s) {
    const char **list = NULL;
    gn_error ignored;
    pthread_mutex_lock(&s->lock);
    if (list_columns(s, &ignored) == GN_OK) list = gn_alloc(s->columns->n + 1, sizeof *list);
    for (size_t i = 0; list && i <= s->columns->n; i++)
        list[i] = i < s->columns->n ? s->columns->slot[i].name : NULL;
    pthread_mutex_unlock(&s->lock);
    return list;
}

/** The slot of that name, added when there is none. Under the source's lock. */
static gn_status need_slot(gn_source *s, const char *column, struct slot **out, gn_error *err) {
    gn_status st = list_columns(s, err);
    if (st != GN_OK) return st;
    struct slot *slot = find_slot(s->columns, column);
    if (!slot) {
        const char *name = gn_arena_text(&s->columns->arena, column, strlen(column));
        if (!name) return gn_fail_nomem(err, column, strlen(column));
        st = add_slot(s->columns, (struct slot){.name = name, .kind = GIVEN}, err);
        if (st != GN_OK) return st;
        slot = &s->columns->slot[s->columns->n - 1];
    }
    *out = slot;
    return GN_OK;
}

gn_status gn_source_put_column(gn_source *s, gn_view_column *c, gn_error *err) {
    struct slot *slot;
    gn_view_column *old = c;
    pthread_mutex_lock(&s->lock);
    gn_status st = need_slot(s, c->name, &slot, err);
    if (st == GN_OK) {
        old = slot->column;
        slot->column = c;
    }
    pthread_mutex_unlock(&s->lock);
    gn_view_column_free(old);
    return st;
}

gn_status gn_source_edit_column(gn_source *s, const char *name, gn_view_column *edited,
                                gn_error *err) {
    struct slot *slot;
    gn_view_column *old = edited;
    pthread_mutex_lock(&s->lock);
    gn_status st = need_slot(s, name, &slot, err);
    if (st == GN_OK) {
        old = slot->edited;
        slot->edited = edited;
        if (!edited && !slot->column && slot->kind == GIVEN) { /* it was made of edits only */
            struct gn_view_columns *c = s->columns;
            size_t at = (size_t)(slot - c->slot);
            memmove(slot, slot + 1, (c->n - at - 1) * sizeof *slot);
            c->n--;
        }
    }
    pthread_mutex_unlock(&s->lock);
    gn_view_column_free(old);
    return st;
}

const char *gn_source_token_column(gn_source *s) {
    const char *found = NULL, **name = gn_source_column_names(s);
    gn_error ignored;
    for (size_t i = 0; name && name[i] && !found; i++) {
        gn_view_column *c;
        if (strcmp(name[i], "token") == 0) {
            found = name[i];
        } else if (!s->reps && gn_source_column(s, name[i], &c, &ignored) == GN_OK) {
            if (c->code) found = name[i];
            gn_view_column_free(c);
        }
    }
    gn_free(name);
    return found;
}
