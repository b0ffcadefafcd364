/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_LIST_H
#define _RZ_LINUX_LIST_H

/*
 * Lists: a node is embedded in what it links, and the head is a node without an
 * object around it. Doubly linked and circular (list_head), or with a head of one
 * pointer (hlist). Nothing here locks; what may be asked without the lock is said.
 */

#include <linux/container_of.h>
#include <linux/types.h>
#include <linux/stddef.h>
#include <linux/poison.h>
#include <linux/const.h>
#include <linux/compiler.h>
#include <asm/barrier.h>

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static __always_inline void INIT_LIST_HEAD(struct list_head *list)
{
	WRITE_ONCE(list->next, list);
	WRITE_ONCE(list->prev, list);
}

/* Puts @new between two nodes that are neighbours. */
static __always_inline void __list_add(struct list_head *new, struct list_head *prev,
				       struct list_head *next)
{
	new->next = next;
	new->prev = prev;
	next->prev = new;
	/* Last, and marked: list_empty() may look at it without the lock. */
	WRITE_ONCE(prev->next, new);
}

/* Puts @new first. */
static __always_inline void list_add(struct list_head *new, struct list_head *head)
{
	__list_add(new, head, head->next);
}

/* Puts @new last. */
static __always_inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	__list_add(new, head->prev, head);
}

/* Makes two nodes neighbours, whatever was between them. */
static __always_inline void __list_del(struct list_head *prev, struct list_head *next)
{
	next->prev = prev;
	WRITE_ONCE(prev->next, next);
}

static __always_inline void __list_del_clearprev(struct list_head *entry)
{
	__list_del(entry->prev, entry->next);
	entry->prev = NULL;
}

static __always_inline void __list_del_entry(struct list_head *entry)
{
	__list_del(entry->prev, entry->next);
}

/* Takes @entry out. It is in no list then, and must not be asked. */
static __always_inline void list_del(struct list_head *entry)
{
	__list_del_entry(entry);
	entry->next = LIST_POISON1;
	entry->prev = LIST_POISON2;
}

/* Takes @entry out and makes it an empty list. */
static __always_inline void list_del_init(struct list_head *entry)
{
	__list_del_entry(entry);
	INIT_LIST_HEAD(entry);
}

/*
 * The same for an entry that somebody asks list_empty_careful() about without the
 * lock: whoever sees it empty sees all that was done before.
 */
static __always_inline void list_del_init_careful(struct list_head *entry)
{
	__list_del_entry(entry);
	WRITE_ONCE(entry->prev, entry);
	smp_store_release(&entry->next, entry);
}

/* Puts @new where @old is. */
static __always_inline void list_replace(struct list_head *old, struct list_head *new)
{
	new->next = old->next;
	new->next->prev = new;
	new->prev = old->prev;
	new->prev->next = new;
}

static __always_inline void list_replace_init(struct list_head *old, struct list_head *new)
{
	list_replace(old, new);
	INIT_LIST_HEAD(old);
}

/* Exchanges the places of two entries, of one list or two. */
static __always_inline void list_swap(struct list_head *entry1, struct list_head *entry2)
{
	struct list_head *before2 = entry2->prev;

	list_del(entry2);
	list_replace(entry1, entry2);
	/* If they were neighbours, what was before the second one is gone. */
	list_add(entry1, before2 == entry1 ? entry2 : before2);
}

/* From one list to the head of another. */
static __always_inline void list_move(struct list_head *entry, struct list_head *head)
{
	__list_del_entry(entry);
	list_add(entry, head);
}

/* From one list to the tail of another. */
static __always_inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	__list_del_entry(entry);
	list_add_tail(entry, head);
}

/* Moves @first up to @last, which are in one list, to the tail of @head. */
static __always_inline void list_bulk_move_tail(struct list_head *head,
						struct list_head *first,
						struct list_head *last)
{
	struct list_head *tail;

	__list_del(first->prev, last->next);

	tail = head->prev;
	tail->next = first;
	first->prev = tail;
	last->next = head;
	head->prev = last;
}

static __always_inline int list_is_first(const struct list_head *entry,
					 const struct list_head *head)
{
	return entry->prev == head;
}

