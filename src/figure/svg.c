#include "figure/svg.h"

#include "figure/theme.h"

#include <math.h>
#include <string.h>

enum { IDS_MAX = 4096, COLORS_MAX = 64 };

void gn_str_add_escaped(gn_str *s, const char *text) {
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '&')
            gn_str_add(s, "&amp;");
        else if (c == '<')
            gn_str_add(s, "&lt;");
        else if (c == '>')
            gn_str_add(s, "&gt;");
        else if (c == '"')
            gn_str_add(s, "&quot;");
        else if (c == '\'')
            gn_str_add(s, "&#39;");
        else if (c == '\t' || c == '\n' || c == '\r')
            gn_str_add(s, " ");
        else if (c < 0x20 || c == 0x7f)
            gn_str_add(s, "\xEF\xBF\xBD");
        else
            gn_str_add_bytes(s, p, 1);
    }
}

/* ---- ids --------------------------------------------------------------------------------------
 */

typedef struct names {
    const char *at[IDS_MAX];
    size_t length[IDS_MAX], n;
} names;

static size_t number_of(names *seen, const char *name, size_t length) {
    for (size_t i = 0; i < seen->n; i++)
        if (seen->length[i] == length && memcmp(seen->at[i], name, length) == 0) return i;
    if (seen->n == IDS_MAX) return IDS_MAX; /* shared by all that come later; never met */
    seen->at[seen->n] = name;
    seen->length[seen->n] = length;
    return seen->n++;
}

void gn_svg_rename_ids(gn_str *out, const char *svg, const char *prefix) {
    static const char *const lead[] = {" id=\"", "href=\"#", "url(#"};
    names *seen = gn_calloc(1, sizeof *seen);
    if (!seen) {
        out->bad = true;
        return;
    }
    const char *from = svg;
    for (const char *p = svg; *p;) {
        size_t skip = 0;
        for (size_t k = 0; k < 3 && !skip; k++)
            if (strncmp(p, lead[k], strlen(lead[k])) == 0) skip = strlen(lead[k]);
        if (!skip) {
            p++;
            continue;
        }
        p += skip;
        size_t length = strcspn(p, "\")");
        gn_str_add_bytes(out, from, (size_t)(p - from));
        gn_str_addf(out, "%s%zu", prefix, number_of(seen, p, length));
        from = p += length;
    }
    gn_str_add(out, from);
    gn_free(seen);
}

/* ---- colours ------------------------------------------------------------------------------------
 */

/* A decimal number as Cairo prints it, in any locale. */
static const char *read_number(const char *p, double *out) {
    double value = 0, place = 1;
    bool fraction = false;
    for (; (*p >= '0' && *p <= '9') || *p == '.'; p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        value = value * 10 + (*p - '0');
        if (fraction) place *= 10;
    }
    *out = value / place;
    return p;
}

/* "rgb(14.9%,14.9%,14.9%)": the character behind it, or NULL when it is something else. */
static const char *read_color(const char *p, gn_color *c) {
    double v[3];
    if (strncmp(p, "rgb(", 4) != 0) return NULL;
    p += 4;
    for (int k = 0; k < 3; k++) {
        p = read_number(p, &v[k]);
        if (*p++ != '%') return NULL;
        if (*p++ != (k < 2 ? ',' : ')')) return NULL;
    }
    *c = (gn_color){v[0] / 100, v[1] / 100, v[2] / 100};
    return p;
}

static bool same(gn_color a, gn_color b) {
    return fabs(a.r - b.r) + fabs(a.g - b.g) + fabs(a.b - b.b) < 0.002;
}

static double linear(double v) {
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

static double luminance(gn_color c) {
    return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
}

/* The colour mixed with white until it stands out from a dark page. */
static gn_color for_dark(gn_color c) {
    gn_color mixed = c;
    for (double f = 0; f <= 1 && luminance(mixed) < 0.26; f += 0.02)
        mixed = (gn_color){c.r + (1 - c.r) * f, c.g + (1 - c.g) * f, c.b + (1 - c.b) * f};
    return mixed;
}

static void add_hex(gn_str *s, gn_color c) {
    gn_str_addf(s, "#%02x%02x%02x", (unsigned)lround(c.r * 255), (unsigned)lround(c.g * 255),
                (unsigned)lround(c.b * 255));
}

typedef struct colors {
    gn_color c[COLORS_MAX];
    size_t n;
} colors;

static void add_color(gn_str *s, gn_color c, colors *seen, const char *prefix) {
    static const char *const name[] = {"--ink", "--muted", "--grid", "--paper"};
    const gn_color theme[] = {gn_ink, gn_muted, gn_grid, gn_paper};
    for (int k = 0; k < 4; k++)
        if (same(c, theme[k])) {
            gn_str_addf(s, "var(%s)", name[k]);
            return;
        }
    size_t i = 0;
    while (i < seen->n && !same(seen->c[i], c)) i++;
    if (i == seen->n && i < COLORS_MAX) seen->c[seen->n++] = c;
    if (i < COLORS_MAX) gn_str_addf(s, "var(--%sc%zu,", prefix, i);
    add_hex(s, c);
    if (i < COLORS_MAX) gn_str_add(s, ")");
}

gn_status gn_figure_inline_svg(const gn_figure *fig, const char *prefix, const char *label,
                               char **out, gn_error *err) {
    gn_status st;
    gn_str bare = {0}, named = {0}, s = {0};
    colors seen = {.n = 0};
    GN_TRY(gn_figure_svg_bare(fig, &bare, err));
    const char *body = strstr(bare.text, "<svg ");
    if (!body) {
        st = gn_fail(err, GN_ENOSUPP, "Cairo wrote an SVG without an <svg> element");
        goto done;
    }
    gn_svg_rename_ids(&named, body, prefix);
    if (named.bad) {
        st = gn_fail_nomem(err, "an SVG", bare.n);
        goto done;
    }
    gn_str_add(&s, "<svg role=\"img\" class=\"");
    gn_str_add(&s, prefix);
    gn_str_add(&s, "\" aria-label=\"");
    gn_str_add_escaped(&s, label);
    gn_str_add(&s, "\" ");
    const char *from = named.text + 5;
    for (const char *p = from; *p;) {
        gn_color c;
        const char *end = *p == 'r' ? read_color(p, &c) : NULL;
        if (!end) {
            p++;
            continue;
        }
        gn_str_add_bytes(&s, from, (size_t)(p - from));
        add_color(&s, c, &seen, prefix);
        from = p = end;
    }
    const char *close = strstr(from, "</svg>");
    gn_str_add_bytes(&s, from, close ? (size_t)(close - from) : strlen(from));
    gn_str_addf(&s, "<style>@media screen and (prefers-color-scheme:dark){.%s{", prefix);
    for (size_t i = 0; i < seen.n; i++) {
        gn_str_addf(&s, "--%sc%zu:", prefix, i);
        add_hex(&s, for_dark(seen.c[i]));
        gn_str_add(&s, ";");
    }
    gn_str_add(&s, "}}</style></svg>\n");
    st = gn_str_take(&s, out, err);
done:
    gn_str_free(&bare);
    gn_str_free(&named);
    gn_str_free(&s);
    return st;
}
