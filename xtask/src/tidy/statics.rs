//! No raw `static` with interior mutability in `kernel/`: it would be shared between kernel instances and survive an
//! execution. State goes into `machine_local!`, `define_per_cpu!` or `global!`.

use super::Problem;
use super::source::{SourceFile, Tree, after_block, is_identifier_byte};

const RULE: &str = "raw-static";

/// The macros that give a static to each kernel instance.
const MACROS: [&str; 3] = ["machine_local!", "define_per_cpu!", "global!"];

/// Parts of type names that mean interior mutability: a word of the type that starts or ends so.
const PREFIXES: [&str; 1] = ["Atomic"];
const SUFFIXES: [&str; 8] = ["Cell", "Lock", "Mutex", "Once", "Lazy", "Semaphore", "RwSem", "Completion"];

/// Checks the kernel crates.
pub fn check(tree: &Tree) -> Vec<Problem> {
    tree.rust_below("kernel/").flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Problem> {
    let inside_macro: Vec<_> = MACROS
        .iter()
        .flat_map(|name| file.find_words(name))
        .filter_map(|start| file.code[start..].find('{').map(|open| start..after_block(&file.code, start + open)))
        .collect();
    let mut problems = Vec::new();
    for start in file.find_words("static") {
        // `'static` is a lifetime.
        if file.code[..start].ends_with('\'') || inside_macro.iter().any(|range| range.contains(&start)) {
            continue;
        }
        let rest = file.code[start + "static".len()..].trim_start();
        let declaration = &rest[..rest.find(['=', ';']).unwrap_or(rest.len())];
        let culprit = if declaration.starts_with("mut ") {
            Some("mut")
        } else {
            declaration.split_once(':').and_then(|(_, kind)| words(kind).find(|word| is_mutable(word)))
        };
        if let Some(culprit) = culprit {
            let message = format!("a raw static with `{culprit}`; use {} instead", MACROS.join(", "));
            problems.push(file.problem(start, RULE, message));
        }
    }
    problems
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii() || !is_identifier_byte(letter as u8)).filter(|word| !word.is_empty())
}

fn is_mutable(word: &str) -> bool {
    PREFIXES.iter().any(|prefix| word.starts_with(prefix)) || SUFFIXES.iter().any(|suffix| word.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        check_file(&SourceFile::new("kernel/irq/src/lib.rs", text)).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn raw_mutable_statics_are_problems() {
        let text = "pub static A: AtomicU32 = AtomicU32::new(0);\nstatic B: [core::cell::Cell<u8>; 2] = X;\n\
                    static mut C: u32 = 0;\nstatic D: SpinLock<u32> = Y;\n";
        let found = problems(text);
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(
            found[1].starts_with("kernel/irq/src/lib.rs:2: [raw-static] a raw static with `Cell`; use machine_local!")
        );
    }

    #[test]
    fn constants_macros_and_lifetimes_are_none() {
        let text = "static NAMES: [&'static str; 1] = [\"a\"];\nfn f(x: &'static Cell<u8>) {}\n\
                    machine_local! { static S: Cell<u8> = Cell::new(0); }\ndefine_per_cpu! {\n static P: Cell<u8> = Z; }\n\
                    global! { static L: SpinLock<u32> = W; }\nmacro_rules! m { ($n:ident) => { stringify!($n) } }\n";
        assert_eq!(problems(text), [""; 0]);
    }
}
