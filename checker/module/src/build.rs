//! From source files to one shared object in memory.

use crate::compiler::{Compiler, Instrument, OURS_INCLUDE, OURS_LIB, argument, prefix_map};
use crate::debug::DebugInfo;
use crate::error::{BuildError, Refused, Symbol};
use crate::export::{self, Export, MAX_ARGS};
use crate::hash::Hash;
use crate::image::{Image, Object, drop_constructors};
use crate::include::Include;
use crate::source::Source;
use crate::tempdir::TempDir;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A file of the C library that is linked with a module that needs one of its symbols.
#[derive(Clone, Copy, Debug)]
pub struct LibFile {
    /// Its name, like `sort.c`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The global symbols that it defines.
    pub defines: &'static [&'static str],
}

/// A linked module. Clones share it.
#[derive(Clone, Debug)]
pub struct Build {
    pub(crate) inner: Arc<Inner>,
}

/// What a linked module is.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) module: String,
    pub(crate) compiler: String,
    /// The shared object.
    pub(crate) bytes: Vec<u8>,
    pub(crate) image: Image,
    /// The names of the table's slots.
    pub(crate) slots: Vec<&'static str>,
    /// The folder that places are relative to.
    pub(crate) root: PathBuf,
    /// Folders and prefixes whose files are not the user's.
    pub(crate) ours: Vec<PathBuf>,
    diagnostics: String,
    fingerprint: u64,
}

/// Compiles, with calls before each access, and links.
///
/// # Errors
/// See [`BuildError`]. Unknown symbols are all listed at once.
///
/// # Panics
/// If an export has more than [`MAX_ARGS`] arguments.
pub fn build(
    source: &Source,
    compiler: &Compiler,
    include: &Include,
    exports: &[Export],
    lib: &[LibFile],
) -> Result<Build, BuildError> {
    build_as(source, compiler, include, exports, lib, Instrument::Accesses)
}

/// Compiles, with what is asked for added to the code, and links.
///
/// # Errors
/// As [`build()`].
///
/// # Panics
/// As [`build()`].
pub fn build_as(
    source: &Source,
    compiler: &Compiler,
    include: &Include,
    exports: &[Export],
    lib: &[LibFile],
    instrument: Instrument,
) -> Result<Build, BuildError> {
    assert!(exports.iter().all(|export| export.args <= MAX_ARGS), "an export has more than {MAX_ARGS} arguments");
    let mut job = Job::new(source, compiler, include, instrument)?;
    job.compile_source()?;
    job.add_library(lib)?;
    let slots = job.link(exports)?;
    job.finish(slots)
}

impl Build {
    /// The module's name.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.inner.module
    }

    /// The compiler and its version.
    #[must_use]
    pub fn compiler(&self) -> &str {
        &self.inner.compiler
    }

    /// Whether it has a `module_init`: whether anything defines `__rz_module_init`.
    #[must_use]
    pub fn has_init(&self) -> bool {
        self.inner.image.symbol("__rz_module_init").is_some()
    }

    /// Whether it has a `module_exit`.
    #[must_use]
    pub fn has_exit(&self) -> bool {
        self.inner.image.symbol("__rz_module_exit").is_some()
    }

    /// Whether it has KUnit suites: whether the section `.rz.kunit` is not empty.
    #[must_use]
    pub fn has_kunit(&self) -> bool {
        self.inner.image.section(".rz.kunit").is_some()
    }

    /// A hash of all that is loaded: code, constants, initial data and their layout. A trace that was made with another
    /// compiler, other flags or other source has another one.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.inner.fingerprint
    }

    /// The compiler's warnings, as it wrote them. Not shown by default: headers that are not Linux's own are not the
    /// place for a style debate.
    #[must_use]
    pub fn diagnostics(&self) -> &str {
        &self.inner.diagnostics
    }
}

/// A build in progress.
struct Job<'a> {
    source: &'a Source,
    compiler: &'a Compiler,
    include: &'a Include,
    instrument: Instrument,
    temp: TempDir,
    /// The folder that the user's files are compiled in.
    root: PathBuf,
    objects: Vec<(PathBuf, Object)>,
    diagnostics: String,
}

/// More of what the compiler says is cut off.
const MAX_STDERR: usize = 64 << 10;

