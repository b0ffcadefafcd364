//! What the forms of locks do, from C: each name of the headers at least once, taken, tested and given back.

#[path = "c/mod.rs"]
mod c;
#[path = "c/table.rs"]
mod table;

use table::meets;

#[test]
fn spinning_locks_do_what_they_say() {
    meets("spinning-forms", SPINNING);
}

#[test]
fn sleeping_locks_do_what_they_say() {
    meets("sleeping-forms", SLEEPING);
}

#[test]
fn claims_are_checked() {
    let mut table = String::from(CLAIMS);
    for (name, lock, take, claim) in FALSE {
        table += &format!(
            "//# {name}: warn\n{LOCKS}INIT {{\n\tunsigned long flags;\n\n\tflags = 0; use(flags);\n\t{take};\n\t{claim}({lock});\n}}\n"
        );
    }
    meets("claims", &table);
}

/// What each case of false claims has.
const LOCKS: &str = r#"#include <linux/local_lock.h>
#include <linux/percpu-rwsem.h>
#include <linux/rwlock.h>
#include <linux/seqlock.h>
#include <linux/ww_mutex.h>
static DEFINE_SPINLOCK(spin$);
static DEFINE_RAW_SPINLOCK(raw$);
static DEFINE_RWLOCK(rw$);
static DEFINE_MUTEX(mutex$);
static DECLARE_RWSEM(sem$);
DEFINE_STATIC_PERCPU_RWSEM(percpu$);
static DEFINE_WW_CLASS(class$);
static DEFINE_WW_MUTEX(ww$, &class$);
static DEFINE_PER_CPU(local_lock_t, local$) = INIT_LOCAL_LOCK(local$);
static seqcount_mutex_t seq$ = SEQCNT_MUTEX_ZERO(seq$, &mutex$);
static seqcount_rwlock_t rwseq$ = SEQCNT_RWLOCK_ZERO(rwseq$, &rw$);
"#;

/// Name, lock, what is done before, the claim.
const FALSE: &[(&str, &str, &str, &str)] = &[
    ("a free spinlock", "&spin$", "", "lockdep_assert_held"),
    ("a held spinlock", "&spin$", "spin_lock(&spin$)", "lockdep_assert_not_held"),
    ("a free raw spinlock", "&raw$", "", "lockdep_assert_held"),
    ("a free rwlock", "&rw$", "", "lockdep_assert_held"),
    ("an rwlock that is read", "&rw$", "read_lock(&rw$)", "lockdep_assert_held_write"),
    ("an rwlock that is written", "&rw$", "write_lock(&rw$)", "lockdep_assert_held_read"),
    ("a free mutex", "&mutex$", "", "lockdep_assert_held"),
    ("a held mutex", "&mutex$", "mutex_lock(&mutex$)", "lockdep_assert_not_held"),
    ("a free rwsem", "&sem$", "", "lockdep_assert_held"),
    ("an rwsem that is read", "&sem$", "down_read(&sem$)", "lockdep_assert_held_write"),
    ("an rwsem that is written", "&sem$", "down_write(&sem$)", "lockdep_assert_held_read"),
    ("a free percpu rwsem", "&percpu$", "", "lockdep_assert_held"),
    ("a free ww_mutex", "&ww$", "", "lockdep_assert_held_once"),
    ("a free local lock", "this_cpu_ptr(&local$)", "preempt_disable()", "lockdep_assert_held"),
    ("interrupts on", "", "", "lockdep_assert_irqs_disabled"),
    ("interrupts off", "", "local_irq_save(flags)", "lockdep_assert_irqs_enabled"),
    ("a counter without its mutex", "&seq$", "", "write_seqcount_begin"),
    ("a counter whose rwlock is only read", "&rwseq$", "read_lock(&rw$)", "write_seqcount_begin"),
];

