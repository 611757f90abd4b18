/* What the commands share: option tables, one error style, a context with progress and Ctrl-C.
 *
 * A command is one file cmd_NAME.c with one cli_command. It declares its options as a table that
 * both parses and prints --help, then works through the public headers only, like any other user
 * of the library. Exit status: 0 done, 1 failed (one sentence on stderr), 64 wrong use, 130
 * interrupted. */
#ifndef GONIO_CLI_H
#define GONIO_CLI_H

#include "gonio/base.h"
#include "gonio/figure.h"
#include "gonio/reps.h"
#include "gonio/result.h"

enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 64, CLI_INTERRUPTED = 130 };

typedef enum cli_kind {
    CLI_FLAG, /**< bool */
    CLI_TEXT, /**< const char * */
    CLI_SIZE, /**< size_t; "100,000" and "1e5" are fine */
    CLI_SEED, /**< uint64_t */
    CLI_REAL, /**< double */
    CLI_WORD, /**< int: position in `words`, a NULL-terminated list */
} cli_kind;

typedef struct cli_option {
    const char *name; /**< "max-rows" for --max-rows; NULL ends the table */
    char letter;      /**< 'k' for -k, or 0 */
    cli_kind kind;
    void *value;
    const char *argument; /**< placeholder in --help, e.g. "N" */
    const char *help;
    const char *const *words;
} cli_option;

/** The options that every command takes. */
typedef struct cli_common {
    uint64_t seed;
    size_t threads;
    bool json, quiet;
    const char *cpu;
} cli_common;

typedef struct cli_command {
    const char *name;
    const char *summary;  /**< one line for `gonio --help` */
    const char *synopsis; /**< "MODEL TEXT -o DIR [options]" */
    const char *text;     /**< paragraphs and the example of --help */
    int (*run)(const struct cli_command *self, int argc, char **argv);
} cli_command;

extern const cli_command cmd_survey, cmd_extract, cmd_inspect, cmd_knn, cmd_id, cmd_overlap,
    cmd_imbalance, cmd_density, cmd_cluster, cmd_lid, cmd_mlem, cmd_isotropy, cmd_project, cmd_view,
    cmd_export;

/** Parses argv[0 ...) with the command's table and the common options. Operands are moved to the
 *  front of argv in their order.
 *  @return the number of operands; or -1 - status when the command is to end with that status
 *          (after --help, or after saying on stderr what is wrong). */
int cli_parse(const cli_command *self, const cli_option *options, cli_common *common, int argc,
              char **argv);
/** Says what is wrong with the call, names --help, returns CLI_USAGE. */
int cli_usage(const cli_command *self, const char *format, ...) GN_PRINTF(2, 3);
/** Fills err, as the library does, and returns `code`. */
gn_status cli_fail(gn_error *err, gn_status code, const char *format, ...) GN_PRINTF(3, 4);
/** Prints the error's sentence and returns CLI_FAILED, or CLI_INTERRUPTED for a cancelled call. */
int cli_failed(const gn_error *err);

/** A context from the common options: hooks for the progress bar (a terminal only), log lines and
 *  Ctrl-C; GONIO_CPU chooses the instruction set when --cpu does not. */
gn_status cli_context(const cli_common *common, gn_ctx **out, gn_error *err);
/** Conditions that every document carries: threads never, since they change nothing. */
gn_status cli_conditions(const cli_common *common, const gn_ctx *ctx, gn_result *r, gn_error *err);

/** Writes text to stdout; a reader that went away (a closed pipe) is not an error. */
int cli_print(const char *text);

/** Writes a figure and, under the same name with .csv, the numbers behind it. */
gn_status cli_write_figure(const gn_figure *fig, const char *path, gn_error *err);

#endif
