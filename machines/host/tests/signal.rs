//! Interrupts between any two instructions: nothing of the interrupted code is changed, and closed code is left alone.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use ringzero_host::signal::{self, Counts, Hooks, Target, Tick, text};
use ringzero_machine::{ATTENTION_IRQ, Cpu, IrqState, cpu, set_home};
use std::arch::{asm, global_asm};
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
    compiler_fence,
};
use std::sync::{Mutex, MutexGuard, PoisonError};

thread_local! {
    /// Where the running task gives its CPU away; null: nowhere.
    static YIELDER: Cell<*const Yielder<(), ()>> = const { Cell::new(std::ptr::null()) };
    static DELIVERED: Cell<u64> = const { Cell::new(0) };
    /// The code that runs may not be interrupted.
    static CLOSED: AtomicBool = const { AtomicBool::new(false) };
    static TICKS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
    /// `deliver` panics inside, and catches it.
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// What an interrupt does: changes all that a function may change, and all that it finds set up for it.
extern "C" fn deliver() {
    let (control, flags, mut x87): (u32, u64, u16);
    x87 = 0;
    let mut mxcsr = 0u32;
    // SAFETY: reads control words.
    unsafe {
        asm!("stmxcsr [{}]", "fnstcw [{}]", in(reg) &raw mut mxcsr, in(reg) &raw mut x87);
        asm!("pushfq", "pop {}", out(reg) flags);
    }
    control = mxcsr;
    assert_eq!((control & !0x3f, x87, flags & 0x400), (0x1f80, 0x37f, 0), "a function begins with the usual modes");
    assert!(!CLOSED.with(|c| c.load(Relaxed)), "delivered where the CPU was closed");
    DELIVERED.set(DELIVERED.get() + 1);
    cpu().attention.store(0, SeqCst);
    // SAFETY: the place is this thread's.
    unsafe { *libc::__errno_location() = 77 };
    if PANICS.get() {
        let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(1)));
        assert!(caught.is_err());
    }
    trash();
    // SAFETY: the task's own, as long as it runs.
    if let Some(yielder) = unsafe { YIELDER.get().as_ref() } {
        yielder.suspend(());
        YIELDER.set(yielder);
    }
}

/// Fills all vector registers, the x87 stack and the flags.
fn trash() {
    // SAFETY: everything it changes is named or may be changed by any function.
    unsafe {
        asm!("pcmpeqd xmm0, xmm0", "pcmpeqd xmm1, xmm1", "pcmpeqd xmm7, xmm7", "pcmpeqd xmm8, xmm8", "pcmpeqd xmm15, xmm15",
             "fldpi", "fldpi", "fldpi", "stc", "emms",
             out("xmm0") _, out("xmm1") _, out("xmm7") _, out("xmm8") _, out("xmm15") _,
             out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _, out("st(4)") _, out("st(5)") _,
             out("st(6)") _, out("st(7)") _);
        if is_x86_feature_detected!("avx") {
            asm!("vxorps ymm0, ymm0, ymm0", "vcmpps ymm2, ymm0, ymm0, 15", "vcmpps ymm13, ymm0, ymm0, 15", "vzeroupper",
                 out("ymm0") _, out("ymm2") _, out("ymm13") _);
        }
        if is_x86_feature_detected!("avx512f") {
            asm!("vpternlogd zmm17, zmm17, zmm17, 255", "kxnorw k3, k3, k3", out("zmm17") _, out("k3") _);
        }
    }
}

/// Code is registered for the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Installs the handler; makes this thread a CPU that it interrupts.
fn start() -> (&'static Cpu, &'static Target, MutexGuard<'static, ()>) {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let may_deliver = |_: &Cpu, sp: usize| sp > signal::stack_need();
    let on_tick = |_: &Cpu, overruns| TICKS.set((TICKS.get().0 + 1, TICKS.get().1 + u64::from(overruns)));
    signal::install(Hooks { may_deliver, deliver, on_tick }).unwrap();
    let cpu: &'static Cpu = Box::leak(Box::new(Cpu::new(0)));
    // SAFETY: it lives for ever, and is this thread's.
    unsafe { set_home(Some(cpu)) };
    let target: &'static Target = Box::leak(Box::new(Target::new()));
    target.enter(cpu).unwrap();
    (cpu, target, alone)
}

