#include "report/table.h"

#include "base/number.h"
#include "gonio/survey.h"

#include <math.h>
#include <string.h>
#include <utf8proc.h>

enum { WIDEST = 120, LABEL_CELLS = 9, LABEL_LINE = 40 };
#define NONE "\xe2\x80\x93"

/* ---- numbers ------------------------------------------------------------------------------------
 */

static int decimals_for(gn_point p, int most) {
    int d;
    if (p.se > 0) {
        double e = floor(log10(p.se));
        bool one = p.se / pow(10, e) < 1.95;
        d = (int)-e + one;
    } else {
        double a = fabs(p.value);
        d = a > 0 ? 2 - (int)floor(log10(a)) : 0;
    }
    return d < 0 ? 0 : d > most ? most : d;
}

void gn_str_add_value(gn_str *s, gn_point p, int most, bool show_se) {
    char number[GN_NUMBER_ROOM];
    if (!isfinite(p.value)) {
        gn_str_add(s, NONE);
        return;
    }
    int d = decimals_for(p, most);
    gn_number_fixed(number, p.value, d);
    bool minus = *number == '-';
    gn_str_addf(s, "%s%s", minus ? "\xe2\x88\x92" : "", number + minus);
    if (!show_se || !isfinite(p.se)) return;
    gn_number_fixed(number, p.se, d);
    bool tiny = p.se > 0 && strspn(number, "0.") == strlen(number);
    if (tiny) gn_number_fixed(number, pow(10, -d), d);
    gn_str_addf(s, " \xc2\xb1 %s%s", tiny ? "<" : "", number);
}

/* ---- cells --------------------------------------------------------------------------------------
 */

typedef struct column_spec {
    const char *head, *sub, *title, *measure, *variant;
    int decimals;
    bool se;
} column_spec;

static const column_spec specs[] = {
    {"TwoNN", "", "intrinsic dimension, TwoNN on the first 90 % of the ratios", "twonn", "base_0.9",
     2, true},
    {"Gride", "", "intrinsic dimension, Gride at the scale where it changes least", NULL, NULL, 2,
     true},
    {"at", "n\xe2\x82\x82", "the scale that Gride is reported at", NULL, NULL, 0, false},
    {"cos", "raw", "mean cosine between types", "inter_cosine", "raw", 3, false},
    {"cos", "\xe2\x88\x92mean", "mean cosine between types after removing the mean", "inter_cosine",
     "centred", 3, false},
    {"intra", "\xe2\x88\x92mean", "mean cosine within types after removing the mean",
     "intra_cosine", "centred", 3, false},
    {"norm", "mean", "mean length of the vectors", "norm", "mean", 2, false},
    {"PR", "", "participation ratio of the covariance", "participation_ratio", "", 1, false},
    {"overlap", "prev.", "share of neighbours kept from the previous layer", NULL, NULL, 3, false},
};
enum { N_SPECS = sizeof specs / sizeof specs[0], GRIDE = 1, SCALE = 2, PREVIOUS = 8, FIXED = 2 };

const char *gn_sheet_keep(gn_sheet *t, gn_str *s) {
    const char *copy = s->bad ? NULL : gn_arena_text(&t->arena, s->text ? s->text : "", s->n);
    gn_str_free(s);
    return copy;
}

static gn_point cell_point(const gn_profile *p, size_t spec, size_t i) {
    const column_spec *c = &specs[spec];
    if (spec == GRIDE) return p->gride[i];
    if (spec == SCALE) return (gn_point){p->gride_n2[i], (double)NAN, (double)NAN};
    if (spec == PREVIOUS) return i ? gn_profile_pair(p, "data_overlap", i, i - 1) : gn_point_none;
    return gn_profile_at(p, i, c->measure, c->variant, NULL, NULL);
}

static const char *make_cell(gn_sheet *t, const gn_profile *p, size_t column, size_t i) {
    gn_str s = {0};
    char number[GN_NUMBER_ROOM];
    if (column == 0)
        gn_str_addf(&s, "%d", p->layer[i]);
    else if (column == 1)
        gn_str_add(&s, isfinite(p->depth[i]) ? gn_number_fixed(number, p->depth[i], 2) : NONE);
    else if (column < FIXED + N_SPECS) {
        size_t spec = column - FIXED;
        gn_str_add_value(&s, cell_point(p, spec, i), specs[spec].decimals, specs[spec].se);
    } else {
        gn_point v = gn_profile_at(p, i, "label_overlap", "weighted", "label",
                                   p->label[column - FIXED - N_SPECS].name);
        gn_str_add_value(&s, v, 3, false);
    }
    return gn_sheet_keep(t, &s);
}

