#include "gonio/result.h"

#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

gn_status gn_text_write(const char *path, const char *text, gn_error *err) {
    gn_status st;
    gn_str name = {0};
    char *temporary = NULL;
    FILE *f = NULL;
    gn_str_addf(&name, "%s.part%ld", path, (long)getpid());
    GN_TRY(gn_str_take(&name, &temporary, err));
    size_t n = strlen(text);
    errno = 0;
    f = fopen(temporary, "wb");
    if (!f) {
        st = gn_fail_errno(err, "%s: cannot create the file", path);
        goto done;
    }
    bool good = fwrite(text, 1, n, f) == n && fflush(f) == 0;
    int code = errno;
    good = fclose(f) == 0 && good;
    if (good && rename(temporary, path) != 0) {
        good = false;
        code = errno;
    }
    if (!good) {
        remove(temporary);
        errno = code;
        st = gn_fail_errno(err, "%s: cannot write %zu bytes", path, n);
    }
done:
    gn_free(temporary);
    return st;
}
