//! What a folder's `Kbuild` or `Makefile` says: one module, its objects, its flags.
//!
//! As much of make as these files use: variables, `ifeq` and its kin, continued lines. Recipes, includes and functions
//! of make (`$(shell ...)`, `$(wildcard ...)`) are never run: they are empty. `KERNELRELEASE` is set, `CONFIG_`
//! options are not, and `obj-$(CONFIG_X)` counts as `obj-m`.

use crate::error::BuildError;
use crate::words;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// One module.
pub(crate) struct Recipe {
    /// The file that was read.
    pub(crate) file: PathBuf,
    pub(crate) module: String,
    /// The C files, each with the line that names it.
    pub(crate) files: Vec<(PathBuf, u32)>,
    pub(crate) flags: Vec<OsString>,
    pub(crate) ignored: Vec<String>,
}

/// Stands for the folder's own path until words are split: the path may have blanks.
const FOLDER: &str = "\u{1}";

/// Reads the folder's file.
pub(crate) fn read(folder: &Path) -> Result<Recipe, BuildError> {
    let file = ["Kbuild", "Makefile"].iter().map(|name| folder.join(name)).find(|path| path.is_file());
    let file = file.ok_or_else(|| BuildError::input(folder, None, "a folder without Kbuild or Makefile"))?;
    let length = std::fs::metadata(&file).map_or(0, |found| found.len());
    if length > crate::MAX_SOURCE_BYTES {
        return Err(BuildError::input(&file, None, "too large for a Kbuild file"));
    }
    let bytes = std::fs::read(&file).map_err(|e| BuildError::input(&file, None, e.to_string()))?;
    let mut make = Make::default();
    make.run(&String::from_utf8_lossy(&bytes));
    recipe(folder, file, &make)
}

fn recipe(folder: &Path, file: PathBuf, make: &Make) -> Result<Recipe, BuildError> {
    let modules = make.words("obj-m");
    let (module, line) = match modules.as_slice() {
        [] => return Err(BuildError::input(&file, None, "no obj-m line (make's functions are not run)")),
        [one] => one.clone(),
        [_, (_, line), ..] => {
            let names: Vec<&str> = modules.iter().map(|(name, _)| name.as_str()).collect();
            let what = format!("several modules ({}): name the C files of one", names.join(", "));
            return Err(BuildError::input(&file, Some(*line), what));
        }
    };
    let Some(module) = module.strip_suffix(".o") else {
        return Err(BuildError::input(&file, Some(line), format!("obj-m names {module}, which is no .o")));
    };
    let mut objects = make.words(&format!("{module}-y"));
    objects.extend(make.words(&format!("{module}-objs")));
    if objects.is_empty() {
        objects.push((format!("{module}.o"), line));
    }
    let mut files: Vec<(PathBuf, u32)> = Vec::new();
    for (object, line) in objects {
        let Some(stem) = object.strip_suffix(".o") else {
            return Err(BuildError::input(&file, Some(line), format!("{object} is no .o")));
        };
        let source = folder.join(format!("{stem}.c"));
        if !source.exists() && folder.join(format!("{stem}.S")).exists() {
            return Err(BuildError::input(&file, Some(line), format!("{stem}.S is assembly, not C")));
        }
        if !files.iter().any(|(there, _)| *there == source) {
            files.push((source, line));
        }
    }
    let mut found = Recipe { module: module.to_owned(), files, flags: Vec::new(), ignored: Vec::new(), file };
    for name in ["EXTRA_CFLAGS", "ccflags-y", "ccflags-m", "subdir-ccflags-y"] {
        flags(folder, &make.value(name), &mut found);
    }
    Ok(found)
}

/// Keeps the flags that say what the text is (`-D`, `-U`, `-I`, `-include`), with folders relative to this one.
fn flags(folder: &Path, text: &str, into: &mut Recipe) {
    let mut words = words::split(text).into_iter();
    while let Some(word) = words.next() {
        let (flag, value) = match word.as_str() {
            "-D" | "-U" | "-I" | "-include" => (word.clone(), words.next().unwrap_or_default()),
            _ if ["-D", "-U", "-I"].iter().any(|flag| word.starts_with(flag)) => {
                (word[..2].to_owned(), word[2..].to_owned())
            }
            _ => {
                into.ignored.push(word);
                continue;
            }
        };
        let value = match flag.as_str() {
            "-I" | "-include" => folder.join(value.replace(&format!("{FOLDER}/"), "").replace(FOLDER, ".")).into(),
            _ => OsString::from(value.replace(FOLDER, &folder.to_string_lossy())),
        };
        into.flags.extend([flag.into(), value]);
    }
}

/// The variables of a makefile: pieces of text, each with the line it was given in.
#[derive(Default)]
struct Make {
    variables: BTreeMap<String, Vec<(u32, String)>>,
    /// How many variables were expanded: a file that names variables in circles ends at a limit.
    expanded: Cell<u32>,
}

/// More expansions than any real file has.
const MAX_EXPANSIONS: u32 = 100_000;

