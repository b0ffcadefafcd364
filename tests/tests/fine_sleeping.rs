//! The sleeping locks' own algorithms, each of their atomic instructions a step: writers alone, readers together, everybody
//! gets through, and no wake-up is lost. What the sections touch is unmarked, so that a missing order is a data race.

use ringzero::atomic::{Atomic, PlainCell};
use ringzero::irq::{IrqFlags, IrqReturn, disable_irq, irq_set_affinity, request_irq};
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::mutex::RawMutex;
use ringzero::owner_lock::{Entered, OwnerLock};
use ringzero::rwsem::{RawPercpuRwSemaphore, RawRwSemaphore};
use ringzero::sched::{TaskOptions, spawn};
use ringzero::semaphore::Semaphore;
use ringzero::signal::{SIGKILL, send_sig};
use ringzero::{Check, PreemptModel, Report, Strategy, Verdict};

ringzero::global! {
    static MUTEX: RawMutex = RawMutex::new().named("mutex");
    static SEM: Semaphore = Semaphore::new(1).named("sem");
    static TOKENS: Semaphore = Semaphore::new(0).named("tokens");
    static RWSEM: RawRwSemaphore = RawRwSemaphore::new().named("rwsem");
    static PERCPU: RawPercpuRwSemaphore = RawPercpuRwSemaphore::new().named("percpu");
    static TABLE: PlainCell<u32> = PlainCell::new(0);
}

fn change() {
    TABLE.set(TABLE.get() + 1);
}

fn look() {
    assert!(TABLE.get() < 4);
}

fn lock() {
    MUTEX.lock();
    change();
    MUTEX.unlock();
}

fn try_lock() {
    if MUTEX.trylock() {
        change();
        MUTEX.unlock();
    }
}

fn lock_killable() {
    if MUTEX.lock_killable().is_ok() {
        change();
        MUTEX.unlock();
    }
}

fn down() {
    SEM.down();
    change();
    SEM.up();
}

fn down_trylock() {
    if SEM.down_trylock() {
        change();
        SEM.up();
    }
}

fn down_killable() {
    if SEM.down_killable().is_ok() {
        change();
        SEM.up();
    }
}

fn write() {
    RWSEM.down_write();
    change();
    RWSEM.up_write();
}

fn read() {
    RWSEM.down_read();
    look();
    RWSEM.up_read();
}

fn try_read() {
    if RWSEM.down_read_trylock() {
        look();
        RWSEM.up_read();
    }
}

fn try_write() {
    if RWSEM.down_write_trylock() {
        change();
        RWSEM.up_write();
    }
}

fn write_killable() {
    if RWSEM.down_write_killable().is_ok() {
        change();
        RWSEM.up_write();
    }
}

fn read_killable() {
    if RWSEM.down_read_killable().is_ok() {
        look();
        RWSEM.up_read();
    }
}

fn downgrade() {
    RWSEM.down_write();
    change();
    let seen = TABLE.get();
    RWSEM.downgrade_write();
    assert_eq!(TABLE.get(), seen, "nobody wrote in between");
    RWSEM.up_read();
}

fn percpu_write() {
    PERCPU.down_write();
    change();
    PERCPU.up_write();
}

fn percpu_read() {
    PERCPU.down_read();
    look();
    PERCPU.up_read();
}

fn percpu_try_read() {
    if PERCPU.down_read_trylock() {
        look();
        PERCPU.up_read();
    }
}

/// Searches to the end.
#[track_caller]
fn holds(name: &str, init: fn()) -> u64 {
    let check = Check::new().named(name).fine(true).preempt(PreemptModel::None).seconds(300.0);
    let report = check.strategy(Strategy::Exhaustive).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init);
    assert_eq!(report.verdict(), Verdict::Holds, "{report}");
    println!("{name}: {} executions", report.executions());
    report.executions()
}

macro_rules! pairs {
    ($($name:ident: $on_0:ident, $on_1:ident;)*) => {$(
        #[test]
        fn $name() {
            holds(stringify!($name), || {
                kthread_run_on_cpu($on_1, 1, "one");
                $on_0();
            });
        }
    )*};
}
pairs! {
    mutex_two_lock: lock, lock;
    mutex_one_tries: lock, try_lock;
    semaphore_two_down: down, down;
    semaphore_one_tries: down, down_trylock;
    rwsem_two_writers: write, write;
    rwsem_a_writer_and_a_reader: write, read;
    rwsem_two_readers: read, read;
    rwsem_one_tries_to_read: try_read, write;
    rwsem_one_tries_to_write: try_write, read;
    rwsem_both_try: try_write, try_read;
    rwsem_a_downgrade_and_a_writer: downgrade, write;
    rwsem_a_downgrade_and_a_reader: downgrade, read;
    rwsem_two_downgrades: downgrade, downgrade;
    percpu_a_writer_and_a_reader: percpu_write, percpu_read;
    percpu_two_readers: percpu_read, percpu_read;
    percpu_two_writers: percpu_write, percpu_write;
    percpu_one_tries_to_read: percpu_try_read, percpu_write;
}

/// Two tasks of which one may be killed while it waits: what it leaves behind lets the others through.
fn beside_one_that_is_killed(section: fn(), killable: fn()) {
    let victim = spawn(TaskOptions { allowed: 1 << 1, ..TaskOptions::new("victim") }, killable);
    kthread_run_on_cpu(
        move || {
            send_sig(SIGKILL, victim);
        },
        0,
        "killer",
    );
    section();
    ringzero::on_exit(|| assert!(!RWSEM.is_locked() && !MUTEX.is_locked() && SEM.down_trylock()));
}

