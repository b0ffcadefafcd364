/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_THREADS_H
#define _RZ_LINUX_THREADS_H

#include <linux/kconfig.h>

/* The most CPUs that a machine can have. */
#define NR_CPUS		CONFIG_NR_CPUS

#endif
