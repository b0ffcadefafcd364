/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_CTYPE_H
#define _RZ_LINUX_CTYPE_H

/* Kinds of characters, of ASCII and of the upper half of Latin-1. */

#include <linux/types.h>

static __always_inline bool isdigit(int c)
{
	return c >= '0' && c <= '9';
}

static __always_inline bool __rz_latin_upper(unsigned char c)
{
	return c >= 0xc0 && c <= 0xde && c != 0xd7;
}

static __always_inline bool __rz_latin_lower(unsigned char c)
{
	return c >= 0xdf && c != 0xf7;
}

static __always_inline bool isupper(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || __rz_latin_upper(c);
}

static __always_inline bool islower(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || __rz_latin_lower(c);
}

static __always_inline bool isalpha(unsigned char c)
{
	return isupper(c) || islower(c);
}

static __always_inline bool isalnum(unsigned char c)
{
	return isalpha(c) || isdigit(c);
}

static __always_inline bool isxdigit(unsigned char c)
{
	return isdigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static __always_inline bool isspace(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

static __always_inline bool iscntrl(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static __always_inline bool isascii(unsigned char c)
{
	return c < 0x80;
}

static __always_inline bool isprint(unsigned char c)
{
	return (c >= 0x20 && c < 0x7f) || c >= 0xa0;
}

static __always_inline bool isgraph(unsigned char c)
{
	return isprint(c) && !isspace(c);
}

static __always_inline bool ispunct(unsigned char c)
{
	return isgraph(c) && !isalnum(c);
}

static __always_inline unsigned char toascii(unsigned char c)
{
	return c & 0x7f;
}

static __always_inline unsigned char tolower(unsigned char c)
{
	return isupper(c) ? c + 32 : c;
}

static __always_inline unsigned char toupper(unsigned char c)
{
	return c != 0xdf && c != 0xff && islower(c) ? c - 32 : c;
}

static __always_inline char _tolower(const char c)
{
	return c | 0x20;
}

static __always_inline int isodigit(const char c)
{
	return c >= '0' && c <= '7';
}

#endif
