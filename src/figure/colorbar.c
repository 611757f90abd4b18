/* The colour bar of heatmaps and clouds: a strip of viridis right of the frame, with ticks. */
#include "figure/cloud.h"

#include <math.h>

#define BAR_WIDTH 10.0
#define BAR_GAP 9.0

enum { STEPS = 256 };

static double label_height(gn_fonts *fonts) {
    gn_text label = {.text = "Ag", .points = GN_PT_LABEL};
    double w, h;
    gn_text_measure(fonts, &label, &w, &h);
    return h;
}

double gn_colorbar_room(gn_fonts *fonts, gn_layout *l, const char *label) {
    size_t n_max = (size_t)fmax(2, (l->frame.y1 - l->frame.y0) / 22);
    l->n_value_ticks = gn_axis_ticks(&l->value, n_max, l->value_tick);
    return BAR_GAP + BAR_WIDTH + GN_TICK_LENGTH + 3 +
           gn_ticks_widest(fonts, l->value_tick, l->n_value_ticks) +
           (label ? label_height(fonts) + 3 : 0);
}

void gn_colorbar_place(gn_layout *l, const char *label) {
    const gn_box *f = &l->frame;
    l->bar = (gn_box){f->x1 + BAR_GAP, f->y0, f->x1 + BAR_GAP + BAR_WIDTH, f->y1};
    for (size_t i = 0; i < l->n_value_ticks; i++) {
        double at = gn_axis_place(&l->value, l->value_tick[i].value);
        gn_layout_text(l, (gn_text){.text = l->value_tick[i].label,
                                    .markup = true,
                                    .points = GN_PT_TICK,
                                    .color = gn_ink,
                                    .x = l->bar.x1 + GN_TICK_LENGTH + 3,
                                    .y = l->bar.y1 - at * (l->bar.y1 - l->bar.y0),
                                    .v = 0.5});
    }
    if (label)
        gn_layout_text(l, (gn_text){.text = label,
                                    .points = GN_PT_LABEL,
                                    .color = gn_ink,
                                    .max_width = f->y1 - f->y0,
                                    .angle = 1,
                                    .x = l->width - GN_PAD,
                                    .y = (f->y0 + f->y1) / 2,
                                    .h = 1,
                                    .v = 0.5});
}

void gn_colorbar_draw(cairo_t *cr, const gn_layout *l) {
    double ramp[STEPS];
    gn_axis unit = {.lo = 0, .hi = 1};
    for (int i = 0; i < STEPS; i++) ramp[i] = 1 - (double)i / (STEPS - 1);
    gn_cells_paint(cr, l->bar, STEPS, 1, &unit, ramp);
}
