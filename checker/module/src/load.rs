//! A loaded copy of a module: its addresses, and its way back to the state after loading.

use crate::build::Build;
use crate::export::{Export, TABLE};
use crate::memory::{self, Memfd};
use std::ffi::{CStr, c_void};
use std::fmt;
use std::ops::Range;

/// Why a module could not be loaded.
#[derive(Debug)]
pub struct LoadError(String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loading the module: {}", self.0)
    }
}

impl std::error::Error for LoadError {}

/// Up to this many bytes of writable data are restored by copying; more by dropping the pages that were changed.
pub const SMALL_BYTES: usize = 64 << 10;

/// A private copy of a module in this process. Unloaded on drop.
#[derive(Debug)]
pub struct Loaded {
    // Fields are dropped in this order: the mappings go before the file that they are of.
    _handle: Handle,
    _file: Memfd,
    build: Build,
    base: usize,
    image: Range<usize>,
    text: Range<usize>,
    writable: Vec<Range<usize>>,
    snapshot: Snapshot,
}

/// The writable data as they were after loading.
#[derive(Debug)]
enum Snapshot {
    /// The pages of each range, and a copy of their part that does not begin as zero.
    Copy(Vec<(Range<usize>, Vec<u8>)>),
    /// The ranges are private mappings of a file that has them.
    Pages { pages: Vec<Range<usize>>, _file: Memfd },
}

/// What dlopen gave.
#[derive(Debug)]
struct Handle(*mut c_void);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle came from dlopen and is closed once.
        unsafe { libc::dlclose(self.0) };
    }
}

// SAFETY: a handle of dlopen belongs to the process; loading and unloading are allowed on any thread.
unsafe impl Send for Handle {}

impl Loaded {
    /// Loads a copy of its own, with the exports that the module uses filled in.
    ///
    /// # Errors
    /// If the operating system refuses, or if an export that the build has used is not among these.
    pub fn load(build: &Build, exports: &[Export]) -> Result<Self, LoadError> {
        let mut loaded = Self::load_once(build, exports)?;
        loaded.take_snapshot().map_err(|e| LoadError(format!("keeping its initial data: {e}")))?;
        // The rest of a last page may have bytes of the file that no restore brings back: the first run begins as all.
        // SAFETY: nobody knows this copy yet.
        unsafe { loaded.restore() };
        Ok(loaded)
    }

    /// As [`Loaded::load`], for a copy that runs once: nothing of it is kept, and [`Loaded::restore`] does nothing.
    ///
    /// # Errors
    /// As [`Loaded::load`].
    pub fn load_once(build: &Build, exports: &[Export]) -> Result<Self, LoadError> {
        let inner = &build.inner;
        let file = Memfd::new(&inner.module, true).map_err(|e| LoadError(format!("memfd_create: {e}")))?;
        file.write_at(0, &inner.bytes).map_err(|e| LoadError(format!("writing to memory: {e}")))?;
        // Invariant 4: the file stays open as long as the copy lives, so no other copy has the same name.
        let handle = Handle(open(&file)?);
        let base = base_of(&handle)?;
        let range = |segment: &crate::image::Segment| base + segment.start..base + segment.start + segment.memory;
        let segments = &inner.image.segments;
        let join = |all: Vec<Range<usize>>| {
            let start = all.iter().map(|range| range.start).min().unwrap_or(base);
            start..all.iter().map(|range| range.end).max().unwrap_or(base)
        };
        let loaded = Self {
            _handle: handle,
            _file: file,
            build: build.clone(),
            base,
            image: join(segments.iter().map(range).collect()),
            text: join(segments.iter().filter(|s| s.executable).map(range).collect()),
            writable: segments.iter().filter(|s| s.writable).map(range).collect(),
            snapshot: Snapshot::Copy(Vec::new()),
        };
        loaded.fill_table(exports)?;
        Ok(loaded)
    }

    /// Writes the addresses of the exports into the table that the stubs jump through.
    fn fill_table(&self, exports: &[Export]) -> Result<(), LoadError> {
        let slots = &self.build.inner.slots;
        let table = self.symbol(TABLE).ok_or_else(|| LoadError("it has no table of exports".to_owned()))?;
        for (slot, name) in slots.iter().enumerate() {
            let export = exports.iter().find(|export| export.name == *name);
            let export = export.ok_or_else(|| LoadError(format!("it was built with another export: {name}")))?;
            // SAFETY: the build has made the table with one word for each of its slots, in a writable section; nobody
            // else knows this copy yet.
            unsafe { (table as *mut usize).add(slot).write(export.addr as usize) };
        }
        Ok(())
    }

