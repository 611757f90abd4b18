/* Words that tell a region from the others: tf-idf with classes (Grootendorst, arXiv:2203.05794).
 *
 * All rows of a region are one document. A word that makes up the share tf of a region's words and
 * the share f of all words weighs tf log(tf / f): its part of the divergence between the region's
 * words and all words. That paper's log(1 + A / f) asks only how frequent a word is, and leaves
 * "the" and "of" on top in large regions; here a word that is as frequent elsewhere weighs nothing,
 * without a list of stop words. Words are the rows' tokens and, where there are sentences, those
 * that stand around them (each row's weigh as much as its token, together). Of a large region an
 * even sample of rows speaks for all. */
#include "view/data/cells.h"
#include "view/layouts/labels.h"
#include "view/data/texts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_HEARD = 400, SENTENCES_READ = 60, WORDS_AROUND = 3, WORD_BYTES = 40, SHOWN = 3 };
#define SHOWN_SHARE                                                                                \
    0.4 /* of the best word's weight: below, a word says too little to be shown                    \
         */

typedef struct occurrence {
    const char *word;
    size_t region;
    double weight;
} occurrence;

typedef struct words {
    gn_arena *arena;
    occurrence *list;
    size_t n, room;
} words;

static gn_status add_word(words *w, const char *text, size_t n, size_t region, double weight,
                          gn_error *err) {
    static const char *const marks[] = {"\xc4\xa0", "\xe2\x96\x81",
                                        "##"}; /* of words' starts and ends */
    for (size_t m = 0; m < 3; m++) {
        const size_t k = strlen(marks[m]);
        if (n > k && strncmp(text, marks[m], k) == 0) {
            text += k;
            n -= k;
        }
    }
    if (n == 0 || n > WORD_BYTES) return GN_OK;
    if (w->n == w->room) {
        const size_t room = w->room ? 2 * w->room : 1024;
        occurrence *more = gn_realloc(w->list, room, sizeof *more);
        if (!more) return gn_fail_nomem(err, "words", room * sizeof *more);
        w->list = more;
        w->room = room;
    }
    char *copy = gn_arena_text(w->arena, text, n);
    if (!copy) return gn_fail_nomem(err, "a word", n);
    for (char *p = copy; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p | 0x20);
    w->list[w->n++] = (occurrence){copy, region, weight};
    return GN_OK;
}

/* Bytes of a word: letters, digits, and all that is not ASCII. */
static bool in_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80 || c == '\'';
}

/* Up to WORDS_AROUND words from the start of a text, or from its end. */
static gn_status add_side(words *w, const char *text, bool from_end, size_t region, double weight,
                          gn_error *err) {
    size_t length = strlen(text), from = from_end ? length : 0, found = 0;
    gn_status st = GN_OK;
    while (found < WORDS_AROUND && st == GN_OK) {
        size_t a = from, b = from;
        if (from_end) {
            while (b > 0 && !in_word(text[b - 1])) b--;
            for (a = b; a > 0 && in_word(text[a - 1]);) a--;
            from = a;
        } else {
            while (a < length && !in_word(text[a])) a++;
            for (b = a; b < length && in_word(text[b]);) b++;
            from = b;
        }
        if (a == b) break;
        st = add_word(w, text + a, b - a, region, weight, err);
        found++;
    }
    return st;
}

static gn_status add_around(words *w, gn_source *s, size_t row, size_t region, gn_error *err) {
    json_t *context = NULL;
    const double weight = 0.5 / WORDS_AROUND;
    gn_status st = gn_source_context(s, row, &context, err);
    if (st != GN_OK) return st;
    const char *before = json_string_value(json_object_get(context, "before"));
    const char *after = json_string_value(json_object_get(context, "after"));
    if (before) st = add_side(w, before, true, region, weight, err);
    if (after && st == GN_OK) st = add_side(w, after, false, region, weight, err);
    json_decref(context);
    return st;
}

/* ---- weights ---- */

static int by_word(const void *a, const void *b) {
    const occurrence *p = a, *q = b;
    const int order = strcmp(p->word, q->word);
    if (order != 0) return order;
    return (p->region > q->region) - (p->region < q->region);
}

