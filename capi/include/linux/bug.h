/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_BUG_H
#define _RZ_LINUX_BUG_H

/*
 * Conditions that must not be. BUG ends the execution with the finding `bug`, WARN
 * with the finding `warn`; a warning that the settings let pass is printed, and the
 * code goes on with the condition's value.
 */

#include <linux/compiler.h>
#include <linux/build_bug.h>
#include <linux/stdarg.h>
#include <linux/types.h>

/* The finding `bug`. @text lives for ever. */
void __noreturn __rz_bug(const char *text);
/* The finding `warn`. Returns only if warnings are no findings. */
void __rz_warn(const char *text);
/* The same at most once, as the byte @done remembers. */
void __rz_warn_once(const char *text, unsigned char *done);
/* The formatted text, in memory that lives as long as the execution. */
const char *__rz_vtext(const char *fmt, va_list args);

static __printf(1, 2) __cold __maybe_unused const char *__rz_text(const char *fmt, ...)
{
	va_list args;
	const char *text;

	va_start(args, fmt);
	text = __rz_vtext(fmt, args);
	va_end(args);
	return text;
}

#define BUG()		__rz_bug("BUG()")
#define BUG_ON(condition)						\
do {									\
	if (unlikely(condition))					\
		__rz_bug("BUG_ON(" #condition ")");			\
} while (0)

#define WARN_ON(condition)						\
({									\
	int __rz_warn_on = !!(condition);				\
	if (unlikely(__rz_warn_on))					\
		__rz_warn("WARN_ON(" #condition ")");			\
	unlikely(__rz_warn_on);						\
})

#define WARN(condition, ...)						\
({									\
	int __rz_warn_on = !!(condition);				\
	if (unlikely(__rz_warn_on))					\
		__rz_warn(__rz_text(__VA_ARGS__));			\
	unlikely(__rz_warn_on);						\
})

#define WARN_ON_ONCE(condition)						\
({									\
	static unsigned char __rz_warned;				\
	int __rz_warn_on = !!(condition);				\
	if (unlikely(__rz_warn_on))					\
		__rz_warn_once("WARN_ON_ONCE(" #condition ")", &__rz_warned); \
	unlikely(__rz_warn_on);						\
})

#define WARN_ONCE(condition, ...)					\
({									\
	static unsigned char __rz_warned;				\
	int __rz_warn_on = !!(condition);				\
	if (unlikely(__rz_warn_on))					\
		__rz_warn_once(__rz_text(__VA_ARGS__), &__rz_warned);	\
	unlikely(__rz_warn_on);						\
})

#define __WARN()			__rz_warn("WARN()")
#define WARN_TAINT(condition, taint, ...) WARN(condition, __VA_ARGS__)
#define WARN_TAINT_ONCE(condition, taint, ...) WARN_ONCE(condition, __VA_ARGS__)
#define WARN_ON_SMP(x)			WARN_ON(x)

/* A damaged structure: the value says whether it is. */
#define CHECK_DATA_CORRUPTION(condition, ...)	WARN(condition, __VA_ARGS__)

#endif
