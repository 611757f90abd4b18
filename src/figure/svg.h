/* SVG after Cairo: names that depend on the figure only, and a form to put inside an HTML page. */
#ifndef GN_FIGURE_SVG_H
#define GN_FIGURE_SVG_H

#include "base/str.h"
#include "gonio/figure.h"

/** Appends `svg` with every id replaced by PREFIX followed by its number in order of appearance.
 *  Cairo counts its surfaces over the life of the process, so the same figure drawn twice would
 *  differ; and two figures in one page must not share names. */
void gn_svg_rename_ids(gn_str *out, const char *svg, const char *prefix);

/** The figure as an <svg> element for a page: no background, ids that start with PREFIX, and
 * colours as CSS variables. The page defines --ink, --muted, --grid and --paper; data colours carry
 * their own lighter variants for `prefers-color-scheme: dark`. `label` is what screen readers say.
 *  gn_free the text. */
gn_status gn_figure_inline_svg(const gn_figure *fig, const char *prefix, const char *label,
                               char **out, gn_error *err);

/** write.c: the SVG without background, as Cairo writes it. */
gn_status gn_figure_svg_bare(const gn_figure *fig, gn_str *out, gn_error *err);

/** Appends text with &, <, >, " and ' escaped; control characters, which neither HTML nor XML may
 *  hold, become U+FFFD. */
void gn_str_add_escaped(gn_str *s, const char *text);

#endif