const CLAIMS: &str = r#"
//# claims: holds
#include <linux/local_lock.h>
#include <linux/percpu-rwsem.h>
#include <linux/rwlock.h>
#include <linux/ww_mutex.h>
static DEFINE_SPINLOCK(spin$);
static DEFINE_RAW_SPINLOCK(raw$);
static DEFINE_RWLOCK(rw$);
static DEFINE_MUTEX(mutex$);
static DECLARE_RWSEM(sem$);
DEFINE_STATIC_PERCPU_RWSEM(percpu$);
static DEFINE_WW_CLASS(class$);
static DEFINE_WW_MUTEX(ww$, &class$);
static DEFINE_PER_CPU(local_lock_t, local$) = INIT_LOCAL_LOCK(local$);
INIT {
	unsigned long flags;

	BUG_ON(lockdep_is_held(&spin$) || lockdep_is_held(&raw$) || lockdep_is_held(&rw$) || lockdep_is_held(&mutex$));
	BUG_ON(lockdep_is_held(&sem$) || lockdep_is_held(&percpu$) || lockdep_is_held(&ww$));
	mutex_lock(&mutex$);
	ww_mutex_lock(&ww$, NULL);
	down_write(&sem$);
	percpu_down_read(&percpu$);
	lockdep_assert_held(&mutex$);
	lockdep_assert_held(&ww$);
	lockdep_assert_held_write(&sem$);
	lockdep_assert_held_read(&percpu$);
	percpu_up_read(&percpu$);
	downgrade_write(&sem$);
	lockdep_assert_held_read(&sem$);
	up_read(&sem$);
	lockdep_assert_not_held(&sem$);
	percpu_down_write(&percpu$);
	lockdep_assert_held_write(&percpu$);
	percpu_up_write(&percpu$);
	ww_mutex_unlock(&ww$);
	mutex_unlock(&mutex$);
	lockdep_assert_not_held(&mutex$);
	lockdep_assert_preemption_enabled();
	lockdep_assert_irqs_enabled();
	spin_lock(&spin$);
	raw_spin_lock(&raw$);
	lockdep_assert_held(&spin$);
	lockdep_assert_held_once(&raw$);
	raw_spin_unlock(&raw$);
	spin_unlock(&spin$);
	read_lock(&rw$);
	lockdep_assert_held_read(&rw$);
	read_unlock(&rw$);
	write_lock(&rw$);
	lockdep_assert_held_write(&rw$);
	write_unlock(&rw$);
	local_lock_irqsave(&local$, flags);
	lockdep_assert_held(this_cpu_ptr(&local$));
	lockdep_assert_preemption_disabled();
	lockdep_assert_irqs_disabled();
	local_unlock_irqrestore(&local$, flags);
}
"#;

