//! Timers and jiffies on the machine of threads.

use ringzero::delay::{mdelay, udelay};
use ringzero::kthread::kthread_run_on_cpu;

use ringzero::smp::smp_processor_id;
use ringzero::timer::{TIMER_IRQSAFE, Timer, del_timer_sync, jiffies, mod_timer, try_to_del_timer_sync};
use ringzero::{Machine, global};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn host(cpus: u32) -> ringzero::Host {
    Machine::host().cpus(cpus).patience(Duration::from_secs(30))
}

/// A cheap random number below `n`.
fn random(seed: &mut u64, n: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % n
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn jiffies_go_on_by_themselves() {
    let (began, before) = (Instant::now(), jiffies());
    mdelay(30);
    udelay(1000);
    assert!(began.elapsed() >= Duration::from_millis(31));
    let ticks = began.elapsed().as_millis() as u64 / 10;
    assert!((3..=ticks + 1).contains(&(jiffies() - before)));
}

#[test]
fn a_thread_leaves_its_timers_to_another_cpu() {
    global! {
        static TIMER: Timer = Timer::new(expire);
    }
    static RAN_ON: AtomicU32 = AtomicU32::new(u32::MAX);
    static EXPIRES: AtomicU64 = AtomicU64::new(0);
    fn expire(_: &'static Timer) {
        assert!(jiffies() >= EXPIRES.load(SeqCst));
        RAN_ON.store(smp_processor_id(), SeqCst);
    }
    EXPIRES.store(jiffies() + 2, SeqCst);
    assert!(!mod_timer(&TIMER, jiffies() + 2));
    assert!(TIMER.timer_pending());
    wait_for("the timer expires", || RAN_ON.load(SeqCst) != u32::MAX);
    assert!(RAN_ON.load(SeqCst) < 64 && !TIMER.timer_pending());
    // At once, in the past.
    RAN_ON.store(u32::MAX, SeqCst);
    assert!(!mod_timer(&TIMER, 0));
    wait_for("the timer expires", || RAN_ON.load(SeqCst) != u32::MAX);
    assert!(!mod_timer(&TIMER, jiffies() + 10_000) && mod_timer(&TIMER, jiffies() + 20_000));
    assert_eq!((del_timer_sync(&TIMER), del_timer_sync(&TIMER)), (1, 0));
}

/// Armings, moves and deletions of a few timers from all sides: each arming of an idle timer ends in one expiry or in one
/// deletion that says so.
#[test]
fn what_is_armed_expires_or_is_deleted() {
    const TIMERS: usize = 8;
    global! {
        static POOL: [Timer; TIMERS] = [const { Timer::new(expire) }; TIMERS];
    }
    static ARMED: AtomicU64 = AtomicU64::new(0);
    static ENDED: AtomicU64 = AtomicU64::new(0);
    static RUNS: [AtomicU32; TIMERS] = [const { AtomicU32::new(0) }; TIMERS];
    fn expire(timer: &'static Timer) {
        let n = POOL.iter().position(|t| std::ptr::eq(t, timer)).unwrap();
        assert_eq!(RUNS[n].fetch_add(1, SeqCst), 0, "a timer runs on one CPU at a time");
        ENDED.fetch_add(1, SeqCst);
        udelay(20);
        if jiffies().is_multiple_of(4) && !mod_timer(timer, jiffies()) {
            ARMED.fetch_add(1, SeqCst);
        }
        RUNS[n].fetch_sub(1, SeqCst);
    }
    fn body(mut seed: u64, rounds: u32) {
        for _ in 0..rounds {
            let timer = &POOL[random(&mut seed, TIMERS as u64) as usize];
            match random(&mut seed, 5) {
                0 => ENDED.fetch_add(u64::from(timer.del_timer()), SeqCst),
                1 if smp_processor_id() >= 64 => ENDED.fetch_add(u64::from(del_timer_sync(timer)), SeqCst),
                2 => ENDED.fetch_add(u64::from(try_to_del_timer_sync(timer) == 1), SeqCst),
                _ => ARMED.fetch_add(u64::from(!mod_timer(timer, jiffies() + random(&mut seed, 2))), SeqCst),
            };
            if random(&mut seed, 64) == 0 {
                udelay(100);
            }
        }
    }
    std::thread::scope(|s| {
        for n in 10..12 {
            s.spawn(move || body(n, 60_000));
        }
        host(3)
            .boot(|| {
                for cpu in 0..3 {
                    kthread_run_on_cpu(move || body(cpu.into(), 60_000), cpu, "armer");
                }
            })
            .assert_clean();
    });
    for timer in POOL.iter() {
        ENDED.fetch_add(u64::from(del_timer_sync(timer)), SeqCst);
    }
    assert_eq!(ARMED.load(SeqCst), ENDED.load(SeqCst));
    assert!(ARMED.load(SeqCst) > 1000);
}

/// After `del_timer_sync` the callback neither runs nor will: its object may go.
#[test]
fn deletion_waits_for_the_callback() {
    struct Object {
        timer: Timer,
        alive: AtomicBool,
        ran: AtomicU32,
    }
    fn expire(timer: &'static Timer) {
        // SAFETY: only the timers of `Object`s have this callback, and those live for ever.
        let object: &'static Object = unsafe { ringzero::timer::from_timer!(timer, Object, timer) };
        assert!(object.alive.load(SeqCst));
        object.ran.fetch_add(1, SeqCst);
        udelay(300);
        mod_timer(timer, jiffies());
        udelay(300);
        assert!(object.alive.load(SeqCst), "the callback runs when its timer was deleted");
    }
    fn body(flags: u32, mut seed: u64) {
        let object: &'static Object = Box::leak(Box::new(Object {
            timer: Timer::with_flags(expire, flags),
            alive: AtomicBool::new(true),
            ran: AtomicU32::new(0),
        }));
        for _ in 0..30 {
            mod_timer(&object.timer, jiffies());
            let limit = object.ran.load(SeqCst) + 1;
            wait_for("the timer expires", || object.ran.load(SeqCst) >= limit);
            udelay(random(&mut seed, 500));
            del_timer_sync(&object.timer);
            object.alive.store(false, SeqCst);
            udelay(random(&mut seed, 50));
            object.alive.store(true, SeqCst);
        }
    }
    std::thread::scope(|s| {
        for n in 0..4 {
            s.spawn(move || body(if n % 2 == 0 { 0 } else { TIMER_IRQSAFE }, n));
        }
    });
}

