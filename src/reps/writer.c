/* How a killed run stays a good one.
 *
 *     small files      known before the first forward pass; each whole or absent
 *     layer.NN.npy     header with the final shape, then rows; appended block by block
 *     gonio.json       how many rows count; replaced after the rows of a block are in every layer
 *
 * So gonio.json never promises rows that are not there, and rows behind its count are leftovers of
 * a block that was being written. Resuming writes the small files again (the same bytes), cuts
 * every layer at the count and goes on. The next block may be cut differently than it would have
 * been: rows do not depend on the block they are computed in.
 *
 * A set that replaces a finished one grows in DIR.part. It is recognised there by its own
 * gonio.json, like any interrupted set; if the process died after the exchange of names, DIR.part
 * holds the old set, which either is the same set (then either copy will do) or is discarded. */
#define _GNU_SOURCE
#include "reps/writer.h"

#include "gonio/io.h"

#include "base/str.h"
#include "io/json.h"
#include "io/npy.h"
#include "reps/about.h"
#include "reps/folder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

struct gn_reps_writer {
    const gn_reps_plan *plan;
    char *dir;    /* where the set will be */
    char *folder; /* where it grows: dir, or dir.part */
    json_t *about;
    int lock; /* the folder, held by flock */
    int *fd;  /* (n_layers) */
    size_t header_bytes, row_bytes;
    size_t n_rows, n_sequences; /* written and counted */
    bool complete, made_folder;
};

size_t gn_reps_writer_rows(const gn_reps_writer *w) {
    return w->n_rows;
}
size_t gn_reps_writer_sequences(const gn_reps_writer *w) {
    return w->n_sequences;
}

void gn_reps_writer_free(gn_reps_writer *w) {
    if (!w) return;
    for (size_t i = 0; w->fd && i < w->plan->n_layers; i++)
        if (w->fd[i] >= 0) close(w->fd[i]);
    if (w->lock >= 0) close(w->lock);
    json_decref(w->about);
    gn_free(w->fd);
    gn_free(w->folder);
    gn_free(w->dir);
    gn_free(w);
}

/* ---- the folder ---------------------------------------------------------------------------- */

