//! What locks do not order, and who may end what: a trylock that fails, readers among each other, memory that dies with a
//! lock.

mod c;
#[path = "c/table.rs"]
mod table;

use c::{check_with, open, told, verdict};
use table::meets;

/// A trylock that fails comes after nothing: what its caller reads then may be written at the same time. One that succeeds is
/// an acquire.
#[test]
fn a_trylock_that_fails_orders_nothing() {
    let mut text = String::new();
    for (n, (lock, taken, released, tried, ended)) in TRIED.iter().enumerate() {
        let kind = tried.split('(').next().unwrap_or_default();
        text.push_str(&format!(
            "//# {n} {kind} that fails: data-race\n#include <linux/rwlock.h>\n{lock}\nstatic int x$;\nstatic atomic_t f$;\n\
             A {{\n\tx$ = 1;\n\t{taken}\n\t{released}\n\t{taken}\n\tatomic_set(&f$, 1);\n\t{released}\n}}\n\
             B {{\n\tunsigned long flags = 0;\n\n\tif (atomic_read(&f$)) {{\n\t\tif (!{tried})\n\t\t\tuse(x$);\n\
             \t\telse\n\t\t\t{ended}\n\t}}\n\tuse(flags);\n}}\n\
             //# {n} {kind} that succeeds: holds\n#include <linux/rwlock.h>\n{lock}\nstatic int x$;\nstatic int done$;\n\
             A {{\n\tx$ = 1;\n\t{taken}\n\tdone$ = 1;\n\t{released}\n}}\n\
             B {{\n\tunsigned long flags = 0;\n\n\tif ({tried}) {{\n\t\tif (done$)\n\t\t\tuse(x$);\n\t\t{ended}\n\t}}\n\
             \tuse(flags);\n}}\n"
        ));
    }
    meets("tried", &text);
}

/// The lock, how it is taken and released, how it is tried, and the end of what was tried.
const TRIED: [(&str, &str, &str, &str, &str); 9] = [
    ("static DEFINE_SPINLOCK(l$);", "spin_lock(&l$);", "spin_unlock(&l$);", "spin_trylock(&l$)", "spin_unlock(&l$);"),
    (
        "static DEFINE_SPINLOCK(l$);",
        "spin_lock_bh(&l$);",
        "spin_unlock_bh(&l$);",
        "spin_trylock_bh(&l$)",
        "spin_unlock_bh(&l$);",
    ),
    (
        "static DEFINE_SPINLOCK(l$);",
        "spin_lock_irq(&l$);",
        "spin_unlock_irq(&l$);",
        "spin_trylock_irq(&l$)",
        "spin_unlock_irq(&l$);",
    ),
    (
        "static DEFINE_SPINLOCK(l$);",
        "spin_lock_irq(&l$);",
        "spin_unlock_irq(&l$);",
        "spin_trylock_irqsave(&l$, flags)",
        "spin_unlock_irqrestore(&l$, flags);",
    ),
    ("static DEFINE_RWLOCK(l$);", "write_lock(&l$);", "write_unlock(&l$);", "write_trylock(&l$)", "write_unlock(&l$);"),
    (
        "static DEFINE_RWLOCK(l$);",
        "write_lock_irq(&l$);",
        "write_unlock_irq(&l$);",
        "write_trylock_irqsave(&l$, flags)",
        "write_unlock_irqrestore(&l$, flags);",
    ),
    ("static DEFINE_RWLOCK(l$);", "write_lock(&l$);", "write_unlock(&l$);", "read_trylock(&l$)", "read_unlock(&l$);"),
    ("static DEFINE_MUTEX(l$);", "mutex_lock(&l$);", "mutex_unlock(&l$);", "mutex_trylock(&l$)", "mutex_unlock(&l$);"),
    (
        "static unsigned long l$;",
        "while (test_and_set_bit_lock(3, &l$))\n\t\tcpu_relax();",
        "clear_bit_unlock(3, &l$);",
        "test_and_set_bit_lock(3, &l$) == 0",
        "clear_bit_unlock(3, &l$);",
    ),
];

/// The same finely, where an attempt that fails may be several steps.
#[test]
fn nor_does_one_that_fails_in_fine_steps() {
    for (name, tried, ended) in [
        ("spin", "spin_trylock(&s)", "spin_unlock(&s)"),
        ("read", "read_trylock(&r)", "read_unlock(&r)"),
        ("write", "write_trylock(&r)", "write_unlock(&r)"),
        ("sem", "!down_trylock(&d)", "up(&d)"),
    ] {
        let text = FINE.replace("TRIED", tried).replace("ENDED", ended);
        let Some(module) = open(&format!("fine-{name}"), &text) else { return };
        let a = check_with(&module, &module.parts()[0], |s| s.machine.fine = true);
        assert_eq!(verdict(&a), "data-race", "{name}: {}", told(&a));
    }
}

