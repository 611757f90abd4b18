#define _POSIX_C_SOURCE 200809L
#include "cli.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- options ------------------------------------------------------------------------------ */

enum { N_COMMON = 6, MAX_OPTIONS = 48 };

static size_t all_options(const cli_option *own, cli_common *common, bool *help, cli_option *all) {
    size_t n = 0;
    for (; own && own->name; own++) all[n++] = *own;
    const cli_option shared[N_COMMON] = {
        {"seed", 0, CLI_SEED, &common->seed, "N", "seed of every random draw (default 0)", NULL},
        {"threads", 't', CLI_SIZE, &common->threads, "N",
         "worker threads (default: all cores); never changes a number", NULL},
        {"cpu", 0, CLI_TEXT, (void *)&common->cpu, "SET",
         "instruction set: auto, scalar, avx2, avx512, amx, neon (also GONIO_CPU)", NULL},
        {"json", 0, CLI_FLAG, &common->json, NULL,
         "print one JSON document on stdout and nothing else", NULL},
        {"quiet", 'q', CLI_FLAG, &common->quiet, NULL, "no progress bar, no notes", NULL},
        {"help", 'h', CLI_FLAG, help, NULL, "show this text", NULL},
    };
    for (size_t i = 0; i < N_COMMON; i++) all[n++] = shared[i];
    return n;
}

static void print_help(const cli_command *self, const cli_option *all, size_t n) {
    printf("gonio %s: %s\n\nUsage: gonio %s %s\n\n%s\nOptions:\n", self->name, self->summary,
           self->name, self->synopsis, self->text);
    for (size_t i = 0; i < n; i++) {
        char left[64], letter[8] = "    ";
        if (all[i].letter) snprintf(letter, sizeof letter, "-%c, ", all[i].letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, all[i].name, all[i].argument ? " " : "",
                 all[i].argument ? all[i].argument : "");
        printf("  %-26s %s\n", left, all[i].help);
    }
}

GN_PRINTF(2, 0)
static int bad_call(const cli_command *self, const char *format, va_list args) {
    fprintf(stderr, "gonio %s: ", self->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nTry 'gonio %s --help'.\n", self->name);
    return CLI_USAGE;
}

int cli_usage(const cli_command *self, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int status = bad_call(self, format, args);
    va_end(args);
    return status;
}

static bool parse_number(const char *text, double *out) {
    char plain[64];
    size_t n = 0;
    for (const char *p = text; *p; p++) {
        if (*p == ',') continue;
        if (n + 1 >= sizeof plain) return false;
        plain[n++] = *p;
    }
    plain[n] = '\0';
    char *end;
    errno = 0;
    *out = strtod(plain, &end);
    return n > 0 && *end == '\0' && errno == 0 && isfinite(*out);
}

/* Stores one value; false after saying what is wrong. */
static bool store(const cli_command *self, const cli_option *o, const char *text) {
    double x = 0;
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)o->value = true;
        return true;
    case CLI_TEXT:
        *(const char **)o->value = text;
        return true;
    case CLI_REAL:
        if (parse_number(text, &x)) {
            *(double *)o->value = x;
            return true;
        }
        cli_usage(self, "--%s %s: expected a number", o->name, text);
        return false;
    case CLI_SIZE:
        if (parse_number(text, &x) && x >= 0 && x <= 9e15 && x == floor(x)) {
            *(size_t *)o->value = (size_t)x;
            return true;
        }
        cli_usage(self, "--%s %s: expected a whole number, 0 or more", o->name, text);
        return false;
    case CLI_SEED: {
        char *end;
        errno = 0;
        unsigned long long v = strtoull(text, &end, 10);
        if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0) {
            *(uint64_t *)o->value = v;
            return true;
        }
        cli_usage(self, "--%s %s: expected a whole number from 0 to 2^64 - 1", o->name, text);
        return false;
    }
    case CLI_WORD: {
        char list[256] = "";
        for (int i = 0; o->words[i]; i++) {
            if (strcmp(text, o->words[i]) == 0) {
                *(int *)o->value = i;
                return true;
            }
            size_t used = strlen(list);
            snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", o->words[i]);
        }
        cli_usage(self, "--%s %s: expected one of %s", o->name, text, list);
        return false;
    }
    }
    return false;
}

