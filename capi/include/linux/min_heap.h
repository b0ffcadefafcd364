/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_MIN_HEAP_H
#define _RZ_LINUX_MIN_HEAP_H

/*
 * A binary heap in an array: the element that is less than all others is the first.
 * Whoever uses it gives the array and the functions.
 */

#include <linux/bug.h>
#include <linux/string.h>
#include <linux/types.h>

/* @nr elements are in, @size fit. */
struct min_heap {
	void *data;
	int nr;
	int size;
};

struct min_heap_callbacks {
	int elem_size;
	bool (*less)(const void *lhs, const void *rhs);
	void (*swp)(void *lhs, void *rhs);
};

/* Moves the element @pos down until none of its children is less. */
static __always_inline void min_heapify(struct min_heap *heap, int pos,
					const struct min_heap_callbacks *func)
{
	for (;;) {
		void *parent = heap->data + pos * func->elem_size;
		int left = 2 * pos + 1, right = 2 * pos + 2, least = pos;
		void *smallest = parent;

		if (left < heap->nr) {
			void *child = heap->data + left * func->elem_size;

			if (func->less(child, smallest)) {
				least = left;
				smallest = child;
			}
		}
		if (right < heap->nr) {
			void *child = heap->data + right * func->elem_size;

			if (func->less(child, smallest)) {
				least = right;
				smallest = child;
			}
		}
		if (least == pos)
			return;
		func->swp(smallest, parent);
		pos = least;
	}
}

/* Makes a heap of elements in any order. */
static __always_inline void min_heapify_all(struct min_heap *heap,
					    const struct min_heap_callbacks *func)
{
	int pos;

	for (pos = heap->nr / 2 - 1; pos >= 0; pos--)
		min_heapify(heap, pos, func);
}

/* Takes the first element away. */
static __always_inline void min_heap_pop(struct min_heap *heap,
					 const struct min_heap_callbacks *func)
{
	if (WARN_ONCE(heap->nr <= 0, "min_heap_pop: the heap is empty"))
		return;
	heap->nr--;
	memcpy(heap->data, heap->data + heap->nr * func->elem_size, func->elem_size);
	min_heapify(heap, 0, func);
}

/* Puts @element in the place of the first. */
static __always_inline void min_heap_pop_push(struct min_heap *heap, const void *element,
					      const struct min_heap_callbacks *func)
{
	memcpy(heap->data, element, func->elem_size);
	min_heapify(heap, 0, func);
}

/* Adds @element. */
static __always_inline void min_heap_push(struct min_heap *heap, const void *element,
					  const struct min_heap_callbacks *func)
{
	int pos;

	if (WARN_ONCE(heap->nr >= heap->size, "min_heap_push: the heap is full"))
		return;
	pos = heap->nr++;
	memcpy(heap->data + pos * func->elem_size, element, func->elem_size);
	while (pos > 0) {
		void *child = heap->data + pos * func->elem_size;
		void *parent = heap->data + (pos - 1) / 2 * func->elem_size;

		if (!func->less(child, parent))
			break;
		func->swp(parent, child);
		pos = (pos - 1) / 2;
	}
}

#endif
