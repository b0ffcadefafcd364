//! What is to be checked: one C file, several, a folder with a Kbuild file, or texts in memory.

use crate::error::BuildError;
use crate::{kbuild, lexer};
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

/// Larger files are refused: no module is, and the compiler would take minutes.
pub const MAX_SOURCE_BYTES: u64 = 4 << 20;

/// The C files of one module.
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) module: String,
    /// The folder that the compiler runs in; the files' paths are relative to it or absolute. `None` for texts from
    /// memory, which each build writes into a folder of its own.
    pub(crate) root: Option<PathBuf>,
    pub(crate) files: Vec<File>,
    pub(crate) flags: Vec<OsString>,
    ignored: Vec<String>,
}

/// One C file.
#[derive(Clone, Debug)]
pub struct File {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl File {
    /// The path, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text. What is not UTF-8 (old comments in Latin-1) is replaced.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A comment line for Ringzero: `// expect: WORDS` or `// ringzero: WORDS`, not interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The file it stands in.
    pub file: PathBuf,
    /// Its line.
    pub line: u32,
    /// Its words after the colon.
    pub words: Vec<String>,
}

/// Something that is worth saying though the program can be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The file.
    pub file: PathBuf,
    /// The line.
    pub line: u32,
    /// What it is.
    pub what: String,
}

impl Source {
    /// One or several `.c` files of one module, or one folder with a `Kbuild` or `Makefile` that has one `obj-m`.
    ///
    /// # Errors
    /// [`BuildError::Input`] for whatever is missing, not C, too large, or not one module.
    pub fn of(paths: &[PathBuf]) -> Result<Self, BuildError> {
        let root = std::env::current_dir().map_err(|e| BuildError::io("asking for the current folder", e))?;
        let [first, rest @ ..] = paths else {
            return Err(BuildError::input(Path::new("."), None, "no C file given"));
        };
        if metadata(first)?.is_dir() {
            if let Some(other) = rest.first() {
                return Err(BuildError::input(other, None, "give either one folder or C files, not both"));
            }
            return Self::of_folder(first, root);
        }
        let mut files: Vec<File> = Vec::new();
        for path in paths {
            if files.iter().any(|file| file.path == *path) {
                return Err(BuildError::input(path, None, "given twice"));
            }
            files.push(File { path: path.clone(), text: read(path)? });
        }
        let module = module_name(&first.file_stem().unwrap_or_default().to_string_lossy());
        Ok(Self { module, root: Some(root), files, flags: Vec::new(), ignored: Vec::new() })
    }

    fn of_folder(folder: &Path, root: PathBuf) -> Result<Self, BuildError> {
        let recipe = kbuild::read(folder)?;
        let files = recipe.files.iter().map(|(path, line)| {
            let text = read(path).map_err(|error| match error {
                BuildError::Input { path, line: None, what } => {
                    BuildError::input(&recipe.file, Some(*line), format!("{}: {what}", path.display()))
                }
                other => other,
            });
            Ok(File { path: path.clone(), text: text? })
        });
        let files = files.collect::<Result<_, BuildError>>()?;
        let module = module_name(&recipe.module);
        Ok(Self { module, root: Some(root), files, flags: recipe.flags, ignored: recipe.ignored })
    }

    /// Files from memory: names like `gallery/c/x.c` (relative, as places shall show them), and their texts.
    ///
    /// # Errors
    /// [`BuildError::Input`] as for real files.
    pub fn from_memory(texts: &[(&str, &str)]) -> Result<Self, BuildError> {
        let mut files: Vec<File> = Vec::new();
        for (name, text) in texts {
            let name = Path::new(name);
            if !name.components().all(|c| matches!(c, Component::Normal(_))) {
                return Err(BuildError::input(name, None, "not a plain relative path"));
            }
            let text = check(name, text.as_bytes().to_vec())?;
            if files.iter().any(|file| file.path == name) {
                return Err(BuildError::input(name, None, "given twice"));
            }
            files.push(File { path: name.to_owned(), text });
        }
        let first = files.first().ok_or_else(|| BuildError::input(Path::new("."), None, "no C file given"))?;
        let module = module_name(&first.path.file_stem().unwrap_or_default().to_string_lossy());
        Ok(Self { module, root: None, files, flags: Vec::new(), ignored: Vec::new() })
    }

