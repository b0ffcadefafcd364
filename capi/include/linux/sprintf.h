/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SPRINTF_H
#define _RZ_LINUX_SPRINTF_H

/*
 * Text by a format. Besides C's conversions: %p and what may follow it (%pS, %pe,
 * %pV, %pM, %pI4, %ph). An address is printed as a name, never as a number.
 */

#include <linux/compiler.h>
#include <linux/stdarg.h>
#include <linux/types.h>

/* The length that the whole text has; at most @size bytes are written, with the 0. */
int __printf(3, 0) vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
/* The length that was written, without the 0. */
int __printf(3, 0) vscnprintf(char *buf, size_t size, const char *fmt, va_list args);
int __printf(2, 0) vsprintf(char *buf, const char *fmt, va_list args);
/* The text in memory of its own, NULL when there is none; may sleep as @gfp says. */
char *__printf(2, 0) kvasprintf(gfp_t gfp, const char *fmt, va_list args);
/* How many conversions of @fmt were filled from @buf. */
int __scanf(2, 0) vsscanf(const char *buf, const char *fmt, va_list args);

static __printf(3, 4) __maybe_unused int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

static __printf(3, 4) __maybe_unused int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vscnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

static __printf(2, 3) __maybe_unused int sprintf(char *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsprintf(buf, fmt, args);
	va_end(args);
	return len;
}

static __printf(2, 3) __maybe_unused char *kasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = kvasprintf(gfp, fmt, args);
	va_end(args);
	return text;
}

static __scanf(2, 3) __maybe_unused int sscanf(const char *buf, const char *fmt, ...)
{
	va_list args;
	int filled;

	va_start(args, fmt);
	filled = vsscanf(buf, fmt, args);
	va_end(args);
	return filled;
}

/* What %pV takes: a format and its arguments. */
struct va_format {
	const char *fmt;
	va_list *va;
};

#endif
