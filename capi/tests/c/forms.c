// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Every macro of the headers for contexts, locks, tasks, time and memory, used once, so
 * that each is known to compile. Nothing here is run.
 */
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/cpu.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/processor.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/topology.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

struct dev {
	spinlock_t lock;
	raw_spinlock_t raw;
	wait_queue_head_t wq;
	struct timer_list timer;
	atomic_t users;
	atomic64_t bytes;
	atomic_long_t longs;
	unsigned long state;
	u8 byte;
	u16 half;
	void *ptr;
	bool ready;
};

static DEFINE_SPINLOCK(lock);
static DEFINE_RAW_SPINLOCK(raw);
static spinlock_t old_lock = SPIN_LOCK_UNLOCKED;
static raw_spinlock_t old_raw = RAW_SPIN_LOCK_UNLOCKED;
static DECLARE_WAIT_QUEUE_HEAD(wq);
static DEFINE_PER_CPU(int, hits);
static DEFINE_PER_CPU_SHARED_ALIGNED(struct dev, devs);
static DECLARE_BITMAP(map, 130);
static struct dev the_dev = {
	.lock = __SPIN_LOCK_UNLOCKED(the_dev.lock),
	.raw = __RAW_SPIN_LOCK_UNLOCKED(the_dev.raw),
	.wq = __WAIT_QUEUE_HEAD_INITIALIZER(the_dev.wq),
	.users = ATOMIC_INIT(1),
	.bytes = ATOMIC64_INIT(1),
	.longs = ATOMIC_LONG_INIT(1),
};

static void timer_new(struct timer_list *t)
{
	struct dev *d = from_timer(d, t, timer);

	mod_timer(t, jiffies + d->state + msecs_to_jiffies(10));
}

static void timer_old(unsigned long data)
{
	struct dev *d = (struct dev *)data;

	d->ready = true;
}

static DEFINE_TIMER(new_timer, timer_new);
static DEFINE_TIMER(older_timer, timer_old, 0, (unsigned long)&the_dev);
static struct timer_list init_timer_list = TIMER_INITIALIZER(timer_new);

int use_locks(struct dev *d);
int use_locks(struct dev *d)
{
	unsigned long flags;
	int n = 0;

	spin_lock_init(&d->lock);
	raw_spin_lock_init(&d->raw);
	d->lock = SPIN_LOCK_UNLOCKED;
	spin_lock(&d->lock);
	spin_unlock(&d->lock);
	spin_lock_bh(&d->lock);
	spin_unlock_bh(&d->lock);
	spin_lock_irq(&d->lock);
	spin_unlock_irq(&d->lock);
	spin_lock_irqsave(&d->lock, flags);
	spin_unlock_irqrestore(&d->lock, flags);
	spin_lock_nested(&d->lock, 1);
	spin_unlock(&d->lock);
	spin_lock_bh_nested(&d->lock, 1);
	spin_unlock_bh(&d->lock);
	spin_lock_irqsave_nested(&d->lock, flags, 1);
	spin_unlock_irqrestore(&d->lock, flags);
	spin_lock_nest_lock(&d->lock, &lock);
	assert_spin_locked(&d->lock);
	spin_unlock(&d->lock);
	if (spin_trylock(&d->lock))
		spin_unlock(&d->lock);
	if (spin_trylock_bh(&d->lock))
		spin_unlock_bh(&d->lock);
	if (spin_trylock_irq(&d->lock))
		spin_unlock_irq(&d->lock);
	if (spin_trylock_irqsave(&d->lock, flags))
		spin_unlock_irqrestore(&d->lock, flags);
	raw_spin_lock(&d->raw);
	assert_raw_spin_locked(&d->raw);
	raw_spin_unlock(&d->raw);
	raw_spin_lock_bh(&d->raw);
	raw_spin_unlock_bh(&d->raw);
	raw_spin_lock_irq(&d->raw);
	raw_spin_unlock_irq(&d->raw);
	raw_spin_lock_irqsave(&d->raw, flags);
	raw_spin_unlock_irqrestore(&d->raw, flags);
	raw_spin_lock_nested(&d->raw, 1);
	raw_spin_unlock(&d->raw);
	if (raw_spin_trylock(&d->raw))
		raw_spin_unlock(&d->raw);
	if (raw_spin_trylock_irqsave(&d->raw, flags))
		raw_spin_unlock_irqrestore(&d->raw, flags);
	n += spin_is_locked(&old_lock) + raw_spin_is_locked(&old_raw) + raw_spin_is_locked(&raw);
	n += spin_is_contended(&lock) + spin_can_lock(&lock);
	spin_unlock_wait(&lock);
	if (atomic_dec_and_lock(&d->users, &d->lock))
		spin_unlock(&d->lock);
	if (atomic_dec_and_lock_irqsave(&d->users, &d->lock, flags))
		spin_unlock_irqrestore(&d->lock, flags);
	smp_mb__after_spinlock();
	return n;
}

