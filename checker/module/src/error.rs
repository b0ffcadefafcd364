//! What can be wrong with a program before it runs.

use crate::debug::Place;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a program could not be built. `Display` gives all of it, ready to be shown; it may be several lines.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no usable C compiler. The text names what was looked for and the package to install.
    NoCompiler(String),
    /// An input is not what it should be.
    Input {
        /// The file or folder.
        path: PathBuf,
        /// Its line, where one is to blame.
        line: Option<u32>,
        /// What is wrong with it.
        what: String,
    },
    /// The compiler refused.
    Compile(Refused),
    /// The program uses names that nothing defines: all of them, sorted.
    Unknown(Vec<Symbol>),
    /// The linker refused.
    Link(String),
    /// The operating system refused something.
    Io {
        /// What was being done.
        doing: String,
        /// How it ended.
        source: io::Error,
    },
}

/// What the compiler said.
#[derive(Debug)]
pub struct Refused {
    /// The compiler's own messages, as they came (cut if they are very long).
    pub stderr: String,
}

impl Refused {
    /// The headers that the compiler did not find, each once, in order.
    #[must_use]
    pub fn missing_headers(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for line in self.stderr.lines() {
            let gcc = line.split_once("fatal error: ").and_then(|(_, rest)| rest.split_once(": No such file"));
            let gcc = gcc.map(|(name, _)| name);
            let clang = line.split_once("fatal error: '").and_then(|(_, rest)| rest.split_once("' file not found"));
            let name = clang.map(|(name, _)| name).or(gcc);
            if let Some(name) = name.filter(|name| !found.contains(name)) {
                found.push(name);
            }
        }
        found
    }

    /// Whether a function was called that no header has declared.
    #[must_use]
    pub fn undeclared(&self) -> bool {
        self.stderr.contains("implicit declaration of function") || self.stderr.contains("call to undeclared function")
    }
}

/// A name that nothing defines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The name.
    pub name: String,
    /// The first place that uses it, if the debug information tells.
    pub place: Option<Place>,
}

impl BuildError {
    pub(crate) fn input(path: &Path, line: Option<u32>, what: impl Into<String>) -> Self {
        Self::Input { path: path.to_owned(), line, what: what.into() }
    }

    pub(crate) fn io(doing: impl Into<String>, source: io::Error) -> Self {
        Self::Io { doing: doing.into(), source }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCompiler(what) => f.write_str(what),
            Self::Input { path, line: Some(line), what } => write!(f, "{}:{line}: {what}", path.display()),
            Self::Input { path, line: None, what } => write!(f, "{}: {what}", path.display()),
            Self::Compile(refused) => {
                f.write_str(refused.stderr.trim_end())?;
                if refused.undeclared() {
                    f.write_str("\nnote: a function is used without a declaration: its header is not included")?;
                }
                Ok(())
            }
            Self::Unknown(symbols) => {
                write!(f, "unknown symbols: {}", symbols.len())?;
                for symbol in symbols {
                    write!(f, "\n  {}", symbol.name)?;
                    if let Some(place) = &symbol.place {
                        write!(f, "  ({place})")?;
                    }
                }
                Ok(())
            }
            Self::Link(text) => write!(f, "the linker refused the program:\n{}", text.trim_end()),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
