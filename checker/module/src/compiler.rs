//! The C compiler of the machine, and the flags that checked code is compiled with.

use crate::error::BuildError;
use crate::words;
use std::ffi::{OsStr, OsString};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Which compiler it is; the two differ in a few flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// GCC, 11 or newer.
    Gcc,
    /// Clang, 11 or newer.
    Clang,
}

/// What the compiler adds to the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instrument {
    /// Calls of `__tsan_*` before each access, for a machine that has to see them.
    Accesses,
    /// Nothing: full speed.
    None,
}

/// A C compiler that was asked what it is.
#[derive(Clone, Debug)]
pub struct Compiler {
    program: OsString,
    args: Vec<OsString>,
    kind: Kind,
    version: String,
}

/// The oldest major version that tells volatile accesses from plain ones under `-fsanitize=thread`.
const OLDEST: u32 = 11;

impl Compiler {
    /// The compiler that `CC` names (it may have arguments), else the first of gcc, clang and cc that is there.
    ///
    /// # Errors
    /// [`BuildError::NoCompiler`] if there is none, if `CC` cannot be run, or if it is too old or for another machine.
    pub fn find() -> Result<Self, BuildError> {
        match std::env::var_os("CC").filter(|cc| !cc.to_string_lossy().trim().is_empty()) {
            Some(cc) => Self::named(&cc),
            None => Self::first_of(&["gcc", "clang", "cc"]),
        }
    }

    /// The compiler that this text names, as `CC` would: a program with optional arguments.
    ///
    /// # Errors
    /// As [`Compiler::find`].
    pub fn named(cc: &OsStr) -> Result<Self, BuildError> {
        let shown = cc.to_string_lossy();
        let mut parts: Vec<OsString> = words::split(&shown).into_iter().map(OsString::from).collect();
        if Path::new(cc).is_file() || parts.is_empty() {
            parts = vec![cc.to_owned()];
        }
        let program = parts.remove(0);
        Self::probe(program, parts)?.ok_or_else(|| {
            let package = if shown.contains("clang") { "clang" } else { "gcc" };
            BuildError::NoCompiler(format!(
                "CC is set to '{shown}', which is not there: correct it, unset it, or `apt-get install {package}`"
            ))
        })
    }

    fn first_of(names: &[&str]) -> Result<Self, BuildError> {
        for name in names {
            if let Some(found) = Self::probe(name.into(), Vec::new())? {
                return Ok(found);
            }
        }
        Err(BuildError::NoCompiler(format!(
            "no C compiler found (looked for {}): `apt-get install gcc`",
            names.join(", ")
        )))
    }

    /// Asks a program for its predefined macros. `None` if it does not exist.
    fn probe(program: OsString, args: Vec<OsString>) -> Result<Option<Self>, BuildError> {
        let shown = program.to_string_lossy().into_owned();
        let refused = |what: String| Err(BuildError::NoCompiler(format!("the C compiler '{shown}' {what}")));
        let mut command = Command::new(&program);
        command.args(&args).args(["-dM", "-E", "-x", "c", "/dev/null"]).stdin(Stdio::null());
        clean(&mut command);
        let output = match command.output() {
            Ok(output) => output,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return refused(format!("cannot be run: {e}")),
        };
        let macros = String::from_utf8_lossy(&output.stdout);
        let value = |name: &str| {
            macros.lines().find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name)?.strip_prefix(' '))
        };
        if !output.status.success() || value("__GNUC__").is_none() {
            let said = String::from_utf8_lossy(&output.stderr);
            return refused(format!("is neither gcc nor clang {}", said.trim()).trim_end().to_owned());
        }
        if value("__x86_64__").is_none() {
            return refused("does not compile for x86-64".to_owned());
        }
        let (kind, major) = match value("__clang_major__") {
            Some(major) => (Kind::Clang, major),
            None => (Kind::Gcc, value("__GNUC__").unwrap_or("0")),
        };
        if major.trim().parse::<u32>().unwrap_or(0) < OLDEST {
            return refused(format!("is version {major}; {OLDEST} or newer is needed: `apt-get install gcc`"));
        }
        let name = if kind == Kind::Clang { "clang" } else { "gcc" };
        let version = format!("{name} {}", value("__VERSION__").unwrap_or(major).trim_matches('"'));
        Ok(Some(Self { program, args, kind, version }))
    }

    /// Whether it is gcc or clang.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// `gcc 12.2.0`: part of what a trace depends on.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The program, as it was named.
    #[must_use]
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// A command of it with nothing of the environment that would add to what is compiled, in this folder.
    pub(crate) fn command(&self, dir: &Path, temp: &Path) -> Command {
        let mut command = Command::new(&self.program);
        clean(&mut command);
        command.args(&self.args).current_dir(dir).env("PWD", dir).env("TMPDIR", temp).stdin(Stdio::null());
        command
    }

    /// All flags for one file of a module's code.
    pub(crate) fn flags(&self, include: &Path, module: &str, instrument: Instrument) -> Vec<OsString> {
        let (own, seen) = if self.kind == Kind::Gcc { (GCC, SEEN_BY_GCC) } else { (CLANG, SEEN_BY_CLANG) };
        let seen = if instrument == Instrument::None { UNSEEN } else { seen };
        let mut flags: Vec<OsString> = FLAGS.iter().chain(own).chain(seen).map(OsString::from).collect();
        flags.push("-I".into());
        flags.push(include.into());
        flags.push(format!("-DKBUILD_MODNAME=\"{module}\"").into());
        flags.extend(prefix_map(include, OURS_INCLUDE));
        flags
    }

    /// What an object made by it depends on, besides its text.
    pub(crate) fn identity(&self) -> Vec<u8> {
        let mut all = self.version.clone().into_bytes();
        for arg in std::iter::once(&self.program).chain(&self.args) {
            all.push(0);
            all.extend(arg.as_encoded_bytes());
        }
        all
    }
}

