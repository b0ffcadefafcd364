//! The structures that C code embeds lie there as they lie in Rust: sizes and offsets, by the C compiler's own word.

mod common;

use common::{compiler, compilers, scratch, text};
use ringzero_sleeping::local_lock::RawLocalLock;
use std::fmt::Write as _;
use std::fs;
use std::mem::{align_of, size_of};
use std::process::Command;

/// A structure of the headers, and the Rust type that it mirrors.
struct Mirror {
    c: &'static str,
    size: usize,
    align: usize,
    fields: Vec<(&'static str, usize)>,
    /// C code sees the beginning of it only, and never embeds it.
    prefix: bool,
}

fn mirror<T>(c: &'static str, fields: &[(&'static str, usize)]) -> Mirror {
    Mirror { c, size: size_of::<T>(), align: align_of::<T>(), fields: fields.to_vec(), prefix: false }
}

fn mirrors() -> Vec<Mirror> {
    use ringzero_sched::{RawWaitBitEntry, RawWaitQueueEntry, SwaitQueueHead, Task, WaitQueueHead};
    use ringzero_spinning::{RawRwLock, RawSeqLock, RawSpinLock, SeqCount, SeqLatch};
    use ringzero_time::Timer;
    use ringzero_workqueue::{DelayedWork, Work};
    vec![
        mirror::<ringzero_atomic::Atomic>("atomic_t", &[("counter", 0)]),
        mirror::<ringzero_atomic::Atomic64>("atomic64_t", &[("counter", 0)]),
        mirror::<u64>("struct cpumask", &[("bits", 0)]),
        mirror::<RawSpinLock>("raw_spinlock_t", &RawSpinLock::LAYOUT),
        mirror::<RawSpinLock>("spinlock_t", &[("rlock", 0)]),
        mirror::<RawRwLock>("rwlock_t", &RawRwLock::LAYOUT),
        mirror::<SeqCount>("seqcount_t", &SeqCount::LAYOUT),
        mirror::<SeqLatch>("seqcount_latch_t", &SeqLatch::LAYOUT),
        mirror::<RawSeqLock>("seqlock_t", &RawSeqLock::LAYOUT),
        mirror::<WaitQueueHead>("wait_queue_head_t", &WaitQueueHead::LAYOUT),
        mirror::<RawWaitQueueEntry>("wait_queue_entry_t", &RawWaitQueueEntry::LAYOUT),
        mirror::<RawWaitBitEntry>("struct wait_bit_queue_entry", &RawWaitBitEntry::LAYOUT),
        mirror::<SwaitQueueHead>("struct swait_queue_head", &SwaitQueueHead::LAYOUT),
        mirror::<Timer>("struct timer_list", &Timer::LAYOUT),
        mirror::<ringzero_sleeping::RawMutex>("struct mutex", &ringzero_sleeping::RawMutex::LAYOUT),
        mirror::<ringzero_sleeping::Semaphore>("struct semaphore", &ringzero_sleeping::Semaphore::LAYOUT),
        mirror::<ringzero_sleeping::RawRwSemaphore>("struct rw_semaphore", &ringzero_sleeping::RawRwSemaphore::LAYOUT),
        mirror::<ringzero_sleeping::RawPercpuRwSemaphore>(
            "struct percpu_rw_semaphore",
            &ringzero_sleeping::RawPercpuRwSemaphore::LAYOUT,
        ),
        mirror::<ringzero_sched::RtMutexBase>("struct rt_mutex_base", &ringzero_sched::RtMutexBase::LAYOUT),
        mirror::<ringzero_sleeping::RawRtMutex>("struct rt_mutex", &ringzero_sleeping::RawRtMutex::LAYOUT),
        mirror::<ringzero_sleeping::RawWwMutex>("struct ww_mutex", &ringzero_sleeping::RawWwMutex::LAYOUT),
        mirror::<ringzero_sleeping::RawWwAcquireCtx>(
            "struct ww_acquire_ctx",
            &ringzero_sleeping::RawWwAcquireCtx::LAYOUT,
        ),
        mirror::<ringzero_sleeping::WwClass>("struct ww_class", &ringzero_sleeping::WwClass::LAYOUT),
        mirror::<RawLocalLock>("local_lock_t", &RawLocalLock::LAYOUT),
        mirror::<ringzero_sched::Completion>("struct completion", &ringzero_sched::Completion::LAYOUT),
        mirror::<ringzero_softirq::Tasklet>("struct tasklet_struct", &ringzero_softirq::Tasklet::LAYOUT),
        mirror::<Work>("struct work_struct", &Work::LAYOUT),
        mirror::<DelayedWork>("struct delayed_work", &DelayedWork::LAYOUT),
        mirror::<ringzero_atomic::Refcount>("refcount_t", &[("refs", 0)]),
        mirror::<ringzero_atomic::Kref>("struct kref", &[("refcount", 0)]),
        Mirror { prefix: true, ..mirror::<Task>("struct task_struct", &Task::LAYOUT) },
    ]
}

