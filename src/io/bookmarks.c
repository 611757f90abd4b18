/* A file of bookmarks has a few hundred bytes for each point of each bookmark, and may come from
 * anywhere. Read as one document it would take ten times its size in memory; so this file only
 * walks over brackets and strings, and gives jansson what lies between them: the few members of a
 * bookmark that count as one document, and each point as another. */
#include "io/bookmarks.h"

#include "base/str.h"
#include "io/file.h"
#include "io/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const gn_bookmark_words[] = {"pca", "tsne", "umap", "custom", NULL};
const char *const gn_bookmark_keys[] = {"pca", "tsne", "umap", "linear", NULL};
const char *const gn_bookmark_titles[] = {"PCA", "t-SNE", "UMAP", "custom axes", NULL};

enum { DEEPEST = 64, MOST_BOOKMARKS = 1000, POINT_BYTES = 1 << 16, KEY_ROOM = 24 };
static const size_t most_bytes = (size_t)512 << 20, most_coordinates = (size_t)1 << 30;

/* ---- brackets and strings ---------------------------------------------------------------- */

typedef struct cursor {
    const char *name, *text, *p, *end;
    gn_error *err;
} cursor;

static gn_status bad(const cursor *c, const char *what) {
    return gn_fail(c->err, GN_EDATA, "%s: byte %zu: %s", c->name, (size_t)(c->p - c->text), what);
}

/* The next character that is no blank; 0 at the end. */
static char peek(cursor *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
        c->p++;
    return c->p < c->end ? *c->p : '\0';
}

static gn_status take(cursor *c, char bracket, const char *what) {
    if (peek(c) != bracket) return bad(c, what);
    c->p++;
    return GN_OK;
}

static gn_status pass_string(cursor *c) {
    for (c->p++; c->p < c->end && *c->p != '"'; c->p++)
        if (*c->p == '\\' && c->p + 1 < c->end) c->p++;
    if (c->p == c->end) return bad(c, "the file ends inside a string");
    c->p++;
    return GN_OK;
}

static gn_status pass_brackets(cursor *c) {
    gn_status st = GN_OK;
    for (size_t depth = 0; st == GN_OK;) {
        if (c->p == c->end) return bad(c, "the file ends inside a bookmark");
        const char at = *c->p;
        if (at == '"') {
            st = pass_string(c);
            continue;
        }
        if ((at == '{' || at == '[') && ++depth > DEEPEST) return bad(c, "nested too deeply");
        c->p++;
        if ((at == '}' || at == ']') && --depth == 0) break;
    }
    return st;
}

/* Steps over any value. */
static gn_status pass_value(cursor *c) {
    const char first = peek(c), *start = c->p;
    if (first == '"') return pass_string(c);
    if (first == '{' || first == '[') return pass_brackets(c);
    while (c->p < c->end && *c->p && !strchr(",]} \t\r\n", *c->p)) c->p++;
    return c->p > start ? GN_OK : bad(c, "expected a value");
}

/* After an item: whether another one follows; the closing bracket is taken. */
static gn_status more_items(cursor *c, char closer, bool *more) {
    const char at = peek(c);
    if (at != ',' && at != closer)
        return bad(c, closer == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
    c->p++;
    *more = at == ',';
    return GN_OK;
}

/* Whether a list that has just begun has no items; its closing bracket is taken then. */
static bool is_empty(cursor *c, char closer) {
    if (peek(c) != closer) return false;
    c->p++;
    return true;
}

/* ---- one bookmark ------------------------------------------------------------------------ */

/* A bookmark on its way. `head`: its members but for the points. */
typedef struct reading {
    cursor *c;
    size_t rows, cols, number;
    gn_bookmark made;
    json_t *head;
    const char *points; /* the text of `projections`; NULL: none */
    size_t n_points;    /* in the data set of that time */
    float *at[GN_BOOKMARK_KINDS];
    bool third[GN_BOOKMARK_KINDS]; /* whether a row has a third coordinate */
    size_t *coordinates;           /* bytes so far, of all bookmarks */
} reading;

static gn_status wrong(const reading *r, const char *what) {
    return gn_fail(r->c->err, GN_EDATA, "%s: bookmark %zu: %s", r->c->name, r->number, what);
}

static bool is_known(const char *key, size_t n) {
    static const char *const known[] = {"label",
                                        "selectedProjection",
                                        "dataSetDimensions",
                                        "tSNEIteration",
                                        "tSNEPerplexity",
                                        "tSNEis3d",
                                        "umapIs3d",
                                        "umapNeighbors",
                                        "pcaComponentDimensions",
                                        "filteredPoints",
                                        "selectedPoints",
                                        "selectedColorOptionName",
                                        "selectedLabelOption"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i]) == n && memcmp(known[i], key, n) == 0) return true;
    return false;
}

