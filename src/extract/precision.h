/* How far a cheaper precision is from exact arithmetic, measured on the text at hand. */
#ifndef GN_EXTRACT_PRECISION_H
#define GN_EXTRACT_PRECISION_H

#include "extract/core.h"

/** Runs the first records (about 512 tokens) through both sources.
 *  @param out the largest over layers of |x - exact| / |exact| (Frobenius norms).
 *  @return GN_OK; what encoding and the forward passes return. */
gn_status gn_extract_precision_error(gn_ctx *ctx, const gn_source *source, const gn_source *exact,
                                     const gn_tokenizer *tokenizer, const gn_corpus *corpus,
                                     const gn_extract_opts *opts, double *out, gn_error *err);

#endif
