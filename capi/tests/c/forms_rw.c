// SPDX-License-Identifier: MIT OR Apache-2.0
/* Each form of reader-writer, sequence and local-global locks, once. */
#include <linux/lglock.h>
#include <linux/rwlock.h>
#include <linux/seqlock.h>

static DEFINE_RWLOCK(table_lock);
static rwlock_t old_lock = RW_LOCK_UNLOCKED;
static raw_rwlock_t raw_lock = __RW_LOCK_UNLOCKED(raw_lock);
static DEFINE_SPINLOCK(lock);
static DEFINE_RAW_SPINLOCK(raw);
static DEFINE_MUTEX(mutex);
static seqcount_t count = SEQCNT_ZERO(count);
static seqcount_spinlock_t spin_count = SEQCNT_SPINLOCK_ZERO(spin_count, &lock);
static seqcount_raw_spinlock_t raw_count = SEQCNT_RAW_SPINLOCK_ZERO(raw_count, &raw);
static seqcount_rwlock_t rw_count = SEQCNT_RWLOCK_ZERO(rw_count, &table_lock);
static seqcount_mutex_t mutex_count = SEQCNT_MUTEX_ZERO(mutex_count, &mutex);
static seqcount_latch_t latch = SEQCNT_LATCH_ZERO(latch);
static DEFINE_SEQLOCK(seq);
static seqlock_t old_seq = SEQLOCK_UNLOCKED;
DEFINE_STATIC_LGLOCK(files);
extern struct lglock shared;
DEFINE_LGLOCK(shared);

int use_rwlocks(rwlock_t *l);
int use_rwlocks(rwlock_t *l)
{
	unsigned long flags;
	int n = 0;

	rwlock_init(l);
	*l = RW_LOCK_UNLOCKED;
	read_lock(l);
	read_unlock(l);
	read_lock_bh(l);
	read_unlock_bh(l);
	read_lock_irq(l);
	read_unlock_irq(l);
	read_lock_irqsave(l, flags);
	read_unlock_irqrestore(l, flags);
	write_lock(l);
	write_unlock(l);
	write_lock_nested(l, 1);
	write_unlock(l);
	write_lock_bh(l);
	write_unlock_bh(l);
	write_lock_irq(l);
	write_unlock_irq(l);
	write_lock_irqsave(l, flags);
	write_unlock_irqrestore(l, flags);
	if (read_trylock(l))
		read_unlock(l);
	if (write_trylock(l))
		write_unlock(l);
	if (read_trylock_irqsave(l, flags))
		read_unlock_irqrestore(l, flags);
	if (write_trylock_irqsave(l, flags))
		write_unlock_irqrestore(l, flags);
	n += rwlock_is_locked(&old_lock) + rwlock_is_contended(&raw_lock);
	return n;
}

int use_counts(void);
int use_counts(void)
{
	unsigned int start;
	int n = 0;

	seqcount_init(&count);
	seqcount_spinlock_init(&spin_count, &lock);
	seqcount_raw_spinlock_init(&raw_count, &raw);
	seqcount_rwlock_init(&rw_count, &table_lock);
	seqcount_mutex_init(&mutex_count, &mutex);
	start = read_seqcount_begin(&count);
	n += read_seqcount_retry(&count, start);
	start = __read_seqcount_begin(&spin_count);
	n += __read_seqcount_retry(&spin_count, start);
	start = raw_read_seqcount_begin(&raw_count);
	n += read_seqcount_retry(&raw_count, start);
	start = raw_read_seqcount(&rw_count);
	n += read_seqcount_retry(&rw_count, start);
	start = raw_seqcount_begin(&mutex_count);
	n += read_seqcount_retry(&mutex_count, start);
	write_seqcount_begin(&count);
	write_seqcount_end(&count);
	write_seqcount_begin_nested(&spin_count, 1);
	write_seqcount_end(&spin_count);
	write_seqcount_begin(&raw_count);
	write_seqcount_end(&raw_count);
	write_seqcount_begin(&rw_count);
	write_seqcount_end(&rw_count);
	write_seqcount_begin(&mutex_count);
	write_seqcount_end(&mutex_count);
	raw_write_seqcount_begin(&count);
	raw_write_seqcount_end(&count);
	write_seqcount_invalidate(&spin_count);
	write_seqcount_barrier(&count);
	raw_write_seqcount_barrier(&count);
	seqcount_latch_init(&latch);
	raw_write_seqcount_latch(&latch);
	write_seqcount_latch_begin(&latch);
	write_seqcount_latch(&latch);
	write_seqcount_latch_end(&latch);
	start = raw_read_seqcount_latch(&latch);
	n += raw_read_seqcount_latch_retry(&latch, start);
	start = read_seqcount_latch(&latch);
	return n + read_seqcount_latch_retry(&latch, start);
}

int use_seqlocks(seqlock_t *sl);
int use_seqlocks(seqlock_t *sl)
{
	unsigned int start;
	unsigned long flags;
	int tries = 0, n = 0;

	seqlock_init(sl);
	start = read_seqbegin(&old_seq);
	n += read_seqretry(&old_seq, start);
	start = read_seqbegin_irqsave(&seq, flags);
	n += read_seqretry_irqrestore(&seq, start, flags);
	write_seqlock(sl);
	write_sequnlock(sl);
	write_seqlock_bh(sl);
	write_sequnlock_bh(sl);
	write_seqlock_irq(sl);
	write_sequnlock_irq(sl);
	write_seqlock_irqsave(sl, flags);
	write_sequnlock_irqrestore(sl, flags);
	read_seqlock_excl(sl);
	read_sequnlock_excl(sl);
	read_seqlock_excl_bh(sl);
	read_sequnlock_excl_bh(sl);
	read_seqlock_excl_irq(sl);
	read_sequnlock_excl_irq(sl);
	read_seqlock_excl_irqsave(sl, flags);
	read_sequnlock_excl_irqrestore(sl, flags);
	do {
		read_seqbegin_or_lock(sl, &tries);
		n++;
	} while (need_seqretry(sl, tries) && (tries = 1));
	done_seqretry(sl, tries);
	flags = read_seqbegin_or_lock_irqsave(sl, &tries);
	done_seqretry_irqrestore(sl, tries, flags);
	return n;
}

int try_seqlock(seqlock_t *sl);
int try_seqlock(seqlock_t *sl)
{
	return write_tryseqlock(sl);
}

void use_lglocks(void);
void use_lglocks(void)
{
	lg_lock_init(&files, "files");
	lg_local_lock(&files);
	lg_local_unlock(&files);
	lg_local_lock_cpu(&files, 1);
	lg_local_unlock_cpu(&files, 1);
	lg_double_lock(&shared, 0, 1);
	lg_double_unlock(&shared, 0, 1);
	lg_global_lock(&shared);
	lg_global_unlock(&shared);
}
