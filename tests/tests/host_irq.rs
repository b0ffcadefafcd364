//! Interrupt lines on the machine of threads.

use ringzero::Machine;
use ringzero::context::in_hardirq;
use ringzero::delay::udelay;
use ringzero::irq::{
    IRQF_NO_AUTOEN, IRQF_SHARED, IrqFlags, IrqReturn, disable_irq, disable_irq_nosync, enable_irq, free_irq, free_nmi,
    raise, request_irq, request_irq_dev, request_nmi, set_software_only, synchronize_irq,
};
use ringzero::kthread::kthread_run_on_cpu;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn host(cpus: u32) -> ringzero::Host {
    Machine::host().cpus(cpus).patience(Duration::from_secs(30))
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < limit, "{what}");
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// Whoever raises a line sees a later arrival, whatever disables and enables it meanwhile; its handler runs once at a time,
/// and never while it is disabled.
#[test]
fn no_arrival_is_lost() {
    static HITS: AtomicU64 = AtomicU64::new(0);
    static RUNS: AtomicU32 = AtomicU32::new(0);
    static OFF: AtomicU32 = AtomicU32::new(0);
    static STOP: AtomicBool = AtomicBool::new(false);
    let handler = |irq| {
        assert!(irq == 5 && in_hardirq());
        assert_eq!(RUNS.fetch_add(1, SeqCst), 0, "a line is in progress once at a time");
        assert_eq!(OFF.load(SeqCst), 0, "it is disabled");
        HITS.fetch_add(1, SeqCst);
        if HITS.load(SeqCst).is_multiple_of(16) {
            udelay(20);
        }
        assert_eq!(OFF.load(SeqCst), 0, "it is disabled");
        RUNS.fetch_sub(1, SeqCst);
        IrqReturn::Handled
    };
    host(3).boot(|| ()).assert_clean();
    set_software_only(5);
    request_irq(5, IrqFlags::NONE, "line", handler).unwrap();
    std::thread::scope(|s| {
        let raisers: Vec<_> = (0..2)
            .map(|_| {
                s.spawn(|| {
                    for _ in 0..3000 {
                        let before = HITS.load(SeqCst);
                        raise(5);
                        let limit = Instant::now() + Duration::from_secs(20);
                        while HITS.load(SeqCst) == before {
                            assert!(Instant::now() < limit, "the arrival was lost");
                            std::thread::yield_now();
                        }
                    }
                })
            })
            .collect();
        for n in 0..2 {
            s.spawn(move || {
                while !STOP.load(SeqCst) {
                    if n == 0 {
                        disable_irq(5);
                    } else {
                        disable_irq_nosync(5);
                        synchronize_irq(5);
                    }
                    OFF.fetch_add(1, SeqCst);
                    udelay(10);
                    OFF.fetch_sub(1, SeqCst);
                    enable_irq(5);
                    udelay(10);
                }
            });
        }
        raisers.into_iter().for_each(|r| r.join().unwrap());
        STOP.store(true, SeqCst);
    });
    assert_eq!(free_irq(5, 0), Some("line"));
    let before = HITS.load(SeqCst);
    raise(5);
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(HITS.load(SeqCst), before);
}

/// When a line was freed, its handler neither runs nor will, and what it held is dropped.
#[test]
fn freeing_waits_and_drops() {
    struct Device {
        alive: AtomicBool,
        hits: AtomicU64,
    }
    host(2).boot(|| ()).assert_clean();
    set_software_only(6);
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    let raiser = std::thread::spawn(move || {
        while !asked.load(SeqCst) {
            raise(6);
            udelay(2);
        }
    });
    let freers: Vec<_> = (1..4_usize)
        .map(|dev| {
            std::thread::spawn(move || {
                let mut hits = 0;
                for round in 0..300 {
                    let device = Arc::new(Device { alive: AtomicBool::new(true), hits: AtomicU64::new(0) });
                    let held = device.clone();
                    let handler = move |_| {
                        assert!(held.alive.load(SeqCst));
                        held.hits.fetch_add(1, SeqCst);
                        udelay(3);
                        assert!(held.alive.load(SeqCst), "the handler runs when its line was freed");
                        IrqReturn::Handled
                    };
                    request_irq_dev(6, IRQF_SHARED, "device", dev, handler).unwrap();
                    if round % 3 != 0 {
                        wait_for("an interrupt comes", || device.hits.load(SeqCst) > 0);
                    }
                    assert_eq!(free_irq(6, dev), Some("device"));
                    device.alive.store(false, SeqCst);
                    assert_eq!(Arc::strong_count(&device), 1, "the handler is dropped");
                    hits += device.hits.load(SeqCst);
                }
                hits
            })
        })
        .collect();
    let hits: u64 = freers.into_iter().map(|t| t.join().unwrap()).sum();
    stop.store(true, SeqCst);
    raiser.join().unwrap();
    assert!(hits >= 600);
}