macro_rules! killed {
    ($($name:ident: $section:ident, $killable:ident;)*) => {$(
        #[test]
        fn $name() {
            holds(stringify!($name), || beside_one_that_is_killed($section, $killable));
        }
    )*};
}
killed! {
    mutex_a_waiter_is_killed: lock, lock_killable;
    semaphore_a_waiter_is_killed: down, down_killable;
    rwsem_a_writer_is_killed: read, write_killable;
    rwsem_a_reader_is_killed: write, read_killable;
}

#[test]
fn an_interrupt_gives_what_a_task_waits_for() {
    holds("an interrupt gives", || {
        irq_set_affinity(4, 1 << 1).unwrap();
        let give = |_| {
            TOKENS.up();
            IrqReturn::Handled
        };
        request_irq(4, IrqFlags::NONE, "line", give).unwrap();
        kthread_run_on_cpu(|| TOKENS.up(), 1, "giver");
        TOKENS.down();
    });
}

#[test]
fn an_interrupt_tries_what_tasks_have() {
    holds("an interrupt tries", || {
        irq_set_affinity(4, 1 << 1).unwrap();
        let try_it = |_| {
            down_trylock();
            IrqReturn::Handled
        };
        request_irq(4, IrqFlags::NONE, "line", try_it).unwrap();
        kthread_run_on_cpu(down, 1, "one");
        down();
    });
}

#[test]
fn a_count_of_two_lets_two_in() {
    holds("a count of two", || {
        TOKENS.up();
        TOKENS.up();
        kthread_run_on_cpu(|| TOKENS.down(), 1, "one");
        TOKENS.down();
        ringzero::on_exit(|| assert!(!TOKENS.down_trylock()));
    });
}

ringzero::global! {
    static CAME: Atomic = Atomic::new(0);
    static OWNED: OwnerLock<u32> = OwnerLock::with_backlog(0, 0, |data, notes| *data += notes).named("owned");
}

#[test]
fn nothing_that_an_interrupt_leaves_with_an_owner_is_lost() {
    holds("an owner and an interrupt", || {
        irq_set_affinity(4, 1 << 1).unwrap();
        let note = |_| {
            CAME.inc();
            match OWNED.enter() {
                Entered::Free(mut data) => *data += 1,
                Entered::Owned(mut notes) => *notes += 1,
            }
            IrqReturn::Handled
        };
        request_irq(4, IrqFlags::NONE, "line", note).unwrap();
        kthread_run_on_cpu(|| *OWNED.lock() += 10, 1, "owner");
        ringzero::on_exit(|| {
            disable_irq(4);
            assert_eq!(*OWNED.lock(), 10 + CAME.read().cast_unsigned());
        });
    });
}

#[test]
fn two_owners() {
    holds("two owners", || {
        let own = || {
            let owning = OWNED.lock();
            change();
            owning.unlock();
        };
        kthread_run_on_cpu(own, 1, "one");
        own();
        ringzero::on_exit(|| assert_eq!(TABLE.get(), 2));
    });
}

/// On three CPUs there are too many ways for all of them: those with few switches at places of no need, and samples.
fn three_cpus(name: &str, sections: [fn(); 3]) {
    let init = move || {
        for (cpu, section) in (1..).zip(&sections[1..]) {
            kthread_run_on_cpu(*section, cpu, "other");
        }
        sections[0]();
    };
    for strategy in [Strategy::Exhaustive, Strategy::Sample] {
        let check = Check::new().named(name).cpus(3).fine(true).preempt(PreemptModel::None).executions(20_000);
        let report = check.strategy(strategy).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(init);
        assert_ne!(report.verdict(), Verdict::Violated, "{strategy:?}: {report}");
    }
}

macro_rules! threes {
    ($($name:ident: $on_0:ident, $on_1:ident, $on_2:ident;)*) => {$(
        #[test]
        fn $name() {
            three_cpus(stringify!($name), [$on_0, $on_1, $on_2]);
        }
    )*};
}
threes! {
    mutex_three_lock: lock, lock, lock;
    semaphore_three_down: down, down, down;
    rwsem_two_readers_and_a_writer: read, write, read;
    rwsem_two_writers_and_a_reader: write, read, write;
    rwsem_a_downgrade_between: downgrade, read, write;
    percpu_two_readers_and_a_writer: percpu_read, percpu_write, percpu_read;
    percpu_two_writers_and_a_reader: percpu_write, percpu_read, percpu_write;
}

fn reads_again(fine: bool) -> Report {
    Check::new().named("reads again").fine(fine).trace_dir(env!("CARGO_TARGET_TMPDIR")).run(|| {
        kthread_run_on_cpu(write, 1, "writer");
        RWSEM.down_read();
        read();
        RWSEM.up_read();
    })
}

/// The reader that reads again is found whatever the granularity.
#[test]
fn reading_again_behind_a_writer_is_found() {
    for (fine, code) in [(false, "self-deadlock"), (true, "deadlock")] {
        let report = reads_again(fine);
        assert_eq!(report.finding(), Some(code), "{report}");
        let text = report.to_string();
        assert!(fine || text.contains("which it holds itself"), "{text}");
        assert!(fine || text.contains("new readers wait behind that"), "{text}");
    }
}
