#include "text/added.h"
#include "text/utf8.h"

#include <stdlib.h>
#include <string.h>

gn_status gn_matcher_add(gn_matcher *m, gn_added token, gn_error *err) {
    if (token.n == 0) return GN_OK;
    if (m->n == m->room) {
        size_t want = 2 * m->room + 8;
        gn_added *p = gn_realloc(m->token, want, sizeof *p);
        if (!p) return gn_fail_nomem(err, "added tokens", want * sizeof *p);
        m->token = p;
        m->room = want;
    }
    token.order = m->n;
    m->token[m->n++] = token;
    return GN_OK;
}

static int by_first_then_longest(const void *pa, const void *pb) {
    const gn_added *a = pa, *b = pb;
    unsigned char x = (unsigned char)a->text[0], y = (unsigned char)b->text[0];
    if (x != y) return x < y ? -1 : 1;
    if (a->n != b->n) return a->n > b->n ? -1 : 1;
    int order = memcmp(a->text, b->text, a->n);
    if (order) return order;
    return (a->order < b->order) - (a->order > b->order);
}

void gn_matcher_ready(gn_matcher *m) {
    if (m->n) qsort(m->token, m->n, sizeof *m->token, by_first_then_longest);
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        const gn_added *t = &m->token[i], *last = kept ? &m->token[kept - 1] : NULL;
        if (last && last->n == t->n && memcmp(last->text, t->text, t->n) == 0) continue;
        m->token[kept++] = *t;
    }
    m->n = kept;
    size_t i = 0;
    for (unsigned b = 0; b < 256; b++) {
        m->first[b] = (uint32_t)i;
        while (i < m->n && (unsigned char)m->token[i].text[0] == b) i++;
    }
    m->first[256] = (uint32_t)i;
}

void gn_matcher_free(gn_matcher *m) {
    gn_free(m->token);
    *m = (gn_matcher){0};
}

/* The code point that ends at `at` > 0. */
static size_t previous(const char *text, size_t at, uint32_t *cp) {
    do at--;
    while (((unsigned char)text[at] & 0xC0) == 0x80);
    gn_utf8_next(text + at, cp);
    return at;
}

static bool alone(const gn_unicode *u, const char *text, size_t n, size_t start, size_t end) {
    uint32_t cp;
    if (start > 0) {
        previous(text, start, &cp);
        if (gn_unicode_flags(u, cp) & GN_UC_WORD) return false;
    }
    if (end < n) {
        gn_utf8_next(text + end, &cp);
        if (gn_unicode_flags(u, cp) & GN_UC_WORD) return false;
    }
    return true;
}

bool gn_matcher_next(const gn_matcher *m, const gn_unicode *u, const char *text, size_t n,
                     gn_match *match) {
    for (size_t i = match->from; i < n; i++) {
        unsigned b = (unsigned char)text[i];
        for (uint32_t k = m->first[b]; k < m->first[b + 1]; k++) {
            const gn_added *t = &m->token[k];
            if (t->n > n - i || memcmp(text + i, t->text, t->n) != 0) continue;
            size_t start = i, end = i + t->n;
            if (t->single_word && !alone(u, text, n, start, end)) {
                i = end - 1;
                break;
            }
            match->from = end;
            uint32_t cp;
            if (t->lstrip)
                while (start > match->done) {
                    size_t before = previous(text, start, &cp);
                    if (!(gn_unicode_flags(u, cp) & GN_UC_SPACE)) break;
                    start = before;
                }
            if (t->rstrip)
                while (end < n) {
                    unsigned len = gn_utf8_next(text + end, &cp);
                    if (!(gn_unicode_flags(u, cp) & GN_UC_SPACE)) break;
                    end += len;
                }
            match->start = start;
            match->end = end;
            match->done = end;
            match->id = t->id;
            return true;
        }
    }
    return false;
}