/* Takes a bookmark's members apart: what counts goes into one small document. */
static gn_status read_members(reading *r) {
    static const char points[] = "\"projections\"";
    cursor *c = r->c;
    gn_str head = {0};
    gn_status st;
    bool more = true;
    GN_TRY(take(c, '{', "expected a bookmark: an object"));
    gn_str_add(&head, "{");
    if (is_empty(c, '}')) more = false;
    while (more) {
        if (peek(c) != '"') {
            st = bad(c, "expected a member's name");
            goto done;
        }
        const char *key = c->p;
        GN_TRY(pass_string(c));
        const size_t n_key = (size_t)(c->p - key);
        GN_TRY(take(c, ':', "expected ':' behind a member's name"));
        peek(c);
        const char *value = c->p;
        GN_TRY(pass_value(c));
        if (n_key == sizeof points - 1 && memcmp(key, points, n_key) == 0) {
            if (r->points) {
                st = wrong(r, "'projections' is there twice");
                goto done;
            }
            r->points = value;
        } else if (is_known(key + 1, n_key - 2)) {
            gn_str_add(&head, head.n > 1 ? "," : "");
            gn_str_add_bytes(&head, key, n_key);
            gn_str_add(&head, ":");
            gn_str_add_bytes(&head, value, (size_t)(c->p - value));
        }
        GN_TRY(more_items(c, '}', &more));
    }
    gn_str_add(&head, "}");
    if (head.bad) {
        st = gn_fail_nomem(c->err, c->name, head.n);
    } else if (head.n / 48 > r->rows + 2000) { /* two lists of rows, and some words */
        st = wrong(r, "its lists are longer than rows of these vectors could make them");
    } else {
        char what[512];
        snprintf(what, sizeof what, "%.400s: bookmark %zu without its points", c->name, r->number);
        st = gn_json_parse(head.text, head.n, what, &r->head, c->err);
    }
done:
    gn_str_free(&head);
    return st;
}

/* A list of whole numbers below `limit`, each once; as rows when `row` says which they are. */
static gn_status read_rows(const reading *r, const char *key, size_t limit, const int32_t *row,
                           int32_t **out, size_t *n, gn_error *err) {
    const json_t *list = json_object_get(r->head, key), *item;
    unsigned char *seen = NULL;
    int32_t *made = NULL;
    char what[96];
    size_t i;
    gn_status st = GN_OK;
    if (!list || json_is_null(list)) return GN_OK;
    if (!json_is_array(list)) {
        snprintf(what, sizeof what, "'%s' is %s, expected an array", key, gn_json_kind(list));
        return wrong(r, what);
    }
    GN_TRY(gn_alloc_array(&made, json_array_size(list), sizeof *made, "rows", err));
    GN_TRY(gn_alloc_array(&seen, limit / 8 + 1, 1, "rows", err));
    memset(seen, 0, limit / 8 + 1);
    json_array_foreach(list, i, item) {
        const json_int_t v = json_is_integer(item) ? json_integer_value(item) : -1;
        if (v < 0 || (size_t)v >= limit || (seen[v / 8] >> (v % 8) & 1)) {
            snprintf(what, sizeof what, "'%s': item %zu: expected a point from 0 to %zu, once", key,
                     i, limit ? limit - 1 : 0);
            st = wrong(r, what);
            goto done;
        }
        seen[v / 8] = (unsigned char)(seen[v / 8] | 1 << (v % 8));
        made[i] = row ? row[v] : (int32_t)v;
    }
    *out = made;
    *n = json_array_size(list);
    made = NULL;
done:
    gn_free(seen);
    gn_free(made);
    return st;
}

/* A text member's copy; NULL where there is none. */
static gn_status copy_member(const reading *r, const char *key, char **out, gn_error *err) {
    const char *text = json_string_value(json_object_get(r->head, key));
    if (!text || !*text) return GN_OK;
    *out = gn_strdup(text);
    return *out ? GN_OK : gn_fail_nomem(err, key, strlen(text));
}

