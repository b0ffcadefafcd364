/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_STRINGIFY_H
#define _RZ_LINUX_STRINGIFY_H

/* The text of an argument after its macros are expanded. */
#define __stringify_1(x...)	#x
#define __stringify(x...)	__stringify_1(x)

#endif
