/* Replays a fuzz target's corpus as an ordinary test: every file as it is, then cut off at every
 * place and with single bytes changed (long files: at about 2000 places spread over them). Nothing
 * is compared; the test passes when nothing crashes and a sanitizer has nothing to say.
 *
 *     replay-NAME FOLDER */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PLACES = 2000 };

/** Hands over an exact copy, so that a sanitizer sees a read past its end. */
static void once(const uint8_t *bytes, size_t n) {
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy) return;
    if (n) memcpy(copy, bytes, n);
    LLVMFuzzerTestOneInput(copy, n);
    free(copy);
}

static void replay(uint8_t *bytes, size_t n) {
    static const uint8_t flip[] = {0x01, 0x10, 0x80, 0xff};
    size_t step = n / PLACES + 1;
    once(bytes, n);
    for (size_t i = 0; i < n; i += step) once(bytes, i);
    for (size_t i = 0; i < n; i += step) {
        for (size_t k = 0; k < sizeof flip; k++) {
            bytes[i] ^= flip[k];
            once(bytes, n);
            bytes[i] ^= flip[k];
        }
    }
}

static uint8_t *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t used = 0, room = 1 << 16;
    uint8_t *bytes = malloc(room);
    while (bytes) {
        size_t got = fread(bytes + used, 1, room - used, f);
        if (got == 0) break;
        used += got;
        if (used < room) continue;
        uint8_t *more = realloc(bytes, room *= 2);
        if (!more) free(bytes);
        bytes = more;
    }
    bool good = bytes && !ferror(f);
    fclose(f);
    *n = used;
    if (good) return bytes;
    free(bytes);
    return NULL;
}

int main(int argc, char **argv) {
    int n_files = 0, n_unread = 0;
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[4096];
        size_t n;
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        uint8_t *bytes = read_file(path, &n);
        if (!bytes) {
            printf("# cannot read %s\n", path);
            n_unread++;
            continue;
        }
        replay(bytes, n);
        free(bytes);
        n_files++;
    }
    if (d) closedir(d);
    printf("# %d files of %s\n", n_files, argc == 2 ? argv[1] : "(no folder given)");
    printf("%sok 1 - replay\n1..1\n", n_files > 0 && n_unread == 0 ? "" : "not ");
    return n_files > 0 && n_unread == 0 ? 0 : 1;
}