static double number_of(const reading *r, const char *key) {
    const double v = json_number_value(json_object_get(r->head, key));
    return v > 0 && v < 1e15 ? v : 0;
}

/* Name, filter, selection; *fits: whether the bookmark is of vectors of this shape. */
static gn_status read_head(reading *r, bool *fits, gn_error *err) {
    gn_bookmark *b = &r->made;
    const json_t *shape = json_object_get(r->head, "dataSetDimensions");
    const json_t *n = json_array_get(shape, 0), *d = json_array_get(shape, 1);
    char name[40];
    gn_status st = GN_OK;
    if (json_array_size(shape) != 2 || !json_is_integer(n) || !json_is_integer(d))
        return wrong(r, "'dataSetDimensions': expected an array of two whole numbers");
    const json_int_t points = json_integer_value(n);
    GN_TRY(copy_member(r, "label", &b->name, err));
    if (!b->name) {
        snprintf(name, sizeof name, "bookmark %zu", r->number);
        if (!(b->name = gn_strdup(name))) {
            st = gn_fail_nomem(err, name, 40);
            goto done;
        }
    }
    const bool narrow = json_integer_value(d) == (json_int_t)r->cols;
    const json_t *filter = json_object_get(r->head, "filteredPoints");
    const size_t n_filter = json_array_size(filter),
                 all = r->rows < GN_BOOKMARK_MOST_POINTS ? r->rows : GN_BOOKMARK_MOST_POINTS;
    r->n_points = n_filter ? n_filter : points == (json_int_t)r->rows ? r->rows : all;
    *fits = narrow && points == (json_int_t)r->n_points && r->n_points <= r->rows;
    if (!*fits) return GN_OK;
    if (n_filter)
        GN_TRY(read_rows(r, "filteredPoints", r->rows, NULL, &b->filter, &b->n_filter, err));
    GN_TRY(read_rows(r, "selectedPoints", r->n_points, b->filter, &b->selection, &b->n_selection,
                     err));
    GN_TRY(copy_member(r, "selectedColorOptionName", &b->color, err));
    GN_TRY(copy_member(r, "selectedLabelOption", &b->label, err));
    b->iteration = (size_t)number_of(r, "tSNEIteration");
    b->perplexity = number_of(r, "tSNEPerplexity");
    b->neighbors = (size_t)number_of(r, "umapNeighbors");
done:
    return st;
}

/* ---- points ------------------------------------------------------------------------------ */

/* The keys of a kind's axes, and how many it may have. */
typedef struct axes {
    char key[3][KEY_ROOM];
    size_t n, component[3];
} axes;

static gn_status name_axes(const reading *r, gn_bookmark_kind kind, axes *a) {
    static const char *const flag[] = {NULL, "tSNEis3d", "umapIs3d", NULL};
    const json_t *list = json_object_get(r->head, "pcaComponentDimensions");
    *a = (axes){.n = 3, .component = {0, 1, 2}};
    if (kind == GN_BOOKMARK_PCA && json_array_size(list) >= 2) {
        a->n = json_array_size(list) > 2 && !json_is_null(json_array_get(list, 2)) ? 3 : 2;
        for (size_t i = 0; i < a->n; i++) {
            const json_t *item = json_array_get(list, i);
            if (!json_is_integer(item) || json_integer_value(item) < 0 ||
                json_integer_value(item) > 9999)
                return wrong(r, "'pcaComponentDimensions': expected two or three whole numbers");
            a->component[i] = (size_t)json_integer_value(item);
        }
    }
    if (kind == GN_BOOKMARK_CUSTOM ||
        (flag[kind] && json_is_false(json_object_get(r->head, flag[kind]))))
        a->n = 2;
    for (size_t i = 0; i < a->n; i++)
        if (kind == GN_BOOKMARK_CUSTOM)
            snprintf(a->key[i], KEY_ROOM, "%s-%c", gn_bookmark_keys[kind], "xyz"[i]);
        else
            snprintf(a->key[i], KEY_ROOM, "%s-%zu", gn_bookmark_keys[kind], a->component[i]);
    return GN_OK;
}

static gn_status start_kind(reading *r, size_t kind, gn_error *err) {
    size_t items, bytes;
    if (!gn_mul(r->rows, 3, &items) || !gn_mul(items, sizeof(float), &bytes) ||
        bytes > most_coordinates || *r->coordinates > most_coordinates - bytes)
        return wrong(r, "more than 1 GiB of coordinates, with those of the bookmarks before it");
    gn_status st = gn_alloc_array(&r->at[kind], items, sizeof(float), "coordinates", err);
    if (st != GN_OK) return st;
    *r->coordinates += bytes;
    for (size_t i = 0; i < items; i++) r->at[kind][i] = NAN;
    return GN_OK;
}