int use_contexts(void);
int use_contexts(void)
{
	unsigned long flags;
	int n = 0;

	local_irq_disable();
	local_irq_enable();
	local_irq_save(flags);
	n += irqs_disabled() + irqs_disabled_flags(flags);
	local_irq_restore(flags);
	local_save_flags(flags);
	hard_irq_disable();
	local_irq_enable();
	local_bh_disable();
	local_bh_enable();
	preempt_disable();
	preempt_enable_no_resched();
	preempt_disable();
	preempt_enable();
	n += in_nmi() + in_irq() + in_hardirq() + in_softirq() + in_serving_softirq();
	n += in_interrupt() + in_task() + in_atomic() + preemptible();
	n += preempt_count() + hardirq_count() + softirq_count();
	might_sleep();
	might_sleep_if(n);
	n += cond_resched();
	return n;
}

int use_atomics(struct dev *d);
int use_atomics(struct dev *d)
{
	int old = 1, n = 0;
	s64 old64 = 1;
	long oldl = 1;
	unsigned long word = 0, was;
	u8 b = 0;

#define FAMILY(p, v, o)							\
	do {								\
		p##_set(v, 1);						\
		p##_set_release(v, 1);					\
		n += p##_read(v) + p##_read_acquire(v);			\
		p##_add(1, v); p##_sub(1, v); p##_inc(v); p##_dec(v);	\
		p##_and(1, v); p##_or(1, v); p##_xor(1, v); p##_andnot(1, v); \
		n += p##_add_return(1, v) + p##_sub_return_relaxed(1, v); \
		n += p##_inc_return_acquire(v) + p##_dec_return_release(v); \
		n += p##_fetch_add(1, v) + p##_fetch_sub_relaxed(1, v);	\
		n += p##_fetch_inc(v) + p##_fetch_dec_acquire(v);	\
		n += p##_fetch_and(1, v) + p##_fetch_or_release(1, v);	\
		n += p##_fetch_xor(1, v) + p##_fetch_andnot(1, v);	\
		n += p##_xchg(v, 1) + p##_cmpxchg(v, 1, 2);		\
		n += p##_try_cmpxchg(v, &o, 1) + p##_cmpxchg_acquire(v, 1, 2); \
		n += p##_sub_and_test(1, v) + p##_dec_and_test(v);	\
		n += p##_inc_and_test(v) + p##_add_negative(1, v);	\
		n += p##_fetch_add_unless(v, 1, 0) + p##_add_unless(v, 1, 0); \
		n += p##_inc_not_zero(v) + p##_dec_if_positive(v);	\
		n += p##_inc_unless_negative(v) + p##_dec_unless_positive(v); \
		n += p##_cond_read_acquire(v, VAL > 0);			\
		n += p##_cond_read_relaxed(v, VAL > 0);			\
	} while (0)
	FAMILY(atomic, &d->users, old);
	FAMILY(atomic64, &d->bytes, old64);
	FAMILY(atomic_long, &d->longs, oldl);
	atomic_set_mask(1, &d->users);
	atomic_clear_mask(1, &d->users);
	n += xchg(&d->byte, 1) + xchg_relaxed(&d->half, 1) + cmpxchg(&d->state, 0, 1);
	n += xchg(&d->ptr, NULL) == cmpxchg_release(&d->ptr, NULL, d);
	n += try_cmpxchg(&d->byte, &b, 3) + cmpxchg(&d->half, xchg(&d->half, 2), 3);
	set_bit(1, &d->state);
	clear_bit(1, &d->state);
	change_bit(1, &d->state);
	n += test_bit(1, &d->state) + test_and_set_bit(1, &d->state);
	n += test_and_clear_bit(1, &d->state) + test_and_change_bit(1, &d->state);
	n += test_and_set_bit_lock(1, &d->state);
	clear_bit_unlock(1, &d->state);
	__clear_bit_unlock(1, &d->state);
	__set_bit(1, &word);
	__clear_bit(1, &word);
	__change_bit(1, &word);
	n += __test_and_set_bit(1, &word) + __test_and_clear_bit(1, &word);
	n += __test_and_change_bit(1, &word);
	assign_bit(1, &word, n);
	was = set_mask_bits(&word, 1UL, 2UL);
	n += bit_clear_unless(&word, 1UL, 2UL) + was;
	n += ffs(n) + fls(n) + fls64(word) + __ffs(word) + __fls(word) + ffz(word);
	n += hweight32(n) + hweight_long(word) + HWEIGHT8(3) + sign_extend32(n, 3) + rol32(n, 3);
	for_each_set_bit(was, map, 130)
		n++;
	for_each_clear_bit(was, map, 130)
		n++;
	bitmap_zero(map, 130);
	bitmap_set(map, 3, 70);
	n += bitmap_weight(map, 130) + bitmap_empty(map, 130) + bitmap_full(map, 130);
	n += bitmap_find_next_zero_area(map, 130, 0, 4, 3);
	mb();
	rmb();
	wmb();
	smp_mb();
	smp_rmb();
	smp_wmb();
	smp_mb__before_atomic();
	smp_mb__after_atomic_inc();
	smp_store_release(&d->ready, true);
	n += smp_load_acquire(&d->ready);
	smp_store_release(&d->ptr, NULL);
	smp_store_mb(d->ready, false);
	while (!READ_ONCE(d->ready))
		cpu_relax();
	spin_until_cond(READ_ONCE(d->ready));
	n += smp_cond_load_acquire(&d->state, VAL & 1) + smp_cond_load_relaxed(&d->byte, VAL);
	return n;
}

