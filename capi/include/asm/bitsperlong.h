/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_ASM_BITSPERLONG_H
#define _RZ_ASM_BITSPERLONG_H

#define BITS_PER_LONG		64
#define BITS_PER_LONG_LONG	64

#endif
