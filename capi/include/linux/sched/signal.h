/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SCHED_SIGNAL_H
#define _RZ_LINUX_SCHED_SIGNAL_H

/* Signals: there are none yet, so none is ever pending. */

#include <linux/sched.h>

#define signal_pending(p)		((void)(p), 0)
#define __fatal_signal_pending(p)	((void)(p), 0)
#define fatal_signal_pending(p)		((void)(p), 0)
#define signal_pending_state(state, p)	((void)(state), (void)(p), 0)
#define allow_signal(sig)		((void)(sig))
#define disallow_signal(sig)		((void)(sig))
#define flush_signals(p)		((void)(p))

#endif
