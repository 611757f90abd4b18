/* Writing files. The bytes go to ".NAME.PID.TRY.tmp" beside the target: the same folder, because a
 * rename is atomic only inside one file system; a leading dot, because nobody's *.npy should find
 * half a file. The process number keeps two runs apart, the counter two files of one run.
 *
 * There is no fsync: a power cut may lose the newest results, but never mixes old and new. */
#define _GNU_SOURCE
#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GATHER = 1 << 17, MAX_TRIES = 10000 };

struct gn_outfile {
    int fd;
    char *path, *temporary; /* temporary NULL: written directly */
    uint64_t n_given, n_written;
    size_t n_gathered;
    unsigned char gathered[GATHER];
};

static void release(gn_outfile *f) {
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    gn_free(f->temporary);
    gn_free(f->path);
    gn_free(f);
}

/** Creates the temporary file under the first free name. */
static gn_status create(gn_outfile *f, gn_error *err) {
    const char *base = gn_path_base(f->path);
    int dir = (int)(base - f->path);
    size_t room = strlen(f->path) + 64;
    f->temporary = gn_alloc(room, 1);
    if (!f->temporary) return gn_fail_nomem(err, f->path, room);
    for (unsigned try = 0; try < MAX_TRIES; try++) {
        snprintf(f->temporary, room, "%.*s.%s.%ld.%u.tmp", dir, f->path, base, (long)getpid(), try);
        f->fd = open(f->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd >= 0) return GN_OK;
        if (errno != EEXIST) break;
    }
    return gn_fail_errno(err, "%s: cannot create", f->path);
}

gn_status gn_outfile_open(const char *path, gn_outfile **out, gn_error *err) {
    gn_status st = GN_OK;
    gn_outfile *f = gn_alloc(1, sizeof *f);
    if (!f) return gn_fail_nomem(err, path, sizeof *f);
    f->fd = -1;
    f->temporary = NULL;
    f->n_given = f->n_written = 0;
    f->n_gathered = 0;
    f->path = gn_strdup(path);
    if (!f->path) {
        st = gn_fail_nomem(err, path, strlen(path) + 1);
        goto done;
    }
    struct stat info;
    bool there = stat(path, &info) == 0;
    if (!*gn_path_base(path) || (there && S_ISDIR(info.st_mode))) {
        st = gn_fail(err, GN_EIO, "%s: is a folder, expected the name of a file to write", path);
        goto done;
    }
    if (there && !S_ISREG(info.st_mode)) {
        f->fd = open(path, O_WRONLY | O_CLOEXEC);
        if (f->fd < 0) {
            st = gn_fail_errno(err, "%s: cannot open for writing", path);
            goto done;
        }
    } else {
        GN_TRY(create(f, err));
    }
    *out = f;
    f = NULL;
done:
    release(f);
    return st;
}

static gn_status put(gn_outfile *f, const unsigned char *data, size_t n, gn_error *err) {
    size_t at = 0;
    while (at < n) {
        ssize_t did = write(f->fd, data + at, n - at);
        if (did < 0 && errno == EINTR) continue;
        if (did < 0)
            return gn_fail_errno(err, "%s: cannot write %zu bytes at byte %llu", f->path, n - at,
                                 (unsigned long long)f->n_written);
        at += (size_t)did;
        f->n_written += (uint64_t)did;
    }
    return GN_OK;
}

static gn_status flush(gn_outfile *f, gn_error *err) {
    gn_status st = put(f, f->gathered, f->n_gathered, err);
    f->n_gathered = 0;
    return st;
}

gn_status gn_outfile_write(gn_outfile *f, const void *data, size_t n, gn_error *err) {
    gn_status st;
    f->n_given += n;
    if (n > GATHER - f->n_gathered) GN_TRY(flush(f, err));
    if (n >= GATHER) return put(f, data, n, err);
    if (n) memcpy(f->gathered + f->n_gathered, data, n);
    f->n_gathered += n;
    st = GN_OK;
done:
    return st;
}

uint64_t gn_outfile_size(const gn_outfile *f) {
    return f->n_given;
}

gn_status gn_outfile_commit(gn_outfile *f, gn_error *err) {
    gn_status st;
    GN_TRY(flush(f, err));
    int fd = f->fd;
    f->fd = -1;
    if (close(fd) != 0) {
        st = gn_fail_errno(err, "%s: cannot finish writing %llu bytes", f->path,
                           (unsigned long long)f->n_given);
        goto done;
    }
    if (f->temporary && rename(f->temporary, f->path) != 0) {
        st = gn_fail_errno(err, "%s: cannot rename %s to it", f->path, f->temporary);
        goto done;
    }
done:
    if (st != GN_OK) {
        gn_outfile_abandon(f);
    } else {
        release(f);
    }
    return st;
}

void gn_outfile_abandon(gn_outfile *f) {
    if (f && f->temporary) unlink(f->temporary);
    release(f);
}

/* Whether `name` is what create() calls a temporary file of `base`, by a process that is gone. A
 * number that another process has got since keeps the file: too little is removed, not too much. */
static bool is_left_behind(const char *name, const char *base) {
    size_t n = strlen(base);
    char *end;
    if (name[0] != '.' || strncmp(name + 1, base, n) != 0 || name[n + 1] != '.') return false;
    const char *number = name + n + 2;
    if (*number < '1' || *number > '9') return false;
    long process = strtol(number, &end, 10);
    if (*end != '.' || end[1] < '0' || end[1] > '9') return false;
    (void)strtol(end + 1, &end, 10);
    return strcmp(end, ".tmp") == 0 && (pid_t)process == process && kill((pid_t)process, 0) != 0 &&
           errno == ESRCH;
}

gn_status gn_outfile_sweep(const char *path, gn_error *err) {
    char *folder = gn_path_dir(path);
    if (!folder) return gn_fail_nomem(err, path, strlen(path) + 1);
    DIR *d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_left_behind(e->d_name, gn_path_base(path))) unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
    gn_free(folder);
    return GN_OK;
}

gn_status gn_write_file(const char *path, const void *data, size_t n, gn_error *err) {
    gn_outfile *f;
    gn_status st = gn_outfile_open(path, &f, err);
    if (st != GN_OK) return st;
    st = gn_outfile_write(f, data, n, err);
    if (st == GN_OK) return gn_outfile_commit(f, err);
    gn_outfile_abandon(f);
    return st;
}

gn_status gn_make_dirs(const char *path, gn_error *err) {
    gn_status st = GN_OK;
    char *part = gn_strdup(path);
    if (!part) return gn_fail_nomem(err, path, strlen(path) + 1);
    for (char *p = part; *p;) {
        while (*p == '/') p++;
        while (*p && *p != '/') p++;
        char kept = *p;
        *p = '\0';
        if (mkdir(part, 0777) != 0 && !gn_path_is_dir(part)) {
            st = gn_fail_errno(err, "%s: cannot make the folder %s", path, part);
            goto done;
        }
        *p = kept;
    }
done:
    gn_free(part);
    return st;
}
