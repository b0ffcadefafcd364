// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Heapsort, bottom up (I. Wegener, 1993): a hole goes down along the larger children
 * to a leaf with one comparison a level, and the element that was on top then climbs
 * from there to its place, which is near the bottom as a rule.
 */
#include <linux/sort.h>
#include <linux/types.h>

/* What sort() was called with. */
struct job {
	char *base;
	size_t size;
	cmp_r_func_t cmp_r;
	swap_r_func_t swap_r;
	cmp_func_t cmp;
	swap_func_t swap;
	const void *priv;
};

static void *element(const struct job *job, size_t index)
{
	return job->base + index * job->size;
}

static int compare(const struct job *job, size_t a, size_t b)
{
	if (job->cmp_r)
		return job->cmp_r(element(job, a), element(job, b), job->priv);
	return job->cmp(element(job, a), element(job, b));
}

static bool in_words(const struct job *job)
{
	return (((unsigned long)job->base | job->size) & (sizeof(u64) - 1)) == 0;
}

static void exchange_plain(const struct job *job, char *a, char *b)
{
	size_t i;

	if (in_words(job)) {
		for (i = 0; i < job->size; i += sizeof(u64)) {
			u64 word = *(u64 *)(a + i);

			*(u64 *)(a + i) = *(u64 *)(b + i);
			*(u64 *)(b + i) = word;
		}
		return;
	}
	for (i = 0; i < job->size; i++) {
		char byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

static void exchange(const struct job *job, size_t a, size_t b)
{
	void *pa = element(job, a), *pb = element(job, b);

	if (job->swap_r)
		job->swap_r(pa, pb, job->size, job->priv);
	else if (job->swap)
		job->swap(pa, pb, job->size);
	else
		exchange_plain(job, pa, pb);
}

/*
 * Lets the element @top sink to its place in the heap of @count elements. Only whole
 * elements can be exchanged, so the way down is only looked at; then the element is
 * moved along it.
 */
static void sink(const struct job *job, size_t top, size_t count)
{
	size_t at = top, place;

	/* Down along the larger children. */
	while (2 * at + 2 < count) {
		size_t left = 2 * at + 1;

		at = compare(job, left, left + 1) >= 0 ? left : left + 1;
	}
	if (2 * at + 1 < count)
		at = 2 * at + 1;
	/* Up to the first one on this way that is larger than @top. */
	while (at != top && compare(job, top, at) >= 0)
		at = (at - 1) / 2;
	/*
	 * Exchanged with each one above it in turn, the place takes the element from
	 * the top, and each of the others goes up by one.
	 */
	for (place = at; at != top;) {
		at = (at - 1) / 2;
		exchange(job, at, place);
	}
}

static void heapsort(const struct job *job, size_t num)
{
	size_t at;

	if (num < 2 || job->size == 0)
		return;
	for (at = num / 2; at > 0; at--)
		sink(job, at - 1, num);
	for (at = num - 1; at > 0; at--) {
		exchange(job, 0, at);
		sink(job, 0, at);
	}
}

void sort_r(void *base, size_t num, size_t size, cmp_r_func_t cmp, swap_r_func_t swap,
	    const void *priv)
{
	const struct job job = {
		.base = base, .size = size, .cmp_r = cmp, .swap_r = swap, .priv = priv,
	};

	heapsort(&job, num);
}

void sort(void *base, size_t num, size_t size, cmp_func_t cmp, swap_func_t swap)
{
	const struct job job = { .base = base, .size = size, .cmp = cmp, .swap = swap };

	heapsort(&job, num);
}
