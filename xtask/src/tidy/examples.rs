//! Each public type and each macro that the face re-exports has an example in its documentation, written as a user of the
//! face would write it.
//!
//! Types are told by their names: they begin with a capital and have small letters.

use super::Problem;
use super::source::{Crate, SourceFile, Tree, after_block, is_identifier_byte};
use std::collections::BTreeSet;

const RULE: &str = "example";

/// The folder of the face.
const FACE: &str = "ringzero";

/// What a definition begins with.
const KEYWORDS: [&str; 7] =
    ["pub struct", "pub enum", "pub union", "pub trait", "pub unsafe trait", "pub type", "macro_rules!"];

/// What may stand behind the fence of an example that is compiled and run.
const RUN: [&str; 3] = ["", "rust", "standalone_crate"];

/// Checks the face.
pub fn check(tree: &Tree) -> Vec<Problem> {
    let Some(face) = root_of(tree, FACE) else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for item in all_of(tree, FACE) {
        match definition(tree, &item.folder, &item.name) {
            Some((file, at)) if seen.insert((&file.path, at)) && !has_example(&docs_above(file, at)) => {
                let message = format!("`{}` needs an example in its docs that uses `ringzero::`", item.path());
                problems.push(file.problem(at, RULE, message));
            }
            None if is_type(&item.name) => {
                let message = format!("`{}` is re-exported, but no definition is found", item.path());
                problems.push(face.problem_whole(RULE, message));
            }
            _ => {}
        }
    }
    problems
}

/// Something that is re-exported.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    /// The folder of the package where it is defined.
    folder: String,
    name: String,
    /// The module of the face it is in; empty for the root.
    module: String,
}

impl Item {
    fn new(folder: &str, name: &str) -> Self {
        Self { folder: folder.into(), name: name.into(), module: String::new() }
    }

    fn path(&self) -> String {
        [FACE, &self.module, &self.name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("::")
    }
}

fn root_of<'a>(tree: &'a Tree, folder: &str) -> Option<&'a SourceFile> {
    let path = format!("{folder}/src/lib.rs");
    tree.files.iter().find(|file| file.path == path)
}

/// All that the root of the package in `folder` makes public: what it re-exports, and its macros.
fn all_of(tree: &Tree, folder: &str) -> Vec<Item> {
    let Some(file) = root_of(tree, folder) else { return Vec::new() };
    let mut items = Vec::new();
    for start in file.find_words("pub use") {
        let modules = enclosing(file, start);
        if modules.iter().any(|module| module.hidden) || hidden(file, start) {
            continue;
        }
        let statement = &file.code[start + "pub use".len()..];
        let mut paths = Vec::new();
        flatten(&statement[..statement.find(';').unwrap_or(0)], &[], &mut paths);
        let module: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
        for path in paths {
            let found = resolve(tree, folder, &path);
            items.extend(found.into_iter().map(|item| Item { module: module.join("::"), ..item }));
        }
    }
    let macros = tree.rust_below(folder).filter(|file| file.path.starts_with(&format!("{folder}/src/")));
    for file in macros {
        let exported = file.code.match_indices("#[macro_export]").filter_map(|(at, _)| {
            let (_, rest) = file.code[at..].split_once("macro_rules!")?;
            Some(Item::new(folder, &identifier(rest.trim_start())))
        });
        items.extend(exported);
    }
    items.extend(defined_in(file).into_iter().map(|name| Item::new(folder, &name)));
    items
}

/// A module that an offset lies in.
struct Module {
    name: String,
    hidden: bool,
}

/// The modules around `at`, outermost first.
fn enclosing(file: &SourceFile, at: usize) -> Vec<Module> {
    let around = file.find_words("pub mod").take_while(|start| *start < at).filter(|start| {
        let open = file.code[*start..].find(['{', ';']).map(|open| start + open);
        open.is_some_and(|open| file.code[open..].starts_with('{') && after_block(&file.code, open) > at)
    });
    around
        .map(|start| Module {
            name: identifier(file.code[start + "pub mod".len()..].trim_start()),
            hidden: hidden(file, start),
        })
        .collect()
}

/// Whether the item that begins at `at` is hidden from the documentation.
fn hidden(file: &SourceFile, at: usize) -> bool {
    docs_above(file, at).iter().any(|line| line.contains("doc(hidden)"))
}

fn identifier(text: &str) -> String {
    text.bytes().take_while(|byte| is_identifier_byte(*byte)).map(char::from).collect()
}

/// The paths of a use tree: `a::{b, c::*}` is `a::b` and `a::c::*`. The name after an `as` is left out.
fn flatten(tree: &str, before: &[String], paths: &mut Vec<Vec<String>>) {
    let segments = |text: &str| -> Vec<String> {
        let text = text.split(" as ").next().unwrap_or_default();
        let parts = text.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned);
        before.iter().cloned().chain(parts).collect()
    };
    let tree = tree.trim();
    let Some((head, group)) = tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) else {
        if !tree.is_empty() {
            paths.push(segments(tree));
        }
        return;
    };
    let head = segments(head);
    let (mut depth, mut start) = (0_i32, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                flatten(&group[start..at], &head, paths);
                start = at + 1;
            }
            _ => {}
        }
    }
    flatten(&group[start..], &head, paths);
}

