//! A module on the machine of threads: compiled without the checker's hooks, loaded once, run at full speed.

use crate::compile::{compile, name_of};
use crate::entries::{Entries, LOOKS, percpu_copies};
use crate::fault::{Violation, end_process_with};
use crate::map::Map;
use crate::tune::Tuning;
use ringzero::host::{Host, Summary};
use ringzero_capi::kunit::{self, Case, Outcome};
use ringzero_capi::params::{self, Call, Param};
use ringzero_capi::{bug, caller, errno_name, percpu, printk};
use ringzero_host::text;
use ringzero_machine::{machine, set_shared_code_map};
use ringzero_module::{BuildError, DebugInfo, Instrument, Loaded, Source};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A module that will run once, in this process.
pub struct Native {
    name: String,
    source: Source,
    loaded: Loaded,
    map: Map,
    tuning: Tuning,
    parameters: Vec<Param>,
    /// Parameters whose own functions the init task calls.
    calls: Mutex<Vec<Call>>,
    cases: Vec<Case>,
    init_code: AtomicI32,
    stays: AtomicBool,
    /// It was inserted before.
    inserted: AtomicBool,
    /// KUnit cases that failed.
    failed: AtomicUsize,
}

// SAFETY: its pointers lead into the loaded module, which stays as long as this, and are followed by the init task alone.
unsafe impl Send for Native {}
// SAFETY: as above.
unsafe impl Sync for Native {}

/// How a module's run has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// What the machine says.
    pub summary: Summary,
    /// What `module_init` returned when it failed.
    pub init_failed: Option<i32>,
    /// It has no exit function, so that it was not removed, and what is left is its own.
    pub stays: bool,
    /// How often something was warned of (`WARN`).
    pub warnings: u64,
    /// How many KUnit cases failed.
    pub failed_cases: usize,
}

impl Native {
    /// Compiles one C file, several of one module, or a folder with a Kbuild file, and loads the module.
    ///
    /// # Errors
    /// As [`Module::open`](crate::Module::open).
    pub fn open(paths: &[PathBuf]) -> Result<Self, BuildError> {
        Self::make(name_of(paths), Source::of(paths)?)
    }

    /// Compiles a file from memory: the program's name, the path that places show, and the text.
    ///
    /// # Errors
    /// As [`Native::open`].
    pub fn from_text(name: &str, path: &str, text: &str) -> Result<Self, BuildError> {
        Self::make(name.to_owned(), Source::from_memory(&[(path, text)])?)
    }

    fn make(name: String, source: Source) -> Result<Self, BuildError> {
        let tuning = Tuning::of(&source)?;
        let (build, exports) = compile(&source, Instrument::None)?;
        let loaded = Loaded::load_once(&build, &exports).map_err(|e| BuildError::Io {
            doing: "loading".to_owned(),
            source: std::io::Error::other(e.to_string()),
        })?;
        let map = Map::of(&loaded, &Arc::new(DebugInfo::new(&build)), &Arc::default());
        let section = |name| loaded.section(name).unwrap_or((0, 0));
        // SAFETY: the sections of the module that was just loaded, and stays so as long as what is read from them.
        let (cases, parameters) =
            unsafe { (kunit::cases(section(".rz.kunit")), params::parameters(section(".rz.params"))) };
        Ok(Self {
            name,
            source,
            loaded,
            map,
            tuning,
            parameters,
            calls: Mutex::default(),
            cases,
            init_code: AtomicI32::new(0),
            stays: AtomicBool::new(false),
            inserted: AtomicBool::new(false),
            failed: AtomicUsize::new(0),
        })
    }

    /// The module's name: its paths, or what it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Flags of its Kbuild file that are not honoured.
    #[must_use]
    pub fn ignored_flags(&self) -> &[String] {
        self.source.ignored_flags()
    }

    /// How many CPUs its comments ask for.
    #[must_use]
    pub fn cpus(&self) -> Option<usize> {
        self.tuning.cpus()
    }

