/* Deleting is the dangerous half of overwriting. The rule here: only names that a set has are ever
 * removed, one by one, never a tree; whatever else lies in the folder stops the call before
 * anything is touched. */
#define _GNU_SOURCE
#include "reps/folder.h"

#include "io/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folders[] = {"rows", "knn"};
enum { N_FOLDERS = sizeof folders / sizeof *folders };

void gn_layer_file(size_t layer, char out[32]) {
    snprintf(out, 32, "layer.%02zu.npy", layer);
}

static bool is_taken(const char *file, const char *const *taken, size_t n_taken) {
    static const char *const own[] = {"token_id", "sequence", "position"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcasecmp(file, own[i]) == 0) return true;
    for (size_t i = 0; i < n_taken; i++)
        if (strcasecmp(file, taken[i]) == 0) return true;
    return false;
}

void gn_column_file(const char *name, const char *const *taken, size_t n_taken, char out[128]) {
    enum { MOST = 100 };
    size_t n = 0;
    for (; name[n] && n < MOST; n++) {
        unsigned char c = (unsigned char)name[n];
        bool bad = c < 0x20 || c == 0x7f || strchr("/\\:*?\"<>|", c) || (c == '.' && n == 0);
        out[n] = bad ? '_' : (char)c;
    }
    /* a name that was cut ends at a character, not inside one */
    if (name[n])
        while (n > 0 && ((unsigned char)name[n] & 0xc0u) == 0x80u) n--;
    if (n == 0) out[n++] = '_';
    out[n] = '\0';
    for (size_t i = 2; is_taken(out, taken, n_taken); i++) snprintf(out + n, 128 - n, "_%zu", i);
}

/* What a process that was killed inside io/outfile.c leaves behind. */
static bool is_temporary(const char *name) {
    return name[0] == '.' && gn_path_has_suffix(name, ".tmp");
}

static bool is_part_of_set(const char *name) {
    if (is_temporary(name)) return true;
    static const char *const files[] = {"gonio.json", "vocab.txt", "text.jsonl"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(name, files[i]) == 0) return true;
    for (size_t i = 0; i < N_FOLDERS; i++)
        if (strcmp(name, folders[i]) == 0) return true;
    return strncmp(name, "layer.", 6) == 0 && gn_path_has_suffix(name, ".npy");
}

gn_status gn_folder_examine(const char *dir, gn_folder_kind *kind, char *foreign, gn_error *err) {
    foreign[0] = '\0';
    DIR *d = opendir(dir);
    if (!d) {
        if (errno != ENOENT) return gn_fail_errno(err, "%s: cannot be read as a folder", dir);
        *kind = GN_FOLDER_NONE;
        return GN_OK;
    }
    bool any = false, about = false, only_parts = true;
    for (struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (is_temporary(e->d_name)) continue;
        bool part = is_part_of_set(e->d_name);
        about = about || strcmp(e->d_name, "gonio.json") == 0;
        /* the least of those that are no part; while there are parts only, any of them */
        if (!any || (!part && (only_parts || strcmp(e->d_name, foreign) < 0)))
            snprintf(foreign, GN_FOLDER_NAME, "%s", e->d_name);
        only_parts = only_parts && part;
        any = true;
    }
    closedir(d);
    if (about && only_parts) foreign[0] = '\0';
    *kind = about ? GN_FOLDER_SET : any ? GN_FOLDER_OTHER : GN_FOLDER_NONE;
    return GN_OK;
}

/* Removes the regular files of `dir` that `wanted` accepts (NULL: all). */
static gn_status remove_files(const char *dir, bool (*wanted)(const char *), gn_error *err) {
    DIR *d = opendir(dir);
    if (!d) return errno == ENOENT ? GN_OK : gn_fail_errno(err, "%s: cannot be emptied", dir);
    gn_status st = GN_OK;
    for (struct dirent *e; st == GN_OK && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (wanted && !wanted(e->d_name)) continue;
        if (unlinkat(dirfd(d), e->d_name, 0) != 0 && errno != ENOENT)
            st = gn_fail_errno(err, "%s/%s: cannot be removed", dir, e->d_name);
    }
    closedir(d);
    return st;
}

static bool is_file_but_about(const char *name) {
    for (size_t i = 0; i < N_FOLDERS; i++)
        if (strcmp(name, folders[i]) == 0) return false;
    return strcmp(name, "gonio.json") != 0 && is_part_of_set(name);
}

gn_status gn_folder_sweep(const char *dir, gn_error *err) {
    gn_status st = remove_files(dir, is_temporary, err);
    for (size_t i = 0; st == GN_OK && i < N_FOLDERS; i++) {
        char *path = gn_path_join(dir, folders[i]);
        if (!path) return gn_fail_nomem(err, dir, strlen(dir));
        st = remove_files(path, is_temporary, err);
        gn_free(path);
    }
    return st;
}

gn_status gn_folder_clear(const char *dir, gn_error *err) {
    gn_status st = GN_OK;
    char *path = NULL;
    for (size_t i = 0; i < N_FOLDERS; i++) {
        gn_free(path);
        path = NULL;
        if (!(path = gn_path_join(dir, folders[i]))) {
            st = gn_fail_nomem(err, dir, strlen(dir));
            goto done;
        }
        GN_TRY(remove_files(path, NULL, err));
        if (rmdir(path) != 0 && errno != ENOENT) {
            st = gn_fail_errno(err, "%s: cannot be removed", path);
            goto done;
        }
    }
    GN_TRY(remove_files(dir, is_file_but_about, err));
    gn_free(path);
    path = NULL;
    if (!(path = gn_path_join(dir, "gonio.json")))
        st = gn_fail_nomem(err, dir, strlen(dir));
    else if (unlink(path) != 0 && errno != ENOENT)
        st = gn_fail_errno(err, "%s: cannot be removed", path);
done:
    gn_free(path);
    return st;
}

gn_status gn_folder_replace(const char *dir, const char *part, gn_error *err) {
#ifdef RENAME_EXCHANGE
    if (renameat2(AT_FDCWD, part, AT_FDCWD, dir, RENAME_EXCHANGE) == 0) {
        gn_status st = gn_folder_clear(part, err);
        if (st == GN_OK && rmdir(part) != 0) st = gn_fail_errno(err, "%s: cannot be removed", part);
        return st;
    }
#endif
    gn_status st = gn_folder_clear(dir, err);
    if (st != GN_OK) return st;
    if (rename(part, dir) != 0) return gn_fail_errno(err, "%s: cannot be renamed to %s", part, dir);
    return GN_OK;
}
