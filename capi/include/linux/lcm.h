/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LCM_H
#define _RZ_LINUX_LCM_H

/* The least number that both divide; 0 if one is 0. */
unsigned long lcm(unsigned long a, unsigned long b);
/* The other one if one is 0. */
unsigned long lcm_not_zero(unsigned long a, unsigned long b);

#endif
