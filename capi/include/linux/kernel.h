/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_KERNEL_H
#define _RZ_LINUX_KERNEL_H

/*
 * What code of the kernel takes for granted: arithmetic, container_of, messages,
 * formatted text.
 */

#include <linux/stdarg.h>
#include <linux/align.h>
#include <linux/args.h>
#include <linux/limits.h>
#include <linux/linkage.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/bitops.h>
#include <linux/hex.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/typecheck.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/build_bug.h>
#include <linux/bug.h>
#include <linux/sprintf.h>
#include <linux/instruction_pointer.h>
#include <ringzero/might_sleep.h>
#include <asm/byteorder.h>

/* The number of elements of an array; an error for a pointer. */
#define ARRAY_SIZE(arr) (sizeof(arr) / sizeof((arr)[0]) + __must_be_array(arr))

/* A word of one byte over and over. */
#define REPEAT_BYTE(x)	((~0ul / 0xff) * (x))

#define upper_32_bits(n) ((u32)(((n) >> 16) >> 16))
#define lower_32_bits(n) ((u32)((n) & 0xffffffff))
#define upper_16_bits(n) ((u16)((n) >> 16))
#define lower_16_bits(n) ((u16)((n) & 0xffff))

#define STACK_MAGIC	0xdeadbeef

#define u64_to_user_ptr(x)						\
({									\
	typecheck(u64, (x));						\
	(void __user *)(uintptr_t)(x);					\
})

/* What goes on with the machine: it runs. */
enum system_states {
	SYSTEM_BOOTING,
	SYSTEM_SCHEDULING,
	SYSTEM_FREEING_INITMEM,
	SYSTEM_RUNNING,
	SYSTEM_HALT,
	SYSTEM_POWER_OFF,
	SYSTEM_RESTART,
	SYSTEM_SUSPEND
};
#define system_state	((enum system_states)SYSTEM_RUNNING)

/* Tracing there is none. */
#define tracing_on()	do { } while (0)
#define tracing_off()	do { } while (0)
#define tracing_is_on()	0
#define trace_dump_stack(skip) do { (void)(skip); } while (0)
#define ftrace_dump(mode) do { (void)(mode); } while (0)
enum ftrace_dump_mode {
	DUMP_NONE,
	DUMP_ALL,
	DUMP_ORIG
};

/* The argument must be octal and must not let others write. */
#define VERIFY_OCTAL_PERMISSIONS(perms) \
	(BUILD_BUG_ON_ZERO((perms) < 0) + BUILD_BUG_ON_ZERO((perms) > 0777) + \
	 BUILD_BUG_ON_ZERO((perms) & 2) + (perms))

/* Numbers and lists in text: 7,1-3,8 and 4K. */
int get_option(char **str, int *pint);
char *get_options(const char *str, int nints, int *ints);
unsigned long long memparse(const char *ptr, char **retp);
bool parse_option_str(const char *str, const char *option);

#endif
