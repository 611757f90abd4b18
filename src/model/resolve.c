/* From what a user types to a folder. A path wins over a name; a name is looked up in the cache
 * that Hugging Face's tools share:
 *
 *     CACHE/models--ORG--NAME/refs/main            the revision's hash, as text
 *     CACHE/models--ORG--NAME/snapshots/HASH/...   its files
 */
#include "base/str.h"
#include "gonio/model.h"
#include "io/file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static gn_status give(const char *path, char *out, size_t n_out, gn_error *err) {
    size_t n = strlen(path);
    if (n >= n_out)
        return gn_fail(err, GN_EINVAL, "the path '%s' needs %zu bytes, there is room for %zu", path,
                       n + 1, n_out);
    memcpy(out, path, n + 1);
    return GN_OK;
}

/* ORG/NAME or NAME: no empty part, no step up, at most one slash. */
static bool is_hub_name(const char *s) {
    const char *slash = strchr(s, '/');
    if (!*s || *s == '.' || *s == '/' || strlen(s) > 200) return false;
    return !slash || (slash[1] && slash[1] != '.' && !strchr(slash + 1, '/'));
}

/* CACHE/models--ORG--NAME */
static char *cache_folder(const char *cache_dir, const char *name) {
    gn_str s = {0};
    char *folder = NULL;
    gn_str_addf(&s, "%s/models--", cache_dir);
    for (const char *c = name; *c; c++)
        if (*c == '/')
            gn_str_add(&s, "--");
        else
            gn_str_add_bytes(&s, c, 1);
    return gn_str_take(&s, &folder, NULL) == GN_OK ? folder : NULL;
}

/* The revision that refs/main names, or the only one that is there. */
static bool find_revision(const char *folder, char *revision, size_t n) {
    char *text = NULL, *path = gn_path_join(folder, "refs/main"), *snapshots = NULL;
    size_t n_text, count = 0;
    bool found = false;
    if (path && gn_read_file(path, 4096, &text, &n_text, NULL) == GN_OK) {
        size_t k = strcspn(text, " \r\n\t");
        found = k > 0 && k < n && !memchr(text, '/', k) && text[0] != '.';
        if (found) {
            memcpy(revision, text, k);
            revision[k] = '\0';
        }
    }
    if (!found && (snapshots = gn_path_join(folder, "snapshots"))) {
        DIR *dir = opendir(snapshots);
        for (struct dirent *e; dir && (e = readdir(dir));)
            if (e->d_name[0] != '.' && count++ == 0) snprintf(revision, n, "%s", e->d_name);
        if (dir) closedir(dir);
        found = count == 1;
    }
    gn_free(text);
    gn_free(path);
    gn_free(snapshots);
    return found;
}

static gn_status from_cache(const char *model, const char *cache_dir, char *out, size_t n_out,
                            gn_error *err) {
    char revision[256];
    gn_str s = {0};
    char *path = NULL, *folder = cache_folder(cache_dir, model);
    gn_status st;
    if (!folder) return gn_fail_nomem(err, "a path", 0);
    if (!gn_path_is_dir(folder)) {
        st = gn_fail(err, GN_EIO,
                     "no model '%s': neither a file or folder of that name nor %s "
                     "exists",
                     model, folder);
        goto done;
    }
    if (!find_revision(folder, revision, sizeof revision)) {
        st = gn_fail(err, GN_EIO, "no model '%s': %s has no refs/main and not exactly one snapshot",
                     model, folder);
        goto done;
    }
    gn_str_addf(&s, "%s/snapshots/%s", folder, revision);
    GN_TRY(gn_str_take(&s, &path, err));
    st = gn_path_is_dir(path)
             ? give(path, out, n_out, err)
             : gn_fail(err, GN_EIO, "no model '%s': refs/main names %s, which is not there", model,
                       path);
done:
    gn_free(path);
    gn_free(folder);
    return st;
}

gn_status gn_model_resolve(const char *model, const char *cache_dir, char *out, size_t n_out,
                           gn_error *err) {
    if (gn_path_is_dir(model)) return give(model, out, n_out, err);
    if (gn_path_is_file(model)) {
        char *dir = gn_path_dir(model);
        if (!dir) return gn_fail_nomem(err, "a path", 0);
        gn_status st = give(dir, out, n_out, err);
        gn_free(dir);
        return st;
    }
    if (!cache_dir || !is_hub_name(model))
        return gn_fail(err, GN_EIO, "no model '%s': no file or folder of that name exists%s", model,
                       cache_dir ? "" : ", and no cache folder was given");
    return from_cache(model, cache_dir, out, n_out, err);
}
