#include "figure/theme.h"

/* Sixteen stops of viridis (van der Walt & Smith 2015, CC0): linear interpolation between them
 * stays within 7/255 of the full table. */
static const unsigned stop[] = {0x440154, 0x481a6c, 0x472f7d, 0x414487, 0x39568c, 0x31688e,
                                0x2a788e, 0x23888e, 0x1f988b, 0x22a884, 0x35b779, 0x54c568,
                                0x7ad151, 0xa5db36, 0xd2e21b, 0xfde725};
enum { N_STOPS = sizeof stop / sizeof stop[0] };

static double channel(unsigned color, int shift) {
    return (double)(color >> shift & 255) / 255;
}

gn_color gn_viridis(double t) {
    if (!(t > 0)) t = 0;
    if (t > 1) t = 1;
    double at = t * (N_STOPS - 1);
    int i = (int)at;
    if (i > N_STOPS - 2) i = N_STOPS - 2;
    double f = at - i;
    gn_color c;
    c.r = (1 - f) * channel(stop[i], 16) + f * channel(stop[i + 1], 16);
    c.g = (1 - f) * channel(stop[i], 8) + f * channel(stop[i + 1], 8);
    c.b = (1 - f) * channel(stop[i], 0) + f * channel(stop[i + 1], 0);
    return c;
}
