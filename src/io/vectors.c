/* Vectors as text; the header says which. Two passes over blocks of about a megabyte that end at
 * line ends: the first counts rows, so that every block knows where its rows go; the second reads
 * numbers. Neither depends on the number of threads, and the error of the first bad line wins. */
#include "io/vectors.h"

#include "base/ctx.h"
#include "io/csv.h"
#include "io/csv_matrix.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 1 << 20 };

typedef struct block {
    const char *at, *end;
    size_t lines, rows; /* in it */
    size_t line, row;   /* before it */
} block;

typedef struct job {
    const char *name;
    char separator; /* '\t' or ' ' */
    bool labelled;
    size_t cols;
    size_t n_blocks;
    block *block;
    float *value;
    const char **label; /* (rows) where each row's label begins; its length beside it */
    size_t *label_n;
} job;

enum { MANTISSA_DIGITS = 19 /* always fit 64 bits */, POWERS = 61 };
static const double power_of_ten[POWERS] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31,
    1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47,
    1e48, 1e49, 1e50, 1e51, 1e52, 1e53, 1e54, 1e55, 1e56, 1e57, 1e58, 1e59, 1e60};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Eight digits at once, the first in the lowest byte: neighbours are joined to pairs, fours, eight.
 * False: something else is among them. */
static bool eight_digits(const char *p, uint64_t *value) {
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) v |= (uint64_t)(unsigned char)p[i] << 8 * i;
    if (((v + 0x4646464646464646) | (v - 0x3030303030303030)) & 0x8080808080808080) return false;
    v -= 0x3030303030303030;
    v = (v * 10 + (v >> 8)) & 0x00ff00ff00ff00ff;
    v = (v * 100 + (v >> 16)) & 0x0000ffff0000ffff;
    *value = (v * 10000 + (v >> 32)) & 0xffffffff;
    return true;
}

/* Adds the digits from p on to the mantissa and says in *kept how many it holds or would hold in
 * front as zeros; what is beyond its room is passed over. Returns where they end. */
static const char *add_digits(const char *p, const char *end, uint64_t *mantissa, int *digits,
                              size_t *kept) {
    const char *start = p;
    uint64_t eight;
    if (!*mantissa)
        while (p < end && *p == '0') p++;
    for (; end - p >= 8 && *digits <= MANTISSA_DIGITS - 8 && eight_digits(p, &eight); p += 8) {
        *mantissa = *mantissa * 100000000 + eight;
        *digits += 8;
    }
    for (; p < end && *digits < MANTISSA_DIGITS && is_digit(*p); p++, ++*digits)
        *mantissa = *mantissa * 10 + (uint64_t)(*p - '0');
    *kept = (size_t)(p - start);
    while (p < end && is_digit(*p)) p++;
    return p;
}

/* A decimal number, rounded to float64 and then to float32. Nineteen digits times a power of ten,
 * in float64, are off by two of its units at most; unless that lies within eight units of the
 * middle of two float32, where they could go to the wrong one, both are the same float32. What is
 * near a middle, outside float32's normal range, or written otherwise is the CSV reader's. */
static bool read_number(const char *p, const char *end, float *out) {
    const char *start = p, *first;
    bool negative = p < end && *p == '-';
    uint64_t mantissa = 0, bits;
    int digits = 0;
    size_t kept, whole;
    ptrdiff_t exponent = 0;
    first = p += negative;
    p = add_digits(p, end, &mantissa, &digits, &kept);
    whole = (size_t)(p - first);
    exponent = (ptrdiff_t)(whole - kept);
    if (p < end && *p == '.') {
        first = ++p;
        p = add_digits(p, end, &mantissa, &digits, &kept);
        whole += (size_t)(p - first);
        exponent -= (ptrdiff_t)kept;
    }
    bool simple = whole > 0;
    if (simple && p < end && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        bool down = q < end && *q == '-';
        q += q < end && (*q == '-' || *q == '+');
        int e = 0;
        simple = q < end;
        for (; q < end && is_digit(*q) && e < 1000; q++) e = e * 10 + (*q - '0');
        exponent += down ? -e : e;
        p = q;
    }
    if (simple && p == end && exponent > -POWERS && exponent < POWERS) {
        double value = exponent < 0 ? (double)mantissa / power_of_ten[-exponent]
                                    : (double)mantissa * power_of_ten[exponent];
        memcpy(&bits, &value, sizeof bits);
        uint64_t beyond_middle = (bits & 0x1fffffff) - (0x10000000 - 8);
        if (!mantissa || (value > 1.2e-38 && value < 3.4e38 && beyond_middle > 16)) {
            *out = (float)(negative ? -value : value);
            return true;
        }
    }
    double value;
    if (!gn_csv_number((gn_csv_field){start, (size_t)(end - start)}, &value)) return false;
    *out = (float)value;
    return true;
}

