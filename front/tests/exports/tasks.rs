//! Tasks and wait queues.

use crate::Case;

/// The modules.
pub const CASES: &[Case] = &[
    Case {
        name: "bad-mask",
        expect: "violated page-fault",
        tune: "",
        decls: "",
        init: r#"
    BUG_ON(set_cpus_allowed_ptr(current, NULL));
"#,
        exit: "",
    },
    Case {
        name: "kthread-gone",
        expect: "violated use-after-free",
        tune: "",
        decls: r#"
static struct task_struct *t;
static int fn(void *d)
{
    return 0;
}
"#,
        init: r#"
    t = kthread_run(fn, NULL, "gone");
"#,
        exit: r#"
    kthread_stop(t);
"#,
    },
    Case {
        name: "kthread-kept",
        expect: "holds",
        tune: "",
        decls: r#"
static struct task_struct *t;
static int fn(void *d)
{
    BUG_ON(d != (void *)8 || current->comm[0] != 'k' || current->pid <= 0);
    return 5;
}
"#,
        init: r#"
    t = kthread_create(fn, (void *)8, "kept/%s", "x");
    get_task_struct(t);
    wake_up_process(t);
"#,
        exit: r#"
    int r = kthread_stop(t);
    BUG_ON(r != 5 && r != -EINTR);
    put_task_struct(t);
"#,
    },
    Case {
        name: "kthread-ref-leak",
        expect: "violated leak",
        tune: "",
        decls: r#"
static struct task_struct *t;
static int fn(void *d)
{
    return 5;
}
"#,
        init: r#"
    t = kthread_create(fn, NULL, "kept");
    get_task_struct(t);
    wake_up_process(t);
"#,
        exit: r#"
    kthread_stop(t);
"#,
    },
    Case {
        name: "misaligned-task",
        expect: "violated page-fault",
        tune: "",
        decls: "",
        init: r#"
    wake_up_process(ERR_PTR(-ENOMEM));
"#,
        exit: "",
    },
    Case {
        name: "wait-event-lock-irq",
        expect: "holds",
        tune: "",
        decls: r#"
static DECLARE_WAIT_QUEUE_HEAD(wq);
static DEFINE_SPINLOCK(l);
static int ready;
static struct task_struct *t;
static int fn(void *d)
{
    spin_lock_irq(&l);
    wait_event_lock_irq(wq, ready, l);
    ready = 2;
    spin_unlock_irq(&l);
    return 0;
}
"#,
        init: r#"
    t = kthread_create(fn, NULL, "w");
    get_task_struct(t);
    wake_up_process(t);
    spin_lock_irq(&l);
    ready = 1;
    spin_unlock_irq(&l);
    wake_up(&wq);
"#,
        exit: r#"
    kthread_stop(t);
    put_task_struct(t);
    BUG_ON(ready != 2);
"#,
    },
    Case {
        name: "wait-event-locked",
        expect: "holds",
        tune: "",
        decls: r#"
static DECLARE_WAIT_QUEUE_HEAD(wq);
static int ready;
static struct task_struct *t;
static int fn(void *d)
{
    spin_lock(&wq.lock);
    wait_event_interruptible_exclusive_locked(wq, ready);
    ready = 2;
    spin_unlock(&wq.lock);
    return 0;
}
"#,
        init: r#"
    t = kthread_create(fn, NULL, "w");
    get_task_struct(t);
    wake_up_process(t);
    spin_lock(&wq.lock);
    ready = 1;
    wake_up_locked(&wq);
    spin_unlock(&wq.lock);
"#,
        exit: r#"
    kthread_stop(t);
    put_task_struct(t);
    BUG_ON(ready != 2);
"#,
    },
    Case {
        name: "wait-event",
        expect: "holds",
        tune: "",
        decls: r#"
static DECLARE_WAIT_QUEUE_HEAD(wq);
static int ready;
static struct task_struct *t;
static int fn(void *d)
{
    wait_event(wq, READ_ONCE(ready));
    while (!kthread_should_stop()) {
        set_current_state(TASK_INTERRUPTIBLE);
        if (!kthread_should_stop()) schedule();
        __set_current_state(TASK_RUNNING);
    }
    return 7;
}
"#,
        init: r#"
    t = kthread_run(fn, NULL, "w%d", 3);
    WRITE_ONCE(ready, 1);
    wake_up(&wq);
"#,
        exit: r#"
    BUG_ON(kthread_stop(t) != 7);
"#,
    },
    Case {
        name: "wait-in-atomic",
        expect: "violated sleep-in-atomic",
        tune: "",
        decls: r#"
static DECLARE_WAIT_QUEUE_HEAD(wq);
static DEFINE_SPINLOCK(l);
"#,
        init: r#"
    spin_lock(&l);
    wait_event(wq, true);
    spin_unlock(&l);
"#,
        exit: "",
    },
    Case {
        name: "wait-left",
        expect: "violated use-after-return",
        tune: "",
        decls: r#"
static DECLARE_WAIT_QUEUE_HEAD(wq);
static noinline void leave(void)
{
    DEFINE_WAIT(w);
    prepare_to_wait(&wq, &w, TASK_INTERRUPTIBLE);
    __set_current_state(TASK_RUNNING);
}
"#,
        init: r#"
    leave();
    wake_up(&wq);
"#,
        exit: "",
    },
    Case {
        name: "wait-timeout",
        expect: "holds",
        tune: "",
        decls: r#"
static DECLARE_WAIT_QUEUE_HEAD(wq);
static int ready;
"#,
        init: r#"
    long r = wait_event_timeout(wq, READ_ONCE(ready), 3);
    BUG_ON(r != 0);
    WRITE_ONCE(ready, 1);
    r = wait_event_timeout(wq, READ_ONCE(ready), 3);
    BUG_ON(r != 3);
    BUG_ON(wait_event_interruptible_timeout(wq, READ_ONCE(ready), 0) != 1);
    BUG_ON(schedule_timeout_uninterruptible(2) != 0);
"#,
        exit: "",
    },
    Case {
        name: "wait-uninit",
        expect: "violated uninitialised-lock",
        tune: "",
        decls: r#"
static wait_queue_head_t wq;
"#,
        init: r#"
    wake_up(&wq);
"#,
        exit: "",
    },
];
