//! From C files to a build: the compiler, with the headers, the C library and what C code may call.

use crate::files;
use ringzero_capi::embed;
use ringzero_module::{Build, BuildError, Compiler, Export, Include, Instrument, LibFile, Source, build_as};
use std::path::PathBuf;
use std::sync::OnceLock;

/// What C code may call.
fn exports() -> Vec<Export> {
    ringzero_capi::exports::exports().map(|e| Export { name: e.name, addr: e.addr, args: e.args }).collect()
}

fn library() -> Vec<LibFile> {
    // Once a process: the texts of an override live as long as it does.
    static LIBRARY: OnceLock<Vec<LibFile>> = OnceLock::new();
    let of = |&(name, text): &(&'static str, &'static str)| LibFile { name, text, defines: embed::lib_symbols(name) };
    LIBRARY.get_or_init(|| files::library().iter().map(of).collect()).clone()
}

/// Compiles a module; what it was linked against comes with it.
pub(crate) fn compile(source: &Source, instrument: Instrument) -> Result<(Build, Vec<Export>), BuildError> {
    let compiler = Compiler::find()?;
    let include = Include::unpack(&files::headers())?;
    let exports = exports();
    let build = build_as(source, &compiler, &include, &exports, &library(), instrument)?;
    if !build.has_init() && !build.has_kunit() {
        let path = source.files()[0].path().to_owned();
        let what = "no module_init() and no kunit_test_suites(): there is nothing to run".to_owned();
        return Err(BuildError::Input { path, line: None, what });
    }
    Ok((build, exports))
}

/// The name of a module that is in these files.
pub(crate) fn name_of(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(" ")
}
