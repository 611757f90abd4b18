/* Request targets and the members of JSON bodies: see request.h. */
#include "view/wire/request.h"

#include "io/json.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* ---- the target -------------------------------------------------------------------------- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool is_utf8(const char *text, size_t n) {
    utf8proc_int32_t code;
    for (size_t i = 0; i < n;) {
        utf8proc_ssize_t step =
            utf8proc_iterate((const utf8proc_uint8_t *)text + i, (utf8proc_ssize_t)(n - i), &code);
        if (step <= 0) return false;
        i += (size_t)step;
    }
    return true;
}

/** Percent escapes decoded once; in a query '+' is a space. */
static gn_status decode(gn_request *rq, const char *text, size_t n, bool query, const char **out,
                        gn_error *err) {
    char *to = gn_arena_alloc(&rq->arena, n + 1, 1);
    size_t used = 0;
    if (!to) return gn_fail_nomem(err, "a request's target", n);
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
            if (low < 0)
                return gn_fail(err, GN_EINVAL,
                               "the request's target: byte %zu of '%.*s': expected two hexadecimal "
                               "digits after '%%'",
                               i, n > 80 ? 80 : (int)n, text);
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && query) {
            c = ' ';
        }
        if (c == '\0') return gn_fail(err, GN_EINVAL, "the request's target contains a NUL byte");
        to[used++] = c;
    }
    to[used] = '\0';
    if (!is_utf8(to, used))
        return gn_fail(err, GN_EINVAL, "the request's target is not valid UTF-8");
    *out = to;
    return GN_OK;
}

static gn_status parse_path(gn_request *rq, const char *path, size_t n, gn_error *err) {
    for (size_t at = 1; at < n;) {
        const char *slash = memchr(path + at, '/', n - at);
        size_t len = slash ? (size_t)(slash - path) - at : n - at;
        if (len == 0) return gn_fail(err, GN_EINVAL, "the request's path has an empty segment");
        if (rq->n_segments == GN_URI_SEGMENTS)
            return gn_fail(err, GN_EINVAL, "the request's path has more than %d segments",
                           GN_URI_SEGMENTS);
        gn_status st = decode(rq, path + at, len, false, &rq->segment[rq->n_segments], err);
        if (st != GN_OK) return st;
        rq->n_segments++;
        at += len + 1;
    }
    return GN_OK;
}

static gn_status parse_query(gn_request *rq, const char *query, size_t n, gn_error *err) {
    for (size_t at = 0; at < n;) {
        const char *end = memchr(query + at, '&', n - at);
        size_t len = end ? (size_t)(end - query) - at : n - at;
        if (len > 0) {
            if (rq->n_pairs == GN_URI_PAIRS)
                return gn_fail(err, GN_EINVAL, "the request's query has more than %d values",
                               GN_URI_PAIRS);
            const char *pair = query + at, *equals = memchr(pair, '=', len);
            size_t n_key = equals ? (size_t)(equals - pair) : len;
            size_t n_value = equals ? len - n_key - 1 : 0;
            struct gn_pair *p = &rq->pair[rq->n_pairs];
            gn_status st = decode(rq, pair, n_key, true, &p->key, err);
            if (st == GN_OK) st = decode(rq, pair + len - n_value, n_value, true, &p->value, err);
            if (st != GN_OK) return st;
            if (gn_query_text(rq, p->key))
                return gn_fail(err, GN_EINVAL, "the request's query gives '%s' twice", p->key);
            rq->n_pairs++;
        }
        at += len + 1;
    }
    return GN_OK;
}

gn_status gn_request_parse(const char *target, gn_request *rq, gn_error *err) {
    size_t n = strlen(target);
    if (n > GN_URI_BYTES)
        return gn_fail(err, GN_EINVAL, "the request's target has %zu bytes, expected at most %d", n,
                       GN_URI_BYTES);
    if (target[0] != '/')
        return gn_fail(err, GN_EINVAL, "the request's target does not start with '/'");
    const char *mark = strchr(target, '?');
    gn_status st = parse_path(rq, target, mark ? (size_t)(mark - target) : n, err);
    if (st == GN_OK && mark) st = parse_query(rq, mark + 1, strlen(mark + 1), err);
    return st;
}

void gn_request_free(gn_request *rq) {
    gn_arena_free(&rq->arena);
    json_decref(rq->body);
    *rq = (gn_request){0};
}

/* ---- who is asking ----------------------------------------------------------------------- */

bool gn_is_own_host(const char *host, unsigned port) {
    static const char *const names[] = {"127.0.0.1", "localhost"};
    char own[64];
    for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
        snprintf(own, sizeof own, "%s:%u", names[i], port);
        if (strcmp(host, own) == 0 || (port == 80 && strcmp(host, names[i]) == 0)) return true;
    }
    return false;
}

bool gn_is_own_origin(const char *origin, unsigned port) {
    return strncmp(origin, "http://", 7) == 0 && gn_is_own_host(origin + 7, port);
}

/* ---- values of the query ----------------------------------------------------------------- */

const char *gn_query_text(const gn_request *rq, const char *key) {
    for (size_t i = 0; i < rq->n_pairs; i++)
        if (strcmp(rq->pair[i].key, key) == 0) return rq->pair[i].value;
    return NULL;
}

