/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_ARRAY_SIZE_H
#define _RZ_LINUX_ARRAY_SIZE_H

#include <linux/kernel.h>

#endif