static gn_status read_point(reading *r, const axes *a, const json_t *point, size_t row,
                            gn_error *err) {
    for (size_t k = 0; k < GN_BOOKMARK_KINDS; k++)
        for (size_t i = 0; i < a[k].n; i++) {
            const json_t *value = json_object_get(point, a[k].key[i]);
            if (!value || json_is_null(value)) continue;
            if (!json_is_number(value)) {
                char what[128];
                snprintf(what, sizeof what, "'%s' of row %zu is %s, expected a number", a[k].key[i],
                         row, gn_json_kind(value));
                return wrong(r, what);
            }
            gn_status st = r->at[k] ? GN_OK : start_kind(r, k, err);
            if (st != GN_OK) return st;
            const double x = json_number_value(value);
            r->at[k][3 * row + i] = fabs(x) <= (double)FLT_MAX ? (float)x : NAN;
            r->third[k] = r->third[k] || i == 2;
        }
    return GN_OK;
}

/* All points; the cursor is set to where they are, and may be left anywhere. */
static gn_status read_points(reading *r, const axes *a, gn_error *err) {
    cursor c = *r->c;
    gn_status st;
    char what[160];
    size_t n = 0;
    bool more = true;
    c.p = r->points;
    GN_TRY(take(&c, '[', "'projections': expected an array of points"));
    if (is_empty(&c, ']')) return GN_OK;
    for (; more; n++) {
        json_t *point = NULL;
        if (peek(&c) != '{') {
            st = bad(&c, "expected a point: an object");
            goto done;
        }
        const char *start = c.p;
        GN_TRY(pass_value(&c));
        if (n >= r->n_points) break;
        if (c.p - start > POINT_BYTES) {
            st = bad(&c, "a point of more than 64 KiB");
            goto done;
        }
        snprintf(what, sizeof what, "%.80s: bookmark %zu: point %zu", c.name, r->number, n);
        GN_TRY(gn_json_parse(start, (size_t)(c.p - start), what, &point, err));
        st = read_point(r, a, point, r->made.filter ? (size_t)r->made.filter[n] : n, err);
        json_decref(point);
        if (st != GN_OK) goto done;
        GN_TRY(more_items(&c, ']', &more));
    }
    if (more || n != r->n_points) {
        snprintf(what, sizeof what, "'projections' has %s%zu points, expected %zu",
                 more ? "more than " : "", n, r->n_points);
        st = wrong(r, what);
    }
done:
    return st;
}

/* What was gathered of a kind as a layout: rows that lack a coordinate have no place. */
static void add_layout(reading *r, gn_bookmark_kind kind, const axes *a) {
    gn_bookmark_layout l = {.kind = kind, .dim = r->third[kind] ? 3 : 2, .at = r->at[kind]};
    memcpy(l.component, a->component, sizeof l.component);
    for (size_t i = 0; i < r->rows; i++) {
        float p[3];
        bool placed = true;
        memcpy(p, l.at + 3 * i, sizeof p);
        for (size_t k = 0; k < l.dim; k++) placed = placed && isfinite(p[k]);
        for (size_t k = 0; k < l.dim; k++) l.at[l.dim * i + k] = placed ? p[k] : NAN;
        l.placed += placed;
    }
    if (l.placed == 0) return;
    const char *shown = json_string_value(json_object_get(r->head, "selectedProjection"));
    if (shown && strcmp(shown, gn_bookmark_words[kind]) == 0)
        r->made.shown = (int)r->made.n_layouts;
    r->made.layout[r->made.n_layouts++] = l;
    r->at[kind] = NULL;
}

static gn_status read_layouts(reading *r, gn_error *err) {
    axes a[GN_BOOKMARK_KINDS];
    gn_status st = GN_OK;
    for (size_t k = 0; k < GN_BOOKMARK_KINDS && st == GN_OK; k++)
        st = name_axes(r, (gn_bookmark_kind)k, &a[k]);
    if (st == GN_OK && r->points) st = read_points(r, a, err);
    for (size_t k = 0; k < GN_BOOKMARK_KINDS && st == GN_OK; k++)
        if (r->at[k]) add_layout(r, (gn_bookmark_kind)k, &a[k]);
    return st;
}