    /// Sets a module parameter: `name=value`, as insmod takes it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn set_param(&mut self, given: &str) -> Result<(), String> {
        // SAFETY: the parameters are this module's, and none of its code runs yet.
        let call = unsafe { params::set(&self.parameters, given) }.map_err(|e| e.to_string())?;
        self.calls.get_mut().unwrap_or_else(PoisonError::into_inner).extend(call);
        Ok(())
    }

    /// Makes it the module of this process: it can be inserted from now on, its code may be interrupted at each
    /// instruction, and what it does wrong ends the process as [`end_process_with`] says.
    ///
    /// # Panics
    /// If the process has one already.
    pub fn install(self, tell: fn(&Violation) -> i32) -> &'static Self {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        assert!(!TAKEN.swap(true, Ordering::Relaxed), "one module a process");
        // Its code stays: what it has left behind may still call it.
        let native: &'static Native = Box::leak(Box::new(self));
        set_shared_code_map(&native.map);
        caller::set_shared_module(&(native.loaded.base()..native.loaded.text().end));
        end_process_with(tell);
        // For good, as the code.
        std::mem::forget(text::register(native.loaded.text()));
        native
    }

    /// Runs the module on `host`: its init function, what it starts, its exit function; or its KUnit cases, if it has
    /// nothing else. A violated rule, a fault and a panic end the process, as [`end_process_with`] says.
    ///
    /// # Panics
    /// If the process has a module already.
    pub fn run(self, host: Host, tell: fn(&Violation) -> i32) -> Ended {
        let native = self.install(tell);
        let summary = host.boot(move || native.live());
        if summary.still.is_empty() {
            printk::flush_all();
        }
        Ended {
            summary,
            init_failed: Some(native.init_code.load(Ordering::Relaxed)).filter(|&code| code != 0),
            stays: native.stays.load(Ordering::Relaxed),
            warnings: bug::warnings(),
            failed_cases: native.failed.load(Ordering::Relaxed),
        }
    }

    /// What the init task does.
    fn live(&'static self) {
        if self.insert() == 0 {
            self.run_cases();
            ringzero::on_exit(|| self.remove());
        }
    }

    /// `insmod`: sets the parameters and calls the init function; what that returns, 0 or an error. On the machine, from a
    /// task. After [`Native::remove`] it can be inserted again; its variables have the values that it left them with.
    pub fn insert(&'static self) -> i32 {
        let Some(m) = machine() else { return -19 };
        for look in LOOKS {
            m.at_end(look);
        }
        for &(irq, n) in &self.tuning.arrivals {
            ringzero_irq::set_arrivals(irq, n);
        }
        if !self.inserted.swap(true, Ordering::Relaxed) {
            percpu::set_shared_area(self.loaded.percpu().map(percpu_copies).unwrap_or_default());
        }
        let entries = Entries::of(&self.loaded);
        let refused = self.call_params();
        let code = if refused == 0 { entries.init.map_or(0, |init| init()) } else { refused };
        if code != 0 {
            self.init_code.store(code, Ordering::Relaxed);
            let name = errno_name(-code).map(|n| format!(" ({n})")).unwrap_or_default();
            m.log(&format!("{}: init returned {code}{name}", self.name));
        }
        let stays = code == 0 && entries.init.is_some() && entries.exit.is_none();
        self.stays.store(stays, Ordering::Relaxed);
        code
    }

    /// `rmmod`: calls the exit function, if it has one. After it was inserted, from a task.
    pub fn remove(&self) {
        if let Some(exit) = Entries::of(&self.loaded).exit {
            exit();
        }
    }

    /// Runs its KUnit cases, one after the other.
    fn run_cases(&'static self) {
        for case in &self.cases {
            // SAFETY: the module is loaded, for good, and this is a task of the machine.
            let word = match unsafe { kunit::run_in_task(case) } {
                Outcome::Passed => "ok".to_owned(),
                Outcome::Skipped(why) => format!("ok # SKIP {why}"),
                Outcome::Failed(what, place) => {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    format!("not ok: {}:{}: {what}", place.file(), place.line())
                }
            };
            if let Some(m) = machine() {
                m.log(&format!("{}.{}: {word}", case.suite, case.case));
            }
        }
    }

    /// Calls the functions of the parameters that have some; `-EINVAL` if one refuses.
    fn call_params(&self) -> i32 {
        let calls = std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner));
        for call in &calls {
            // SAFETY: a task of the machine, which runs the module's code.
            if let Err(refused) = unsafe { call.run() } {
                if let Some(m) = machine() {
                    m.log(&refused.to_string());
                }
                return -22;
            }
        }
        0
    }
}
