/* A folder that a command writes into. */
#ifndef GONIO_CLI_FOLDER_H
#define GONIO_CLI_FOLDER_H

#include "gonio/base.h"

/** Makes it unless it is there. @return GN_OK; GN_EIO. */
gn_status cli_folder(const char *path, gn_error *err);

#endif
