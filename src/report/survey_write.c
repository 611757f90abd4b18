/* A survey's folder: the rows twice (JSON, CSV), each figure three times (PNG for slides, SVG for
 * papers, CSV for those who draw their own), and one page that shows it all. */
#include "gonio/survey.h"

#include "base/ctx.h"
#include "base/str.h"
#include "io/file.h"
#include "report/charts.h"
#include "report/page.h"

#include <string.h>

static gn_status write_rows(gn_result *result, const char *dir, gn_error *err) {
    gn_status st;
    char *text = NULL, *path = NULL;
    for (int csv = 0; csv < 2; csv++) {
        GN_TRY(csv ? gn_result_csv(result, &text, err) : gn_result_json(result, &text, err));
        path = gn_path_join(dir, csv ? "survey.csv" : "survey.json");
        if (!path) {
            st = gn_fail_nomem(err, "a path", strlen(dir));
            goto done;
        }
        GN_TRY(gn_text_write(path, text, err));
        gn_free(text);
        gn_free(path);
        text = path = NULL;
    }
done:
    gn_free(text);
    gn_free(path);
    return st;
}

gn_status gn_chart_write(const gn_chart *chart, const char *dir, gn_error *err) {
    static const char *const extension[] = {"png", "svg", "csv"};
    gn_status st = GN_OK;
    char *path = NULL;
    for (int k = 0; k < 3; k++) {
        gn_str s = {0};
        gn_str_addf(&s, "%s/figures/%s.%s", dir, chart->text->name, extension[k]);
        GN_TRY(gn_str_take(&s, &path, err));
        GN_TRY(k < 2 ? gn_figure_write(chart->fig, path, err)
                     : gn_figure_write_csv(chart->fig, path, err));
        gn_free(path);
        path = NULL;
    }
done:
    gn_free(path);
    return st;
}

gn_status gn_survey_write(gn_ctx *ctx, gn_result *result, const char *dir, gn_error *err) {
    gn_status st;
    gn_profile p = {0};
    gn_chart charts[GN_CHARTS_MAX];
    size_t n = 0;
    char *page = NULL, *path = NULL;
    GN_TRY(gn_profile_make(result, &p, err));
    path = gn_path_join(dir, "figures");
    if (!path) {
        st = gn_fail_nomem(err, "a path", strlen(dir));
        goto done;
    }
    GN_TRY(gn_make_dirs(path, err));
    GN_TRY(write_rows(result, dir, err));
    GN_TRY(gn_charts_make(&p, true, charts, &n, err));
    for (size_t i = 0; i < n; i++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(gn_chart_write(&charts[i], dir, err));
    }
    GN_TRY(gn_page_make(&p, &page, err));
    gn_free(path);
    path = gn_path_join(dir, "report.html");
    if (!path) {
        st = gn_fail_nomem(err, "a path", strlen(dir));
        goto done;
    }
    GN_TRY(gn_text_write(path, page, err));
done:
    gn_charts_free(charts, n);
    gn_profile_free(&p);
    gn_free(page);
    gn_free(path);
    return st;
}
