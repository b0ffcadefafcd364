//! Makes functions of the programs in Rust on the pages of `docs/explain`, and texts of those in C, so that the pages
//! are their only source.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The block of `page` that opens with this fence, if there is one.
fn block<'a>(page: &'a str, name: &str, fence: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n```{fence}\n"))?;
    assert!(!rest.contains(&format!("\n```{fence}\n")), "{name} has two blocks `{fence}`");
    let (body, _) = rest.split_once("\n```\n").unwrap_or_else(|| panic!("{name}: the block `{fence}` has no end"));
    Some(body)
}

/// The two programs of `page`: whether they are C, and their texts.
fn programs<'a>(page: &'a str, name: &str) -> (bool, [&'a str; 2]) {
    let in_language = |l: &str| ["buggy", "fixed"].map(|which| block(page, name, &format!("{l},{which}")));
    match [in_language("rust"), in_language("c")] {
        [[Some(buggy), Some(fixed)], [None, None]] => (false, [buggy, fixed]),
        [[None, None], [Some(buggy), Some(fixed)]] => (true, [buggy, fixed]),
        _ => panic!("{name} has not exactly one buggy and one fixed program, both in Rust or both in C"),
    }
}

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("run by cargo"));
    let pages = root.join("../docs/explain");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", pages.display());
    let mut files: Vec<PathBuf> = fs::read_dir(&pages).expect("the pages").map(|f| f.expect("a page").path()).collect();
    files.sort();
    let mut code = String::from("// Made of docs/explain/*.md by build.rs.\n");
    let mut list = String::from("const PAGES: &[Page] = &[\n");
    for file in files.iter().filter(|f| f.extension().is_some_and(|e| e == "md")) {
        println!("cargo::rerun-if-changed={}", file.display());
        let name = file.file_stem().and_then(|s| s.to_str()).expect("a code");
        let page = fs::read_to_string(file).expect("a page in UTF-8");
        let module = name.replace('-', "_");
        let (is_c, [buggy, fixed]) = programs(&page, name);
        if is_c {
            let c = |text: &str| format!("Program::C({:?})", format!("{text}\n"));
            let _ = writeln!(list, "Page {{ code: \"{name}\", buggy: {}, fixed: {} }},", c(buggy), c(fixed));
            continue;
        }
        let _ = writeln!(code, "mod {module} {{");
        for (which, body) in [("buggy", buggy), ("fixed", fixed)] {
            let _ = writeln!(code, "pub(super) fn {which}() {{\n{body}\n}}");
        }
        let _ = writeln!(code, "}}");
        let rust = |which: &str| format!("Program::Rust({module}::{which})");
        let _ = writeln!(list, "Page {{ code: \"{name}\", buggy: {}, fixed: {} }},", rust("buggy"), rust("fixed"));
    }
    let out = Path::new(&env::var_os("OUT_DIR").expect("run by cargo")).join("explain.rs");
    fs::write(out, format!("{code}{list}];\n")).expect("the output folder can be written to");
}
