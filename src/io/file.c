/* Reading files. Regular files are mapped privately and read-only: the kernel pages them in as they
 * are used, so that a matrix larger than memory works like a small one. Pipes and gzip files have
 * no bytes to map and are read into memory, which is why their readers take a limit.
 *
 * A file that another program shortens while it is mapped raises SIGBUS when the missing part is
 * touched; no reader of mapped files can turn that into an error message. A library leaves signals
 * alone: the program says what happened (cli/cli.c), and the viewer goes on (cli/cmd_view.c,
 * view/data/watch.c). */
#define _GNU_SOURCE
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { FIRST_ROOM = 1 << 16 };

/** Reads a descriptor to its end. `*n` bytes and a NUL. */
static gn_status read_all(int fd, const char *path, char **out, size_t *n, gn_error *err) {
    char *bytes = NULL;
    size_t used = 0, room = 0;
    gn_status st = GN_OK;
    for (;;) {
        if (used + 1 >= room) {
            room = room ? room * 2 : FIRST_ROOM;
            char *more = gn_realloc(bytes, room, 1);
            if (!more) {
                st = gn_fail_nomem(err, path, room);
                goto done;
            }
            bytes = more;
        }
        ssize_t got = read(fd, bytes + used, room - used - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            st = gn_fail_errno(err, "%s: cannot read at byte %zu", path, used);
            goto done;
        }
        if (got == 0) break;
        used += (size_t)got;
    }
    bytes[used] = '\0';
    *out = bytes;
    *n = used;
    bytes = NULL;
done:
    gn_free(bytes);
    return st;
}

gn_status gn_map_open(const char *path, gn_map *out, gn_error *err) {
    static const unsigned char nothing[1] = {0};
    gn_status st = GN_OK;
    gn_map map = {0};
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return gn_fail_errno(err, "%s: cannot open", path);
    if (fstat(fd, &info) != 0) {
        st = gn_fail_errno(err, "%s: cannot ask for its size", path);
        goto done;
    }
    if (S_ISDIR(info.st_mode)) {
        st = gn_fail(err, GN_EIO, "%s: is a folder, expected a file", path);
        goto done;
    }
    if (!S_ISREG(info.st_mode)) {
        char *bytes = NULL;
        GN_TRY(read_all(fd, path, &bytes, &map.n, err));
        map.memory = bytes;
        map.data = map.memory;
    } else if (info.st_size == 0) {
        map.data = nothing;
    } else {
        if ((uintmax_t)info.st_size > SIZE_MAX / 2) {
            st = gn_fail(err, GN_ENOSUPP, "%s: %jd bytes do not fit this machine's addresses", path,
                         (intmax_t)info.st_size);
            goto done;
        }
        map.n = (size_t)info.st_size;
        map.pages = mmap(NULL, map.n, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map.pages == MAP_FAILED) {
            st = gn_fail_errno(err, "%s: cannot map %zu bytes", path, map.n);
            goto done;
        }
        map.data = map.pages;
    }
    *out = map;
done:
    close(fd);
    return st;
}

void gn_map_close(gn_map *map) {
    if (map->pages) munmap(map->pages, map->n);
    gn_free(map->memory);
    *map = (gn_map){0};
}

bool gn_is_gzip(const unsigned char *bytes, size_t n) {
    return n >= 3 && bytes[0] == 0x1f && bytes[1] == 0x8b && bytes[2] == 8;
}

