//! Bad input is refused with words that help.

mod common;

use common::{Folder, build_text, compilers, exports, headers};
use ringzero_module::{BuildError, Compiler, LibFile, MAX_SOURCE_BYTES, Source, build};
use std::path::PathBuf;

fn refused(path: PathBuf) -> String {
    let error = Source::of(std::slice::from_ref(&path)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&*path.to_string_lossy()), "{text}");
    text
}

#[test]
fn every_kind_of_bad_file_says_what_is_wrong() {
    let folder = Folder::new();
    assert!(refused(folder.path().join("absent.c")).ends_with("no such file"));
    assert!(refused(folder.write("x.rs", "fn main() {}")).contains("not a C file"));
    assert!(refused(folder.write("elf.c", b"int x;\n\x7fELF\0\0")).contains("elf.c:2: not C"));
    assert!(refused(folder.path().to_owned()).ends_with("a folder without Kbuild or Makefile"));
    let limit = usize::try_from(MAX_SOURCE_BYTES).unwrap();
    assert!(refused(folder.write("big.c", vec![b'\n'; 10 << 20])).contains("the limit is 4 MB"));
    assert!(Source::of(&[folder.write("fits.c", vec![b'\n'; limit])]).is_ok());
    assert!(Source::of(&[]).unwrap_err().to_string().contains("no C file"));
    let twice = folder.write("twice.c", "");
    assert!(Source::of(&[twice.clone(), twice]).unwrap_err().to_string().ends_with("given twice"));
}

#[test]
fn links_pipes_and_devices_do_not_hang() {
    let folder = Folder::new();
    let (a, b) = (folder.path().join("a.c"), folder.path().join("b.c"));
    std::os::unix::fs::symlink(&a, &b).unwrap();
    std::os::unix::fs::symlink(&b, &a).unwrap();
    assert!(refused(a).ends_with("a loop of symbolic links"));
    let zero = folder.path().join("zero.c");
    std::os::unix::fs::symlink("/dev/zero", &zero).unwrap();
    assert!(refused(zero).ends_with("not a regular file"));
    let pipe = folder.path().join("pipe.c");
    let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
    // SAFETY: the name is a C string.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    assert!(refused(pipe).ends_with("not a regular file"));
}

#[test]
fn latin_1_in_a_comment_is_c() {
    let folder = Folder::new();
    let path = folder.write("old.c", b"/* J\xf6rg */ long f(void) { return 3; }\n");
    let source = Source::of(&[path]).unwrap();
    build(&source, &compilers()[0], &headers(), &exports(), &[]).unwrap();
}

#[test]
fn odd_file_names_just_work() {
    let folder = Folder::new();
    let names = ["with blank.c", "quote\"s'.c", "-dash.c", "@at.c", "dollar $(x) `y`.c", "a=b.c", "new\nline.c", "ö.c"];
    for compiler in compilers() {
        for name in names {
            let path =
                folder.write(name, "#include <linux/test.h>\nstatic int x;\nlong f(void) { note(&x); return 0; }\n");
            let source = Source::of(std::slice::from_ref(&path)).unwrap();
            let built = build(&source, &compiler, &headers(), &exports(), &[]).unwrap();
            let loaded = ringzero_module::Loaded::load(&built, &exports()).unwrap();
            common::call(&loaded, "f");
            let [(_, ra)] = common::noted()[..] else { panic!("one call") };
            let debug = ringzero_module::DebugInfo::new(&built);
            let place = debug.call_place(loaded.offset_of(ra).unwrap()).unwrap();
            assert_eq!(place.to_string(), format!("{}:3", path.display()));
        }
    }
}

#[test]
fn a_name_is_never_taken_for_an_option() {
    for compiler in compilers() {
        for name in ["-dash.c", "@at.c", "--version.c"] {
            let source = Source::from_memory(&[(name, "int x = y;\n")]).unwrap();
            let error = build(&source, &compiler, &headers(), &exports(), &[]).unwrap_err().to_string();
            assert!(error.contains(&format!("{name}:1:")), "{error}");
        }
    }
}

#[test]
fn the_compilers_own_message_is_shown() {
    for compiler in compilers() {
        let error = build_text(&compiler, "int x;\nint f(void) { return y; }\n").unwrap_err();
        assert!(matches!(error, BuildError::Compile(_)));
        let text = error.to_string();
        assert!(text.contains("drv/x.c:2:") && text.contains("error: ") && text.contains('y'), "{text}");
        assert!(!text.contains('\u{1b}'));
        let text = build_text(&compiler, "int f(void) { return no_such(); }\n").unwrap_err().to_string();
        assert!(text.contains("no_such") && text.contains("its header is not included"), "{text}");
        let error = build_text(&compiler, "#include <linux/absent.h>\n").unwrap_err();
        let BuildError::Compile(refused) = error else { panic!("{error}") };
        assert_eq!(refused.missing_headers(), ["linux/absent.h"]);
    }
}

#[test]
fn the_systems_headers_are_out_of_reach() {
    for compiler in compilers() {
        for header in ["stdio.h", "linux/kernel.h", "stdarg.h", "asm/types.h"] {
            assert!(build_text(&compiler, &format!("#include <{header}>\n")).is_err(), "{header}");
        }
    }
}

