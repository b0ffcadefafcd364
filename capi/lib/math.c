// SPDX-License-Identifier: MIT OR Apache-2.0
/* Integer functions that are no one instruction. */
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/gcd.h>
#include <linux/lcm.h>

/* Digit by digit in base 2: @bit is the square of the digit that is tried next. */
unsigned long int_sqrt(unsigned long x)
{
	unsigned long root = 0, bit = 1UL << 62;

	while (bit > x)
		bit >>= 2;
	for (; bit; bit >>= 2) {
		if (x >= root + bit) {
			x -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return root;
}

/* By the binary digits of the exponent. */
u64 int_pow(u64 base, unsigned int exp)
{
	u64 result = 1;

	for (; exp; exp >>= 1) {
		if (exp & 1)
			result *= base;
		base *= base;
	}
	return result;
}

/* Long division of the 128-bit product, bit by bit; bits above the 64th are lost. */
u64 mul_u64_u64_div_u64(u64 a, u64 mul, u64 div)
{
	unsigned __int128 product = (unsigned __int128)a * mul, rest = 0;
	u64 quotient = 0;
	int bit;

	for (bit = 127; bit >= 0; bit--) {
		rest = rest << 1 | (product >> bit & 1);
		quotient <<= 1;
		if (rest >= div) {
			rest -= div;
			quotient |= 1;
		}
	}
	return quotient;
}

/* Euclid's algorithm. */
unsigned long gcd(unsigned long a, unsigned long b)
{
	while (b) {
		unsigned long rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

unsigned long lcm(unsigned long a, unsigned long b)
{
	return a && b ? a / gcd(a, b) * b : 0;
}

unsigned long lcm_not_zero(unsigned long a, unsigned long b)
{
	unsigned long multiple = lcm(a, b);

	return multiple ? multiple : (a ? a : b);
}
