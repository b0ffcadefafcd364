// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Merge sort from the bottom up. Sorted runs wait in a row of slots like the digits
 * of a binary counter: slot i is empty or holds 2^i entries, all of them older than
 * those of the slots below. A new entry is carried up through the full slots. Runs
 * are chained by `next` alone; the last pass makes the list circular again.
 */
#include <linux/list_sort.h>
#include <linux/list.h>
#include <linux/types.h>

/* Enough for a list of 2^48 entries; the last slot takes what is more. */
#define SLOTS 48

/* Merges two runs. Of entries that are equal, those of @older come first. */
static struct list_head *merge(void *priv, list_cmp_func_t cmp, struct list_head *older,
			       struct list_head *newer)
{
	struct list_head *first = NULL, **tail = &first;

	while (older && newer) {
		if (cmp(priv, older, newer) <= 0) {
			*tail = older;
			tail = &older->next;
			older = older->next;
		} else {
			*tail = newer;
			tail = &newer->next;
			newer = newer->next;
		}
	}
	*tail = older ? older : newer;
	return first;
}

void list_sort(void *priv, struct list_head *head, list_cmp_func_t cmp)
{
	struct list_head *slots[SLOTS] = { NULL };
	struct list_head *next, *run, *prev;
	int slot;

	if (head->next == head->prev)
		return;

	/* Out of the circle: the last entry ends the chain. */
	head->prev->next = NULL;
	for (next = head->next; next;) {
		run = next;
		next = next->next;
		run->next = NULL;
		for (slot = 0; slot < SLOTS - 1 && slots[slot]; slot++) {
			run = merge(priv, cmp, slots[slot], run);
			slots[slot] = NULL;
		}
		slots[slot] = slots[slot] ? merge(priv, cmp, slots[slot], run) : run;
	}

	run = NULL;
	for (slot = 0; slot < SLOTS; slot++)
		if (slots[slot])
			run = run ? merge(priv, cmp, slots[slot], run) : slots[slot];

	prev = head;
	for (; run; run = run->next) {
		prev->next = run;
		run->prev = prev;
		prev = run;
	}
	prev->next = head;
	head->prev = prev;
}
