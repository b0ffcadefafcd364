//! Everything at once on the machine of threads: locks, interrupts by signal, timers, tasklets, work, wake-ups, memory,
//! calls to other CPUs, a driver in C. What was begun is counted against what has happened, and has to balance exactly.
#![deny(unsafe_code)]

mod busy;
mod driver;

use clap::Parser;
use ringzero::completion::Completion;
use ringzero::context::{local_bh_disable, local_bh_enable};
use ringzero::host::text;
use ringzero::irq::{IrqFlags, IrqReturn, free_irq, raise, request_irq, set_software_only};
use ringzero::kthread::{kthread_create_on_cpu, kthread_run_on_cpu, kthread_should_stop, kthread_stop};
use ringzero::mutex::Mutex;
use ringzero::sched::{Task, cond_resched, msleep, wake_up_process};
use ringzero::slab::{GFP_KERNEL, kmalloc_obj};
use ringzero::smp::{for_each_online_cpu, num_online_cpus, smp_call_function_single};
use ringzero::sync::{SpinLock, SpinLockBh, SpinLockIrq};
use ringzero::tasklet::{Tasklet, tasklet_kill, tasklet_schedule};
use ringzero::timer::{Timer, del_timer_sync, jiffies, mod_timer};
use ringzero::wait::{WaitQueueHead, wait_event, wake_up};
use ringzero::workqueue::{Work, cancel_work_sync, schedule_work, schedule_work_on};
use ringzero::{Machine, global};
use ringzero_front::{BuildError, Native, end_process_with};
use std::process::ExitCode;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// The arguments.
#[derive(Parser)]
#[command(about = "Runs everything at once on real threads, and checks that all counts balance")]
struct Arguments {
    /// How long, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many CPUs.
    #[arg(long, default_value_t = 4)]
    cpus: u32,
    /// Deliver interrupts at safe points only, not by signal.
    #[arg(long)]
    safe_points_only: bool,
}

const LINE: u32 = 7;

/// Something that is begun, and must have happened as often in the end.
struct Balance {
    name: &'static str,
    begun: AtomicU64,
    happened: AtomicU64,
}

impl Balance {
    const fn new(name: &'static str) -> Self {
        Self { name, begun: AtomicU64::new(0), happened: AtomicU64::new(0) }
    }
    fn begin(&self, n: u64) {
        self.begun.fetch_add(n, SeqCst);
    }
    fn happen(&self, n: u64) {
        self.happened.fetch_add(n, SeqCst);
    }
}

static SPIN: Balance = Balance::new("sections under a spinlock");
static SPIN_BH: Balance = Balance::new("sections under spin_lock_bh");
static SPIN_IRQ: Balance = Balance::new("sections under spin_lock_irqsave");
static MUTEX: Balance = Balance::new("sections under a mutex");
static CALLS: Balance = Balance::new("calls to other CPUs");
static TASKLETS: Balance = Balance::new("tasklets scheduled and run");
static WORKS: Balance = Balance::new("work queued and executed");
static TIMERS: Balance = Balance::new("timers armed, and expired or deleted");
static ROUNDS: Balance = Balance::new("turns given and taken");
static DONE: Balance = Balance::new("completions");
static IRQS: Balance = Balance::new("interrupts counted under the lock, and by their handler");
static OBJECTS: Balance = Balance::new("objects allocated and freed");
static SPAWNED: Balance = Balance::new("tasks made and ended");

static BALANCES: [&Balance; 14] = [
    &SPIN,
    &SPIN_BH,
    &SPIN_IRQ,
    &MUTEX,
    &CALLS,
    &TASKLETS,
    &WORKS,
    &TIMERS,
    &ROUNDS,
    &DONE,
    &IRQS,
    &OBJECTS,
    &SPAWNED,
    &busy::COMPUTED,
];

const CPUS: usize = 64;
/// Where random numbers begin.
const RANDOM: u64 = 0x9e37_79b9_7f4a_7c15;

/// Tasklets that get their number.
const fn tasklets() -> [Tasklet; CPUS] {
    let mut all = [const { Tasklet::new(|_| ()) }; CPUS];
    let mut n = 0;
    while n < CPUS {
        all[n] = Tasklet::with_data(tasklet, n);
        n += 1;
    }
    all
}

global! {
    static COUNT: SpinLock<u64> = SpinLock::new(0).named("count");
    static COUNT_BH: SpinLockBh<u64> = SpinLockBh::new(0).named("count_bh");
    static COUNT_IRQ: SpinLockIrq<u64> = SpinLockIrq::new(0).named("count_irq");
    static COUNT_MUTEX: Mutex<u64> = Mutex::new(0).named("count_mutex");
    static BY_HANDLER: SpinLockIrq<u64> = SpinLockIrq::new(0).named("by_handler");
    static TASKLET: [Tasklet; CPUS] = tasklets();
    static WORK: [Work; CPUS] = [const { Work::new(work) }; CPUS];
    static TIMER: [Timer; CPUS] = [const { Timer::new(timer) }; CPUS];
    static QUEUE: [WaitQueueHead; CPUS] = [const { WaitQueueHead::new() }; CPUS];
    static HANDED: [Completion; CPUS] = [const { Completion::new() }; CPUS];
}