static int thread(void *data)
{
	struct dev *d = data;

	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (READ_ONCE(d->ready))
			__set_current_state(TASK_RUNNING);
		schedule();
		if (signal_pending(current))
			break;
	}
	return current->pid + (current->comm[0] == 'x') + current->exit_code;
}

int use_tasks(struct dev *d);
int use_tasks(struct dev *d)
{
	struct task_struct *t = kthread_run(thread, d, "worker/%d", 1);
	char comm[TASK_COMM_LEN];
	long n = 0;

	if (IS_ERR(t))
		return PTR_ERR(t);
	t = kthread_create(thread, d, "plain");
	kthread_bind(t, 0);
	get_task_struct(t);
	wake_up_process(t);
	set_user_nice(t, MAX_NICE);
	sched_set_fifo(t);
	put_task_struct(t);
	t = kthread_run_on_cpu(thread, d, 1, "cpu/%u");
	t = kthread_create_on_node(thread, d, 0, "node");
	get_task_comm(comm, t);
	n += kthread_stop(t) + task_is_running(t) + t->__state + t->state;
	n += schedule_timeout(1) + schedule_timeout_interruptible(1);
	n += schedule_timeout_uninterruptible(MAX_SCHEDULE_TIMEOUT);
	yield();
	n += set_cpus_allowed_ptr(current, cpumask_of(1)) + need_resched();

	init_waitqueue_head(&d->wq);
	wait_event(d->wq, READ_ONCE(d->ready));
	wait_event_idle(d->wq, d->ready);
	n += wait_event_interruptible(d->wq, d->ready);
	n += wait_event_killable(wq, d->ready);
	n += wait_event_interruptible_exclusive(wq, d->ready);
	n += wait_event_timeout(wq, d->ready, HZ);
	n += wait_event_interruptible_timeout(wq, d->ready, HZ / 10);
	wait_event_cmd(wq, d->ready, n++, n--);
	spin_lock_irq(&d->lock);
	wait_event_lock_irq(wq, d->ready, d->lock);
	wait_event_lock_irq_cmd(wq, d->ready, d->lock, n++);
	n += wait_event_interruptible_lock_irq(wq, d->ready, d->lock);
	spin_unlock_irq(&d->lock);
	spin_lock(&wq.lock);
	n += wait_event_interruptible_locked(wq, d->ready);
	n += wait_event_interruptible_exclusive_locked(wq, d->ready);
	wake_up_locked(&wq);
	wake_up_all_locked(&wq);
	spin_unlock(&wq.lock);
	wake_up(&d->wq);
	wake_up_nr(&d->wq, 2);
	wake_up_all(&d->wq);
	wake_up_interruptible(&d->wq);
	wake_up_interruptible_all(&d->wq);
	wake_up_interruptible_sync(&d->wq);
	n += waitqueue_active(&wq) + wq_has_sleeper(&wq);
	{
		DEFINE_WAIT(wait);
		DECLARE_WAITQUEUE(entry, current);
		DECLARE_WAIT_QUEUE_HEAD_ONSTACK(here);

		add_wait_queue(&here, &entry);
		prepare_to_wait(&here, &wait, TASK_INTERRUPTIBLE);
		finish_wait(&here, &wait);
		remove_wait_queue(&here, &entry);
		init_wait(&wait);
		prepare_to_wait_exclusive(&here, &wait, TASK_UNINTERRUPTIBLE);
		finish_wait(&here, &wait);
	}
	return n;
}