    /// The module's name, as in `KBUILD_MODNAME`.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The files.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Flags of the Kbuild file that are not honoured (all but `-D`, `-U`, `-I` and `-include`).
    #[must_use]
    pub fn ignored_flags(&self) -> &[String] {
        &self.ignored
    }

    /// The `// expect:` comment, if it is the first line of the first file.
    #[must_use]
    pub fn expect(&self) -> Option<Setting> {
        self.comments("expect:").into_iter().next().filter(|s| s.line == 1 && s.file == self.files[0].path)
    }

    /// All `// ringzero:` comment lines.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        self.comments("ringzero:")
    }

    fn comments(&self, key: &str) -> Vec<Setting> {
        let of = |file: &File| {
            let file_path = file.path.clone();
            let found = lexer::comments(&file.text, key).into_iter();
            found.map(move |(line, words)| Setting { file: file_path.clone(), line, words })
        };
        self.files.iter().flat_map(of).collect()
    }

    /// The places with inline assembly, which the checker does not see into. Headers are not searched.
    #[must_use]
    pub fn assembly(&self) -> Vec<Warning> {
        let of = |file: &File| {
            let path = file.path.clone();
            let what = "inline assembly is not seen by the checker";
            let lines = lexer::assembly(&file.text).into_iter();
            lines.map(move |line| Warning { file: path.clone(), line, what: what.to_owned() })
        };
        self.files.iter().flat_map(of).collect()
    }
}

/// A module's name is an identifier in all but its first character: `-` and the rest become `_`.
fn module_name(stem: &str) -> String {
    stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// What is at a path, with the errors that people meet in words.
fn metadata(path: &Path) -> Result<std::fs::Metadata, BuildError> {
    std::fs::metadata(path).map_err(|e| {
        let what = match e.kind() {
            ErrorKind::NotFound => "no such file".to_owned(),
            ErrorKind::PermissionDenied => "may not be read".to_owned(),
            _ if e.raw_os_error() == Some(libc::ELOOP) => "a loop of symbolic links".to_owned(),
            _ => e.to_string(),
        };
        BuildError::input(path, None, what)
    })
}

/// The text of a C file.
fn read(path: &Path) -> Result<String, BuildError> {
    let found = metadata(path)?;
    let refused = |what: &str| Err(BuildError::input(path, None, what));
    if path.extension().is_none_or(|extension| extension != "c") {
        return refused("not a C file (its name does not end in .c)");
    }
    // Opening a pipe or a device could wait for ever.
    if !found.is_file() {
        return refused("not a regular file");
    }
    if found.len() > MAX_SOURCE_BYTES {
        return Err(too_large(path, found.len()));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|e| BuildError::input(path, None, e.to_string()))?;
    let read = file.take(MAX_SOURCE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|e| BuildError::input(path, None, e.to_string()))?;
    check(path, bytes)
}

fn too_large(path: &Path, bytes: u64) -> BuildError {
    let limit = MAX_SOURCE_BYTES >> 20;
    BuildError::input(path, None, format!("{bytes} bytes are too large for a C file: the limit is {limit} MB"))
}

/// Refuses what cannot be C.
fn check(path: &Path, bytes: Vec<u8>) -> Result<String, BuildError> {
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        return Err(too_large(path, bytes.len() as u64));
    }
    let odd = |b: &u8| *b == 0x7f || *b < b' ' && !matches!(b, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | 0x1a | 0x1b);
    if let Some(at) = bytes.iter().position(odd) {
        let line = 1 + bytes[..at].iter().filter(|b| **b == b'\n').count();
        let what = format!("not C: a byte {:#04x}, as in a binary file", bytes[at]);
        return Err(BuildError::input(path, u32::try_from(line).ok(), what));
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}
