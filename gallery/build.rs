//! Lists the C programs of the gallery, which are compiled in as text.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=c");
    let mut files = Vec::new();
    collect(&root.join("c"), &mut files);
    files.sort();
    let mut out = String::from("&[\n");
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
        let below = file.strip_prefix(&root).unwrap_or(file).display().to_string();
        let name = below.trim_end_matches(".c");
        let _ = writeln!(
            out,
            "    CProgram {{ name: {name:?}, path: {:?}, text: include_str!({:?}) }},",
            format!("gallery/{below}"),
            file.display().to_string()
        );
    }
    out.push_str("]\n");
    let to = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("c_programs.rs");
    if let Err(e) = std::fs::write(&to, out) {
        println!("cargo::error=cannot write {}: {e}", to.display());
    }
}

/// The C files in a folder and below it.
fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    println!("cargo::rerun-if-changed={}", dir.display());
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "c") {
            files.push(path);
        }
    }
}
