//! Data addresses as names, functions, and the fingerprint.

mod common;

use common::{build_text, call, compilers, exports, headers, line_of};
use ringzero_module::{DebugInfo, Loaded, Source, build};

const DATA: &str = "#include <linux/test.h>
struct point { int x, y; };
struct ring {
	lock_t lock;
	struct { long head, tail; };
	struct point points[4][2];
	union { int number; char bytes[4]; } u;
	struct list_head list;
	unsigned flag : 3;
};
static struct ring ring[3]; // ring
static volatile const int plain = 4;
static char text[20];
static void *pointer;
long use(void) {
	static int inner; // inner
	inner++; text[3] = 1; pointer = &text; ring[1].flag = plain;
	return (long)&inner;
}
#define A(name, e) long name(void) { return (long)&(e); }
A(a_lock, ring[0].lock) A(a_owner, ring[0].lock.owner) A(a_head, ring[2].head) A(a_y, ring[1].points[3][1].y)
A(a_byte, ring[0].u.bytes[2]) A(a_prev, ring[0].list.prev) A(a_text, text[7]) A(a_plain, plain) A(a_pointer, pointer)
";

#[test]
fn data_have_the_names_of_the_source() {
    for compiler in compilers() {
        let built = build_text(&compiler, DATA).unwrap();
        let loaded = Loaded::load(&built, &exports()).unwrap();
        let debug = DebugInfo::new(&built);
        let offset = |name: &str| loaded.offset_of(call(&loaded, name) as usize).unwrap();
        let name = |function: &str| debug.object(offset(function)).unwrap();
        for (function, expected) in [
            ("a_lock", "ring[0].lock"),
            ("a_owner", "ring[0].lock"),
            ("a_head", "ring[2].head"),
            ("a_y", "ring[1].points[3][1].y"),
            ("a_byte", "ring[0].u.number+0x2"),
            ("a_prev", "ring[0].list.prev"),
            ("a_text", "text[7]"),
            ("a_plain", "plain"),
            ("a_pointer", "pointer"),
            ("use", "inner"),
        ] {
            assert_eq!(name(function), expected, "{}", built.compiler());
        }
        assert_eq!(debug.object(offset("a_plain") + 1).unwrap(), "plain+0x1");
        let place = debug.variable_place(offset("a_y")).unwrap();
        assert_eq!(place.to_string(), format!("drv/x.c:{}", line_of(DATA, "// ring")));
        let place = debug.variable_place(offset("use")).unwrap();
        assert_eq!(place.line, line_of(DATA, "// inner"));
        let function = loaded.offset_of(loaded.symbol("use").unwrap()).unwrap();
        assert_eq!(debug.function(function + 3), Some("use"));
        assert_eq!(debug.variable_place(function), None);
        assert_eq!(debug.function(offset("a_lock")), None);
        assert_eq!((debug.place(usize::MAX), debug.object(usize::MAX), debug.call_place(0)), (None, None, None));
    }
}

#[test]
fn calls_in_equal_branches_keep_their_lines() {
    let text = "#include <linux/test.h>
static int x, y;
static volatile int choice;
long pick(void)
{
	if (choice) {
		note(&x); // lower 1
		y = 4;
		note(&y);
	} else {
		note(&x); // lower 2
		y = 4;
		note(&y);
	}
	return 0;
}
long choose(void) { choice = 1; return 0; }
";
    for compiler in compilers() {
        let built = build_text(&compiler, text).unwrap();
        let loaded = Loaded::load(&built, &exports()).unwrap();
        let debug = DebugInfo::new(&built);
        let lines = || {
            call(&loaded, "pick");
            let line = |(_, ra)| debug.call_place(loaded.offset_of(ra).unwrap()).unwrap().line;
            common::noted().into_iter().map(line).collect::<Vec<u32>>()
        };
        assert_eq!(lines(), [11, 13], "{}", built.compiler());
        call(&loaded, "choose");
        assert_eq!(lines(), [7, 9], "{}", built.compiler());
    }
}

#[test]
fn equal_functions_keep_their_names() {
    let text = "#include <linux/test.h>
static int x;
long one(void) { note(&x); return 0; } // one
long two(void) { note(&x); return 0; } // two
";
    for compiler in compilers() {
        let built = build_text(&compiler, text).unwrap();
        let loaded = Loaded::load(&built, &exports()).unwrap();
        let debug = DebugInfo::new(&built);
        for name in ["one", "two"] {
            call(&loaded, name);
            let [(_, ra)] = common::noted()[..] else { panic!("one call") };
            let offset = loaded.offset_of(ra).unwrap();
            assert_eq!(debug.call_place(offset).unwrap().line, line_of(text, &format!("// {name}")));
            assert_eq!(debug.function(offset), Some(name));
        }
    }
}

#[test]
fn the_fingerprint_tells_programs_and_compilers_apart() {
    let text = "long f(void) { return 1; }\n";
    let all = compilers();
    let print = |index: usize, text: &str| build_text(&all[index], text).unwrap().fingerprint();
    assert_eq!(print(0, text), print(0, text));
    assert_ne!(print(0, text), print(0, "long f(void) { return 2; }\n"));
    if all.len() > 1 {
        assert_ne!(print(0, text), print(1, text));
    }
}

#[test]
fn a_header_path_is_the_same_wherever_the_tree_lies() {
    let text = "#include <linux/where.h>\nlong f(void) { return (long)where; }\n";
    let tree = [("linux/where.h", "static const char *const where = __FILE__;\n")];
    for compiler in compilers() {
        let print = || {
            let include = ringzero_module::Include::unpack_to(None, &tree).unwrap();
            let built = build(&Source::from_memory(&[("x.c", text)]).unwrap(), &compiler, &include, &exports(), &[]);
            let loaded = Loaded::load(&built.unwrap(), &exports()).unwrap();
            // SAFETY: the program gives a C string that lives as long as the copy.
            unsafe { std::ffi::CStr::from_ptr(call(&loaded, "f") as *const std::ffi::c_char) }.to_owned()
        };
        assert_eq!(print().to_str().unwrap(), "/ringzero/include/linux/where.h");
        assert_eq!(print(), print());
    }
    drop(headers());
}
