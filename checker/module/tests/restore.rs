//! Copies are private, and go back to what they were after loading.

mod common;

use common::{build_text, call, compilers, exports};
use ringzero_module::{Build, Loaded, SMALL_BYTES};

const SMALL: &str = "#include <linux/test.h>
static int data = 7;
static int zero;
static int *pointer = &data;
long step(void) { *pointer += 1; zero += 1; return data * 1000 + zero; }
long forget(void) { pointer = 0; return 0; }
";

const HUGE: &str = "#include <linux/test.h>
static int data = 7;
static int *pointer = &data;
static char big[16 << 20];
long step(void) {
	long used = 0;
	*pointer += 1;
	for (size_t at = 0; at < sizeof(big); at += 100 * 4096) { big[at] += 1; used += big[at]; }
	big[sizeof(big) - 1] += 1;
	return data * 1000 + used + big[sizeof(big) - 1];
}
long forget(void) { pointer = 0; return 0; }
";

fn built(text: &str) -> Vec<Build> {
    compilers().iter().map(|compiler| build_text(compiler, text).unwrap()).collect()
}

fn restore(loaded: &Loaded) {
    // SAFETY: the tests keep no reference to the module's data, and none of its code runs.
    unsafe { loaded.restore() };
}

#[test]
fn small_data_come_back() {
    for build in built(SMALL) {
        let loaded = Loaded::load(&build, &exports()).unwrap();
        assert!(loaded.writable().iter().map(|range| range.len()).sum::<usize>() <= SMALL_BYTES);
        for _ in 0..3 {
            assert_eq!((call(&loaded, "step"), call(&loaded, "step")), (8001, 9002));
            call(&loaded, "forget");
            restore(&loaded);
        }
    }
}

#[test]
fn stray_writes_within_the_page_are_undone() {
    let text = "static long first = 4;
static long table[4];
static long *where = table;
long f(void) { long *p = where; p[100] += 1; return p[100] + first; }
";
    for build in built(text) {
        let loaded = Loaded::load(&build, &exports()).unwrap();
        for _ in 0..2 {
            assert_eq!((call(&loaded, "f"), call(&loaded, "f")), (5, 6));
            restore(&loaded);
        }
    }
}

#[test]
fn huge_data_come_back() {
    for build in built(HUGE) {
        let loaded = Loaded::load(&build, &exports()).unwrap();
        assert!(loaded.writable().iter().map(|range| range.len()).sum::<usize>() > SMALL_BYTES);
        let first = call(&loaded, "step");
        for _ in 0..3 {
            assert_ne!(call(&loaded, "step"), first);
            call(&loaded, "forget");
            restore(&loaded);
            assert_eq!(call(&loaded, "step"), first);
        }
    }
}

#[test]
fn two_copies_are_independent() {
    for text in [SMALL, HUGE] {
        for build in built(text) {
            let a = Loaded::load(&build, &exports()).unwrap();
            let b = Loaded::load(&build, &exports()).unwrap();
            assert!(a.image().end <= b.image().start || b.image().end <= a.image().start);
            let (first, second) = (call(&a, "step"), call(&a, "step"));
            assert_ne!(first, second);
            assert_eq!(call(&b, "step"), first);
            restore(&b);
            assert_ne!(call(&a, "step"), second);
            drop(a);
            assert_eq!(call(&b, "step"), first);
        }
    }
}

#[test]
fn copies_come_and_go_on_several_threads() {
    let build = built(SMALL).remove(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let loaded = Loaded::load(&build, &exports()).unwrap();
                    assert_eq!(call(&loaded, "step"), 8001);
                    restore(&loaded);
                    assert_eq!(call(&loaded, "step"), 8001);
                }
            });
        }
    });
}

#[test]
fn per_cpu_data_are_a_section_of_their_own() {
    let text = "#include <linux/test.h>
static __percpu_data long a = 5;
static __percpu_data char b[3];
static long other = 6;
long address_of_a(void) { return (long)&a; }
long address_of_b(void) { return (long)&b; }
long address_of_other(void) { other++; return (long)&other; }
";
    for build in built(text) {
        let loaded = Loaded::load(&build, &exports()).unwrap();
        let range = loaded.percpu().unwrap();
        assert!(range.contains(&(call(&loaded, "address_of_a") as usize)));
        assert!(range.contains(&(call(&loaded, "address_of_b") as usize)));
        assert!(!range.contains(&(call(&loaded, "address_of_other") as usize)));
        assert!(loaded.writable().iter().any(|w| w.start <= range.start && range.end <= w.end));
        assert!(range.len() < 64);
    }
    for build in built(SMALL) {
        assert_eq!(Loaded::load(&build, &exports()).unwrap().percpu(), None);
    }
}

#[test]
fn sections_and_symbols_are_found() {
    let text = "#include <linux/test.h>
static long first(void) { return 11; }
static long second(void) { return 12; }
static void *one __attribute__((section(\".rz.kunit\"), used)) = first;
static void *two __attribute__((section(\".rz.kunit\"), used)) = second;
static int start(void) { return 0; }
module_init(start)
";
    for build in built(text) {
        assert!(build.has_init() && !build.has_exit() && build.has_kunit());
        let loaded = Loaded::load(&build, &exports()).unwrap();
        let (start, len) = loaded.section(".rz.kunit").unwrap();
        assert_eq!(len, 16);
        // SAFETY: the section has two pointers to functions without arguments.
        let functions = unsafe { std::slice::from_raw_parts(start as *const extern "C" fn() -> i64, 2) };
        let mut results: Vec<i64> = functions.iter().map(|function| function()).collect();
        results.sort_unstable();
        assert_eq!(results, [11, 12]);
        assert_eq!(loaded.section(".rz.params"), None);
        assert_eq!(loaded.symbol("no_such"), None);
        // SAFETY: the header's module_init makes it a pointer to a function.
        let init = unsafe { *(loaded.symbol("__rz_module_init").unwrap() as *const usize) };
        assert_eq!(Some(init), loaded.symbol("start"));
    }
}

#[test]
fn loading_runs_nothing_of_the_module() {
    let text = "#include <linux/test.h>
__attribute__((constructor)) static void early(void) { note(0); }
__attribute__((destructor)) static void late(void) { note(0); }
long f(void) { early(); return 0; }
";
    for build in built(text) {
        let loaded = Loaded::load(&build, &exports()).unwrap();
        assert_eq!(common::noted().len(), 0);
        call(&loaded, "f");
        assert_eq!(common::noted().len(), 1);
        drop(loaded);
        assert_eq!(common::noted().len(), 0);
    }
}
