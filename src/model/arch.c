/* The families that gonio knows. A new one is its file and one line here. */
#include "model/arch.h"

#include <stdio.h>
#include <string.h>

static const gn_arch *const all[] = {&gn_arch_bert, &gn_arch_distilbert, &gn_arch_roberta,
                                     &gn_arch_gpt2};
enum { N_ARCHS = sizeof all / sizeof all[0] };

const gn_arch *gn_arch_find(const char *model_type, const char *class_name) {
    for (size_t i = 0; i < N_ARCHS; i++) {
        if (!model_type) {
            const char *prefix = all[i]->class_prefix;
            if (class_name && strncmp(class_name, prefix, strlen(prefix)) == 0) return all[i];
            continue;
        }
        for (const char *const *t = all[i]->model_types; *t; t++)
            if (strcmp(*t, model_type) == 0) return all[i];
    }
    return NULL;
}

void gn_arch_list(char *text, size_t n) {
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < N_ARCHS; i++)
        for (const char *const *t = all[i]->model_types; *t && used < n; t++) {
            int k = snprintf(text + used, n - used, "%s%s", used ? ", " : "", *t);
            used += k > 0 ? (size_t)k : 0;
        }
}
