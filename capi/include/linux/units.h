/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_UNITS_H
#define _RZ_LINUX_UNITS_H

/* Powers of ten by name. */

#include <linux/bits.h>
#include <linux/math.h>

#define PICO	1000000000000ULL
#define NANO	1000000000UL
#define MICRO	1000000UL
#define MILLI	1000UL
#define KILO	1000UL
#define MEGA	1000000UL
#define GIGA	1000000000UL
#define TERA	1000000000000ULL
#define HZ_PER_KHZ	1000UL
#define HZ_PER_MHZ	1000000UL
#define KHZ_PER_MHZ	1000UL

#endif
