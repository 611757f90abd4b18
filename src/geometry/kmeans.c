/* k-means over a range of k and several restarts: who wins, how the winners are told.
 *
 * k = 2 ... 15 with ten restarts is 140 runs on the same rows. What they share is done once:
 * lengths and bounds of rows, and in each restart one sequence of seeds with its distances
 * (kmeans_seed.c). Runs are compared by the inertia of their partition, from sums; the winner's is
 * measured from differences. Clusters are numbered by size, so that equal partitions have equal
 * labels. */
#include "gonio/cluster.h"

#include "base/mem.h"
#include "geometry/kmeans.h"

#include <math.h>
#include <string.h>

enum { MOST_K = 256 };

static void fit_free(gn_kmeans_fit *f) {
    gn_free(f->label);
    gn_free(f->centre);
    gn_free(f->size);
}

void gn_kmeans_free(gn_kmeans *km) {
    if (!km) return;
    for (size_t f = 0; km->fit && f < km->n_fits; f++) fit_free(&km->fit[f]);
    gn_free(km->fit);
    gn_free(km);
}

static gn_status kmeans_new(const gn_kmeans_rows *r, const gn_kmeans_opts *o, gn_kmeans **out,
                            gn_error *err) {
    gn_status st = GN_OK;
    gn_kmeans *km = gn_calloc(1, sizeof *km);
    if (!km) return gn_fail_nomem(err, "k-means", sizeof *km);
    *km = (gn_kmeans){.n = r->n, .d = r->d, .n_fits = o->k_max - o->k_min + 1};
    km->fit = gn_calloc(km->n_fits, sizeof *km->fit);
    if (!km->fit) GN_TRY(gn_fail_nomem(err, "k-means", km->n_fits * sizeof *km->fit));
    for (size_t f = 0; f < km->n_fits; f++) {
        gn_kmeans_fit *fit = &km->fit[f];
        fit->k = o->k_min + f;
        fit->inertia = HUGE_VAL;
        GN_TRY(gn_alloc_array(&fit->label, r->n, sizeof *fit->label, "cluster labels", err));
        GN_TRY(gn_alloc_array(&fit->centre, fit->k, r->d * sizeof *fit->centre, "centres", err));
        GN_TRY(gn_alloc_array(&fit->size, fit->k, sizeof *fit->size, "sizes of clusters", err));
    }
    *out = km;
done:
    if (st != GN_OK) gn_kmeans_free(km);
    return st;
}

/* Copies a run, clusters renumbered: larger first, then by their first row. */
static gn_status keep(const gn_kmeans_rows *r, const gn_kmeans_run *run, gn_kmeans_fit *fit,
                      gn_error *err) {
    gn_status st;
    size_t k = fit->k, *first = NULL, *place = NULL;
    GN_TRY(gn_alloc_array(&first, k, sizeof *first, "clusters", err));
    GN_TRY(gn_alloc_array(&place, k, sizeof *place, "clusters", err));
    for (size_t j = 0; j < k; j++) first[j] = r->n;
    for (size_t i = r->n; i-- > 0;) first[run->state.label[i]] = i;
    for (size_t j = 0; j < k; j++) {
        place[j] = 0;
        for (size_t o = 0; o < k; o++) {
            size_t a = run->state.size[o], b = run->state.size[j];
            place[j] +=
                a > b || (a == b && (first[o] < first[j] || (first[o] == first[j] && o < j)));
        }
        fit->size[place[j]] = run->state.size[j];
        memcpy(fit->centre + place[j] * r->d, run->centres.at + j * r->d,
               r->d * sizeof *fit->centre);
    }
    for (size_t i = 0; i < r->n; i++) fit->label[i] = (int32_t)place[run->state.label[i]];
    fit->inertia = run->inertia;
    fit->iterations = run->iterations;
    fit->converged = run->converged;
done:
    gn_free(first);
    gn_free(place);
    return st;
}

struct inertia {
    const gn_kmeans_rows *r;
    const gn_kmeans_fit *fit;
};
static gn_status add_block(void *user, size_t block, unsigned worker, gn_error *err) {
    (void)worker;
    (void)err;
    const struct inertia *s = user;
    const gn_kmeans_rows *r = s->r;
    double sum = 0;
    for (size_t i = block * r->block; i < gn_kmeans_last(r, block); i++)
        sum += gn_kmeans_exact(r, i, s->fit->centre + (size_t)s->fit->label[i] * r->d);
    r->block_sum[block] = sum;
    return GN_OK;
}
static gn_status measure_inertia(gn_ctx *ctx, const gn_kmeans_rows *r, gn_kmeans_fit *fit,
                                 gn_error *err) {
    struct inertia s = {r, fit};
    gn_status st = gn_parallel(ctx, r->n_blocks, add_block, &s, NULL, err);
    if (st != GN_OK) return st;
    fit->inertia = 0;
    for (size_t b = 0; b < r->n_blocks; b++) fit->inertia += r->block_sum[b];
    return GN_OK;
}