    fn take_snapshot(&mut self) -> std::io::Result<()> {
        let total: usize = self.writable.iter().map(|range| range.len()).sum();
        let filled = self.build.inner.image.segments.iter().filter(|segment| segment.writable).map(|s| s.file);
        let ranges: Vec<(Range<usize>, usize)> = self.writable.iter().cloned().zip(filled).collect();
        if total <= SMALL_BYTES {
            let copy = |(range, filled): &(Range<usize>, usize)| {
                let pages = memory::whole_pages(range);
                let len = range.start + filled - pages.start;
                // SAFETY: invariant 5: the loader has mapped the pages, readable, and no code of the module runs yet.
                let bytes = unsafe { std::slice::from_raw_parts(pages.start as *const u8, len) };
                (pages, bytes.to_vec())
            };
            self.snapshot = Snapshot::Copy(ranges.iter().map(copy).collect());
            return Ok(());
        }
        // SAFETY: invariant 5, and the ranges are whole writable segments, whose pages hold nothing else.
        let (file, pages) = unsafe { memory::remap(&ranges) }?;
        self.snapshot = Snapshot::Pages { pages, _file: file };
        Ok(())
    }

    /// Puts all writable data back to what they were after loading, also what a stray write has hit between their end
    /// and the end of the page.
    ///
    /// # Safety
    /// No code of this copy runs or will be resumed, and no reference to its data is used any more.
    pub unsafe fn restore(&self) {
        match &self.snapshot {
            Snapshot::Copy(copies) => {
                for (pages, copy) in copies {
                    let start = pages.start as *mut u8;
                    // SAFETY: the copy was taken from the beginning of these pages and is not longer; the caller says
                    // that nobody looks. What follows it began as zero (invariant 5).
                    unsafe {
                        std::ptr::copy_nonoverlapping(copy.as_ptr(), start, copy.len());
                        std::ptr::write_bytes(start.add(copy.len()), 0, pages.len() - copy.len());
                    }
                }
            }
            Snapshot::Pages { pages, .. } => {
                for range in pages {
                    // SAFETY: these are private mappings of the snapshot's file: dropping their pages brings back what
                    // the file has; the caller says that nobody looks.
                    let done = unsafe { libc::madvise(range.start as *mut c_void, range.len(), libc::MADV_DONTNEED) };
                    assert_eq!(done, 0, "madvise refuses a mapping that was made for it");
                }
            }
        }
    }

    /// The build that this is a copy of.
    #[must_use]
    pub fn build(&self) -> &Build {
        &self.build
    }

    /// The load base: what offsets are relative to.
    #[must_use]
    pub fn base(&self) -> usize {
        self.base
    }

    /// All of the copy, from its lowest to its highest address.
    #[must_use]
    pub fn image(&self) -> Range<usize> {
        self.image.clone()
    }

    /// The code, stubs included.
    #[must_use]
    pub fn text(&self) -> Range<usize> {
        self.text.clone()
    }

    /// The writable ranges, which [`Loaded::restore`] puts back.
    #[must_use]
    pub fn writable(&self) -> &[Range<usize>] {
        &self.writable
    }

    /// The offset of an address of this copy from its base; `None` for any other address.
    #[must_use]
    pub fn offset_of(&self, address: usize) -> Option<usize> {
        self.image.contains(&address).then(|| address - self.base)
    }

    /// The address of a symbol of the module, static ones included; of several with that name the global one.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<usize> {
        Some(self.base + self.build.inner.image.symbol(name)?)
    }

    /// The address and the length of a section that is not empty.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<(usize, usize)> {
        let section = self.build.inner.image.section(name)?;
        Some((self.base + section.start, section.len))
    }

    /// The template of the per-CPU data: what `__percpu` symbols lie in. It is among the writable ranges. A CPU's own
    /// copy has the same layout; an address in it is the template's plus a delta.
    #[must_use]
    pub fn percpu(&self) -> Option<Range<usize>> {
        let (start, len) = self.section(".data..percpu")?;
        Some(start..start + len)
    }
}

fn open(file: &Memfd) -> Result<*mut c_void, LoadError> {
    let path = file.path();
    // SAFETY: the path is a C string. Loading runs no code of the module (invariant 2).
    let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        // SAFETY: dlerror gives a C string of this thread, or null; it is copied before the next call.
        let text = unsafe { libc::dlerror().as_ref().map(|text| CStr::from_ptr(text).to_string_lossy().into_owned()) };
        return Err(LoadError(text.unwrap_or_else(|| "dlopen".to_owned())));
    }
    Ok(handle)
}

/// The beginning of `struct link_map`.
#[repr(C)]
struct LinkMap {
    base: usize,
}

/// The request of `dlinfo` for the link map.
const RTLD_DI_LINKMAP: libc::c_int = 2;

fn base_of(handle: &Handle) -> Result<usize, LoadError> {
    let mut map: *const LinkMap = std::ptr::null();
    // SAFETY: the handle is open, and for this request `dlinfo` writes one pointer.
    let done = unsafe { libc::dlinfo(handle.0, RTLD_DI_LINKMAP, (&raw mut map).cast()) };
    // SAFETY: the link map lives as long as the handle, and begins with the load base.
    let map = unsafe { map.as_ref() }.filter(|_| done == 0);
    map.map(|map| map.base).ok_or_else(|| LoadError("dlinfo gives no link map".to_owned()))
}
