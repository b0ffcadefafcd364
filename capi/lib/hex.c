// SPDX-License-Identifier: MIT OR Apache-2.0
/* Bytes as hexadecimal digits. */
#include <linux/hex.h>
#include <linux/errno.h>

int hex_to_bin(unsigned char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch |= 0x20;
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

int hex2bin(u8 *dst, const char *src, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		int high = hex_to_bin(src[2 * i]);
		int low = high < 0 ? -1 : hex_to_bin(src[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		dst[i] = high << 4 | low;
	}
	return 0;
}

char *bin2hex(char *dst, const void *src, size_t count)
{
	const u8 *bytes = src;

	while (count--)
		dst = hex_byte_pack(dst, *bytes++);
	return dst;
}
