/* Fits that were computed before, kept by what they depend on. */
#ifndef GN_REPORT_MLEM_CACHE_H
#define GN_REPORT_MLEM_CACHE_H

#include "gonio/mlem.h"
#include "io/sha256.h"

/** The SHA-256 of everything that a layer's fit depends on: its bytes, the levels and distances of
 *  all features, the options, seed, instruction set and version. Names are not part of it. */
gn_status gn_mlem_key(gn_ctx *ctx, const gn_features *features, gn_mat x, const gn_mlem_opts *opts,
                      char key[GN_SHA256_HEX], gn_error *err);

/** Its parts: levels and distances of all features, and a layer's bytes. */
gn_status gn_mlem_key_features(gn_sha256 *s, const gn_features *features, gn_error *err);
gn_status gn_mlem_key_rows(gn_sha256 *s, gn_mat x, gn_error *err);

/** The fit kept under a key in `dir`; *found is false where there is none, or none that can be
 *  read. @return GN_OK; GN_ENOMEM. */
gn_status gn_mlem_recall(const char *dir, const char *key, size_t f, gn_mlem_fit *fit,
                         gn_mlem_weight *weight, bool *found, gn_error *err);
/** Keeps a fit (DIR is created). @return GN_OK; GN_EIO; GN_ENOMEM. */
gn_status gn_mlem_keep(const char *dir, const char *key, size_t f, const gn_mlem_fit *fit,
                       const gn_mlem_weight *weight, gn_error *err);

#endif
