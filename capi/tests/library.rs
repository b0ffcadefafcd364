//! What the headers declare exists: as an export with as many arguments, or in the C library.

mod common;

use common::{compiler, compilers, scratch, text, there_is};
use ringzero_capi::embed::{headers, lib_files, lib_symbols};
use ringzero_capi::exports::exports;
use std::collections::BTreeMap;
use std::process::Command;

#[test]
fn the_library_compiles_without_a_word_and_defines_what_is_said() {
    for cc in compilers() {
        for (name, source) in lib_files() {
            let (file, object) = (scratch(&format!("{cc}-{name}")), scratch(&format!("{cc}-{name}.o")));
            std::fs::write(&file, source).unwrap();
            let output = compiler(cc).arg("-c").arg("-o").arg(&object).arg(&file).output().unwrap();
            assert_eq!(text(&output), "", "{cc}: {name}");
            if !there_is("nm") {
                continue;
            }
            let listing = Command::new("nm").args(["-g", "--defined-only", "-P"]).arg(&object).output().unwrap();
            let listing = text(&listing);
            let mut defined: Vec<_> = listing.lines().filter_map(|line| line.split_whitespace().next()).collect();
            defined.sort_unstable();
            assert_eq!(defined, lib_symbols(name), "{cc}: {name}: correct LIB_SYMBOLS");
        }
    }
}

#[test]
fn each_file_of_the_library_says_its_licence() {
    for (name, text) in lib_files() {
        assert!(text.starts_with("// SPDX-License-Identifier: MIT OR Apache-2.0\n"), "{name}");
        assert!(!lib_symbols(name).is_empty(), "{name} is not in LIB_SYMBOLS");
    }
}

/// The functions that the headers declare and do not define, with the number of their arguments.
fn declared() -> BTreeMap<String, usize> {
    let (source, listing) = (scratch("all.c"), scratch("all.X"));
    let all: String = headers().iter().map(|(path, _)| format!("#include <{path}>\n")).collect();
    std::fs::write(&source, all).unwrap();
    let output = compiler("gcc").arg("-fsyntax-only").arg("-aux-info").arg(&listing).arg(&source).output().unwrap();
    assert_eq!(text(&output), "", "all headers together");
    let listing = std::fs::read_to_string(listing).unwrap();
    let mut functions = BTreeMap::new();
    for line in listing.lines().filter_map(|line| Some(line.split_once("C */ extern ")?.1)) {
        // TYPE NAME (ARGUMENTS); where arguments may have parentheses of their own.
        let (head, arguments) = line.split_once(" (").unwrap();
        let name = head.trim_start_matches(|c| c != ' ').rsplit([' ', '*']).next().unwrap_or(head);
        let arguments = arguments.trim_end_matches(';').trim_end_matches(')');
        let mut depth = 0;
        let commas = arguments.chars().filter(|c| {
            depth += i32::from(*c == '(') - i32::from(*c == ')');
            *c == ',' && depth == 0
        });
        let count = if arguments == "void" { 0 } else { commas.count() + 1 };
        functions.insert(name.to_owned(), count);
    }
    functions
}

#[test]
fn what_is_declared_exists_and_takes_as_many_arguments() {
    if !there_is("gcc") {
        return;
    }
    let declared = declared();
    assert!(declared.len() > 300 && declared["memcpy"] == 3 && declared["__rz_kunit_fail"] == 3);
    let exported: BTreeMap<_, _> = exports().map(|e| (e.name, usize::from(e.args))).collect();
    let in_library: Vec<_> = lib_files().iter().flat_map(|(name, _)| lib_symbols(name)).collect();
    let wrong: Vec<_> = declared
        .iter()
        .filter(|(name, _)| !in_library.contains(&&name.as_str()))
        .filter(|(name, args)| exported.get(name.as_str()) != Some(args))
        .map(|(name, args)| format!("{name}: {args} arguments declared, exported: {:?}", exported.get(name.as_str())))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let twice: Vec<_> = in_library.iter().filter(|name| exported.contains_key(**name)).collect();
    assert!(twice.is_empty(), "in the library and exported: {twice:?}");
}
