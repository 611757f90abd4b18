/* PNG says its size in the first chunk, IHDR. JPEG is a list of segments, each with a marker and a
 * length; the one that begins the frame (SOF0 to SOF15 but for DHT, JPG and DAC) has it. */
#include "io/image.h"

#include <string.h>

static size_t big_endian(const unsigned char *p, size_t n) {
    size_t v = 0;
    for (size_t i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

static bool is_frame(unsigned char marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static bool read_jpeg(const unsigned char *bytes, size_t n, gn_image *out) {
    for (size_t at = 2; at + 4 <= n;) {
        if (bytes[at] != 0xFF) return false;
        const unsigned char marker = bytes[at + 1];
        if (marker == 0xFF) { /* a fill byte */
            at++;
            continue;
        }
        const size_t length = big_endian(bytes + at + 2, 2);
        if (length < 2 || marker == 0xDA || marker == 0xD9) return false;
        if (is_frame(marker)) {
            if (at + 9 > n || length < 7) return false;
            out->height = big_endian(bytes + at + 5, 2);
            out->width = big_endian(bytes + at + 7, 2);
            return true;
        }
        at += 2 + length;
    }
    return false;
}

gn_status gn_image_parse(const unsigned char *bytes, size_t n, const char *name, gn_image *out,
                         gn_error *err) {
    static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    gn_image made = {0};
    bool good = false;
    if (n >= sizeof png && memcmp(bytes, png, sizeof png) == 0) {
        made.media_type = "image/png";
        good = n >= 24 && memcmp(bytes + 12, "IHDR", 4) == 0;
        if (good) {
            made.width = big_endian(bytes + 16, 4);
            made.height = big_endian(bytes + 20, 4);
        }
    } else if (n >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF) {
        made.media_type = "image/jpeg";
        good = read_jpeg(bytes, n, &made);
    } else {
        return gn_fail(err, GN_EDATA, "%s: neither a PNG nor a JPEG picture", name);
    }
    if (!good || !made.width || !made.height)
        return gn_fail(err, GN_EDATA, "%s: a %s picture that does not say its size", name,
                       made.media_type + strlen("image/"));
    *out = made;
    return GN_OK;
}
