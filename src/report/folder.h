/* The folder that a report is: rows, figures and a page. */
#ifndef GN_REPORT_FOLDER_H
#define GN_REPORT_FOLDER_H

#include "report/charts.h"

/** Makes `dir` and writes DIR/ROWS.json and .csv, each chart as DIR/figures/NAME.png, .svg and
 * .csv, and last the page (HTML) as DIR/PAGE.html: where the page is, all that it links to is
 * there.
 *  @param charts (n). @return GN_OK; GN_EIO; GN_ENOMEM; GN_ECANCEL between figures. */
gn_status gn_report_folder(gn_ctx *ctx, gn_result *result, const gn_chart *charts, size_t n,
                           const char *page, const char *dir, const char *rows,
                           const char *page_name, gn_error *err);

#endif
