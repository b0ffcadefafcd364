//! A compiled module, ready to be checked.

use crate::compile::{compile, name_of};
use crate::expected::{Expected, expected};
use crate::instance::{self, boot, ensure, forget, run};
use crate::map::First;
use crate::part::Part;
use crate::tune::Tuning;
use ringzero::Progress;
use ringzero::program::{self, Answer, FileModule, Program, ReplayError, Settings, TraceFile};
use ringzero_module::{Build, BuildError, DebugInfo, Export, Instrument, Source, Warning};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A module: C files, compiled.
pub struct Module {
    pub(crate) id: u64,
    pub(crate) build: Build,
    pub(crate) debug: Arc<DebugInfo>,
    pub(crate) first: Arc<First>,
    pub(crate) exports: Vec<Export>,
    pub(crate) params: Vec<String>,
    pub(crate) tuning: Tuning,
    /// What `module_init` returned last when it failed; 0: it did not.
    pub(crate) init_code: AtomicI32,
    /// Why the KUnit case that ran last was skipped, if it was.
    pub(crate) skipped: Arc<Mutex<Option<String>>>,
    name: String,
    source: Source,
    expected: Option<Expected>,
    /// The paths that it was opened with; none for texts from memory.
    paths: Vec<PathBuf>,
    /// Files that are not in the file system.
    texts: Vec<(String, String)>,
}

impl Module {
    /// Compiles one C file, several of one module, or a folder with a Kbuild file.
    ///
    /// # Errors
    /// When there is no compiler, or the files are not a module: see [`BuildError`].
    pub fn open(paths: &[PathBuf]) -> Result<Self, BuildError> {
        let source = Source::of(paths)?;
        Self::make(name_of(paths), source, paths.to_vec(), Vec::new())
    }

    /// Compiles a file from memory: the program's name, the path that places show, and the text.
    ///
    /// # Errors
    /// As [`Module::open`].
    pub fn from_text(name: &str, path: &str, text: &str) -> Result<Self, BuildError> {
        let source = Source::from_memory(&[(path, text)])?;
        Self::make(name.to_owned(), source, Vec::new(), vec![(path.to_owned(), text.to_owned())])
    }

    fn make(
        name: String,
        source: Source,
        paths: Vec<PathBuf>,
        texts: Vec<(String, String)>,
    ) -> Result<Self, BuildError> {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let (tuning, expected) = (Tuning::of(&source)?, expected(&source)?);
        let (build, exports) = compile(&source, Instrument::Accesses)?;
        let debug = Arc::new(DebugInfo::new(&build));
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let init_code = AtomicI32::new(0);
        let params = Vec::new();
        let module = Self {
            id,
            build,
            debug,
            first: Arc::default(),
            exports,
            params,
            tuning,
            init_code,
            skipped: Arc::default(),
            name,
            source,
            expected,
            paths,
            texts,
        };
        ensure(&module)?;
        Ok(module)
    }

    /// The module's name: its paths, or what it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The compiler that made it, and its version.
    #[must_use]
    pub fn compiler(&self) -> &str {
        self.build.compiler()
    }

    /// What its first line expects.
    #[must_use]
    pub fn expected(&self) -> Option<&Expected> {
        self.expected.as_ref()
    }

    /// What the checker does not see.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        self.source.assembly()
    }

    /// Flags of its Kbuild file that are not honoured.
    #[must_use]
    pub fn ignored_flags(&self) -> &[String] {
        self.source.ignored_flags()
    }

    /// Sets a module parameter: `name=value`, as insmod takes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn set_param(&mut self, given: &str) -> Result<(), String> {
        ensure(self).map_err(|e| e.to_string())?;
        instance::try_param(given)?;
        self.params.push(given.to_owned());
        Ok(())
    }

    /// Changes settings as the file's comments say.
    pub fn tune(&self, settings: &mut Settings) {
        settings.machine.c = true;
        self.tuning.apply(settings);
    }

    /// Its programs: the module's life, then the cases of its KUnit suites.
    #[must_use]
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        if self.build.has_init() {
            parts.push(Part::LIFE);
        }
        if ensure(self).is_err() {
            return parts;
        }
        instance::cases(|cases| {
            for (n, case) in cases.iter().enumerate() {
                parts.push(Part { case: Some(n), title: Some(format!("{}.{}", case.suite, case.case)) });
            }
        });
        parts
    }

    /// What `module_init` returned last when it failed.
    #[must_use]
    pub fn init_failed(&self) -> Option<i32> {
        Some(self.init_code.load(Ordering::Relaxed)).filter(|&code| code != 0)
    }

    /// Why the KUnit case that was checked last was skipped, if it was.
    #[must_use]
    pub fn skipped(&self) -> Option<String> {
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn header(&self, part: &Part) -> FileModule {
        FileModule {
            sources: self.paths.iter().map(|p| p.display().to_string()).collect(),
            params: self.params.clone(),
            case: part.title.clone(),
            build: self.build.fingerprint(),
            ..FileModule::default()
        }
    }

    /// Calls `f` with the part as a program that the explorer can run.
    fn with<R>(&self, part: &Part, f: impl FnOnce(&Program<'_>) -> R) -> R {
        let init = || run(self, part);
        let start = || boot(self, &init);
        let header = self.header(part);
        let program =
            Program { name: &self.name, in_test: false, boot: &start, module: Some(&header), texts: &self.texts };
        f(&program)
    }

    /// Checks one part.
    pub fn check(&self, part: &Part, settings: &Settings, to: &mut dyn FnMut(Progress)) -> Answer {
        self.init_code.store(0, Ordering::Relaxed);
        self.skipped.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.with(part, |program| program::check(program, settings, to))
    }

    /// What a part logs in its plainest execution.
    #[must_use]
    pub fn log(&self, part: &Part, settings: &Settings) -> Vec<String> {
        self.with(part, |program| program::plainest_log(program, &settings.machine))
    }

    /// Replays a trace of one of its parts. The result is the same trace, byte for byte.
    ///
    /// # Errors
    /// When it is none, or the module has changed.
    pub fn replay(&self, trace: &TraceFile) -> Result<TraceFile, ReplayError> {
        let case = trace.module.as_ref().and_then(|m| m.case.as_deref());
        let part = self.parts().into_iter().find(|p| p.case() == case).unwrap_or(Part::LIFE);
        self.with(&part, |program| program::replay(program, trace))
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        forget();
    }
}