/* ---- the file ---------------------------------------------------------------------------- */

static void free_bookmark(gn_bookmark *b) {
    for (size_t i = 0; i < b->n_layouts; i++) gn_free(b->layout[i].at);
    gn_free(b->name);
    gn_free(b->color);
    gn_free(b->label);
    gn_free(b->filter);
    gn_free(b->selection);
    *b = (gn_bookmark){0};
}

/* Says once that bookmarks of another shape were passed over. */
static gn_status pass_over(const reading *r, gn_bookmarks *to, gn_error *err) {
    char text[256];
    const json_t *shape = json_object_get(r->head, "dataSetDimensions");
    if (to->note) return GN_OK;
    snprintf(text, sizeof text,
             "'%.80s' is a bookmark of %lld x %lld vectors, these are %zu x %zu: it is passed over",
             r->made.name, (long long)json_integer_value(json_array_get(shape, 0)),
             (long long)json_integer_value(json_array_get(shape, 1)), r->rows, r->cols);
    to->note = gn_strdup(text);
    return to->note ? GN_OK : gn_fail_nomem(err, "a note", strlen(text));
}

static gn_status add_bookmark(reading *r, gn_bookmarks *to, gn_error *err) {
    if ((to->n & (to->n - 1)) == 0) { /* full at each power of two */
        void *grown = gn_realloc(to->bookmark, to->n ? 2 * to->n : 1, sizeof *to->bookmark);
        if (!grown) return gn_fail_nomem(err, r->c->name, to->n * sizeof *to->bookmark);
        to->bookmark = grown;
    }
    to->bookmark[to->n++] = r->made;
    r->made = (gn_bookmark){0};
    return GN_OK;
}

static gn_status read_bookmark(cursor *c, size_t rows, size_t cols, size_t number,
                               size_t *coordinates, gn_bookmarks *to, gn_error *err) {
    reading r = {.c = c,
                 .rows = rows,
                 .cols = cols,
                 .number = number,
                 .made.shown = -1,
                 .coordinates = coordinates};
    bool fits = false;
    gn_status st;
    GN_TRY(read_members(&r));
    GN_TRY(read_head(&r, &fits, err));
    if (fits) {
        GN_TRY(read_layouts(&r, err));
        st = add_bookmark(&r, to, err);
    } else {
        st = pass_over(&r, to, err);
    }
done:
    for (size_t k = 0; k < GN_BOOKMARK_KINDS; k++) gn_free(r.at[k]);
    free_bookmark(&r.made);
    json_decref(r.head);
    return st;
}

gn_status gn_bookmarks_parse(const char *text, size_t n, size_t rows, size_t cols, const char *name,
                             gn_bookmarks *out, gn_error *err) {
    cursor c = {name, text, text, text + n, err};
    gn_bookmarks made = {0};
    size_t coordinates = 0, number = 0;
    bool more = true;
    gn_status st;
    GN_TRY(take(&c, '[', "expected bookmarks: an array"));
    if (is_empty(&c, ']')) more = false;
    for (; more; number++) {
        if (number == MOST_BOOKMARKS) {
            st = bad(&c, "more than 1,000 bookmarks");
            goto done;
        }
        GN_TRY(read_bookmark(&c, rows, cols, number, &coordinates, &made, err));
        GN_TRY(more_items(&c, ']', &more));
    }
    peek(&c);
    if (c.p < c.end) {
        st = bad(&c, "there is more behind the last bookmark");
        goto done;
    }
    *out = made;
    made = (gn_bookmarks){0};
done:
    gn_bookmarks_free(&made);
    return st;
}

gn_status gn_bookmarks_open(const char *path, size_t rows, size_t cols, gn_bookmarks *out,
                            gn_error *err) {
    char *text; /* not mapped: another program may shorten the file while it is read */
    size_t n;
    gn_status st = gn_read_file(path, most_bytes, &text, &n, err);
    if (st != GN_OK) return st;
    st = gn_bookmarks_parse(text, n, rows, cols, path, out, err);
    gn_free(text);
    return st;
}

void gn_bookmarks_free(gn_bookmarks *b) {
    for (size_t i = 0; i < b->n; i++) free_bookmark(&b->bookmark[i]);
    gn_free(b->bookmark);
    gn_free(b->note);
    *b = (gn_bookmarks){0};
}
