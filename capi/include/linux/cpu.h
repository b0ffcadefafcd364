/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_CPU_H
#define _RZ_LINUX_CPU_H

/*
 * CPUs come and go: not here, all of them are online all the time. So whoever
 * keeps them from going has nothing to wait for, but says that it may sleep.
 */

#include <linux/cpumask.h>
#include <linux/smp.h>
#include <ringzero/might_sleep.h>

#define cpus_read_lock()	__rz_might_sleep("cpus_read_lock()")
#define cpus_read_unlock()	do { } while (0)
#define cpus_read_trylock()	1
#define get_online_cpus()	__rz_might_sleep("get_online_cpus()")
#define put_online_cpus()	do { } while (0)
#define cpu_hotplug_disable()	do { } while (0)
#define cpu_hotplug_enable()	do { } while (0)
#define lockdep_assert_cpus_held() do { } while (0)

#endif
