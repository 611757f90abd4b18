/* JSON by jansson, with errors that say where.
 *
 * Documents are parsed strictly: invalid UTF-8, duplicate keys, bytes behind the end and nesting
 * deeper than jansson's 2048 levels are errors. The getters take a path of keys joined by '.', with
 * numbers for places in arrays ("layers.0.name"); a key that itself contains a dot is looked up
 * with jansson's own functions. Values are borrowed from the document; free it with json_decref. */
#ifndef GN_IO_JSON_H
#define GN_IO_JSON_H

#include "base/error.h"

#include <jansson.h>

/** @param name what errors call the document, usually the file's path. */
gn_status gn_json_parse(const char *bytes, size_t n, const char *name, json_t **out, gn_error *err);
/** Reads (gzip, too) and parses a file of at most max_bytes. */
gn_status gn_json_open(const char *path, size_t max_bytes, json_t **out, gn_error *err);

/** The value at a path, or NULL: a missing key, a place out of range, or a step into something that
 *  is neither object nor array. */
json_t *gn_json_at(const json_t *root, const char *path);
/** The typed getters: GN_EDATA with name and path when the value is missing or of another type or
 *  range; `*out` is written only on GN_OK. Numbers accept integers and reals, sizes integers >= 0.
 */
gn_status gn_json_string(const json_t *root, const char *name, const char *path, const char **out,
                         gn_error *err);
gn_status gn_json_int(const json_t *root, const char *name, const char *path, int64_t *out,
                      gn_error *err);
gn_status gn_json_size(const json_t *root, const char *name, const char *path, size_t *out,
                       gn_error *err);
gn_status gn_json_number(const json_t *root, const char *name, const char *path, double *out,
                         gn_error *err);
gn_status gn_json_bool(const json_t *root, const char *name, const char *path, bool *out,
                       gn_error *err);
gn_status gn_json_array(const json_t *root, const char *name, const char *path, json_t **out,
                        gn_error *err);
gn_status gn_json_object(const json_t *root, const char *name, const char *path, json_t **out,
                         gn_error *err);
/** "an object", "a string", ..., "nothing" for NULL: for messages. */
const char *gn_json_kind(const json_t *value);

#endif
