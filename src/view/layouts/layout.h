/* Layouts: places of rows in two or three dimensions, made by a thread of their own and watched
 * while they are made.
 *
 * A layout is shared by the list of layouts, its worker and every stream that shows it; the last
 * one frees it. What does not change is read without a lock; the rest is under `lock`, and
 * `changed` is signalled whenever something happens that somebody may wait for. The worker holds
 * the lock for copying positions and no longer, so that every route answers at once. */
#ifndef GN_VIEW_LAYOUT_H
#define GN_VIEW_LAYOUT_H

#include "gonio/align.h"
#include "gonio/map.h"
#include "view/layers/layers.h"

typedef enum gn_vlayout_method {
    GN_LAYOUT_RAW = 0,
    GN_LAYOUT_PCA,
    GN_LAYOUT_TSNE,
    GN_LAYOUT_UMAP,
    GN_LAYOUT_AXES,
    GN_LAYOUT_BOOKMARK, /**< places that came with the data */
} gn_vlayout_method;
typedef enum gn_vlayout_align {
    GN_ALIGN_NONE = 0,
    GN_ALIGN_JOINT,
    GN_ALIGN_PROCRUSTES,
    GN_ALIGN_ALIGNED,
} gn_vlayout_align;
typedef enum gn_vlayout_state {
    GN_LAYOUT_WAITING = 0, /**< for one of the places of jobs that run at once */
    GN_LAYOUT_RUNNING,
    GN_LAYOUT_PAUSED,
    GN_LAYOUT_DONE,
    GN_LAYOUT_FAILED,
    GN_LAYOUT_STOPPED,
} gn_vlayout_state;
/** Words of the API, NULL behind the last. */
extern const char *const gn_vlayout_methods[], *const gn_vlayout_aligns[],
                                                   *const gn_vlayout_states[];

/** Parameters; 0 (min_dist, pull: negative): the method's default. */
typedef struct gn_vlayout_params {
    size_t component[3];
    double perplexity, exaggeration, learning_rate;
    size_t steps, neighbors;
    double min_dist, pull;
} gn_vlayout_params;

/** One axis from a group of rows to another. */
typedef struct gn_vlayout_axis {
    int32_t *left, *right;
    size_t n_left, n_right;
    char *label;
} gn_vlayout_axis;

/** What is known of one layer's places. */
typedef struct gn_vlayout_layer {
    size_t stored;    /**< place among the source's layers */
    float *positions; /**< (n, dim) of the layout's rows; NULL: none yet */
    uint64_t frame;   /**< counts what was published; 0: nothing */
    bool made;        /**< it will not move any more */
    double explained[3];
    bool has_explained, has_quality, has_gauge, has_raw, has_aligned;
    bool has_search, approximate;  /**< of the lists that it was made of, */
    gn_recall recall;              /**< and how many neighbours they have where approximate */
    gn_map_quality quality, gauge; /**< gauge: while it is made */
    gn_displacement raw, aligned;  /**< from the layer before */
} gn_vlayout_layer;

typedef struct gn_vlayout {
    size_t id;
    gn_view *v;
    gn_source *s;
    bool all; /**< of all layers */
    size_t n_layers;
    gn_vlayout_method method;
    gn_vlayout_align align;
    size_t dim;
    uint64_t seed;
    gn_space space;
    gn_metric metric;
    gn_knn_how search;
    int32_t *row; /**< (n) of the source; NULL: all */
    size_t n;
    gn_vlayout_axis axis[3];
    const struct gn_bookmark_layout *saved; /**< of a bookmark: the source's */
    atomic_size_t references;
    atomic_bool quit; /**< stop was asked for, the layout was deleted, or the server ends */

    pthread_mutex_t lock;
    pthread_cond_t changed;
    gn_vlayout_state state;
    bool want_pause, deleted;
    bool resume;                 /**< goes on from the positions that are there */
    gn_vlayout_params made_with; /**< what those come from; the worker's alone */
    bool has_place, queued;      /**< among the running, waiting for that; under the list's lock, */
    size_t turn;                 /**< as is the order in which places were asked for */
    double begun;
    const char *phase;
    gn_vlayout_params params;
    size_t version; /**< counts changes of params */
    size_t taken;   /**< the version that the worker took last */
    size_t epoch, epochs;
    double loss, loss_se, seconds, perplexity;
    gn_vlayout_layer *layer; /**< (n_layers) */
    json_t *params_json;
    char note[256];
    gn_error error;
} gn_vlayout;

/* ---- layout_job.c ---- */

/** Starts the worker, which takes one reference and gives it back in the end.
 *  @return GN_OK; GN_EIO (no thread). */
gn_status gn_vlayout_start(gn_vlayout *l, gn_error *err);
void gn_vlayout_hold(gn_vlayout *l);
void gn_vlayout_give(gn_vlayout *l);
/** What the worker's methods say on the way; all of them take the lock. */
void gn_vlayout_phase(gn_vlayout *l, const char *phase);
void gn_vlayout_note(gn_vlayout *l, const char *format, ...) GN_PRINTF(2, 3);
/** Copies positions (n, dim) of layer i for all who watch. @param made it will not move any more.
 */
void gn_vlayout_publish(gn_vlayout *l, size_t i, const double *positions, bool made);
/** Waits while the layout is paused. Gives the parameters, which the worker then goes by, and their
 *  version.
 *  @return GN_OK; GN_ECANCEL. */
gn_status gn_vlayout_next(gn_vlayout *l, gn_vlayout_params *params, size_t *version, gn_error *err);

