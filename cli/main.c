/* gonio: one program, one file a command. This file only finds the command. */
#include "cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const cli_command *const commands[] = {
    &cmd_survey,  &cmd_extract,   &cmd_inspect, &cmd_knn,     &cmd_id,
    &cmd_overlap, &cmd_imbalance, &cmd_density, &cmd_cluster, &cmd_lid,
    &cmd_mlem,    &cmd_isotropy,  &cmd_project, &cmd_view,    &cmd_export};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static void print_help(FILE *to) {
    fprintf(to,
            "gonio %s: the geometry of language models' hidden representations\n\n"
            "Usage: gonio COMMAND ...\n\n",
            gn_version());
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(to,
            "\n'gonio COMMAND --help' shows a command's options and an example.\n"
            "MODEL is a folder in Hugging Face layout, or a name in the local cache. REPS is a\n"
            "representation set made by 'gonio extract', or any matrix: X.npy, X.npz:member,\n"
            "X.safetensors:tensor, X.csv.\n");
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); /* a closed pipe shows as a failed write, not as a dead process */
    if (argc < 2) {
        print_help(stderr);
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return CLI_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("gonio %s\n", gn_version());
        return CLI_DONE;
    }
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], commands[i]->name) == 0)
            return commands[i]->run(commands[i], argc - 2, argv + 2);
    fprintf(stderr, "gonio: unknown command '%s'\nTry 'gonio --help'.\n", argv[1]);
    return CLI_USAGE;
}