/* The best words of a region so far, descending. */
typedef struct best {
    const char *word[SHOWN];
    double weight[SHOWN];
} best;

static void offer(best *b, const char *word, double weight) {
    for (size_t i = 0; i < SHOWN && weight > 0; i++) {
        if (b->word[i] && b->weight[i] >= weight) continue;
        for (size_t j = SHOWN - 1; j > i; j--) {
            b->word[j] = b->word[j - 1];
            b->weight[j] = b->weight[j - 1];
        }
        b->word[i] = word;
        b->weight[i] = weight;
        return;
    }
}

/* Joins the occurrences of each word and offers it to its regions. */
static void weigh(words *w, size_t n_regions, best *b) {
    double total[GN_LABEL_REGIONS] = {0}, all = 0;
    if (w->n > 0) qsort(w->list, w->n, sizeof *w->list, by_word);
    for (size_t i = 0; i < w->n; i++) {
        total[w->list[i].region] += w->list[i].weight;
        all += w->list[i].weight;
    }
    for (size_t i = 0; i < w->n;) {
        double in[GN_LABEL_REGIONS] = {0}, f = 0;
        size_t end = i;
        for (; end < w->n && strcmp(w->list[end].word, w->list[i].word) == 0; end++) {
            in[w->list[end].region] += w->list[end].weight;
            f += w->list[end].weight;
        }
        for (size_t r = 0; r < n_regions; r++) {
            const double tf = in[r] / total[r];
            if (tf > 0) offer(&b[r], w->list[i].word, tf * log(tf * all / f));
        }
        i = end;
    }
}

static gn_status join(const best *b, gn_arena *arena, const char **out, gn_error *err) {
    char text[SHOWN * (WORD_BYTES + 2) + 1] = "";
    size_t used = 0;
    *out = NULL;
    for (size_t i = 0; i < SHOWN && b->word[i]; i++) {
        if (b->weight[i] < SHOWN_SHARE * b->weight[0]) break;
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? ", " : "", b->word[i]);
    }
    if (used == 0) return GN_OK;
    *out = gn_arena_text(arena, text, used);
    return *out ? GN_OK : gn_fail_nomem(err, "a label", used);
}

/* ---- the whole ---- */

static const char *token_of(const gn_cells *c, size_t row) {
    if (c->value) return NULL;
    const int32_t code = c->code ? c->code[row] : (int32_t)row;
    return c->text && code >= 0 ? c->text[code] : NULL;
}

gn_status gn_label_terms(gn_source *s, const int32_t *row, size_t n,
                         const gn_label_regions *regions, gn_arena *arena, const char **text,
                         gn_error *err) {
    words w = {.arena = arena};
    best b[GN_LABEL_REGIONS] = {{{NULL}, {0}}};
    size_t met[GN_LABEL_REGIONS] = {0};
    gn_source_cells cells = {0};
    gn_status st = GN_OK;
    const char *tokens = gn_source_token_column(s);
    if (tokens && strcmp(tokens, "__index__") != 0) /* numbers of rows say nothing */
        GN_TRY(gn_source_cells_open(s, NULL, &cells, err));
    for (size_t i = 0; i < n; i++) {
        const int32_t r = regions->region[i];
        if (r < 0) continue;
        const size_t k = met[r]++, of = row ? (size_t)row[i] : i;
        const size_t hear = regions->rows[r] / ROWS_HEARD + 1,
                     read = regions->rows[r] / SENTENCES_READ + 1;
        const char *token = cells.source ? token_of(&cells.cells, of) : NULL;
        if (token && k % hear == 0)
            GN_TRY(add_word(&w, token, strlen(token), (size_t)r, (double)hear, err));
        const size_t had = w.n;
        if (s->texts && k % read == 0) GN_TRY(add_around(&w, s, of, (size_t)r, err));
        for (size_t j = had; j < w.n; j++) w.list[j].weight *= (double)read;
    }
    weigh(&w, regions->n, b);
    for (size_t r = 0; r < regions->n; r++) GN_TRY(join(&b[r], arena, &text[r], err));
done:
    gn_source_cells_close(&cells);
    gn_free(w.list);
    return st;
}
