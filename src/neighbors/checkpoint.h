/* A long search kept in a file, so that it can go on after Ctrl-C or a crash. The reasoning and the
 * format are at the head of checkpoint.c. */
#ifndef GN_NEIGHBORS_CHECKPOINT_H
#define GN_NEIGHBORS_CHECKPOINT_H

#include "base/error.h"

struct gn_engine;

typedef enum gn_stage {
    GN_STAGE_FILTER = 0, /**< candidate lists of all rows, between two pairs of blocks */
    GN_STAGE_ROWS,       /**< results of the rows that are done */
} gn_stage;

typedef struct gn_checkpoint {
    const char *path;
    double interval_s;
    double last_s, cost_s; /**< when it was written (or the search began), how long that took */
    uint64_t identity;     /**< of the search; 0: not computed so far */
    bool exists;           /**< the file is of this search */
} gn_checkpoint;

void gn_checkpoint_start(gn_checkpoint *c, const char *path, double interval_s);
/** Whether it is time to save. NULL: never. */
bool gn_checkpoint_due(const gn_checkpoint *c);
/** Writes what is done. A failure costs a warning in the log. Only the caller's thread may do this,
 *  at GN_STAGE_FILTER only while no task runs. */
void gn_checkpoint_save(struct gn_engine *e, gn_stage stage);
/** Saves when a search is cancelled that has run for a while since it was last saved. */
void gn_checkpoint_cancelled(struct gn_engine *e, gn_stage stage);
/** Fills the engine from the file and sets *stage, or leaves both as they are: there is no file, or
 *  it is damaged or of another search (a warning in the log). @return GN_OK; GN_ENOMEM. */
gn_status gn_checkpoint_load(struct gn_engine *e, gn_stage *stage, gn_error *err);

#endif
