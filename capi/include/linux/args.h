/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_ARGS_H
#define _RZ_LINUX_ARGS_H

/* How many arguments there are (at most 12), and two words made one. */
#define __RZ_13TH(a, b, c, d, e, f, g, h, i, j, k, l, m, n...) m
#define COUNT_ARGS(x...) \
	__RZ_13TH(, ##x, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define __RZ_CONCAT(a, b)	a ## b
#define CONCATENATE(a, b)	__RZ_CONCAT(a, b)

#endif