static gn_status check(gn_mat x, const gn_kmeans_opts *o, gn_error *err) {
    if (x.dtype > GN_BF16 || x.cols == 0)
        return gn_fail(err, GN_EINVAL, "k-means of (%zu, %zu) %s: expected a floating type", x.rows,
                       x.cols, gn_dtype_name(x.dtype));
    if (o->k_min < 1 || o->k_max < o->k_min || o->k_max > MOST_K)
        return gn_fail(err, GN_EINVAL, "k-means with %zu to %zu clusters: expected 1 to %d",
                       o->k_min, o->k_max, MOST_K);
    if (x.rows < o->k_min || x.rows > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "%zu clusters of %zu rows: expected at least as many rows",
                       o->k_min, x.rows);
    return GN_OK;
}

/* One restart: seeds one after the other, and a run for each k of the range. */
static gn_status restart(gn_ctx *ctx, const gn_kmeans_rows *r, const gn_kmeans_opts *o,
                         gn_kmeans_seeds *seeds, gn_kmeans_run *run, gn_kmeans *km, size_t number,
                         gn_error *err) {
    gn_status st = GN_OK;
    double tolerance = o->tolerance * r->total / (double)r->n / (double)r->d;
    double total = (double)(o->restarts * o->k_max);
    gn_kmeans_seeds_restart(seeds, gn_ctx_seed(ctx), number);
    for (size_t k = 1; k <= o->k_max; k++) {
        bool found;
        GN_TRY(gn_ctx_poll(ctx, err));
        GN_TRY(gn_kmeans_seeds_add(ctx, r, seeds, &found, err));
        if (!found) { /* fewer than k distinct rows */
            if (k <= o->k_min) {
                st = gn_fail(err, GN_EDATA, "%zu clusters of %zu distinct rows", o->k_min, k - 1);
                goto done;
            }
            for (size_t f = k - o->k_min; f < km->n_fits; f++) fit_free(&km->fit[f]);
            km->n_fits = k - o->k_min;
            break;
        }
        if (k < o->k_min) continue;
        GN_TRY(gn_kmeans_lloyd(ctx, r, seeds, o->iterations, tolerance, run, err));
        gn_kmeans_fit *fit = &km->fit[k - o->k_min];
        if (run->inertia < fit->inertia) GN_TRY(keep(r, run, fit, err));
        gn_ctx_progress(ctx, o->task, (double)(number * o->k_max + k), total, "runs");
    }
done:
    return st;
}

gn_status gn_kmeans_compute(gn_ctx *ctx, gn_mat x, const gn_kmeans_opts *opts, gn_kmeans **out,
                            gn_error *err) {
    gn_kmeans_opts o = opts ? *opts : (gn_kmeans_opts){0};
    gn_kmeans_rows r = {0};
    gn_kmeans_delta delta = {0};
    gn_kmeans_seeds seeds = {0};
    gn_kmeans_run run = {0};
    gn_kmeans *km = NULL;
    gn_status st;
    if (!o.k_min && !o.k_max) {
        o.k_min = 2;
        o.k_max = 15;
    }
    if (!o.restarts) o.restarts = 10;
    if (!o.iterations) o.iterations = 300;
    if (o.tolerance >= 0 && !(o.tolerance > 0)) o.tolerance = 1e-4;
    if (!o.task) o.task = "k-means";
    GN_TRY(check(x, &o, err));
    if (o.k_max > x.rows) o.k_max = x.rows;
    GN_TRY(gn_kmeans_rows_new(ctx, x, o.k_max, &r, err));
    GN_TRY(gn_kmeans_delta_new(&r, &delta, err));
    GN_TRY(gn_kmeans_seeds_new(&r, &delta, &seeds, err));
    GN_TRY(gn_kmeans_run_new(&r, &delta, &run, err));
    GN_TRY(kmeans_new(&r, &o, &km, err));
    for (size_t t = 0; t < o.restarts; t++) GN_TRY(restart(ctx, &r, &o, &seeds, &run, km, t, err));
    for (size_t f = 0; f < km->n_fits; f++) GN_TRY(measure_inertia(ctx, &r, &km->fit[f], err));
    gn_ctx_progress(ctx, o.task, 1, 1, "runs");
    *out = km;
    km = NULL;
done:
    gn_kmeans_free(km);
    gn_kmeans_run_free(&run);
    gn_kmeans_seeds_free(&seeds);
    gn_kmeans_delta_free(&delta);
    gn_kmeans_rows_free(&r);
    return st;
}
