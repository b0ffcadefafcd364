//! Where in a program's source something happened.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::panic::Location;
use core::ptr::{self, NonNull};
#[cfg(not(any(target_os = "none", ringzero_bare)))]
pub use map::{CodeMap, code_map, set_code_map, set_shared_code_map};

/// A place in a program's source: of Rust code, or of the loaded C module.
///
/// One pointer wide. A Rust place is the pointer to its `Location`; a place in C is the code's offset from the start of
/// its module, shifted, with bit 0 set. The offset says the same in each explorer and each process; file and line are
/// looked up when somebody asks ([`CodeMap`]).
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Place(NonNull<()>);

// SAFETY: a pointer to a constant, or no pointer at all.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Sync for Place {}

/// Places in a loaded C module.
#[cfg(not(any(target_os = "none", ringzero_bare)))]
mod map {
    use core::cell::RefCell;
    use std::rc::Rc;
    use std::string::String;
    use std::sync::OnceLock;

    /// What a loaded module knows of its code and data.
    pub trait CodeMap {
        /// File, line and column of the code at `offset`.
        fn place(&self, offset: usize) -> Option<(&'static str, u32, u32)>;
        /// One offset for all code of the same file, line and column: the compiler may have made several copies of a loop.
        fn one_of(&self, offset: usize) -> usize {
            offset
        }
        /// The offset of a code address, if it lies in the module.
        fn code_offset(&self, addr: usize) -> Option<usize>;
        /// The name of the static data at address `addr`, if it lies in the module.
        fn object(&self, addr: usize) -> Option<String>;
        /// The offset of a data address, if it lies in the module.
        fn data_offset(&self, addr: usize) -> Option<usize>;
        /// A range that has all of the module's static data, and nothing that is not the module's.
        fn statics(&self) -> core::ops::Range<usize> {
            0..0
        }
    }

    std::thread_local! {
        static MAP: RefCell<Option<Rc<dyn CodeMap>>> = const { RefCell::new(None) };
    }

    /// Makes `map` the one that this thread's C places are looked up in. Returns the former one.
    pub fn set_code_map(map: Option<Rc<dyn CodeMap>>) -> Option<Rc<dyn CodeMap>> {
        MAP.with(|m| m.replace(map))
    }

    /// This thread's map, if it works with a C module; else the process's.
    #[must_use]
    pub fn code_map() -> Option<Rc<dyn CodeMap>> {
        let own = MAP.with(|m| m.borrow().clone());
        own.or_else(|| Some(Rc::new(Shared(*SHARED.get()?))))
    }

    static SHARED: OnceLock<&'static (dyn CodeMap + Sync)> = OnceLock::new();

    /// Makes `map` the one of all threads that have none of their own: of the module that runs on the host. The first one
    /// stays.
    pub fn set_shared_code_map(map: &'static (dyn CodeMap + Sync)) {
        let _ = SHARED.set(map);
    }

    struct Shared(&'static (dyn CodeMap + Sync));

    impl CodeMap for Shared {
        fn place(&self, offset: usize) -> Option<(&'static str, u32, u32)> {
            self.0.place(offset)
        }
        fn one_of(&self, offset: usize) -> usize {
            self.0.one_of(offset)
        }
        fn code_offset(&self, addr: usize) -> Option<usize> {
            self.0.code_offset(addr)
        }
        fn object(&self, addr: usize) -> Option<String> {
            self.0.object(addr)
        }
        fn data_offset(&self, addr: usize) -> Option<usize> {
            self.0.data_offset(addr)
        }
        fn statics(&self) -> core::ops::Range<usize> {
            self.0.statics()
        }
    }
}

/// File, line and column of the code at `offset` in the loaded module.
#[cfg(not(any(target_os = "none", ringzero_bare)))]
fn in_module(offset: usize) -> Option<(&'static str, u32, u32)> {
    code_map()?.place(offset)
}

#[cfg(any(target_os = "none", ringzero_bare))]
fn in_module(_: usize) -> Option<(&'static str, u32, u32)> {
    None
}

#[cfg(not(any(target_os = "none", ringzero_bare)))]
fn offset_of_code(addr: usize) -> Option<usize> {
    code_map()?.code_offset(addr)
}

#[cfg(any(target_os = "none", ringzero_bare))]
fn offset_of_code(_: usize) -> Option<usize> {
    None
}

impl Place {
    /// The caller's place, as a constant. In a program in C this is a place in Ringzero; see [`Place::caller`].
    #[must_use]
    #[track_caller]
    #[inline]
    pub const fn here() -> Self {
        Self::of(Location::caller())
    }

    /// The place of the call from C that runs on this CPU, else the caller's.
    #[must_use]
    #[track_caller]
    #[inline]
    pub fn caller() -> Self {
        // Without the feature no C is called from that says where it is.
        #[cfg(not(feature = "model"))]
        return Self::here();
        #[cfg(feature = "model")]
        match NonNull::new(ptr::without_provenance_mut(crate::cpu().caller.get())) {
            Some(tagged) => Self(tagged),
            None => Self::here(),
        }
    }

