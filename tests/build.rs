//! Makes functions of the programs on the pages of `docs/explain`, so that the pages are their only source.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The block of `page` that opens with this fence.
fn block<'a>(page: &'a str, name: &str, which: &str) -> &'a str {
    let fence = format!("\n```rust,{which}\n");
    let (_, rest) = page.split_once(&fence).unwrap_or_else(|| panic!("{name} has no block `rust,{which}`"));
    assert!(!rest.contains(&fence), "{name} has two blocks `rust,{which}`");
    let (body, _) = rest.split_once("\n```\n").unwrap_or_else(|| panic!("{name}: the block `{which}` has no end"));
    body
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
        let _ = writeln!(code, "mod {module} {{");
        for which in ["buggy", "fixed"] {
            let body = block(&page, name, which);
            let _ = writeln!(code, "pub(super) fn {which}() {{\n{body}\n}}");
        }
        let _ = writeln!(code, "}}");
        let _ = writeln!(list, "Page {{ code: \"{name}\", buggy: {module}::buggy, fixed: {module}::fixed }},");
    }
    let out = Path::new(&env::var_os("OUT_DIR").expect("run by cargo")).join("explain.rs");
    fs::write(out, format!("{code}{list}];\n")).expect("the output folder can be written to");
}
