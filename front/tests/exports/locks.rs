//! Locks, the context they make, and atomics.

use crate::Case;

/// The modules.
pub const CASES: &[Case] = &[
    Case {
        name: "assert-locked",
        expect: "violated bug",
        tune: "",
        decls: r#"
static DEFINE_SPINLOCK(l);
"#,
        init: r#"
    assert_spin_locked(&l);
"#,
        exit: "",
    },
    Case {
        name: "atomics",
        expect: "holds",
        tune: "",
        decls: r#"
static atomic_t a;
static atomic64_t b;
static unsigned long w[3];
static u8 c;
"#,
        init: r#"
    int old = 5;
    atomic_set(&a, 5);
    BUG_ON(atomic_add_return(2, &a) != 7 || atomic_fetch_sub(3, &a) != 7 || atomic_read(&a) != 4);
    BUG_ON(atomic_cmpxchg(&a, 4, 5) != 4 || !atomic_try_cmpxchg(&a, &old, 9) || old != 5);
    BUG_ON(atomic_try_cmpxchg(&a, &old, 1) || old != 9);
    BUG_ON(atomic_add_unless(&a, 1, 9) || !atomic_add_unless(&a, 1, 8) || atomic_read(&a) != 10);
    atomic_set(&a, 0);
    BUG_ON(atomic_inc_not_zero(&a) || atomic_dec_if_positive(&a) != -1 || atomic_read(&a));
    atomic_set(&a, INT_MAX);
    atomic_inc(&a);
    BUG_ON(atomic_read(&a) != INT_MIN || !atomic_add_negative(1, &a));
    atomic64_set(&b, 1LL << 40);
    BUG_ON(atomic64_fetch_andnot(1LL << 40, &b) != 1LL << 40 || atomic64_read(&b));
    BUG_ON(atomic64_dec_if_positive(&b) != -1 || atomic64_xchg(&b, 7) != 0);
    BUG_ON(!atomic64_sub_and_test(7, &b));
    set_bit(70, w);
    BUG_ON(!test_bit(70, w) || w[1] != 64 || test_and_set_bit(71, w) || !test_and_clear_bit(70, w));
    BUG_ON(find_first_bit(w, 192) != 71);
    BUG_ON(find_next_zero_bit(w, 192, 71) != 72 || find_next_bit(w, 192, 72) != 192);
    BUG_ON(find_last_bit(w, 192) != 71);
    BUG_ON(xchg(&c, 3) != 0 || cmpxchg(&c, 3, 4) != 3 || c != 4);
    BUG_ON(hweight32(0xf0f) != 8 || fls(0x80) != 8 || ffs(0) || __ffs(8) != 3);
    BUG_ON(fls64(1ULL << 63) != 64 || ffz(7) != 3);
"#,
        exit: "",
    },
    Case {
        name: "lock-forms",
        expect: "holds",
        tune: "",
        decls: r#"
static spinlock_t l;
static atomic_t n = ATOMIC_INIT(2);
"#,
        init: r#"
    unsigned long f, g;
    spin_lock_init(&l);
    spin_lock_irqsave(&l, f);
    BUG_ON(!irqs_disabled() || irqs_disabled_flags(f) || !in_atomic());
    BUG_ON(spin_trylock(&l));
    spin_unlock_irqrestore(&l, f);
    BUG_ON(irqs_disabled());
    local_irq_save(f);
    spin_lock_irqsave(&l, g);
    BUG_ON(!irqs_disabled_flags(g));
    spin_unlock_irqrestore(&l, g);
    BUG_ON(!irqs_disabled());
    local_irq_restore(f);
    BUG_ON(!spin_trylock_irqsave(&l, f));
    BUG_ON(!spin_is_locked(&l) || !irqs_disabled());
    assert_spin_locked(&l);
    spin_unlock_irqrestore(&l, f);
    BUG_ON(atomic_dec_and_lock(&n, &l));
    BUG_ON(!atomic_dec_and_lock(&n, &l));
    spin_unlock(&l);
    spin_lock_bh(&l);
    BUG_ON(!in_softirq() || in_serving_softirq() || !in_interrupt() || !in_task() || in_irq());
    spin_unlock_bh(&l);
    BUG_ON(preempt_count());
"#,
        exit: "",
    },
    Case {
        name: "lock-freed",
        expect: "violated use-after-free",
        tune: "",
        decls: r#"
struct d {
    int a;
    spinlock_t l;
};
static struct d *d;
"#,
        init: r#"
    d = kmalloc(sizeof(*d), GFP_KERNEL);
    spin_lock_init(&d->l);
    kfree(d);
    spin_lock(&d->l);
    spin_unlock(&d->l);
"#,
        exit: "",
    },
    Case {
        name: "lock-null",
        expect: "violated page-fault",
        tune: "",
        decls: r#"
struct d {
    int a;
    spinlock_t l;
};
static struct d *d;
"#,
        init: r#"
    spin_lock(&d->l);
    spin_unlock(&d->l);
"#,
        exit: "",
    },
    Case {
        name: "lock-poison",
        expect: "violated uninitialised-lock",
        tune: "",
        decls: r#"
struct d {
    int a;
    spinlock_t l;
};
static struct d *d;
"#,
        init: r#"
    d = kmalloc(sizeof(*d), GFP_KERNEL);
    spin_lock_irq(&d->l);
    spin_unlock_irq(&d->l);
"#,
        exit: r#"
    kfree(d);
"#,
    },
    Case {
        name: "lock-static-uninit",
        expect: "violated uninitialised-lock",
        tune: "",
        decls: r#"
static spinlock_t never_made;
"#,
        init: r#"
    spin_lock(&never_made);
    spin_unlock(&never_made);
"#,
        exit: "",
    },
    Case {
        name: "lock-uninit",
        expect: "violated uninitialised-lock",
        tune: "",
        decls: r#"
struct d {
    int a;
    spinlock_t l;
};
static struct d *d;
"#,
        init: r#"
    d = kzalloc(sizeof(*d), GFP_KERNEL);
    spin_lock(&d->l);
    spin_unlock(&d->l);
"#,
        exit: r#"
    kfree(d);
"#,
    },
    Case {
        name: "lockdep-assert",
        expect: "violated warn",
        tune: "",
        decls: r#"
static DEFINE_SPINLOCK(l);
"#,
        init: r#"
    spin_lock(&l);
    lockdep_assert_held(&l);
    spin_unlock(&l);
    lockdep_assert_not_held(&l);
    lockdep_assert_held(&l);
"#,
        exit: "",
    },
    Case {
        name: "unbalanced-restore",
        expect: "violated unbalanced-context",
        tune: "",
        decls: r#"
static DEFINE_SPINLOCK(l);
"#,
        init: r#"
    unsigned long f;
    spin_lock_irqsave(&l, f);
    spin_unlock_irq(&l);
    local_irq_restore(f);
"#,
        exit: "",
    },
];
