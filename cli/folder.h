/* A folder that a command writes into. */
#ifndef GONIO_CLI_FOLDER_H
#define GONIO_CLI_FOLDER_H

#include "gonio/base.h"

/** Makes it unless it is there. @return GN_OK; GN_EIO. */
gn_status cli_folder(const char *path, gn_error *err);
/** DIR/SET.layer.NN SUFFIX into out (n); '/' in the set's name becomes '_'. */
void cli_layer_file(const char *dir, const char *set, size_t layer, const char *suffix, char *out,
                    size_t n);

/** What gonio keeps for the user: $XDG_CACHE_HOME/gonio/NAME, else ~/.cache/gonio/NAME. */
void cli_cache_path(const char *name, char *out, size_t n);

#endif
