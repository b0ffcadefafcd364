/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_TIMEX_H
#define _RZ_ASM_TIMEX_H

/*
 * The cycle counter. On the model it is each context's own, and goes on by a fixed
 * amount whenever it is read: a difference says how often, never how long.
 */

#include <linux/types.h>

typedef unsigned long long cycles_t;

cycles_t __rz_get_cycles(void);

static __always_inline cycles_t get_cycles(void)
{
	return __rz_get_cycles();
}

#define random_get_entropy()	((unsigned long)get_cycles())

#endif
