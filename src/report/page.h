/* The survey as one HTML page that needs nothing else: no script, no file beside it. */
#ifndef GN_REPORT_PAGE_H
#define GN_REPORT_PAGE_H

#include "base/str.h"
#include "report/charts.h"

gn_status gn_page_make(const gn_profile *p, char **out, gn_error *err);

/* Parts that other pages are made of, too. */

/** What a page is about: the model, or the set when no model is named. */
const char *gn_page_subject(const gn_profile *p);
/** A section with a figure, its caption and its reading; `number` keeps ids of figures apart. */
gn_status gn_page_add_chart(gn_str *s, const gn_profile *p, const gn_chart *chart, size_t number,
                            gn_error *err);
/** The section of conditions. */
void gn_page_add_conditions(gn_str *s, const gn_profile *p);

#endif
