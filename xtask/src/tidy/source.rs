//! What the rules look at: the crates of the workspace and its text files.

use super::Problem;
use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::fs;
use std::path::Path;

/// The workspace as the rules see it.
#[derive(Debug, Default)]
pub struct Tree {
    /// The packages of the workspace.
    pub crates: Vec<Crate>,
    /// The text files, build output and hidden tool folders excepted.
    pub files: Vec<SourceFile>,
}

/// A package of the workspace.
#[derive(Debug)]
pub struct Crate {
    /// The package's name.
    pub name: String,
    /// Its folder, relative to the workspace.
    pub folder: String,
    /// Its direct dependencies, outside ones included.
    pub dependencies: Vec<Dependency>,
}

/// A direct dependency.
#[derive(Debug)]
pub struct Dependency {
    /// The package that is depended on.
    pub name: String,
    /// Whether only tests, examples and benchmarks have it.
    pub dev: bool,
}

/// A text file.
#[derive(Debug)]
pub struct SourceFile {
    /// The path, relative to the workspace.
    pub path: String,
    /// The content.
    pub text: String,
    /// For Rust, the content with comments and literals blanked out; else empty.
    pub code: String,
}

impl Tree {
    /// Reads the workspace at `root`.
    pub fn read(root: &Path) -> Result<Tree> {
        let manifest = root.join("Cargo.toml");
        let metadata = MetadataCommand::new().manifest_path(&manifest).no_deps().exec().context("cargo metadata")?;
        let crates = metadata
            .packages
            .iter()
            .map(|package| Crate {
                name: package.name.to_string(),
                folder: package.manifest_path.strip_prefix(&metadata.workspace_root).map_or_else(
                    |_| String::new(),
                    |path| path.parent().map(|folder| folder.to_string()).unwrap_or_default(),
                ),
                dependencies: package
                    .dependencies
                    .iter()
                    .map(|one| Dependency { name: one.name.clone(), dev: one.kind == DependencyKind::Development })
                    .collect(),
            })
            .collect();
        let mut files = Vec::new();
        collect(root, "", &mut files)?;
        Ok(Tree { crates, files })
    }

    /// The Rust files below `folder`, which ends in a slash (or is empty).
    pub fn rust_below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a SourceFile> {
        self.files.iter().filter(move |file| file.path.starts_with(folder) && file.path.ends_with(".rs"))
    }
}

impl SourceFile {
    /// A file from its path and content.
    pub fn new(path: &str, text: &str) -> SourceFile {
        let code = if path.ends_with(".rs") { blank_out(text) } else { String::new() };
        SourceFile { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// The line of the byte `offset`, from 1.
    pub fn line_of(&self, offset: usize) -> usize {
        self.text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// A problem at the byte `offset` of this file.
    pub fn problem(&self, offset: usize, rule: &'static str, message: String) -> Problem {
        Problem { path: self.path.clone(), line: self.line_of(offset), rule, message }
    }

    /// A problem of the file as a whole.
    pub fn problem_whole(&self, rule: &'static str, message: String) -> Problem {
        Problem { path: self.path.clone(), line: 0, rule, message }
    }

    /// Where `word` stands in the code, not as a part of a longer identifier.
    pub fn find_words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        let bytes = self.code.as_bytes();
        self.code.match_indices(word).map(|(offset, _)| offset).filter(move |&offset| {
            let open = !word.starts_with(is_identifier) || offset == 0 || !is_identifier_byte(bytes[offset - 1]);
            let end = offset + word.len();
            open && (!word.ends_with(is_identifier) || end == bytes.len() || !is_identifier_byte(bytes[end]))
        })
    }
}

/// Collects the text files below `folder`. Output of builds and the version control's own files are left out.
fn collect(root: &Path, folder: &str, files: &mut Vec<SourceFile>) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if name == ".git" || name == "target" {
            continue;
        }
        if entry.path().is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(text) = String::from_utf8(fs::read(entry.path()).with_context(|| path.clone())?) {
            files.push(SourceFile::new(&path, &text));
        }
    }
    Ok(())
}

