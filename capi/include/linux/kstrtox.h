/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_KSTRTOX_H
#define _RZ_LINUX_KSTRTOX_H

/*
 * Numbers from text. The kstrto functions take all of the string (one newline at
 * the end is let pass) and return 0, -EINVAL or -ERANGE; @base 0 means by prefix.
 */

#include <linux/compiler.h>
#include <linux/types.h>

int __must_check kstrtoull(const char *s, unsigned int base, unsigned long long *res);
int __must_check kstrtoll(const char *s, unsigned int base, long long *res);
int __must_check kstrtouint(const char *s, unsigned int base, unsigned int *res);
int __must_check kstrtoint(const char *s, unsigned int base, int *res);
int __must_check kstrtou16(const char *s, unsigned int base, u16 *res);
int __must_check kstrtos16(const char *s, unsigned int base, s16 *res);
int __must_check kstrtou8(const char *s, unsigned int base, u8 *res);
int __must_check kstrtos8(const char *s, unsigned int base, s8 *res);
/* y, t, 1, on: true. n, f, 0, off: false. Only the first letters count. */
int __must_check kstrtobool(const char *s, bool *res);

static __always_inline int __must_check kstrtoul(const char *s, unsigned int base,
						 unsigned long *res)
{
	return kstrtoull(s, base, (unsigned long long *)res);
}

static __always_inline int __must_check kstrtol(const char *s, unsigned int base, long *res)
{
	return kstrtoll(s, base, (long long *)res);
}

static __always_inline int __must_check kstrtou64(const char *s, unsigned int base, u64 *res)
{
	return kstrtoull(s, base, res);
}

static __always_inline int __must_check kstrtos64(const char *s, unsigned int base, s64 *res)
{
	return kstrtoll(s, base, res);
}

static __always_inline int __must_check kstrtou32(const char *s, unsigned int base, u32 *res)
{
	return kstrtouint(s, base, res);
}

static __always_inline int __must_check kstrtos32(const char *s, unsigned int base, s32 *res)
{
	return kstrtoint(s, base, res);
}

/* The same from user memory; -EFAULT if it cannot be read. */
int __must_check kstrtoull_from_user(const char __user *s, size_t count, unsigned int base,
				     unsigned long long *res);
int __must_check kstrtoll_from_user(const char __user *s, size_t count, unsigned int base,
				    long long *res);
int __must_check kstrtouint_from_user(const char __user *s, size_t count, unsigned int base,
				      unsigned int *res);
int __must_check kstrtoint_from_user(const char __user *s, size_t count, unsigned int base,
				     int *res);
int __must_check kstrtobool_from_user(const char __user *s, size_t count, bool *res);

static __always_inline int __must_check kstrtoul_from_user(const char __user *s, size_t count,
							   unsigned int base,
							   unsigned long *res)
{
	return kstrtoull_from_user(s, count, base, (unsigned long long *)res);
}

static __always_inline int __must_check kstrtol_from_user(const char __user *s, size_t count,
							  unsigned int base, long *res)
{
	return kstrtoll_from_user(s, count, base, (long long *)res);
}

/* The number at the head of the text; *@endp is what follows. No errors, may wrap. */
unsigned long simple_strtoul(const char *cp, char **endp, unsigned int base);
long simple_strtol(const char *cp, char **endp, unsigned int base);
unsigned long long simple_strtoull(const char *cp, char **endp, unsigned int base);
long long simple_strtoll(const char *cp, char **endp, unsigned int base);

#define strtobool(s, res)	kstrtobool(s, res)
#define strict_strtoul(s, base, res)	kstrtoul(s, base, res)
#define strict_strtol(s, base, res)	kstrtol(s, base, res)

#endif