/* A label's name cut to `most` columns of a terminal, without control characters. */
static const char *short_name(gn_sheet *t, const char *name, size_t most) {
    gn_str s = {0};
    size_t width = 0;
    for (const char *p = name; *p;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)p, -1, &code);
        if (step <= 0) break;
        width += (size_t)utf8proc_charwidth(code);
        if (width > most - 1 && p[step]) {
            gn_str_add(&s, "\xe2\x80\xa6");
            break;
        }
        if (code < 0x20 || code == 0x7f)
            gn_str_add(&s, "\xEF\xBF\xBD");
        else
            gn_str_add_bytes(&s, p, (size_t)step);
        p += step;
    }
    return gn_sheet_keep(t, &s);
}

static bool column_is_empty(const gn_sheet *t, const gn_sheet_column *c) {
    for (size_t i = 0; i < t->n_rows; i++)
        if (strcmp(c->cell[i], NONE) != 0) return false;
    return true;
}

/* What a label overlap would be without any structure, and how far small classes let it go. */
static const char *chance_line(gn_sheet *t, const gn_profile *p) {
    gn_str s = {0};
    for (size_t k = 0; k < p->n_labels; k++) {
        if (!isfinite(p->label[k].chance)) continue;
        gn_str_addf(&s, "%s%s ", s.n ? ", " : "Chance level of the label overlap: ",
                    short_name(t, p->label[k].name, LABEL_LINE));
        gn_str_add_value(&s, (gn_point){p->label[k].chance, (double)NAN, 0}, 5, false);
        if (!(p->label[k].ceiling < 0.995)) continue; /* NaN, or all classes are large */
        gn_str_add(&s, " (at most ");
        gn_str_add_value(&s, (gn_point){p->label[k].ceiling, (double)NAN, 0}, 3, false);
        gn_str_add(&s, ": small classes)");
    }
    if (s.n) gn_str_add(&s, ".");
    return gn_sheet_keep(t, &s);
}

static const char *suggestion_line(gn_sheet *t, const gn_profile *p) {
    gn_str s = {0};
    if (p->suggested != SIZE_MAX)
        gn_str_addf(&s,
                    "Suggested layer: %d, where the TwoNN dimension is low again after its peak at "
                    "layer %d.",
                    p->layer[p->suggested], p->layer[p->peak]);
    else if (p->peak != SIZE_MAX)
        gn_str_addf(&s,
                    "Suggested layer: none; the TwoNN dimension peaks at layer %d and finds no "
                    "minimum after it.",
                    p->layer[p->peak]);
    else
        gn_str_add(&s, "Suggested layer: none; the TwoNN profile has no prominent peak.");
    return gn_sheet_keep(t, &s);
}

gn_status gn_sheet_make(const gn_profile *p, gn_sheet *out, gn_error *err) {
    gn_sheet t = {.n_rows = p->n_layers};
    size_t n = FIXED + N_SPECS + p->n_labels, n_cells;
    bool good = gn_mul(n, p->n_layers, &n_cells);
    t.column = good ? gn_arena_alloc(&t.arena, n, sizeof *t.column) : NULL;
    good = t.column != NULL;
    for (size_t c = 0; good && c < n; c++) {
        gn_sheet_column col = {"", "", "", NULL,
                               gn_arena_alloc(&t.arena, t.n_rows, sizeof(char *))};
        if (c < FIXED) {
            col.head = c ? "depth" : "layer";
            col.title = c ? "relative depth" : "layer number; 0 is the embedding output";
        } else if (c < FIXED + N_SPECS) {
            const column_spec *spec = &specs[c - FIXED];
            col.head = spec->head;
            col.sub = spec->sub;
            col.title = spec->title;
        } else {
            col.head = short_name(&t, p->label[c - FIXED - N_SPECS].name, LABEL_CELLS);
            col.sub = "label";
            col.name = p->label[c - FIXED - N_SPECS].name;
            col.title = "share of neighbours with the same label, classes weighing the same";
        }
        good = col.cell && col.head;
        for (size_t i = 0; good && i < t.n_rows; i++)
            good = (col.cell[i] = make_cell(&t, p, c, i)) != NULL;
        if (!good || (c >= FIXED && column_is_empty(&t, &col))) continue;
        t.n_measures += c < FIXED + N_SPECS;
        t.column[t.n_columns++] = col;
    }
    good = good && (t.chance = chance_line(&t, p)) && (t.suggestion = suggestion_line(&t, p));
    if (!good) {
        gn_sheet_free(&t);
        return gn_fail_nomem(err, "the survey's table", n * p->n_layers * 16);
    }
    *out = t;
    return GN_OK;
}

