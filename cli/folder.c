#define _POSIX_C_SOURCE 200809L
#include "folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

gn_status cli_folder(const char *path, gn_error *err) {
    struct stat at;
    if (mkdir(path, 0777) == 0 || (stat(path, &at) == 0 && S_ISDIR(at.st_mode))) return GN_OK;
    snprintf(err->message, sizeof err->message, "%.900s: cannot be made a folder: %s", path,
             strerror(errno));
    return err->code = GN_EIO;
}

void cli_layer_file(const char *dir, const char *set, size_t layer, const char *suffix, char *out,
                    size_t n) {
    char name[256];
    snprintf(name, sizeof name, "%s", set);
    for (char *c = name; *c; c++)
        if (*c == '/') *c = '_';
    snprintf(out, n, "%s/%s.layer.%02zu%s", dir, name, layer, suffix);
}

void cli_cache_path(const char *name, char *out, size_t n) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache)
        snprintf(out, n, "%s/gonio/%s", cache, name);
    else
        snprintf(out, n, "%s/.cache/gonio/%s", home ? home : ".", name);
}
