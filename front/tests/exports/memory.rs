//! Memory, per-CPU variables, and memory of user processes.

use crate::Case;

/// The modules.
pub const CASES: &[Case] = &[
    Case {
        name: "alloc-fails",
        expect: "violated page-fault",
        tune: "// ringzero: failures 1",
        decls: "",
        init: r#"
    char *p = kmalloc(4, GFP_KERNEL);
    p[0] = 1;
    kfree(p);
"#,
        exit: "",
    },
    Case {
        name: "cache-left",
        expect: "violated leak",
        tune: "",
        decls: r#"
struct o {
    int a;
};
static struct kmem_cache *c;
"#,
        init: r#"
    c = KMEM_CACHE(o, 0);
"#,
        exit: "",
    },
    Case {
        name: "cache-objects-left",
        expect: "violated warn",
        tune: "",
        decls: r#"
struct o {
    int a;
};
static struct o *o;
"#,
        init: r#"
    struct kmem_cache *c = KMEM_CACHE(o, 0);
    o = kmem_cache_alloc(c, GFP_KERNEL);
    kmem_cache_destroy(c);
"#,
        exit: "",
    },
    Case {
        name: "cache",
        expect: "holds",
        tune: "",
        decls: r#"
struct o {
    int a;
};
static void ctor(void *p)
{
    ((struct o *)p)->a = 7;
}
"#,
        init: r#"
    struct kmem_cache *c = kmem_cache_create("objs", sizeof(struct o), 0, 0, ctor);
    struct o *o = kmem_cache_alloc(c, GFP_KERNEL);
    BUG_ON(o->a != 7 || kmem_cache_size(c) != 4);
    kmem_cache_free(c, o);
    kmem_cache_destroy(c);
"#,
        exit: "",
    },
    Case {
        name: "krealloc-stale",
        expect: "violated use-after-free",
        tune: "",
        decls: "",
        init: r#"
    char *q, *p = kmalloc(4, GFP_KERNEL);
    q = krealloc(p, 8, GFP_KERNEL);
    p[0] = 1;
    kfree(q);
"#,
        exit: "",
    },
    Case {
        name: "krealloc",
        expect: "holds",
        tune: "",
        decls: "",
        init: r#"
    char *q, *p = kmalloc(4, GFP_KERNEL);
    p[0] = 5;
    p[3] = 6;
    q = krealloc(p, 8, GFP_KERNEL);
    BUG_ON(q[0] != 5 || q[3] != 6 || ksize(q) != 8);
    q = krealloc(q, 2, GFP_ATOMIC);
    BUG_ON(q[0] != 5);
    kfree(q);
    BUG_ON(!ZERO_OR_NULL_PTR(kmalloc(0, GFP_KERNEL)) || kmalloc_array(~0UL, 2, GFP_KERNEL));
    BUG_ON(kmalloc(8UL << 20, GFP_KERNEL));
    kvfree(kvzalloc(9000, GFP_KERNEL));
    vfree(vmalloc(100));
    free_page(get_zeroed_page(GFP_KERNEL));
"#,
        exit: "",
    },
    Case {
        name: "nofail",
        expect: "holds",
        tune: "// ringzero: failures 1",
        decls: "",
        init: r#"
    char *p = kmalloc(4, GFP_KERNEL | __GFP_NOFAIL);
    p[0] = 1;
    kfree(p);
"#,
        exit: "",
    },
    Case {
        name: "percpu-beyond",
        expect: "violated out-of-bounds",
        tune: "",
        decls: r#"
static DEFINE_PER_CPU(long, hits);
"#,
        init: r#"
    per_cpu(hits, 7) = 1;
"#,
        exit: "",
    },
    Case {
        name: "percpu-freed",
        expect: "violated use-after-free",
        tune: "",
        decls: r#"
static long __percpu *d;
"#,
        init: r#"
    d = alloc_percpu(long);
    free_percpu(d);
    *per_cpu_ptr(d, 1) = 3;
"#,
        exit: "",
    },
    Case {
        name: "percpu-leak",
        expect: "violated leak",
        tune: "",
        decls: r#"
static long __percpu *d;
"#,
        init: r#"
    d = alloc_percpu(long);
"#,
        exit: "",
    },
    Case {
        name: "percpu-overrun",
        expect: "violated out-of-bounds",
        tune: "",
        decls: r#"
static long __percpu *d;
"#,
        init: r#"
    d = alloc_percpu(long);
    per_cpu_ptr(d, 1)[1] = 3;
"#,
        exit: r#"
    free_percpu(d);
"#,
    },
    Case {
        name: "percpu",
        expect: "holds",
        tune: "",
        decls: r#"
static DEFINE_PER_CPU(long, hits) = 3;
static DEFINE_PER_CPU(u16, half);
"#,
        init: r#"
    long *p;
    int cpu, sum = 0;
    long __percpu *d = alloc_percpu(long);
    this_cpu_inc(hits);
    this_cpu_add(half, 5);
    for_each_possible_cpu(cpu) sum += per_cpu(hits, cpu) + per_cpu(half, cpu);
    BUG_ON(sum != 12);
    p = &get_cpu_var(hits);
    *p = 9;
    put_cpu_var(hits);
    preempt_disable();
    BUG_ON(__this_cpu_read(hits) != 9 || this_cpu_cmpxchg(hits, 9, 4) != 9);
    BUG_ON(this_cpu_dec_return(hits) != 3 || this_cpu_sub_return(half, 1) != 4);
    preempt_enable();
    for_each_possible_cpu(cpu) *per_cpu_ptr(d, cpu) = cpu;
    this_cpu_add(*d, 10);
    free_percpu(d);
"#,
        exit: "",
    },
    Case {
        name: "uaccess-atomic",
        expect: "violated sleep-in-atomic",
        tune: "",
        decls: r#"
static char user[16];
static DEFINE_SPINLOCK(l);
"#,
        init: r#"
    char b[16];
    spin_lock(&l);
    if (copy_from_user(b, (void __user *)user, 6)) b[0] = 0;
    spin_unlock(&l);
"#,
        exit: "",
    },
    Case {
        name: "uaccess-fault",
        expect: "violated bug",
        tune: "// ringzero: failures 1",
        decls: r#"
static char user[16] = "hello";
"#,
        init: r#"
    char b[16] = "aa";
    int v;
    BUG_ON(copy_from_user(b, (void __user *)user, 6) && !b[0]);
    v = 0;
    (void)v;
"#,
        exit: "",
    },
    Case {
        name: "uaccess",
        expect: "holds",
        tune: "",
        decls: r#"
static char user[16] = "hello";
"#,
        init: r#"
    char b[16] = "";
    int v = 0;
    short s = 3;
    if (copy_from_user(b, (void __user *)user, 6)) return -EFAULT;
    BUG_ON(b[4] != 'o' || copy_to_user((void __user *)user, "jello", 5) || user[0] != 'j');
    BUG_ON(get_user(v, (int __user *)user) || v != ('l' << 24 | 'l' << 16 | 'e' << 8 | 'j'));
    BUG_ON(put_user(s, (short __user *)user) || user[0] != 3 || user[1]);
    BUG_ON(strncpy_from_user(b, (char __user *)user + 2, 16) != 3);
    BUG_ON(clear_user((void __user *)user, 4) || user[2] || access_ok(user, 4) != 1);
"#,
        exit: "",
    },
    Case {
        name: "vfree-atomic",
        expect: "violated sleep-in-atomic",
        tune: "",
        decls: r#"
static DEFINE_SPINLOCK(l);
"#,
        init: r#"
    void *p = vmalloc(10);
    spin_lock(&l);
    vfree(p);
    spin_unlock(&l);
"#,
        exit: "",
    },
];
