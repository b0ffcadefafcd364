/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PRINTK_H
#define _RZ_LINUX_PRINTK_H

/*
 * Messages to the log of the execution: printk and its levels. Any context may
 * print; nothing here sleeps. Messages that are rated or printed once change the
 * log only, so that they are no steps of the checker.
 */

#include <linux/stdarg.h>
#include <linux/types.h>
#include <linux/compiler.h>
#include <linux/kern_levels.h>
#include <linux/ratelimit_types.h>

#define CONSOLE_LOGLEVEL_DEFAULT	7

/* printk() with a list of arguments; returns the length of the text. */
int vprintk(const char *fmt, va_list args);
/* True the first time that it is asked about this byte. */
bool __rz_once(unsigned char *done);
/* True unless the messages of @rs come too fast. */
bool __rz_printk_ratelimit(struct ratelimit_state *rs);
/* Says in the log which call came here. */
void dump_stack(void);

/* Prints. The level stands at the head of the format; returns the text's length. */
static __printf(1, 2) __cold __maybe_unused int _printk(const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vprintk(fmt, args);
	va_end(args);
	return len;
}

#define printk(fmt, ...)		_printk(fmt, ##__VA_ARGS__)
#define printk_deferred(fmt, ...)	_printk(fmt, ##__VA_ARGS__)
#define _printk_deferred(fmt, ...)	_printk(fmt, ##__VA_ARGS__)
#define early_printk(fmt, ...)		_printk(fmt, ##__VA_ARGS__)
#define trace_printk(fmt, ...)		_printk(fmt, ##__VA_ARGS__)

/* Checked by the compiler, never printed. */
#define no_printk(fmt, ...)						\
({									\
	if (0)								\
		_printk(fmt, ##__VA_ARGS__);				\
	0;								\
})

/* What the pr_ functions put around their format. A file may define its own first. */
#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif

#define pr_emerg(fmt, ...)	printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...)	printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...)	printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)	printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)	printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warning(fmt, ...)	pr_warn(fmt, ##__VA_ARGS__)
#define pr_notice(fmt, ...)	printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)	printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
/* Goes on with an open line. */
#define pr_cont(fmt, ...)	printk(KERN_CONT fmt, ##__VA_ARGS__)

#ifdef DEBUG
#define pr_devel(fmt, ...)	printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...)	printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_devel(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif

/* The first time that this line is reached. */
#define printk_once(fmt, ...)						\
({									\
	static unsigned char __rz_done;					\
	bool __rz_first = __rz_once(&__rz_done);			\
	if (__rz_first)							\
		printk(fmt, ##__VA_ARGS__);				\
	__rz_first;							\
})
#define printk_deferred_once(fmt, ...)	printk_once(fmt, ##__VA_ARGS__)
#define pr_emerg_once(fmt, ...)	printk_once(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert_once(fmt, ...)	printk_once(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit_once(fmt, ...)	printk_once(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err_once(fmt, ...)	printk_once(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_once(fmt, ...)	printk_once(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice_once(fmt, ...) printk_once(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_once(fmt, ...)	printk_once(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#ifdef DEBUG
#define pr_devel_once(fmt, ...)	printk_once(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug_once(fmt, ...)	printk_once(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_devel_once(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug_once(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif

/* At most a burst of ten in five seconds from this line. */
#define printk_ratelimited(fmt, ...)					\
({									\
	static DEFINE_RATELIMIT_STATE(__rz_rate,			\
				      DEFAULT_RATELIMIT_INTERVAL,	\
				      DEFAULT_RATELIMIT_BURST);		\
	if (__rz_printk_ratelimit(&__rz_rate))				\
		printk(fmt, ##__VA_ARGS__);				\
})
#define pr_emerg_ratelimited(fmt, ...)	printk_ratelimited(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert_ratelimited(fmt, ...)	printk_ratelimited(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit_ratelimited(fmt, ...)	printk_ratelimited(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err_ratelimited(fmt, ...)	printk_ratelimited(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn_ratelimited(fmt, ...)	printk_ratelimited(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice_ratelimited(fmt, ...)	printk_ratelimited(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info_ratelimited(fmt, ...)	printk_ratelimited(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#ifdef DEBUG
#define pr_devel_ratelimited(fmt, ...)	printk_ratelimited(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug_ratelimited(fmt, ...)	printk_ratelimited(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_devel_ratelimited(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_debug_ratelimited(fmt, ...)	no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif

/* The old form: one rate for all. */
int printk_ratelimit(void);

/* How print_hex_dump() begins a line. */
enum {
	DUMP_PREFIX_NONE,
	DUMP_PREFIX_ADDRESS,
	DUMP_PREFIX_OFFSET
};

/* What print_hex_dump() was called with; more than five arguments go as one. */
struct __rz_hex_dump {
	const char *level;
	const char *prefix;
	int prefix_type;
	int rowsize;
	int groupsize;
	bool ascii;
	const void *buf;
	size_t len;
};

void __rz_print_hex_dump(const struct __rz_hex_dump *dump);

/*
 * Prints @len bytes in rows of @rowsize (16 or 32), grouped by @groupsize (1, 2, 4
 * or 8), each row behind @prefix_str and, as @prefix_type says, an offset.
 */
static __always_inline void print_hex_dump(const char *level, const char *prefix_str,
					   int prefix_type, int rowsize, int groupsize,
					   const void *buf, size_t len, bool ascii)
{
	struct __rz_hex_dump dump = {
		.level = level, .prefix = prefix_str, .prefix_type = prefix_type,
		.rowsize = rowsize, .groupsize = groupsize, .ascii = ascii,
		.buf = buf, .len = len,
	};

	__rz_print_hex_dump(&dump);
}

#define print_hex_dump_bytes(prefix, type, buf, len) \
	print_hex_dump_debug(prefix, type, 16, 1, buf, len, true)
#ifdef DEBUG
#define print_hex_dump_debug(prefix, type, row, group, buf, len, ascii) \
	print_hex_dump(KERN_DEBUG, prefix, type, row, group, buf, len, ascii)
#else
#define print_hex_dump_debug(prefix, type, row, group, buf, len, ascii)	\
do {									\
	if (0)								\
		print_hex_dump(KERN_DEBUG, prefix, type, row, group, buf, len, ascii); \
} while (0)
#endif

/* One row of a dump as text. Returns the length that the whole row has. */
struct __rz_hex_row {
	const void *buf;
	size_t len;
	int rowsize;
	int groupsize;
	char *line;
	size_t linelen;
	bool ascii;
};

int __rz_hex_dump_to_buffer(const struct __rz_hex_row *row);

static __always_inline int hex_dump_to_buffer(const void *buf, size_t len, int rowsize,
					      int groupsize, char *linebuf,
					      size_t linebuflen, bool ascii)
{
	struct __rz_hex_row row = {
		.buf = buf, .len = len, .rowsize = rowsize, .groupsize = groupsize,
		.line = linebuf, .linelen = linebuflen, .ascii = ascii,
	};

	return __rz_hex_dump_to_buffer(&row);
}

#endif
