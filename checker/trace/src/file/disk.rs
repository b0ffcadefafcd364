//! Traces on disk, and the sources they quote.

use super::{FilePlace, SourceLine, TraceError, TraceFile, TraceProblem};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

impl TraceFile {
    /// Takes over the source lines of all places in the trace. A relative file is looked for in each of `roots`; what
    /// is not found or not text stays out. `texts` are files that are not in the file system: name and text.
    pub fn collect_sources(&mut self, roots: &[&Path], texts: &[(String, String)]) {
        let mut wanted: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        let places = self.rows.iter().filter_map(|r| r.place.as_ref());
        for FilePlace { file, line, .. } in places.chain(&self.place).chain(&self.other) {
            wanted.entry(file).or_default().insert(*line);
        }
        let mut sources = Vec::new();
        for (file, lines) in wanted {
            // An absolute file stays itself when it is joined to a root.
            let here = std::iter::once(Path::new(""));
            let given = texts.iter().find(|(name, _)| name == file).map(|(_, text)| text.clone());
            let read = || here.chain(roots.iter().copied()).find_map(|root| fs::read_to_string(root.join(file)).ok());
            let text = given.or_else(read);
            let Some(text) = text else { continue };
            for (text, line) in text.lines().zip(1..).filter(|(_, n)| lines.contains(n)) {
                sources.push(SourceLine { file: file.to_owned(), line, text: text.to_owned() });
            }
        }
        self.sources = sources;
    }

    /// The name under which [`TraceFile::write`] puts it: made of the checksum.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.trace", &format!("{:016x}", self.checksum())[..8])
    }

    /// Writes the trace into `dir`, which is made if need be, and says where. Nobody ever sees half of it: it is
    /// written under another name first.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, dir: &Path) -> io::Result<PathBuf> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(dir)?;
        let name = self.file_name();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let unfinished = dir.join(format!(".{name}.{}.{number}", std::process::id()));
        let path = dir.join(name);
        let done = fs::write(&unfinished, self.to_text()).and_then(|()| fs::rename(&unfinished, &path));
        if done.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        done.map(|()| path)
    }

    /// Reads a trace.
    ///
    /// # Errors
    /// When the file cannot be read, and as [`TraceFile::parse`].
    pub fn load(path: &Path) -> Result<TraceFile, TraceError> {
        let unreadable = |line, why: String| TraceError { line, problem: TraceProblem::Unreadable(why) };
        let bytes = fs::read(path).map_err(|e| unreadable(0, format!("{}: {e}", path.display())))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let good = e.utf8_error().valid_up_to();
            let line = e.as_bytes()[..good].iter().filter(|&&b| b == b'\n').count() + 1;
            unreadable(line, "it is not text".to_owned())
        })?;
        Self::parse(&text)
    }
}