impl<'a> Job<'a> {
    fn new(
        source: &'a Source,
        compiler: &'a Compiler,
        include: &'a Include,
        instrument: Instrument,
    ) -> Result<Self, BuildError> {
        let temp = TempDir::new()?;
        let root = match &source.root {
            Some(root) => root.clone(),
            None => write_texts(source, temp.path())?,
        };
        let (objects, diagnostics) = (Vec::new(), String::new());
        Ok(Self { source, compiler, include, instrument, temp, root, objects, diagnostics })
    }

    /// Compiles the user's files, several at a time.
    fn compile_source(&mut self) -> Result<(), BuildError> {
        let files = &self.source.files;
        let work = |index: usize| {
            let object = self.temp.path().join(format!("{index}.o"));
            let mut flags = self.flags();
            flags.extend(self.source.flags.iter().cloned());
            self.compile(&self.root, &files[index].path, &object, &flags).map(|said| (object, said))
        };
        let mut refused = String::new();
        for outcome in in_parallel(files.len(), work) {
            match outcome {
                Ok((object, said)) => {
                    self.diagnostics.push_str(&said);
                    self.add_object(object)?;
                }
                Err(BuildError::Compile(Refused { stderr })) => refused.push_str(&stderr),
                Err(other) => return Err(other),
            }
        }
        if !refused.is_empty() {
            return Err(BuildError::Compile(Refused { stderr: refused }));
        }
        self.no_duplicates()
    }

    fn flags(&self) -> Vec<OsString> {
        self.compiler.flags(self.include.dir(), &self.source.module, self.instrument)
    }

    /// Compiles one file and gives what the compiler said.
    fn compile(&self, dir: &Path, file: &Path, object: &Path, flags: &[OsString]) -> Result<String, BuildError> {
        let mut command = self.compiler.command(dir, self.temp.path());
        command.args(flags).arg("-c").arg("-o").arg(object).arg(argument(file));
        let output = self.run(&mut command)?;
        let mut said = String::from_utf8_lossy(&output.stderr[..output.stderr.len().min(MAX_STDERR)]).into_owned();
        if output.stderr.len() > MAX_STDERR {
            said.push_str("\n[more was cut off]\n");
        }
        if output.status.success() {
            return Ok(said);
        }
        if said.trim().is_empty() {
            said = format!("{}: {} ended without a message ({})\n", file.display(), self.shown(), output.status);
        }
        Err(BuildError::Compile(Refused { stderr: said }))
    }

    fn run(&self, command: &mut Command) -> Result<Output, BuildError> {
        command.output().map_err(|e| BuildError::io(format!("running {}", self.shown()), e))
    }

    fn shown(&self) -> String {
        self.compiler.program().to_string_lossy().into_owned()
    }

    fn add_object(&mut self, path: PathBuf) -> Result<(), BuildError> {
        let bytes = std::fs::read(&path).map_err(|e| BuildError::io(format!("reading {}", path.display()), e))?;
        let object = Object::parse(&bytes).map_err(|e| BuildError::Link(format!("an object is no ELF file: {e}")))?;
        if let Some(name) = object.indirect.first() {
            return Err(BuildError::Link(format!("{name}: indirect functions are not supported")));
        }
        self.objects.push((path, object));
        Ok(())
    }

    /// Refuses a name that two of the user's files define, in words of C rather than the linker's.
    fn no_duplicates(&self) -> Result<(), BuildError> {
        for (index, (_, object)) in self.objects.iter().enumerate() {
            for (earlier, (_, other)) in self.objects[..index].iter().enumerate() {
                if let Some(name) = object.defined.intersection(&other.defined).next() {
                    let first = self.source.files[earlier].path.display();
                    let what = match name.as_str() {
                        "__rz_module_init" => format!("a second module_init: {first} has one"),
                        "__rz_module_exit" => format!("a second module_exit: {first} has one"),
                        name => format!("{name} is defined in {first} too"),
                    };
                    return Err(BuildError::input(&self.source.files[index].path, None, what));
                }
            }
        }
        Ok(())
    }

    /// The names that are used and that no object defines. Weak ones are not among them.
    fn wanted(&self) -> BTreeSet<String> {
        let defined = |name: &&String| {
            self.objects.iter().any(|(_, object)| object.defined.contains(*name) || object.is_linkers(name))
        };
        let all = self.objects.iter().flat_map(|(_, object)| &object.wanted);
        all.filter(|name| !defined(name) && *name != "__tsan_init").cloned().collect()
    }

