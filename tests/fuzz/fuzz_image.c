/* Pictures as foreign bytes. */
#include "io/image.h"

#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    gn_error err;
    gn_image image = {0};
    if (gn_image_parse(data, size, "i", &image, &err) == GN_OK)
        fuzz_require(image.width && image.height && strncmp(image.media_type, "image/", 6) == 0);
    else
        fuzz_require(!image.media_type);
    return 0;
}
