/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PROCESSOR_H
#define _RZ_LINUX_PROCESSOR_H

/* A wait loop in parts: begin, one failed round, end; or all of it. */

#include <asm/processor.h>

#define spin_begin()		do { } while (0)
#define spin_cpu_relax()	cpu_relax()
#define spin_end()		do { } while (0)
#define spin_until_cond(cond)						\
do {									\
	while (!(cond))							\
		cpu_relax();						\
} while (0)

#endif
