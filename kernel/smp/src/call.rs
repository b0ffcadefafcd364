//! The calls that kernel code makes.

use crate::cpus::{cpu_online, cpu_online_mask, smp_processor_id};
use crate::queue::{Call, send};
use core::cell::Cell;
use core::ptr;
use ringzero_context::{self as context, Balance};
use ringzero_irq::Errno;
use ringzero_machine::{KBox, Place, machine};

/// Runs `f` on CPU `cpu`; with `wait`, returns after `f` has. `f` runs in hardirq context, on the caller's own CPU
/// with interrupts off.
///
/// Context: any with interrupts on (crate invariant 6), but not hardirq or NMI. Spins, never sleeps; preemption is
/// disabled meanwhile.
///
/// # Errors
/// `ENXIO`: there is no such CPU.
#[track_caller]
pub fn smp_call_function_single<F>(cpu: u32, f: F, wait: bool) -> Result<(), Errno>
where
    F: FnOnce() + Send + 'static,
{
    let place = Place::caller();
    if !cpu_online(cpu) {
        return Err(Errno::ENXIO);
    }
    context::at::preempt_disable(place);
    match machine() {
        Some(m) if cpu != smp_processor_id() => {
            let function = ptr::from_ref(KBox::new(Cell::new(Some(f))).leak()).cast();
            // SAFETY: the pointer is to a `Cell<Option<F>>` in the machine's memory that nobody else knows; `F: Send`.
            let call = unsafe { Call::new(cpu, run_once::<F>, function, wait, place) };
            send(m, call);
            if wait {
                call.wait();
            }
        }
        _ => run_here(f, place),
    }
    context::at::preempt_enable(place);
    Ok(())
}

/// Runs `f` on one CPU of `mask`: the caller's, if it is in it, else the first.
///
/// Context: as [`smp_call_function_single`].
///
/// # Errors
/// `ENXIO`: none of the CPUs exists.
#[track_caller]
pub fn smp_call_function_any<F>(mask: u64, f: F, wait: bool) -> Result<(), Errno>
where
    F: FnOnce() + Send + 'static,
{
    let place = Place::caller();
    let mask = mask & cpu_online_mask();
    context::at::preempt_disable(place);
    let here = smp_processor_id();
    let cpu = if mask >> here & 1 == 1 { here } else { mask.trailing_zeros() };
    let done = smp_call_function_single(cpu, f, wait);
    context::at::preempt_enable(place);
    done
}

/// Runs `f` on all CPUs of `mask` but the caller's; with `wait`, returns after all have.
///
/// Context: as [`smp_call_function_single`], and not from softirqs. Disables preemption itself.
#[track_caller]
pub fn smp_call_function_many<F>(mask: u64, f: F, wait: bool)
where
    F: Fn() + Send + Sync + 'static,
{
    call_many(mask, false, f, wait, Place::caller());
}

/// Runs `f` on all other CPUs; with `wait`, returns after all have.
///
/// Context: as [`smp_call_function_many`].
#[track_caller]
pub fn smp_call_function<F>(f: F, wait: bool)
where
    F: Fn() + Send + Sync + 'static,
{
    call_many(u64::MAX, false, f, wait, Place::caller());
}

/// Runs `f` on all CPUs, the caller's too; with `wait`, returns after all have.
///
/// Context: as [`smp_call_function_many`].
#[track_caller]
pub fn on_each_cpu<F>(f: F, wait: bool)
where
    F: Fn() + Send + Sync + 'static,
{
    call_many(u64::MAX, true, f, wait, Place::caller());
}

/// Runs `f` on the CPUs of `mask`, also on the caller's if it is in it; with `wait`, returns after all have.
///
/// Context: as [`smp_call_function_many`].
#[track_caller]
pub fn on_each_cpu_mask<F>(mask: u64, f: F, wait: bool)
where
    F: Fn() + Send + Sync + 'static,
{
    call_many(mask, true, f, wait, Place::caller());
}

