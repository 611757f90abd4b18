/* The image is served as it is, with the type that its first bytes say and never that of its name:
 * no browser may take a file from somewhere for a page. */
#include "view/data/sprite.h"

#include "io/image.h"
#include "view/view.h"
#include "view/data/watch.h"

#include <string.h>

static const size_t most_bytes = (size_t)256 << 20;

/* The whole file: @param bytes free with gn_free. */
static gn_status read_image(const char *file, char **bytes, size_t *n, gn_image *image,
                            gn_error *err) {
    char *made;
    gn_status st = gn_read_file(file, most_bytes, &made, n, err);
    if (st != GN_OK) return st;
    st = gn_image_parse((const unsigned char *)made, *n, file, image, err);
    if (st == GN_OK)
        *bytes = made;
    else
        gn_free(made);
    return st;
}

gn_status gn_sprite_open(const char *file, size_t width, size_t height, gn_sprite *out,
                         gn_error *err) {
    char *bytes;
    size_t n;
    gn_image image;
    gn_status st = read_image(file, &bytes, &n, &image, err);
    if (st != GN_OK) return st;
    gn_free(bytes);
    if (image.width > GN_SPRITE_MOST_PIXELS || image.height > GN_SPRITE_MOST_PIXELS)
        return gn_fail(err, GN_EDATA, "%s: %zu x %zu pixels, expected at most %d x %d", file,
                       image.width, image.height, GN_SPRITE_MOST_PIXELS, GN_SPRITE_MOST_PIXELS);
    if (!width || !height || width > image.width || height > image.height)
        return gn_fail(err, GN_EDATA,
                       "%s: %zu x %zu pixels have no room for pictures of %zu x %zu "
                       "(single_image_dim)",
                       file, image.width, image.height, width, height);
    char *copy = gn_strdup(file);
    if (!copy) return gn_fail_nomem(err, file, strlen(file));
    *out = (gn_sprite){.file = copy,
                       .width = width,
                       .height = height,
                       .columns = image.width / width,
                       .count = (image.width / width) * (image.height / height)};
    return GN_OK;
}

json_t *gn_sprite_json(const gn_sprite *s) {
    if (!s->file) return json_null();
    return json_pack("{s:o,s:o,s:o,s:o}", "width", gn_json_whole(s->width), "height",
                     gn_json_whole(s->height), "columns", gn_json_whole(s->columns), "count",
                     gn_json_whole(s->count));
}

void gn_sprite_free(gn_sprite *s) {
    gn_free(s->file);
    *s = (gn_sprite){0};
}

static gn_status get_sprite(gn_view *v, const gn_request *rq, gn_reply *re, gn_error *err) {
    gn_source *s;
    gn_image image;
    char *bytes;
    size_t n;
    gn_status st = gn_view_source(v, rq->part[0], &s, re, err);
    if (st != GN_OK) return st;
    if (!s->sprite.file)
        return gn_not_found(re, err, "%s has no pictures of its rows", s->about.name);
    st = gn_watch_check(s->base, s->sprite.file, err); /* it may be another file by now */
    if (st == GN_OK) st = read_image(s->sprite.file, &bytes, &n, &image, err);
    return st == GN_OK ? gn_reply_bytes(re, image.media_type, bytes, n) : st;
}

static const gn_route routes[] = {
    {"GET", "/api/sources/{s}/sprite", get_sprite, GN_BODY_SMALL},
    {0},
};
const gn_view_part gn_part_sprite = {.routes = routes};
