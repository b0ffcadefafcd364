//! Memory.

use crate::reach;
use ringzero::atomic::Atomic;
use ringzero::kthread::kthread_run_on_cpu;
use ringzero::slab::{
    GFP_ATOMIC, GFP_KERNEL, KSlot, ZERO_SIZE_PTR, kcalloc, kfree, kmalloc, kmalloc_array, kmalloc_obj, kzalloc,
};

ringzero::global! {
    static SLOT: KSlot<Atomic> = KSlot::new();
}

pub fn zeroed_memory() {
    for gfp in [GFP_KERNEL, GFP_ATOMIC] {
        let one = kzalloc(100, gfp);
        let many = kcalloc(5, 20, gfp);
        for p in [one, many] {
            assert!(!p.is_null() && p.addr().is_multiple_of(16));
            // SAFETY: 100 bytes that were allocated just now, and that nobody else knows of.
            let bytes = unsafe { std::slice::from_raw_parts_mut(p, 100) };
            assert!(bytes.iter().all(|b| *b == 0));
            bytes.fill(1);
            kfree(p);
        }
    }
    reach("zeroed");
}

pub fn sizes_that_are_no_sizes() {
    kfree(kmalloc(8, GFP_KERNEL));
    kfree(std::ptr::null());
    assert_eq!(kmalloc(0, GFP_KERNEL), ZERO_SIZE_PTR);
    kfree(ZERO_SIZE_PTR);
    assert!(kmalloc_array(usize::MAX, 2, GFP_KERNEL).is_null());
    assert!(kcalloc(usize::MAX, 2, GFP_KERNEL).is_null());
    reach("no size");
}

pub fn objects() {
    let a = kmalloc_obj(Atomic::new(3), GFP_KERNEL).expect("it does not fail");
    let b = kmalloc_obj(Atomic::new(4), GFP_ATOMIC).expect("it does not fail unless it is asked to");
    assert_ne!(a, b);
    assert_eq!((a.inc_return(), b.read()), (4, 4));
    a.kfree();
    let c = kmalloc_obj(Atomic::new(9), GFP_KERNEL).expect("it does not fail");
    assert_eq!((b.read(), c.read()), (4, 9));
    b.kfree();
    c.kfree();
    reach("object");
}

pub fn an_object_goes_from_one_to_another() {
    kthread_run_on_cpu(|| SLOT.xchg(None).map_or((), |o| o.kfree()), 1, "consumer");
    let object = kmalloc_obj(Atomic::new(1), GFP_KERNEL);
    object.expect("it does not fail").set(2);
    if let Some(old) = SLOT.xchg(object) {
        old.kfree();
    }
    ringzero::on_exit(|| {
        if let Some(left) = SLOT.xchg(None) {
            assert_eq!(left.read(), 2);
            left.kfree();
            reach("handed over");
        }
    });
}