gn_status gn_text_size(const char *text, const char *what, size_t min, size_t max, size_t *out,
                       gn_error *err) {
    size_t value = 0;
    bool good = *text != '\0';
    for (const char *p = text; good && *p; p++)
        good = *p >= '0' && *p <= '9' && gn_mul(value, 10, &value) &&
               !__builtin_add_overflow(value, (size_t)(*p - '0'), &value);
    if (!good || value < min || value > max)
        return gn_fail(err, GN_EINVAL, "%s: '%.80s', expected a whole number from %zu to %zu", what,
                       text, min, max);
    *out = value;
    return GN_OK;
}

gn_status gn_query_size(const gn_request *rq, const char *key, size_t min, size_t max,
                        size_t missing, size_t *out, gn_error *err) {
    const char *text = gn_query_text(rq, key);
    if (text) return gn_text_size(text, key, min, max, out, err);
    *out = missing;
    return GN_OK;
}

gn_status gn_query_bool(const gn_request *rq, const char *key, bool missing, bool *out,
                        gn_error *err) {
    const char *text = gn_query_text(rq, key);
    if (!text)
        *out = missing;
    else if (strcmp(text, "1") == 0 || strcmp(text, "true") == 0)
        *out = true;
    else if (strcmp(text, "0") == 0 || strcmp(text, "false") == 0)
        *out = false;
    else
        return gn_fail(err, GN_EINVAL, "%s: '%.80s', expected 0 or 1", key, text);
    return GN_OK;
}

/* ---- members of the body ----------------------------------------------------------------- */

/** The member, or NULL when it is missing or null. */
static json_t *member(const json_t *body, const char *key) {
    json_t *value = json_object_get(body, key);
    return json_is_null(value) ? NULL : value;
}

static gn_status wrong(gn_error *err, const char *key, const char *expected, const json_t *found) {
    return gn_fail(err, GN_EINVAL, "'%s': expected %s, found %s", key, expected,
                   gn_json_kind(found));
}

gn_status gn_body_object(const json_t *body, const char *key, json_t **out, gn_error *err) {
    json_t *value = member(body, key);
    if (value && !json_is_object(value)) return wrong(err, key, "an object", value);
    *out = value;
    return GN_OK;
}

gn_status gn_body_text(const json_t *body, const char *key, const char *missing, const char **out,
                       gn_error *err) {
    const json_t *value = member(body, key);
    if (value && !json_is_string(value)) return wrong(err, key, "a string", value);
    if (value && strlen(json_string_value(value)) != json_string_length(value))
        return gn_fail(err, GN_EINVAL, "'%s': the string contains a NUL character", key);
    *out = value ? json_string_value(value) : missing;
    return GN_OK;
}

gn_status gn_body_need_text(const json_t *body, const char *key, const char **out, gn_error *err) {
    const char *text;
    gn_status st = gn_body_text(body, key, NULL, &text, err);
    if (st == GN_OK && !text) return wrong(err, key, "a string", NULL);
    if (st == GN_OK) *out = text;
    return st;
}

gn_status gn_body_size(const json_t *body, const char *key, size_t min, size_t max, size_t missing,
                       size_t *out, gn_error *err) {
    const json_t *value = member(body, key);
    if (!value) {
        *out = missing;
        return GN_OK;
    }
    if (!json_is_integer(value)) return wrong(err, key, "a whole number", value);
    json_int_t number = json_integer_value(value);
    if (number < 0 || (size_t)number < min || (size_t)number > max)
        return gn_fail(err, GN_EINVAL, "'%s': %lld, expected a whole number from %zu to %zu", key,
                       (long long)number, min, max);
    *out = (size_t)number;
    return GN_OK;
}

gn_status gn_body_real(const json_t *body, const char *key, double min, double max, double missing,
                       double *out, gn_error *err) {
    const json_t *value = member(body, key);
    if (!value) {
        *out = missing;
        return GN_OK;
    }
    if (!json_is_number(value)) return wrong(err, key, "a number", value);
    double number = json_number_value(value);
    if (!(number >= min && number <= max))
        return gn_fail(err, GN_EINVAL, "'%s': %g, expected a number from %g to %g", key, number,
                       min, max);
    *out = number;
    return GN_OK;
}

gn_status gn_body_bool(const json_t *body, const char *key, bool missing, bool *out,
                       gn_error *err) {
    const json_t *value = member(body, key);
    if (value && !json_is_boolean(value)) return wrong(err, key, "true or false", value);
    *out = value ? json_is_true(value) : missing;
    return GN_OK;
}

gn_status gn_body_word(const json_t *body, const char *key, const char *const *words,
                       size_t missing, size_t *out, gn_error *err) {
    const char *text;
    char list[256] = "";
    size_t used = 0;
    gn_status st = gn_body_text(body, key, NULL, &text, err);
    if (st != GN_OK) return st;
    if (!text) {
        *out = missing;
        return GN_OK;
    }
    for (size_t i = 0; words[i]; i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i;
            return GN_OK;
        }
        int n = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", words[i]);
        if (n > 0 && used + (size_t)n < sizeof list) used += (size_t)n;
    }
    return gn_fail(err, GN_EINVAL, "'%s': '%.80s', expected one of %s", key, text, list);
}
