// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * L'Ecuyer's combined Tausworthe generator with four components ("Tables of maximally
 * equidistributed combined LFSR generators", Mathematics of Computation 68, 1999).
 */
#include <linux/prandom.h>

/* One step of a component: the parameters of the paper's table, row by row. */
static u32 component(u32 z, int q, int shift_back, u32 mask, int shift)
{
	u32 b = ((z << q) ^ z) >> shift_back;

	return ((z & mask) << shift) ^ b;
}

u32 prandom_u32_state(struct rnd_state *state)
{
	state->s1 = component(state->s1, 6, 13, 0xfffffffeU, 18);
	state->s2 = component(state->s2, 2, 27, 0xfffffff8U, 2);
	state->s3 = component(state->s3, 13, 21, 0xfffffff0U, 7);
	state->s4 = component(state->s4, 3, 12, 0xffffff80U, 13);
	return state->s1 ^ state->s2 ^ state->s3 ^ state->s4;
}

void prandom_bytes_state(struct rnd_state *state, void *buf, size_t nbytes)
{
	u8 *out = buf;

	while (nbytes > 0) {
		u32 word = prandom_u32_state(state);
		int i;

		for (i = 0; i < 4 && nbytes > 0; i++, nbytes--)
			*out++ = word >> (8 * i);
	}
}

void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	u32 *word[] = { &state->s1, &state->s2, &state->s3, &state->s4 };
	u32 x = (u32)(seed >> 32) ^ (u32)seed;
	int i;

	/* A component must not start at 0 in the bits that it keeps: at least 128. */
	for (i = 0; i < 4; i++) {
		x = next_pseudo_random32(x);
		*word[i] = x < 128 ? x + 128 : x;
	}
	for (i = 0; i < 8; i++)
		prandom_u32_state(state);
}
