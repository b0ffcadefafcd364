//! What the debug information says: code offsets as places in the source, data offsets as names.
//!
//! Nothing is parsed until the first question, and every answer about code is kept.

mod types;
mod variables;

use crate::build::Build;
use crate::image::Image;
use addr2line::{Context, Frame};
use gimli::{Dwarf, EndianArcSlice, LittleEndian};
use object::{Object, ObjectSection};
use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use variables::Variables;

pub(crate) type Reader = EndianArcSlice<LittleEndian>;

/// A place in the source of a module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the folder the check was started in if it lies below it; a header of ours is
    /// `include/...`, a file of our C library `lib/...`.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1; 0 if it is not known.
    pub column: u32,
    /// The function, which may be one that was inlined.
    pub function: Option<Arc<str>>,
    /// The code belongs to no file of the user: it is in a function of our headers that was not inlined, or in our C
    /// library. Whoever can walk the stack looks for the caller.
    pub ours: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Answers about one build. Shared between threads; offsets are from the load base ([`Loaded::offset_of`]).
///
/// [`Loaded::offset_of`]: crate::Loaded::offset_of
pub struct DebugInfo {
    origin: Origin,
    state: Mutex<Option<State>>,
}

enum Origin {
    Build(Build),
    /// A link that is only asked about: its symbols.
    Link(Image),
}

/// What has been parsed.
struct State {
    dwarf: Arc<Dwarf<Reader>>,
    context: Context<Reader>,
    paths: Paths,
    places: HashMap<usize, Option<Place>>,
    variables: Option<Variables>,
}

/// How a path of the debug information is shown.
struct Paths {
    root: PathBuf,
    ours: Vec<PathBuf>,
    shown: HashMap<String, (Arc<str>, bool)>,
}

impl DebugInfo {
    /// The debug information of this build. Does nothing yet.
    #[must_use]
    pub fn new(build: &Build) -> Self {
        Self { origin: Origin::Build(build.clone()), state: Mutex::new(None) }
    }

    /// That of a link which is no build. `None` if it has none.
    pub(crate) fn of_bytes(bytes: &[u8], root: &Path, ours: &[PathBuf]) -> Option<Self> {
        let image = Image::parse(bytes).ok()?;
        let state = State::parse(bytes, root, ours).ok()?;
        Some(Self { origin: Origin::Link(image), state: Mutex::new(Some(state)) })
    }

    fn image(&self) -> &Image {
        match &self.origin {
            Origin::Build(build) => &build.inner.image,
            Origin::Link(image) => image,
        }
    }

    /// Asks the parsed state, which is made now if need be. Without usable debug information every answer is `None`.
    fn ask<T>(&self, question: impl FnOnce(&mut State) -> Option<T>) -> Option<T> {
        let mut guard: MutexGuard<'_, Option<State>> = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if guard.is_none()
            && let Origin::Build(build) = &self.origin
        {
            let inner = &build.inner;
            *guard = State::parse(&inner.bytes, &inner.root, &inner.ours).ok();
        }
        question(guard.as_mut()?)
    }

    /// The place of the instruction at this offset: the innermost frame in the user's own files, also if code of a
    /// header was inlined there. If there is none, the innermost frame of all, with [`Place::ours`].
    #[must_use]
    pub fn place(&self, offset: usize) -> Option<Place> {
        if !self.image().is_code(offset) {
            return None;
        }
        self.ask(|state| state.place(offset))
    }

    /// The place of the call that returns to this offset.
    #[must_use]
    pub fn call_place(&self, return_offset: usize) -> Option<Place> {
        self.place(return_offset.checked_sub(1)?)
    }

    /// The function whose code is at this offset: the one that exists as a symbol, so never an inlined one. Parts that
    /// the compiler has split off or specialised have the name of the whole.
    #[must_use]
    pub fn function(&self, offset: usize) -> Option<&str> {
        let symbol = self.image().symbol_at(offset).filter(|symbol| symbol.function)?;
        symbol.name.split('.').next()
    }