static irqreturn_t handler(int irq, void *dev_id)
{
	struct dev *d = dev_id;

	raise_softirq_irqoff(NET_RX_SOFTIRQ);
	return IRQ_RETVAL(d->ready && irq);
}

static void action(struct softirq_action *h)
{
	(void)h;
	raise_softirq(NET_TX_SOFTIRQ);
}

static void on_cpu(void *info)
{
	atomic_inc(info);
}

int use_interrupts(struct dev *d);
int use_interrupts(struct dev *d)
{
	cpumask_t mask = { CPU_BITS_NONE };
	int cpu, n = request_irq(5, handler, IRQF_SHARED, "dev", d);

	n += request_nmi(6, handler, 0, "nmi", d);
	disable_irq(5);
	disable_irq_nosync(5);
	enable_irq(5);
	synchronize_irq(5);
	synchronize_hardirq(5);
	n += irq_set_affinity(5, cpumask_of(1)) + generic_handle_irq(5);
	free_irq(5, d);
	free_nmi(6, d);
	open_softirq(NET_RX_SOFTIRQ, action);
	n += local_softirq_pending();
	cpumask_set_cpu(1, &mask);
	cpumask_clear(&mask);
	cpumask_copy(&mask, cpu_online_mask);
	for_each_cpu(cpu, &mask)
		n += cpumask_test_cpu(cpu, &mask);
	for_each_online_cpu(cpu)
		n += cpu_online(cpu);
	for_each_possible_cpu(cpu)
		n += per_cpu(hits, cpu);
	n += cpumask_weight(&mask) + cpumask_first(&mask) + cpumask_next(0, &mask) + nr_cpu_ids;
	n += num_online_cpus() + smp_processor_id() + raw_smp_processor_id() + get_cpu();
	put_cpu();
	n += smp_call_function_single(1, on_cpu, &d->users, 1);
	smp_call_function_many(&mask, on_cpu, &d->users, true);
	smp_call_function(on_cpu, &d->users, 1);
	on_each_cpu(on_cpu, &d->users, 1);
	cpus_read_lock();
	cpus_read_unlock();
	return n;
}