/// What a path in the root of the package in `folder` stands for: more than one thing if it is a glob or a module.
fn resolve(tree: &Tree, folder: &str, path: &[String]) -> Vec<Item> {
    let package = |one: &&Crate| path.first().is_some_and(|first| one.name.replace('-', "_") == *first);
    let other = tree.crates.iter().find(package);
    let Some(name) = path.last() else { return Vec::new() };
    if let Some(other) = other.filter(|other| other.folder != folder) {
        let all = all_of(tree, &other.folder);
        if path.len() == 1 || (path.len() == 2 && name == "*") {
            return all;
        }
        let same: Vec<_> = all.into_iter().filter(|item| item.name == *name && is_type(name)).collect();
        return if same.is_empty() { one_or_module(tree, &other.folder, name) } else { same };
    }
    if name != "*" {
        return one_or_module(tree, folder, name);
    }
    path.iter().rev().nth(1).map_or_else(Vec::new, |module| items_of_module(tree, folder, module))
}

/// The thing of this name, or all that is in it if it is a module.
fn one_or_module(tree: &Tree, folder: &str, name: &str) -> Vec<Item> {
    let mut items = vec![Item::new(folder, name)];
    if !is_type(name) && definition(tree, folder, name).is_none() {
        items.extend(items_of_module(tree, folder, name));
    }
    items
}

/// What the file of a module defines.
fn items_of_module(tree: &Tree, folder: &str, module: &str) -> Vec<Item> {
    let (file, folder_of) = (format!("/{module}.rs"), format!("/{module}/mod.rs"));
    let src = format!("{folder}/src/");
    let files = tree.rust_below(&src).filter(|one| one.path.ends_with(&file) || one.path.ends_with(&folder_of));
    files.flat_map(|file| defined_in(file).into_iter().map(|name| Item::new(folder, &name))).collect()
}

/// The names of the public types that stand in a file outside all blocks.
fn defined_in(file: &SourceFile) -> Vec<String> {
    let mut names = Vec::new();
    for keyword in KEYWORDS.iter().filter(|keyword| keyword.starts_with("pub")) {
        for start in file.find_words(keyword) {
            let depth: i32 =
                file.code[..start].bytes().map(|byte| i32::from(byte == b'{') - i32::from(byte == b'}')).sum();
            let name = identifier(file.code[start + keyword.len()..].trim_start());
            if depth == 0 && !name.is_empty() {
                names.push(name);
            }
        }
    }
    names
}

/// Where a type or macro is defined: by its keyword, by a line that begins with its name (an argument of a macro that
/// defines types), or as a function that is an attribute macro.
fn definition<'a>(tree: &'a Tree, folder: &str, name: &str) -> Option<(&'a SourceFile, usize)> {
    let src = format!("{folder}/src/");
    let files = || tree.files.iter().filter(|file| file.path.starts_with(&src) && file.path.ends_with(".rs"));
    let find = |word: &str| files().find_map(|file| Some((file, file.find_words(word).next()?)));
    let by_keyword = KEYWORDS.iter().find_map(|keyword| find(&format!("{keyword} {name}")));
    let in_macro = || {
        let begins_documented_line = |file: &SourceFile, at: usize| {
            let line = file.code[..at].rfind('\n').map_or(0, |end| end + 1);
            file.code[line..at].trim().is_empty() && docs_above(file, at).iter().any(|line| line.starts_with("///"))
        };
        files().find_map(|file| Some((file, file.find_words(name).find(|at| begins_documented_line(file, *at))?)))
    };
    by_keyword
        .or_else(|| find(&format!("#[proc_macro_attribute]\npub fn {name}")))
        .or_else(|| if is_type(name) { in_macro() } else { None })
}

fn is_type(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase()) && name.contains(|letter: char| letter.is_lowercase())
}

/// The lines of documentation and attributes right above the line of `at`.
fn docs_above(file: &SourceFile, at: usize) -> Vec<&str> {
    let above: Vec<_> = file.text.lines().take(file.line_of(at) - 1).map(str::trim).collect();
    let belongs = |line: &&&str| line.starts_with("///") || line.starts_with("#[") || line.ends_with(")]");
    let mut lines: Vec<_> = above.iter().rev().take_while(belongs).copied().collect();
    lines.reverse();
    lines
}