impl Make {
    fn run(&mut self, text: &str) {
        for name in ["src", "obj", "M", "PWD", "CURDIR", "KBUILD_EXTMOD"] {
            self.variables.insert(name.to_owned(), vec![(0, FOLDER.to_owned())]);
        }
        self.variables.insert("KERNELRELEASE".to_owned(), vec![(0, "ringzero".to_owned())]);
        // One entry a conditional: whether its lines count, and whether a branch of it has counted already.
        let mut open: Vec<(bool, bool)> = Vec::new();
        for (number, line) in logical_lines(text) {
            let live = open.iter().all(|(live, _)| *live);
            let (word, rest) = line.trim().split_once([' ', '\t', '(']).unwrap_or((line.trim(), ""));
            match word {
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                    let holds = live && self.condition(word, &line);
                    open.push((holds, holds || !live));
                }
                "else" => {
                    let above = open.len() < 2 || open[..open.len() - 1].iter().all(|(live, _)| *live);
                    let word = rest.split([' ', '\t', '(']).next().unwrap_or("");
                    let holds = !word.starts_with("if") || self.condition(word, rest);
                    if let Some((live, counted)) = open.last_mut() {
                        *live = above && !*counted && holds;
                        *counted |= *live;
                    }
                }
                "endif" => drop(open.pop()),
                _ if live && !line.starts_with('\t') => self.assign(number, &line),
                _ => {}
            }
        }
    }

    /// Whether the condition of a line like `ifneq ($(A),)` holds.
    fn condition(&self, word: &str, line: &str) -> bool {
        let rest = line.trim_start().strip_prefix(word).unwrap_or("").trim();
        if matches!(word, "ifdef" | "ifndef") {
            return self.value(rest).trim().is_empty() == (word == "ifndef");
        }
        let sides = match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => split_at_comma(inner).map(|(a, b)| (a.to_owned(), b.to_owned())),
            None => words::split(rest).try_into().ok().map(|[a, b]: [String; 2]| (a, b)),
        };
        let Some((a, b)) = sides else { return false };
        (self.expand(a.trim(), 0) == self.expand(b.trim(), 0)) == (word == "ifeq")
    }

    fn assign(&mut self, number: u32, line: &str) {
        let Some(at) = line.find('=') else { return };
        let (left, right) = (&line[..at], line[at + 1..].trim());
        let operator = left.trim_end_matches(['+', ':', '?']);
        let mark = &left[operator.len()..];
        let name = self.expand(operator.trim().trim_start_matches("export ").trim(), 0);
        if name.is_empty() || name.contains(char::is_whitespace) || name.contains(':') {
            return;
        }
        let text = if mark.starts_with(':') { self.expand(right, 0) } else { right.to_owned() };
        let there = self.variables.contains_key(&name);
        match mark {
            "?" if there => {}
            "+" => self.variables.entry(name).or_default().push((number, text)),
            _ => drop(self.variables.insert(name, vec![(number, text)])),
        }
    }

    /// A variable's value.
    fn value(&self, name: &str) -> String {
        self.value_at(name, 0)
    }

    fn value_at(&self, name: &str, depth: u32) -> String {
        let pieces = self.variables.get(name).map_or(&[][..], Vec::as_slice);
        let pieces: Vec<String> = pieces.iter().map(|(_, text)| self.expand(text, depth)).collect();
        pieces.join(" ")
    }

    /// A variable's words, each with its line; each once.
    fn words(&self, name: &str) -> Vec<(String, u32)> {
        let mut found: Vec<(String, u32)> = Vec::new();
        for (line, text) in self.variables.get(name).map_or(&[][..], Vec::as_slice) {
            for word in self.expand(text, 0).split_whitespace() {
                let word = word.replace(&format!("{FOLDER}/"), "");
                if !found.iter().any(|(there, _)| *there == word) {
                    found.push((word, *line));
                }
            }
        }
        found
    }

    /// Puts values in the place of `$(NAME)`, `${NAME}` and `$N`. A variable that names itself ends somewhere.
    fn expand(&self, text: &str, depth: u32) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let Some(first) = rest.chars().next() else { break };
            let (name, after) = match first {
                '$' => {
                    out.push('$');
                    rest = &rest[1..];
                    continue;
                }
                '(' | '{' => balanced(rest),
                _ => rest.split_at(first.len_utf8()),
            };
            rest = after;
            self.expanded.set(self.expanded.get() + 1);
            if depth < 16 && self.expanded.get() < MAX_EXPANSIONS {
                let name = self.expand(name, depth + 1);
                match name.strip_prefix("CONFIG_") {
                    Some(_) if out == "obj-" => out.push('m'),
                    _ => out.push_str(&self.value_at(&name, depth + 1)),
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// What is in the bracket that the text begins with, and what follows it.
fn balanced(text: &str) -> (&str, &str) {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[1..at], &text[at + 1..]);
        }
    }
    (&text[1..], "")
}

fn split_at_comma(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            ',' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// Lines without comments, with continued ones joined, each with the number of its first.
fn logical_lines(text: &str) -> Vec<(u32, String)> {
    let mut lines = Vec::new();
    let mut open: Option<(u32, String)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or("");
        let (start, mut joined) = open.take().unwrap_or((number, String::new()));
        match line.strip_suffix('\\') {
            Some(line) => {
                joined.push_str(line);
                joined.push(' ');
                open = Some((start, joined));
            }
            None => lines.push((start, joined + line)),
        }
    }
    lines.extend(open);
    lines
}
