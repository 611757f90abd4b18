/* Sources: the tensors and representation sets that were found, each with its layers, row table and
 * columns. Row = index 0 ... rows - 1; layer = the model's own number (0 for a table). */
#ifndef GN_VIEW_SOURCE_H
#define GN_VIEW_SOURCE_H

#include "gonio/reps.h"
#include "io/file.h"
#include "io/metadata.h"
#include "gonio/view.h"
#include "view/wire/request.h"
#include "view/data/sprite.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct gn_source gn_source;

/** What a reader finds in a file or folder, before anything is opened. Texts are owned. */
typedef struct gn_entry {
    char *name;   /**< "bank.npy", "model.safetensors:word" */
    char *member; /**< of a file with several tensors; NULL: the only one */
    size_t rows, dims, n_layers;
    size_t *layer; /**< (n_layers) numbers; NULL: 0 ... n_layers - 1 */
    double *depth; /**< (n_layers); NULL: 0 ... 1 in equal steps (0 for one layer) */
    gn_dtype dtype;
    uint64_t n_bytes;
    char *preview[2];
    char *note; /**< NULL, or why it is not supported, or what the user should know */
    bool supported;
} gn_entry;

/** Gathers the entries of one file or folder. */
typedef struct gn_listing {
    size_t n, room;
    gn_entry *entry;
} gn_listing;
/** Takes the entry's texts, also on failure. */
gn_status gn_listing_add(gn_listing *to, gn_entry *entry, gn_error *err);
void gn_entry_free(gn_entry *e);

/** One kind of data. The table gn_readers is tried from its start; the first that claims wins. */
typedef struct gn_reader {
    const char *kind; /**< "set", "npy", ... */
    bool (*claims)(const char *path, bool folder);
    /** Adds an entry a tensor; reads headers only. A failure becomes an entry that is not supported
     *  and carries the message. */
    gn_status (*list)(const char *path, gn_listing *to, gn_error *err);
    /** Fills s->view (allocated, n_layers), and s->reps for a set; s->handle is closed by close. */
    gn_status (*open)(gn_source *s, gn_error *err);
    void (*close)(void *handle);
} gn_reader;
extern const gn_reader *const gn_readers[];
extern const size_t gn_n_readers;

struct gn_source {
    size_t id;
    const gn_reader *reader;
    gn_entry about; /**< fixed once listed */
    char *file;     /**< absolute */
    char *path;     /**< relative to the given folder */
    size_t root;    /**< which of the given paths it lies in; their number for an upload */
    char *base;     /**< the real folder that its files must lie in: the given one, or that of the
                         given file; NULL for an upload */

    pthread_mutex_t lock; /**< guards the opening and the caches below */
    bool opened;
    atomic_bool tagged; /**< edited labels are in place */
    void *handle;
    gn_reps *reps;                   /**< of a set; else NULL */
    gn_mat *view;                    /**< (n_layers) */
    char pool[16];                   /**< of a set: what a row is, options.pool of gonio.json */
    char hash[65];                   /**< empty until it is asked for */
    struct gn_texts *texts;          /**< text.jsonl; NULL: none */
    const gn_labels *row_label;      /**< of text that begins its lines with one; the handle's */
    gn_metadata metadata;            /**< of a table with metadata.tsv; {0} */
    gn_sprite sprite;                /**< {0}: none */
    char *bookmarks_file;            /**< TensorBoard's; NULL: none */
    pthread_mutex_t bookmarks_lock;  /**< guards the next one, which takes a while to read */
    struct gn_bookmarks *bookmarks;  /**< NULL until they are asked for */
    char *warning;                   /**< NULL, or what is missing of metadata or marks, and why */
    struct gn_view_columns *columns; /**< columns.c */
    size_t n_watched;
    struct gn_watched *watched; /**< watch.c: files that stay mapped */
};

/** The entry of GET /api/sources; a new reference. */
json_t *gn_source_json(const gn_source *s);
/** Opens the source's files unless they are open. @return GN_OK; GN_EDATA where it is listed as not
 *  supported; what its reader says. */
gn_status gn_source_open(gn_source *s, gn_error *err);
/** For a reader's open: columns from a metadata file. A failure, or what the file's reader passed
 *  over, becomes the source's warning. */
void gn_source_describe(gn_source *s, const char *path);
/** For a reader's open: the pictures of the rows. A failure becomes the source's warning. */
void gn_source_illustrate(gn_source *s, const char *file, size_t width, size_t height);
/** For a reader's open: where the bookmarks are; they are read when they are asked for. */
gn_status gn_source_keep_bookmarks(gn_source *s, const char *path, gn_error *err);
/** Keeps the first thing that the user should know of the source. */
void gn_source_warn(gn_source *s, const char *message);
/** NULL is fine. */
void gn_source_free(gn_source *s);

/* What follows needs a source that is open. */

/** The model's number of stored layer i, and its depth in [0, 1]. */
size_t gn_source_layer(const gn_source *s, size_t i);
double gn_source_depth(const gn_source *s, size_t i);
/** Place among the stored layers of the model's layer `number`. GN_EINVAL lists those there are. */
gn_status gn_source_find_layer(const gn_source *s, size_t number, size_t *i, gn_error *err);
/** ?layer=L of a query, or a body's member; the last layer when it is missing. Gives the place. */
gn_status gn_source_query_layer(const gn_source *s, const gn_request *rq, size_t *i, gn_error *err);
gn_status gn_source_body_layer(const gn_source *s, const json_t *body, const char *key, size_t *i,
                               gn_error *err);
/** Tokens: the string of a row, or NULL where none is known. */
const char *gn_source_token(const gn_source *s, size_t row);
/** Bookmarks that came with the data, read once and kept. *out is NULL where there are none.
 *  @return GN_OK; what gn_bookmarks_open says. */
gn_status gn_source_bookmarks(gn_source *s, const struct gn_bookmarks **out, gn_error *err);
/** Hex digest of shape, type and sampled bytes: the same data give the same hash in any session. */
gn_status gn_source_hash(gn_source *s, const char **out, gn_error *err);

/** Rows listed in a JSON array, each once, kept in the order given. Free with gn_free.
 *  @return GN_OK; GN_EINVAL (no array, a row out of range or given twice); GN_ENOMEM. */
gn_status gn_source_rows(const gn_source *s, const json_t *list, int32_t **rows, size_t *n,
                         gn_error *err);
/** Rows named by a JSON value: an array as above, or {"set": NAME}. NULL or null: all rows, *rows =
 * NULL, *n = rows.
 *  @param rows free with gn_free.
 *  @return GN_OK; GN_EINVAL (not such a value, a row out of range or given twice, no such set). */
gn_status gn_source_subset(gn_view *v, gn_source *s, const json_t *value, int32_t **rows, size_t *n,
                           gn_error *err);

#endif
