/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_POISON_H
#define _RZ_LINUX_POISON_H

/* What a node that was taken out of its structure points to. */

#define POISON_POINTER_DELTA	0xdead000000000000UL

#define LIST_POISON1	((void *)(0x100 + POISON_POINTER_DELTA))
#define LIST_POISON2	((void *)(0x122 + POISON_POINTER_DELTA))

#define POISON_INUSE	0x5a
#define POISON_FREE	0x6b
#define POISON_END	0xa5

#endif
