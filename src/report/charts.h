/* The survey's figures and the words that go with each. */
#ifndef GN_REPORT_CHARTS_H
#define GN_REPORT_CHARTS_H

#include "gonio/figure.h"
#include "report/profile.h"

/** Words of one measure in the report; HTML of our own, no foreign text. */
typedef struct gn_chart_text {
    const char *name; /**< of the files: figures/NAME.svg */
    const char *title;
    const char *caption; /**< what is drawn, and which error bars */
    const char *reading; /**< how to read it */
    const char *formula;
    const char *source;
} gn_chart_text;

typedef struct gn_chart {
    const gn_chart_text *text;
    gn_figure *fig;
} gn_chart;

enum { GN_CHARTS_MAX = 18 };

/** A figure for each measure that the result holds. @param titles put the title into the figure
 *  (files), or leave it to the page. `out` has room for GN_CHARTS_MAX. */
gn_status gn_charts_make(const gn_profile *p, bool titles, gn_chart *out, size_t *n, gn_error *err);
void gn_charts_free(gn_chart *charts, size_t n);

#endif