/// Whose turn it is, of each pair of players.
static TURN: [AtomicU64; CPUS] = [const { AtomicU64::new(0) }; CPUS];
/// The tasklets that are scheduled and have not begun.
static SCHEDULED: [AtomicBool; CPUS] = [const { AtomicBool::new(false) }; CPUS];
static STOPPING: AtomicBool = AtomicBool::new(false);
/// The tasks that have to be stopped.
static TASKS: StdMutex<Vec<&'static Task>> = StdMutex::new(Vec::new());

/// Schedules a tasklet if it is not yet.
fn schedule(n: usize) {
    if !SCHEDULED[n].swap(true, SeqCst) {
        TASKLETS.begin(1);
        tasklet_schedule(&TASKLET[n]);
    }
}

fn tasklet(n: usize) {
    SCHEDULED[n].store(false, SeqCst);
    TASKLETS.happen(1);
    *COUNT_BH.lock() += 1;
    SPIN_BH.begin(1);
}

fn work(_: &'static Work) {
    WORKS.happen(1);
    *COUNT_MUTEX.lock() += 1;
    MUTEX.begin(1);
}

fn timer(t: &'static Timer) {
    TIMERS.happen(1);
    if !STOPPING.load(SeqCst) && !mod_timer(t, jiffies() + 1) {
        TIMERS.begin(1);
    }
}

fn handler(_: u32) -> IrqReturn {
    IRQS.begin(1);
    *BY_HANDLER.lock() += 1;
    *COUNT_IRQ.lock() += 1;
    SPIN_IRQ.begin(1);
    schedule(0);
    if schedule_work(&WORK[0]) {
        WORKS.begin(1);
    }
    IrqReturn::Handled
}

/// A number that follows on `seed`.
fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// One of many things.
fn act(what: u64, seed: u64, cpu: u32) {
    let n = seed % 20;
    match what {
        0..=3 => (0..n).for_each(|_| {
            *COUNT.lock() += 1;
            SPIN.begin(1);
        }),
        4 | 5 => (0..n).for_each(|_| {
            *COUNT_IRQ.lock() += 1;
            SPIN_IRQ.begin(1);
        }),
        6 => (0..n).for_each(|_| {
            *COUNT_BH.lock() += 1;
            SPIN_BH.begin(1);
        }),
        7 => (0..n).for_each(|_| {
            *COUNT_MUTEX.lock() += 1;
            MUTEX.begin(1);
        }),
        8 => {
            let target = (seed >> 8) as u32 % num_online_cpus();
            CALLS.begin(1);
            let wait = seed & 128 != 0;
            smp_call_function_single(target, || CALLS.happen(1), wait).expect("the CPU is online");
        }
        9 => {
            local_bh_disable();
            schedule((seed >> 8) as usize % CPUS);
            local_bh_enable();
        }
        10 => {
            if schedule_work_on((seed >> 16) as u32 % num_online_cpus(), &WORK[(seed >> 8) as usize % CPUS]) {
                WORKS.begin(1);
            }
        }
        11 => {
            let t = &TIMER[(seed >> 8) as usize % CPUS];
            if seed & 4096 == 0 {
                if !mod_timer(t, jiffies() + 1 + (seed >> 20) % 3) {
                    TIMERS.begin(1);
                }
            } else if del_timer_sync(t) != 0 {
                TIMERS.happen(1);
            }
        }
        12 => raise(if seed & 4096 == 0 { LINE } else { driver::LINE }),
        13 => {
            let object = kmalloc_obj(seed, GFP_KERNEL).expect("memory");
            OBJECTS.begin(1);
            assert_eq!(*object.get(), seed);
            object.kfree();
            OBJECTS.happen(1);
        }
        14 => {
            DONE.begin(1);
            HANDED[cpu as usize].complete();
        }
        15 if seed & 0xf0 == 0 => {
            SPAWNED.begin(1);
            kthread_run_on_cpu(|| SPAWNED.happen(1), (seed >> 8) as u32 % num_online_cpus(), "short-lived");
        }
        15 => msleep(1),
        _ => cond_resched(),
    }
}

fn worker(cpu: u32, n: u64) {
    let mut seed = RANDOM ^ (u64::from(cpu) << 32 | n << 8 | 1);
    while !kthread_should_stop() {
        let seed = random(&mut seed);
        act(seed >> 40 & 0xf, seed, cpu);
    }
}

/// Waits for what `act` completes on this CPU.
fn receiver(cpu: u32) {
    while !kthread_should_stop() {
        HANDED[cpu as usize].wait_for_completion();
        DONE.happen(1);
    }
    while HANDED[cpu as usize].try_wait_for_completion() {
        DONE.happen(1);
    }
}