/// One of many requests gets a line; the others drop their handlers.
#[test]
fn one_gets_the_line() {
    let token = Arc::new(());
    let winners = AtomicU32::new(0);
    for _ in 0..200 {
        std::thread::scope(|s| {
            for _ in 0..3 {
                let token = token.clone();
                let winners = &winners;
                s.spawn(move || {
                    let handler = move |_| {
                        let _ = &token;
                        IrqReturn::None
                    };
                    if request_irq(8, IRQF_NO_AUTOEN, "line", handler).is_ok() {
                        winners.fetch_add(1, SeqCst);
                    }
                });
            }
        });
        assert_eq!(winners.swap(0, SeqCst), 1);
        assert_eq!(free_irq(8, 0), Some("line"));
        assert_eq!(Arc::strong_count(&token), 1);
    }
}

/// What was raised while the line was disabled comes when it is enabled, once; a handler may disable its own line.
#[test]
fn a_disabled_line_latches_one_arrival() {
    static HITS: AtomicU32 = AtomicU32::new(0);
    let summary = host(1).boot(|| {
        set_software_only(9);
        let handler = |irq| {
            HITS.fetch_add(1, SeqCst);
            disable_irq_nosync(irq);
            IrqReturn::Handled
        };
        request_irq(9, IRQF_NO_AUTOEN, "line", handler).unwrap();
        (0..3).for_each(|_| raise(9));
        assert_eq!(HITS.load(SeqCst), 0);
        enable_irq(9);
        assert_eq!(HITS.load(SeqCst), 1);
        (0..3).for_each(|_| raise(9));
        assert_eq!(HITS.load(SeqCst), 1);
        enable_irq(9);
        assert_eq!(HITS.load(SeqCst), 2);
        free_irq(9, 0);
    });
    summary.assert_clean();
}

/// A handler that waits for itself is told of.
#[test]
fn waiting_for_oneself_is_found() {
    static FOUND: AtomicU32 = AtomicU32::new(0);
    let summary = host(2).boot(|| {
        set_software_only(10);
        let handler = |irq| {
            let waits = std::panic::catch_unwind(|| disable_irq(irq));
            let text = waits.unwrap_err().downcast::<String>().unwrap();
            assert!(text.contains("self-deadlock"), "{text}");
            FOUND.fetch_add(1, SeqCst);
            IrqReturn::Handled
        };
        request_irq(10, IrqFlags::NONE, "line", handler).unwrap();
        raise(10);
        free_irq(10, 0);
    });
    assert_eq!((FOUND.load(SeqCst), summary.troubles.len()), (1, 1), "{summary}");
}

/// Interrupts that no mask keeps out.
#[test]
fn nmis_come_through() {
    static HITS: AtomicU64 = AtomicU64::new(0);
    let handler = |_| {
        HITS.fetch_add(1, SeqCst);
        IrqReturn::Handled
    };
    let summary = host(2).boot(move || {
        set_software_only(11);
        request_nmi(11, IrqFlags::NONE, "nmi", handler).unwrap();
        let body = || {
            for _ in 0..1000 {
                let before = HITS.load(SeqCst);
                raise(11);
                while HITS.load(SeqCst) == before {
                    ringzero::machine::relax(ringzero::machine::Place::here());
                }
            }
        };
        kthread_run_on_cpu(body, 0, "raiser");
        kthread_run_on_cpu(body, 1, "raiser");
        ringzero::on_exit(|| assert_eq!(free_nmi(11), Some("nmi")));
    });
    summary.assert_clean();
}
