/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_TIMEX_H
#define _RZ_LINUX_TIMEX_H

#include <asm/timex.h>

#endif