/// A fast tick interrupts `target` as long as `run` runs.
fn ticking<R>(target: &'static Target, run: impl FnOnce() -> R) -> R {
    let tick = Tick::new(target).unwrap();
    // Not in step with anything.
    tick.start(23_456);
    run()
}

/// Another thread interrupts `target` at random as long as `run` runs.
fn kicked<R>(target: &'static Target, run: impl FnOnce() -> R) -> R {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|s| {
        s.spawn(|| {
            let mut random = 1u64;
            while !stop.load(SeqCst) {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                for _ in 0..random >> 53 {
                    std::hint::spin_loop();
                }
                target.kick();
            }
        });
        let _stop = Stop(&stop);
        run()
    })
}

/// What the loop leaves: general registers, the red zone, vector registers, x87, control words and flags.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
struct Left {
    general: [u64; 16],
    red_zone: [u64; 16],
    vector: [[u64; 4]; 16],
    x87: [f64; 4],
    control: [u32; 2],
    flags: u64,
    wide: [u64; 8],
    mask: u64,
}

impl Left {
    const NOTHING: Self = Self {
        general: [0; 16],
        red_zone: [0; 16],
        vector: [[0; 4]; 16],
        x87: [0.0; 4],
        control: [0; 2],
        flags: 0,
        wide: [0; 8],
        mask: 0,
    };
}

unsafe extern "C" {
    /// Computes for `rounds` in all registers that there are (`with` bit 0: AVX, bit 1: AVX-512), the red zone and the
    /// flags, and leaves what came out.
    fn compute(out: *mut Left, rounds: u64, with: u64);
    /// Where it ends.
    fn compute_end();
}

