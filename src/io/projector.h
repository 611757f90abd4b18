/* TensorBoard's projector_config.pbtxt: which vectors lie in a folder, and what describes them.
 *
 *     embeddings {
 *       tensor_name: "words:00000"
 *       tensor_path: "00000/words/tensors.tsv"
 *       metadata_path: "00000/words/metadata.tsv"
 *     }
 *
 * It is protocol-buffer text: fields may come in any order, unknown ones are passed over. The file
 * comes from anywhere, so a path counts only if it leads, symbolic links followed, into the folder
 * that holds it. */
#ifndef GN_IO_PROJECTOR_H
#define GN_IO_PROJECTOR_H

#include "base/mem.h"

typedef struct gn_projector_tensor {
    const char *name;
    size_t shape[2];    /**< as the file claims; 0 when it does not */
    const char *tensor; /**< existing files, resolved; NULL where there is none */
    const char *metadata, *bookmarks, *sprite;
    size_t sprite_width, sprite_height; /**< of one picture in the sprite */
    const char *problem; /**< NULL, or why `tensor` is NULL: outside the folder, missing, only in a
                              checkpoint */
    const char *note;    /**< NULL, or why one of the others is */
} gn_projector_tensor;

typedef struct gn_projector {
    size_t n;
    gn_projector_tensor *tensor; /**< (n) in the order of the file */
    gn_arena arena;
} gn_projector;

/** @return GN_OK; GN_EIO; GN_EDATA (not such a file, with its line); GN_ENOMEM. A tensor that
 *          cannot be read is listed with its problem. */
gn_status gn_projector_open(const char *path, gn_projector *out, gn_error *err);
/** The same of text in memory; `folder` is where its paths start. */
gn_status gn_projector_parse(const char *text, size_t n, const char *folder, const char *name,
                             gn_projector *out, gn_error *err);
/** {0} is fine. */
void gn_projector_free(gn_projector *p);

#endif