const SPINNING: &str = r#"
//# spinlocks: holds
static DEFINE_SPINLOCK(defined$);
static spinlock_t old$ = SPIN_LOCK_UNLOCKED;
static spinlock_t lock$;
static atomic_t count$ = ATOMIC_INIT(1);
INIT {
	unsigned long flags, outer;

	BUG_ON(spin_is_locked(&defined$) || spin_is_locked(&old$));
	spin_lock_init(&lock$);
	spin_lock(&lock$);
	BUG_ON(!spin_is_locked(&lock$) || !in_atomic() || irqs_disabled());
	assert_spin_locked(&lock$);
	spin_unlock(&lock$);
	BUG_ON(spin_is_locked(&lock$) || in_atomic());
	spin_lock_bh(&lock$);
	BUG_ON(!in_softirq());
	spin_unlock_bh(&lock$);
	spin_lock_irq(&lock$);
	BUG_ON(!irqs_disabled());
	spin_unlock_irq(&lock$);
	BUG_ON(irqs_disabled());
	local_irq_save(outer);
	spin_lock_irqsave(&lock$, flags);
	spin_unlock_irqrestore(&lock$, flags);
	BUG_ON(!irqs_disabled());
	local_irq_restore(outer);
	spin_lock(&old$);
	spin_lock_nested(&lock$, SINGLE_DEPTH_NESTING);
	spin_unlock(&lock$);
	spin_lock_nest_lock(&lock$, &old$);
	BUG_ON(!spin_is_locked(&lock$));
	spin_unlock(&lock$);
	spin_unlock(&old$);
	spin_lock_bh_nested(&lock$, 1);
	spin_unlock_bh(&lock$);
	spin_lock_irqsave_nested(&lock$, flags, 1);
	BUG_ON(!irqs_disabled());
	spin_unlock_irqrestore(&lock$, flags);
	spin_unlock_wait(&lock$);
	BUG_ON(in_atomic() || irqs_disabled() || in_softirq());
	BUG_ON(!_atomic_dec_and_lock(&count$, &lock$));
	spin_unlock(&lock$);
}
//# spinlocks, tried: holds
static DEFINE_SPINLOCK(lock$);
INIT {
	unsigned long flags;

	BUG_ON(!spin_trylock(&lock$) || spin_trylock(&lock$) || spin_trylock_bh(&lock$) || spin_trylock_irq(&lock$));
	BUG_ON(spin_trylock_irqsave(&lock$, flags) || irqs_disabled() || in_softirq());
	spin_unlock(&lock$);
	BUG_ON(!spin_trylock_bh(&lock$) || !in_softirq());
	spin_unlock_bh(&lock$);
	BUG_ON(!spin_trylock_irq(&lock$) || !irqs_disabled());
	spin_unlock_irq(&lock$);
	BUG_ON(!spin_trylock_irqsave(&lock$, flags) || !irqs_disabled());
	spin_unlock_irqrestore(&lock$, flags);
	BUG_ON(irqs_disabled() || in_atomic());
}
//# raw spinlocks: holds
static DEFINE_RAW_SPINLOCK(lock$);
static raw_spinlock_t other$;
INIT {
	unsigned long flags;

	raw_spin_lock_init(&other$);
	raw_spin_lock(&lock$);
	BUG_ON(!raw_spin_is_locked(&lock$) || raw_spin_trylock(&lock$));
	raw_spin_unlock(&lock$);
	raw_spin_lock_bh(&other$);
	BUG_ON(!in_softirq());
	raw_spin_unlock_bh(&other$);
	raw_spin_lock_irq(&other$);
	BUG_ON(!irqs_disabled());
	raw_spin_unlock_irq(&other$);
	raw_spin_lock_irqsave(&other$, flags);
	BUG_ON(!irqs_disabled());
	raw_spin_unlock_irqrestore(&other$, flags);
	raw_spin_lock_nested(&lock$, 1);
	raw_spin_unlock(&lock$);
	BUG_ON(!raw_spin_trylock_irqsave(&lock$, flags) || !irqs_disabled());
	raw_spin_unlock_irqrestore(&lock$, flags);
	BUG_ON(irqs_disabled() || in_atomic() || raw_spin_is_locked(&lock$));
}
//# reader-writer spinlocks: holds
#include <linux/rwlock.h>
static DEFINE_RWLOCK(lock$);
static rwlock_t old$ = RW_LOCK_UNLOCKED;
static raw_rwlock_t raw$ = __RW_LOCK_UNLOCKED(raw$);
INIT {
	unsigned long flags;

	rwlock_init(&old$);
	read_lock(&lock$);
	read_lock(&lock$);
	BUG_ON(!rwlock_is_locked(&lock$) || write_trylock(&lock$) || write_trylock_irqsave(&lock$, flags));
	BUG_ON(irqs_disabled() || !read_trylock(&lock$));
	read_unlock(&lock$);
	read_unlock(&lock$);
	read_unlock(&lock$);
	BUG_ON(rwlock_is_locked(&lock$) || rwlock_is_contended(&lock$));
	write_lock(&lock$);
	BUG_ON(!rwlock_is_locked(&lock$) || read_trylock(&lock$) || write_trylock(&lock$));
	BUG_ON(read_trylock_irqsave(&lock$, flags) || irqs_disabled());
	write_unlock(&lock$);
	read_lock_bh(&old$);
	BUG_ON(!in_softirq());
	read_unlock_bh(&old$);
	read_lock_irq(&old$);
	BUG_ON(!irqs_disabled());
	read_unlock_irq(&old$);
	read_lock_irqsave(&old$, flags);
	BUG_ON(!irqs_disabled());
	read_unlock_irqrestore(&old$, flags);
	write_lock_bh(&old$);
	BUG_ON(!in_softirq());
	write_unlock_bh(&old$);
	write_lock_irq(&old$);
	BUG_ON(!irqs_disabled());
	write_unlock_irq(&old$);
	write_lock_irqsave(&old$, flags);
	BUG_ON(!irqs_disabled());
	write_unlock_irqrestore(&old$, flags);
	write_lock(&old$);
	write_lock_nested(&raw$, 1);
	write_unlock(&raw$);
	write_unlock(&old$);
	BUG_ON(!read_trylock_irqsave(&raw$, flags) || !irqs_disabled());
	read_unlock_irqrestore(&raw$, flags);
	BUG_ON(!write_trylock_irqsave(&raw$, flags) || !irqs_disabled());
	write_unlock_irqrestore(&raw$, flags);
	BUG_ON(irqs_disabled() || in_atomic() || in_softirq());
}
//# local-global locks: holds
#include <linux/lglock.h>
DEFINE_STATIC_LGLOCK(files$);
extern struct lglock shared$;
DEFINE_LGLOCK(shared$);
INIT {
	lg_lock_init(&files$, "files");
	lg_local_lock(&files$);
	BUG_ON(!in_atomic());
	lg_local_unlock(&files$);
	lg_local_lock_cpu(&files$, 1);
	lg_local_unlock_cpu(&files$, 1);
	lg_double_lock(&shared$, 0, 1);
	lg_double_unlock(&shared$, 0, 1);
	lg_global_lock(&shared$);
	lg_global_unlock(&shared$);
	BUG_ON(in_atomic());
}
//# sequence counters: holds
#include <linux/seqlock.h>
static seqcount_t count$ = SEQCNT_ZERO(count$);
static seqcount_t other$;
INIT {
	unsigned int start, raw, inner;

	seqcount_init(&other$);
	preempt_disable();
	start = read_seqcount_begin(&count$);
	raw = raw_read_seqcount(&count$);
	inner = __read_seqcount_begin(&other$);
	BUG_ON(read_seqcount_retry(&count$, start) || __read_seqcount_retry(&other$, inner));
	write_seqcount_begin(&count$);
	BUG_ON(raw_seqcount_begin(&count$) & 1 || !(raw_read_seqcount(&count$) & 1));
	write_seqcount_begin_nested(&other$, 1);
	write_seqcount_end(&other$);
	write_seqcount_end(&count$);
	BUG_ON(!read_seqcount_retry(&count$, start) || !read_seqcount_retry(&count$, raw));
	BUG_ON(!__read_seqcount_retry(&other$, inner));
	start = raw_read_seqcount_begin(&count$);
	raw_write_seqcount_begin(&count$);
	raw_write_seqcount_end(&count$);
	BUG_ON(!read_seqcount_retry(&count$, start));
	start = raw_seqcount_begin(&count$);
	raw_write_seqcount_barrier(&count$);
	BUG_ON(!read_seqcount_retry(&count$, start));
	start = read_seqcount_begin(&count$);
	write_seqcount_barrier(&count$);
	BUG_ON(!read_seqcount_retry(&count$, start));
	start = read_seqcount_begin(&count$);
	write_seqcount_invalidate(&count$);
	BUG_ON(!read_seqcount_retry(&count$, start));
	preempt_enable();
}
//# sequence counters with a lock: holds
#include <linux/seqlock.h>
static DEFINE_SPINLOCK(spin$);
static DEFINE_RAW_SPINLOCK(raw$);
static DEFINE_RWLOCK(rw$);
static DEFINE_MUTEX(mutex$);
static seqcount_spinlock_t of_spin$;
static seqcount_raw_spinlock_t of_raw$;
static seqcount_rwlock_t of_rw$;
static seqcount_mutex_t of_mutex$;
INIT {
	seqcount_spinlock_init(&of_spin$, &spin$);
	seqcount_raw_spinlock_init(&of_raw$, &raw$);
	seqcount_rwlock_init(&of_rw$, &rw$);
	seqcount_mutex_init(&of_mutex$, &mutex$);
	spin_lock(&spin$);
	write_seqcount_begin(&of_spin$);
	write_seqcount_end(&of_spin$);
	spin_unlock(&spin$);
	raw_spin_lock(&raw$);
	write_seqcount_begin(&of_raw$);
	write_seqcount_end(&of_raw$);
	raw_spin_unlock(&raw$);
	write_lock(&rw$);
	write_seqcount_begin(&of_rw$);
	write_seqcount_end(&of_rw$);
	write_unlock(&rw$);
	mutex_lock(&mutex$);
	write_seqcount_begin(&of_mutex$);
	BUG_ON(!in_atomic());
	write_seqcount_end(&of_mutex$);
	mutex_unlock(&mutex$);
	BUG_ON(read_seqcount_begin(&of_spin$) != 2 || read_seqcount_begin(&of_raw$) != 2);
	BUG_ON(read_seqcount_begin(&of_rw$) != 2 || read_seqcount_begin(&of_mutex$) != 2);
}
//# latches: holds
#include <linux/seqlock.h>
static seqcount_latch_t latch$ = SEQCNT_LATCH_ZERO(latch$);
INIT {
	unsigned int start, raw;

	seqcount_latch_init(&latch$);
	start = read_seqcount_latch(&latch$);
	raw = raw_read_seqcount_latch(&latch$);
	BUG_ON(read_seqcount_latch_retry(&latch$, start) || raw_read_seqcount_latch_retry(&latch$, raw));
	write_seqcount_latch_begin(&latch$);
	BUG_ON((read_seqcount_latch(&latch$) & 1) != 1);
	write_seqcount_latch(&latch$);
	BUG_ON((read_seqcount_latch(&latch$) & 1) != 0);
	write_seqcount_latch_end(&latch$);
	BUG_ON(!read_seqcount_latch_retry(&latch$, start) || !raw_read_seqcount_latch_retry(&latch$, raw));
	start = read_seqcount_latch(&latch$);
	raw_write_seqcount_latch(&latch$);
	BUG_ON(!read_seqcount_latch_retry(&latch$, start));
	raw_write_seqcount_latch(&latch$);
}
//# seqlocks: holds
#include <linux/seqlock.h>
static DEFINE_SEQLOCK(lock$);
static seqlock_t other$;
INIT {
	unsigned int start, saved;
	unsigned long flags;
	int tries = 0, rounds = 0;

	seqlock_init(&other$);
	start = read_seqbegin(&lock$);
	saved = read_seqbegin_irqsave(&other$, flags);
	BUG_ON(!irqs_disabled() || read_seqretry_irqrestore(&other$, saved, flags) || irqs_disabled());
	BUG_ON(read_seqretry(&lock$, start));
	write_seqlock(&lock$);
	BUG_ON(write_tryseqlock(&lock$));
	write_sequnlock(&lock$);
	BUG_ON(!read_seqretry(&lock$, start));
	BUG_ON(!write_tryseqlock(&lock$));
	write_sequnlock(&lock$);
	write_seqlock_bh(&lock$);
	BUG_ON(!in_softirq());
	write_sequnlock_bh(&lock$);
	write_seqlock_irq(&lock$);
	BUG_ON(!irqs_disabled());
	write_sequnlock_irq(&lock$);
	write_seqlock_irqsave(&lock$, flags);
	BUG_ON(!irqs_disabled());
	write_sequnlock_irqrestore(&lock$, flags);
	start = read_seqbegin(&lock$);
	read_seqlock_excl(&lock$);
	BUG_ON(write_tryseqlock(&lock$));
	read_sequnlock_excl(&lock$);
	read_seqlock_excl_bh(&lock$);
	read_sequnlock_excl_bh(&lock$);
	read_seqlock_excl_irq(&lock$);
	read_sequnlock_excl_irq(&lock$);
	read_seqlock_excl_irqsave(&lock$, flags);
	read_sequnlock_excl_irqrestore(&lock$, flags);
	BUG_ON(read_seqretry(&lock$, start));
	for (;;) {
		read_seqbegin_or_lock(&lock$, &tries);
		if (++rounds == 1) {
			write_seqlock(&lock$);
			write_sequnlock(&lock$);
		}
		if (!need_seqretry(&lock$, tries))
			break;
		tries = 1;
	}
	BUG_ON(rounds != 2 || !in_atomic());
	done_seqretry(&lock$, tries);
	tries = 1;
	flags = read_seqbegin_or_lock_irqsave(&lock$, &tries);
	BUG_ON(!irqs_disabled());
	done_seqretry_irqrestore(&lock$, tries, flags);
	BUG_ON(in_atomic() || irqs_disabled());
}
"#;