    /// The data at this offset: `dev.lock`, `ring[3].head`, `buffer[17]`; `symbol+0x8` where the types do not tell.
    ///
    /// Types of our headers are not looked into (`dev.lock`, not `dev.lock.owner`), but for lists and trees.
    #[must_use]
    pub fn object(&self, offset: usize) -> Option<String> {
        let typed = self.ask(|state| {
            let State { dwarf, paths, variables, .. } = state;
            variables.get_or_insert_with(|| Variables::collect(dwarf)).path(dwarf, offset, paths)
        });
        typed.or_else(|| {
            let symbol = self.image().symbol_at(offset).filter(|symbol| !symbol.name.is_empty())?;
            let inner = offset - symbol.start;
            Some(if inner == 0 { symbol.name.clone() } else { format!("{}+{inner:#x}", symbol.name) })
        })
    }

    /// Where the variable at this offset is declared.
    #[must_use]
    pub fn variable_place(&self, offset: usize) -> Option<Place> {
        self.ask(|state| {
            let State { dwarf, paths, variables, .. } = state;
            variables.get_or_insert_with(|| Variables::collect(dwarf)).place(dwarf, offset, paths)
        })
    }
}

impl State {
    fn parse(bytes: &[u8], root: &Path, ours: &[PathBuf]) -> Result<Self, gimli::Error> {
        let file = object::File::parse(bytes).ok();
        let section = |id: gimli::SectionId| -> Result<Reader, gimli::Error> {
            let found = file.as_ref().and_then(|file| file.section_by_name(id.name()));
            let data = found.and_then(|section| section.data().ok()).unwrap_or_default();
            Ok(Reader::new(Arc::from(data), LittleEndian))
        };
        let dwarf = Arc::new(Dwarf::load(section)?);
        let context = Context::from_arc_dwarf(Arc::clone(&dwarf))?;
        let paths = Paths { root: root.to_owned(), ours: ours.to_owned(), shown: HashMap::new() };
        Ok(Self { dwarf, context, paths, places: HashMap::new(), variables: None })
    }

    fn place(&mut self, offset: usize) -> Option<Place> {
        if let Some(known) = self.places.get(&offset) {
            return known.clone();
        }
        let place = self.find(offset);
        self.places.insert(offset, place.clone());
        place
    }

    fn find(&mut self, offset: usize) -> Option<Place> {
        let mut frames = self.context.find_frames(offset as u64).skip_all_loads().ok()?;
        let mut fallback = None;
        while let Ok(Some(frame)) = frames.next() {
            let Some(place) = place_of(&frame, &mut self.paths) else { continue };
            if !place.ours {
                return Some(place);
            }
            fallback = fallback.or(Some(place));
        }
        fallback
    }
}

/// The place of a frame; none if its line is not known (code that the compiler has merged).
fn place_of(frame: &Frame<'_, Reader>, paths: &mut Paths) -> Option<Place> {
    let location = frame.location.as_ref()?;
    let line = location.line.filter(|line| *line > 0)?;
    let (file, ours) = paths.show(location.file?);
    let name = frame.function.as_ref().and_then(|function| Some(Arc::from(&*function.raw_name().ok()?)));
    Some(Place { file, line, column: location.column.unwrap_or(0), function: name, ours })
}

impl Paths {
    /// How a path is shown, and whether it is one of ours.
    fn show(&mut self, path: &str) -> (Arc<str>, bool) {
        if let Some(known) = self.shown.get(path) {
            return known.clone();
        }
        let found = self.work_out(path);
        self.shown.insert(path.to_owned(), found.clone());
        found
    }

    fn work_out(&self, raw: &str) -> (Arc<str>, bool) {
        let path = Path::new(raw);
        for ours in &self.ours {
            if let Ok(rest) = path.strip_prefix(ours) {
                let tree = if ours.ends_with("lib") { "lib" } else { "include" };
                return (Arc::from(Path::new(tree).join(rest).to_string_lossy()), true);
            }
        }
        // `components` drops `.`; a `..` stays, as the user gave it.
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        let path: PathBuf = path.components().collect();
        (Arc::from(path.to_string_lossy()), false)
    }
}
