/* tokenizer_config.json and special_tokens_map.json: what a bare vocabulary does not say. */
#ifndef GN_TEXT_COMPANIONS_H
#define GN_TEXT_COMPANIONS_H

#include "text/tokenizer.h"

/** The flag of a JSON object, or `missing`. NULL is an object without any. */
bool gn_companion_flag(const json_t *object, const char *key, bool missing);
/** The special token called `key` ("cls_token") in either file; `text` where neither has it. */
gn_added_spec gn_companion_token(const gn_vocab_files *f, const char *key, const char *text);
/** Adds the tokens that the files list besides: added_tokens_decoder, in the order of their ids,
 *  and additional_special_tokens.
 *  @return GN_OK; GN_EDATA (a token without text, or with another id than it would get). */
gn_status gn_companions_add(gn_tokenizer *tok, const gn_vocab_files *f, gn_error *err);
/** Reads the two files of a folder where they are; refuses added_tokens.json. The caller frees the
 *  JSON. @param config_name path of the first, whether it is there or not. */
gn_status gn_companions_open(const char *dir, const char *config_name, gn_vocab_files *f,
                             gn_error *err);
/** `before` and `after` become one token each. */
gn_status gn_companions_around(gn_tokenizer *tok, int32_t before, int32_t after, gn_error *err);

#endif
