// SPDX-License-Identifier: MIT OR Apache-2.0
#include <linux/bsearch.h>

void *bsearch(const void *key, const void *base, size_t num, size_t size, cmp_func_t cmp)
{
	return __inline_bsearch(key, base, num, size, cmp);
}
