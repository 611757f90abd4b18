/* Files as bytes: mapped for reading, renamed into place when written, folders made on the way.
 *
 * A mapping is as large as the file was when it was opened; every reader of this room takes (bytes,
 * n) from here and never looks past n. Output is written under a temporary name in the same folder
 * and renamed at the end, so that a name either holds the whole file or what was there before. */
#ifndef GN_IO_FILE_H
#define GN_IO_FILE_H

#include "base/mem.h"

/** A file's bytes. `data` is never NULL after gn_map_open, page-aligned for regular files. */
typedef struct gn_map {
    const unsigned char *data;
    size_t n;
    void *pages;  /**< what to unmap, or NULL */
    void *memory; /**< what to free, or NULL: pipes are read, not mapped */
} gn_map;

/** @return GN_OK; GN_EIO (cannot open, a folder); GN_ENOMEM. */
gn_status gn_map_open(const char *path, gn_map *out, gn_error *err);
/** {0} is fine. */
void gn_map_close(gn_map *map);

/** A whole file in memory, inflated when it starts as gzip does, with a NUL behind the last byte.
 *  @param max_bytes GN_EDATA when there is more than that (after inflation).
 *  @param out free with gn_free.
 *  @return GN_OK; GN_EIO; GN_EDATA (too large, damaged gzip); GN_ENOMEM. */
gn_status gn_read_file(const char *path, size_t max_bytes, char **out, size_t *n, gn_error *err);
/** True when the bytes start with gzip's magic number. */
bool gn_is_gzip(const unsigned char *bytes, size_t n);
/** The inflated content of gzip bytes (concatenated members, too). Same rules as gn_read_file. */
gn_status gn_gunzip(const unsigned char *bytes, size_t n_bytes, const char *name, size_t max_bytes,
                    char **out, size_t *n, gn_error *err);

/** A file being written. Small writes are gathered. */
typedef struct gn_outfile gn_outfile;

/** Starts a file that will be called `path`. What exists and is no regular file (a pipe, a
 *  terminal) is written directly. @return GN_OK; GN_EIO; GN_ENOMEM. */
gn_status gn_outfile_open(const char *path, gn_outfile **out, gn_error *err);
/** GN_EIO names the file and the number of bytes that were to be written (disk full). */
gn_status gn_outfile_write(gn_outfile *f, const void *data, size_t n, gn_error *err);
/** Bytes given to gn_outfile_write so far. */
uint64_t gn_outfile_size(const gn_outfile *f);
/** Writes what is gathered, renames and frees; on failure removes the temporary file and frees. */
gn_status gn_outfile_commit(gn_outfile *f, gn_error *err);
/** Removes the temporary file and frees; NULL is fine. */
void gn_outfile_abandon(gn_outfile *f);
/** Removes what processes that were killed while they wrote `path` have left beside it. Only such
 *  names, and only when no process of this machine has their number; what cannot be removed stays.
 *  If another machine is just writing the same file, its commit fails. @return GN_OK; GN_ENOMEM. */
gn_status gn_outfile_sweep(const char *path, gn_error *err);
/** All of the above for bytes that are there already. */
gn_status gn_write_file(const char *path, const void *data, size_t n, gn_error *err);
/** The same, packed by gzip. @return as gn_write_file; GN_ENOSUPP (2 GiB or more). */
gn_status gn_write_gzip(const char *path, const void *data, size_t n, gn_error *err);

/** Makes a folder and its parents; one that exists is fine. @return GN_OK; GN_EIO; GN_ENOMEM. */
gn_status gn_make_dirs(const char *path, gn_error *err);
/** "DIR/NAME", free with gn_free; just NAME when DIR is empty or NAME absolute. NULL: no memory. */
char *gn_path_join(const char *dir, const char *name);
/** The folder part of a path ("." when there is none), free with gn_free. NULL: no memory. */
char *gn_path_dir(const char *path);
/** The part behind the last '/'. */
const char *gn_path_base(const char *path);
/** True when `path` ends in `suffix` (".npy"), in any case of ASCII letters. */
bool gn_path_has_suffix(const char *path, const char *suffix);
/** True for anything that is there and no folder: a pipe or a device is a file, too. */
bool gn_path_is_file(const char *path);
/** True for bytes on disk: what can be mapped, and read without waiting for another program. */
bool gn_path_is_regular(const char *path);
bool gn_path_is_dir(const char *path);
/** True when `path` exists and, symbolic links followed, lies inside `folder`, which is a real
 * path.
 */
bool gn_path_is_inside(const char *folder, const char *path);

#endif
