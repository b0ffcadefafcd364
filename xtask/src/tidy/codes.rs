//! Each finding code that `checker/findings` declares has its page `docs/explain/CODE.md`, and the other way round.

use super::Problem;
use super::length::functions;
use super::source::{SourceFile, Tree, after_block};
use std::collections::BTreeMap;

const RULE: &str = "finding-pages";
const SOURCES: &str = "checker/findings/src/";
const PAGES: &str = "docs/explain/";

/// The functions that give a code: the arms `=> "..."` in their bodies declare codes.
const CODE_FUNCTIONS: [&str; 2] = ["code", "as_str"];

/// Checks codes against pages.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let mut codes = BTreeMap::new();
    for file in tree.rust_below(SOURCES) {
        for (code, at) in declared_codes(file) {
            codes.entry(code).or_insert_with(|| file.problem(at, RULE, String::new()));
        }
    }
    let page_of = |path: &str| {
        let name = path.strip_prefix(PAGES)?.strip_suffix(".md")?;
        (!name.contains('/') && !["README", "index"].contains(&name)).then(|| name.to_owned())
    };
    let pages: BTreeMap<String, &SourceFile> =
        tree.files.iter().filter_map(|file| Some((page_of(&file.path)?, file))).collect();
    let mut problems = Vec::new();
    for (code, place) in &codes {
        if !pages.contains_key(code) {
            problems
                .push(Problem { message: format!("the code `{code}` has no page {PAGES}{code}.md"), ..place.clone() });
        }
    }
    for (page, file) in &pages {
        if !codes.contains_key(page) {
            problems.push(file.problem_whole(RULE, format!("no code `{page}` is declared in {SOURCES}")));
        }
    }
    problems
}

/// The codes that a source file declares, with their offsets: `code: "irq-deadlock"` anywhere, and
/// `=> "irq-deadlock"` in the functions of [`CODE_FUNCTIONS`]. Adapt this when the codes are declared in another way.
fn declared_codes(file: &SourceFile) -> Vec<(String, usize)> {
    let bodies: Vec<_> = functions(file)
        .into_iter()
        .filter(|(name, ..)| CODE_FUNCTIONS.contains(&name.as_str()))
        .filter_map(|(_, start, _)| Some(start..after_block(&file.code, start + file.code[start..].find('{')?)))
        .collect();
    let fields = file.find_words("code:").map(|at| at + "code:".len());
    let arms = file.find_words("=>").filter(|at| bodies.iter().any(|body| body.contains(at))).map(|at| at + 2);
    fields.chain(arms).filter_map(|at| Some((code_literal(&file.text[at..])?, at))).collect()
}

/// The code in the string literal that `text` starts with, if it is one: small letters, digits and dashes.
fn code_literal(text: &str) -> Option<String> {
    let (literal, _) = text.trim_start().strip_prefix('"')?.split_once('"')?;
    let good = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (!literal.is_empty() && literal.chars().all(good)).then(|| literal.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "const A: Info = Info { code: \"leak\", title: \"x\" };\n\
        fn code(self) -> &str { match self { Self::Irq => \"irq-deadlock\", Self::Hang => \"hang\" } }\n\
        fn help(self) -> &str { match self { Self::Irq => \"other\" } } // code: \"none\"\n";

    fn problems(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(path, text)| SourceFile::new(path, text)).collect();
        check(&Tree { crates: vec![], files }).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn both_ways_of_declaring_are_seen() {
        let codes = declared_codes(&SourceFile::new("a.rs", SOURCE));
        assert_eq!(codes.into_iter().map(|(code, _)| code).collect::<Vec<_>>(), ["leak", "irq-deadlock", "hang"]);
    }

    #[test]
    fn a_missing_page_and_a_page_without_a_code_are_problems() {
        let found = problems(&[
            ("checker/findings/src/lib.rs", SOURCE),
            ("docs/explain/leak.md", ""),
            ("docs/explain/hang.md", ""),
            ("docs/explain/livelock.md", ""),
            ("docs/explain/README.md", ""),
        ]);
        assert_eq!(
            found,
            [
                "checker/findings/src/lib.rs:2: [finding-pages] the code `irq-deadlock` has no page docs/explain/irq-deadlock.md",
                "docs/explain/livelock.md: [finding-pages] no code `livelock` is declared in checker/findings/src/",
            ]
        );
    }
}
