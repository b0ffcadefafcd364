//! The calls that kernel code makes.

use crate::cpus::{cpu_online, cpu_online_mask, smp_processor_id};
use crate::queue::{Call, send};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering};
use ringzero_context::{self as context, Balance};
use ringzero_irq::Errno;
use ringzero_machine::{KBox, Place, machine, model};

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
                // SAFETY: made so, and not used afterwards.
                unsafe { call.wait() };
            }
        }
        _ => run_here(f, place),
    }
    context::at::preempt_enable(place);
    Ok(())
}

/// The bit of CPU `cpu` in a mask. The CPU that is a thread of the program's own is in none.
fn bit(cpu: u32) -> u64 {
    1u64.checked_shl(cpu).unwrap_or(0)
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
    let cpu = if mask & bit(here) != 0 { here } else { mask.trailing_zeros() };
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

/// Runs `f` on all CPUs, the caller's too; with `wait`, returns after all have. Not here, if the caller is a thread of the
/// program's own, which is no CPU that is online.
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
    let mask = crate::for_each_online_cpu().filter(|&cpu| cond(cpu)).fold(0, |mask, cpu| mask | bit(cpu));
    call_many(mask, true, f, wait, place);
    context::at::preempt_enable(place);
}

/// A function that several CPUs run. On the model it is the function alone, which stays where it is.
#[repr(C)]
struct Shared<F> {
    f: F,
    /// Who may still call it: its CPUs, and the caller.
    users: AtomicU32,
}

impl<F: 'static> Shared<F> {
    /// Puts `f` into the machine's memory, for `users`.
    fn make(f: F, users: u32) -> *const F {
        if model().is_some() {
            return KBox::new(f).as_ptr();
        }
        KBox::new(Self { f, users: AtomicU32::new(users) }).as_ptr().cast()
    }

    /// One user has done with it; the last one gives it back.
    ///
    /// # Safety
    /// `f` is from `make`, and this user does not use it any more.
    unsafe fn done(f: *const F) {
        if model().is_some() {
            return;
        }
        let shared = f.cast::<Self>();
        // SAFETY: not on the model, so `f` is the first field of a `Shared`, which lives as long as it has users.
        if unsafe { (*shared).users.fetch_sub(1, Ordering::AcqRel) } == 1 {
            // SAFETY: made by `KBox`, and nobody uses it any more.
            unsafe { KBox::dispose(shared) };
        }
    }
}

/// Queues `f` on all CPUs of `mask` but this one, runs it here if it is `mine_too`, then waits for all.
fn call_many<F>(mask: u64, mine_too: bool, f: F, wait: bool, place: Place)
where
    F: Fn() + Send + Sync + 'static,
{
    context::at::preempt_disable(place);
    let here = smp_processor_id();
    let others = if machine().is_some() { mask & cpu_online_mask() & !bit(here) } else { 0 };
    let f = Shared::make(f, others.count_ones() + 1);
    let mut calls: [Option<&'static Call>; 64] = [None; 64];
    if let Some(m) = machine() {
        for cpu in (0..64).filter(|&cpu| others & bit(cpu) != 0) {
            // SAFETY: `f` lives until all its users have done with it; `F: Sync`, so any number of CPUs may call it.
            let call = unsafe { Call::new(cpu, run_shared::<F>, f.cast(), wait, place) };
            send(m, call);
            calls[cpu as usize] = Some(call).filter(|_| wait);
        }
    }
    if mine_too && mask & bit(here) != 0 {
        // SAFETY: as above; the caller is one of the users.
        run_here(unsafe { &*f }, place);
    }
    for call in calls.into_iter().flatten() {
        // SAFETY: made as one that somebody waits for, and not used afterwards.
        unsafe { call.wait() };
    }
    // SAFETY: not used any more here.
    unsafe { Shared::done(f) };
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
/// `function` points to a live `Cell<Option<F>>`, made by [`KBox`], that no other context uses.
unsafe fn run_once<F: FnOnce() + 'static>(function: *const ()) {
    let cell = function.cast::<Cell<Option<F>>>();
    // SAFETY: the caller's contract.
    let f = unsafe { (*cell).take() };
    // SAFETY: as above; it is run once.
    unsafe { KBox::dispose(cell) };
    if let Some(f) = f {
        f();
    }
}

/// # Safety
/// `function` is from [`Shared::make`], and this is one of its users.
unsafe fn run_shared<F: Fn() + Sync + 'static>(function: *const ()) {
    let f = function.cast::<F>();
    // SAFETY: the caller's contract.
    unsafe {
        (*f)();
        Shared::done(f);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

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