int use_memory(struct dev *d);
int use_memory(struct dev *d)
{
	struct kmem_cache *cache = KMEM_CACHE(dev, SLAB_HWCACHE_ALIGN);
	int __percpu *dyn = alloc_percpu(int);
	char *p = kmalloc(10, GFP_KERNEL);
	int n = 0;

	p = krealloc(p, 20, GFP_ATOMIC | __GFP_NOWARN);
	kfree(p);
	kfree_sensitive(kzalloc(sizeof(*d), GFP_NOWAIT));
	kfree(kcalloc(2, 3, GFP_NOFS));
	kfree(kmalloc_array(2, 3, GFP_KERNEL | __GFP_ZERO));
	kvfree(kvmalloc(100, GFP_KERNEL));
	vfree(vzalloc(PAGE_SIZE));
	free_page(__get_free_page(GFP_KERNEL));
	n += ksize(p) + ZERO_OR_NULL_PTR(p) + gfpflags_allow_blocking(GFP_KERNEL);
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	kmem_cache_destroy(cache);

	get_cpu_var(hits)++;
	put_cpu_var(hits);
	this_cpu_inc(hits);
	this_cpu_add(hits, 2);
	this_cpu_sub(hits, 2);
	this_cpu_dec(hits);
	this_cpu_write(hits, 3);
	__this_cpu_inc(hits);
	__this_cpu_write(hits, 3);
	raw_cpu_add(hits, 3);
	n += this_cpu_read(hits) + __this_cpu_read(hits) + this_cpu_inc_return(hits);
	n += this_cpu_xchg(hits, 3) + this_cpu_cmpxchg(hits, 3, 4);
	n += *per_cpu_ptr(dyn, 1) + *this_cpu_ptr(dyn) + this_cpu_ptr(&devs)->ready;
	n += *get_cpu_ptr(dyn);
	put_cpu_ptr(dyn);
	this_cpu_inc(*dyn);
	n += this_cpu_ptr(&devs)->byte + per_cpu(devs, 1).half;
	free_percpu(dyn);
	return n;
}

int use_user(void __user *from, void *to, int __user *word);
int use_user(void __user *from, void *to, int __user *word)
{
	int value = 0, n = 0;

	n += copy_from_user(to, from, 4) + copy_to_user(from, to, 4) + clear_user(from, 4);
	n += get_user(value, word) + put_user(value, word) + put_user(3, word);
	n += strncpy_from_user(to, from, 10) + access_ok(from, 4);
	return n + value;
}

s64 use_time(struct dev *d);
s64 use_time(struct dev *d)
{
	unsigned long end = jiffies + HZ;
	struct timespec64 ts;
	ktime_t t = ktime_get();
	s64 n = 0;

	timer_setup(&d->timer, timer_new, 0);
	d->timer.expires = jiffies + 3;
	add_timer(&d->timer);
	n += mod_timer(&d->timer, end) + mod_timer_pending(&d->timer, end);
	n += timer_pending(&d->timer) + del_timer(&d->timer) + del_timer_sync(&d->timer);
	n += timer_delete(&d->timer) + timer_delete_sync(&d->timer);
	n += try_to_del_timer_sync(&d->timer) + timer_shutdown_sync(&d->timer);
	init_timer(&d->timer);
	d->timer.function = timer_old;
	d->timer.data = (unsigned long)d;
	add_timer_on(&d->timer, 1);
	setup_timer(&d->timer, timer_old, (unsigned long)d);
	mod_timer(&new_timer, round_jiffies(end));
	mod_timer(&older_timer, end);
	mod_timer(&init_timer_list, end);
	n += time_after(jiffies, end) + time_before(jiffies, end) + time_in_range(end, end, end);
	n += time_is_before_jiffies(end) + jiffies_to_msecs(end) + usecs_to_jiffies(3);
	n += ktime_to_ms(ktime_sub(ktime_add_ms(t, 3), t)) + ktime_get_ns();
	n += ktime_before(t, ktime_get()) + ktime_us_delta(t, t) + ktime_set(1, 2);
	ktime_get_ts64(&ts);
	return n + ts.tv_sec + local_clock();
}

int use_claims(struct dev *d);
int use_claims(struct dev *d)
{
	struct timespec ts = ktime_to_timespec(ktime_get());
	struct timeval tv = ktime_to_timeval(timespec_to_ktime(ts));

	lockdep_assert_held(&d->lock);
	lockdep_assert_not_held(&d->raw);
	lockdep_assert_held(&d->users);
	jiffies_to_timeval(timeval_to_jiffies(&tv), &tv);
	jiffies_to_timespec(timespec_to_jiffies(&ts), &ts);
	return lockdep_is_held(&d->lock) + cpu_to_node(1) + ktime_equal(0, timeval_to_ktime(tv));
}