static __always_inline int list_is_last(const struct list_head *entry,
					const struct list_head *head)
{
	return entry->next == head;
}

static __always_inline int list_is_head(const struct list_head *entry,
					const struct list_head *head)
{
	return entry == head;
}

/* May be asked without the lock, if the answer is allowed to be old. */
static __always_inline int list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

/*
 * Whether both directions are empty, so that no list_del_init_careful() is half
 * done. Safe without the lock if nobody adds entries.
 */
static __always_inline int list_empty_careful(const struct list_head *head)
{
	struct list_head *next = smp_load_acquire(&head->next);

	return list_is_head(next, head) && next == READ_ONCE(head->prev);
}

/* The first entry becomes the last. */
static __always_inline void list_rotate_left(struct list_head *head)
{
	if (!list_empty(head))
		list_move_tail(head->next, head);
}

/* Turns the list until @list is the first entry. */
static __always_inline void list_rotate_to_front(struct list_head *list,
						 struct list_head *head)
{
	/* What moves is the head: to the place before the entry. */
	list_move_tail(head, list);
}

/* Whether there is exactly one entry. */
static __always_inline int list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static __always_inline void __list_cut_position(struct list_head *list,
						struct list_head *head,
						struct list_head *entry)
{
	struct list_head *first = head->next, *rest = entry->next;

	list->next = first;
	first->prev = list;
	list->prev = entry;
	entry->next = list;
	head->next = rest;
	rest->prev = head;
}

/*
 * Moves the entries up to and with @entry from @head to @list, whose content is
 * lost. With the head itself as @entry, nothing is moved.
 */
static __always_inline void list_cut_position(struct list_head *list, struct list_head *head,
					      struct list_head *entry)
{
	if (list_empty(head))
		return;
	if (list_is_singular(head) && entry != head && entry != head->next)
		return;
	if (entry == head)
		INIT_LIST_HEAD(list);
	else
		__list_cut_position(list, head, entry);
}

/* Moves the entries before @entry. With the head as @entry: all. */
static __always_inline void list_cut_before(struct list_head *list, struct list_head *head,
					    struct list_head *entry)
{
	if (head->next == entry)
		INIT_LIST_HEAD(list);
	else
		__list_cut_position(list, head, entry->prev);
}

/* Puts the entries of @list, which is not empty, between two neighbours. */
static __always_inline void __list_splice(const struct list_head *list,
					  struct list_head *prev, struct list_head *next)
{
	struct list_head *first = list->next, *last = list->prev;

	first->prev = prev;
	prev->next = first;
	last->next = next;
	next->prev = last;
}

/* Puts the entries of @list first. @list itself is left as it was: invalid. */
static __always_inline void list_splice(const struct list_head *list, struct list_head *head)
{
	if (!list_empty(list))
		__list_splice(list, head, head->next);
}

/* The same, last. */
static __always_inline void list_splice_tail(struct list_head *list, struct list_head *head)
{
	if (!list_empty(list))
		__list_splice(list, head->prev, head);
}

/* Puts the entries of @list first and makes it empty. */
static __always_inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	if (!list_empty(list)) {
		__list_splice(list, head, head->next);
		INIT_LIST_HEAD(list);
	}
}

/* The same, last. */
static __always_inline void list_splice_tail_init(struct list_head *list,
						  struct list_head *head)
{
	if (!list_empty(list)) {
		__list_splice(list, head->prev, head);
		INIT_LIST_HEAD(list);
	}
}

/* The object around a node; the first, the last, the neighbours. */
#define list_entry(ptr, type, member)		container_of(ptr, type, member)
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member)			\
({									\
	struct list_head *__rz_head = (head);				\
	struct list_head *__rz_first = READ_ONCE(__rz_head->next);	\
	__rz_first != __rz_head ? list_entry(__rz_first, type, member) : NULL; \
})
#define list_last_entry_or_null(head, type, member)			\
({									\
	struct list_head *__rz_head = (head);				\
	struct list_head *__rz_last = READ_ONCE(__rz_head->prev);	\
	__rz_last != __rz_head ? list_entry(__rz_last, type, member) : NULL; \
})
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, typeof(*(pos)), member)
#define list_prev_entry(pos, member) \
	list_entry((pos)->member.prev, typeof(*(pos)), member)
