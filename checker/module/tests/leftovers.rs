//! Nothing is left behind, whatever happens. One test in its own process: it sets the environment.

mod common;

use common::{Folder, HEADERS, LIB, build_text, call, compilers, exports};
use ringzero_module::{Compiler, Include, Loaded, Source, build};

fn maps() -> String {
    std::fs::read_to_string("/proc/self/maps").unwrap()
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

#[test]
fn nothing_stays_in_the_temporary_folder() {
    let (temp, home) = (Folder::new(), Folder::new());
    // SAFETY: the only test of this process has started no other thread that looks at the environment.
    unsafe {
        std::env::set_var("TMPDIR", temp.path());
        std::env::set_var("HOME", home.path());
        std::env::remove_var("XDG_CACHE_HOME");
        std::env::set_var("CC", "gcc -g");
        std::env::set_var("CPATH", "/usr/include");
    }
    let is_empty = || std::fs::read_dir(temp.path()).unwrap().next().is_none();
    for compiler in compilers() {
        for text in ["long f(void) { return 5; }\n", "char big[1 << 20]; long f(void) { return 5 + big[7]; }\n"] {
            let before = open_files();
            let loaded = Loaded::load(&build_text(&compiler, text).unwrap(), &exports()).unwrap();
            assert!(is_empty() && maps().contains("memfd:ringzero:x"));
            assert_eq!(call(&loaded, "f"), 5);
            drop(loaded);
            assert!(!maps().contains("ringzero:"), "{}", maps());
            assert_eq!(open_files(), before);
        }
        build_text(&compiler, "int f(\n").unwrap_err();
        build_text(&compiler, "extern int no(void);\nint f(void) { return no(); }\n").unwrap_err();
        build_text(&compiler, "#include <stdio.h>\n").unwrap_err();
        Source::from_memory(&[("a.c", "\0")]).unwrap_err();
        assert!(is_empty());
    }
    let include = Include::unpack(HEADERS).unwrap();
    assert!(include.dir().starts_with(home.path().join(".cache/ringzero")));
    let compiler = Compiler::find().unwrap();
    let source =
        Source::from_memory(&[("x.c", "#include <linux/test.h>\nlong f(void) { return lib_outer(1); }\n")]).unwrap();
    build(&source, &compiler, &include, &exports(), LIB).unwrap();
    drop(include);
    assert!(is_empty());
    // A folder for temporary files that is not there is an error in words.
    std::fs::remove_dir(temp.path()).unwrap();
    let include = Include::unpack(HEADERS).unwrap();
    let error = build(&source, &compiler, &include, &exports(), LIB).unwrap_err().to_string();
    assert!(error.contains("making a temporary folder in"), "{error}");
    // SAFETY: as above.
    unsafe { std::env::set_var("CC", "no-such-compiler") };
    assert!(Compiler::find().unwrap_err().to_string().contains("no-such-compiler"));
    // SAFETY: as above.
    unsafe {
        std::env::remove_var("CC");
        std::env::set_var("PATH", home.path());
    }
    let error = Compiler::find().unwrap_err().to_string();
    assert!(error.contains("gcc, clang, cc") && error.contains("apt-get install gcc"), "{error}");
}