const SLEEPING: &str = r#"
//# mutexes: holds
static DEFINE_MUTEX(lock$);
static struct mutex inner$;
INIT {
	atomic_t two = ATOMIC_INIT(2);

	mutex_init(&inner$);
	BUG_ON(mutex_is_locked(&lock$) || mutex_is_locked(&inner$));
	mutex_lock(&lock$);
	BUG_ON(!mutex_is_locked(&lock$) || mutex_trylock(&lock$) || in_atomic());
	mutex_lock_nested(&inner$, SINGLE_DEPTH_NESTING);
	mutex_unlock(&inner$);
	mutex_lock_nest_lock(&inner$, &lock$);
	BUG_ON(!mutex_is_locked(&inner$));
	mutex_unlock(&inner$);
	BUG_ON(mutex_lock_interruptible_nested(&inner$, 1));
	mutex_unlock(&inner$);
	BUG_ON(mutex_lock_killable_nested(&inner$, 1));
	mutex_unlock(&inner$);
	mutex_lock_io_nested(&inner$, 1);
	mutex_unlock(&inner$);
	mutex_unlock(&lock$);
	BUG_ON(mutex_lock_interruptible(&lock$) || !mutex_is_locked(&lock$));
	mutex_unlock(&lock$);
	BUG_ON(mutex_lock_killable(&lock$) || !mutex_is_locked(&lock$));
	mutex_unlock(&lock$);
	mutex_lock_io(&lock$);
	mutex_unlock(&lock$);
	BUG_ON(!mutex_trylock(&lock$) || !mutex_is_locked(&lock$));
	mutex_unlock(&lock$);
	BUG_ON(atomic_dec_and_mutex_lock(&two, &lock$) || !atomic_dec_and_mutex_lock(&two, &lock$));
	mutex_unlock(&lock$);
	BUG_ON(mutex_is_locked(&lock$));
	mutex_destroy(&inner$);
}
//# a mutex that a signal keeps one from: holds
#include <linux/sched/signal.h>
static DEFINE_MUTEX(lock$);
static struct task_struct *waiter$;
static int interrupted$, killed$;
static int wait_for_it$(void *unused)
{
	int error;

	allow_signal(SIGINT);
	error = mutex_lock_interruptible(&lock$);
	BUG_ON(error != -EINTR);
	WRITE_ONCE(interrupted$, 1);
	flush_signals(current);
	allow_signal(SIGKILL);
	error = mutex_lock_killable(&lock$);
	BUG_ON(error != -EINTR);
	WRITE_ONCE(killed$, 1);
	return 0;
}
INIT {
	mutex_lock(&lock$);
	waiter$ = kthread_create(wait_for_it$, NULL, "waiter");
	get_task_struct(waiter$);
	wake_up_process(waiter$);
	while (!READ_ONCE(interrupted$)) {
		send_sig(SIGINT, waiter$, 0);
		schedule_timeout_uninterruptible(1);
	}
	while (!READ_ONCE(killed$)) {
		send_sig(SIGKILL, waiter$, 0);
		schedule_timeout_uninterruptible(1);
	}
	mutex_unlock(&lock$);
	kthread_stop(waiter$);
	put_task_struct(waiter$);
	BUG_ON(mutex_is_locked(&lock$));
}
//# wound/wait mutexes: holds
#include <linux/ww_mutex.h>
static DEFINE_WW_CLASS(buffers$);
static struct ww_class *class$ = &buffers$;
static DEFINE_WD_CLASS(accounts$);
static DEFINE_WW_MUTEX(front$, &buffers$);
static struct ww_mutex back$, account$;
INIT {
	struct ww_acquire_ctx ctx;

	ww_mutex_init(&back$, class$);
	ww_mutex_init(&account$, &accounts$);
	ww_acquire_init(&ctx, &buffers$);
	BUG_ON(ww_mutex_lock(&front$, &ctx) || ww_mutex_lock(&front$, &ctx) != -EALREADY);
	BUG_ON(ww_mutex_lock_interruptible(&back$, &ctx));
	ww_acquire_done(&ctx);
	BUG_ON(!ww_mutex_is_locked(&front$) || ww_mutex_trylock(&front$, NULL));
	ww_mutex_unlock(&back$);
	ww_mutex_unlock(&front$);
	ww_acquire_fini(&ctx);
	ww_acquire_init(&ctx, &buffers$);
	ww_mutex_lock_slow(&back$, &ctx);
	ww_mutex_unlock(&back$);
	BUG_ON(ww_mutex_lock_slow_interruptible(&back$, &ctx));
	ww_mutex_unlock(&back$);
	ww_acquire_fini(&ctx);
	BUG_ON(!ww_mutex_trylock(&account$, NULL) || ww_mutex_is_locked(&back$));
	ww_mutex_unlock(&account$);
	ww_mutex_destroy(&account$);
}
//# semaphores: holds
#include <linux/semaphore.h>
static DEFINE_SEMAPHORE(one$);
static DEFINE_SEMAPHORE(three$, 3);
static DECLARE_MUTEX(old$);
static DECLARE_MUTEX_LOCKED(old_locked$);
static DECLARE_SEMAPHORE_GENERIC(old_two$, 2);
static struct semaphore made$;
INIT {
	sema_init(&made$, 2);
	down(&one$);
	BUG_ON(down_trylock(&one$) != 1);
	up(&one$);
	BUG_ON(down_trylock(&one$) != 0 || down_timeout(&one$, 2) != -ETIME);
	up(&one$);
	BUG_ON(down_interruptible(&three$) || down_killable(&three$) || down_timeout(&three$, 2));
	BUG_ON(!down_trylock(&three$) || down_trylock(&old$) || !down_trylock(&old$) || !down_trylock(&old_locked$));
	BUG_ON(down_trylock(&old_two$) || down_trylock(&old_two$) || !down_trylock(&old_two$));
	BUG_ON(down_trylock(&made$) || down_trylock(&made$) || !down_trylock(&made$));
	init_MUTEX(&made$);
	BUG_ON(down_trylock(&made$) || !down_trylock(&made$));
	init_MUTEX_LOCKED(&made$);
	BUG_ON(!down_trylock(&made$));
	up(&made$);
	BUG_ON(down_trylock(&made$));
}
//# reader-writer semaphores: holds
#include <linux/rwsem.h>
static DECLARE_RWSEM(sem$);
static struct rw_semaphore inner$;
static DEFINE_MUTEX(outer$);
INIT {
	init_rwsem(&inner$);
	down_read(&sem$);
	BUG_ON(!rwsem_is_locked(&sem$) || rwsem_is_contended(&sem$));
	BUG_ON(!down_read_trylock(&sem$) || down_write_trylock(&sem$));
	up_read(&sem$);
	up_read(&sem$);
	BUG_ON(rwsem_is_locked(&sem$) || down_read_interruptible(&sem$));
	up_read(&sem$);
	BUG_ON(down_read_killable(&sem$));
	up_read(&sem$);
	down_read_non_owner(&sem$);
	up_read_non_owner(&sem$);
	down_write(&sem$);
	BUG_ON(down_read_trylock(&sem$) || down_write_trylock(&sem$));
	down_read_nested(&inner$, 1);
	up_read(&inner$);
	down_write_nested(&inner$, 1);
	up_write(&inner$);
	BUG_ON(down_read_killable_nested(&inner$, 1));
	up_read(&inner$);
	BUG_ON(down_write_killable_nested(&inner$, 1));
	up_write(&inner$);
	downgrade_write(&sem$);
	BUG_ON(!down_read_trylock(&sem$) || down_write_trylock(&sem$));
	up_read(&sem$);
	up_read(&sem$);
	BUG_ON(down_write_killable(&sem$));
	downgrade_writer(&sem$);
	BUG_ON(!down_read_trylock(&sem$));
	up_read(&sem$);
	up_read(&sem$);
	BUG_ON(!down_write_trylock(&sem$));
	up_write(&sem$);
	mutex_lock(&outer$);
	down_write_nest_lock(&sem$, &outer$);
	up_write(&sem$);
	mutex_unlock(&outer$);
}
//# per-CPU reader-writer semaphores: holds
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(sem$);
static struct percpu_rw_semaphore made$;
INIT {
	BUG_ON(percpu_init_rwsem(&made$));
	percpu_down_read(&sem$);
	BUG_ON(!percpu_down_read_trylock(&sem$));
	percpu_up_read(&sem$);
	percpu_up_read(&sem$);
	BUG_ON(percpu_is_write_locked(&made$));
	percpu_down_write(&made$);
	BUG_ON(!percpu_is_write_locked(&made$) || percpu_down_read_trylock(&made$));
	percpu_up_write(&made$);
	BUG_ON(percpu_is_write_locked(&made$));
	percpu_free_rwsem(&made$);
}
//# local locks: holds
#include <linux/local_lock.h>
struct batch$ {
	local_lock_t lock;
	int n;
};
static DEFINE_PER_CPU(struct batch$, batches$) = { .lock = INIT_LOCAL_LOCK(lock) };
INIT {
	unsigned long flags;

	local_lock_init(&per_cpu_ptr(&batches$, 0)->lock);
	local_lock(&batches$.lock);
	BUG_ON(!in_atomic());
	this_cpu_ptr(&batches$)->n++;
	local_unlock(&batches$.lock);
	local_lock_irq(&batches$.lock);
	BUG_ON(!irqs_disabled());
	local_unlock_irq(&batches$.lock);
	local_lock_irqsave(&batches$.lock, flags);
	BUG_ON(!irqs_disabled());
	local_unlock_irqrestore(&batches$.lock, flags);
	BUG_ON(in_atomic() || irqs_disabled());
}
//# the big kernel lock: holds
#include <linux/smp_lock.h>
INIT {
	BUG_ON(kernel_locked());
	lock_kernel();
	lock_kernel();
	unlock_kernel();
	BUG_ON(!kernel_locked());
	schedule_timeout_uninterruptible(1);
	BUG_ON(!kernel_locked());
	unlock_kernel();
	BUG_ON(kernel_locked());
}
//# owner locks: holds
#include <ringzero/owner_lock.h>
static struct owner_lock lock$;
static LIST_HEAD(item$);
static int drained$;
static void drain$(struct owner_lock *lock, struct list_head *item)
{
	BUG_ON(lock != &lock$ || item != &item$);
	drained$++;
}
INIT {
	unsigned long flags;

	owner_lock_init(&lock$, drain$);
	flags = owner_lock_enter(&lock$);
	BUG_ON(owner_lock_is_owned(&lock$));
	owner_lock_exit(&lock$, flags);
	owner_lock(&lock$);
	flags = owner_lock_enter(&lock$);
	BUG_ON(!owner_lock_is_owned(&lock$));
	owner_lock_add_backlog(&lock$, &item$);
	owner_lock_exit(&lock$, flags);
	BUG_ON(drained$);
	owner_relock(&lock$);
	BUG_ON(drained$ != 1);
	owner_unlock(&lock$);
}
"#;
