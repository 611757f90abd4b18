/* Metadata become columns: see metadata.h. */
#include "view/data/metadata.h"

#include "view/data/columns.h"

gn_status gn_source_add_metadata(gn_source *s, const char *path, const char *name,
                                 size_t *n_columns, gn_error *err) {
    gn_metadata m = {0};
    gn_view_column **made = NULL;
    gn_status st;
    GN_TRY(gn_metadata_read(path, s->about.rows, name, &m, err));
    if (!(made = gn_calloc(m.cols, sizeof *made))) {
        st = gn_fail_nomem(err, name, m.cols * sizeof *made);
        goto done;
    }
    for (size_t j = 0; j < m.cols; j++) {
        const gn_labels *l = m.column[j].label;
        GN_TRY(gn_view_column_new(m.column[j].name, l->n, l->code, l->n_classes,
                                  (const char *const *)l->name, &made[j], err));
    }
    for (size_t j = 0; j < m.cols; j++) {
        gn_view_column *c = made[j];
        made[j] = NULL;
        GN_TRY(gn_source_put_column(s, c, err));
    }
    if (m.note) gn_source_warn(s, m.note);
    *n_columns = m.cols;
done:
    for (size_t j = 0; made && j < m.cols; j++) gn_view_column_free(made[j]);
    gn_free(made);
    gn_metadata_free(&m);
    return st;
}
