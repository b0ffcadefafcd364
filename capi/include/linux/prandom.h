/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_PRANDOM_H
#define _RZ_LINUX_PRANDOM_H

/*
 * Pseudo-random numbers from a state of one's own: L'Ecuyer's combined Tausworthe
 * generator of four components (Mathematics of Computation 68, 1999).
 */

#include <linux/types.h>

struct rnd_state {
	__u32 s1, s2, s3, s4;
};

u32 prandom_u32_state(struct rnd_state *state);
void prandom_bytes_state(struct rnd_state *state, void *buf, size_t nbytes);
/* The sequence of @seed, which is the same everywhere and always. */
void prandom_seed_state(struct rnd_state *state, u64 seed);

/* From the common source, as get_random_u32(). */
u32 prandom_u32(void);
void prandom_bytes(void *buf, size_t nbytes);
u32 __prandom_u32_max(u32 ceil);

/* Below @ceil; 0 for 0. */
static __always_inline u32 prandom_u32_max(u32 ceil)
{
	return __prandom_u32_max(ceil);
}

static __always_inline u32 prandom_u32_max_state(struct rnd_state *state, u32 ceil)
{
	return (u32)(((u64)prandom_u32_state(state) * ceil) >> 32);
}

/* The next number of a linear congruential sequence (Numerical Recipes, "ranqd1"). */
static __always_inline u32 next_pseudo_random32(u32 seed)
{
	return seed * 1664525 + 1013904223;
}

#endif