// On the stack above the red zone: `with` at [rsp], `out` at [rsp + 8]. The carry goes around the loop in the flags, with
// the direction flag set; a round changes no flag but by what it computes.
global_asm!(
    ".pushsection rz_async_text, \"ax\", @progbits",
    ".globl compute, compute_end",
    ".type compute, @function",
    "compute:",
    "push rbx",
    "push rbp",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "sub rsp, 24",
    "stmxcsr [rsp]",
    "push rdi",
    "push rdx",
    "mov rcx, rsi",
    // The beginning: numbers that differ everywhere.
    "mov rax, 0x1111222233334444",
    "mov rbx, 0x123456789abcdef1",
    "mov rdx, 0x0fedcba987654321",
    "mov rsi, 0x5555aaaa5555aaab",
    "mov rdi, 0x7777777711111111",
    "mov rbp, 0x1020304050607081",
    "mov r8, 0x8888888888888881",
    "mov r9, 0x9999999999999991",
    "mov r10, 0x1010101010101011",
    "mov r11, 0x1111111111111111",
    "mov r12, 0x1212121212121213",
    "mov r13, 0x1313131313131313",
    "mov r14, 0x1414141414141415",
    "mov r15, 0x1515151515151515",
    ".set i, 1",
    ".rept 16",
    "mov [rsp - 8 * i], rax",
    "add rax, rbx",
    ".set i, i + 1",
    ".endr",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
    "movq xmm\\n, rax",
    "add rax, rbx",
    "pinsrq xmm\\n, rax, 1",
    ".endr",
    "test qword ptr [rsp], 1",
    "jz 2f",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
    "vinsertf128 ymm\\n, ymm\\n, xmm\\n, 1",
    ".endr",
    "2:",
    "test qword ptr [rsp], 2",
    "jz 2f",
    "vpbroadcastq zmm17, rax",
    "mov eax, 0x5a5b",
    "kmovw k3, eax",
    "2:",
    "fninit",
    "fldpi",
    "fldl2e",
    "fld1",
    "fldln2",
    // Round up; round to nearest is the default. x87: down.
    "mov dword ptr [rsp + 24], 0x5f80",
    "ldmxcsr [rsp + 24]",
    "mov dword ptr [rsp + 28], 0x077f",
    "fldcw [rsp + 28]",
    "std",
    "stc",
    "3:",
    "adc rax, rbx",
    "adc rbx, rdx",
    "adc rdx, rsi",
    "adc rsi, rdi",
    "adc rdi, rbp",
    "adc rbp, r8",
    "adc r8, r9",
    "adc r9, r10",
    "adc r10, r11",
    "adc r11, r12",
    "adc r12, r13",
    "adc r13, r14",
    "adc r14, r15",
    "adc r15, rax",
    ".set i, 1",
    ".rept 16",
    "adc [rsp - 8 * i], rbx",
    ".set i, i + 1",
    ".endr",
    "rcl rax, 7",
    "paddq xmm0, xmm1",
    "paddq xmm1, xmm2",
    "paddq xmm2, xmm3",
    "paddq xmm3, xmm4",
    "paddq xmm4, xmm5",
    "paddq xmm5, xmm6",
    "paddq xmm6, xmm7",
    "paddq xmm7, xmm8",
    "paddq xmm8, xmm9",
    "paddq xmm9, xmm10",
    "paddq xmm10, xmm11",
    "paddq xmm11, xmm12",
    "paddq xmm12, xmm13",
    "paddq xmm13, xmm14",
    "paddq xmm14, xmm15",
    "paddq xmm15, xmm0",
    "fxch st(1)",
    "fxch st(2)",
    "fxch st(3)",
    "lea rcx, [rcx - 1]",
    "jrcxz 4f",
    "jmp 3b",
    "4:",
    // Two values lie on top of what was pushed. No flag is changed before they are fetched.
    "xchg rax, [rsp + 8]",
    "mov [rax + 8], rbx",
    "mov [rax + 16], rcx",
    "mov [rax + 24], rdx",
    "mov [rax + 32], rsi",
    "mov [rax + 40], rdi",
    "mov [rax + 48], rbp",
    "mov [rax + 56], r8",
    "mov [rax + 64], r9",
    "mov [rax + 72], r10",
    "mov [rax + 80], r11",
    "mov [rax + 88], r12",
    "mov [rax + 96], r13",
    "mov [rax + 104], r14",
    "mov [rax + 112], r15",
    "mov rbx, [rsp + 8]",
    "mov [rax], rbx",
    ".set i, 1",
    ".rept 16",
    "mov rbx, [rsp - 8 * i]",
    "mov [rax + 120 + 8 * i], rbx",
    ".set i, i + 1",
    ".endr",
    "pushfq",
    "pop rbx",
    "cld",
    "mov [rax + 808], rbx",
    "stmxcsr [rax + 800]",
    "mov dword ptr [rax + 804], 0",
    "fnstcw [rax + 804]",
    "fstp qword ptr [rax + 768]",
    "fstp qword ptr [rax + 776]",
    "fstp qword ptr [rax + 784]",
    "fstp qword ptr [rax + 792]",
    "test qword ptr [rsp], 1",
    "jz 5f",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
    "vmovups [rax + 256 + 32 * \\n], ymm\\n",
    ".endr",
    "jmp 6f",
    "5:",
    ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15",
    "movups [rax + 256 + 32 * \\n], xmm\\n",
    ".endr",
    "6:",
    "test qword ptr [rsp], 2",
    "jz 7f",
    "vmovups [rax + 816], zmm17",
    "kmovw ebx, k3",
    "mov [rax + 880], rbx",
    "7:",
    "fninit",
    "test qword ptr [rsp], 1",
    "jz 8f",
    "vzeroupper",
    "8:",
    "add rsp, 16",
    "ldmxcsr [rsp]",
    "add rsp, 24",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbp",
    "pop rbx",
    "ret",
    "compute_end:",
    ".size compute, . - compute",
    ".popsection",
);

fn compute_range() -> Range<usize> {
    compute as *const () as usize..compute_end as *const () as usize
}

