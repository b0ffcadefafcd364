/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LIST_SORT_H
#define _RZ_LINUX_LIST_SORT_H

/* Sorts a list. */

#include <linux/types.h>

typedef int __attribute__((__nonnull__(2, 3))) (*list_cmp_func_t)(void *priv,
	const struct list_head *a, const struct list_head *b);

/*
 * Sorts @head by @cmp, which returns a positive number if @a goes behind @b.
 * Stable; needs no memory. @priv is passed on.
 */
__attribute__((__nonnull__(2, 3)))
void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp);

#endif
