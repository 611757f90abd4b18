/* What the steps of encoding share: the text, where tokens go, scratch. */
#ifndef GN_TEXT_ENCODE_H
#define GN_TEXT_ENCODE_H

#include "text/tokenizer.h"

typedef struct gn_encoder {
    const gn_tokenizer *tok;
    const char *text;
    gn_encoding *out;
    size_t n_before; /**< special tokens in front of the text's */
    int32_t word;    /**< number of the next word */
    gn_norm norm;    /**< scratch of WordPiece's general way */
    char *low;       /**< scratch: one word in lower case; a part with a space in front */
    size_t low_room;
    gn_piece *piece; /**< scratch: the pieces of a word */
    size_t piece_room;
    gn_bpe_scratch bpe;
    gn_error *err;
} gn_encoder;

gn_status gn_encoder_push(gn_encoder *e, int32_t id, uint32_t start, uint32_t end, int32_t word);
/** At least n bytes in `low`, n pieces in `piece`. */
gn_status gn_encoder_low(gn_encoder *e, size_t n);
gn_status gn_encoder_pieces(gn_encoder *e, size_t n);

/** encode_bpe.c: the tokens of text[from, to), which holds no added token. */
gn_status gn_encode_bpe(gn_encoder *e, size_t from, size_t to);
/** Takes the white space at its ends out of the place of the last token, where the tokenizer does.
 *  @param shown the token as the reference shows it: its vocabulary string, or the text that an
 *               added token was found in. */
void gn_encode_trim(gn_encoder *e, const char *shown, size_t n);

#endif
