/* Densities are those of distinct rows of a sample; files speak of all rows of the set, so that
 * they line up with its layers and row table. */
#include "report/density_points.h"

#include "base/number.h"
#include "base/str.h"
#include "io/npy.h"

#include <math.h>
#include <string.h>

gn_status gn_points_open(gn_points *p, const char *path, gn_error *err) {
    if (!gn_path_has_suffix(path, ".csv")) {
        p->dir = path;
        return gn_make_dirs(path, err);
    }
    static const char head[] = "set,layer,row,log_density,se,kstar,cluster,halo\n";
    gn_status st = gn_outfile_open(path, &p->csv, err);
    return st == GN_OK ? gn_outfile_write(p->csv, head, sizeof head - 1, err) : st;
}

gn_status gn_points_close(gn_points *p, gn_status st, gn_error *err) {
    gn_outfile *csv = p->csv;
    p->csv = NULL;
    if (csv && st == GN_OK) return gn_outfile_commit(csv, err);
    gn_outfile_abandon(csv);
    return st;
}

/* place[row of the set] = its number among the distinct rows, -1 outside the sample. */
static gn_status places(const gn_points *p, const gn_spot *at, const gn_neighbors *found,
                        int32_t *place, gn_error *err) {
    gn_status st = GN_OK;
    const gn_subset *s = p->subset;
    size_t n = s->n, n_all = gn_reps_rows(at->reps), n_duplicates;
    int32_t *first = NULL, *number = NULL;
    void *owner = NULL;
    gn_mat x;
    for (size_t i = 0; i < n_all; i++) place[i] = -1;
    GN_TRY(gn_alloc_array(&first, n, sizeof *first, "equal rows", err));
    GN_TRY(gn_alloc_array(&number, n, sizeof *number, "equal rows", err));
    for (size_t i = 0; i < n; i++) first[i] = (int32_t)i;
    if (found->row) {
        GN_TRY(gn_subset_rows(s, gn_reps_layer(at->reps, at->layer), &owner, &x, err));
        GN_TRY(gn_duplicates(p->ctx, x, first, &n_duplicates, err));
    }
    for (size_t d = 0; d < n - found->n_duplicates; d++)
        number[found->row ? (size_t)found->row[d] : d] = (int32_t)d;
    for (size_t i = 0; i < n; i++) place[s->row ? (size_t)s->row[i] : i] = number[first[i]];
done:
    gn_free(owner);
    gn_free(first);
    gn_free(number);
    return st;
}

static gn_status write_npy(const gn_points *p, const gn_spot *at, const char *name, gn_dtype dtype,
                           const void *data, size_t n, gn_error *err) {
    gn_status st;
    unsigned char header[GN_NPY_HEADER_MAX];
    size_t length = gn_npy_header_bytes(dtype, &n, 1, header);
    gn_outfile *f = NULL;
    gn_str s = {0};
    char *path = NULL;
    gn_str_addf(&s, "%s/layer.%02zu.%s.npy", p->dir, gn_reps_layer_index(at->reps, at->layer),
                name);
    GN_TRY(gn_str_take(&s, &path, err));
    GN_TRY(gn_outfile_open(path, &f, err));
    GN_TRY(gn_outfile_write(f, header, length, err));
    GN_TRY(gn_outfile_write(f, data, n * gn_dtype_size(dtype), err));
    st = gn_outfile_commit(f, err);
    f = NULL;
done:
    gn_outfile_abandon(f);
    gn_free(path);
    return st;
}

/* Each array in its turn; `room` holds one of n doubles. */
static gn_status write_arrays(const gn_points *p, const gn_spot *at, const gn_points_layer *l,
                              const int32_t *place, size_t n, double *room, gn_error *err) {
    gn_status st = GN_OK;
    const struct {
        const char *name;
        const double *value;
    } real[] = {{"log_density", l->log_density}, {"log_density_se", l->se}};
    const struct {
        const char *name;
        const int32_t *value;
    } whole[] = {{"kstar", l->kstar}, {"cluster", l->cluster}};
    int32_t *code = (int32_t *)(void *)room;
    unsigned char *flag = (unsigned char *)room;
    for (size_t a = 0; a < 2; a++) {
        for (size_t i = 0; i < n; i++)
            room[i] = place[i] < 0 ? (double)NAN : real[a].value[place[i]];
        GN_TRY(write_npy(p, at, real[a].name, GN_F64, room, n, err));
    }
    for (size_t a = 0; a < 2; a++) {
        for (size_t i = 0; i < n; i++) code[i] = place[i] < 0 ? -1 : whole[a].value[place[i]];
        GN_TRY(write_npy(p, at, whole[a].name, GN_I32, code, n, err));
    }
    for (size_t i = 0; i < n; i++) flag[i] = place[i] >= 0 && l->core[place[i]] < 0;
    GN_TRY(write_npy(p, at, "halo", GN_BOOL, flag, n, err));
done:
    return st;
}

static gn_status write_lines(const gn_points *p, const gn_spot *at, const gn_points_layer *l,
                             const int32_t *place, size_t n, gn_error *err) {
    gn_status st = GN_OK;
    const char *set = at->set ? at->set : gn_reps_name(at->reps);
    size_t layer = gn_reps_layer_index(at->reps, at->layer);
    gn_str quoted = {0}, line = {0};
    gn_str_add(&quoted, "\"");
    for (const char *c = set; *c; c++) {
        if (*c == '"') gn_str_add(&quoted, "\"");
        gn_str_add_bytes(&quoted, c, 1);
    }
    gn_str_add(&quoted, "\"");
    for (size_t i = 0; i < n; i++) {
        char rho[GN_NUMBER_ROOM], se[GN_NUMBER_ROOM];
        int32_t d = place[i];
        if (d < 0) continue;
        line.n = 0;
        gn_str_addf(&line, "%s,%zu,%zu,%s,%s,%d,%d,%d\n", quoted.text ? quoted.text : "", layer, i,
                    gn_number_text(rho, l->log_density[d]), gn_number_text(se, l->se[d]),
                    (int)l->kstar[d], (int)l->cluster[d], l->core[d] < 0);
        if (line.bad || quoted.bad) {
            st = gn_fail_nomem(err, "a line", 200);
            goto done;
        }
        GN_TRY(gn_outfile_write(p->csv, line.text, line.n, err));
    }
done:
    gn_str_free(&quoted);
    gn_str_free(&line);
    return st;
}

gn_status gn_points_write(gn_points *p, const gn_spot *at, const gn_neighbors *found,
                          const gn_points_layer *layer, gn_error *err) {
    gn_status st;
    size_t n = gn_reps_rows(at->reps);
    int32_t *place = NULL;
    double *room = NULL;
    GN_TRY(gn_alloc_array(&place, n, sizeof *place, "rows", err));
    GN_TRY(gn_alloc_array(&room, n, sizeof *room, "rows", err));
    GN_TRY(places(p, at, found, place, err));
    GN_TRY(p->csv ? write_lines(p, at, layer, place, n, err)
                  : write_arrays(p, at, layer, place, n, room, err));
done:
    gn_free(place);
    gn_free(room);
    return st;
}