void gn_sheet_free(gn_sheet *t) {
    gn_arena_free(&t->arena);
}

/* ---- as text ------------------------------------------------------------------------------------
 */

static size_t width_of(const char *text) {
    size_t width = 0;
    utf8proc_int32_t code;
    for (utf8proc_ssize_t step; *text; text += step) {
        step = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &code);
        if (step <= 0)
            step = 1;
        else
            width += (size_t)utf8proc_charwidth(code);
    }
    return width;
}

static size_t column_width(const gn_sheet *t, size_t c) {
    const gn_sheet_column *col = &t->column[c];
    size_t width = width_of(col->head), sub = width_of(col->sub);
    if (sub > width) width = sub;
    for (size_t i = 0; i < t->n_rows; i++) {
        size_t w = width_of(col->cell[i]);
        if (w > width) width = w;
    }
    return width;
}

static void add_right(gn_str *s, const char *text, size_t width) {
    for (size_t w = width_of(text); w < width; w++) gn_str_add(s, " ");
    gn_str_add(s, text);
}

/* One line over the columns `first` ... `end` - 1, the layer's column always in front. */
static void add_line(gn_str *s, const gn_sheet *t, size_t first, size_t end, int which,
                     size_t row) {
    for (size_t c = first ? first - 1 : 0; c < end; c++) {
        size_t k = first && c == first - 1 ? 0 : c;
        const gn_sheet_column *col = &t->column[k];
        if (c + 1 > first + (first == 0)) gn_str_add(s, "  ");
        size_t width = column_width(t, k);
        if (which == 2)
            for (size_t w = 0; w < width; w++) gn_str_add(s, "\xe2\x94\x80");
        else
            add_right(s, which == 0 ? col->head : which == 1 ? col->sub : col->cell[row], width);
    }
    while (s->n && s->text[s->n - 1] == ' ') s->text[--s->n] = '\0';
    gn_str_add(s, "\n");
}

static void add_block(gn_str *s, const gn_sheet *t, size_t first, size_t end) {
    bool sub = false;
    for (size_t c = 0; c < t->n_columns; c++) sub = sub || *t->column[c].sub;
    for (int which = 0; which < 3; which++)
        if (which != 1 || sub) add_line(s, t, first, end, which, 0);
    for (size_t i = 0; i < t->n_rows; i++) add_line(s, t, first, end, 3, i);
}

void gn_sheet_print(const gn_sheet *t, gn_str *s) {
    for (size_t first = 0; first < t->n_columns;) {
        size_t width = first ? column_width(t, 0) : 0, end = first;
        while (end < t->n_columns) {
            size_t more = column_width(t, end) + (width ? 2 : 0);
            if (width + more > WIDEST && end > first) break;
            width += more;
            end++;
        }
        if (first) gn_str_add(s, "\n");
        add_block(s, t, first, end);
        first = end;
    }
}

gn_status gn_survey_table(gn_result *result, char **out, gn_error *err) {
    gn_status st;
    gn_profile p = {0};
    gn_sheet t = {0};
    gn_str s = {0};
    GN_TRY(gn_profile_make(result, &p, err));
    GN_TRY(gn_sheet_make(&p, &t, err));
    gn_sheet_print(&t, &s);
    gn_str_add(&s, "\n");
    gn_str_add(&s, "\xc2\xb1 is one standard error; Gride is given at the scale where it changes "
                   "least.");
    if (isfinite(p.overlap_k)) gn_str_addf(&s, " Overlaps use %g neighbours.", p.overlap_k);
    gn_str_add(&s, "\n");
    if (*t.chance) gn_str_addf(&s, "%s\n", t.chance);
    gn_str_addf(&s, "%s\n", t.suggestion);
    st = gn_str_take(&s, out, err);
done:
    gn_str_free(&s);
    gn_sheet_free(&t);
    gn_profile_free(&p);
    return st;
}
