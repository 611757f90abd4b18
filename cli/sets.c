#define _POSIX_C_SOURCE 200809L
#include "sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gn_status out_of_memory(gn_error *err) {
    *err = (gn_error){.code = GN_ENOMEM, .message = "out of memory: the names of sets"};
    return GN_ENOMEM;
}

/* Where the last `parts` parts of a path begin; *whole tells whether that is all of it. */
static const char *tail(const char *path, size_t parts, bool *whole) {
    const char *at = path + strlen(path);
    for (size_t seen = 0; at > path; at--)
        if (at[-1] == '/' && ++seen == parts) break;
    *whole = at == path;
    return at;
}

static bool clashes(const char **name, size_t n, size_t i) {
    for (size_t j = 0; j < n; j++)
        if (j != i && strcmp(name[i], name[j]) == 0) return true;
    return false;
}

/* Lengthens names that are equal, part by part, until all differ or nothing is left to add. All
 * that clash are lengthened together, so that "a/reps" never stands beside a bare "reps". */
static gn_status tell_apart(char **path, size_t n, const char **name, gn_error *err) {
    bool whole, again = true, *clash = calloc(n, sizeof *clash);
    if (!clash) return out_of_memory(err);
    for (size_t i = 0; i < n; i++) name[i] = tail(path[i], 1, &whole);
    for (size_t parts = 2; again; parts++) {
        again = false;
        for (size_t i = 0; i < n; i++) clash[i] = clashes(name, n, i);
        for (size_t i = 0; i < n; i++) {
            if (!clash[i]) continue;
            name[i] = tail(path[i], parts, &whole);
            again |= !whole;
        }
    }
    free(clash);
    return GN_OK;
}

static gn_status name_all(cli_sets *s, char **operand, gn_error *err) {
    gn_status st = out_of_memory(err);
    char **path = calloc(s->n, sizeof *path);
    const char **name = calloc(s->n, sizeof *name);
    if (!path || !name) goto done;
    for (size_t i = 0; i < s->n; i++) {
        if (!(path[i] = strdup(operand[i]))) goto done;
        for (size_t k = strlen(path[i]); k > 1 && path[i][k - 1] == '/';) path[i][--k] = '\0';
    }
    if (tell_apart(path, s->n, name, err) != GN_OK) goto done;
    for (size_t i = 0; i < s->n; i++) {
        size_t earlier = 0, room = strlen(name[i]) + 32;
        for (size_t j = 0; j < i; j++) earlier += strcmp(name[j], name[i]) == 0;
        if (!(s->name[i] = malloc(room))) goto done;
        snprintf(s->name[i], room, earlier ? "%s (%zu)" : "%s", name[i], earlier + 1);
    }
    err->code = st = GN_OK;
done:
    for (size_t i = 0; path && i < s->n; i++) free(path[i]);
    free(path);
    free(name);
    return st;
}

gn_status cli_sets_open(cli_sets *s, char **operand, size_t n, const char *layers, gn_error *err) {
    gn_status st = GN_OK;
    *s = (cli_sets){.n = n};
    s->reps = calloc(n + 1, sizeof *s->reps);
    s->name = calloc(n + 1, sizeof *s->name);
    if (!s->reps || !s->name) return out_of_memory(err);
    for (size_t i = 0; i < n && st == GN_OK; i++) {
        st = gn_reps_open(operand[i], &s->reps[i], err);
        if (st == GN_OK) st = gn_reps_select_layers(s->reps[i], layers, err);
    }
    return st == GN_OK ? name_all(s, operand, err) : st;
}

void cli_sets_free(cli_sets *s) {
    for (size_t i = 0; s->reps && i < s->n; i++) gn_reps_free(s->reps[i]);
    for (size_t i = 0; s->name && i < s->n; i++) free(s->name[i]);
    free(s->reps);
    free(s->name);
    *s = (cli_sets){0};
}

bool cli_sets_layered(const cli_sets *s) {
    for (size_t i = 0; i < s->n; i++)
        if (gn_reps_layers(s->reps[i]) > 1) return true;
    return false;
}

size_t cli_sets_layers(const cli_sets *s) {
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) n += gn_reps_layers(s->reps[i]);
    return n;
}

bool cli_sets_crowded(const cli_sets *s) {
    return s->n > 1 && cli_sets_layered(s) && cli_sets_layers(s) > 10;
}