fn computed(rounds: u64) -> Left {
    let with = u64::from(is_x86_feature_detected!("avx")) | u64::from(is_x86_feature_detected!("avx512f")) << 1;
    let mut left = Left::NOTHING;
    assert!(is_x86_feature_detected!("sse4.1"), "this test needs SSE 4.1");
    // SAFETY: a valid place; it saves what a function must save.
    unsafe { compute(&raw mut left, rounds, with) };
    left
}

/// More signals than this are to hit.
const MANY: u64 = 1000;

#[test]
fn nothing_of_the_interrupted_code_is_changed() {
    let (cpu, target, _alone) = start();
    let expected = computed(20_000);
    assert_ne!(expected, computed(19_999));
    assert_eq!((expected.flags & 0x400, expected.control), (0x400, [0x5f80, 0x77f]));
    let _text = text::register(compute_range()).unwrap();
    ticking(target, || {
        while target.counts().redirected < MANY {
            // SAFETY: the place is this thread's.
            unsafe { *libc::__errno_location() = 11 };
            let left = computed(20_000);
            // SAFETY: as above.
            assert_eq!(unsafe { *libc::__errno_location() }, 11);
            assert_eq!(left, expected);
        }
    });
    assert_eq!(DELIVERED.get(), target.counts().redirected);
    assert_eq!((cpu.within.get(), cpu.preempt_count.get()), (0, 0));
    // The same with kicks; and what a handler does may unwind, as long as it is caught.
    PANICS.set(true);
    let before = target.counts().redirected;
    kicked(target, || {
        while target.counts().redirected < before + 100 {
            assert_eq!(computed(20_000), expected);
        }
    });
    target.leave();
}

#[test]
fn tasks_are_switched_between_any_two_instructions() {
    let (_, target, _alone) = start();
    let _text = text::register(compute_range()).unwrap();
    let expected: Rc<[Left; 3]> = Rc::new(std::array::from_fn(|n| computed(20_000 + n as u64)));
    let switches = Rc::new(Cell::new(0));
    let mut tasks: Vec<_> = (0..3)
        .map(|n| {
            let (switches, expected) = (switches.clone(), expected.clone());
            Coroutine::new(move |yielder: &Yielder<(), ()>, ()| {
                while switches.get() < MANY {
                    YIELDER.set(yielder);
                    let left = computed(20_000 + n);
                    YIELDER.set(std::ptr::null());
                    assert_eq!(left, expected[n as usize]);
                }
            })
        })
        .collect();
    ticking(target, || {
        while !tasks.is_empty() {
            tasks.retain_mut(|task| {
                let goes_on = matches!(task.resume(()), CoroutineResult::Yield(()));
                YIELDER.set(std::ptr::null());
                switches.set(switches.get() + u64::from(goes_on));
                goes_on
            });
        }
    });
    target.leave();
}

#[test]
fn other_code_is_left_alone() {
    let (cpu, target, _alone) = start();
    let before = ticking(target, || {
        while target.counts().signals < MANY {
            computed(20_000);
        }
        target.counts()
    });
    assert_eq!((before.redirected, before.closed, DELIVERED.get()), (0, 0, 0));
    assert_eq!(cpu.attention.load(SeqCst), ATTENTION_IRQ, "it waits for a safe point");
    // Nor is it when its range is not registered any more.
    drop(text::register(compute_range()).unwrap());
    target.kick();
    computed(20_000);
    assert_eq!(target.counts().redirected, 0);
    target.leave();
}

/// What [`sections`] closes the CPU with.
static HOW: AtomicU32 = AtomicU32::new(0);
static WORK: AtomicU64 = AtomicU64::new(0);

