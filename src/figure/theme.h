/* How every figure looks, in points (1/72 inch), in one place. */
#ifndef GN_FIGURE_THEME_H
#define GN_FIGURE_THEME_H

#include <stddef.h>

typedef struct gn_color {
    double r, g, b;
} gn_color;

#define GN_HEX(x)                                                                                  \
    { ((x) >> 16 & 255) / 255.0, ((x) >> 8 & 255) / 255.0, ((x)&255) / 255.0 }

static const gn_color gn_ink = GN_HEX(0x262626), gn_muted = GN_HEX(0x6b6b6b),
                      gn_grid = GN_HEX(0xe6e6e6), gn_paper = GN_HEX(0xffffff);

enum { GN_PALETTE_COLORS = 6 };
/* seaborn's "deep", and Okabe & Ito's set that stays apart for colour-blind readers. */
static const gn_color gn_palettes[2][GN_PALETTE_COLORS] = {
    {GN_HEX(0x4C72B0), GN_HEX(0xDD8452), GN_HEX(0x55A868), GN_HEX(0xC44E52), GN_HEX(0x8172B3),
     GN_HEX(0x937860)},
    {GN_HEX(0x0072B2), GN_HEX(0xE69F00), GN_HEX(0x009E73), GN_HEX(0xD55E00), GN_HEX(0xCC79A7),
     GN_HEX(0x56B4E9)},
};

enum { GN_CLOUD_COLORS = 10 };
/* Groups of a cloud: the first six as above, then further ones; no greys, which mean "no group". */
static const gn_color gn_cloud_colors[GN_CLOUD_COLORS] = {
    GN_HEX(0x4C72B0), GN_HEX(0xDD8452), GN_HEX(0x55A868), GN_HEX(0xC44E52), GN_HEX(0x8172B3),
    GN_HEX(0x937860), GN_HEX(0xDA8BC3), GN_HEX(0xC2A83E), GN_HEX(0x64B5CD), GN_HEX(0x1F4E5F)};

static const gn_color gn_cloud_faint_color = GN_HEX(0xB4B4B4);

#define GN_PT_TITLE 10.0
#define GN_PT_LABEL 9.0
#define GN_PT_TICK 8.0
#define GN_PT_LEGEND 8.5
#define GN_PT_NOTE 7.5

#define GN_PAD 7.0 /* canvas edge to the outermost text */
#define GN_GRID_WIDTH 0.7
#define GN_SPINE_WIDTH 0.8
#define GN_TICK_LENGTH 3.0
#define GN_TICK_WIDTH 0.7
#define GN_LINE_WIDTH 1.5
#define GN_MARKER_RADIUS 1.8
#define GN_BAND_ALPHA 0.18
#define GN_CLOUD_RADIUS 1.0
#define GN_CLOUD_ALPHA 0.28
#define GN_SHAPE_RADIUS 2.1 /* of markers in scatters of several shapes */
#define GN_BAR_WIDTH 0.9 /* error bars */
#define GN_BAR_CAP 4.0
#define GN_STACK_RIM 0.7
#define GN_HALO_WIDTH 1.8
#define GN_HALO_ALPHA 0.85
#define GN_PNG_DPI 200.0
#define GN_CLOUD_DPI 300.0
#define GN_CLOUD_VECTOR_MAX 2000 /* points; more are drawn as an image inside vector files */

/** viridis at t in [0, 1] (clamped). */
gn_color gn_viridis(double t);

#endif
