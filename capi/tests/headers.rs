//! The headers: each compiles by itself, says what sparse wants to hear, and refuses what it must.

mod common;

use common::{INCLUDE, compiler, compilers, scratch, text, there_is};
use ringzero_capi::embed::headers;
use std::io::Write;
use std::process::{Command, Stdio};

/// Checks `source`; what the compiler says about it, and whether it took it.
fn check(cc: &str, source: &str) -> (String, bool) {
    let mut child = compiler(cc)
        .args(["-fsyntax-only", "-x", "c", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (text(&output), output.status.success())
}

/// Calls `f` with each item, on all processors; what it returns, in order.
fn everywhere<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let part = items.len().div_ceil(jobs).max(1);
        let parts: Vec<_> =
            items.chunks(part).map(|part| scope.spawn(|| part.iter().map(&f).collect::<Vec<_>>())).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

#[test]
fn each_header_compiles_by_itself_and_twice() {
    for cc in compilers() {
        let said = everywhere(headers(), |(path, _)| check(cc, &format!("#include <{path}>\n#include <{path}>\n")).0);
        for ((path, _), said) in headers().iter().zip(said) {
            assert_eq!(said, "", "{cc}: {path}");
        }
    }
}

#[test]
fn sparse_has_nothing_to_say() {
    if !there_is("sparse") {
        return;
    }
    let said = everywhere(headers(), |(path, _)| {
        let file = scratch(&format!("sparse-{}.c", path.replace('/', "-")));
        std::fs::write(&file, format!("#include <{path}>\n")).unwrap();
        let mut sparse = Command::new("sparse");
        sparse.args([
            "-std=gnu11",
            "-nostdinc",
            "-D__KERNEL__",
            "-DMODULE",
            "-Wsparse-all",
            "-Wno-shadow",
            "-Wno-decl",
        ]);
        text(&sparse.arg("-I").arg(INCLUDE).arg(&file).output().unwrap())
    });
    for ((path, _), said) in headers().iter().zip(said) {
        assert_eq!(said, "", "{path}");
    }
}

#[test]
fn every_header_says_its_licence_and_guards_itself() {
    for (path, text) in headers() {
        let guard = format!("_RZ_{}", path.to_uppercase().replace(['/', '.', '-'], "_"));
        let head = format!("/* SPDX-License-Identifier: MIT OR Apache-2.0 */\n#ifndef {guard}\n#define {guard}\n");
        assert!(text.starts_with(&head), "{path} does not begin with its licence and {guard}");
        assert!(text.ends_with("#endif\n") && text.lines().count() < 800, "{path}");
    }
}

/// A function body that must compile without a word, and one that is like it and must not.
const REFUSED: &[(&str, &str, &str)] = &[
    ("linux/kernel.h", "int a[4]; return ARRAY_SIZE(a);", "int *a = 0; return ARRAY_SIZE(a);"),
    (
        "linux/kernel.h",
        "struct s { int a; long b; } s; return container_of(&s.b, struct s, b) == &s;",
        "struct s { int a; long b; } s; return container_of(&s.a, struct s, b) == &s;",
    ),
    ("linux/minmax.h", "int a = 1, b = 2; return min(a, b);", "int a = 1; unsigned int b = 2; return min(a, b);"),
    ("linux/minmax.h", "unsigned long a = 1; return max(a, 4);", "unsigned long a = 1; return max(a, -4);"),
    ("linux/minmax.h", "long a = 1; return min(a, 4);", "long a = 1; return min(a, 4ul);"),
    ("linux/minmax.h", "u8 a = 1; int b = 2; return min(a, b);", "u8 a = 1; u32 b = 2; return min(a, b);"),
    ("linux/build_bug.h", "BUILD_BUG_ON(sizeof(int) != 4); return 0;", "BUILD_BUG_ON(sizeof(int) == 4); return 0;"),
    ("linux/build_bug.h", "static_assert(1); return BUILD_BUG_ON_ZERO(0);", "return BUILD_BUG_ON_ZERO(1);"),
    ("linux/bits.h", "return GENMASK(3, 0);", "return GENMASK(0, 3);"),
    ("linux/bitfield.h", "return FIELD_PREP(0xf0, 15);", "return FIELD_PREP(0xf0, 16);"),
    (
        "linux/compiler.h",
        "long x = 1; return READ_ONCE(x);",
        "struct { char c[3]; } x = { 0 }; return READ_ONCE(x).c[0];",
    ),
    ("linux/printk.h", "pr_info(\"%d\\n\", 1); return 0;", "pr_info(\"%s\\n\", 1); return 0;"),
    ("linux/printk.h", "pr_debug(\"%d\\n\", 1); return 0;", "pr_debug(\"%d\\n\", 1L); return 0;"),
    ("linux/err.h", "return PTR_ERR(ERR_PTR(-EINVAL));", "ERR_PTR(-EINVAL); return 0;"),
    ("linux/bug.h", "return WARN_ON(1);", "return BUG_ON(1);"),
];

#[test]
fn what_must_be_refused_is() {
    for cc in compilers() {
        for (header, good, bad) in REFUSED {
            let program = |body| format!("#include <{header}>\nint f(void);\nint f(void)\n{{\n{body}\n}}\n");
            // Some checks are made when code is generated.
            let said = |body| {
                let (source, object) = (scratch(&format!("{cc}-refused.c")), scratch(&format!("{cc}-refused.o")));
                std::fs::write(&source, program(body)).unwrap();
                let output = compiler(cc).arg("-c").arg("-o").arg(object).arg(source).output().unwrap();
                text(&output)
            };
            assert_eq!(said(good), "", "{cc}: {good}");
            assert_ne!(said(bad), "", "{cc}: {bad}");
        }
    }
}

#[test]
fn parameters_are_checked_against_their_type() {
    let program = |declaration: &str| format!("#include <linux/module.h>\n{declaration}\nMODULE_LICENSE(\"GPL\");\n");
    let types = [
        ("byte", "unsigned char"),
        ("short", "short"),
        ("ushort", "unsigned short"),
        ("int", "int"),
        ("uint", "unsigned int"),
        ("long", "long"),
        ("ulong", "unsigned long"),
        ("ullong", "unsigned long long"),
        ("hexint", "unsigned int"),
        ("charp", "char *"),
        ("bool", "bool"),
        ("invbool", "bool"),
        ("bint", "int"),
    ];
    for cc in compilers() {
        for (kind, ty) in types {
            let good = program(&format!(
                "static {ty} v; module_param(v, {kind}, 0644);\nstatic {ty} a[3]; static unsigned int n;\n\
                 module_param_array(a, {kind}, &n, 0444); MODULE_PARM_DESC(a, \"three\" \" of them\");"
            ));
            assert_eq!(check(cc, &good), (String::new(), true), "{cc}: {kind}");
            let bad = program(&format!("static struct {{ int x; }} v; module_param(v, {kind}, 0644);"));
            assert!(!check(cc, &bad).1 || !check(cc, &bad).0.is_empty(), "{cc}: {kind}");
        }
        let mode = program("static int v; module_param(v, int, 1777);");
        assert!(!check(cc, &mode).1, "{cc}: a mode that is none");
    }
}