/* Takes the folder for this process; makes it when it is not there. */
static gn_status take_folder(gn_reps_writer *w, gn_error *err) {
    w->made_folder = !gn_path_is_dir(w->folder);
    gn_status st = gn_make_dirs(w->folder, err);
    if (st != GN_OK) return st;
    w->lock = open(w->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (w->lock < 0) return gn_fail_errno(err, "%s: cannot be opened", w->folder);
    if (flock(w->lock, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return gn_fail(err, GN_EINVAL, "%s: another process is writing this set", w->folder);
    return GN_OK;
}

static gn_status add_suffix(const char *dir, const char *suffix, char **out, gn_error *err) {
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/') n--;
    char *path = gn_alloc(n + strlen(suffix) + 1, 1);
    if (!path) return gn_fail_nomem(err, "a path", n);
    memcpy(path, dir, n);
    strcpy(path + n, suffix);
    *out = path;
    return GN_OK;
}

/* Reads how far the set in w->folder has come; *same is false when it is another set. */
static gn_status read_state(gn_reps_writer *w, bool *same, bool *complete, char *what,
                            size_t n_what, gn_error *err) {
    json_t *there = NULL;
    const char *state;
    size_t n_rows, n_sequences;
    gn_status st = gn_about_load(w->folder, &there, err);
    if (st != GN_OK) return st;
    GN_TRY(gn_json_string(there, "gonio.json", "state", &state, err));
    GN_TRY(gn_json_size(there, "gonio.json", "rows_written", &n_rows, err));
    GN_TRY(gn_json_size(there, "gonio.json", "sequences_done", &n_sequences, err));
    *complete = strcmp(state, "complete") == 0;
    *same = gn_about_same(there, w->about, what, n_what);
    if (*same && (n_rows > w->plan->n_rows || n_sequences > w->plan->n_sequences)) {
        st = gn_fail(err, GN_EDATA, "gonio.json: rows_written is %zu of %zu", n_rows,
                     w->plan->n_rows);
        goto done;
    }
    if (*same) {
        w->n_rows = n_rows;
        w->n_sequences = n_sequences;
    }
done:
    json_decref(there);
    if (st != GN_OK) gn_error_prefix(err, "%s", w->folder);
    return st;
}

/* Decides what happens with what is in the folder: nothing, continue, clear, or build beside. */
static gn_status settle_folder(gn_reps_writer *w, bool overwrite, gn_error *err) {
    gn_folder_kind kind;
    char foreign[GN_FOLDER_NAME], what[512];
    bool same = false, complete = false;
    gn_status st = GN_OK;
    GN_TRY(gn_folder_examine(w->folder, &kind, foreign, err));
    if (kind == GN_FOLDER_NONE) {
        st = gn_folder_sweep(w->folder, err);
        goto done;
    }
    if (kind == GN_FOLDER_OTHER) {
        st = gn_fail(err, GN_EINVAL,
                     "%s: holds '%s' and no gonio.json: not a representation set, and not empty",
                     w->folder, foreign);
        goto done;
    }
    GN_TRY(read_state(w, &same, &complete, what, sizeof what, err));
    bool beside = w->folder != w->dir && strcmp(w->folder, w->dir) != 0;
    if (complete && !beside && !(same && !overwrite)) {
        w->n_rows = w->n_sequences = 0;
        if (!overwrite) {
            st = gn_fail(err, GN_EINVAL,
                         "%s: holds a finished representation set made by other inputs or options: "
                         "%s; overwrite it or choose another folder",
                         w->dir, what);
            goto done;
        }
        if (*foreign) {
            st =
                gn_fail(err, GN_EINVAL,
                        "%s: cannot be overwritten: '%s' in it is not part of a representation set",
                        w->dir, foreign);
            goto done;
        }
        char *part = NULL;
        GN_TRY(add_suffix(w->dir, ".part", &part, err));
        gn_free(w->folder);
        w->folder = part;
        close(w->lock);
        w->lock = -1;
        GN_TRY(take_folder(w, err));
        st = settle_folder(w, overwrite, err);
        goto done;
    }
    if (same) {
        w->complete = complete;
        GN_TRY(gn_folder_sweep(w->folder, err));
        goto done;
    }
    if (!overwrite) {
        st = gn_fail(err, GN_EINVAL,
                     "%s: was begun with other inputs or options: %s; overwrite it or choose "
                     "another folder",
                     w->folder, what);
        goto done;
    }
    st = gn_folder_clear(w->folder, err);
done:
    return st;
}

/* ---- the files ------------------------------------------------------------------------------ */

static gn_status write_rows_file(const gn_reps_writer *w, const char *file, const int32_t *code,
                                 gn_error *err) {
    gn_str path = {0};
    gn_str_addf(&path, "%s/rows/%s.npy", w->folder, file);
    gn_status st = path.bad ? gn_fail_nomem(err, "a path", path.n)
                            : gn_npy_write(path.text, GN_I32, &w->plan->n_rows, 1, code, err);
    gn_str_free(&path);
    return st;
}

static gn_status write_column(const gn_reps_writer *w, const gn_plan_column *column,
                              const char *file, gn_error *err) {
    gn_str path = {0}, names = {0};
    gn_status st = GN_OK;
    GN_TRY(write_rows_file(w, file, column->code, err));
    for (size_t i = 0; i < column->n_classes; i++) {
        /* one name a line: a line end inside a name becomes a space */
        for (const char *p = column->class_name[i]; *p; p++)
            gn_str_add_bytes(&names, *p == '\n' || *p == '\r' ? " " : p, 1);
        gn_str_add(&names, "\n");
    }
    gn_str_addf(&path, "%s/rows/%s.txt", w->folder, file);
    st = path.bad || names.bad ? gn_fail_nomem(err, "label names", names.n)
                               : gn_write_file(path.text, names.n ? names.text : "", names.n, err);
done:
    gn_str_free(&path);
    gn_str_free(&names);
    return st;
}

static gn_status write_vocabulary(const gn_reps_writer *w, gn_error *err) {
    if (!w->plan->vocab) return GN_OK;
    char *path = gn_path_join(w->folder, "vocab.txt");
    if (!path) return gn_fail_nomem(err, "a path", strlen(w->folder));
    gn_status st = gn_write_file(path, w->plan->vocab, strlen(w->plan->vocab), err);
    gn_free(path);
    return st;
}

static gn_status write_text(const gn_reps_writer *w, gn_error *err) {
    gn_status st = GN_OK;
    gn_outfile *f = NULL;
    if (!w->plan->write_text) return GN_OK;
    char *path = gn_path_join(w->folder, "text.jsonl");
    if (!path) return gn_fail_nomem(err, "a path", strlen(w->folder));
    GN_TRY(gn_outfile_open(path, &f, err));
    GN_TRY(w->plan->write_text(w->plan->user, f, err));
    st = gn_outfile_commit(f, err);
    f = NULL;
done:
    gn_outfile_abandon(f);
    gn_free(path);
    return st;
}

static gn_status write_small_files(const gn_reps_writer *w, gn_error *err) {
    gn_status st = GN_OK;
    char *rows = gn_path_join(w->folder, "rows");
    if (!rows) return gn_fail_nomem(err, "a path", strlen(w->folder));
    GN_TRY(gn_make_dirs(rows, err));
    GN_TRY(write_rows_file(w, "token_id", w->plan->token_id, err));
    GN_TRY(write_rows_file(w, "sequence", w->plan->sequence, err));
    GN_TRY(write_rows_file(w, "position", w->plan->position, err));
    const json_t *labels = json_object_get(w->about, "labels");
    for (size_t i = 0; i < w->plan->n_columns; i++) {
        const char *file;
        GN_TRY(gn_json_string(json_array_get(labels, i), "gonio.json", "file", &file, err));
        GN_TRY(write_column(w, &w->plan->column[i], file + strlen("rows/"), err));
    }
    GN_TRY(write_vocabulary(w, err));
    GN_TRY(write_text(w, err));
done:
    gn_free(rows);
    return st;
}

/* pwrite to the end; names the file, the place and what the whole file needs. */
static gn_status write_at(const gn_reps_writer *w, size_t layer, const void *data, size_t n,
                          size_t at, gn_error *err) {
    for (size_t done = 0; done < n;) {
        ssize_t did = pwrite(w->fd[layer], (const char *)data + done, n - done, (off_t)(at + done));
        if (did < 0 && errno == EINTR) continue;
        if (did < 0) {
            char file[32];
            gn_layer_file(w->plan->layer[layer], file);
            return gn_fail_errno(
                err,
                "%s/%s: cannot write %zu bytes at byte %zu of %zu (%zu of %zu rows "
                "are kept: the same command continues there)",
                w->folder, file, n - done, at + done,
                w->header_bytes + w->plan->n_rows * w->row_bytes, w->n_rows, w->plan->n_rows);
        }
        done += (size_t)did;
    }
    return GN_OK;
}

static gn_status open_layer(gn_reps_writer *w, size_t i, gn_error *err) {
    gn_status st = GN_OK;
    char file[32];
    unsigned char header[GN_NPY_HEADER_MAX];
    struct stat info;
    gn_layer_file(w->plan->layer[i], file);
    w->fd[i] = openat(w->lock, file, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (w->fd[i] < 0 || fstat(w->fd[i], &info) != 0)
        return gn_fail_errno(err, "%s/%s: cannot be opened for writing", w->folder, file);
    size_t shape[2] = {w->plan->n_rows, w->plan->n_dims};
    w->header_bytes = gn_npy_header_bytes(w->plan->dtype, shape, 2, header);
    size_t kept = w->header_bytes + w->n_rows * w->row_bytes;
    if (w->n_rows > 0 && (uintmax_t)info.st_size < kept)
        return gn_fail(
            err, GN_EDATA,
            "%s/%s: %jd bytes, but gonio.json counts %zu rows, which need %zu; overwrite "
            "the set to begin anew",
            w->folder, file, (intmax_t)info.st_size, w->n_rows, kept);
    GN_TRY(write_at(w, i, header, w->header_bytes, 0, err));
    if ((uintmax_t)info.st_size > kept && ftruncate(w->fd[i], (off_t)kept) != 0)
        st = gn_fail_errno(err, "%s/%s: cannot be cut to %zu bytes", w->folder, file, kept);
done:
    return st;
}

/* Hours of work should not end at a full disk that was foreseeable. */
static gn_status check_room(const gn_reps_writer *w, gn_error *err) {
    struct statvfs fs;
    if (fstatvfs(w->lock, &fs) != 0 || fs.f_blocks == 0) return GN_OK; /* it does not tell */
    double have = (double)fs.f_bavail * (double)fs.f_frsize;
    double need =
        (double)(w->plan->n_rows - w->n_rows) * (double)w->row_bytes * (double)w->plan->n_layers;
    if (need > have)
        return gn_fail(err, GN_EIO, "%s: the layers need %.0f more bytes, the file system has %.0f",
                       w->folder, need, have);
    return GN_OK;
}

/* ---- the calls --------------------------------------------------------------------------------
 */

gn_status gn_reps_writer_open(const char *dir, const gn_reps_plan *plan, bool overwrite,
                              gn_reps_writer **out, gn_error *err) {
    gn_status st = GN_OK;
    size_t row_bytes, layer_bytes;
    if (!dir || !*dir) return gn_fail(err, GN_EINVAL, "a representation set needs a folder's name");
    if (plan->n_rows == 0 || plan->n_dims == 0 || plan->n_layers == 0)
        return gn_fail(err, GN_EINVAL,
                       "%s: %zu rows, %zu dims, %zu layers: a set needs all of them", dir,
                       plan->n_rows, plan->n_dims, plan->n_layers);
    if (!gn_mul(plan->n_dims, gn_dtype_size(plan->dtype), &row_bytes) ||
        !gn_mul(row_bytes, plan->n_rows, &layer_bytes) || plan->n_rows > INT32_MAX)
        return gn_fail(err, GN_EINVAL, "%s: %zu rows of %zu dims are more than a set can hold", dir,
                       plan->n_rows, plan->n_dims);
    gn_reps_writer *w = gn_calloc(1, sizeof *w);
    if (!w) return gn_fail_nomem(err, "a set's writer", sizeof *w);
    w->plan = plan;
    w->lock = -1;
    w->row_bytes = row_bytes;
    w->dir = gn_strdup(dir);
    w->folder = gn_strdup(dir);
    w->fd = gn_alloc(plan->n_layers, sizeof *w->fd);
    if (w->fd) memset(w->fd, 0xff, plan->n_layers * sizeof *w->fd);
    if (!w->dir || !w->folder || !w->fd) {
        st = gn_fail_nomem(err, "a set's writer", plan->n_layers * sizeof *w->fd);
        goto done;
    }
    GN_TRY(gn_about_new(plan, &w->about, err));
    GN_TRY(take_folder(w, err));
    GN_TRY(settle_folder(w, overwrite, err));
    if (!w->complete) {
        GN_TRY(check_room(w, err));
        GN_TRY(gn_about_set_state(w->about, w->n_rows, w->n_sequences, false, err));
        GN_TRY(gn_about_save(w->about, w->folder, err));
        GN_TRY(write_small_files(w, err));
        for (size_t i = 0; i < plan->n_layers; i++) GN_TRY(open_layer(w, i, err));
    }
    *out = w;
    w = NULL;
done:
    if (w && w->made_folder && w->folder) rmdir(w->folder); /* only when nothing came into it */
    gn_reps_writer_free(w);
    return st;
}

gn_status gn_reps_writer_append(gn_reps_writer *w, const void *const *rows, size_t n,
                                size_t sequences_done, gn_error *err) {
    assert(!w->complete && n <= w->plan->n_rows - w->n_rows);
    gn_status st = GN_OK;
    for (size_t i = 0; i < w->plan->n_layers; i++)
        GN_TRY(write_at(w, i, rows[i], n * w->row_bytes, w->header_bytes + w->n_rows * w->row_bytes,
                        err));
    GN_TRY(gn_about_set_state(w->about, w->n_rows + n, sequences_done, false, err));
    GN_TRY(gn_about_save(w->about, w->folder, err));
    w->n_rows += n;
    w->n_sequences = sequences_done;
done:
    return st;
}

gn_status gn_reps_writer_finish(gn_reps_writer *w, gn_error *err) {
    gn_status st = GN_OK;
    assert(w->n_rows == w->plan->n_rows);
    if (!w->complete) {
        for (size_t i = 0; i < w->plan->n_layers; i++) {
            int fd = w->fd[i];
            w->fd[i] = -1;
            if (close(fd) != 0) {
                char file[32];
                gn_layer_file(w->plan->layer[i], file);
                return gn_fail_errno(err, "%s/%s: cannot be finished", w->folder, file);
            }
        }
        GN_TRY(gn_about_set_state(w->about, w->n_rows, w->plan->n_sequences, true, err));
        GN_TRY(gn_about_save(w->about, w->folder, err));
        w->complete = true;
    }
    if (strcmp(w->folder, w->dir) != 0) GN_TRY(gn_folder_replace(w->dir, w->folder, err));
done:
    return st;
}
