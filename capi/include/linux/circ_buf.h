/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_CIRC_BUF_H
#define _RZ_LINUX_CIRC_BUF_H

/* A ring of bytes whose size is a power of two; head and tail are counted modulo it. */

struct circ_buf {
	char *buf;
	int head;
	int tail;
};

/* How many are in, and how many more fit: one place always stays free. */
#define CIRC_CNT(head, tail, size)	(((head) - (tail)) & ((size) - 1))
#define CIRC_SPACE(head, tail, size)	CIRC_CNT((tail), ((head) + 1), (size))

/* How many of them lie in one piece, up to the end of the buffer. */
#define CIRC_CNT_TO_END(head, tail, size)				\
({									\
	int __rz_end = (size) - (tail);					\
	int __rz_count = ((head) + __rz_end) & ((size) - 1);		\
	__rz_count < __rz_end ? __rz_count : __rz_end;			\
})
#define CIRC_SPACE_TO_END(head, tail, size)				\
({									\
	int __rz_end = (size) - 1 - (head);				\
	int __rz_space = (__rz_end + (tail)) & ((size) - 1);		\
	__rz_space <= __rz_end ? __rz_space : __rz_end + 1;		\
})

#endif
