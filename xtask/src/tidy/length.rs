//! Small rooms: files under 800 lines, functions under 120.

use super::Problem;
use super::source::{SourceFile, Tree, after_block, is_identifier_byte};

/// A Rust file has fewer lines.
const FILE_LIMIT: usize = 800;
/// A function has fewer lines, from its `fn` to its closing brace.
const FUNCTION_LIMIT: usize = 120;

/// Checks every Rust file.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut problems = Vec::new();
    for file in tree.rust_below("") {
        let lines = file.text.lines().count();
        if lines >= FILE_LIMIT {
            let message = format!("{lines} lines; split it by subject, a file stays under {FILE_LIMIT}");
            problems.push(file.problem_whole("file-length", message));
        }
        for (name, start, lines) in functions(file) {
            if lines >= FUNCTION_LIMIT {
                let message = format!("`{name}` has {lines} lines; a function stays under {FUNCTION_LIMIT}");
                problems.push(file.problem(start, "function-length", message));
            }
        }
    }
    problems
}

/// The functions with a body: name, offset, and lines from `fn` to the closing brace.
pub fn functions(file: &SourceFile) -> Vec<(String, usize, usize)> {
    let code = file.code.as_bytes();
    let mut found = Vec::new();
    for start in file.find_words("fn") {
        let rest = file.code[start + 2..].trim_start();
        let name: String = rest.bytes().take_while(|byte| is_identifier_byte(*byte)).map(char::from).collect();
        // `fn(u32)` is a type.
        if name.is_empty() {
            continue;
        }
        let mut depth = 0_i32;
        let body = (start..code.len()).find(|&offset| {
            depth += match code[offset] {
                b'(' | b'[' => 1,
                b')' | b']' => -1,
                _ => 0,
            };
            depth == 0 && matches!(code[offset], b'{' | b';')
        });
        // A `;` ends a declaration without a body.
        if let Some(open) = body.filter(|open| code[*open] == b'{') {
            let end = after_block(&file.code, open);
            found.push((name, start, file.line_of(end) - file.line_of(start) + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let files = vec![SourceFile::new("machine/src/lib.rs", text)];
        check(&Tree { crates: vec![], files }).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn a_long_file_is_a_problem() {
        assert_eq!(problems(&"\n".repeat(799)), [""; 0]);
        assert!(problems(&"\n".repeat(800))[0].starts_with("machine/src/lib.rs: [file-length] 800 lines"));
    }

    #[test]
    fn a_long_function_is_a_problem_at_its_line() {
        let body = |lines: usize| format!("\nfn f(a: [u8; 3]) {{{}}}\nfn g() {{}}\n", "\n".repeat(lines - 1));
        assert_eq!(problems(&body(119)), [""; 0]);
        assert!(problems(&body(120))[0].starts_with("machine/src/lib.rs:2: [function-length] `f` has 120 lines"));
    }

    #[test]
    fn types_and_declarations_are_no_functions() {
        let file = SourceFile::new("a.rs", "trait T { fn a(f: fn(u32)); fn b() { \"}\"; } }");
        let names: Vec<_> = functions(&file).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["b"]);
    }
}
