/* Files for tests: a fresh folder, whole files in and out, what a folder holds. */
#ifndef GN_TESTS_FILES_H
#define GN_TESTS_FILES_H

#include "tap.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

/** Makes (if needed) and empties GN_TMP/NAME, which holds files only. */
static inline const char *fresh_dir(const char *name) {
    const char *dir = tmp_path(name);
    mkdir(dir, 0777);
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[2048];
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.' || strlen(e->d_name) > 2) unlink(path);
    }
    if (d) closedir(d);
    return dir;
}
/** Number of entries of a folder besides "." and "..", hidden ones included; -1 when there is none.
 */
static inline int count_files(const char *dir) {
    DIR *d = opendir(dir);
    if (!d) return -1;
    int n = -2;
    while (readdir(d)) n++;
    closedir(d);
    return n;
}
/** Writes a file by plain stdio; false when that fails. */
static inline bool put_file(const char *path, const void *bytes, size_t n) {
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    bool good = fwrite(bytes, 1, n, f) == n;
    return fclose(f) == 0 && good;
}
/** Reads a file of at most `room` bytes; SIZE_MAX when that fails. */
static inline size_t get_file(const char *path, void *bytes, size_t room) {
    FILE *f = fopen(path, "rb");
    if (!f) return SIZE_MAX;
    size_t n = fread(bytes, 1, room, f);
    fclose(f);
    return n;
}

#endif
