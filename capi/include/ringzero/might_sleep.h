/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_RINGZERO_MIGHT_SLEEP_H
#define _RZ_RINGZERO_MIGHT_SLEEP_H

/*
 * What may give up the CPU says so first: a finding (sleep-in-atomic) where it may
 * not, also if it would not have slept this time.
 */

/* On behalf of a call, which the report names. */
void __rz_might_sleep(const char *call);
void __rz_cond_resched(void);

#define might_sleep()		__rz_might_sleep("might_sleep()")
#define might_sleep_if(cond)						\
do {									\
	if (cond)							\
		might_sleep();						\
} while (0)
#define might_resched()		might_sleep()
#define non_block_start()	do { } while (0)
#define non_block_end()		do { } while (0)

/* Lets another task run if one wants to. Task context. */
#define cond_resched()		({ __rz_cond_resched(); 0; })

#endif