/* The line from p, without its end; *next is where the following one starts. */
static size_t line_at(const char *p, const char *end, const char **next) {
    const char *newline = memchr(p, '\n', (size_t)(end - p));
    size_t n = (size_t)((newline ? newline : end) - p);
    *next = newline ? newline + 1 : end;
    while (n && (p[n - 1] == '\r' || p[n - 1] == ' ' || p[n - 1] == '\t')) n--;
    return n;
}

static gn_status count_lines(void *user, size_t b, unsigned worker, gn_error *err) {
    (void)worker, (void)err;
    block *at = &((job *)user)->block[b];
    for (const char *p = at->at, *next; p < at->end; p = next) {
        at->rows += line_at(p, at->end, &next) > 0;
        at->lines++;
    }
    return GN_OK;
}

/* The cell that ends at `end`, not before `start`; blanks between numbers may be several. */
static const char *cell_before(const job *j, const char *start, const char *end) {
    const char *p = end;
    while (p > start && p[-1] != j->separator) p--;
    return p;
}

/* The numbers are a line's last cells; what is before them is its label. */
static gn_status read_row(const job *j, const char *p, size_t n, size_t row, size_t line,
                          gn_error *err) {
    const char *end = p + n;
    for (size_t c = j->cols; c-- > 0;) {
        const char *cell = cell_before(j, p, end);
        bool number = read_number(cell, end, &j->value[row * j->cols + c]);
        if (end == p || (c > 0 && cell == p))
            return gn_fail(err, GN_EDATA, "%s: line %zu ends in %zu numbers, expected %zu", j->name,
                           line, j->cols - c - !number, j->cols);
        if (!number) {
            int shown = end - cell < 40 ? (int)(end - cell) : 40;
            return gn_fail(err, GN_EDATA,
                           "%s: line %zu: '%.*s' is not a number, expected %zu of them"
                           " at the line's end",
                           j->name, line, shown, cell, j->cols);
        }
        end = cell > p ? cell - 1 : p;
        if (j->separator == ' ')
            while (end > p && end[-1] == ' ') end--;
        if (c == 0 && j->labelled && cell == p)
            return gn_fail(err, GN_EDATA, "%s: line %zu has no label before its %zu numbers",
                           j->name, line, j->cols);
        if (c == 0 && !j->labelled && cell > p)
            return gn_fail(err, GN_EDATA, "%s: line %zu has more than %zu cells", j->name, line,
                           j->cols);
    }
    if (j->labelled) {
        j->label[row] = p;
        j->label_n[row] = (size_t)(end - p);
    }
    return GN_OK;
}

static gn_status read_block(void *user, size_t b, unsigned worker, gn_error *err) {
    (void)worker;
    job *j = user;
    const block *at = &j->block[b];
    size_t line = at->line, row = at->row;
    for (const char *p = at->at, *next; p < at->end; p = next) {
        size_t n = line_at(p, at->end, &next);
        line++;
        if (n == 0) continue;
        gn_status st = read_row(j, p, n, row++, line, err);
        if (st != GN_OK) return st;
    }
    return GN_OK;
}

static bool is_number(const char *p, const char *end) {
    float value;
    return read_number(p, end, &value);
}

/* Cells of the first line; blanks in a row are one separator where blanks separate. */
static size_t cells_of(const char *p, size_t n, char separator, size_t *numbers) {
    size_t cells = 0;
    *numbers = 0; /* at the end */
    for (size_t i = 0; i <= n;) {
        size_t stop = i;
        while (stop < n && p[stop] != separator) stop++;
        *numbers = is_number(p + i, p + stop) ? *numbers + 1 : 0;
        cells++;
        i = stop + 1;
        if (separator == ' ')
            while (i < n && p[i] == ' ') i++;
    }
    return cells;
}

/* What the first line says: separator, label, width; a word2vec header is passed over. */
static gn_status read_head(job *j, const char **text, const char *end, size_t *skipped,
                           gn_error *err) {
    const char *p = *text, *next = p;
    size_t n = 0, numbers, cells, line = 0;
    while (p < end && (n = line_at(p, end, &next)) == 0) p = next, line++;
    if (p >= end) return gn_fail(err, GN_EDATA, "%s: holds no vectors", j->name);
    j->separator = memchr(p, '\t', n) ? '\t' : ' ';
    cells = cells_of(p, n, j->separator, &numbers);
    if (j->separator == ' ' && cells == 2 && numbers == 2 && next < end) { /* "ROWS COLUMNS"? */
        float width;
        const char *blank = memchr(p, ' ', n), *after;
        size_t m = line_at(next, end, &after), more, second = cells_of(next, m, ' ', &more);
        if (read_number(blank + 1, p + n, &width) && width >= 1 && second > 2 &&
            (float)more >= width) {
            p = next;
            line++;
            cells = second;
            numbers = (size_t)width;
        }
    }
    if (numbers == 0)
        return gn_fail(err, GN_EDATA, "%s: line %zu does not end in a number", j->name, line + 1);
    j->labelled = numbers < cells;
    j->cols = numbers;
    *text = p;
    *skipped = line;
    return GN_OK;
}