/// Constants that both sides write down: C's expression, and the value here.
fn constants() -> Vec<(&'static str, u64)> {
    use ringzero_irq as irq;
    use ringzero_sched as sched;
    use ringzero_softirq as softirq;
    use ringzero_time as time;
    vec![
        ("SPINLOCK_MAGIC", ringzero_spinning::RawSpinLock::MAGIC.into()),
        ("RWLOCK_MAGIC", ringzero_spinning::RawRwLock::MAGIC.into()),
        ("__RZ_SEQCOUNT_MAGIC", ringzero_spinning::SeqCount::MAGIC.into()),
        ("__RZ_MUTEX_MAGIC", ringzero_sleeping::RawMutex::MAGIC.into()),
        ("__RZ_SEMAPHORE_MAGIC", ringzero_sleeping::Semaphore::MAGIC.into()),
        ("__RZ_RWSEM_MAGIC", ringzero_sleeping::RawRwSemaphore::MAGIC.into()),
        ("__RZ_RT_MUTEX_MAGIC", ringzero_sleeping::RawRtMutex::MAGIC.into()),
        ("__RZ_WW_MUTEX_MAGIC", ringzero_sleeping::RawWwMutex::MAGIC.into()),
        ("__RZ_WW_CTX_MAGIC", ringzero_sleeping::RawWwAcquireCtx::MAGIC.into()),
        ("__RZ_WW_CLASS_MAGIC", ringzero_sleeping::WwClass::MAGIC.into()),
        ("__RZ_LOCAL_LOCK_MAGIC", RawLocalLock::MAGIC.into()),
        ("__RZ_COMPLETION_MAGIC", sched::Completion::MAGIC.into()),
        ("__RZ_TASKLET_MAGIC", softirq::Tasklet::MAGIC.into()),
        ("__RZ_WORK_MAGIC", ringzero_workqueue::Work::MAGIC.into()),
        ("WORK_BUSY_PENDING", ringzero_workqueue::WORK_BUSY_PENDING.into()),
        ("WORK_BUSY_RUNNING", ringzero_workqueue::WORK_BUSY_RUNNING.into()),
        ("REFCOUNT_MAX", ringzero_atomic::REFCOUNT_MAX as u64),
        ("(unsigned int)REFCOUNT_SATURATED", ringzero_atomic::SATURATED.cast_unsigned().into()),
        ("__RZ_WAIT_MAGIC", sched::RawWaitQueueEntry::MAGIC.into()),
        ("__RZ_TIMER_INITIALISED", time::Timer::INITIALISED.into()),
        ("TASK_RUNNING", sched::TASK_RUNNING.into()),
        ("TASK_INTERRUPTIBLE", sched::TASK_INTERRUPTIBLE.into()),
        ("TASK_UNINTERRUPTIBLE", sched::TASK_UNINTERRUPTIBLE.into()),
        ("TASK_KILLABLE", sched::TASK_KILLABLE.into()),
        ("TASK_IDLE", sched::TASK_IDLE.into()),
        ("WQ_FLAG_EXCLUSIVE", sched::WQ_FLAG_EXCLUSIVE.into()),
        ("WQ_FLAG_WOKEN", sched::WQ_FLAG_WOKEN.into()),
        ("WQ_FLAG_PRIORITY", sched::WQ_FLAG_PRIORITY.into()),
        ("WF_SYNC", sched::WF_SYNC as u64),
        ("SIGKILL", sched::SIGKILL.into()),
        ("SIGRTMAX", sched::SIGRTMAX.into()),
        ("MAX_RT_PRIO", sched::MAX_RT_PRIO as u64),
        ("MAX_PRIO", sched::MAX_PRIO as u64),
        ("DEFAULT_PRIO", sched::DEFAULT_PRIO as u64),
        ("MAX_NICE", sched::MAX_NICE as u64),
        ("SCHED_FIFO", sched::SCHED_FIFO.into()),
        ("SCHED_RR", sched::SCHED_RR.into()),
        ("SCHED_BATCH", sched::SCHED_BATCH.into()),
        ("SCHED_IDLE", sched::SCHED_IDLE.into()),
        ("TASK_NORMAL", sched::TASK_NORMAL.into()),
        ("TASK_DEAD", sched::TASK_DEAD.into()),
        ("TASK_COMM_LEN", sched::TASK_COMM_LEN as u64),
        ("PF_KTHREAD", sched::PF_KTHREAD.into()),
        ("HZ", time::HZ),
        ("TICK_NSEC", time::TICK_NSEC),
        ("MAX_JIFFY_OFFSET", time::MAX_JIFFY_OFFSET),
        ("TIMER_IRQSAFE", time::TIMER_IRQSAFE.into()),
        ("TIMER_DEFERRABLE", time::TIMER_DEFERRABLE.into()),
        ("TIMER_PINNED", time::TIMER_PINNED.into()),
        ("NR_IRQS", irq::NR_IRQS.into()),
        ("NET_TX_SOFTIRQ", softirq::NET_TX_SOFTIRQ.into()),
        ("TASKLET_SOFTIRQ", softirq::TASKLET_SOFTIRQ.into()),
        ("NR_SOFTIRQS", softirq::NR_SOFTIRQS.into()),
        ("PREEMPT_MASK", ringzero_context::PREEMPT_MASK.into()),
        ("SOFTIRQ_MASK", ringzero_context::SOFTIRQ_MASK.into()),
        ("HARDIRQ_MASK", ringzero_context::HARDIRQ_MASK.into()),
        ("NMI_MASK", ringzero_context::NMI_MASK.into()),
        ("PREEMPT_ACTIVE", ringzero_context::PREEMPT_ACTIVE.into()),
        ("KMALLOC_MAX_SIZE", ringzero_mm::KMALLOC_MAX_SIZE as u64),
        ("ZERO_SIZE_PTR", ringzero_mm::ZERO_SIZE_PTR.addr() as u64),
        ("__GFP_ZERO", ringzero_mm::__GFP_ZERO.bits().into()),
        ("__GFP_NOFAIL", ringzero_mm::__GFP_NOFAIL.bits().into()),
        ("__GFP_DIRECT_RECLAIM", ringzero_mm::__GFP_WAIT.bits().into()),
        ("(GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM)", ringzero_mm::GFP_KERNEL.bits().into()),
        ("(GFP_ATOMIC & ~__GFP_KSWAPD_RECLAIM)", ringzero_mm::GFP_ATOMIC.bits().into()),
    ]
}

