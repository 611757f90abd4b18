/* Normalising without losing the way back.
 *
 * Each code point carries the byte range of the original that it stands for, through four steps in
 * the reference's order: clean, set Chinese characters apart, decompose and strip accents, lower.
 * What a step makes of one code point inherits its range: the base letter of an accented one covers
 * both, all parts of a Hangul syllable cover the syllable, the two spaces around a Chinese
 * character cover it. What is removed belongs to nobody.
 *
 * One step needs care. Canonical decomposition also sorts combining marks by class, and the
 * reference lets the ranges follow the *place*, not the mark: the parts of the sorted sequence that
 * came first out of their code point take the original code points one after the other, and a part
 * that came second takes the code point before that. For marks that are stripped it does not
 * matter; spacing marks with a class (U+302E, U+1D165) show it. decompose() does the same, because
 * equal offsets are the contract.
 *
 * The sort is a counting sort over the 255 classes: an insertion sort would be quadratic on a
 * megabyte of alternating marks. */
#include "text/normalize.h"
#include "text/utf8.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

typedef struct gn_norm_char {
    uint32_t cp, start, end;
    uint8_t class;   /**< canonical combining class */
    uint8_t follows; /**< 1: not the first part of its code point */
} norm_char;

enum { MAX_EXPANSION = 4 };

static gn_status room_for(norm_char **chars, size_t *room, size_t need, gn_error *err) {
    if (need <= *room) return GN_OK;
    size_t want = need + need / 2 + 64;
    norm_char *p = gn_realloc(*chars, want, sizeof *p);
    if (!p) return gn_fail_nomem(err, "normalised text", want * sizeof *p);
    *chars = p;
    *room = want;
    return GN_OK;
}

/* Code points with their places, cleaned and with Chinese characters set apart. Returns the flags
 * of all of them, or-ed. */
static unsigned decode(const gn_unicode *u, gn_normalize_opts opts, const char *text, size_t n,
                       uint32_t base, norm_char *chars, size_t *n_chars) {
    unsigned all = 0;
    size_t k = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        unsigned len = gn_utf8_next(text + i, &cp);
        unsigned f = gn_unicode_flags(u, cp);
        norm_char c = {cp, base + (uint32_t)i, base + (uint32_t)(i + len), 0, 0};
        i += len;
        if (opts.clean) {
            if (f & GN_UC_DROP) continue;
            if (f & GN_UC_SPACE) c.cp = ' ', f = GN_UC_SPACE;
        }
        all |= f;
        if (opts.cjk && f & GN_UC_CJK) {
            norm_char space = c;
            space.cp = ' ';
            chars[k++] = space;
            chars[k++] = c;
            chars[k++] = space;
        } else
            chars[k++] = c;
    }
    *n_chars = k;
    return all;
}

/* Stable sort by class of a run that starts with a starter or a mark. */
static void sort_run(norm_char *run, size_t n, norm_char *scratch) {
    bool sorted = true;
    for (size_t i = 1; i < n; i++) sorted &= run[i - 1].class <= run[i].class;
    if (sorted) return;
    size_t at[257] = {0};
    for (size_t i = 0; i < n; i++) at[run[i].class + 1]++;
    for (size_t c = 1; c < 257; c++) at[c] += at[c - 1];
    for (size_t i = 0; i < n; i++) scratch[at[run[i].class]++] = run[i];
    memcpy(run, scratch, n * sizeof *run);
}

/* Canonical decomposition of chars (n) into norm->sorted; n_out of them. */
static gn_status decompose(const gn_unicode *u, gn_norm *norm, size_t n, size_t *n_out,
                           gn_error *err) {
    gn_status st = GN_OK;
    size_t k = 0, run = 0;
    /* The second half is the scratch of the sort. */
    GN_TRY(room_for(&norm->sorted, &norm->sorted_room, 2 * MAX_EXPANSION * n, err));
    norm_char *out = norm->sorted, *scratch = out + MAX_EXPANSION * n;
    for (size_t i = 0; i < n; i++) {
        uint32_t parts[GN_UC_MAX_PARTS] = {norm->chars[i].cp};
        unsigned n_parts = 1;
        if (gn_unicode_flags(u, parts[0]) & GN_UC_DECOMPOSES)
            n_parts = gn_unicode_decompose(parts[0], parts);
        assert(n_parts <= MAX_EXPANSION);
        for (unsigned j = 0; j < n_parts; j++) {
            norm_char c = {parts[j], 0, 0, 0, j > 0};
            if (gn_unicode_flags(u, c.cp) & GN_UC_COMBINING)
                c.class = (uint8_t)gn_unicode_class(c.cp);
            if (c.class == 0) {
                sort_run(out + run, k - run, scratch);
                run = k;
            }
            out[k++] = c;
        }
    }
    sort_run(out + run, k - run, scratch);
    for (size_t i = 0, from = 0; i < k; i++) {
        assert(!out[i].follows || from > 0);
        const norm_char *origin = &norm->chars[out[i].follows ? from - 1 : from++];
        out[i].start = origin->start;
        out[i].end = origin->end;
    }
    *n_out = k;
done:
    return st;
}

static gn_status bytes_room(gn_norm *norm, size_t need, gn_error *err) {
    if (need <= norm->room) return GN_OK;
    size_t want = need + need / 2 + 64;
    char *text = gn_realloc(norm->text, want, 1);
    if (text) norm->text = text;
    uint32_t *start = text ? gn_realloc(norm->start, want, sizeof *start) : NULL;
    if (start) norm->start = start;
    uint32_t *end = start ? gn_realloc(norm->end, want, sizeof *end) : NULL;
    if (!end) return gn_fail_nomem(err, "normalised text", want * 9);
    norm->end = end;
    norm->room = want;
    return GN_OK;
}

static void put(gn_norm *norm, uint32_t cp, uint32_t start, uint32_t end) {
    unsigned len = gn_utf8_put(norm->text + norm->n, cp);
    for (unsigned i = 0; i < len; i++) {
        norm->start[norm->n + i] = start;
        norm->end[norm->n + i] = end;
    }
    norm->n += len;
}

gn_status gn_normalize(const gn_unicode *u, gn_normalize_opts opts, const char *text, size_t n,
                       uint32_t base, gn_norm *out, gn_error *err) {
    gn_status st = GN_OK;
    size_t n_chars;
    out->n = 0;
    GN_TRY(room_for(&out->chars, &out->chars_room, 3 * n, err));
    unsigned all = decode(u, opts, text, n, base, out->chars, &n_chars);
    const norm_char *chars = out->chars;
    if (opts.strip && all & (GN_UC_DECOMPOSES | GN_UC_COMBINING)) {
        GN_TRY(decompose(u, out, n_chars, &n_chars, err));
        chars = out->sorted;
    }
    GN_TRY(bytes_room(out, 4 * n_chars, err));
    for (size_t i = 0; i < n_chars; i++) {
        norm_char c = chars[i];
        unsigned f = gn_unicode_flags(u, c.cp);
        if (opts.strip && f & GN_UC_MARK) continue;
        if (opts.lower && f & GN_UC_UPPER) {
            uint32_t parts[2];
            unsigned n_parts = gn_unicode_lower(c.cp, parts);
            for (unsigned j = 0; j < n_parts; j++) put(out, parts[j], c.start, c.end);
        } else
            put(out, c.cp, c.start, c.end);
    }
done:
    return st;
}

void gn_norm_free(gn_norm *norm) {
    gn_free(norm->text);
    gn_free(norm->start);
    gn_free(norm->end);
    gn_free(norm->chars);
    gn_free(norm->sorted);
    *norm = (gn_norm){0};
}
