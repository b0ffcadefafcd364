/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_UAPI_LINUX_SCHED_TYPES_H
#define _RZ_UAPI_LINUX_SCHED_TYPES_H

#include <linux/sched.h>

#endif