gn_status gn_gunzip(const unsigned char *bytes, size_t n_bytes, const char *name, size_t max_bytes,
                    char **out, size_t *n, gn_error *err) {
    gn_status st = GN_OK;
    char *text = NULL;
    size_t used = 0, room = 0, at = 0;
    z_stream z = {0};
    bool started = false;
    if (inflateInit2(&z, 15 + 16) != Z_OK) return gn_fail_nomem(err, "inflating", sizeof z);
    while (at < n_bytes || started) {
        if (!started && !gn_is_gzip(bytes + at, n_bytes - at)) {
            /* Zero padding behind the last member is common (tapes, block devices). */
            size_t i = at;
            while (i < n_bytes && bytes[i] == 0) i++;
            if (i == n_bytes) break;
            st = gn_fail(err, GN_EDATA, "%s: byte %zu: garbage behind the gzip data", name, at);
            goto done;
        }
        started = true;
        if (used + 1 >= room) {
            size_t grown = room ? room * 2 : FIRST_ROOM;
            if (max_bytes < SIZE_MAX - 2 && grown > max_bytes + 2) grown = max_bytes + 2;
            char *more = gn_realloc(text, grown, 1);
            if (!more) {
                st = gn_fail_nomem(err, name, grown);
                goto done;
            }
            text = more;
            room = grown;
        }
        size_t in = n_bytes - at < UINT_MAX ? n_bytes - at : UINT_MAX;
        size_t space = room - used - 1 < UINT_MAX ? room - used - 1 : UINT_MAX;
        z.next_in = (z_const Bytef *)(uintptr_t)(bytes + at); /* zlib only reads it */
        z.avail_in = (uInt)in;
        z.next_out = (Bytef *)text + used;
        z.avail_out = (uInt)space;
        int zs = inflate(&z, Z_NO_FLUSH);
        at += in - z.avail_in;
        used += space - z.avail_out;
        if (used > max_bytes) {
            st = gn_fail(err, GN_EDATA, "%s: larger than the limit of %zu bytes when inflated",
                         name, max_bytes);
            goto done;
        }
        if (zs == Z_STREAM_END) {
            inflateReset(&z);
            started = false;
        } else if (zs == Z_MEM_ERROR) {
            st = gn_fail_nomem(err, "inflating", room);
            goto done;
        } else if (zs == Z_BUF_ERROR && z.avail_out > 0) {
            st = gn_fail(err, GN_EDATA, "%s: gzip data ends at byte %zu in the middle of a member",
                         name, n_bytes);
            goto done;
        } else if (zs != Z_OK && zs != Z_BUF_ERROR) {
            st = gn_fail(err, GN_EDATA, "%s: damaged gzip data near byte %zu: %s", name, at,
                         z.msg ? z.msg : "no reason given");
            goto done;
        }
    }
    if (!text && !(text = gn_realloc(NULL, 1, 1))) {
        st = gn_fail_nomem(err, name, 1);
        goto done;
    }
    text[used] = '\0';
    *out = text;
    *n = used;
    text = NULL;
done:
    inflateEnd(&z);
    gn_free(text);
    return st;
}

gn_status gn_read_file(const char *path, size_t max_bytes, char **out, size_t *n, gn_error *err) {
    gn_map map = {0};
    gn_status st = gn_map_open(path, &map, err);
    if (st != GN_OK) return st;
    if (gn_is_gzip(map.data, map.n)) {
        GN_TRY(gn_gunzip(map.data, map.n, path, max_bytes, out, n, err));
    } else if (map.n > max_bytes) {
        st = gn_fail(err, GN_EDATA, "%s: %zu bytes, the limit is %zu", path, map.n, max_bytes);
    } else {
        char *text = gn_realloc(NULL, map.n + 1, 1);
        if (!text) {
            st = gn_fail_nomem(err, path, map.n + 1);
            goto done;
        }
        memcpy(text, map.data, map.n);
        text[map.n] = '\0';
        *out = text;
        *n = map.n;
    }
done:
    gn_map_close(&map);
    return st;
}

char *gn_path_join(const char *dir, const char *name) {
    if (!*dir || *name == '/') return gn_strdup(name);
    size_t n = strlen(dir), m = strlen(name);
    char *path = gn_alloc(n + m + 2, 1);
    if (!path) return NULL;
    memcpy(path, dir, n);
    if (path[n - 1] != '/') path[n++] = '/';
    memcpy(path + n, name, m + 1);
    return path;
}

const char *gn_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *gn_path_dir(const char *path) {
    size_t n = (size_t)(gn_path_base(path) - path);
    if (n == 0) return gn_strdup(".");
    while (n > 1 && path[n - 1] == '/') n--;
    char *dir = gn_alloc(n + 1, 1);
    if (!dir) return NULL;
    memcpy(dir, path, n);
    dir[n] = '\0';
    return dir;
}

bool gn_path_has_suffix(const char *path, const char *suffix) {
    size_t n = strlen(path), m = strlen(suffix);
    if (n < m) return false;
    for (size_t i = 0; i < m; i++) {
        char a = path[n - m + i], b = suffix[i];
        if (a >= 'A' && a <= 'Z') a = (char)(a + 32);
        if (b >= 'A' && b <= 'Z') b = (char)(b + 32);
        if (a != b) return false;
    }
    return true;
}

bool gn_path_is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

bool gn_path_is_regular(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool gn_path_is_dir(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool gn_path_is_inside(const char *folder, const char *path) {
    char real[PATH_MAX];
    size_t n = strlen(folder);
    return realpath(path, real) && strncmp(real, folder, n) == 0 &&
           (real[n] == '/' || (n > 0 && folder[n - 1] == '/'));
}
