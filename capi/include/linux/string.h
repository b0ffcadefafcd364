/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_STRING_H
#define _RZ_LINUX_STRING_H

/*
 * Memory and strings. The functions are calls, so that the checker sees what they
 * read and write; the compiler replaces none of them.
 */

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/errno.h>
#include <linux/stdarg.h>

void *memcpy(void *dest, const void *src, size_t n);
void *memmove(void *dest, const void *src, size_t n);
void *memset(void *s, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
int bcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
/* The first byte that is not @c, or NULL. */
void *memchr_inv(const void *s, int c, size_t n);
void *memscan(void *s, int c, size_t n);
void *memset16(u16 *s, u16 v, size_t count);
void *memset32(u32 *s, u32 v, size_t count);
void *memset64(u64 *s, u64 v, size_t count);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
char *strcpy(char *dest, const char *src);
char *strncpy(char *dest, const char *src, size_t n);
/* Copies at most @size bytes with the 0; returns the length of @src. */
size_t strlcpy(char *dest, const char *src, size_t size);
/* The same; returns the length copied, or -E2BIG if it was cut. */
ssize_t strscpy(char *dest, const char *src, size_t size);
/* The same, and the rest of @dest becomes 0. */
ssize_t strscpy_pad(char *dest, const char *src, size_t size);
char *strcat(char *dest, const char *src);
char *strncat(char *dest, const char *src, size_t n);
size_t strlcat(char *dest, const char *src, size_t size);
char *stpcpy(char *dest, const char *src);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
/* Like strchr(), but the end of the string instead of NULL. */
char *strchrnul(const char *s, int c);
char *strnchr(const char *s, size_t n, int c);
char *strnchrnul(const char *s, size_t n, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
char *strnstr(const char *s, const char *what, size_t n);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);
char *strpbrk(const char *s, const char *accept);
/* Cuts the next word off *@s at one of @delim; NULL when there is none left. */
char *strsep(char **s, const char *delim);
/* Without the blanks at the head; and without those at the end, which is cut. */
char *__must_check skip_spaces(const char *s);
char *strim(char *s);
/* Replaces each @old by @new, and returns the string's end (older kernels) or start. */
char *strreplace(char *s, char old, char new);
/* Whether they are equal but for a newline at the end. */
bool sysfs_streq(const char *a, const char *b);
/* The index of @string in an array of @n (or up to a NULL), or -EINVAL. */
int match_string(const char * const *array, size_t n, const char *string);
int __sysfs_match_string(const char * const *array, size_t n, const char *string);
#define sysfs_match_string(array, s) \
	__sysfs_match_string(array, sizeof(array) / sizeof((array)[0]), s)

static __always_inline __must_check char *strstrip(char *s)
{
	return strim(s);
}

/* The name of the last component of a path. */
static __always_inline const char *kbasename(const char *path)
{
	const char *tail = strrchr(path, '/');

	return tail ? tail + 1 : path;
}

static __always_inline bool strstarts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* The length of @prefix if @s begins with it, else 0. */
static __always_inline size_t str_has_prefix(const char *s, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(s, prefix, len) == 0 ? len : 0;
}

static __always_inline void memzero_explicit(void *s, size_t n)
{
	memset(s, 0, n);
	barrier_data(s);
}

static __always_inline void memcpy_and_pad(void *dest, size_t dest_len, const void *src,
					   size_t n, int pad)
{
	if (dest_len > n) {
		memcpy(dest, src, n);
		memset(dest + n, pad, dest_len - n);
	} else {
		memcpy(dest, src, dest_len);
	}
}

#define memset_after(obj, v, member)					\
	memset((u8 *)(obj) + offsetofend(typeof(*(obj)), member), (v),	\
	       sizeof(*(obj)) - offsetofend(typeof(*(obj)), member))
#define memset_startat(obj, v, member)					\
	memset((u8 *)(obj) + offsetof(typeof(*(obj)), member), (v),	\
	       sizeof(*(obj)) - offsetof(typeof(*(obj)), member))

#define unsafe_memcpy(dst, src, bytes, why)	memcpy(dst, src, bytes)

/* Copies in memory from kmalloc(); NULL when there is none. May sleep as @gfp says. */
char *kstrdup(const char *s, gfp_t gfp);
const char *kstrdup_const(const char *s, gfp_t gfp);
char *kstrndup(const char *s, size_t max, gfp_t gfp);
void *kmemdup(const void *src, size_t len, gfp_t gfp);
char *kmemdup_nul(const char *s, size_t len, gfp_t gfp);
void kfree_const(const void *p);
/* A copy of user memory, an error pointer on failure; with a 0 behind it. */
void *memdup_user(const void __user *src, size_t len);
void *memdup_user_nul(const void __user *src, size_t len);

#endif
