/* Coordinates as files. CSV: row,pc1,pc2 ... with the number of each row in the set; a map's axes
 * have no meaning of their own and are d1, d2 ..., and the share of neighbours kept follows. */
#include "project_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gn_status out_of_memory(gn_error *err) {
    return cli_fail(err, GN_ENOMEM, "out of memory: coordinates");
}

static gn_status write_csv(const char *path, const cli_map *map, size_t n_layers, const int *layer,
                           const cli_view *v, gn_error *err) {
    const size_t k = map->k;
    const bool pc = strncmp(map->axis[0], "PC", 2) == 0;
    size_t room = (n_layers * v->n + 1) * (k + 3) * 26 + 64, used = 0;
    char *text = malloc(room);
    if (!text) return out_of_memory(err);
    used += (size_t)snprintf(text + used, room - used, layer ? "layer,row" : "row");
    for (size_t c = 0; c < k; c++)
        used += (size_t)snprintf(text + used, room - used, ",%s%zu", pc ? "pc" : "d", c + 1);
    used += (size_t)snprintf(text + used, room - used, map->kept ? ",kept\n" : "\n");
    for (size_t l = 0; l < n_layers; l++)
        for (size_t i = 0; i < v->n; i++) {
            if (layer) used += (size_t)snprintf(text + used, room - used, "%d,", layer[l]);
            used +=
                (size_t)snprintf(text + used, room - used, "%zu", v->row ? (size_t)v->row[i] : i);
            for (size_t c = 0; c < k; c++)
                used += (size_t)snprintf(text + used, room - used, ",%.17g", map[l].xy[i * k + c]);
            if (map[l].kept)
                used += (size_t)snprintf(text + used, room - used, ",%.4f", (double)map[l].kept[i]);
            used += (size_t)snprintf(text + used, room - used, "\n");
        }
    gn_status st = gn_text_write(path, text, err);
    free(text);
    return st;
}

gn_status cli_map_write(const char *path, const cli_map *map, size_t n_layers, const int *layer,
                        const cli_view *v, gn_error *err) {
    const size_t n = v->n * map->k, shape[3] = {n_layers, v->n, map->k};
    const char *dot = strrchr(path, '.');
    if (dot && strcmp(dot, ".csv") == 0) return write_csv(path, map, n_layers, layer, v, err);
    double *all = malloc((n_layers * n + 1) * sizeof *all);
    if (!all) return out_of_memory(err);
    for (size_t l = 0; l < n_layers; l++) memcpy(all + l * n, map[l].xy, n * sizeof *all);
    gn_status st = gn_npy_write(path, GN_F64, layer ? shape : shape + 1, layer ? 3 : 2, all, err);
    free(all);
    return st;
}
