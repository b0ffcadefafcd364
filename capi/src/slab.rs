//! `linux/slab.h`, `linux/vmalloc.h`, `linux/gfp.h`.
//!
//! Differences from Linux: one allocator for all, whose objects never have an address again that another had;
//! `krealloc` always moves; an object's constructor runs each time it is allocated; nothing is larger than 4 MB.

use crate::deref::{deref, name};
use crate::memory;
use core::ffi::{c_char, c_uint, c_ulong, c_void};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use ringzero_context as context;
use ringzero_machine::{Place, model};
use ringzero_mm::{__GFP_ZERO, GFP_KERNEL, Gfp, KMALLOC_MIN_ALIGN, ZERO_SIZE_PTR, zero_or_null_ptr};

const PAGE_SIZE: usize = 4096;
/// C's `__GFP_KSWAPD_RECLAIM` and what may come above it: without a meaning here.
const GFP_MASK: u32 = (1 << 25) - 1;

fn gfp(flags: c_uint) -> Gfp {
    Gfp::from_bits(flags & GFP_MASK)
}

/// C's `struct kmem_cache`.
#[repr(C)]
struct Cache {
    size: usize,
    align: usize,
    name: &'static str,
    ctor: Option<unsafe extern "C" fn(*mut c_void)>,
    /// Objects that are alive. Changed only within steps that touch the cache, but for allocations, which nobody else
    /// can be ordered with who still may use the cache.
    live: AtomicUsize,
}

/// An object of `cache`, zeroed if it is to be.
fn cache_alloc(cache: *const Cache, flags: Gfp) -> *mut c_void {
    memory::reads(cache.cast(), size_of::<Cache>());
    let cache = deref(cache);
    let p = ringzero_mm::kmalloc_named(cache.size, cache.align, flags, cache.name).cast::<c_void>();
    if p.is_null() {
        return p;
    }
    // Relaxed: whoever destroys the cache is ordered after its users by other means, or errs.
    cache.live.fetch_add(1, Relaxed);
    if let Some(ctor) = cache.ctor {
        // SAFETY: the module gave the function for its objects, and this is one.
        unsafe { ctor(p) };
    }
    p
}

fn large(size: usize, flags: Gfp, call: &'static str) -> *mut c_void {
    context::might_sleep_named(call);
    ringzero_mm::kmalloc_named(size, PAGE_SIZE, flags | GFP_KERNEL, call.trim_end_matches("()")).cast()
}

/// Frees what may be large, for which a task may have to wait.
fn free_large(p: *const c_void, call: &str) {
    if !context::in_interrupt() {
        context::might_sleep_named(call);
    }
    ringzero_mm::kfree(p.cast());
}

/// Zeroes the object at `p`, if one is alive there.
fn clear(p: *const c_void) {
    if let Some(size) = ringzero_mm::ksize(p.cast()) {
        memory::store(p.cast_mut(), size).fill(0);
    }
}

/// An object of `kmalloc` and its like.
fn allocate(size: usize, flags: Gfp, call: &'static str) -> *mut c_void {
    ringzero_mm::kmalloc_named(size, KMALLOC_MIN_ALIGN, flags, call).cast()
}

fn product(n: usize, size: usize) -> usize {
    n.saturating_mul(size)
}

