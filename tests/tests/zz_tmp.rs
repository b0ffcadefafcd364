//! tmp
use ringzero::atomic::Atomic;
use ringzero::irq::*;
use ringzero::{Check, Strategy};
ringzero::global! { static INSIDE: Atomic = Atomic::new(0); static X: Atomic = Atomic::new(0);}
static SAW: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
fn see(n: i32) { SAW.fetch_or(1 << n, std::sync::atomic::Ordering::Relaxed); }
const LINE: u32 = 9;
fn handler(_: u32) -> IrqReturn { INSIDE.set(1); INSIDE.set(2); IrqReturn::Handled }
fn setup(cpu: u64) { irq_set_affinity(LINE, cpu).unwrap(); request_irq(LINE, IrqFlags::NONE, "device", handler).unwrap(); }
fn h() { setup(2); disable_irq_nosync(LINE); see(INSIDE.read()); enable_irq(LINE); }
fn i() { setup(1); disable_irq_nosync(LINE); see(INSIDE.read()); enable_irq(LINE); }
fn j() { setup(1); disable_irq(LINE); see(INSIDE.read()); enable_irq(LINE); }
fn k() { setup(1); ringzero::context::local_irq_disable(); see(INSIDE.read()); ringzero::context::local_irq_enable(); }
#[test]
fn tmp() {
    for (n, p) in [("h", h as fn()), ("i", i), ("j", j), ("k", k)] {
        for which in 0..3 {
            SAW.store(0, std::sync::atomic::Ordering::Relaxed);
            let c = Check::new().all_classes(true).named(n).trace_dir("/tmp/kt/tr");
            let r = match which { 0 => c.strategy(Strategy::Exhaustive).run(p), 1 => c.preemptions(99).run(p), _ => c.strategy(Strategy::Random).executions(20000).run(p) };
            println!("{n} {} saw {:03b}: {} {} redundant {} {:?}", ["exhaustive", "brute", "random"][which], SAW.load(std::sync::atomic::Ordering::Relaxed), r.verdict().as_str(), r.executions(), r.answer().redundant, r.finding());
        }
    }
    use ringzero::program::{Program, Settings, boot, check};
    for e in ringzero_gallery::all() {
        if e.group == ringzero_gallery::Group::Explore || matches!(e.expect.code(), Some("soft-lockup"|"livelock"|"nondeterministic-program")) { continue }
        let mut s = Settings::default(); (e.tune)(&mut s); s.all_classes = true; s.strategy = Strategy::Exhaustive;
        let start = || boot(&e.init);
        let pr = Program { name: e.name, in_test: false, boot: &start };
        let a = check(&pr, &s, &mut |_| {});
        s.machine.preemptions = Some(99); s.executions = 300_000;
        let b = check(&pr, &s, &mut |_| {});
        let mark = if a.executions == b.executions && a.violations == b.violations { "" } else { "  DIFFERS" };
        println!("{:34} {} {} | {} {} {} {:.2}{mark}", e.name, a.executions, a.violations, b.executions, b.violations, b.redundant, b.seconds);
    }
}
