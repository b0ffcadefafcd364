//! What C code may call of contexts, locks, tasks, time and memory, called from C: small modules, each with its verdict.
//! Each test of what must hold states it with `BUG_ON()`; each rule that an export checks itself has a module that breaks
//! it.

mod lines;
mod locks;
mod memory;
mod tasks;

use ringzero::program::Settings;
use ringzero_front::{BuildError, Module};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A module.
pub struct Case {
    /// The module's name.
    pub name: &'static str,
    /// Its verdict, with the code.
    pub expect: &'static str,
    /// A comment line with settings.
    pub tune: &'static str,
    /// What stands before the functions.
    pub decls: &'static str,
    /// The body of `module_init`.
    pub init: &'static str,
    /// The body of `module_exit`.
    pub exit: &'static str,
}

const HEADERS: &[&str] = &[
    "interrupt",
    "irq",
    "kthread",
    "ktime",
    "module",
    "percpu",
    "slab",
    "spinlock",
    "timer",
    "uaccess",
    "vmalloc",
    "wait",
];

impl Case {
    fn source(&self) -> String {
        let Case { tune, decls, init, exit, .. } = self;
        let includes: String = HEADERS.iter().map(|h| format!("#include <linux/{h}.h>\n")).collect();
        format!(
            "{tune}\n{includes}{decls}\nstatic int __init test_init(void)\n{{\n{init}\n\treturn 0;\n}}\n\
             static void __exit test_exit(void)\n{{\n{exit}\n}}\nmodule_init(test_init);\nmodule_exit(test_exit);\n\
             MODULE_LICENSE(\"GPL\");\n"
        )
    }

    /// What is wrong with it, if something is.
    fn run(&self) -> Option<String> {
        let module = match Module::from_text(self.name, &format!("{}.c", self.name), &self.source()) {
            Ok(module) => module,
            Err(BuildError::NoCompiler(_)) => return None,
            Err(e) => return Some(format!("{}: {e}", self.name)),
        };
        let mut settings = Settings::default();
        module.tune(&mut settings);
        let part = module.parts().into_iter().next().expect("its life");
        let answer = module.check(&part, &settings, &mut |_| {});
        let code = answer.finding.as_ref().map(|f| format!(" {}", f.code)).unwrap_or_default();
        let verdict = format!("{}{code}", answer.verdict.as_str());
        let message = answer.finding.as_ref().map(|f| f.message.clone()).unwrap_or_default();
        (verdict != self.expect).then(|| format!("{}: {verdict} ({message}), not {}", self.name, self.expect))
    }
}

#[test]
fn every_module_has_its_verdict() {
    let cases: Vec<&Case> = [locks::CASES, tasks::CASES, lines::CASES, memory::CASES].into_iter().flatten().collect();
    assert!(cases.len() > 45);
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.lock().expect("not poisoned").extend(case.run());
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("not poisoned");
    wrong.sort();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