/// Many timers at once come in order, none too early, each once.
#[test]
fn they_come_in_order() {
    const TIMERS: usize = 5000;
    static LAST: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
    static RAN: AtomicU32 = AtomicU32::new(0);
    fn expire(timer: &'static Timer) {
        let due = timer.expires();
        assert!(jiffies() >= due, "too early");
        let last = LAST[smp_processor_id() as usize % 2].swap(due, SeqCst);
        assert!(last <= due, "out of order: {due} after {last}");
        RAN.fetch_add(1, SeqCst);
    }
    host(2)
        .boot(|| {
            for cpu in 0..2 {
                let body = move || {
                    let now = jiffies();
                    let mut seed = u64::from(cpu);
                    for _ in 0..TIMERS {
                        let timer: &'static Timer = Box::leak(Box::new(Timer::new(expire)));
                        assert!(!mod_timer(timer, now + 20 + random(&mut seed, 20)));
                    }
                };
                kthread_run_on_cpu(body, cpu, "armer");
            }
        })
        .assert_clean();
    wait_for("all timers expire", || RAN.load(SeqCst) == 2 * TIMERS as u32);
}

/// A timer may free itself: nothing is touched of it afterwards.
#[test]
fn a_timer_frees_itself() {
    struct Object {
        timer: Timer,
        data: [u64; 20],
    }
    static FREED: AtomicU32 = AtomicU32::new(0);
    fn expire(timer: &'static Timer) {
        // SAFETY: only the timers of `Object`s have this callback.
        let object: &'static Object = unsafe { ringzero::timer::from_timer!(timer, Object, timer) };
        assert_eq!(object.data, [7; 20]);
        // SAFETY: made by `Box` below, and nobody else uses it.
        drop(unsafe { Box::from_raw(std::ptr::from_ref(object).cast_mut()) });
        FREED.fetch_add(1, SeqCst);
    }
    host(2)
        .boot(|| {
            for cpu in 0..2 {
                let body = || {
                    for n in 0..2000 {
                        let object = Box::leak(Box::new(Object { timer: Timer::new(expire), data: [7; 20] }));
                        mod_timer(&object.timer, jiffies() + n % 5);
                    }
                };
                kthread_run_on_cpu(body, cpu, "armer");
            }
        })
        .assert_clean();
    wait_for("all timers expire", || FREED.load(SeqCst) == 4000);
}

/// A callback that deletes its own timer and waits for itself is told of.
#[test]
fn waiting_for_oneself_is_found() {
    global! {
        static TIMER: Timer = Timer::new(expire);
    }
    static FOUND: AtomicU32 = AtomicU32::new(0);
    fn expire(timer: &'static Timer) {
        let waits = std::panic::catch_unwind(|| del_timer_sync(timer));
        let text = waits.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("self-deadlock"), "{text}");
        FOUND.fetch_add(1, SeqCst);
    }
    let summary = host(1).boot(|| {
        mod_timer(&TIMER, jiffies());
    });
    wait_for("the timer expires", || FOUND.load(SeqCst) == 1);
    assert!(summary.troubles.len() <= 1 && summary.troubles.iter().all(|t| t.code == "self-deadlock"), "{summary}");
}
