/* gonio view: the viewer's server on this machine's loopback address. */
#define _DEFAULT_SOURCE
#include "cli.h"
#include "extract_options.h"
#include "view_demo.h"
#include "gonio/view.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static uintptr_t page_bytes; /* set before the handler is */

/** A file was shortened while it is mapped. The others are still fine: a page of zeros takes the
 *  place of the missing one, and the server, which looks at its files before and after each
 *  request, says that the file was changed instead of answering from it. */
static void on_missing_page(int number, siginfo_t *info, void *context) {
    int kept = errno;
    uintptr_t page = (uintptr_t)info->si_addr / page_bytes * page_bytes;
    (void)context;
    if (info->si_code != BUS_ADRERR ||
        mmap((void *)page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
            MAP_FAILED)
        signal(number, SIG_DFL); /* it comes again, and ends the program */
    errno = kept;
}

static void survive_missing_pages(void) {
    struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = on_missing_page};
    long n = sysconf(_SC_PAGESIZE);
    if (n <= 0) return;
    page_bytes = (uintptr_t)n;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

/** Opens the user's browser where there is a terminal and a display; whether it works is not our
 *  business: the address is on the screen. */
static void open_browser(const char *url) {
    const char *display = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    bool screen = (display && *display) || (wayland && *wayland);
    if (!isatty(STDOUT_FILENO) || !screen) return;
    pid_t child = fork();
    if (child != 0) return;
    if (fork() == 0) { /* a grandchild, so that nobody has to wait for it */
        if (freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr))
            execlp("xdg-open", "xdg-open", url, (char *)NULL);
    }
    _exit(0);
}

static int run(const cli_command *self, int argc, char **argv) {
    cli_common common = {0};
    size_t port = 0;
    bool no_browser = false, demo = false;
    char folder[4500], model[4200];
    const char *one = folder, *const *paths = (const char *const *)argv;
    gn_view_opts opts = {0};
    const cli_option options[] = {
        {"port", 'p', CLI_SIZE, &port, "N", "port on 127.0.0.1 (default 0: any free one)", NULL},
        {"no-browser", 0, CLI_FLAG, &no_browser, NULL, "do not open a browser", NULL},
        {"model", 0, CLI_TEXT, (void *)&opts.model, "MODEL",
         "a model's folder: typed text can be placed on the map", NULL},
        {"demo", 0, CLI_FLAG, &demo, NULL,
         "show what the demo's model knows: its tables, and one word in fourteen sentences", NULL},
        {"assets", 0, CLI_TEXT, (void *)&opts.assets, "DIR",
         "serve the page from this folder (for work on the page)", NULL},
        {0}};
    int n = cli_parse(self, options, &common, argc, argv);
    if (n < 0) return -1 - n;
    if (demo && n > 0) return cli_usage(self, "--demo makes its own folder, expected no other");
    if (n == 0 && !demo) return cli_usage(self, "expected a folder or file to view");
    if (port > 65535) return cli_usage(self, "--port %zu: expected 0 to 65535", port);
    gn_error err = {0};
    gn_ctx *ctx = NULL;
    gn_view *v = NULL;
    int status = CLI_FAILED;
    opts.port = (unsigned)port;
    opts.scratch = getenv("TMPDIR");
    if (opts.scratch && !*opts.scratch) opts.scratch = NULL;
    if (cli_context(&common, &ctx, &err) != GN_OK) goto done;
    survive_missing_pages();
    if (demo) {
        if (!opts.model) opts.model = "all-MiniLM-L6-v2";
        if (cli_view_demo(ctx, opts.model, folder, sizeof folder, &err) != GN_OK) goto done;
        paths = &one;
        n = 1;
    }
    if (opts.model) {
        if (cli_model_dir(opts.model, model, sizeof model, &err) != GN_OK) goto done;
        opts.model = model;
    }
    if (gn_view_open(ctx, paths, (size_t)n, &opts, &v, &err) != GN_OK) goto done;
    char line[128];
    snprintf(line, sizeof line, "%s\n", gn_view_url(v));
    if ((status = cli_print(line)) != CLI_DONE) goto done;
    if (!common.quiet) {
        fprintf(stderr, "gonio: %zu sources; Ctrl-C ends the viewer\n", gn_view_sources(v));
        if (!gn_view_has_page(v))
            fprintf(stderr, "gonio: warning: this build has no page: run tools/setup build in the "
                            "source tree, which fetches what makes it, and build again\n");
    }
    if (!no_browser) open_browser(gn_view_url(v));
    gn_view_run(v, &err);
    status = CLI_INTERRUPTED;
done:
    if (status == CLI_FAILED && err.code != GN_OK) status = cli_failed(&err);
    gn_view_free(v);
    gn_ctx_free(ctx);
    return status;
}

const cli_command cmd_view = {
    .name = "view",
    .summary = "look at representations in the browser: maps, layers, neighbours",
    .synopsis = "DIR|FILE... | --demo [--port N] [--no-browser] [--model MODEL]",
    .text =
        "Starts a server on 127.0.0.1 and prints its address, the first line on stdout. Reads\n"
        "representation sets, .npy, .npz and .safetensors files, vectors as text (.tsv, .vec, "
        "GloVe)\n"
        "and TensorBoard's projector folders, alone or in folders; shows them as\n"
        "interactive maps. Nothing is written into the data: sets of rows and edited labels are "
        "kept in\n"
        "a folder 'view' beside them. Runs until Ctrl-C.\n\n"
        "Example\n"
        "  gonio view reps --port 8080\n"
        "  gonio view --demo\n",
    .run = run,
};
