/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef _RZ_LINUX_SEQLOCK_H
#define _RZ_LINUX_SEQLOCK_H

/*
 * Sequence counters and sequence locks: a writer makes the sequence odd, changes
 * the data and makes it even again; a reader reads again when the sequence has
 * changed. Readers hold up nobody, and never sleep.
 *
 * What is read between a begin and its retry may be read while it is written;
 * the checker takes it for that, and tries it. Writers of a seqcount_t exclude
 * each other by a lock of their own, and are not preempted: a reader that came in
 * between on the same CPU would wait for ever. What interrupts read is written
 * with interrupts off. Breaking these rules is a finding, as is a counter that was
 * never initialised.
 */

#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rwlock.h>
#include <linux/seqlock_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#ifndef __ASSEMBLY__

void __rz_seqcount_init(seqcount_t *s, const char *name);
unsigned int __rz_seqcount_begin(const seqcount_t *s);
unsigned int __rz_seqcount_read(const seqcount_t *s);
int __rz_seqcount_retry(const seqcount_t *s, unsigned int start);
unsigned int __rz_seqlock_begin(const seqlock_t *sl);
/* @held: 0 if the writers' lock is known and not held. The raw forms do not look at preemption. */
void __rz_seqcount_write_begin(seqcount_t *s, int held, int subclass);
void __rz_seqcount_write_end(seqcount_t *s);
void __rz_seqcount_raw_write_begin(seqcount_t *s);
void __rz_seqcount_raw_write_end(seqcount_t *s);
void __rz_seqcount_invalidate(seqcount_t *s, int held);
void __rz_seqcount_latch_init(seqcount_latch_t *s);
void __rz_seqcount_latch(seqcount_latch_t *s);
unsigned int __rz_seqcount_latch_read(const seqcount_latch_t *s);
int __rz_seqcount_latch_retry(const seqcount_latch_t *s, unsigned int start);