#define list_next_entry_circular(pos, head, member) \
	(list_is_last(&(pos)->member, head) ? \
	 list_first_entry(head, typeof(*(pos)), member) : list_next_entry(pos, member))
#define list_prev_entry_circular(pos, head, member) \
	(list_is_first(&(pos)->member, head) ? \
	 list_last_entry(head, typeof(*(pos)), member) : list_prev_entry(pos, member))

/* Whether an iteration has come round: @pos is then no object. */
#define list_entry_is_head(pos, head, member) list_is_head(&(pos)->member, (head))

/* Over the nodes. In the safe forms the current one may be taken out. */
#define list_for_each(pos, head) \
	for (pos = (head)->next; !list_is_head(pos, (head)); pos = pos->next)
#define list_for_each_reverse(pos, head) list_for_each_prev(pos, head)
#define list_for_each_continue(pos, head) \
	for (pos = pos->next; !list_is_head(pos, (head)); pos = pos->next)
#define list_for_each_prev(pos, head) \
	for (pos = (head)->prev; !list_is_head(pos, (head)); pos = pos->prev)
#define list_for_each_safe(pos, n, head) \
	for (pos = (head)->next, n = pos->next; !list_is_head(pos, (head)); \
	     pos = n, n = pos->next)
#define list_for_each_prev_safe(pos, n, head) \
	for (pos = (head)->prev, n = pos->prev; !list_is_head(pos, (head)); \
	     pos = n, n = pos->prev)

static __always_inline size_t list_count_nodes(struct list_head *head)
{
	struct list_head *pos;
	size_t count = 0;

	list_for_each(pos, head)
		count++;
	return count;
}

/* Over the objects; _continue goes on behind @pos, _from with @pos itself. */
#define list_for_each_entry(pos, head, member)				\
	for (pos = list_first_entry(head, typeof(*pos), member);	\
	     !list_entry_is_head(pos, head, member);			\
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)			\
	for (pos = list_last_entry(head, typeof(*pos), member);		\
	     !list_entry_is_head(pos, head, member);			\
	     pos = list_prev_entry(pos, member))
#define list_prepare_entry(pos, head, member)				\
	((pos) ? (pos) : list_entry(head, typeof(*pos), member))
#define list_for_each_entry_continue(pos, head, member)			\
	for (pos = list_next_entry(pos, member);			\
	     !list_entry_is_head(pos, head, member);			\
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_continue_reverse(pos, head, member)		\
	for (pos = list_prev_entry(pos, member);			\
	     !list_entry_is_head(pos, head, member);			\
	     pos = list_prev_entry(pos, member))
#define list_for_each_entry_from(pos, head, member)			\
	for (; !list_entry_is_head(pos, head, member);			\
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_from_reverse(pos, head, member)		\
	for (; !list_entry_is_head(pos, head, member);			\
	     pos = list_prev_entry(pos, member))

#define list_for_each_entry_safe(pos, n, head, member)			\
	for (pos = list_first_entry(head, typeof(*pos), member),	\
	     n = list_next_entry(pos, member);				\
	     !list_entry_is_head(pos, head, member);			\
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_continue(pos, n, head, member)		\
	for (pos = list_next_entry(pos, member),			\
	     n = list_next_entry(pos, member);				\
	     !list_entry_is_head(pos, head, member);			\
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_from(pos, n, head, member)		\
	for (n = list_next_entry(pos, member);				\
	     !list_entry_is_head(pos, head, member);			\
	     pos = n, n = list_next_entry(n, member))
#define list_for_each_entry_safe_reverse(pos, n, head, member)		\
	for (pos = list_last_entry(head, typeof(*pos), member),		\
	     n = list_prev_entry(pos, member);				\
	     !list_entry_is_head(pos, head, member);			\
	     pos = n, n = list_prev_entry(n, member))
/* In a safe iteration that let the lock go: @n anew, while @pos is still in. */
#define list_safe_reset_next(pos, n, member) n = list_next_entry(pos, member)

#include <linux/hlist.h>

#endif
