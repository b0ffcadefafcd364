/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PANIC_H
#define _RZ_LINUX_PANIC_H

/* The end of everything: the finding `bug` with the message. */

#include <linux/bug.h>

#define panic(fmt, ...)	__rz_bug(__rz_text("panic: " fmt, ##__VA_ARGS__))

#define TAINT_WARN		9
#define TAINT_CRAP		10
#define TAINT_USER		6
#define LOCKDEP_STILL_OK	1
#define LOCKDEP_NOW_UNRELIABLE	0
#define add_taint(flag, lockdep) do { (void)(flag); (void)(lockdep); } while (0)

#endif
