/* What the processor can do. Asked once per context; the level chooses kernels from tables. */
#ifndef GN_BASE_CPU_H
#define GN_BASE_CPU_H

#include "base/error.h"

/** True when this processor and operating system can run `level` (SCALAR: always). For AMX this
 *  asks the kernel for permission to use tile registers, once per process. */
bool gn_cpu_has(gn_cpu level);
/** The best level available. */
gn_cpu gn_cpu_best(void);

#endif