static const cli_option *find_long(const cli_option *all, size_t n, const char *name, size_t len) {
    for (size_t i = 0; i < n; i++)
        if (strlen(all[i].name) == len && strncmp(all[i].name, name, len) == 0) return &all[i];
    return NULL;
}

int cli_parse(const cli_command *self, const cli_option *options, cli_common *common, int argc,
              char **argv) {
    cli_option all[MAX_OPTIONS];
    bool help = false, only_operands = false;
    size_t n = all_options(options, common, &help, all);
    int n_operands = 0;
    for (int i = 0; i < argc; i++) {
        char *a = argv[i];
        if (only_operands || a[0] != '-' || a[1] == '\0') {
            argv[n_operands++] = a;
            continue;
        }
        if (strcmp(a, "--") == 0) {
            only_operands = true;
            continue;
        }
        const cli_option *o = NULL;
        const char *value = NULL;
        if (a[1] == '-') {
            const char *equals = strchr(a, '=');
            size_t len = equals ? (size_t)(equals - a - 2) : strlen(a) - 2;
            o = find_long(all, n, a + 2, len);
            if (equals) value = equals + 1;
            if (o && o->kind == CLI_FLAG && value)
                return -1 - cli_usage(self, "--%s takes no value", o->name);
        } else {
            for (size_t j = 0; j < n; j++)
                if (all[j].letter == a[1]) o = &all[j];
            if (o && a[2]) {
                if (o->kind == CLI_FLAG)
                    o = NULL;
                else
                    value = a + 2;
            }
        }
        if (!o) return -1 - cli_usage(self, "unknown option '%s'", a);
        if (o->kind != CLI_FLAG && !value) {
            if (i + 1 >= argc)
                return -1 - cli_usage(self, "--%s needs a value (%s)", o->name, o->argument);
            value = argv[++i];
        }
        if (!store(self, o, value)) return -1 - CLI_USAGE;
    }
    if (help) {
        print_help(self, all, n);
        return -1 - CLI_DONE;
    }
    return n_operands;
}

static void wipe_bar(void);