#[test]
fn all_unknown_symbols_are_listed_with_their_first_use() {
    let text = "extern int printf(const char *, ...);
extern void zebra(void), ape(void), held(void);
void (*table[])(void) = { held };
long g(int i) { table[i](); return 0; }
long f(void)
{
	ape();
	zebra();
	ape();
	return printf(\"x\");
}
";
    for compiler in compilers() {
        let error = build_text(&compiler, text).unwrap_err();
        let BuildError::Unknown(symbols) = &error else { panic!("{error}") };
        let found: Vec<(&str, String)> =
            symbols.iter().map(|s| (s.name.as_str(), s.place.as_ref().unwrap().to_string())).collect();
        let at = |line: u32| format!("drv/x.c:{line}");
        assert_eq!(found, [("ape", at(7)), ("held", at(3)), ("printf", at(10)), ("zebra", at(8))]);
        assert!(error.to_string().starts_with("unknown symbols: 4\n  ape  (drv/x.c:7)\n"));
    }
}

#[test]
fn a_weak_name_never_comes_from_libc() {
    let text = "extern int getpid(void) __attribute__((weak));
long f(void) { return getpid ? 1 : 0; }
";
    for compiler in compilers() {
        let loaded = ringzero_module::Loaded::load(&build_text(&compiler, text).unwrap(), &exports()).unwrap();
        assert_eq!(common::call(&loaded, "f"), 0);
    }
}

#[test]
fn an_indirect_function_is_refused() {
    let text = "static long real(void) { return 1; }
static void *choose(void) { return real; }
long f(void) __attribute__((ifunc(\"choose\")));
";
    for compiler in compilers() {
        let error = build_text(&compiler, text).unwrap_err().to_string();
        assert!(error.contains("f: indirect functions"), "{error}");
    }
}

#[test]
fn two_files_that_define_the_same_are_refused_by_name() {
    let compiler = &compilers()[0];
    let of = |a: &str, b: &str| {
        let source = Source::from_memory(&[("a.c", a), ("b.c", b)]).unwrap();
        build(&source, compiler, &headers(), &exports(), &[]).unwrap_err().to_string()
    };
    assert_eq!(of("int same;", "int same;"), "b.c: same is defined in a.c too");
    let init = "#include <linux/test.h>\nstatic int go(void) { return 0; }\nmodule_init(go)\n";
    assert_eq!(of(init, init), "b.c: a second module_init: a.c has one");
}

#[test]
fn errors_of_all_files_are_shown_at_once() {
    let source = Source::from_memory(&[("a.c", "int x = y;"), ("b.c", ""), ("c.c", "int x = z;")]).unwrap();
    let text = build(&source, &compilers()[0], &headers(), &exports(), &[]).unwrap_err().to_string();
    assert!(text.contains("a.c:1:") && text.contains("c.c:1:"), "{text}");
}

#[test]
fn a_compiler_that_is_not_there_is_named_with_a_package() {
    let text = |cc: &str| Compiler::named(cc.as_ref()).unwrap_err().to_string();
    assert!(text("no-such-cc -O9").contains("'no-such-cc -O9'") && text("no-such-cc").contains("apt-get install gcc"));
    assert!(text("no-such-clang").contains("apt-get install clang"));
    assert!(text("/bin/true").contains("neither gcc nor clang"));
    assert!(text("/etc").contains("/etc"));
    assert!(Compiler::named("gcc -m32".as_ref()).unwrap_err().to_string().contains("does not compile for x86-64"));
    let folder = Folder::new();
    let path = folder.path().join("my gcc");
    std::os::unix::fs::symlink("/usr/bin/gcc", &path).unwrap();
    assert!(Compiler::named(path.as_os_str()).is_ok());
    assert!(Compiler::named(format!("'{}' -O1", path.display()).as_ref()).is_ok());
}

#[test]
fn a_broken_library_file_is_the_compilers_message() {
    const BROKEN: LibFile = LibFile { name: "broken.c", text: "this is no C\n", defines: &["lib_broken"] };
    let text = "extern long lib_broken(void);\nlong f(void) { return lib_broken(); }\n";
    let source = Source::from_memory(&[("x.c", text)]).unwrap();
    let error = build(&source, &compilers()[0], &headers(), &exports(), &[BROKEN]).unwrap_err();
    assert!(error.to_string().contains("broken.c:1:"), "{error}");
}

#[test]
fn assembly_is_named_with_its_line() {
    let text = "int x;\nvoid f(void) { asm volatile(\"pause\"); }\n// asm(\"no\")\n";
    let source = Source::from_memory(&[("a.c", "int y;"), ("b.c", text)]).unwrap();
    let [warning] = &source.assembly()[..] else { panic!("one warning") };
    assert_eq!((warning.file.to_str().unwrap(), warning.line), ("b.c", 2));
    assert!(warning.what.contains("not seen by the checker"));
}

#[test]
fn settings_are_given_as_they_stand() {
    let text = "// expect: violated leak\n// ringzero: arrivals 4 2\nint x;\n// ringzero: cpus 3\n";
    let source =
        Source::from_memory(&[("a.c", text), ("b.c", "// ringzero: interrupts 1\n// expect: holds\n")]).unwrap();
    let expect = source.expect().unwrap();
    assert_eq!((expect.line, &expect.words[..]), (1, &["violated".to_owned(), "leak".to_owned()][..]));
    let settings: Vec<(u32, String)> = source.settings().into_iter().map(|s| (s.line, s.words.join(" "))).collect();
    assert_eq!(settings, [(2, "arrivals 4 2".to_owned()), (4, "cpus 3".to_owned()), (1, "interrupts 1".to_owned())]);
    assert_eq!(Source::from_memory(&[("a.c", "int x;\n// expect: holds\n")]).unwrap().expect(), None);
}
