//! What is to be checked: programs by name, C files, folders.

use crate::exit::Exit;
use ringzero::Progress;
use ringzero::program::{Answer, Program, Settings, boot, check, plainest_log};
use ringzero_front::{BuildError, Module, Part};
use ringzero_gallery::{Entry, Expect, Group, all, all_c, find, find_c};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// One program, ready to be checked.
pub enum Item {
    /// One in Rust.
    Rust(&'static Entry),
    /// A part of a C module.
    C(Rc<Module>, Part),
    /// One in C that cannot be compiled here: its name, and why.
    Skipped(&'static str, String),
}

/// A module that is compiled only when its turn comes: the gallery has many.
pub enum Wanted {
    /// A program in Rust.
    Rust(&'static Entry),
    /// A C program of the gallery.
    Gallery(&'static ringzero_gallery::CProgram),
    /// Files of one module.
    Files(Vec<PathBuf>),
}

/// All of the gallery's bugs.
pub fn gallery() -> Vec<Wanted> {
    let rust = all().iter().filter(|e| e.group == Group::Bug).map(Wanted::Rust);
    rust.chain(all_c().iter().filter(|p| p.group() == Group::Bug).map(Wanted::Gallery)).collect()
}

/// What the arguments name. Several C files are one module, unless more than one of them has an init function.
pub fn named(names: &[PathBuf]) -> Result<Vec<Wanted>, String> {
    let mut wanted = Vec::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for path in names {
        let name = path.to_str().unwrap_or_default();
        if let Some(e) = find(name) {
            wanted.push(Wanted::Rust(e));
        } else if path.is_dir() {
            wanted.push(Wanted::Files(vec![path.clone()]));
        } else if path.extension().is_some_and(|e| e == "c") || path.exists() || path.is_symlink() {
            files.push(path.clone());
        } else if let Some(p) = find_c(name) {
            wanted.push(Wanted::Gallery(p));
        } else {
            return Err(unknown(name));
        }
    }
    let begins = files.iter().filter(|f| has_init(f)).count();
    if begins > 1 {
        wanted.extend(files.into_iter().map(|f| Wanted::Files(vec![f])));
    } else if !files.is_empty() {
        wanted.push(Wanted::Files(files));
    }
    Ok(wanted)
}

/// Whether a C file looks like a module of its own.
fn has_init(path: &Path) -> bool {
    let text = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.contains("_init(") && text.contains("module_init")
        || text.contains("kunit_test_suite")
        || text.contains("_initcall(")
}

fn unknown(name: &str) -> String {
    let close = |n: &&str| n.contains(name) || name.contains(n.trim_end_matches("-buggy"));
    let names = all().iter().map(|e| e.name).chain(all_c().iter().map(|p| p.name));
    let near: Vec<&str> = names.filter(close).take(4).collect();
    let hint = if near.is_empty() {
        "`ringzero list` names those there are".to_owned()
    } else {
        format!("perhaps one of: {}", near.join(", "))
    };
    format!("there is no program and no file `{name}`; {hint}")
}

impl Wanted {
    /// Compiles if need be. Programs of the gallery that no compiler is there for are skipped, if `lenient`.
    pub fn open(&self, params: &[String], lenient: bool) -> Result<Vec<Item>, String> {
        let opened = match self {
            // A gallery has programs of both kinds.
            Wanted::Rust(e) if params.is_empty() || lenient => return Ok(vec![Item::Rust(e)]),
            Wanted::Rust(e) => return Err(format!("{}: a program in Rust has no parameters", e.name)),
            Wanted::Gallery(p) => Module::from_text(p.name, p.path, p.text),
            Wanted::Files(paths) => Module::open(paths),
        };
        let mut module = match (opened, self) {
            (Ok(module), _) => module,
            (Err(BuildError::NoCompiler(why)), Wanted::Gallery(p)) if lenient => {
                return Ok(vec![Item::Skipped(p.name, why)]);
            }
            (Err(e), _) => return Err(told(&e)),
        };
        for given in params {
            module.set_param(given).map_err(|e| format!("{}: {e}", module.name()))?;
        }
        let parts = module.parts();
        let module = Rc::new(module);
        Ok(parts.into_iter().map(|part| Item::C(Rc::clone(&module), part)).collect())
    }
}

/// An error of the front door, with what Ringzero plans of what is missing.
pub fn told(e: &BuildError) -> String {
    let mut text = e.to_string();
    if let BuildError::Unknown(symbols) = e {
        text = format!("{} unknown symbols:", symbols.len());
        for s in symbols {
            let place = s.place.as_ref().map(|p| format!(" at {p}")).unwrap_or_default();
            text.push_str(&format!("\n  {}{place}: {}", s.name, ringzero_front::plan(&s.name)));
        }
    }
    text
}

impl Item {
    /// The program's name.
    pub fn name(&self) -> String {
        match self {
            Item::Rust(e) => e.name.to_owned(),
            Item::C(m, part) => part.case().map_or_else(|| m.name().to_owned(), |c| format!("{}: {c}", m.name())),
            Item::Skipped(name, _) => (*name).to_owned(),
        }
    }

    /// The name of the program that it is, or is a part of.
    pub fn module(&self) -> String {
        match self {
            Item::C(m, _) => m.name().to_owned(),
            _ => self.name(),
        }
    }

    /// The verdict that is expected, in words, if one is.
    pub fn expected(&self) -> Option<String> {
        match self {
            Item::Rust(e) => Some(match e.expect {
                Expect::Holds => "holds".to_owned(),
                Expect::Violated(code) => format!("violated {code}"),
            }),
            Item::C(m, _) => m.expected().map(ToString::to_string),
            Item::Skipped(..) => None,
        }
    }

    /// Whether it is known by its expectation, and not by its verdict alone, what is well.
    pub fn compares(&self) -> bool {
        matches!(self, Item::C(m, _) if m.expected().is_some())
    }

    /// Changes settings to what the program asks for.
    pub fn tune(&self, settings: &mut Settings) {
        match self {
            Item::Rust(e) => (e.tune)(settings),
            Item::C(m, _) => m.tune(settings),
            Item::Skipped(..) => {}
        }
    }

    /// Checks it.
    pub fn check(&self, settings: &Settings, to: &mut dyn FnMut(Progress)) -> Option<Answer> {
        match self {
            Item::Rust(e) => {
                let init = e.init;
                let start = || boot(&init);
                Some(check(&Program::of(e.name, false, &start), settings, to))
            }
            Item::C(m, part) => Some(m.check(part, settings, to)),
            Item::Skipped(..) => None,
        }
    }

    /// What it logs in its plainest execution.
    pub fn log(&self, settings: &Settings) -> Vec<String> {
        match self {
            Item::Rust(e) => {
                let init = e.init;
                let start = || boot(&init);
                plainest_log(&Program::of(e.name, false, &start), &settings.machine)
            }
            Item::C(m, part) => m.log(part, settings),
            Item::Skipped(..) => Vec::new(),
        }
    }

    /// Why it was skipped, if it is a KUnit case that said so when it was checked last.
    pub fn skipped(&self) -> Option<String> {
        match self {
            Item::C(m, _) => m.skipped(),
            _ => None,
        }
    }

    /// What its init function returned, if it failed.
    pub fn init_failed(&self) -> Option<i32> {
        match self {
            Item::C(m, _) => m.init_failed(),
            _ => None,
        }
    }
}

/// Whether a verdict, in words, is the expected one.
pub fn met(expected: &str, answer: &Answer) -> bool {
    verdict(answer) == expected
}

/// A verdict in words, with the code.
pub fn verdict(answer: &Answer) -> String {
    let code = answer.finding.as_ref().map(|f| format!(" {}", f.code)).unwrap_or_default();
    format!("{}{code}", answer.verdict.as_str())
}

/// Says on stderr that something cannot be loaded.
pub fn refuse(why: &str) -> Exit {
    eprintln!("ringzero: {why}");
    Exit::NotLoaded
}
