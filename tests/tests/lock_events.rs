//! What a lock validator hears: of each kind of lock each operation, as it is held, from where, and in pairs.

#[path = "c/mod.rs"]
mod c;

use c::{check_with, open, told, verdict};
use ringzero::local_lock::LocalLock;
use ringzero::machine::{LockEvent, LockUse, set_lock_listener};
use ringzero::mutex::Mutex;
use ringzero::owner_lock::OwnerLock;

use ringzero::rtmutex::RtMutex;
use ringzero::rwsem::{PercpuRwSemaphore, RawRwSemaphore, RwSemaphore};
use ringzero::semaphore::Semaphore;
use ringzero::sync::*;
use ringzero::ww_mutex::{WwAcquireCtx, WwClass, WwMutex};
use ringzero::{Check, Strategy, Verdict, define_per_cpu, kthread::kthread_run_on_cpu, legacy};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
struct Heard {
    /// Since it was asked last.
    events: Vec<LockEvent>,
    /// How often each lock is held, and how.
    held: BTreeMap<(usize, u8), i32>,
    /// What was released that nobody had taken.
    unpaired: Vec<String>,
}

thread_local! {
    static HEARD: RefCell<Heard> = RefCell::default();
}

fn listen(event: &LockEvent) {
    HEARD.with_borrow_mut(|heard| {
        heard.events.push(*event);
        let held = heard.held.entry((event.addr, event.held_as as u8)).or_default();
        *held += if event.acquire { 1 } else { -1 };
        if *held < 0 {
            heard.unpaired.push(format!("{event:?}"));
        }
    });
}

fn begin() {
    set_lock_listener(Some(listen));
    HEARD.take();
}

/// All that was taken was released.
fn end() -> Vec<LockEvent> {
    let heard = HEARD.take();
    assert!(heard.unpaired.is_empty(), "{:?}", heard.unpaired);
    assert!(heard.held.values().all(|n| *n == 0), "{:?}", heard.held);
    heard.events
}

/// The events in short: `+w` is taken by one alone, `-r` released by a reader, `R` one that may read again; then `t` of a
/// trylock, `n` within another lock, and the subclass.
fn text(events: &[LockEvent]) -> String {
    let short = |e: &LockEvent| {
        let held = match e.held_as {
            LockUse::Write => "w",
            LockUse::Read => "r",
            LockUse::ReadRecursive => "R",
        };
        let sub = if e.subclass == 0 { String::new() } else { e.subclass.to_string() };
        let (sign, tried) = (if e.acquire { "+" } else { "-" }, if e.trylock { "t" } else { "" });
        format!("{sign}{held}{tried}{}{sub}", if e.nest_lock == 0 { "" } else { "n" })
    };
    events.iter().map(short).collect::<Vec<_>>().join(" ")
}

/// What `f` tells is `expected`, all of one lock that was made in this file at `line`, and taken in this file.
#[track_caller]
fn tells(line: u32, expected: &str, f: impl FnOnce()) {
    begin();
    f();
    let events = end();
    assert_eq!(text(&events), expected);
    for event in &events {
        let class = event.class.expect("a class");
        assert!(class.file().ends_with("lock_events.rs") && class.line() == line, "{class:?}, made at {line}");
        // A guard that is dropped without a word is released in its own file.
        assert!(!event.acquire || event.place.file().ends_with("lock_events.rs"), "{event:?}");
    }
}

#[test]
fn spinlocks_tell() {
    let (line, lock) = (line!(), SpinLock::new(0));
    tells(line, "+w -w", || drop(lock.lock()));
    tells(line, "+w -w +w -w +w -w", || {
        drop(lock.lock_bh());
        drop(lock.lock_irq());
        lock.lock_irqsave().unlock();
    });
    tells(line, "+w2 -w", || drop(lock.lock_nested(2)));
    tells(line, "+wt -w +wt -w +wt -w +wt -w", || {
        drop(lock.try_lock());
        drop(lock.try_lock_bh());
        drop(lock.try_lock_irq());
        drop(lock.try_lock_irqsave());
    });
    tells(line, "+w -w", || {
        let held = lock.lock();
        assert!(lock.try_lock().is_none(), "and nothing is told");
        held.unlock();
    });
    tells(line, "+w -w +w -w", || lock.lock().unlocked(|| ()));
    let outer = 7;
    tells(line, "+wn -w", || drop(lock.lock_nest_lock(&outer)));
    let (line, irq) = (line!(), SpinLockIrq::new(0));
    tells(line, "+w -w", || drop(irq.lock()));
}