    /// A Rust place.
    #[must_use]
    #[inline]
    pub const fn of(location: &'static Location<'static>) -> Self {
        // SAFETY: made of a reference.
        Self(unsafe { NonNull::new_unchecked(ptr::from_ref(location).cast_mut().cast()) })
    }

    /// The code at `offset` in the loaded module.
    #[must_use]
    #[inline]
    pub fn code(offset: usize) -> Self {
        Self::from_bits(offset << 1 | 1).unwrap_or(Self::here())
    }

    /// The code at the address `addr`, if it lies in the loaded module.
    #[must_use]
    pub fn of_code(addr: usize) -> Option<Self> {
        offset_of_code(addr).map(Self::code)
    }

    /// The place as a number that stays the same while the process lives, and is different for different places.
    #[must_use]
    #[inline]
    pub fn bits(self) -> usize {
        self.0.as_ptr().addr()
    }

    /// The place of which these are the bits: for what a lock's class word holds. `None` for 0.
    fn from_bits(bits: usize) -> Option<Self> {
        NonNull::new(ptr::without_provenance_mut(bits)).map(Self)
    }

    /// The place as a pointer: what `repr(C)` primitives keep.
    #[must_use]
    #[inline]
    pub const fn as_ptr(self) -> *mut () {
        self.0.as_ptr()
    }

    /// What [`Place::as_ptr`] gave; `None` for null.
    ///
    /// # Safety
    /// A pointer that is not null must come from [`Place::as_ptr`].
    #[must_use]
    #[inline]
    pub unsafe fn from_ptr(p: *mut ()) -> Option<Self> {
        NonNull::new(p).map(Self)
    }

    /// The offset in the loaded module, of a place in C.
    #[must_use]
    #[inline]
    pub fn offset(self) -> Option<usize> {
        let bits = self.bits();
        (bits & 1 == 1).then_some(bits >> 1)
    }

    fn location(self) -> Option<&'static Location<'static>> {
        // SAFETY: without the tag, it was made of a reference to a constant.
        (self.bits() & 1 == 0).then(|| unsafe { self.0.cast::<Location<'static>>().as_ref() })
    }

    /// File, line and column.
    #[must_use]
    pub fn parts(self) -> (&'static str, u32, u32) {
        match (self.location(), self.offset()) {
            (Some(l), _) => (l.file(), l.line(), l.column()),
            (None, Some(offset)) => in_module(offset).unwrap_or(("<no source>", 0, 0)),
            (None, None) => ("<no source>", 0, 0),
        }
    }

    /// The source file, as the compiler was given it.
    #[must_use]
    pub fn file(self) -> &'static str {
        self.parts().0
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(self) -> u32 {
        self.parts().1
    }

    /// The column, from 1; 0 if it is not known.
    #[must_use]
    pub fn column(self) -> u32 {
        self.parts().2
    }
}

impl From<&'static Location<'static>> for Place {
    fn from(l: &'static Location<'static>) -> Self {
        Self::of(l)
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || matches!((self.location(), other.location()), (Some(a), Some(b)) if a == b)
    }
}
impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.location() {
            Some(l) => l.hash(state),
            None => self.bits().hash(state),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, column) = self.parts();
        write!(f, "{file}:{line}:{column}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::rc::Rc;
    use std::string::{String, ToString};

    struct Fixed;
    impl CodeMap for Fixed {
        fn place(&self, offset: usize) -> Option<(&'static str, u32, u32)> {
            (offset == 16).then_some(("driver.c", 7, 3))
        }
        fn code_offset(&self, _: usize) -> Option<usize> {
            None
        }
        fn object(&self, _: usize) -> Option<String> {
            None
        }
        fn data_offset(&self, _: usize) -> Option<usize> {
            None
        }
    }

    #[test]
    fn a_rust_place_is_its_location() {
        let here = Place::here();
        assert_eq!((here.file(), here.line()), (file!(), line!() - 1));
        assert_eq!(here.offset(), None);
        // SAFETY: just made by `as_ptr`.
        assert_eq!(unsafe { Place::from_ptr(here.as_ptr()) }, Some(here));
    }

    #[test]
    fn a_place_in_c_is_looked_up() {
        let place = Place::code(16);
        assert_eq!(place.to_string(), "<no source>:0:0");
        set_code_map(Some(Rc::new(Fixed)));
        assert_eq!(place.to_string(), "driver.c:7:3");
        assert_eq!((place.offset(), Place::code(17).line()), (Some(16), 0));
        set_code_map(None);
    }

    #[cfg(feature = "model")]
    #[test]
    fn a_call_from_c_is_the_caller() {
        let cpu = crate::cpu();
        cpu.caller.set(Place::code(16).bits());
        assert_eq!(Place::caller().offset(), Some(16));
        cpu.caller.set(0);
        assert_eq!(Place::caller().line(), line!());
    }
}