/* Static initialisers, and those at run time. */
#define SEQCNT_ZERO(name)						\
	{ .__rz_magic = __RZ_SEQCOUNT_MAGIC, .__rz_name = #name,	\
	  .__rz_name_len = sizeof(#name) - 1 }
#define seqcount_init(s)		__rz_seqcount_init(s, #s)

#define __RZ_SEQCNT_LOCKED(name, lockp)	{ .seqcount = SEQCNT_ZERO(name), .lock = (lockp) }
#define SEQCNT_RAW_SPINLOCK_ZERO(name, lockp)	__RZ_SEQCNT_LOCKED(name, lockp)
#define SEQCNT_SPINLOCK_ZERO(name, lockp)	__RZ_SEQCNT_LOCKED(name, lockp)
#define SEQCNT_RWLOCK_ZERO(name, lockp)		__RZ_SEQCNT_LOCKED(name, lockp)
#define SEQCNT_MUTEX_ZERO(name, lockp)		__RZ_SEQCNT_LOCKED(name, lockp)

#define __rz_seqcount_locked_init(s, lockp)				\
do {									\
	typeof(s) __rz_s = (s);						\
	__rz_seqcount_init(&__rz_s->seqcount, #s);			\
	__rz_s->lock = (lockp);						\
} while (0)
#define seqcount_raw_spinlock_init(s, lockp)	__rz_seqcount_locked_init(s, lockp)
#define seqcount_spinlock_init(s, lockp)	__rz_seqcount_locked_init(s, lockp)
#define seqcount_rwlock_init(s, lockp)		__rz_seqcount_locked_init(s, lockp)
#define seqcount_mutex_init(s, lockp)		__rz_seqcount_locked_init(s, lockp)

/*
 * The counter in @s, whether the writers' lock is held as far as it is known, and
 * whether a holder may be preempted. All kinds begin with their counter.
 */
#ifdef __CHECKER__
#define __rz_seqcount_of(s)		((seqcount_t *)(void *)(s))
#define __rz_seqcount_held(s)		((void)(s), 1)
#define __rz_seqcount_preemptible(s)	((void)(s), 0)
#else
#define __rz_seqcount_of(s)						\
	_Generic(*(s),							\
		 seqcount_t: (seqcount_t *)(void *)(s),			\
		 seqcount_raw_spinlock_t: (seqcount_t *)(void *)(s),	\
		 seqcount_spinlock_t: (seqcount_t *)(void *)(s),	\
		 seqcount_rwlock_t: (seqcount_t *)(void *)(s),		\
		 seqcount_mutex_t: (seqcount_t *)(void *)(s))
#define __rz_seqcount_lock(s, type)	(((const type *)(const void *)(s))->lock)
#define __rz_seqcount_held(s)						\
	_Generic(*(s),							\
		 seqcount_raw_spinlock_t:				\
			__rz_spin_is_held(__rz_seqcount_lock(s, seqcount_raw_spinlock_t)), \
		 seqcount_spinlock_t:					\
			__rz_spin_is_held(&__rz_seqcount_lock(s, seqcount_spinlock_t)->rlock), \
		 seqcount_rwlock_t:					\
			__rz_write_is_held(__rz_seqcount_lock(s, seqcount_rwlock_t)), \
		 seqcount_mutex_t:					\
			__rz_mutex_is_held(__rz_seqcount_lock(s, seqcount_mutex_t)), \
		 default: 1)
#define __rz_seqcount_preemptible(s)	_Generic(*(s), seqcount_mutex_t: 1, default: 0)
#endif

/* Readers. Every context that does not interrupt a writer. */
#define read_seqcount_begin(s)		__rz_seqcount_begin(__rz_seqcount_of(s))
#define __read_seqcount_begin(s)	read_seqcount_begin(s)
#define raw_read_seqcount_begin(s)	read_seqcount_begin(s)
/* The sequence as it is, without waiting: every context. */
#define raw_read_seqcount(s)		__rz_seqcount_read(__rz_seqcount_of(s))
/* The same for a section that fails if somebody writes. */
#define raw_seqcount_begin(s)		(raw_read_seqcount(s) & ~1u)
/* Whether to read again. */
#define read_seqcount_retry(s, start)	__rz_seqcount_retry(__rz_seqcount_of(s), start)
#define __read_seqcount_retry(s, start)	read_seqcount_retry(s, start)

/* Writers: with their lock held, preemption off. The raw forms look at neither. */
#define write_seqcount_begin(s)		write_seqcount_begin_nested(s, 0)
#define write_seqcount_begin_nested(s, subclass)			\
do {									\
	typeof(s) __rz_counter = (s);					\
	if (__rz_seqcount_preemptible(__rz_counter))			\
		preempt_disable();					\
	__rz_seqcount_write_begin(__rz_seqcount_of(__rz_counter),	\
				  __rz_seqcount_held(__rz_counter), subclass); \
} while (0)
#define write_seqcount_end(s)						\
do {									\
	__rz_seqcount_write_end(__rz_seqcount_of(s));			\
	if (__rz_seqcount_preemptible(s))				\
		preempt_enable();					\
} while (0)
#define raw_write_seqcount_begin(s)					\
do {									\
	if (__rz_seqcount_preemptible(s))				\
		preempt_disable();					\
	__rz_seqcount_raw_write_begin(__rz_seqcount_of(s));		\
} while (0)
#define raw_write_seqcount_end(s)					\
do {									\
	__rz_seqcount_raw_write_end(__rz_seqcount_of(s));		\
	if (__rz_seqcount_preemptible(s))				\
		preempt_enable();					\
} while (0)

/* Makes the sections under way fail, without a section of its own; the old name. */
#define write_seqcount_invalidate(s)					\
do {									\
	typeof(s) __rz_counter = (s);					\
	__rz_seqcount_invalidate(__rz_seqcount_of(__rz_counter),	\
				 __rz_seqcount_held(__rz_counter));	\
} while (0)
#define write_seqcount_barrier(s)	write_seqcount_invalidate(s)
/* Orders what is written before and after it for readers. */
#define raw_write_seqcount_barrier(s)	__rz_seqcount_invalidate(__rz_seqcount_of(s), 1)

/*
 * Latches: the data are kept twice, readers read copy number (sequence & 1) and
 * wait for nobody, also in an NMI. A writer, alone by other means, calls
 * raw_write_seqcount_latch() before it changes copy 0, and again before copy 1.
 */
#define SEQCNT_LATCH_ZERO(name)			{ .sequence = 0 }
#define seqcount_latch_init(s)			__rz_seqcount_latch_init(s)
#define raw_read_seqcount_latch(s)		__rz_seqcount_latch_read(s)
#define read_seqcount_latch(s)			__rz_seqcount_latch_read(s)
#define raw_read_seqcount_latch_retry(s, start)	__rz_seqcount_latch_retry(s, start)
#define read_seqcount_latch_retry(s, start)	__rz_seqcount_latch_retry(s, start)
#define raw_write_seqcount_latch(s)		__rz_seqcount_latch(s)
#define write_seqcount_latch_begin(s)		__rz_seqcount_latch(s)
#define write_seqcount_latch(s)			__rz_seqcount_latch(s)
#define write_seqcount_latch_end(s)		((void)(s))

/* Sequence locks: a counter, and the spinlock of its writers. */
#define __SEQLOCK_UNLOCKED(lockname)					\
	{ .seqcount = SEQCNT_ZERO(lockname), .lock = __SPIN_LOCK_INITIALIZER(lockname) }
#define SEQLOCK_UNLOCKED		(seqlock_t)__SEQLOCK_UNLOCKED(SEQLOCK_UNLOCKED)
#define DEFINE_SEQLOCK(sl)		seqlock_t sl = __SEQLOCK_UNLOCKED(sl)
#define seqlock_init(sl)						\
do {									\
	seqlock_t *__rz_sl = (sl);					\
	__rz_seqcount_init(&__rz_sl->seqcount, #sl);			\
	__rz_spin_lock_init(&__rz_sl->lock.rlock, #sl);			\
} while (0)

/* Readers of the sequence. */
#define read_seqbegin(sl)		__rz_seqlock_begin(sl)
#define read_seqretry(sl, start)	__rz_seqcount_retry(&(sl)->seqcount, start)
#define read_seqbegin_irqsave(sl, flags)				\
({									\
	local_irq_save(flags);						\
	read_seqbegin(sl);						\
})
#define read_seqretry_irqrestore(sl, start, flags)			\
({									\
	int __rz_again = read_seqretry(sl, start);			\
	local_irq_restore(flags);					\
	__rz_again;							\
})

/* Writers. */
#define __rz_write_seqlock(sl, how)					\
do {									\
	seqlock_t *__rz_sl = (sl);					\
	how(&__rz_sl->lock);						\
	__rz_seqcount_write_begin(&__rz_sl->seqcount, 1, 0);		\
} while (0)
#define __rz_write_sequnlock(sl, how)					\
do {									\
	seqlock_t *__rz_sl = (sl);					\
	__rz_seqcount_write_end(&__rz_sl->seqcount);			\
	how(&__rz_sl->lock);						\
} while (0)
#define write_seqlock(sl)		__rz_write_seqlock(sl, spin_lock)
#define write_seqlock_bh(sl)		__rz_write_seqlock(sl, spin_lock_bh)
#define write_seqlock_irq(sl)		__rz_write_seqlock(sl, spin_lock_irq)
#define write_seqlock_irqsave(sl, flags)				\
do {									\
	seqlock_t *__rz_sl = (sl);					\
	spin_lock_irqsave(&__rz_sl->lock, flags);			\
	__rz_seqcount_write_begin(&__rz_sl->seqcount, 1, 0);		\
} while (0)
#define write_sequnlock(sl)		__rz_write_sequnlock(sl, spin_unlock)
#define write_sequnlock_bh(sl)		__rz_write_sequnlock(sl, spin_unlock_bh)
#define write_sequnlock_irq(sl)		__rz_write_sequnlock(sl, spin_unlock_irq)
#define write_sequnlock_irqrestore(sl, flags)				\
do {									\
	seqlock_t *__rz_sl = (sl);					\
	__rz_seqcount_write_end(&__rz_sl->seqcount);			\
	spin_unlock_irqrestore(&__rz_sl->lock, flags);			\
} while (0)
/* Not 0 if it was free and is written now. Gone from today's Linux. */
#define write_tryseqlock(sl)						\
({									\
	seqlock_t *__rz_sl = (sl);					\
	int __rz_taken = spin_trylock(&__rz_sl->lock);			\
	if (__rz_taken)							\
		__rz_seqcount_write_begin(&__rz_sl->seqcount, 1, 0);	\
	__rz_taken;							\
})

/* Readers that exclude writers and each other. */
#define read_seqlock_excl(sl)			spin_lock(&(sl)->lock)
#define read_seqlock_excl_bh(sl)		spin_lock_bh(&(sl)->lock)
#define read_seqlock_excl_irq(sl)		spin_lock_irq(&(sl)->lock)
#define read_seqlock_excl_irqsave(sl, flags)	spin_lock_irqsave(&(sl)->lock, flags)
#define read_sequnlock_excl(sl)			spin_unlock(&(sl)->lock)
#define read_sequnlock_excl_bh(sl)		spin_unlock_bh(&(sl)->lock)
#define read_sequnlock_excl_irq(sl)		spin_unlock_irq(&(sl)->lock)
#define read_sequnlock_excl_irqrestore(sl, flags) \
	spin_unlock_irqrestore(&(sl)->lock, flags)

/*
 * Readers that try the sequence first (*@seq is even) and take the lock the second
 * time (*@seq is odd). Functions, since a lock that is taken sometimes is more
 * than sparse follows.
 */
void read_seqbegin_or_lock(seqlock_t *lock, int *seq);
int need_seqretry(seqlock_t *lock, int seq);
void done_seqretry(seqlock_t *lock, int seq);
unsigned long read_seqbegin_or_lock_irqsave(seqlock_t *lock, int *seq);
void done_seqretry_irqrestore(seqlock_t *lock, int seq, unsigned long flags);

#endif /* !__ASSEMBLY__ */

#endif
