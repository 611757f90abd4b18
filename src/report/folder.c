/* What a survey and MLEM leave behind: the rows twice (JSON, CSV), each figure three times (PNG for
 * slides, SVG for papers, CSV for those who draw their own), and one page that shows it all. */
#include "report/folder.h"

#include "base/ctx.h"
#include "base/str.h"
#include "io/file.h"

/* DIR/[figures/]NAME.EXTENSION; gn_free() it. */
static gn_status file_path(const char *dir, bool figure, const char *name, const char *extension,
                           char **out, gn_error *err) {
    gn_str s = {0};
    gn_str_addf(&s, "%s/%s%s.%s", dir, figure ? "figures/" : "", name, extension);
    return gn_str_take(&s, out, err);
}

static gn_status write_rows(gn_result *result, const char *dir, const char *name, gn_error *err) {
    gn_status st = GN_OK;
    char *text = NULL, *path = NULL;
    for (int csv = 0; csv < 2; csv++) {
        GN_TRY(csv ? gn_result_csv(result, &text, err) : gn_result_json(result, &text, err));
        GN_TRY(file_path(dir, false, name, csv ? "csv" : "json", &path, err));
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

static gn_status write_chart(const gn_chart *chart, const char *dir, gn_error *err) {
    static const char *const extension[] = {"png", "svg", "csv"};
    gn_status st = GN_OK;
    char *path = NULL;
    for (int k = 0; k < 3; k++) {
        GN_TRY(file_path(dir, true, chart->text->name, extension[k], &path, err));
        GN_TRY(k < 2 ? gn_figure_write(chart->fig, path, err)
                     : gn_figure_write_csv(chart->fig, path, err));
        gn_free(path);
        path = NULL;
    }
done:
    gn_free(path);
    return st;
}

gn_status gn_report_folder(gn_ctx *ctx, gn_result *result, const gn_chart *charts, size_t n,
                           const char *page, const char *dir, const char *rows,
                           const char *page_name, gn_error *err) {
    gn_status st;
    gn_str figures = {0};
    char *path = NULL;
    gn_str_addf(&figures, "%s/figures", dir);
    GN_TRY(gn_str_take(&figures, &path, err));
    GN_TRY(gn_make_dirs(path, err));
    GN_TRY(write_rows(result, dir, rows, err));
    for (size_t i = 0; i < n; i++) {
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(write_chart(&charts[i], dir, err));
    }
    gn_free(path);
    path = NULL;
    GN_TRY(file_path(dir, false, page_name, "html", &path, err));
    st = gn_text_write(path, page, err);
done:
    gn_free(path);
    return st;
}
