/* Sizes of pictures, and bytes that are none. */
#include "tap.h"

#include "io/image.h"

static gn_error err;

static const unsigned char png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n', 0, 0, 0,    13,
                                    'I',  'H', 'D', 'R', 0,    0,    2,    1,    0, 0, 0x20, 0};
/* An application segment, a table of Huffman codes, a fill byte, the frame. */
static const unsigned char jpeg[] = {0xFF, 0xD8, 0xFF, 0xE0, 0, 4,    'x', 'y',  0xFF, 0xC4, 0, 3,
                                     0,    0xFF, 0xFF, 0xC2, 0, 0x0B, 8,   0x01, 0x02, 0x03, 4, 1};

TEST(sizes_are_those_of_the_headers) {
    gn_image image;
    OK(gn_image_parse(png, sizeof png, "a.png", &image, &err));
    CHECK(image.width == 513 && image.height == 8192);
    CHECK_STR(image.media_type, "image/png");
    OK(gn_image_parse(jpeg, sizeof jpeg, "a.jpg", &image, &err));
    CHECK(image.height == 0x102 && image.width == 0x304);
    CHECK_STR(image.media_type, "image/jpeg");
}

TEST(cut_and_foreign_files_are_refused) {
    gn_image image = {0};
    for (size_t n = 0; n < sizeof png; n++)
        CHECK(gn_image_parse(png, n, "a.png", &image, &err) == GN_EDATA);
    for (size_t n = 0; n < 23; n++) /* what follows the size does not matter */
        CHECK(gn_image_parse(jpeg, n, "a.jpg", &image, &err) == GN_EDATA);
    CHECK_STR(err.message, "a.jpg: a jpeg picture that does not say its size");
    unsigned char flat[sizeof png];
    memcpy(flat, png, sizeof png);
    memset(flat + 16, 0, 4);
    CHECK(gn_image_parse(flat, sizeof flat, "a.png", &image, &err) == GN_EDATA);
    static const char svg[] = "<svg onload=\"alert(1)\">";
    CHECK(gn_image_parse((const unsigned char *)svg, sizeof svg, "x", &image, &err) == GN_EDATA);
    CHECK_STR(err.message, "x: neither a PNG nor a JPEG picture");
    CHECK(!image.media_type);
}

int main(void) {
    RUN(sizes_are_those_of_the_headers);
    RUN(cut_and_foreign_files_are_refused);
    return tap_done();
}
