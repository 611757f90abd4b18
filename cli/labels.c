#define _POSIX_C_SOURCE 200809L
#include "labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const gn_labels *column(const gn_reps *reps, const char *name) {
    for (size_t c = 0; c < gn_reps_label_count(reps); c++)
        if (strcmp(gn_reps_label_name(reps, c), name) == 0) return gn_reps_labels(reps, c);
    return NULL;
}

/* One name; takes it over. */
static gn_status add(cli_labels *l, const gn_reps *reps, char *spec, gn_error *err) {
    size_t i = l->n;
    if (!spec || i == CLI_LABELS_MAX) {
        *err = (gn_error){.code = spec ? GN_EINVAL : GN_ENOMEM};
        snprintf(err->message, sizeof err->message,
                 spec ? "labels: more than %d columns" : "out of memory: names of labels (%d)",
                 CLI_LABELS_MAX);
        free(spec);
        return err->code;
    }
    l->name[l->n++] = spec;
    l->label[i] = (gn_measure_label){column(reps, spec), spec};
    if (l->label[i].labels) return GN_OK;
    bool types = strcmp(spec, "type") == 0 && gn_reps_token_id(reps);
    gn_status st =
        types ? gn_reps_types(reps, &l->opened[i], err) : gn_labels_open(spec, &l->opened[i], err);
    if (st != GN_OK) return st;
    l->label[i].labels = l->opened[i];
    const char *slash = strrchr(spec, '/');
    if (slash && slash[1]) l->label[i].name = slash + 1;
    return GN_OK;
}

gn_status cli_labels_find(cli_labels *l, const gn_reps *reps, const char *spec, gn_error *err) {
    gn_status st = GN_OK;
    *l = (cli_labels){0};
    if (!spec) return GN_OK;
    if (column(reps, spec)) return add(l, reps, strdup(spec), err);
    for (const char *part = spec; st == GN_OK; part++) {
        size_t n = strcspn(part, ",");
        st = add(l, reps, strndup(part, n), err);
        part += n;
        if (!*part) break;
    }
    return st;
}

void cli_labels_free(cli_labels *l) {
    for (size_t i = 0; i < l->n; i++) {
        free(l->name[i]);
        gn_labels_free(l->opened[i]);
    }
    *l = (cli_labels){0};
}
