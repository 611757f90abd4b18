/* The survey as one HTML page that needs nothing else: no script, no file beside it. */
#ifndef GN_REPORT_PAGE_H
#define GN_REPORT_PAGE_H

#include "report/profile.h"

gn_status gn_page_make(const gn_profile *p, char **out, gn_error *err);

#endif
