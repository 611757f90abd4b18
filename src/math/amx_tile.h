/* The few AMX instructions that gemm_amx.c needs, on full tiles: 16 rows of 64 bytes.
 *
 * Own assembly, for gcc 12's intrinsics declare neither the 64 bytes that ldtilecfg reads nor the
 * memory behind tileloadd, so that the compiler may drop the stores before them. Macros, because a
 * tile register's number is part of the instruction's text.
 *
 * This path is compiled and its disassembly was inspected; it was NOT run: no AMX processor was at
 * hand. What runs in the tests is the same gemm_amx.c over an emulation of these instructions
 * (tests/unit/math/amx_emulated.h), selected by GN_AMX_EMULATED; on an AMX processor the tests
 * compare both bit for bit. */
#ifndef GN_MATH_AMX_TILE_H
#define GN_MATH_AMX_TILE_H

#include <stddef.h>
#include <stdint.h>

#define AMX_TABLE(parts) gn_gemm_amx##parts

/** What ldtilecfg reads. */
struct tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static inline void tile_begin(void) {
    struct tile_config config = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        config.row_bytes[i] = 64;
        config.rows[i] = 16;
    }
    __asm__ volatile("ldtilecfg %0" ::"m"(config));
}
static inline void tile_end(void) {
    __asm__ volatile("tilerelease" ::: "memory");
}

/** Tile t = 0. */
#define TILE_ZERO(t) __asm__ volatile("tilezero %%tmm" #t ::: "memory")
/** Tile t = 16 rows of 64 bytes at p, `stride` bytes apart. */
#define TILE_LOAD(t, p, stride)                                                                    \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t ::"r"(p), "r"((size_t)(stride)) : "memory")
/** Stores tile t likewise. */
#define TILE_STORE(t, p, stride)                                                                   \
    __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)" ::"r"(p), "r"((size_t)(stride))           \
                     : "memor"                                                                     \
                       "y")
/** Tile c += tile a (16 rows of 32 bfloat16) times tile b (16 rows of 16 pairs). */
#define TILE_PRODUCT(c, a, b)                                                                      \
    __asm__ volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #c ::: "memory")

#endif