const FINE: &str = r#"
#include <linux/atomic.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rwlock.h>
#include <linux/semaphore.h>
#include <linux/spinlock.h>
static DEFINE_SPINLOCK(s);
static DEFINE_RWLOCK(r);
static struct semaphore d;
static int x;
static atomic_t flag;
static noinline void use(unsigned long value)
{
	asm volatile("" : : "r" (value));
}
static int writes(void *unused)
{
	x = 1;
	spin_lock(&s);
	spin_unlock(&s);
	write_lock(&r);
	write_unlock(&r);
	down(&d);
	up(&d);
	down(&d);
	spin_lock(&s);
	write_lock(&r);
	atomic_set(&flag, 1);
	write_unlock(&r);
	spin_unlock(&s);
	up(&d);
	return 0;
}
static int __init m_init(void)
{
	sema_init(&d, 1);
	kthread_run(writes, NULL, "t");
	if (atomic_read(&flag)) {
		if (!(TRIED))
			use(x);
		else
			ENDED;
	}
	return 0;
}
static void __exit m_exit(void) {}
module_init(m_init);
module_exit(m_exit);
MODULE_LICENSE("Dual MIT/GPL");
"#;

/// Readers of a percpu rwsem touch counts of their own, so they order nothing among each other; a writer orders all.
#[test]
fn percpu_readers_are_apart() {
    meets("percpu-order", PERCPU);
}

const PERCPU: &str = r#"
//# readers beside each other: data-race
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
static int x$, f$;
EXIT {
	stop_all();
	percpu_free_rwsem(&s$);
}
A {
	percpu_down_read(&s$);
	x$ = 1;
	percpu_up_read(&s$);
	WRITE_ONCE(f$, 1);
}
B {
	if (READ_ONCE(f$)) {
		percpu_down_read(&s$);
		use(x$);
		percpu_up_read(&s$);
	}
}
//# one that reads what is there, one that tries: data-race
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
static int x$, f$;
EXIT {
	stop_all();
	percpu_free_rwsem(&s$);
}
A {
	percpu_down_read(&s$);
	x$ = 1;
	percpu_up_read(&s$);
	WRITE_ONCE(f$, 1);
}
B {
	if (READ_ONCE(f$) && percpu_down_read_trylock(&s$)) {
		use(x$);
		percpu_up_read(&s$);
	}
}
//# a writer behind a reader: holds
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
static int x$, f$;
EXIT {
	stop_all();
	percpu_free_rwsem(&s$);
}
A {
	percpu_down_read(&s$);
	x$ = 1;
	WRITE_ONCE(f$, 1);
	percpu_up_read(&s$);
}
B {
	percpu_down_write(&s$);
	if (READ_ONCE(f$))
		x$ = 2;
	percpu_up_write(&s$);
}
//# a reader behind a writer, and one behind both: holds
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
static int x$;
EXIT {
	stop_all();
	percpu_free_rwsem(&s$);
}
A {
	percpu_down_write(&s$);
	x$++;
	percpu_up_write(&s$);
}
B {
	percpu_down_read(&s$);
	use(x$);
	percpu_up_read(&s$);
	percpu_down_write(&s$);
	x$++;
	percpu_up_write(&s$);
}
//# a reader that another task ends: holds
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
static DECLARE_COMPLETION(c$);
static DECLARE_COMPLETION(d$);
EXIT {
	stop_all();
	percpu_free_rwsem(&s$);
}
A {
	percpu_down_read(&s$);
	complete(&c$);
	wait_for_completion(&d$);
}
B {
	percpu_down_read(&s$);
	wait_for_completion(&c$);
	percpu_up_read(&s$);
	percpu_up_read(&s$);
	complete(&d$);
}
//# one that goes away while another one reads for it: holds
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
static DECLARE_COMPLETION(c$);
EXIT {
	stop_all();
	percpu_free_rwsem(&s$);
}
A {
	percpu_down_read(&s$);
	percpu_rwsem_release(&s$, true, _THIS_IP_);
	complete(&c$);
}
B {
	wait_for_completion(&c$);
	percpu_rwsem_acquire(&s$, true, _THIS_IP_);
	percpu_up_read(&s$);
}
//# a writer that hands over: holds
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
static DECLARE_COMPLETION(c$);
EXIT {
	stop_all();
	percpu_free_rwsem(&s$);
}
A {
	percpu_down_write(&s$);
	percpu_rwsem_release(&s$, false, _THIS_IP_);
	complete(&c$);
}
B {
	wait_for_completion(&c$);
	percpu_rwsem_acquire(&s$, false, _THIS_IP_);
	percpu_up_write(&s$);
}
//# one that goes away while it reads: unbalanced-context
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
A {
	percpu_down_read(&s$);
}
//# nobody reads: unlock-by-other
#include <linux/percpu-rwsem.h>
DEFINE_STATIC_PERCPU_RWSEM(s$);
A {
	percpu_up_read(&s$);
}
"#;

/// Readers that are nobody's own, and memory that dies while somebody is still in the function that releases the lock in it.
#[test]
fn rwsems_have_an_end() {
    meets("rwsem-ends", RWSEM);
}