#[test]
fn raw_spinlocks_tell() {
    let (line, lock) = (line!(), RawSpinLock::new());
    tells(line, "+w -w +w -w +w -w", || {
        lock.lock();
        lock.unlock();
        lock.lock_bh();
        lock.unlock_bh();
        lock.lock_irq();
        lock.unlock_irq();
    });
    tells(line, "+w -w +w3 -w +wt -w", || {
        let flags = lock.lock_irqsave();
        lock.unlock_irqrestore(flags);
        let flags = lock.lock_irqsave_nested(3);
        lock.unlock_irqrestore(flags);
        let flags = lock.trylock_irqsave().expect("free");
        assert!(lock.trylock_irqsave().is_none());
        lock.unlock_irqrestore(flags);
    });
    tells(line, "+w1 -w +w1 -w +wn -w", || {
        lock.lock_nested(1);
        lock.unlock();
        lock.lock_bh_nested(1);
        lock.unlock_bh();
        lock.lock_nest_lock(8);
        lock.unlock();
    });
}

#[test]
fn rwlocks_tell() {
    let (line, lock) = (line!(), RwLock::new(0));
    tells(line, "+r -r +w -w +rt -r +wt -w", || {
        drop(lock.read());
        drop(lock.write());
        drop(lock.try_read());
        drop(lock.try_write());
    });
    // With bottom halves or interrupts off, as in them, readers may read again.
    tells(line, "+R -R +w -w", || {
        drop(lock.read_bh());
        drop(lock.write_irqsave());
    });
    let (line, raw) = (line!(), RawRwLock::new());
    tells(line, "+w1 -w", || {
        raw.write_lock_nested(1);
        raw.write_unlock();
    });
}

#[test]
fn lglocks_tell() {
    let (line, lock) = (line!(), LgLock::new(0));
    tells(line, "+r -r +r -r", || {
        drop(lock.local_lock());
        lock.local_lock_cpu(1).unlock();
    });
    tells(line, "+r +r1 -r -r", || drop(lock.double_lock(0, 1)));
    tells(line, "+w -w", || drop(lock.global_lock()));
}

#[test]
fn sequence_counters_tell() {
    let (line, seq) = (line!(), SeqCount::new());
    ringzero::context::preempt_disable();
    tells(line, "+w -w +w1 -w", || {
        seq.write_begin();
        seq.write_end();
        seq.write_begin_nested(1);
        seq.write_end();
    });
    tells(line, "", || {
        seq.raw_write_begin();
        seq.raw_write_end();
    });
    tells(line, "+R -R", || assert!(!seq.read_retry(seq.read_begin())));
    let lock = RawSpinLock::new();
    let (line, locked) = (line!(), SeqCountLocked::new(&lock));
    lock.lock();
    tells(line, "+w -w +R -R", || {
        locked.write_begin();
        locked.write_end();
        assert!(!locked.read_retry(locked.read_begin()));
    });
    lock.unlock();
    ringzero::context::preempt_enable();
}

#[test]
fn seqlocks_tell() {
    let (line, lock) = (line!(), SeqLock::new(0));
    tells(line, "+w -w +w -w +wt -w", || {
        drop(lock.write());
        drop(lock.write_irqsave());
        drop(lock.try_write());
    });
    tells(line, "+R -R +w -w", || {
        assert_eq!(lock.read(), 0);
        assert_eq!(lock.read_excl(), 0);
    });
    let (line, raw) = (line!(), RawSeqLock::new());
    tells(line, "+w -w +w -w +R -R +w -w", || {
        raw.write_lock();
        raw.write_unlock();
        let flags = raw.write_lock_irqsave();
        raw.write_unlock_irqrestore(flags);
        let mut sequence = 0;
        raw.read_begin_or_lock(&mut sequence);
        raw.done_retry(sequence);
        sequence = 1;
        raw.read_begin_or_lock(&mut sequence);
        raw.done_retry(sequence);
    });
    let (line, latch) = (line!(), Latch::new(0));
    tells(line, "+w -w", || latch.write(|n| *n += latch.read()));
}

