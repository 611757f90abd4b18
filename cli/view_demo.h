/* The demo that `gonio view --demo` opens. */
#ifndef GONIO_CLI_VIEW_DEMO_H
#define GONIO_CLI_VIEW_DEMO_H

#include "cli.h"

/** Makes the demo's folder in the user's cache, or finds it there made by the same model.
 *  @param model as cli_model_dir takes it
 *  @param out receives the folder */
gn_status cli_view_demo(gn_ctx *ctx, const char *model, char *out, size_t n_out, gn_error *err);

#endif