/// A round: closed code, then open code. In the same form as `local_irq_disable` and `StepLock`.
#[unsafe(link_section = "rz_async_text")]
#[inline(never)]
fn sections(cpu: &Cpu, closed: &AtomicBool) {
    match HOW.load(Relaxed) {
        0 => cpu.irq.set(IrqState { masked: true, ..cpu.irq.get() }),
        1 => cpu.within.set(cpu.within.get() + 1),
        _ => cpu.preempt_count.set(cpu.preempt_count.get() + 0x1_0000),
    }
    compiler_fence(SeqCst);
    closed.store(true, Relaxed);
    for _ in 0..100 {
        WORK.store(WORK.load(Relaxed) + 1, Relaxed);
    }
    closed.store(false, Relaxed);
    compiler_fence(SeqCst);
    match HOW.load(Relaxed) {
        0 => cpu.irq.set(IrqState { masked: false, ..cpu.irq.get() }),
        1 => cpu.within.set(cpu.within.get() - 1),
        _ => cpu.preempt_count.set(cpu.preempt_count.get() - 0x1_0000),
    }
    for _ in 0..100 {
        WORK.store(WORK.load(Relaxed) + 1, Relaxed);
    }
}

#[test]
fn a_closed_cpu_is_left_alone() {
    let (cpu, target, _alone) = start();
    let _text = text::register(text::section()).unwrap();
    for how in 0..3 {
        HOW.store(how, SeqCst);
        let begin = target.counts();
        ticking(target, || {
            let enough = |c: Counts| c.redirected - begin.redirected > MANY && c.closed - begin.closed > MANY;
            while !enough(target.counts()) {
                for _ in 0..100 {
                    CLOSED.with(|closed| sections(cpu, closed));
                }
            }
        });
    }
    assert_eq!(DELIVERED.get(), target.counts().redirected);
    target.leave();
}

#[test]
fn bottom_halves_and_preemption_off_keep_no_interrupt_away() {
    let (cpu, target, _alone) = start();
    let _text = text::register(compute_range()).unwrap();
    cpu.preempt_count.set(0x0301);
    ticking(target, || {
        while DELIVERED.get() < 100 {
            computed(1000);
        }
    });
    target.leave();
}

/// Blocks or unblocks the real-time signals in this thread.
fn block(how: i32) {
    // SAFETY: valid sets.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        for signal in libc::SIGRTMIN()..=libc::SIGRTMAX() {
            libc::sigaddset(&raw mut set, signal);
        }
        libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut());
    }
}

#[test]
fn ticks_come_and_missed_ones_are_counted() {
    let (_, target, _alone) = start();
    let tick = Tick::new(target).unwrap();
    block(libc::SIG_BLOCK);
    tick.start(1_000_000);
    let begin = std::time::Instant::now();
    while begin.elapsed().as_millis() < 20 {
        std::hint::spin_loop();
    }
    assert_eq!(TICKS.get(), (0, 0));
    block(libc::SIG_UNBLOCK);
    let (ticks, overruns) = TICKS.get();
    assert!(ticks >= 1 && overruns >= 18, "{ticks} ticks, {overruns} missed");
    while TICKS.get().0 < 5 {
        std::hint::spin_loop();
    }
    tick.stop();
    assert_eq!(tick.overruns(), TICKS.get().1);
    assert_eq!(target.counts().ticks, TICKS.get().0);
    // A tick delivers like a kick.
    let _text = text::register(compute_range()).unwrap();
    tick.start(50_000);
    while DELIVERED.get() < 20 {
        computed(20_000);
    }
    drop(tick);
    target.leave();
    assert!(Tick::new(target).is_err());
}

#[test]
fn one_kick_is_under_way_at_most() {
    let (cpu, target, _alone) = start();
    block(libc::SIG_BLOCK);
    for _ in 0..100_000 {
        target.kick();
    }
    assert_eq!((target.counts().signals, cpu.attention.load(SeqCst)), (0, 0));
    block(libc::SIG_UNBLOCK);
    assert_eq!((target.counts().signals, cpu.attention.load(SeqCst)), (1, ATTENTION_IRQ));
    target.kick();
    assert_eq!(target.counts().signals, 2);
    signal::kick(target.tid());
    assert_eq!(target.counts().signals, 3);
    target.leave();
    target.kick();
    assert_eq!(target.counts().signals, 3);
}