#[test]
fn mutexes_tell() {
    let (line, lock) = (line!(), Mutex::new(0));
    tells(line, "+w -w +w -w +w -w +w1 -w +wt -w", || {
        drop(lock.lock());
        drop(lock.lock_interruptible());
        drop(lock.lock_killable());
        lock.lock_nested(1).unlock();
        drop(lock.try_lock());
    });
    let outer = Mutex::new(0);
    let held = outer.lock();
    tells(line, "+wn -w", || drop(lock.lock_nest_lock(&held)));
    drop(held);
}

static BUFFERS: WwClass = WwClass::new_wd("buffers");

#[test]
fn wound_wait_mutexes_tell() {
    let (line, lock) = (line!(), WwMutex::new(0, &BUFFERS));
    tells(line, "+wt -w +w -w", || {
        drop(lock.try_lock(None));
        drop(lock.lock_alone());
    });
    // The acquire context is the lock around all of the class.
    tells(line, "+wn -w +wn -w", || {
        let ctx = WwAcquireCtx::new(&BUFFERS);
        drop(lock.lock(&ctx));
        drop(lock.lock_slow(&ctx));
    });
}

#[test]
fn rt_mutexes_tell() {
    let (line, lock) = (line!(), RtMutex::new(0));
    tells(line, "+w -w +w1 -w +wt -w", || {
        drop(lock.lock());
        drop(lock.lock_nested(1));
        drop(lock.try_lock());
    });
    let outer = RtMutex::new(0);
    let held = outer.lock();
    tells(line, "+wn -w", || drop(lock.lock_nest_lock(&held)));
    drop(held);
}

#[test]
fn rwsems_tell() {
    let (line, sem) = (line!(), RwSemaphore::new(0));
    tells(line, "+r -r +r1 -r +rt -r", || {
        drop(sem.read());
        drop(sem.read_nested(1));
        drop(sem.try_read());
    });
    tells(line, "+w -w +w1 -w +wt -w", || {
        drop(sem.write());
        drop(sem.write_nested(1));
        drop(sem.try_write());
    });
    // Downgrading is a release, and taking again without waiting.
    tells(line, "+w -w +rt -r", || drop(sem.write().downgrade()));
    let (line, raw) = (line!(), RawRwSemaphore::new());
    tells(line, "+wn -w", || {
        raw.down_write_nest_lock(8);
        raw.up_write();
    });
    let (line, percpu) = (line!(), PercpuRwSemaphore::new(0));
    tells(line, "+r -r +rt -r +w -w", || {
        drop(percpu.read());
        drop(percpu.try_read());
        drop(percpu.write());
    });
}

const BATCH_LINE: u32 = line!() + 2;
define_per_cpu! {
    static BATCH: LocalLock<u32> = LocalLock::new(0);
}

#[test]
fn local_locks_tell() {
    tells(BATCH_LINE, "+w -w +w -w +w -w", || {
        drop(LocalLock::lock(&BATCH));
        drop(LocalLock::lock_irq(&BATCH));
        LocalLock::lock_irqsave(&BATCH).unlock();
    });
}

#[test]
fn owner_locks_tell() {
    let (line, lock) = (line!(), OwnerLock::<u32, u32>::with_backlog(0, 0, |_, _| ()));
    tells(line, "+w -w", || drop(lock.lock()));
    // Interrupts hold another lock than owners.
    tells(line, "+w1 -w1", || drop(lock.enter()));
    tells(line, "+w +w1 -w1 -w", || {
        let owning = lock.lock();
        drop(lock.enter());
        owning.unlock();
    });
}

/// As in Linux: whoever ups a semaphore need not be who downed it, so nobody holds one.
#[test]
fn semaphores_tell_nothing() {
    let (line, sem) = (line!(), Semaphore::new(1));
    tells(line, "", || {
        sem.down();
        sem.up();
        drop(sem.acquire());
    });
}

#[test]
fn who_does_not_get_it_has_not_taken_it() {
    let (line, lock) = (line!(), RwSemaphore::new(0));
    tells(line, "+r -r", || {
        let held = lock.read();
        assert!(lock.try_write().is_none());
        held.unlock();
    });
}

ringzero::global! {
    static ALL: RwSemaphore<u32> = RwSemaphore::new(0);
    static ONE: Mutex<u32> = Mutex::new(0);
    static SPIN: SpinLock<u32> = SpinLock::new(0);
    static TABLE: RwLock<u32> = RwLock::new(0);
    static FILES: LgLock<u32> = LgLock::new(0);
    static CLOCK: SeqLock<u32> = SeqLock::new(0);
}

