//! What locks do while a thread unwinds, when findings are silent: nobody gets what he has already, or what another one has.

use ringzero::context::{preempt_disable, preempt_enable};
use ringzero::define_per_cpu;
use ringzero::local_lock::LocalLock;
use ringzero::mutex::{Mutex, RawMutex};
use ringzero::owner_lock::{Entered, OwnerLock};
use ringzero::sync::RawSpinLock;
use ringzero::ww_mutex::{WwAcquireCtx, WwClass, WwMutex};
use std::env::{current_exe, var};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

static MUTEX: Mutex<u32> = Mutex::new(0).named("m");
static WW: WwClass = WwClass::new_ww("ww");
static WOUND: WwMutex<u32> = WwMutex::new(0, &WW).named("w");
define_per_cpu! {
    static LOCAL: LocalLock<u32> = LocalLock::new(0).named("l");
}

/// Does it when it is dropped, and says that it came back.
struct Then<F: FnMut()>(F);

impl<F: FnMut()> Drop for Then<F> {
    fn drop(&mut self) {
        (self.0)();
        println!("a second guard");
    }
}

/// Panics while it holds a lock, and takes it again while it unwinds.
fn takes_it_again(lock: &str) {
    match lock {
        "mutex" => {
            let _one = MUTEX.lock();
            let _then = Then(|| *MUTEX.lock() += 1);
            panic!("the program's own panic");
        }
        "ww_mutex" => {
            let _one = WOUND.lock_alone();
            let _then = Then(|| *WOUND.lock_alone() += 1);
            panic!("the program's own panic");
        }
        "ww_mutex, slowly" => {
            let ctx = WwAcquireCtx::new(&WW);
            let _one = WOUND.lock(&ctx).unwrap();
            let _then = Then(|| *WOUND.lock_slow(&ctx) += 1);
            panic!("the program's own panic");
        }
        _ => {
            let _one = LocalLock::lock(&LOCAL);
            let _then = Then(|| *LocalLock::lock(&LOCAL) += 1);
            panic!("the program's own panic");
        }
    }
}

const AGAIN: &str = "RINGZERO_TESTS_TAKE_AGAIN";

/// In a process of its own, which is aborted.
#[test]
fn child() {
    if let Ok(lock) = var(AGAIN) {
        let _ = catch_unwind(|| takes_it_again(&lock));
        println!("it went on");
    }
}

#[test]
fn nobody_has_two_guards() {
    for (lock, call) in [
        ("mutex", "mutex_lock() of `m`"),
        ("ww_mutex", "ww_mutex_lock() of `w`"),
        ("ww_mutex, slowly", "ww_mutex_lock_slow() of `w`"),
        ("local_lock", "local_lock() of `l`"),
    ] {
        let mut command = Command::new(current_exe().expect("this test's own file"));
        let out = command.args(["--exact", "child", "--nocapture"]).env(AGAIN, lock).output().expect("it runs");
        let (out, said) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(!out.contains("a second guard") && !out.contains("it went on"), "{lock}: {out}{said}");
        let why = format!("{call} by who holds it already, while a panic unwinds");
        assert!(said.contains("the program's own panic") && said.contains(&why), "{lock}: {out}{said}");
    }
}

/// Unwinds from a panic on a thread of its own, and does `then` meanwhile.
fn unwinding(then: impl FnMut() + Send) {
    let unwinds = || {
        let _then = Then(then);
        panic!("the program's own panic");
    };
    let panicked = thread::scope(|s| s.spawn(unwinds).join().is_err());
    assert!(panicked);
}

#[test]
fn what_another_one_holds_stays_held() {
    static RAW: RawMutex = RawMutex::new();
    static SPIN: RawSpinLock = RawSpinLock::new();
    RAW.lock();
    unwinding(|| RAW.unlock());
    assert!(RAW.is_locked());
    RAW.unlock();
    SPIN.lock();
    unwinding(|| {
        preempt_disable();
        SPIN.unlock();
    });
    assert!(SPIN.is_locked());
    SPIN.unlock();
    assert!(!RAW.is_locked() && !SPIN.is_locked());
}

#[test]
fn an_owner_that_may_not_sleep_stays_the_owner() {
    static DATA: OwnerLock<u32> = OwnerLock::with_backlog(0, 0, |data, notes| *data += notes).named("o");
    static WAS_OWNED: AtomicBool = AtomicBool::new(false);
    let relocks = AssertUnwindSafe(|| {
        let mut own = DATA.lock();
        let _then = Then(|| {
            preempt_enable();
            let looks = || match DATA.enter() {
                Entered::Free(_) => false,
                Entered::Owned(mut notes) => {
                    *notes += 5;
                    true
                }
            };
            WAS_OWNED.store(thread::spawn(looks).join().unwrap(), SeqCst);
        });
        preempt_disable();
        own.relock();
    });
    let panic = catch_unwind(relocks).expect_err("it may not sleep");
    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(text.contains("sleep-in-atomic: lock of an owner lock may sleep"), "{text}");
    assert!(WAS_OWNED.load(SeqCst));
    assert_eq!(*DATA.lock(), 5, "it was let go of once, and worked off");
}
