/* A survey's folder: its rows, its figures, and one page that shows it all. */
#include "gonio/survey.h"

#include "base/str.h"
#include "report/charts.h"
#include "report/folder.h"
#include "report/page.h"

gn_status gn_survey_write(gn_ctx *ctx, gn_result *result, const char *dir, gn_error *err) {
    gn_status st;
    gn_profile p = {0};
    gn_chart charts[GN_CHARTS_MAX];
    size_t n = 0;
    char *page = NULL;
    GN_TRY(gn_profile_make(result, &p, err));
    GN_TRY(gn_charts_make(&p, true, charts, &n, err));
    GN_TRY(gn_page_make(&p, &page, err));
    st = gn_report_folder(ctx, result, charts, n, page, dir, "survey", "report", err);
done:
    gn_charts_free(charts, n);
    gn_profile_free(&p);
    gn_free(page);
    return st;
}