const RWSEM: &str = r#"
//# another task ends a reader that is nobody's own: holds
#include <linux/rwsem.h>
static DECLARE_RWSEM(s$);
static DECLARE_COMPLETION(c$);
static DECLARE_COMPLETION(d$);
A {
	down_read_non_owner(&s$);
	down_read(&s$);
	complete(&c$);
	wait_for_completion(&d$);
	up_read(&s$);
}
B {
	wait_for_completion(&c$);
	up_read_non_owner(&s$);
	complete(&d$);
}
//# a reader that is another task's: unlock-by-other
#include <linux/rwsem.h>
static DECLARE_RWSEM(s$);
A {
	down_read(&s$);
	msleep(1);
	up_read(&s$);
}
B {
	up_read(&s$);
}
//# the next writer frees it: use-after-free
#include <linux/rwsem.h>
struct o$ { struct rw_semaphore s; int dead; };
static struct o$ *o$;
INIT {
	o$ = kmalloc(sizeof(*o$), GFP_KERNEL | __GFP_NOFAIL);
	init_rwsem(&o$->s);
	o$->dead = 0;
}
A {
	int dead;

	down_write(&o$->s);
	dead = o$->dead++;
	up_write(&o$->s);
	if (dead)
		kfree(o$);
}
B {
	int dead;

	down_write(&o$->s);
	dead = o$->dead++;
	up_write(&o$->s);
	if (dead)
		kfree(o$);
}
//# the writer behind a reader frees it: use-after-free
#include <linux/rwsem.h>
struct o$ { struct rw_semaphore s; int dead; };
static struct o$ *o$;
static atomic_t was_read$;
INIT {
	o$ = kmalloc(sizeof(*o$), GFP_KERNEL | __GFP_NOFAIL);
	init_rwsem(&o$->s);
}
EXIT {
	stop_all();
	kfree(o$);
}
A {
	down_read(&o$->s);
	atomic_set(&was_read$, 1);
	up_read(&o$->s);
}
B {
	struct o$ *o = o$;
	int dead;

	down_write(&o->s);
	dead = atomic_read(&was_read$);
	up_write(&o->s);
	if (dead) {
		o$ = NULL;
		kfree(o);
	}
}
//# whoever is last without a lock frees it: holds
#include <linux/rwsem.h>
struct o$ { struct rw_semaphore s; struct kref refs; int x; };
static struct o$ *o$;
static void release$(struct kref *refs)
{
	kfree(container_of(refs, struct o$, refs));
}
INIT {
	o$ = kmalloc(sizeof(*o$), GFP_KERNEL | __GFP_NOFAIL);
	init_rwsem(&o$->s);
	kref_init(&o$->refs);
	kref_get(&o$->refs);
}
A {
	down_read(&o$->s);
	use(o$->x);
	up_read(&o$->s);
	kref_put(&o$->refs, release$);
}
B {
	down_write(&o$->s);
	o$->x++;
	up_write(&o$->s);
	kref_put(&o$->refs, release$);
}
"#;

/// A holder can see that somebody waits, be it to read or to write.
#[test]
fn who_waits_for_an_rwsem_is_seen() {
    meets("rwsem-contended", CONTENDED);
    let Some(module) = open("rwsem-polled", POLLED) else { return };
    let a = check_with(&module, &module.parts()[0], |_| ());
    assert_eq!(verdict(&a), "holds", "{}", told(&a));
}

const POLLED: &str = r#"
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/rwsem.h>
static DECLARE_RWSEM(s);
static int writes;
static int reads(void *unused)
{
	while (!READ_ONCE(writes))
		cpu_relax();
	down_read(&s);
	up_read(&s);
	return 0;
}
static int __init m_init(void)
{
	kthread_run(reads, NULL, "reader");
	down_write(&s);
	WRITE_ONCE(writes, 1);
	while (!rwsem_is_contended(&s))
		cpu_relax();
	up_write(&s);
	return 0;
}
static void __exit m_exit(void) {}
module_init(m_init);
module_exit(m_exit);
MODULE_LICENSE("Dual MIT/GPL");
"#;

const CONTENDED: &str = r#"
//# nobody waits: holds
#include <linux/rwsem.h>
static DECLARE_RWSEM(s$);
A {
	down_write(&s$);
	BUG_ON(rwsem_is_contended(&s$));
	up_write(&s$);
}
//# a reader may wait: bug
#include <linux/rwsem.h>
static DECLARE_RWSEM(s$);
A {
	down_write(&s$);
	BUG_ON(rwsem_is_contended(&s$));
	up_write(&s$);
}
B {
	down_read(&s$);
	up_read(&s$);
}
//# it waits no more when it reads: holds
#include <linux/rwsem.h>
static DECLARE_RWSEM(s$);
static atomic_t reads$;
A {
	down_write(&s$);
	up_write(&s$);
}
B {
	down_read(&s$);
	atomic_set(&reads$, 1);
	BUG_ON(!rwsem_is_locked(&s$));
	up_read(&s$);
}
EXIT {
	stop_all();
	BUG_ON(rwsem_is_contended(&s$) || rwsem_is_locked(&s$));
}
"#;
