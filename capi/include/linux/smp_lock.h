/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SMP_LOCK_H
#define _RZ_LINUX_SMP_LOCK_H

/*
 * The big kernel lock of old. It nests, and a task that sleeps drops it for that
 * time. Tasks only; taking it may sleep if the task does not hold it.
 */

#ifndef __ASSEMBLY__

void lock_kernel(void);
/* Undoes one lock_kernel(). Without one it is a finding (unlock-by-other). */
void unlock_kernel(void);
/* Whether the running task holds it. */
int kernel_locked(void);
/* Waits until whoever holds it has let go of it. */
#define cycle_kernel_lock()		\
do {					\
	lock_kernel();			\
	unlock_kernel();		\
} while (0)

#endif /* !__ASSEMBLY__ */

#endif
