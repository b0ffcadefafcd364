/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_NUMA_H
#define _RZ_LINUX_NUMA_H

#include <linux/topology.h>

#endif