/// Plays with another one: whose turn it is gives it on.
fn player(pair: usize, me: u64) {
    loop {
        let mine = || TURN[pair].load(SeqCst) % 2 == me;
        wait_event(&QUEUE[pair], || mine() || STOPPING.load(SeqCst));
        if mine() {
            ROUNDS.happen(1);
            ROUNDS.begin(1);
            TURN[pair].fetch_add(1, SeqCst);
            wake_up(&QUEUE[pair]);
        }
        if STOPPING.load(SeqCst) {
            // The other one waits behind this one.
            return wake_up(&QUEUE[pair]);
        }
    }
}

fn start(task: &'static Task) {
    TASKS.lock().expect("nobody panics with it").push(task);
}

fn init(driver: Option<&'static Native>) {
    set_software_only(LINE);
    request_irq(LINE, IrqFlags::NONE, "soak", handler).expect("the line is free");
    if let Some(driver) = driver {
        start(kthread_run_on_cpu(move || driver::live(driver), 0, "driver"));
    }
    let expected = busy::expected();
    for cpu in for_each_online_cpu() {
        for n in 0..2 {
            start(kthread_run_on_cpu(move || worker(cpu, n), cpu, "worker"));
        }
        start(kthread_run_on_cpu(move || busy::work(expected), cpu, "busy"));
        let task = kthread_create_on_cpu(move || receiver(cpu), cpu, "receiver");
        wake_up_process(task);
        start(task);
        // A pair across two CPUs.
        kthread_run_on_cpu(move || player(cpu as usize, 0), cpu, "player");
        kthread_run_on_cpu(move || player(cpu as usize, 1), (cpu + 1) % num_online_cpus(), "player");
    }
    ringzero::on_exit(exit);
}

fn exit() {
    STOPPING.store(true, SeqCst);
    QUEUE.iter().for_each(wake_up);
    let tasks = std::mem::take(&mut *TASKS.lock().expect("nobody panics with it"));
    // Those that make others wait for something come first: they were started first on each CPU.
    let (receivers, workers): (Vec<_>, Vec<_>) = tasks.into_iter().partition(|t| t.name() == "receiver");
    for task in workers {
        kthread_stop(task);
    }
    for (cpu, task) in receivers.into_iter().enumerate() {
        DONE.begin(1);
        // It may wait for one more.
        ringzero::kthread::kthread_run_on_cpu(move || HANDED[cpu].complete(), 0, "last");
        kthread_stop(task);
        while HANDED[cpu].try_wait_for_completion() {
            DONE.happen(1);
        }
    }
    free_irq(LINE, 0);
    TIMER.iter().filter(|t| del_timer_sync(t) != 0).for_each(|_| TIMERS.happen(1));
    TASKLET.iter().for_each(tasklet_kill);
    WORK.iter().filter(|w| cancel_work_sync(w)).for_each(|_| WORKS.happen(1));
    SPIN.happen(*COUNT.lock());
    SPIN_BH.happen(*COUNT_BH.lock());
    SPIN_IRQ.happen(*COUNT_IRQ.lock());
    MUTEX.happen(*COUNT_MUTEX.lock());
    IRQS.happen(*BY_HANDLER.lock());
}

/// The driver in C, if there is a compiler, and a second CPU, which it uses.
fn driver(cpus: u32) -> Result<Option<&'static Native>, BuildError> {
    if cpus < 2 {
        println!("SKIPPED: the driver in C: it needs two CPUs");
        return Ok(None);
    }
    match driver::open() {
        Ok(native) => Ok(Some(native.install(driver::ends))),
        Err(BuildError::NoCompiler(why)) => {
            println!("SKIPPED: the driver in C: {why}");
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    end_process_with(driver::ends);
    let driver = match driver(arguments.cpus) {
        Ok(driver) => driver,
        Err(e) => {
            println!("{e}\nsoak: FAILED");
            return ExitCode::FAILURE;
        }
    };
    let _text = text::register(text::section()).expect("room for the busy tasks' code");
    let host = Machine::host()
        .cpus(arguments.cpus)
        .async_irqs(!arguments.safe_points_only)
        .devices(Duration::from_micros(200))
        .log(driver::log)
        .run_for(Duration::from_secs(arguments.seconds))
        .patience(Duration::from_secs(arguments.seconds + 30));
    let summary = host.boot(move || init(driver));
    print!("{summary}");
    let mut good = summary.is_clean();
    let of_driver = driver.map(|_| [&driver::SAMPLES, &driver::INSERTED]).into_iter().flatten();
    for b in BALANCES.into_iter().chain(of_driver) {
        let (begun, happened) = (b.begun.load(SeqCst), b.happened.load(SeqCst));
        let balances = begun == happened && happened > 0;
        good &= balances;
        println!("{}: {begun} {happened}{}", b.name, if balances { "" } else { "   DOES NOT BALANCE" });
    }
    if !arguments.safe_points_only && arguments.seconds > 0 && summary.totals.redirected == 0 {
        println!("no signal was delivered at once");
        good = false;
    }
    println!("{}", if good { "soak: all counts balance" } else { "soak: FAILED" });
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
