/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_BSEARCH_H
#define _RZ_LINUX_BSEARCH_H

/* Searches a sorted array. */

#include <linux/types.h>

/* The element that @cmp says is equal to @key, or NULL. */
static __always_inline void *__inline_bsearch(const void *key, const void *base, size_t num,
					      size_t size, cmp_func_t cmp)
{
	size_t low = 0, high = num;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const void *at = base + mid * size;
		int order = cmp(key, at);

		if (order == 0)
			return (void *)at;
		if (order > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

void *bsearch(const void *key, const void *base, size_t num, size_t size, cmp_func_t cmp);

#endif
