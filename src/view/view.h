/* The viewer's server as its own files see it.
 *
 * Threads: each connection has its own, which runs the handlers. `lock` guards the list of sources
 * and nothing else; it is held for a few instructions only. A source, once listed, is never removed
 * and never closed while the server runs, so that pointers to it stay good. What takes long runs in
 * a thread of its own, with a context from gn_view_context, and ends when `ending` is set. */
#ifndef GN_VIEW_VIEW_H
#define GN_VIEW_VIEW_H

#include "view/wire/route.h"
#include "view/data/source.h"

#include <pthread.h>
#include <stdatomic.h>

/** What a file adds to the server: its routes, and its state, which lives from open to free. */
typedef struct gn_view_part {
    const gn_route *routes;                       /**< ends with a route without method */
    gn_status (*open)(gn_view *v, gn_error *err); /**< NULL: nothing to make */
    void (*stop)(gn_view *v); /**< asks what runs to end and wakes what waits; NULL: nothing */
    void (*free)(gn_view *v); /**< also when open failed or was not called; NULL: nothing */
    /** Adds what is known or cheap of one row in stored layer i to its card; NULL: nothing. */
    void (*measures)(gn_view *v, gn_source *s, size_t i, size_t row, json_t *measures);
} gn_view_part;

struct gn_view {
    gn_ctx *ctx; /**< borrowed: settings of the jobs, and the hooks of gn_view_run */
    char *assets, *model, *scratch;
    unsigned port;
    char url[64];
    atomic_bool ending; /**< the server is going down: streams and jobs end */
    struct gn_http *http;

    pthread_mutex_t lock;
    size_t n_sources, source_room;
    gn_source **source;
    pthread_mutex_t
        listing; /**< held while an upload is listed: what it holds is numbered on end */
    size_t n_folders;
    char **folder;    /**< the given paths, absolute */
    char *upload_dir; /**< private; NULL until the first upload */

    struct gn_view_log *log;       /**< log.c */
    struct gn_marks *marks;        /**< marks.c */
    struct gn_view_cache *cache;   /**< cache.c */
    struct gn_view_jobs *jobs;     /**< jobs.c */
    struct gn_vlayouts *layouts;   /**< layouts.c */
};

enum { GN_VIEW_MAX_PARTS = 32 };
/** All parts, in the order in which they open. */
extern const gn_view_part *const gn_view_parts[];
extern const size_t gn_view_n_parts;

extern const gn_view_part gn_part_log, gn_part_cache, gn_part_jobs, gn_part_sources, gn_part_sets, gn_part_tags,
    gn_part_uploads, gn_part_export, gn_part_export_neighbors, gn_part_export_geometry,
    gn_part_neighbors, gn_part_search, gn_part_geometry, gn_part_points, gn_part_compare,
    gn_part_layouts, gn_part_embed, gn_part_sprite;

/** gn_view_open without the HTTP server: for tests, which call the handlers themselves. */
gn_status gn_view_prepare(gn_ctx *ctx, const char *const *paths, size_t n_paths,
                          const gn_view_opts *opts, gn_view **out, gn_error *err);
/** A context for a job: the threads, seed and instruction set of the server's own, other hooks. */
gn_status gn_view_context(gn_view *v, const gn_hooks *hooks, gn_ctx **out, gn_error *err);

/** The same for work that a handler does before it answers: cancelled when the server ends or the
 *  client goes. `asker` must live as long as the context. */
typedef struct gn_asker {
    gn_view *v;
    const gn_request *rq;
} gn_asker;
gn_status gn_view_answer_context(gn_asker *asker, gn_ctx **out, gn_error *err);

/** The source whose number stands in `text` (a path's segment), opened. 404 when there is none. */
gn_status gn_view_source(gn_view *v, const char *text, gn_source **out, gn_reply *re,
                         gn_error *err);
/** The source that body.KEY names by its number, opened. */
gn_status gn_view_body_source(gn_view *v, const json_t *body, const char *key, gn_source **out,
                              gn_reply *re, gn_error *err);

/** A new, empty file in the private folder of uploads; free the path with gn_free. */
gn_status gn_view_upload_file(gn_view *v, char **out, gn_error *err);

/** Adds a line to the log of computations. `parameters` is taken; NULL: {}. Never fails: a line
 * that cannot be kept is left out. */
void gn_view_note(gn_view *v, const char *what, json_t *parameters, double seconds);
/** Seconds on the monotonic clock, for gn_view_note. */
double gn_view_seconds(void);

#endif
