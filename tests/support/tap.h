/* A TAP test program in three lines:
 *
 *     TEST(name) { CHECK(1 + 1 == 2); }
 *     int main(void) { RUN(name); return tap_done(); }
 *
 * A failed CHECK prints file, line and expression, marks the test and goes on; REQUIRE also leaves
 * the test. Every test must contain a check: one without any fails. */
#ifndef GN_TESTS_TAP_H
#define GN_TESTS_TAP_H

#include "gonio/base.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count, tap_failed, tap_checks, tap_bad;
static const char *tap_skipped;

#define TEST(name) static void test_##name(void)

#define CHECK(expr)                                                                                \
    do {                                                                                           \
        tap_checks++;                                                                              \
        if (!(expr)) {                                                                             \
            tap_bad++;                                                                             \
            printf("# %s:%d: failed: %s\n", __FILE__, __LINE__, #expr);                            \
        }                                                                                          \
    } while (0)
#define REQUIRE(expr)                                                                              \
    do {                                                                                           \
        tap_checks++;                                                                              \
        if (!(expr)) {                                                                             \
            tap_bad++;                                                                             \
            printf("# %s:%d: required: %s\n", __FILE__, __LINE__, #expr);                          \
            return;                                                                                \
        }                                                                                          \
    } while (0)
/** |got - want| <= tol * max(1, |want|). */
#define CHECK_NEAR(got, want, tol)                                                                 \
    do {                                                                                           \
        double g_ = (got), w_ = (want), t_ = (tol);                                                \
        tap_checks++;                                                                              \
        if (!(fabs(g_ - w_) <= t_ * fmax(1.0, fabs(w_)))) {                                        \
            tap_bad++;                                                                             \
            printf("# %s:%d: %s = %.17g, expected %.17g within %g (off by %g)\n", __FILE__,        \
                   __LINE__, #got, g_, w_, t_, g_ - w_);                                           \
        }                                                                                          \
    } while (0)
#define CHECK_STR(got, want)                                                                       \
    do {                                                                                           \
        const char *g_ = (got), *w_ = (want);                                                      \
        tap_checks++;                                                                              \
        if (!g_ || strcmp(g_, w_) != 0) {                                                          \
            tap_bad++;                                                                             \
            printf("# %s:%d: %s = \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #got,            \
                   g_ ? g_ : "(null)", w_);                                                        \
        }                                                                                          \
    } while (0)
#define CHECK_CONTAINS(got, part)                                                                  \
    do {                                                                                           \
        const char *g_ = (got), *w_ = (part);                                                      \
        tap_checks++;                                                                              \
        if (!g_ || !strstr(g_, w_)) {                                                              \
            tap_bad++;                                                                             \
            printf("# %s:%d: %s = \"%s\" does not contain \"%s\"\n", __FILE__, __LINE__, #got,     \
                   g_ ? g_ : "(null)", w_);                                                        \
        }                                                                                          \
    } while (0)
/** A call that must succeed: prints its error message otherwise. Needs `gn_error err` in scope. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        tap_checks++;                                                                              \
        gn_status ok_st_ = (call);                                                                 \
        if (ok_st_ != GN_OK) {                                                                     \
            tap_bad++;                                                                             \
            printf("# %s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, gn_status_name(ok_st_),     \
                   err.message);                                                                   \
            return;                                                                                \
        }                                                                                          \
    } while (0)
#define SKIP(why)                                                                                  \
    do {                                                                                           \
        tap_skipped = (why);                                                                       \
        return;                                                                                    \
    } while (0)

#define RUN(name) tap_run(#name, test_##name)
static inline void tap_run(const char *name, void (*fn)(void)) {
    tap_checks = tap_bad = 0;
    tap_skipped = NULL;
    fn();
    tap_count++;
    if (tap_skipped && !tap_bad) {
        printf("ok %d - %s # SKIP %s\n", tap_count, name, tap_skipped);
    } else {
        bool ok = tap_bad == 0 && tap_checks > 0;
        if (tap_checks == 0) printf("# %s checks nothing\n", name);
        tap_failed += !ok;
        printf("%s %d - %s\n", ok ? "ok" : "not ok", tap_count, name);
    }
    fflush(stdout);
}
static inline int tap_done(void) {
    printf("1..%d\n", tap_count);
    return tap_failed ? 1 : 0;
}

/** True under the sanitizers (tools/run-tests sets GN_TEST_QUICK), which see every line run once:
 *  repeats that only sharpen a statistic or walk one path again on another set are for the build as
 *  it ships. */
static inline bool test_quick(void) {
    const char *quick = getenv("GN_TEST_QUICK");
    return quick && *quick;
}
/** A path under the source tree's tests/ (GN_TESTS, set by the runner), in a ring of buffers. */
static inline const char *test_path(const char *relative) {
    static char ring[8][1024];
    static int at;
    const char *base = getenv("GN_TESTS");
    char *p = ring[at++ % 8];
    snprintf(p, sizeof ring[0], "%s/%s", base ? base : "tests", relative);
    return p;
}
/** A path under the shared data folder (GN_SHARED), or NULL when there is none on this machine. */
static inline const char *shared_path(const char *relative) {
    static char ring[8][1024];
    static int at;
    const char *base = getenv("GN_SHARED");
    if (!base || !*base) return NULL;
    char *p = ring[at++ % 8];
    snprintf(p, sizeof ring[0], "%s/%s", base, relative);
    return p;
}
/** A fresh directory for this test program's files: GN_TMP/NAME, created. */
static inline const char *tmp_path(const char *relative) {
    static char ring[8][1024];
    static int at;
    const char *base = getenv("GN_TMP");
    char *p = ring[at++ % 8];
    snprintf(p, sizeof ring[0], "%s/%s", base ? base : "/tmp", relative);
    return p;
}

#endif
