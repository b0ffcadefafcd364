/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_GCD_H
#define _RZ_LINUX_GCD_H

/* The greatest number that divides both; the other one if one is 0. */
unsigned long gcd(unsigned long a, unsigned long b);

#endif
