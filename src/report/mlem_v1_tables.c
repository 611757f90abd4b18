/* The first pipeline's tables, column by column. Values have all their digits; no number is an
 * empty cell, which pandas reads as NaN. */
#include "report/mlem_v1_store.h"

#include "io/csv.h"
#include "io/file.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { SCORE = 4, UNIT = 8, MOST_BYTES = 1 << 30 }; /* places of columns */

static const char *word(bool b) {
    return b ? "True" : "False";
}

static void add_text(gn_str *s, const char *text) {
    if (!strpbrk(text, ",\"\n\r")) {
        gn_str_add(s, text);
        return;
    }
    gn_str_add(s, "\"");
    for (const char *c = text; *c; c++)
        gn_str_add_bytes(s, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    gn_str_add(s, "\"");
}

static void add_number(gn_str *s, double value) {
    if (isnan(value))
        gn_str_add(s, ",");
    else
        gn_str_addf(s, ",%.17g", value);
}

/* dataset ... layer, what every table says of where it belongs. */
static void add_place(gn_str *s, const gn_v1_place *p) {
    gn_str_add(s, ",");
    add_text(s, p->o.dataset);
    gn_str_add(s, ",");
    add_text(s, p->model);
    gn_str_addf(s, ",%llu,,%s,%s,%s,%s,%zu", (unsigned long long)p->seed, word(p->special),
                word(p->o.measure.zscore), p->take, gn_pair_metric_name(p->o.measure.v1.metric),
                p->layer);
}
static const char place[] = ",dataset,_model,seed,step,add_special_tokens,zscore,take_activation_"
                            "from,distance_metric,layer";

void gn_v1_table_head(gn_str *s, bool unit, bool top) {
    gn_str_addf(s,
                "Feature,importance,std,pval,score_MAE,score_MSE,score_R2,score_R%s%s%s,min_max,"
                "conditional,Method\n",
                unit ? ",unit" : "", top ? ",top_units,top_units_rank" : "", place);
}

void gn_v1_table_rows(gn_str *s, const gn_v1_place *p, const gn_features *features,
                      const gn_v1_score *score, const gn_v1_importance *importance, size_t unit,
                      size_t k) {
    const double scores[] = {score->mae, score->mse, score->r2, score->r};
    for (size_t f = 0; f < features->n_features; f++) {
        const gn_v1_importance *fi = &importance[f];
        add_text(s, features->feature[f].name);
        add_number(s, fi->importance);
        add_number(s, fi->std);
        add_number(s, fi->p);
        for (size_t i = 0; i < 4; i++) add_number(s, scores[i]);
        if (unit != SIZE_MAX) gn_str_addf(s, ",%zu", unit);
        if (k) {
            gn_str_addf(s, ",%zu,", k);
            add_text(s, p->o.top_units);
        }
        add_place(s, p);
        gn_str_addf(s, ",%s,%s,%s\n", word(!p->o.measure.v1.no_min_max),
                    word(p->o.measure.v1.conditional),
                    unit != SIZE_MAX ? "Univariate" : "Multivariate");
    }
}

void gn_v1_decoding_table(gn_str *s, const gn_v1_place *p, const gn_features *features,
                          const gn_decoding *d) {
    gn_str_addf(s, "Feature,AUC,std,n_splits,sem,pval%s,Method\n", place);
    for (size_t f = 0; f < features->n_features; f++) {
        add_text(s, features->feature[f].name);
        add_number(s, d[f].auc);
        add_number(s, d[f].sd);
        gn_str_add(s, ",3");
        add_number(s, d[f].sem);
        add_number(s, d[f].p);
        add_place(s, p);
        gn_str_add(s, ",Decoding\n");
    }
}

/* ---- read back ------------------------------------------------------------------------------- */

/* The column that a rank is read from, and whether large values come first. */
static gn_status find_rank(const char *rank, const gn_features *features, size_t *column,
                           bool *falling, gn_error *err) {
    static const char *const scores[] = {"MAE", "MSE", "R2", "R"};
    for (size_t i = 0; i < 4; i++)
        if (strcasecmp(rank, scores[i]) == 0) {
            *column = SCORE + i;
            *falling = i >= 2;
            return GN_OK;
        }
    for (size_t f = 0; f < features->n_features; f++)
        if (strcmp(rank, features->feature[f].name) == 0) {
            *column = 1;
            *falling = true;
            return GN_OK;
        }
    return gn_fail(err, GN_EINVAL, "best units by '%s': expected R2, R, MSE, MAE or a feature",
                   rank);
}

gn_status gn_v1_unit_keys(const char *path, const char *rank, const gn_features *features, size_t d,
                          double *key, gn_error *err) {
    gn_status st;
    char *text = NULL;
    size_t n, column = 0;
    bool falling = false, more = false;
    gn_csv c = {0};
    for (size_t u = 0; u < d; u++) key[u] = HUGE_VAL;
    GN_TRY(find_rank(rank, features, &column, &falling, err));
    GN_TRY(gn_read_file(path, MOST_BYTES, &text, &n, err));
    gn_csv_start(&c, text, n, ',', path);
    GN_TRY(gn_csv_next(&c, &more, err)); /* the head */
    for (;;) {
        double unit, value;
        GN_TRY(gn_csv_next(&c, &more, err));
        if (!more) break;
        if (c.n_fields <= UNIT || !gn_csv_number(c.field[UNIT], &unit) || !(unit >= 0) ||
            !(unit < (double)d)) {
            st = gn_fail(err, GN_EDATA, "%s: line %zu: no unit below %zu in column %d", path,
                         c.line, d, UNIT + 1);
            goto done;
        }
        gn_csv_field name = c.field[0];
        if (column == 1 && (name.n != strlen(rank) || memcmp(name.text, rank, name.n) != 0))
            continue;
        if (c.field[column].n && gn_csv_number(c.field[column], &value) && !isnan(value))
            key[(size_t)unit] = falling ? -value : value;
    }
done:
    gn_csv_free(&c);
    gn_free(text);
    return st;
}
