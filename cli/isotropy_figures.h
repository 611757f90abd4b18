/* The figures of gonio isotropy, from its rows. */
#ifndef GONIO_CLI_ISOTROPY_FIGURES_H
#define GONIO_CLI_ISOTROPY_FIGURES_H

#include "cli.h"
#include "sets.h"

enum { PLOT_PROFILE, PLOT_SPECTRA, PLOT_ROGUE };

/** Draws the rows of the sets to `path`, its numbers beside it. */
gn_status cli_isotropy_figure(gn_result *r, int plot, const cli_sets *sets, const char *path,
                              gn_error *err);

#endif