/// A program that prints what the headers say, a line each.
fn source() -> String {
    let mut c = String::from(
        "#include <linux/completion.h>\n#include <linux/interrupt.h>\n#include <linux/irq.h>\n#include <linux/kref.h>\n\
         #include <linux/mutex.h>\n#include <linux/semaphore.h>\n#include <linux/percpu-rwsem.h>\n#include <linux/local_lock.h>\n#include <linux/workqueue.h>\n#include <linux/sched.h>\n#include <linux/slab.h>\n\
         #include <linux/seqlock.h>\n#include <linux/spinlock.h>\n#include <linux/swait.h>\n#include <linux/timer.h>\n#include <linux/wait.h>\n#include <linux/wait_bit.h>\n#include <linux/ww_mutex.h>\n#include <linux/rtmutex.h>\n\
         int printf(const char *, ...);\nint main(void)\n{\n",
    );
    let mut print = |what: &str, value: &str| {
        writeln!(c, "\tprintf(\"%s %llu\\n\", \"{what}\", (unsigned long long)({value}));").expect("a string grows");
    };
    for m in mirrors() {
        if !m.prefix {
            print(&format!("sizeof.{}", key(m.c)), &format!("sizeof({})", m.c));
        }
        print(&format!("align.{}", key(m.c)), &format!("__alignof__({})", m.c));
        for (field, _) in &m.fields {
            print(&format!("{}.{field}", key(m.c)), &format!("__builtin_offsetof({}, {field})", m.c));
        }
    }
    for (name, _) in constants() {
        print(&name.replace(' ', ""), name);
    }
    c.push_str("\treturn 0;\n}\n");
    c
}

fn key(name: &str) -> String {
    name.replace(' ', "_")
}

/// What [`source`] has to print.
fn expected() -> String {
    let mut text = String::new();
    let mut line = |what: String, value: u64| writeln!(text, "{what} {value}").expect("a string grows");
    for m in mirrors() {
        if !m.prefix {
            line(format!("sizeof.{}", key(m.c)), m.size as u64);
        }
        line(format!("align.{}", key(m.c)), m.align as u64);
        for (field, offset) in &m.fields {
            line(format!("{}.{field}", key(m.c)), *offset as u64);
        }
    }
    for (name, value) in constants() {
        line(name.replace(' ', ""), value);
    }
    text
}

#[test]
fn c_and_rust_agree() {
    for cc in compilers() {
        let (file, program) = (scratch(&format!("layout-{cc}.c")), scratch(&format!("layout-{cc}")));
        fs::write(&file, source()).unwrap();
        let output = compiler(cc)
            .args(["-fno-PIC", "-no-pie", "-Wl,--unresolved-symbols=ignore-all", "-o"])
            .args([&program, &file])
            .output()
            .unwrap();
        assert!(output.status.success(), "{cc}: {}", text(&output));
        assert_eq!(text(&Command::new(&program).output().unwrap()), expected(), "{cc}");
    }
}
