//! Interrupt lines, softirqs, calls to other CPUs, timers and the clock.

use crate::Case;

/// The modules.
pub const CASES: &[Case] = &[
    Case {
        name: "irq-free-twice",
        expect: "violated warn",
        tune: "",
        decls: r#"
static int n;
static irqreturn_t h(int irq, void *d)
{
    return IRQ_NONE;
}
"#,
        init: r#"
    if (request_irq(5, h, 0, "five", &n)) return -EBUSY;
"#,
        exit: r#"
    free_irq(5, &n);
    free_irq(5, &n);
"#,
    },
    Case {
        name: "irq-poll",
        expect: "holds",
        tune: "",
        decls: r#"
static int never;
"#,
        init: r#"
    unsigned long end = jiffies + 100;
    while (!READ_ONCE(never) && time_before(jiffies, end)) cpu_relax();
    BUG_ON(time_before(jiffies, end));
"#,
        exit: "",
    },
    Case {
        name: "irq",
        expect: "holds",
        tune: "",
        decls: r#"
static int n;
static DEFINE_SPINLOCK(l);
static irqreturn_t h(int irq, void *d)
{
    BUG_ON(irq != 5 || d != &n || !in_irq() || !irqs_disabled());
    spin_lock(&l);
    n++;
    spin_unlock(&l);
    return IRQ_HANDLED;
}
"#,
        init: r#"
    BUG_ON(request_irq(5, h, IRQF_SHARED, "five", &n));
    BUG_ON(request_irq(5, h, 0, "five", &l) != -EBUSY);
    BUG_ON(request_irq(99, h, 0, "x", NULL) != -EINVAL);
    disable_irq(5);
    enable_irq(5);
    generic_handle_irq(5);
    spin_lock_irq(&l);
    n += 2;
    spin_unlock_irq(&l);
"#,
        exit: r#"
    BUG_ON(*(char *)free_irq(5, &n) != 'f');
"#,
    },
    Case {
        name: "ktime",
        expect: "holds",
        tune: "",
        decls: "",
        init: r#"
    ktime_t a = ktime_get();
    unsigned long j = jiffies;
    schedule_timeout_uninterruptible(3);
    BUG_ON(ktime_ms_delta(ktime_get(), a) != 30 || jiffies - j != 3 || !time_after(jiffies, j));
"#,
        exit: "",
    },
    Case {
        name: "smp",
        expect: "holds",
        tune: "",
        decls: r#"
static atomic_t n;
static void f(void *p)
{
    BUG_ON(!irqs_disabled());
    atomic_inc(p);
}
"#,
        init: r#"
    int cpu, c = 0;
    on_each_cpu(f, &n, 1);
    BUG_ON(atomic_read(&n) != num_online_cpus());
    cpu = get_cpu();
    BUG_ON(smp_call_function_single(1 - cpu, f, &n, 1));
    BUG_ON(smp_call_function_single(9, f, &n, 1) != -ENXIO);
    put_cpu();
    for_each_online_cpu(cpu) c++;
    BUG_ON(c != 2 || cpumask_weight(cpu_online_mask) != 2 || !cpumask_test_cpu(1, cpumask_of(1)));
"#,
        exit: "",
    },
    Case {
        name: "softirq",
        expect: "holds",
        tune: "",
        decls: r#"
static atomic_t n;
static void act(struct softirq_action *a)
{
    BUG_ON(!in_serving_softirq());
    atomic_inc(&n);
}
"#,
        init: r#"
    open_softirq(NET_RX_SOFTIRQ, act);
    local_bh_disable();
    raise_softirq(NET_RX_SOFTIRQ);
    BUG_ON(atomic_read(&n));
    local_bh_enable();
    BUG_ON(atomic_read(&n) != 1);
"#,
        exit: "",
    },
    Case {
        name: "timer-define",
        expect: "holds",
        tune: "",
        decls: r#"
static int n;
static void f(struct timer_list *x)
{
    n = 1;
}
static void g(unsigned long d)
{
    BUG_ON(d != 9);
    n = 1;
}
static DEFINE_TIMER(t, f);
static DEFINE_TIMER(u, g, 0, 9);
"#,
        init: r#"
    mod_timer(&t, jiffies + 1);
    mod_timer(&u, jiffies + 1);
"#,
        exit: r#"
    del_timer_sync(&t);
    timer_shutdown_sync(&u);
"#,
    },
    Case {
        name: "timer-old",
        expect: "holds",
        tune: "",
        decls: r#"
static struct timer_list t;
static int n;
static void f(unsigned long d)
{
    BUG_ON(d != (unsigned long)&n);
    n = 1;
}
"#,
        init: r#"
    init_timer(&t);
    t.function = f;
    t.data = (unsigned long)&n;
    t.expires = jiffies + 1;
    add_timer(&t);
"#,
        exit: r#"
    del_timer_sync(&t);
"#,
    },
    Case {
        name: "timer-uninit",
        expect: "violated uninitialised-lock",
        tune: "",
        decls: r#"
static struct timer_list t;
static void f(struct timer_list *x)
{
}
"#,
        init: r#"
    t.function = f;
    mod_timer(&t, jiffies + 1);
"#,
        exit: r#"
    del_timer_sync(&t);
"#,
    },
    Case {
        name: "timer",
        expect: "holds",
        tune: "",
        decls: r#"
static struct timer_list t;
static int n;
static void f(struct timer_list *x)
{
    BUG_ON(x != &t || !in_serving_softirq());
    if (++n < 2) mod_timer(x, jiffies + 1);
}
"#,
        init: r#"
    timer_setup(&t, f, 0);
    mod_timer(&t, jiffies + 2);
"#,
        exit: r#"
    del_timer_sync(&t);
"#,
    },
];
