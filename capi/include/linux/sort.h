/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SORT_H
#define _RZ_LINUX_SORT_H

/* Sorts an array. */

#include <linux/types.h>

/*
 * Sorts @num elements of @size bytes by @cmp. @swap may be NULL. Not stable; needs
 * no memory; never more than about num * log2(num) comparisons.
 */
void sort(void *base, size_t num, size_t size, cmp_func_t cmp, swap_func_t swap);
/* The same, with a pointer for the two functions. */
void sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp, swap_r_func_t swap,
	    const void *priv);

#endif
