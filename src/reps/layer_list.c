/* "0,3-6,-1": single layers and ranges, negative ones counted from the end. A '-' is a range when a
 * number stands before it, a sign otherwise. */
#include "reps/layer_list.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

struct list {
    const char *text, *at;
    size_t n_blocks;
};

static gn_status complain(const struct list *l, const char *what, gn_error *err) {
    return gn_fail(err, GN_EINVAL,
                   "layers \"%s\": %s at character %zu; expected a list such as "
                   "\"0,3-6,-1\" of layers from 0 to %zu, or \"all\"",
                   l->text, what, (size_t)(l->at - l->text) + 1, l->n_blocks);
}

static gn_status read_layer(struct list *l, size_t *out, gn_error *err) {
    bool negative = *l->at == '-';
    const char *digits = l->at + negative;
    size_t value = 0, n = 0;
    for (; isdigit((unsigned char)digits[n]) && value <= l->n_blocks; n++)
        value = value * 10 + (size_t)(digits[n] - '0');
    if (n == 0) return complain(l, "no number", err);
    if (negative ? value == 0 || value > l->n_blocks + 1 : value > l->n_blocks)
        return complain(l, "a layer that is not there", err);
    *out = negative ? l->n_blocks + 1 - value : value;
    l->at = digits + n;
    return GN_OK;
}

gn_status gn_layer_list(const char *list, size_t n_blocks, size_t *layer, size_t *n_layers,
                        gn_error *err) {
    struct list l = {list, list, n_blocks};
    gn_status st = GN_OK;
    bool *wanted = gn_calloc(n_blocks + 1, sizeof *wanted);
    if (!wanted) return gn_fail_nomem(err, "the list of layers", n_blocks + 1);
    bool all = !list || strcmp(list, "all") == 0;
    if (all) memset(wanted, 1, n_blocks + 1);
    while (!all) {
        size_t first, last;
        GN_TRY(read_layer(&l, &first, err));
        last = first;
        if (*l.at == '-') {
            l.at++;
            GN_TRY(read_layer(&l, &last, err));
        }
        if (last < first) {
            st = complain(&l, "a range that goes down ends", err);
            goto done;
        }
        for (size_t i = first; i <= last; i++) wanted[i] = true;
        if (!*l.at) break;
        if (*l.at != ',') {
            st = complain(&l, "no comma", err);
            goto done;
        }
        l.at++;
    }
    *n_layers = 0;
    for (size_t i = 0; i <= n_blocks; i++)
        if (wanted[i]) layer[(*n_layers)++] = i;
done:
    gn_free(wanted);
    return st;
}
