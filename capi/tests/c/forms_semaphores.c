// SPDX-License-Identifier: MIT OR Apache-2.0
/* Each form of semaphores, reader-writer semaphores, local locks, owner locks and the big kernel lock, once. */
#include <linux/local_lock.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/smp_lock.h>
#include <ringzero/owner_lock.h>

static DEFINE_SEMAPHORE(one);
static DEFINE_SEMAPHORE(three, 3);
static DECLARE_MUTEX(old_mutex);
static DECLARE_MUTEX_LOCKED(old_locked);
static DECLARE_SEMAPHORE_GENERIC(old_two, 2);
static struct compat_semaphore compat = __SEMAPHORE_INITIALIZER(compat, 1);
static DECLARE_RWSEM(map);
static struct compat_rw_semaphore compat_map = __RWSEM_INITIALIZER(compat_map);
DEFINE_STATIC_PERCPU_RWSEM(hotplug);
DEFINE_PERCPU_RWSEM(shared_hotplug);
static DEFINE_MUTEX(mutex);

struct batch {
	local_lock_t lock;
	int n;
};
static DEFINE_PER_CPU(struct batch, batches) = { .lock = INIT_LOCAL_LOCK(lock) };

int use_semaphores(struct semaphore *s);
int use_semaphores(struct semaphore *s)
{
	int n = 0;

	sema_init(s, 2);
	init_MUTEX(s);
	init_MUTEX_LOCKED(s);
	down(&one);
	n += down_interruptible(&three);
	n += down_killable(&old_mutex);
	n += down_timeout(&old_locked, 10);
	n += down_trylock(&old_two);
	up(&compat);
	return n;
}

int use_rwsems(struct rw_semaphore *s);
int use_rwsems(struct rw_semaphore *s)
{
	static struct lock_class_key key;
	int n = 0;

	init_rwsem(s);
	__init_rwsem(s, "map", &key);
	down_read(&map);
	n += down_read_interruptible(s);
	n += down_read_killable(s);
	n += down_read_killable_nested(s, 1);
	down_read_nested(s, 1);
	n += down_read_trylock(s);
	up_read(s);
	down_read_non_owner(s);
	up_read_non_owner(s);
	down_write(&compat_map);
	n += down_write_killable(s);
	n += down_write_killable_nested(s, 1);
	down_write_nested(s, 1);
	down_write_nest_lock(s, &mutex);
	n += down_write_trylock(s);
	downgrade_write(s);
	downgrade_writer(s);
	up_write(s);
	return n + rwsem_is_locked(s) + rwsem_is_contended(s);
}

int use_percpu_rwsems(struct percpu_rw_semaphore *s);
int use_percpu_rwsems(struct percpu_rw_semaphore *s)
{
	int n = percpu_init_rwsem(s);

	percpu_down_read(&hotplug);
	n += percpu_down_read_trylock(s);
	percpu_up_read(&shared_hotplug);
	percpu_down_write(s);
	n += percpu_is_write_locked(s);
	percpu_up_write(s);
	percpu_free_rwsem(s);
	return n;
}

int use_local_locks(void);
int use_local_locks(void)
{
	unsigned long flags;

	local_lock_init(&per_cpu_ptr(&batches, 0)->lock);
	local_lock(&batches.lock);
	this_cpu_ptr(&batches)->n++;
	local_unlock(&batches.lock);
	local_lock_irq(&batches.lock);
	local_unlock_irq(&batches.lock);
	local_lock_irqsave(&batches.lock, flags);
	local_unlock_irqrestore(&batches.lock, flags);
	return 0;
}

int use_mutexes_nested(struct mutex *m);
int use_mutexes_nested(struct mutex *m)
{
	int n = 0;

	mutex_lock_nested(m, 1);
	mutex_lock_io_nested(m, 1);
	n += mutex_lock_interruptible_nested(m, 1);
	n += mutex_lock_killable_nested(m, 1);
	mutex_lock_nest_lock(m, &mutex);
	return n;
}

static void drain(struct owner_lock *lock, struct list_head *item)
{
	(void)lock;
	(void)item;
}

int use_owner_locks(struct owner_lock *l, struct list_head *item);
int use_owner_locks(struct owner_lock *l, struct list_head *item)
{
	unsigned long flags;

	owner_lock_init(l, drain);
	owner_lock(l);
	owner_relock(l);
	owner_unlock(l);
	flags = owner_lock_enter(l);
	if (owner_lock_is_owned(l))
		owner_lock_add_backlog(l, item);
	owner_lock_exit(l, flags);
	return 0;
}

int use_big_lock(void);
int use_big_lock(void)
{
	lock_kernel();
	unlock_kernel();
	cycle_kernel_lock();
	return kernel_locked();
}
