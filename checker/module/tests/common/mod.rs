//! Headers, exports and helpers that the tests share.
#![allow(dead_code, clippy::allow_attributes, reason = "each test file uses a part of it")]

use ringzero_module::{Build, BuildError, Compiler, Export, Include, LibFile, Loaded, Source, build};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A header tree of the tests' own.
pub const HEADERS: &[(&str, &str)] = &[
    (
        "linux/test.h",
        "#ifndef TEST_H\n#define TEST_H\n\
         typedef unsigned long size_t;\n\
         typedef struct { int word; int owner; } lock_t;\n\
         struct list_head { struct list_head *next, *prev; };\n\
         #define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))\n\
         #define __percpu_data __attribute__((section(\".data..percpu\")))\n\
         #define module_init(f) int (*const __rz_module_init)(void) = f;\n\
         #define module_exit(f) void (*const __rz_module_exit)(void) = f;\n\
         extern void note(const void *p);\n\
         extern long sum5(long a, long b, long c, long d, long e);\n\
         extern long twice(long a);\n\
         extern long lib_twice(long a);\n\
         extern long lib_outer(long a);\n\
         #include <linux/inner.h>\n\
         #endif\n",
    ),
    (
        "linux/inner.h",
        "static inline __attribute__((always_inline)) void inner(const void *p)\n{\n\tnote(p);\n}\n\
         static inline __attribute__((always_inline)) void outer(const void *p)\n{\n\tinner(p);\n}\n\
         static __attribute__((noinline, unused)) void apart(const void *p)\n{\n\tnote(p);\n}\n",
    ),
];

/// The C library of the tests: the second file needs the first.
pub const LIB: &[LibFile] = &[
    LibFile {
        name: "twice.c",
        text: "extern long twice(long);\nlong lib_twice(long a) { return twice(a); }\n",
        defines: &["lib_twice"],
    },
    LibFile {
        name: "outer.c",
        text: "extern long lib_twice(long);\nlong lib_outer(long a) { return lib_twice(a) + 1; }\n",
        defines: &["lib_outer"],
    },
    LibFile { name: "broken.c", text: "this is no C\n", defines: &["lib_broken"] },
];

thread_local! {
    /// What `note` was called with: the pointer and the return address.
    pub static NOTED: RefCell<Vec<(usize, usize)>> = const { RefCell::new(Vec::new()) };
}

extern "C" fn note(p: usize, ra: usize) {
    NOTED.with_borrow_mut(|all| all.push((p, ra)));
}

extern "C" fn sum5(a: i64, b: i64, c: i64, d: i64, e: i64, ra: usize) -> i64 {
    NOTED.with_borrow_mut(|all| all.push((0, ra)));
    a + 10 * b + 100 * c + 1000 * d + 10_000 * e
}

extern "C" fn twice(a: i64, _ra: usize) -> i64 {
    2 * a
}

extern "C" fn nothing() {}

extern "C" fn byte_copy(to: *mut u8, from: *const u8, len: usize, _ra: usize) -> *mut u8 {
    // SAFETY: the C compiler asks for a copy of an object that it knows.
    unsafe { std::ptr::copy(from, to, len) };
    to
}

extern "C" fn byte_set(to: *mut u8, byte: i32, len: usize, _ra: usize) -> *mut u8 {
    // SAFETY: as for `byte_copy`.
    unsafe { std::ptr::write_bytes(to, byte as u8, len) };
    to
}

/// Called by instrumented code; the tests do not look at it.
const HOOKS: &[(&str, u8)] = &[
    ("__tsan_func_entry", 1),
    ("__tsan_func_exit", 0),
    ("__tsan_read1", 1),
    ("__tsan_read2", 1),
    ("__tsan_read4", 1),
    ("__tsan_read8", 1),
    ("__tsan_read16", 1),
    ("__tsan_write1", 1),
    ("__tsan_write2", 1),
    ("__tsan_write4", 1),
    ("__tsan_write8", 1),
    ("__tsan_write16", 1),
    ("__tsan_unaligned_write8", 1),
    ("__tsan_unaligned_read8", 1),
    ("__tsan_volatile_read4", 1),
    ("__tsan_volatile_read8", 1),
    ("__tsan_volatile_write4", 1),
    ("__tsan_volatile_write8", 1),
    ("__tsan_read_range", 2),
    ("__tsan_write_range", 2),
];

/// All exports.
pub fn exports() -> Vec<Export> {
    let mut all = vec![
        Export { name: "note", addr: note as *const (), args: 1 },
        Export { name: "sum5", addr: sum5 as *const (), args: 5 },
        Export { name: "twice", addr: twice as *const (), args: 1 },
        Export { name: "memcpy", addr: byte_copy as *const (), args: 3 },
        Export { name: "memset", addr: byte_set as *const (), args: 3 },
    ];
    all.extend(HOOKS.iter().map(|&(name, args)| Export { name, addr: nothing as *const (), args }));
    all
}

/// The headers, in no cache.
pub fn headers() -> Include {
    Include::unpack_to(None, HEADERS).unwrap()
}

/// Both compilers; one that is missing is skipped, loudly.
pub fn compilers() -> Vec<Compiler> {
    let find = |name: &str| {
        let found = Compiler::named(name.as_ref());
        if let Err(error) = &found {
            println!("SKIPPED with {name}: {error}");
        }
        found.ok()
    };
    let found: Vec<Compiler> = ["gcc", "clang"].into_iter().filter_map(find).collect();
    assert!(!found.is_empty(), "no compiler at all");
    found
}

/// Builds one text with one compiler.
pub fn build_text(compiler: &Compiler, text: &str) -> Result<Build, BuildError> {
    build(&Source::from_memory(&[("drv/x.c", text)])?, compiler, &headers(), &exports(), LIB)
}

/// Calls a function of a loaded module that takes nothing.
pub fn call(loaded: &Loaded, name: &str) -> i64 {
    let address = loaded.symbol(name).unwrap_or_else(|| panic!("no {name}"));
    // SAFETY: the tests call only `long NAME(void)`, at its address.
    let function: extern "C" fn() -> i64 = unsafe { std::mem::transmute(address) };
    function()
}

/// Forgets and gives what was noted.
pub fn noted() -> Vec<(usize, usize)> {
    NOTED.with_borrow_mut(std::mem::take)
}

/// The line, counted from 1, that has this mark.
pub fn line_of(text: &str, mark: &str) -> u32 {
    let at = text.lines().position(|line| line.contains(mark)).unwrap_or_else(|| panic!("no {mark}"));
    u32::try_from(at + 1).unwrap()
}

/// A folder that goes away.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("rz-module-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