static size_t cut(const char *text, size_t n, block *out) {
    size_t count = 0;
    for (const char *p = text, *end = text + n; p < end; count++) {
        const char *stop =
            (size_t)(end - p) > BLOCK ? memchr(p + BLOCK, '\n', (size_t)(end - p) - BLOCK) : NULL;
        stop = stop ? stop + 1 : end;
        if (out) out[count] = (block){.at = p, .end = stop};
        p = stop;
    }
    return count;
}

static gn_status take_labels(const job *j, size_t rows, gn_labels **out, gn_error *err) {
    gn_label_set *s;
    gn_status st = gn_label_set_new(j->name, &s, err);
    if (st != GN_OK) return st;
    for (size_t i = 0; i < rows; i++) GN_TRY(gn_label_set_add(s, j->label[i], j->label_n[i], err));
    st = gn_label_set_end(s, out, err);
    s = NULL;
done:
    gn_label_set_free(s);
    return st;
}

/* The first pass: what the first line says, and the place of every block's rows. */
static gn_status measure(gn_ctx *ctx, const char *text, size_t n, job *j, size_t *rows,
                         gn_error *err) {
    const char *end = text + n;
    size_t line = 0, count = 0;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3;
    gn_status st = read_head(j, &text, end, &line, err);
    if (st != GN_OK) return st;
    j->n_blocks = cut(text, (size_t)(end - text), NULL);
    st = gn_alloc_array(&j->block, j->n_blocks, sizeof *j->block, j->name, err);
    if (st != GN_OK) return st;
    cut(text, (size_t)(end - text), j->block);
    st = gn_parallel(ctx, j->n_blocks, count_lines, j, NULL, err);
    for (size_t b = 0; b < j->n_blocks; b++) {
        j->block[b].line = line;
        j->block[b].row = count;
        line += j->block[b].lines;
        count += j->block[b].rows;
    }
    *rows = count;
    return st;
}

gn_status gn_vectors_measure(gn_ctx *ctx, const char *text, size_t n, const char *name,
                             gn_vectors *out, gn_error *err) {
    job j = {.name = name};
    size_t rows;
    gn_status st = measure(ctx, text, n, &j, &rows, err);
    if (st == GN_OK) *out = (gn_vectors){.rows = rows, .cols = j.cols};
    gn_free(j.block);
    return st;
}

gn_status gn_vectors_parse(gn_ctx *ctx, const char *text, size_t n, const char *name,
                           gn_vectors *out, gn_error *err) {
    gn_status st;
    job j = {.name = name};
    gn_vectors v = {0};
    size_t items;
    GN_TRY(measure(ctx, text, n, &j, &v.rows, err));
    v.cols = j.cols;
    if (!gn_mul(v.rows, v.cols, &items)) {
        st = gn_fail(err, GN_EDATA, "%s: %zu x %zu numbers are too many", name, v.rows, v.cols);
        goto done;
    }
    GN_TRY(gn_alloc_array(&v.value, items, sizeof *v.value, name, err));
    j.value = v.value;
    if (j.labelled) {
        GN_TRY(gn_alloc_array(&j.label, v.rows, sizeof *j.label, name, err));
        GN_TRY(gn_alloc_array(&j.label_n, v.rows, sizeof *j.label_n, name, err));
    }
    GN_TRY(gn_parallel(ctx, j.n_blocks, read_block, &j, NULL, err));
    if (j.labelled) GN_TRY(take_labels(&j, v.rows, &v.label, err));
    *out = v;
    v = (gn_vectors){0};
done:
    gn_vectors_free(&v);
    gn_free(j.block);
    gn_free(j.label);
    gn_free(j.label_n);
    return st;
}

gn_status gn_vectors_read(gn_ctx *ctx, const char *path, gn_vectors *out, gn_error *err) {
    gn_map map = {0};
    char *inflated = NULL;
    const char *text;
    size_t n;
    gn_status st = gn_open_text(path, &map, &inflated, &text, &n, err);
    if (st == GN_OK) st = gn_vectors_parse(ctx, text, n, path, out, err);
    gn_map_close(&map);
    gn_free(inflated);
    return st;
}

void gn_vectors_free(gn_vectors *v) {
    gn_free(v->value);
    gn_labels_free(v->label);
    *v = (gn_vectors){0};
}