/// Whether a code block of the documentation is run and uses the face.
fn has_example(docs: &[&str]) -> bool {
    let mut block: Option<bool> = None;
    docs.iter().filter_map(|line| line.strip_prefix("///")).map(str::trim).any(|line| {
        let Some(info) = line.strip_prefix("```") else {
            return block == Some(true) && line.contains("ringzero::");
        };
        block = if block.is_some() { None } else { Some(info.split(',').all(|word| RUN.contains(&word.trim()))) };
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(folder: &str, name: &str) -> Crate {
        Crate { name: name.into(), folder: folder.into(), dependencies: vec![] }
    }

    fn tree(files: &[(&str, &str)]) -> Tree {
        let crates = vec![package("ringzero", "ringzero"), package("kernel/irq", "ringzero-irq")];
        Tree { crates, files: files.iter().map(|(path, text)| SourceFile::new(path, text)).collect() }
    }

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        check(&tree(files)).iter().map(Problem::to_string).collect()
    }

    const SHOWN: &str =
        "/// A line.\n///\n/// ```\n/// use ringzero::irq::Line;\n/// ```\n#[derive(Debug)]\npub struct Line;\n";

    #[test]
    fn a_type_without_an_example_is_a_problem_where_it_is_defined() {
        let face = ("ringzero/src/lib.rs", "/// Lines.\npub mod irq {\n pub use ringzero_irq::*;\n}\n");
        let root = ("kernel/irq/src/lib.rs", "mod line;\npub use line::{Line, request};\n");
        assert_eq!(messages(&[face, root, ("kernel/irq/src/line.rs", SHOWN)]), [""; 0]);
        let bare = "pub fn request() {}\n/// A line.\npub struct Line;\n";
        let found = messages(&[face, root, ("kernel/irq/src/line.rs", bare)]);
        let expected = "kernel/irq/src/line.rs:3: [example] `ringzero::irq::Line` needs an example";
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?}");
    }

    #[test]
    fn an_example_has_to_run_and_to_use_the_face() {
        let docs = |block: &str| has_example(&block.lines().collect::<Vec<_>>());
        assert!(docs("/// ```rust,standalone_crate\n/// ringzero::f();\n/// ```"));
        assert!(docs("/// ```text\n/// x\n/// ```\n/// ```\n/// use ringzero::f;\n/// ```"));
        for bad in ["text", "no_run", "ignore", "compile_fail", "rust,no_run"] {
            assert!(!docs(&format!("/// ```{bad}\n/// ringzero::f();\n/// ```")), "{bad}");
        }
        assert!(!docs("/// ```\n/// ringzero_irq::f();\n/// ```\n/// as in ringzero::f"));
    }

    #[test]
    fn each_way_of_re_exporting_is_followed() {
        let files = [
            (
                "ringzero/src/lib.rs",
                "mod own;\npub use own::Own;\npub use ringzero_irq::{a::Named, table as t};\n\
                 #[macro_export]\nmacro_rules! global { () => {} }\n\
                 #[doc(hidden)]\npub mod inner { pub use ringzero_irq::Hidden; }\n",
            ),
            ("ringzero/src/own.rs", "pub struct Own;\n"),
            ("kernel/irq/src/lib.rs", "mod a;\npub mod table;\npub use a::*;\npub struct Hidden;\n"),
            ("kernel/irq/src/a.rs", "pub struct Named;\nmod b {\n    pub trait Sealed {}\n}\n"),
            ("kernel/irq/src/table.rs", "pub union InTable { a: u8 }\n"),
        ];
        let found: Vec<_> = check(&tree(&files)).into_iter().map(|one| one.message).collect();
        let names: Vec<_> = found.iter().filter_map(|message| message.split('`').nth(1)).collect();
        assert_eq!(names, ["ringzero::Own", "ringzero::Named", "ringzero::InTable", "ringzero::global"]);
    }

    #[test]
    fn what_a_macro_defines_is_found() {
        let face = ("ringzero/src/lib.rs", "pub use ringzero_irq::{Token, test};\n");
        let root = ("kernel/irq/src/lib.rs", "mod token;\npub use token::{Missing, Token};\n");
        let docs = "    /// A token.\n    /// ```\n    /// ringzero::Token::new();\n    /// ```\n";
        let token = format!(
            "token!(\n{docs}    Token,\n    enter\n);\n/// A test.\n#[proc_macro_attribute]\npub fn test() {{}}\n"
        );
        let found = messages(&[face, root, ("kernel/irq/src/token.rs", &token)]);
        assert!(found.len() == 1 && found[0].contains("`ringzero::test` needs"), "{found:?}");
        let found = messages(&[face, root, ("kernel/irq/src/token.rs", &token.replace("ringzero::", "other::"))]);
        assert!(found.len() == 2 && found[0].contains("`ringzero::Token` needs"), "{found:?}");
        let lost = ("ringzero/src/lib.rs", "pub use ringzero_irq::*;\n");
        let found = messages(&[lost, root, ("kernel/irq/src/token.rs", &token)]);
        assert!(found.iter().any(|one| one.contains("`ringzero::Missing` is re-exported, but")), "{found:?}");
    }
}
