/* One rule keeps resuming honest: the document is complete before the first row is computed, except
 * for the state. So "same inputs and options" is "same document but for the state", and a
 * difference can be named by its path. */
#include "reps/about.h"

#include "io/file.h"
#include "io/json.h"
#include "reps/folder.h"

#include <stdio.h>
#include <string.h>

static const char *const state_members[] = {"state", "rows_written", "sequences_done"};
enum { N_STATE = sizeof state_members / sizeof *state_members };

static gn_status no_memory(gn_error *err) {
    return gn_fail_nomem(err, "gonio.json", 0);
}

static json_t *layer_list(const gn_reps_plan *plan) {
    json_t *list = json_array();
    for (size_t i = 0; list && i < plan->n_layers; i++) {
        char file[32];
        gn_layer_file(plan->layer[i], file);
        double depth = plan->n_blocks ? (double)plan->layer[i] / (double)plan->n_blocks : 0;
        json_t *item = json_pack("{s:I, s:f, s:s}", "index", (json_int_t)plan->layer[i], "depth",
                                 depth, "file", file);
        if (json_array_append_new(list, item) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *label_list(const gn_reps_plan *plan) {
    json_t *list = json_array();
    char(*file)[128] = gn_calloc(plan->n_columns + 1, sizeof *file);
    const char **taken = gn_calloc(plan->n_columns + 1, sizeof *taken);
    bool ok = list && file && taken;
    for (size_t i = 0; ok && i < plan->n_columns; i++) {
        gn_column_file(plan->column[i].name, taken, i, file[i]);
        taken[i] = file[i];
        ok = json_array_append_new(list, json_pack("{s:s, s:s+, s:I}", "name", plan->column[i].name,
                                                   "file", "rows/", file[i], "classes",
                                                   (json_int_t)plan->column[i].n_classes)) == 0;
    }
    gn_free(file);
    gn_free(taken);
    if (!ok) {
        json_decref(list);
        return NULL;
    }
    return list;
}

gn_status gn_about_set_state(json_t *about, size_t rows_written, size_t sequences_done,
                             bool complete, gn_error *err) {
    int bad = json_object_set_new(about, "state", json_string(complete ? "complete" : "writing"));
    bad |= json_object_set_new(about, "rows_written", json_integer((json_int_t)rows_written));
    bad |= json_object_set_new(about, "sequences_done", json_integer((json_int_t)sequences_done));
    return bad ? no_memory(err) : GN_OK;
}

gn_status gn_about_new(const gn_reps_plan *plan, json_t **out, gn_error *err) {
    gn_status st = GN_OK;
    json_t *about = json_pack("{s:s, s:i}", "gonio", gn_version(), "format", 1);
    if (!about) return no_memory(err);
    GN_TRY(gn_about_set_state(about, 0, 0, false, err));
    int bad = json_object_set_new(about, "rows", json_integer((json_int_t)plan->n_rows));
    bad |= json_object_set_new(about, "dims", json_integer((json_int_t)plan->n_dims));
    bad |= json_object_set_new(about, "sequences", json_integer((json_int_t)plan->n_sequences));
    bad |= json_object_set_new(about, "dtype", json_string(gn_dtype_name(plan->dtype)));
    bad |= json_object_set_new(about, "layers", layer_list(plan));
    bad |= json_object_set_new(about, "labels", label_list(plan));
    bad |= json_object_update_missing(about, plan->about);
    if (bad) {
        st = no_memory(err);
        goto done;
    }
    *out = json_incref(about);
done:
    json_decref(about);
    return st;
}

/* The first difference below `path`, depth first; false when there is none. */
static bool find_difference(const json_t *there, const json_t *now, const char *path, char *what,
                            size_t n_what) {
    if (json_is_object(there) && json_is_object(now)) {
        for (int side = 0; side < 2; side++) {
            const char *key;
            json_t *value;
            /* jansson iterates through a non-const pointer but changes nothing */
            json_t *walked = json_incref((json_t *)(uintptr_t)(side ? there : now));
            bool found = false;
            json_object_foreach(walked, key, value) {
                bool skip = false;
                for (size_t i = 0; i < N_STATE; i++)
                    skip = skip || (!*path && strcmp(key, state_members[i]) == 0);
                if (skip) continue;
                char below[256];
                snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", key);
                found = find_difference(json_object_get(there, key), json_object_get(now, key),
                                        below, what, n_what);
                if (found) break;
            }
            json_decref(walked);
            if (found) return true;
        }
        return false;
    }
    if (there && now && json_equal(there, now)) return false;
    gn_str a = {0}, b = {0};
    if (there) gn_about_text(there, JSON_ENCODE_ANY | JSON_COMPACT, &a);
    if (now) gn_about_text(now, JSON_ENCODE_ANY | JSON_COMPACT, &b);
    snprintf(what, n_what, "%s is %.120s there and %.120s now", path, a.text ? a.text : "missing",
             b.text ? b.text : "missing");
    gn_str_free(&a);
    gn_str_free(&b);
    return true;
}

bool gn_about_same(const json_t *there, const json_t *now, char *what, size_t n_what) {
    return !find_difference(there, now, "", what, n_what);
}

static int add_bytes(const char *bytes, size_t n, void *out) {
    gn_str_add_bytes(out, bytes, n);
    return 0;
}

void gn_about_text(const json_t *value, size_t flags, gn_str *out) {
    if (json_dump_callback(value, add_bytes, out, flags) != 0) out->bad = true;
}

gn_status gn_about_load(const char *dir, json_t **out, gn_error *err) {
    enum { MOST = 1 << 26 };
    char *path = gn_path_join(dir, "gonio.json");
    if (!path) return no_memory(err);
    gn_status st = gn_json_open(path, MOST, out, err);
    gn_free(path);
    return st;
}

gn_status gn_about_save(const json_t *about, const char *dir, gn_error *err) {
    gn_status st = GN_OK;
    gn_str text = {0};
    char *path = gn_path_join(dir, "gonio.json");
    /* 17 digits bring every float64 back */
    gn_about_text(about, JSON_INDENT(1) | JSON_REAL_PRECISION(17), &text);
    gn_str_add(&text, "\n");
    st = !path || text.bad ? no_memory(err) : gn_write_file(path, text.text, text.n, err);
    gn_str_free(&text);
    gn_free(path);
    return st;
}
