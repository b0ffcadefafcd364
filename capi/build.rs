//! Lists the headers and the C library, so that they can be embedded.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let mut out = String::new();
    for (name, folder, ending) in [("HEADERS", "include", "h"), ("LIB_FILES", "lib", "c")] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        collect(&Path::new(&root).join(folder), "", ending, &mut files)?;
        files.sort();
        writeln!(out, "const {name}: &[(&str, &str)] = &[").expect("a string grows");
        for file in files {
            println!("cargo::rerun-if-changed={folder}/{file}");
            let path = format!("{root}/{folder}/{file}");
            writeln!(out, "    ({file:?}, include_str!({path:?})),").expect("a string grows");
        }
        writeln!(out, "];").expect("a string grows");
    }
    let target = Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("embedded.rs");
    fs::write(target, out)
}

/// The files below `folder` that end so, as paths from it.
fn collect(folder: &Path, prefix: &str, ending: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if entry.file_type()?.is_dir() {
            println!("cargo::rerun-if-changed={}", entry.path().display());
            collect(&entry.path(), &format!("{path}/"), ending, files)?;
        } else if Path::new(&name).extension().is_some_and(|e| e == ending) {
            files.push(path);
        }
    }
    Ok(())
}
