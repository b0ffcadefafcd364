//! The header tree and the library's objects in the cache.

mod common;

use common::{Folder, HEADERS, LIB, call, compilers, exports};
use ringzero_module::{DebugInfo, Include, LibFile, Loaded, Source, build};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(dir).map_or(Vec::new(), |dir| dir.map(|e| e.unwrap().path()).collect());
    found.sort();
    found
}

#[test]
fn a_tree_is_written_once_and_repaired() {
    let cache = Folder::new();
    let at = cache.path().join("new/cache");
    let dir = Include::unpack_to(Some(&at), HEADERS).unwrap().dir().to_owned();
    let file = dir.join("linux/inner.h");
    let when = std::fs::metadata(&file).unwrap().modified().unwrap();
    let again = Include::unpack_to(Some(&at), HEADERS).unwrap();
    assert_eq!((again.dir(), std::fs::metadata(&file).unwrap().modified().unwrap()), (&*dir, when));
    std::fs::write(&file, "damaged").unwrap();
    let repaired = Include::unpack_to(Some(&at), HEADERS).unwrap();
    assert_eq!((repaired.dir(), std::fs::read_to_string(&file).unwrap().as_str()), (&*dir, HEADERS[1].1));
    let other = Include::unpack_to(Some(&at), &HEADERS[1..]).unwrap();
    assert_ne!(other.dir(), dir);
    assert_eq!(entries(&at).len(), 2);
    assert!(Include::unpack_to(Some(&at), &[("../x.h", "")]).is_err());
}

#[test]
fn a_cache_that_cannot_be_written_is_replaced_for_the_time() {
    let cache = Folder::new();
    let file = cache.write("file", "");
    std::fs::set_permissions(cache.path(), std::fs::Permissions::from_mode(0o500)).unwrap();
    // Below a file nothing can be made, not even by root.
    let include = Include::unpack_to(Some(&file.join("cache")), HEADERS).unwrap();
    let dir = include.dir().to_owned();
    assert!(dir.starts_with(std::env::temp_dir()) && dir.join("linux/test.h").exists());
    drop(include);
    assert!(!dir.exists());
    std::fs::set_permissions(cache.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn library_files_come_when_needed_and_from_the_cache() {
    let text = "#include <linux/test.h>\nlong f(void) { return lib_outer(4); }\n";
    for compiler in compilers() {
        let cache = Folder::new();
        let objects = cache.path().join("objects");
        let run = |lib: &[LibFile], text: &str| {
            let include = Include::unpack_to(Some(cache.path()), HEADERS).unwrap();
            let source = Source::from_memory(&[("x.c", text)]).unwrap();
            let built = build(&source, &compiler, &include, &exports(), lib).unwrap();
            call(&Loaded::load(&built, &exports()).unwrap(), "f")
        };
        assert_eq!(run(LIB, "long f(void) { return 1; }\n"), 1);
        assert_eq!(entries(&objects), [""; 0].map(PathBuf::from));
        assert_eq!(run(LIB, text), 9);
        let cached = entries(&objects);
        assert_eq!(cached.len(), 2, "outer.c and, for it, twice.c");
        assert_eq!(run(LIB, text), 9);
        assert_eq!(entries(&objects), cached);
        // What is used is really the cached object: put another one in its place.
        let fake = [LibFile { text: "long lib_outer(long a) { return a; }\n", ..LIB[1] }];
        assert_eq!(run(&fake, text), 4);
        let new = entries(&objects).into_iter().find(|path| !cached.contains(path)).unwrap();
        for path in &cached {
            std::fs::copy(&new, path).unwrap();
        }
        assert_eq!(run(LIB, text), 4);
        // A damaged object is compiled again.
        for path in entries(&objects) {
            std::fs::write(path, b"damaged, longer than a checksum").unwrap();
        }
        assert_eq!(run(LIB, text), 9);
    }
}

#[test]
fn code_of_the_library_is_not_the_users() {
    const CALLS: LibFile = LibFile {
        name: "calls.c",
        text: "extern void note(const void *);\nlong lib_calls(void) {\n\tnote(0);\n\treturn 0;\n}\n",
        defines: &["lib_calls"],
    };
    let cache = Folder::new();
    for compiler in compilers() {
        for _ in 0..2 {
            let include = Include::unpack_to(Some(cache.path()), HEADERS).unwrap();
            let text = "long lib_calls(void);\nlong f(void) { return lib_calls(); }\n";
            let source = Source::from_memory(&[("x.c", text)]).unwrap();
            let built = build(&source, &compiler, &include, &exports(), &[CALLS]).unwrap();
            let loaded = Loaded::load(&built, &exports()).unwrap();
            call(&loaded, "f");
            let [(_, ra)] = common::noted()[..] else { panic!("one call") };
            let place = DebugInfo::new(&built).call_place(loaded.offset_of(ra).unwrap()).unwrap();
            assert!(place.ours);
            assert_eq!(place.to_string(), "lib/calls.c:3");
        }
    }
}