crate::exports! {
    /// `kmalloc`: NULL if it fails. Any context but an NMI; a task that may sleep if `flags` may sleep.
    fn kmalloc(size: usize, flags: c_uint) -> *mut c_void {
        allocate(size, gfp(flags), "kmalloc")
    }

    /// `kzalloc`. Context as `kmalloc`.
    fn kzalloc(size: usize, flags: c_uint) -> *mut c_void {
        allocate(size, gfp(flags) | __GFP_ZERO, "kzalloc")
    }

    /// `kmalloc_array`: NULL also if the product overflows. Context as `kmalloc`.
    fn kmalloc_array(n: usize, size: usize, flags: c_uint) -> *mut c_void {
        allocate(product(n, size), gfp(flags), "kmalloc_array")
    }

    /// `kcalloc`. Context as `kmalloc`.
    fn kcalloc(n: usize, size: usize, flags: c_uint) -> *mut c_void {
        allocate(product(n, size), gfp(flags) | __GFP_ZERO, "kcalloc")
    }

    /// `krealloc`: what was there, in a new place; NULL if it fails, and then the old object stays. Context as `kmalloc`.
    fn krealloc(p: *const c_void, size: usize, flags: c_uint) -> *mut c_void {
        if size == 0 {
            ringzero_mm::kfree(p.cast());
            return ZERO_SIZE_PTR.cast();
        }
        let new = allocate(size, gfp(flags), "krealloc");
        if !new.is_null() && !zero_or_null_ptr(p.cast()) {
            if let Some(old) = ringzero_mm::ksize(p.cast()) {
                memory::copy(new, p, old.min(size));
            }
            ringzero_mm::kfree(p.cast());
        }
        new
    }

    /// `kfree`. Any context but an NMI. Findings `double-free`, and `use-after-free` at whoever uses it later.
    fn kfree(p: *const c_void) {
        ringzero_mm::kfree(p.cast());
    }

    /// `kfree_sensitive`: overwritten first. Context as `kfree`.
    fn kfree_sensitive(p: *const c_void) {
        clear(p);
        ringzero_mm::kfree(p.cast());
    }

    /// `ksize`: 0 if no object that is alive begins there. Any context.
    fn ksize(p: *const c_void) -> usize {
        ringzero_mm::ksize(p.cast()).unwrap_or(0)
    }

    /// `kvmalloc`. A task that may sleep.
    fn kvmalloc(size: usize, flags: c_uint) -> *mut c_void {
        large(size, gfp(flags), "kvmalloc()")
    }

    /// `kvzalloc`. A task that may sleep.
    fn kvzalloc(size: usize, flags: c_uint) -> *mut c_void {
        large(size, gfp(flags) | __GFP_ZERO, "kvzalloc()")
    }

    /// `kvmalloc_array`. A task that may sleep.
    fn kvmalloc_array(n: usize, size: usize, flags: c_uint) -> *mut c_void {
        large(product(n, size), gfp(flags), "kvmalloc_array()")
    }

    /// `kvcalloc`. A task that may sleep.
    fn kvcalloc(n: usize, size: usize, flags: c_uint) -> *mut c_void {
        large(product(n, size), gfp(flags) | __GFP_ZERO, "kvcalloc()")
    }

    /// `kvfree`. A task that may sleep, or an interrupt.
    fn kvfree(p: *const c_void) {
        free_large(p, "kvfree()");
    }

    /// `vmalloc`. A task that may sleep.
    fn vmalloc(size: c_ulong) -> *mut c_void {
        large(size as usize, GFP_KERNEL, "vmalloc()")
    }

    /// `vzalloc`. A task that may sleep.
    fn vzalloc(size: c_ulong) -> *mut c_void {
        large(size as usize, GFP_KERNEL | __GFP_ZERO, "vzalloc()")
    }

    /// `vfree`. A task that may sleep, or an interrupt.
    fn vfree(p: *const c_void) {
        free_large(p, "vfree()");
    }

    /// `__get_free_pages`: 0 if it fails. Context as `kmalloc`.
    fn __get_free_pages(flags: c_uint, order: c_uint) -> c_ulong {
        let size = PAGE_SIZE.checked_shl(order).unwrap_or(usize::MAX);
        ringzero_mm::kmalloc_named(size, PAGE_SIZE, gfp(flags), "__get_free_pages").addr() as c_ulong
    }

    /// `get_zeroed_page`: 0 if it fails. Context as `kmalloc`.
    fn get_zeroed_page(flags: c_uint) -> c_ulong {
        let flags = gfp(flags) | __GFP_ZERO;
        ringzero_mm::kmalloc_named(PAGE_SIZE, PAGE_SIZE, flags, "get_zeroed_page").addr() as c_ulong
    }

    /// `free_pages`. Context as `kfree`.
    fn free_pages(addr: c_ulong, _order: c_uint) {
        ringzero_mm::kfree(ptr::with_exposed_provenance(addr as usize));
    }

    /// `alloc_pages_exact`. Context as `kmalloc`.
    fn alloc_pages_exact(size: usize, flags: c_uint) -> *mut c_void {
        ringzero_mm::kmalloc_named(size, PAGE_SIZE, gfp(flags), "alloc_pages_exact").cast()
    }

    /// `free_pages_exact`. Context as `kfree`.
    fn free_pages_exact(p: *const c_void, _size: usize) {
        ringzero_mm::kfree(p.cast());
    }

    /// `kmem_cache_create`. Task context, may sleep. Finding `leak` if the cache is never destroyed.
    fn kmem_cache_create(
        called: *const c_char,
        size: c_uint,
        align: c_uint,
        _flags: c_uint,
        ctor: Option<unsafe extern "C" fn(*mut c_void)>,
    ) -> *mut c_void {
        context::might_sleep_named("kmem_cache_create()");
        let align = (align as usize).max(1).next_power_of_two();
        let cache = Cache { size: size as usize, align, name: name(called), ctor, live: AtomicUsize::new(0) };
        let p = allocate(size_of::<Cache>(), GFP_KERNEL, "kmem_cache_create");
        if !p.is_null() {
            // SAFETY: fresh memory of the right size and alignment, known to nobody else.
            unsafe { p.cast::<Cache>().write(cache) };
        }
        p
    }

    /// `kmem_cache_destroy`. Task context, may sleep. Finding `warn` if objects are alive.
    fn kmem_cache_destroy(cache: *const Cache) {
        if cache.is_null() {
            return;
        }
        context::might_sleep_named("kmem_cache_destroy()");
        let c = deref(cache);
        let called = c.name;
        if model().is_some() {
            ringzero_mm::kfree(cache.cast());
        }
        // On the model: what all who came before have left. The object is dead there, but can still be looked at.
        let live = c.live.load(Relaxed);
        if model().is_none() {
            ringzero_mm::kfree(cache.cast());
        }
        if live > 0 {
            let text = format_args!("kmem_cache_destroy(): cache `{called}` still has {live} objects");
            context::violation("warn", Place::caller(), None, text);
        }
    }

    /// `kmem_cache_alloc`: NULL if it fails. Context as `kmalloc`.
    fn kmem_cache_alloc(cache: *const Cache, flags: c_uint) -> *mut c_void {
        cache_alloc(cache, gfp(flags))
    }

    /// `kmem_cache_zalloc`. Context as `kmalloc`.
    fn kmem_cache_zalloc(cache: *const Cache, flags: c_uint) -> *mut c_void {
        cache_alloc(cache, gfp(flags) | __GFP_ZERO)
    }

    /// `kmem_cache_free`. Context as `kfree`.
    fn kmem_cache_free(cache: *const Cache, p: *const c_void) {
        memory::reads(cache.cast(), size_of::<Cache>());
        let c = deref(cache);
        ringzero_mm::kfree_with(p.cast(), cache.addr());
        let _ = c.live.fetch_update(Relaxed, Relaxed, |live| live.checked_sub(1));
    }

    /// `kmem_cache_size`. Any context.
    fn kmem_cache_size(cache: *const Cache) -> c_uint {
        deref(cache).size as c_uint
    }
}