    /// Adds the library's files that define what is wanted, and what those want.
    fn add_library(&mut self, lib: &[LibFile]) -> Result<(), BuildError> {
        let mut taken = vec![false; lib.len()];
        loop {
            let wanted = self.wanted();
            let needs = |file: &LibFile| file.defines.iter().any(|name| wanted.contains(*name));
            let next: Vec<usize> = (0..lib.len()).filter(|&index| !taken[index] && needs(&lib[index])).collect();
            if next.is_empty() {
                return Ok(());
            }
            let work = |index: usize| self.library_object(&lib[next[index]]);
            for outcome in in_parallel(next.len(), work) {
                self.add_object(outcome?)?;
            }
            for index in next {
                taken[index] = true;
            }
        }
    }

    /// The object of a library file: from the cache, or compiled and cached.
    fn library_object(&self, file: &LibFile) -> Result<PathBuf, BuildError> {
        let dir = self.temp.path().join("lib");
        let failed = |e| BuildError::io("writing a library file", e);
        std::fs::create_dir_all(&dir).map_err(failed)?;
        let object = dir.join(format!("{}.o", file.name));
        // The module's name is no part of the library's flags: its objects serve all modules.
        let mut flags = self.compiler.flags(self.include.dir(), "ringzero", self.instrument);
        let map = prefix_map(&dir, OURS_LIB);
        let mut hash = Hash::new().add(&self.compiler.identity()).add(self.include.hash().as_bytes());
        for flag in &flags {
            hash = hash.add(flag.as_encoded_bytes());
        }
        let key = hash.add(file.name.as_bytes()).add(file.text.as_bytes()).hex();
        if let Some(bytes) = self.include.object(&key) {
            std::fs::write(&object, bytes).map_err(failed)?;
            return Ok(object);
        }
        std::fs::write(dir.join(file.name), file.text).map_err(failed)?;
        let cacheable = map.is_some();
        flags.extend(map);
        self.compile(&dir, Path::new(file.name), &object, &flags)?;
        if let Ok(bytes) = std::fs::read(&object)
            && cacheable
        {
            self.include.store_object(&key, &bytes);
        }
        Ok(object)
    }