fn use_all() {
    legacy::lock_kernel();
    let mut one = ONE.lock();
    *ALL.write() += 1;
    *one += *ALL.read();
    drop(one);
    legacy::unlock_kernel();
    *SPIN.lock_irqsave() += *TABLE.read();
    *TABLE.write() += 1;
    *FILES.local_lock() += 1;
    *CLOCK.write() += CLOCK.read();
}

/// Whoever waits, is woken, or is kept out: what is told of one context comes in pairs.
#[test]
fn events_of_all_contexts_come_in_pairs() {
    for fine in [false, true] {
        let check = Check::new().named("events").cpus(2).fine(fine).strategy(Strategy::Random).executions(200);
        let report = check.run(|| {
            begin();
            ringzero::on_exit(|| assert!(text(&end()).len() > 40));
            kthread_run_on_cpu(use_all, 1, "other");
            use_all();
        });
        assert_ne!(report.verdict(), Verdict::Violated, "{report}");
    }
}

const C: &str = r#"
#include <linux/lglock.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu-rwsem.h>
#include <linux/rwlock.h>
#include <linux/rwsem.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(spin);
static DEFINE_RWLOCK(table);
static DEFINE_MUTEX(mutex);
static DECLARE_RWSEM(sem);
DEFINE_STATIC_PERCPU_RWSEM(percpu);
static DEFINE_SEQLOCK(clock);
static seqcount_t count = SEQCNT_ZERO(count);
DEFINE_STATIC_LGLOCK(files);

static int __init all(void)
{
	unsigned long flags;

	spin_lock(&spin); spin_unlock(&spin);
	spin_lock_nested(&spin, 1); spin_unlock(&spin);
	spin_lock_bh_nested(&spin, 2); spin_unlock_bh(&spin);
	spin_lock_irqsave_nested(&spin, flags, 3); spin_unlock_irqrestore(&spin, flags);
	spin_lock_nest_lock(&spin, &mutex); spin_unlock(&spin);
	if (spin_trylock_irqsave(&spin, flags))
		spin_unlock_irqrestore(&spin, flags);
	write_lock_nested(&table, 1); write_unlock(&table);
	read_lock(&table); read_unlock(&table);
	mutex_lock_nested(&mutex, 1); mutex_unlock(&mutex);
	down_read(&sem); up_read(&sem);
	down_write_nest_lock(&sem, &mutex); up_write(&sem);
	percpu_down_read(&percpu); percpu_up_read(&percpu);
	preempt_disable();
	write_seqcount_begin_nested(&count, 1); write_seqcount_end(&count);
	raw_write_seqcount_begin(&count); raw_write_seqcount_end(&count);
	preempt_enable();
	write_seqlock(&clock); write_sequnlock(&clock);
	(void)read_seqretry(&clock, read_seqbegin(&clock));
	lg_double_lock(&files, 0, 1); lg_double_unlock(&files, 0, 1);
	lg_global_lock(&files); lg_global_unlock(&files);
	return 0;
}
module_init(all);
MODULE_LICENSE("Dual MIT/GPL");
"#;

#[test]
fn c_tells_the_same() {
    let Some(module) = open("lock-events", C) else { return };
    begin();
    // On this thread, so that it is heard.
    let answer = check_with(&module, &module.parts()[0], |s| s.jobs = 1);
    assert_eq!(verdict(&answer), "holds", "{}", told(&answer));
    let events = HEARD.take().events;
    let of_one: Vec<LockEvent> = events.into_iter().filter(|e| e.name.is_some()).collect();
    let mut heard: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for event in &of_one {
        heard.entry(event.name.expect("a name")).or_default().insert(text(&[*event]));
    }
    let expected = [
        ("clock", "+R +w -R -w"),
        ("count", "+w1 -w"),
        ("files", "+r +r1 +w -r -w"),
        ("mutex", "+w1 -w"),
        ("percpu", "+r -r"),
        ("sem", "+r +wn -r -w"),
        ("spin", "+w +w1 +w2 +w3 +wn +wt -w"),
        ("table", "+r +w1 -r -w"),
    ];
    for (name, expected) in expected {
        let expected: BTreeSet<String> = expected.split(' ').map(str::to_owned).collect();
        assert_eq!(heard.get(name), Some(&expected), "{name}: {heard:?}");
    }
}