/// Takes out of a command's environment what makes compilers add folders, files or colours.
fn clean(command: &mut Command) {
    for name in [
        "CPATH",
        "C_INCLUDE_PATH",
        "LIBRARY_PATH",
        "LD_RUN_PATH",
        "DEPENDENCIES_OUTPUT",
        "SUNPRO_DEPENDENCIES",
        "CCC_OVERRIDE_OPTIONS",
        "GCC_COLORS",
        "SOURCE_DATE_EPOCH",
    ] {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C");
}

/// Where our headers seem to lie in debug information and in `__FILE__`, wherever the cache is.
pub(crate) const OURS_INCLUDE: &str = "/ringzero/include";
/// The same for the C library.
pub(crate) const OURS_LIB: &str = "/ringzero/lib";

/// The flag that makes `real` look like `shown`; none if the folder's name has a `=`, which the flag cannot carry.
pub(crate) fn prefix_map(real: &Path, shown: &str) -> Option<OsString> {
    if real.as_os_str().as_encoded_bytes().contains(&b'=') {
        return None;
    }
    let mut flag = OsString::from("-ffile-prefix-map=");
    flag.push(real);
    flag.push("=");
    flag.push(shown);
    Some(flag)
}

/// A file's name as an argument that cannot be taken for an option (`-x.c`) or a response file (`@x.c`).
pub(crate) fn argument(path: &Path) -> PathBuf {
    match path.as_os_str().as_encoded_bytes().first() {
        Some(b'-' | b'@') => Path::new(".").join(path),
        _ => path.to_owned(),
    }
}

/// What both compilers get. The theory in `lib.rs` says why (section *Flags*).
const FLAGS: &[&str] = &[
    "-std=gnu11",
    "-nostdinc",
    "-ffreestanding",
    "-fno-builtin",
    "-O2",
    "-g",
    "-gz=none",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls",
    "-fno-common",
    "-fno-strict-aliasing",
    "-fno-strict-overflow",
    "-fno-delete-null-pointer-checks",
    "-fwrapv",
    "-fno-delete-null-pointer-checks",
    "-fno-stack-protector",
    "-fstack-clash-protection",
    "-fcf-protection=none",
    "-fno-lto",
    "-mno-red-zone",
    "-mgeneral-regs-only",
    "-fdiagnostics-color=never",
    "-Werror=implicit-function-declaration",
    "-Werror=implicit-int",
    "-Werror=incompatible-pointer-types",
    "-Werror=return-type",
    "-D__KERNEL__",
    "-DMODULE",
    "-pipe",
];

const GCC: &[&str] =
    &["-fno-ipa-icf", "-fno-crossjumping", "-fno-tree-tail-merge", "-fno-var-tracking", "-fmax-errors=20"];

const CLANG: &[&str] = &[
    "-mllvm",
    "-simplifycfg-sink-common=false",
    "-mllvm",
    "-simplifycfg-hoist-common=false",
    "-mllvm",
    "-enable-tail-merge=false",
    "-fno-finite-loops",
    "-ferror-limit=20",
];

/// Accesses are calls, volatile ones told apart.
const SEEN_BY_GCC: &[&str] = &["-fsanitize=thread", "--param", "tsan-distinguish-volatile=1"];
const SEEN_BY_CLANG: &[&str] =
    &["-fsanitize=thread", "-mllvm", "-tsan-distinguish-volatile=1", "-mllvm", "-tsan-instrument-read-before-write=1"];
/// Nobody sees them: the headers leave out what is there for a machine that does.
const UNSEEN: &[&str] = &["-D__RZ_UNSEEN"];