    /// Links; gives the names of the table's slots.
    fn link(&mut self, exports: &[Export]) -> Result<Vec<&'static str>, BuildError> {
        let wanted = self.wanted();
        let weak: BTreeSet<&String> = self.objects.iter().flat_map(|(_, object)| &object.weak).collect();
        let defined = |name: &str| self.objects.iter().any(|(_, object)| object.defined.contains(name));
        let used = |export: &&Export| {
            let weak = weak.iter().any(|name| *name == export.name) && !defined(export.name);
            (wanted.contains(export.name) || weak) && export.name != "__tsan_init"
        };
        let mut used: Vec<&Export> = exports.iter().filter(used).collect();
        used.sort_by_key(|export| export.name);
        used.dedup_by_key(|export| export.name);
        let given = |name: &str| used.iter().any(|export| export.name == name);
        let unknown: Vec<String> = wanted.into_iter().filter(|name| !given(name)).collect();
        let undefined: Vec<&str> = weak.iter().map(|name| name.as_str()).filter(|name| !given(name)).collect();
        let stubs = export::stubs(&used, &undefined);
        if !unknown.is_empty() {
            return Err(BuildError::Unknown(self.where_used(&unknown, &stubs)));
        }
        self.link_with(&stubs, "-Wl,-z,defs", "module.so")?;
        Ok(used.iter().map(|export| export.name).collect())
    }

    fn link_with(&self, stubs: &str, extra: &str, output: &str) -> Result<Vec<u8>, BuildError> {
        let temp = self.temp.path();
        let failed = |e| BuildError::io("writing the stubs", e);
        std::fs::write(temp.join("stubs.s"), stubs).map_err(failed)?;
        std::fs::write(temp.join("sections.ld"), SECTIONS).map_err(failed)?;
        let mut command = self.compiler.command(temp, temp);
        command.args(LINK).arg(extra).args(self.objects.iter().map(|(path, _)| path)).args(["stubs.s", "-o", output]);
        let ran = self.run(&mut command)?;
        if !ran.status.success() {
            return Err(BuildError::Link(String::from_utf8_lossy(&ran.stderr).into_owned()));
        }
        std::fs::read(temp.join(output)).map_err(|e| BuildError::io("reading the linked module", e))
    }

    /// The first use of each of these names: links all the same, keeping the relocations, and asks the debug
    /// information. What fails on the way only costs the places.
    fn where_used(&self, names: &[String], stubs: &str) -> Vec<Symbol> {
        let extra = "-Wl,--emit-relocs,--unresolved-symbols=ignore-all";
        let bytes = self.link_with(stubs, extra, "unknown.so").unwrap_or_default();
        let debug = DebugInfo::of_bytes(&bytes, &self.root, &self.ours());
        let uses = debug.map(|debug| (debug, crate::uses::uses(&bytes)));
        let first = |name: &String| {
            let (debug, uses) = uses.as_ref()?;
            uses.get(name)?.iter().filter_map(|&at| debug.place(at).or_else(|| debug.variable_place(at))).min()
        };
        names.iter().map(|name| Symbol { name: name.clone(), place: first(name) }).collect()
    }

    fn ours(&self) -> Vec<PathBuf> {
        vec![self.include.dir().to_owned(), OURS_INCLUDE.into(), OURS_LIB.into(), self.temp.path().join("lib")]
    }

    fn finish(self, slots: Vec<&'static str>) -> Result<Build, BuildError> {
        let bad = |e: object::Error| BuildError::Link(format!("the linked module is no ELF file: {e}"));
        let path = self.temp.path().join("module.so");
        let mut bytes = std::fs::read(path).map_err(|e| BuildError::io("reading the linked module", e))?;
        drop_constructors(&mut bytes).map_err(bad)?;
        let image = Image::parse(&bytes).map_err(bad)?;
        // Invariant 1: whatever a linker made of the flags, nothing is left for libc to answer.
        if !image.imports.is_empty() {
            return Err(BuildError::Link(format!("left undefined: {}", image.imports.join(", "))));
        }
        let mut hash = Hash::new();
        for section in &image.sections {
            hash = hash.add(section.name.as_bytes()).add(&section.start.to_le_bytes()).add(&section.len.to_le_bytes());
            hash = hash.add(bytes.get(section.bytes.clone()).unwrap_or_default());
        }
        let inner = Inner {
            module: self.source.module.clone(),
            compiler: self.compiler.version().to_owned(),
            image,
            slots,
            ours: self.ours(),
            root: self.root,
            diagnostics: self.diagnostics,
            fingerprint: hash.value() as u64,
            bytes,
        };
        Ok(Build { inner: Arc::new(inner) })
    }
}

/// Writes texts from memory below a folder; gives the folder that their names are relative to.
fn write_texts(source: &Source, temp: &Path) -> Result<PathBuf, BuildError> {
    let root = temp.join("source");
    for file in &source.files {
        let path = root.join(&file.path);
        let failed = |e| BuildError::io(format!("writing {}", path.display()), e);
        std::fs::create_dir_all(path.parent().unwrap_or(&root)).map_err(failed)?;
        std::fs::write(&path, &file.text).map_err(failed)?;
    }
    Ok(root)
}

/// Flags of the link. What they are for: see *Flags* in `lib.rs`.
const LINK: &[&str] = &[
    "-shared",
    "-nostdlib",
    "-Wl,-Bsymbolic",
    "-Wl,-z,norelro",
    "-Wl,-z,now",
    "-Wl,-z,nodynamic-undefined-weak",
    "-Wl,-z,noexecstack",
    "-Wl,--build-id=none",
    "-Wl,-T,sections.ld",
];

/// Keeps per-CPU data apart: the linker's own script would put it into `.data`.
const SECTIONS: &str = "SECTIONS { .data..percpu : { *(.data..percpu .data..percpu..*) } } INSERT AFTER .data;\n";

/// Runs `work(0..count)` on as many threads as there are CPUs; the results in order.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(count);
    if threads <= 1 {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let turn = || {
        let mut done = Vec::new();
        loop {
            // Relaxed: it only hands out numbers; the threads' results come back through join.
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return done;
            }
            done.push((index, work(index)));
        }
    };
    let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(turn)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
    });
    all.sort_by_key(|(index, _)| *index);
    all.into_iter().map(|(_, result)| result).collect()
}
