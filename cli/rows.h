/* Printing results: an aligned table for people, CSV or JSON for programs. */
#ifndef GONIO_CLI_ROWS_H
#define GONIO_CLI_ROWS_H

#include "cli.h"

/** Prints the rows on stdout; returns an exit status. */
int cli_print_rows(gn_result *r, bool csv, bool json);
/** "4.925 ± 0.116": a value with two significant digits of its standard error. */
void cli_value(double value, double se, char *out, size_t n);

#endif
