/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_IOCTL_H
#define _RZ_LINUX_IOCTL_H

#include <asm/ioctl.h>

#endif
