//! What a loaded module knows of its code and data, for places and names.

use ringzero_machine::CodeMap;
use ringzero_module::{DebugInfo, Loaded};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// For each file, line and column the first offset that was asked about; common to all instances of a module.
pub(crate) type First = Mutex<HashMap<(&'static str, u32, u32), usize>>;

/// The map of one instance.
pub(crate) struct Map {
    debug: Arc<DebugInfo>,
    first: Arc<First>,
    base: usize,
    text: Range<usize>,
    writable: Vec<Range<usize>>,
    image: Range<usize>,
}

impl Map {
    pub fn of(loaded: &Loaded, debug: &Arc<DebugInfo>, first: &Arc<First>) -> Self {
        Self {
            debug: Arc::clone(debug),
            first: Arc::clone(first),
            base: loaded.base(),
            text: loaded.text(),
            writable: loaded.writable().to_vec(),
            image: loaded.image(),
        }
    }
}

/// File names live as long as the process: there are few, and places refer to them.
fn for_ever(name: &str) -> &'static str {
    static NAMES: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut guard = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = guard.get_or_insert_with(HashSet::new);
    if let Some(known) = names.get(name) {
        return known;
    }
    let new: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(new);
    new
}

impl CodeMap for Map {
    fn place(&self, offset: usize) -> Option<(&'static str, u32, u32)> {
        let p = self.debug.place(offset)?;
        Some((for_ever(&p.file), p.line, p.column))
    }

    fn statics(&self) -> Range<usize> {
        self.image.clone()
    }

    fn one_of(&self, offset: usize) -> usize {
        let Some(p) = self.debug.place(offset) else { return offset };
        let key = (for_ever(&p.file), p.line, p.column);
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        *first.entry(key).or_insert(offset)
    }

    fn code_offset(&self, addr: usize) -> Option<usize> {
        self.text.contains(&addr).then(|| addr - self.base)
    }

    fn object(&self, addr: usize) -> Option<String> {
        self.debug.object(self.data_offset(addr)?)
    }

    fn data_offset(&self, addr: usize) -> Option<usize> {
        self.writable.iter().any(|r| r.contains(&addr)).then(|| addr - self.base)
    }
}
