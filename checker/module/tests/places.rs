//! Return addresses and data addresses come back as places and names, with gcc and with clang.

mod common;

use common::{Folder, build_text, call, compilers, exports, headers, line_of, noted};
use ringzero_module::{Build, DebugInfo, Include, Loaded, Source, build};
use std::path::PathBuf;

const CALLS: &str = "#include <linux/test.h>
static int x;
long plain(void)
{
	note(&x); // direct
	return 0;
}
long inlined(void)
{
	outer(&x); // through two inlined functions
	return 0;
}
long out_of_line(void)
{
	apart(&x);
	return 0;
}
static __attribute__((always_inline)) inline void mine(void)
{
	inner(&x); // in a function of mine
}
long own(void)
{
	mine();
	return 0;
}
long five(void)
{
	return sum5(1, 2, 3, 4, 5); // five
}
";

#[test]
fn a_return_address_is_the_line_of_the_call() {
    for compiler in compilers() {
        let built = build_text(&compiler, CALLS).unwrap();
        let loaded = Loaded::load(&built, &exports()).unwrap();
        let debug = DebugInfo::new(&built);
        let place = |name: &str| {
            call(&loaded, name);
            let [(_, ra)] = noted()[..] else { panic!("one call of note") };
            assert!(loaded.text().contains(&ra));
            debug.call_place(loaded.offset_of(ra).unwrap()).unwrap()
        };
        let check = |name: &str, mark: &str, function: &str| {
            let place = place(name);
            assert_eq!(place.to_string(), format!("drv/x.c:{}", line_of(CALLS, mark)), "{}", built.compiler());
            assert_eq!(place.function.as_deref(), Some(function));
            assert!(!place.ours && place.column > 0);
        };
        check("plain", "// direct", "plain");
        check("inlined", "// through", "inlined");
        check("own", "// in a function", "mine");
        check("five", "// five", "five");
        let place = place("out_of_line");
        assert!(place.ours);
        assert_eq!(place.to_string(), "include/linux/inner.h:11");
    }
}

#[test]
fn files_of_the_user_are_shown_from_the_current_folder() {
    let folder = Folder::new();
    let text = "#include <linux/test.h>\n#include \"sub/near.h\"\nlong f(void) { near(); return 0; }\n";
    let path = folder.write("x.c", text);
    let near = "static inline __attribute__((always_inline)) void near(void)\n{\n\tnote(0);\n}\n";
    folder.write("sub/near.h", near);
    let here = std::env::current_dir().unwrap();
    // From here to the root and down again: a relative path to a file outside.
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = up.join(path.strip_prefix("/").unwrap());
    for compiler in compilers() {
        for (given, shown) in [(&path, &folder.path().to_owned()), (&relative, &relative.parent().unwrap().to_owned())]
        {
            let source = Source::of(std::slice::from_ref(given)).unwrap();
            let built = build(&source, &compiler, &headers(), &exports(), &[]).unwrap();
            let loaded = Loaded::load(&built, &exports()).unwrap();
            call(&loaded, "f");
            let [(_, ra)] = noted()[..] else { panic!("one call") };
            let place = DebugInfo::new(&built).call_place(loaded.offset_of(ra).unwrap()).unwrap();
            assert_eq!(place.to_string(), format!("{}/sub/near.h:3", shown.display()));
        }
    }
}

#[test]
fn what_explorers_share_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<DebugInfo>();
    shared::<Build>();
    shared::<Include>();
    sent::<Loaded>();
}

#[test]
fn all_arguments_and_the_result_get_through() {
    for compiler in compilers() {
        let loaded = Loaded::load(&build_text(&compiler, CALLS).unwrap(), &exports()).unwrap();
        assert_eq!(call(&loaded, "five"), 54_321);
    }
}