fn is_identifier(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether `byte` belongs to an identifier.
pub fn is_identifier_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// The offset after the brace that closes the one at `open`, or the end of the code.
pub fn after_block(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth <= 1 => return offset + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// Rust source with the same length and lines, in which comments and the content of string and character literals
/// are blanks.
pub fn blank_out(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_or_comment_end(bytes, at);
        let end = end.min(bytes.len());
        for byte in &mut out[at..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end.max(at + 1);
    }
    // Blanks only replace whole literals and comments, so this stays valid UTF-8.
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Where the comment or literal that starts at `at` ends; `at` itself if none starts there.
fn literal_or_comment_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let find = |needle: &[u8], from: usize| {
        rest[from..].windows(needle.len()).position(|window| window == needle).map_or(bytes.len(), |p| at + from + p)
    };
    if rest.starts_with(b"//") {
        return find(b"\n", 0);
    }
    if rest.starts_with(b"/*") {
        return block_comment_end(bytes, at);
    }
    match rest[0] {
        b'"' => quoted_end(bytes, at, b'"'),
        b'r' if at == 0 || !is_identifier_byte(bytes[at - 1]) || is_string_prefix(bytes, at) => {
            let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
            if rest.get(1 + hashes) != Some(&b'"') {
                return at;
            }
            let close: Vec<u8> = std::iter::once(b'"').chain(std::iter::repeat_n(b'#', hashes)).collect();
            find(&close, 2 + hashes) + close.len()
        }
        // A character, or a lifetime or label, which has no closing quote after one character.
        b'\'' if rest.get(1) == Some(&b'\\') => quoted_end(bytes, at, b'\''),
        b'\'' => {
            let width = rest.get(1).map_or(0, |byte| (byte.leading_ones() as usize).max(1));
            if rest.get(1 + width) == Some(&b'\'') { at + width + 2 } else { at }
        }
        _ => at,
    }
}

/// Whether the `r` at `at` follows a lone `b` or `c`, as in `br"..."`.
fn is_string_prefix(bytes: &[u8], at: usize) -> bool {
    matches!(bytes[at - 1], b'b' | b'c') && (at == 1 || !is_identifier_byte(bytes[at - 2]))
}

fn quoted_end(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut offset = at + 1;
    while offset < bytes.len() && bytes[offset] != quote {
        offset += if bytes[offset] == b'\\' { 2 } else { 1 };
    }
    offset + 1
}

fn block_comment_end(bytes: &[u8], at: usize) -> usize {
    let (mut offset, mut depth) = (at, 0_usize);
    while offset < bytes.len() {
        if bytes[offset..].starts_with(b"/*") {
            depth += 1;
            offset += 2;
        } else if bytes[offset..].starts_with(b"*/") {
            depth -= 1;
            offset += 2;
            if depth == 0 {
                return offset;
            }
        } else {
            offset += 1;
        }
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_lifetimes_stay() {
        let source = "a /* { /* { */ */ \"\\\"{\" r#\"{\"# br\"{\" '{' '\\'' 'é' &'a x // {\nb";
        let code = blank_out(source);
        assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "&'a", "x", "b"]);
        assert_eq!((code.len(), code.lines().count()), (source.len(), 2));
    }

    #[test]
    fn an_unfinished_literal_ends_with_the_file() {
        for source in ["\"abc", "r#\"abc", "/* abc", "'\\", "'", "\"abc\\"] {
            assert_eq!(blank_out(source).len(), source.len(), "{source}");
        }
    }

    #[test]
    fn words_are_whole_identifiers() {
        let file = SourceFile::new("a.rs", "println!(); eprintln!(); my_println!(); // println!\n");
        assert_eq!(file.find_words("println!").collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn a_block_ends_at_its_own_brace() {
        assert_eq!(after_block("{ { } } }", 0), 7);
        assert_eq!(after_block("{ {", 0), 3);
    }
}