gn_status cli_fail(gn_error *err, gn_status code, const char *format, ...) {
    va_list args;
    va_start(args, format);
    err->code = code;
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

int cli_failed(const gn_error *err) {
    wipe_bar();
    if (err->code == GN_ECANCEL) {
        fprintf(stderr, "gonio: %s\n", err->message);
        return CLI_INTERRUPTED;
    }
    fprintf(stderr, "gonio: error: %s\n", err->message);
    return CLI_FAILED;
}

/* ---- context: progress, notes, Ctrl-C ------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    (void)number;
    interrupted = 1;
}

static bool cancelled(void *user) {
    (void)user;
    return interrupted != 0;
}

/* The bar is drawn on stderr, at most ten times a second, and wiped when its task ends. */
static struct {
    char task[80];
    double started, drawn, first;
    bool visible;
} bar;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wipe_bar(void) {
    if (bar.visible) fputs("\r\033[K", stderr);
    bar.visible = false;
}

/* 1234567 -> "1.23 M" and so on: three digits are enough for a rate. */
static void short_number(double x, char *out, size_t n) {
    const char *unit[] = {"", " k", " M", " G"};
    int i = 0;
    while (x >= 1000 && i < 3) x /= 1000, i++;
    snprintf(out, n, "%.*f%s", x >= 100 || i == 0 ? 0 : x >= 10 ? 1 : 2, x, unit[i]);
}

static void on_progress(void *user, const char *task, double done, double total, const char *unit) {
    (void)user;
    double now = now_s();
    if (strncmp(task, bar.task, sizeof bar.task - 1) != 0) {
        snprintf(bar.task, sizeof bar.task, "%s", task);
        bar.started = now;
        bar.first = done; /* a resumed task starts late: its rate counts from here */
        bar.drawn = 0;
    }
    if (done >= total) {
        wipe_bar();
        bar.task[0] = '\0';
        return;
    }
    if (now - bar.drawn < 0.1 || now - bar.started < 0.3) return;
    bar.drawn = now;
    bar.visible = true;
    double share = total > 0 ? done / total : 0, rate = (done - bar.first) / (now - bar.started);
    char rate_text[32], cells[25];
    short_number(rate, rate_text, sizeof rate_text);
    for (int i = 0; i < 24; i++) cells[i] = (i + 0.5) / 24 <= share ? '#' : '.';
    cells[24] = '\0';
    double left = rate > 0 ? (total - done) / rate : 0;
    fprintf(stderr, "\r\033[K%-22.60s [%s] %3.0f %%  %s %s/s  %d:%02d left", task, cells,
            100 * share, rate_text, unit, (int)(left / 60), (int)left % 60);
    fflush(stderr);
}

static void on_log(void *user, gn_log_level level, const char *message) {
    const cli_common *common = user;
    if (common->quiet && level == GN_LOG_INFO) return;
    wipe_bar();
    fprintf(stderr, "gonio: %s%s\n", level == GN_LOG_WARNING ? "warning: " : "", message);
}

/* A mapped file that another program shortens has no bytes where they are read. */
static void on_missing_page(int number) {
    static const char message[] =
        "gonio: error: another program shortened a file while it was read\n";
    (void)number;
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0) _exit(CLI_FAILED);
    _exit(CLI_FAILED);
}

gn_status cli_context(const cli_common *common, gn_ctx **out, gn_error *err) {
    const char *cpu = common->cpu ? common->cpu : getenv("GONIO_CPU");
    gn_ctx_opts opts = {.n_threads = (unsigned)common->threads, .seed = common->seed};
    gn_status st = cpu && *cpu ? gn_cpu_parse(cpu, &opts.cpu, err) : GN_OK;
    if (st != GN_OK) return st;
    opts.hooks.user = (void *)(uintptr_t)common;
    opts.hooks.log = on_log;
    opts.hooks.cancel = cancelled;
    if (isatty(STDERR_FILENO) && !common->quiet) opts.hooks.progress = on_progress;
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    action.sa_flags = (int)SA_RESETHAND; /* a second Ctrl-C ends at once */
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = on_missing_page;
    sigaction(SIGBUS, &action, NULL);
    return gn_ctx_new(&opts, out, err);
}

gn_status cli_conditions(const cli_common *common, const gn_ctx *ctx, gn_result *r, gn_error *err) {
    gn_status st = gn_result_set_number(r, "seed", (double)common->seed, err);
    return st != GN_OK ? st : gn_result_set_text(r, "cpu", gn_cpu_name(gn_ctx_cpu(ctx)), err);
}

int cli_print(const char *text) {
    wipe_bar();
    if ((fputs(text, stdout) == EOF || fflush(stdout) == EOF) && errno != EPIPE) {
        fprintf(stderr, "gonio: error: cannot write to stdout: %s\n", strerror(errno));
        return CLI_FAILED;
    }
    return CLI_DONE;
}

gn_status cli_write_figure(const gn_figure *fig, const char *path, gn_error *err) {
    char csv[4200];
    const char *dot = strrchr(path, '.');
    snprintf(csv, sizeof csv, "%.*s.csv", dot ? (int)(dot - path) : (int)strlen(path), path);
    gn_status st = gn_figure_write(fig, path, err);
    return st != GN_OK ? st : gn_figure_write_csv(fig, csv, err);
}