/** Whether one that has ended can go on from its positions with other parameters; the lock is held.
 */
bool gn_vlayout_goes_on(const gn_vlayout *l);
/** Makes it ready for that: it waits for its worker. The lock is held. */
void gn_vlayout_again(gn_vlayout *l);

/* ---- layout_rows.c: the vectors of one layer, and their neighbours ---- */

typedef struct gn_vlayout_rows {
    gn_mat x; /**< (n, d) as the space sees them, finite */
    float *copy;
    gn_cached *held;
    gn_knn *own;
    const gn_knn *knn; /**< NULL until asked for */
} gn_vlayout_rows;
/** @param all_rows of the source; false: of the layout. */
gn_status gn_vlayout_rows_open(gn_vlayout *l, size_t i, bool all_rows, gn_ctx *ctx,
                               gn_vlayout_rows *out, gn_error *err);
/** Lists of at least k neighbours (fewer where there are not so many rows), searched as the layout
 *  says. What they are is noted for layer i. */
gn_status gn_vlayout_rows_knn(gn_vlayout *l, size_t i, size_t k, gn_ctx *ctx, gn_vlayout_rows *r,
                              gn_error *err);
/** {0} is fine. */
void gn_vlayout_rows_close(gn_vlayout *l, gn_vlayout_rows *r);

/* ---- layout_methods.c ---- */

/** Makes all layers, one after the other. */
gn_status gn_vlayout_make(gn_vlayout *l, gn_ctx *ctx, gn_error *err);

/* ---- layout_map.c: t-SNE and UMAP of one layer ---- */

/** @param before (n, dim) places of the layer before; NULL: none. @param before_rows its lists.
 *  @param out (n, dim) */
gn_status gn_vlayout_map(gn_vlayout *l, size_t i, gn_ctx *ctx, gn_vlayout_rows *r,
                         const double *before, const gn_vlayout_rows *before_rows, double *out,
                         gn_error *err);

/* ---- layout_saved.c: bookmarks ---- */

/** Finds what params.bookmark and params.projection name; sets l->saved, its dimensions, the note.
 *  @return GN_OK; GN_EINVAL (no such bookmark or projection); what the file's reader says. */
gn_status gn_vlayout_saved_find(gn_vlayout *l, const json_t *params, gn_error *err);
/** Leaves the rows that have a place. */
gn_status gn_vlayout_saved_rows(gn_vlayout *l, gn_error *err);
/** @param out (n, dim) */
void gn_vlayout_saved_places(const gn_vlayout *l, double *out);
/** The name of an axis. */
void gn_vlayout_saved_axis(const gn_vlayout *l, size_t axis, char *out, size_t room);
/** A route: the list of bookmarks. */
gn_status gn_vlayout_bookmarks(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);

/* ---- layouts.c: the list of all layouts ---- */

/** The layout of that number, held; to be given back. 404 when there is none. */
gn_status gn_vlayout_find(gn_view *v, const char *text, gn_vlayout **out, gn_reply *re,
                          gn_error *err);
/** Its layer from ?layer=L: the position in l->layer; the last one made when it is missing. */
gn_status gn_vlayout_query_layer(gn_vlayout *l, const gn_request *rq, size_t *i, gn_reply *re,
                                 gn_error *err);
/** Waits for a place among the jobs that run at once, or for `quit`; gives it back. */
void gn_vlayouts_enter(gn_vlayout *l);
void gn_vlayouts_leave(gn_vlayout *l);
/** The worker's last word: gives its reference back. */
void gn_vlayouts_ended(gn_vlayout *l);

/** Adds a new layout to the list, which takes the reference, and starts it.
 *  @return GN_OK; GN_ECANCEL (too many that still run); GN_EIO. */
gn_status gn_vlayouts_add(gn_vlayout *l, gn_error *err);
/** Takes it from the list; it stops and is freed when nobody looks at it any more. */
void gn_vlayouts_remove(gn_vlayout *l);
/** Starts the worker of one that is in the list. */
gn_status gn_vlayouts_begin(gn_vlayout *l, gn_error *err);
/** Sets `quit` and wakes everybody. */
void gn_vlayout_quit(gn_vlayout *l);
/** All layouts, in order; at most `room`, held. @return how many. */
size_t gn_vlayouts_list(gn_view *v, gn_vlayout **out, size_t room);
enum { GN_LAYOUTS_MAX = 64 };

/* ---- routes_layouts.c ---- */
extern const gn_route gn_vlayout_routes[];

/* ---- layout_request.c: what POST and PATCH say ---- */

/** A new layout from the body of a request; nothing is started. The reference is the caller's. */
gn_status gn_vlayout_read(gn_view *v, const json_t *body, gn_vlayout **out, gn_reply *re,
                          gn_error *err);
/** Parameters in `object` over those there are.
 *  @return GN_OK; GN_EINVAL naming the one that is out of range, or that the method does not have.
 */
gn_status gn_vlayout_read_params(const gn_vlayout *l, const json_t *object,
                                 gn_vlayout_params *params, gn_error *err);
/** Whether they differ, steps left aside or counted. */
bool gn_vlayout_params_differ(const gn_vlayout_params *a, const gn_vlayout_params *b,
                              bool but_in_steps);

/* ---- layout_replies.c: streams and downloads of positions ---- */

gn_status gn_vlayout_stream(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);
gn_status gn_vlayout_positions(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);
gn_status gn_vlayout_trust(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);
/** layout_labels.c */
gn_status gn_vlayout_labels(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);
gn_status gn_vlayout_export(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err);

#endif
