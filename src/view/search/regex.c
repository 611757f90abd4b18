/* What keeps a hostile expression from holding a thread: its length, its nesting and, for each
 * text, the number of steps are bounded; so is the memory of the matcher. "(a+)+$" on forty times
 * "a" and a "b" takes 2^40 steps without. The first text that takes too many ends the search with a
 * sentence, so the price of the bound is paid once and not for every row. */
#include "view/search/regex.h"

#include "base/mem.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

enum { MAX_STEPS = 200000, MAX_HEAP_KIB = 4096, MAX_NESTING = 64, JIT_STACK = 512 * 1024 };

struct gn_regex {
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *match;
    pcre2_jit_stack *stack;
};

static void *take(PCRE2_SIZE n, void *user) {
    (void)user;
    return gn_alloc(n, 1);
}
static void give(void *p, void *user) {
    (void)user;
    gn_free(p);
}

static gn_status compile(gn_regex *r, const char *pattern, bool match_case, gn_error *err) {
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C |
                       (match_case ? 0 : PCRE2_CASELESS);
    int code = 0;
    PCRE2_SIZE at = 0;
    pcre2_compile_context *how = pcre2_compile_context_create(r->memory);
    if (!how) return gn_fail_nomem(err, "a regular expression", 0);
    pcre2_set_parens_nest_limit(how, MAX_NESTING);
    r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &at, how);
    pcre2_compile_context_free(how);
    if (r->code) return GN_OK;
    if (code == PCRE2_ERROR_HEAP_FAILED) return gn_fail_nomem(err, "a regular expression", 0);
    unsigned char why[256] = "";
    size_t place = 1;
    pcre2_get_error_message(code, why, sizeof why);
    for (size_t i = 0; i < at && pattern[i]; i++)
        place += ((unsigned char)pattern[i] & 0xC0) != 0x80;
    return gn_fail(err, GN_EINVAL, "the regular expression is not valid at character %zu: %s",
                   place, (const char *)why);
}

gn_status gn_regex_new(const char *pattern, bool match_case, gn_regex **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_regex *r = gn_calloc(1, sizeof *r);
    if (!r) return gn_fail_nomem(err, "a regular expression", sizeof *r);
    r->memory = pcre2_general_context_create(take, give, NULL);
    if (!r->memory) GN_TRY(gn_fail_nomem(err, "a regular expression", 0));
    GN_TRY(compile(r, pattern, match_case, err));
    r->limits = pcre2_match_context_create(r->memory);
    r->match = pcre2_match_data_create(1, r->memory);
    if (!r->limits || !r->match) GN_TRY(gn_fail_nomem(err, "a regular expression", 0));
    pcre2_set_match_limit(r->limits, MAX_STEPS);
    pcre2_set_depth_limit(r->limits, MAX_STEPS);
    pcre2_set_heap_limit(r->limits, MAX_HEAP_KIB);
    /* a processor without a compiler for it is slower, not wrong */
    if (pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE) == 0) {
        r->stack = pcre2_jit_stack_create(32 * 1024, JIT_STACK, r->memory);
        if (!r->stack) GN_TRY(gn_fail_nomem(err, "a regular expression", JIT_STACK));
        pcre2_jit_stack_assign(r->limits, NULL, r->stack);
    }
    *out = r;
    r = NULL;
done:
    gn_regex_free(r);
    return st;
}

void gn_regex_free(gn_regex *r) {
    if (!r) return;
    pcre2_jit_stack_free(r->stack);
    pcre2_match_data_free(r->match);
    pcre2_match_context_free(r->limits);
    pcre2_code_free(r->code);
    pcre2_general_context_free(r->memory);
    gn_free(r);
}

gn_status gn_regex_find(const gn_regex *r, const char *text, size_t n, bool *found, gn_error *err) {
    int rc = pcre2_match(r->code, (PCRE2_SPTR)text, n, 0, 0, r->match, r->limits);
    *found = rc >= 0;
    switch (rc) {
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_JIT_STACKLIMIT:
        return gn_fail(err, GN_EDATA,
                       "the regular expression takes too many steps on '%.40s%s': make it simpler",
                       text, n > 40 ? "..." : "");
    case PCRE2_ERROR_NOMEMORY:
        return gn_fail_nomem(err, "a match", n);
    default:
        return GN_OK; /* also PCRE2_ERROR_NOMATCH, and loops that it refuses to run */
    }
}