/// Runs `f` on each CPU for which `cond`, asked here for one after the other, says so; with `wait`, returns after all
/// have.
///
/// Context: as [`smp_call_function_many`].
#[track_caller]
pub fn on_each_cpu_cond<F>(cond: impl Fn(u32) -> bool, f: F, wait: bool)
where
    F: Fn() + Send + Sync + 'static,
{
    let place = Place::caller();
    context::at::preempt_disable(place);
    let mask = crate::for_each_online_cpu().filter(|&cpu| cond(cpu)).fold(0, |mask, cpu| mask | 1 << cpu);
    call_many(mask, true, f, wait, place);
    context::at::preempt_enable(place);
}

/// Queues `f` on all CPUs of `mask` but this one, runs it here if it is `mine_too`, then waits for all.
fn call_many<F>(mask: u64, mine_too: bool, f: F, wait: bool, place: Place)
where
    F: Fn() + Send + Sync + 'static,
{
    context::at::preempt_disable(place);
    let here = smp_processor_id();
    let f: &'static F = KBox::new(f).leak();
    let mut calls: [Option<&'static Call>; 64] = [None; 64];
    if let Some(m) = machine() {
        let others = mask & cpu_online_mask() & !(1 << here);
        for cpu in (0..64).filter(|cpu| others >> cpu & 1 == 1) {
            // SAFETY: the pointer is to an `F` that is never dropped; `F: Sync`, so any number of CPUs may call it.
            let call = unsafe { Call::new(cpu, run_shared::<F>, ptr::from_ref(f).cast(), wait, place) };
            send(m, call);
            calls[cpu as usize] = Some(call);
        }
    }
    if mine_too && mask >> here & 1 == 1 {
        run_here(f, place);
    }
    if wait {
        calls.into_iter().flatten().for_each(Call::wait);
    }
    context::at::preempt_enable(place);
}

/// Runs `f` on this CPU as an IPI would: with interrupts off.
fn run_here(f: impl FnOnce(), place: Place) {
    let flags = context::at::local_irq_save(place);
    let balance = Balance::enter();
    f();
    balance.check(place, "function of a cross-CPU call");
    context::at::local_irq_restore(flags, place);
}

/// # Safety
/// `function` points to a live `Cell<Option<F>>` that no other context uses.
unsafe fn run_once<F: FnOnce()>(function: *const ()) {
    // SAFETY: the caller's contract.
    let cell = unsafe { &*function.cast::<Cell<Option<F>>>() };
    if let Some(f) = cell.take() {
        f();
    }
}

/// # Safety
/// `function` points to a live `F`.
unsafe fn run_shared<F: Fn() + Sync>(function: *const ()) {
    // SAFETY: the caller's contract.
    unsafe { (*function.cast::<F>())() }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn outside_a_machine_the_own_cpu_is_all_there_is() {
        let ran: &'static AtomicU32 = std::boxed::Box::leak(std::boxed::Box::new(AtomicU32::new(0)));
        let count = move || {
            assert!(context::irqs_disabled());
            ran.fetch_add(1, Ordering::Relaxed);
        };
        assert_eq!(smp_call_function_single(0, count, true), Ok(()));
        assert_eq!(smp_call_function_single(1, count, true), Err(Errno::ENXIO));
        assert_eq!(smp_call_function_any(0b10, count, false), Err(Errno::ENXIO));
        on_each_cpu(count, true);
        smp_call_function(count, true);
        on_each_cpu_cond(|cpu| cpu == 0, count, false);
        assert_eq!(ran.load(Ordering::Relaxed), 3);
        assert!(!context::irqs_disabled());
    }

    #[test]
    #[should_panic(expected = "unbalanced-context")]
    fn a_function_leaves_as_it_came() {
        let _ = smp_call_function_single(0, || context::preempt_disable(), true);
    }
}
