//! Files in memory, and the remapping of writable pages onto one.

use std::ffi::{CString, c_void};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;

/// A file in memory, gone when it is closed and unmapped.
#[derive(Debug)]
pub(crate) struct Memfd(File);

/// The flag of Linux 6.3 that says that a file may be mapped executable; older kernels refuse it and need none.
const MFD_EXEC: libc::c_uint = 0x10;

impl Memfd {
    pub(crate) fn new(name: &str, executable: bool) -> io::Result<Self> {
        let name = CString::new(format!("ringzero:{name}"))?;
        let flags =
            if executable { &[libc::MFD_CLOEXEC | MFD_EXEC, libc::MFD_CLOEXEC][..] } else { &[libc::MFD_CLOEXEC] };
        for flags in flags {
            // SAFETY: the name is a C string; the call touches nothing else.
            let fd = unsafe { libc::memfd_create(name.as_ptr(), *flags) };
            if fd >= 0 {
                // SAFETY: the descriptor is new and belongs to nobody else.
                return Ok(Self(unsafe { File::from_raw_fd(fd) }));
            }
            if io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL) {
                break;
            }
        }
        Err(io::Error::last_os_error())
    }

    pub(crate) fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, at)
    }

    /// The name that other parts of this process can open it by, for as long as it is open.
    pub(crate) fn path(&self) -> CString {
        CString::new(format!("/proc/self/fd/{}", self.0.as_raw_fd())).unwrap_or_default()
    }
}

/// The pages that a range touches.
pub(crate) fn whole_pages(range: &Range<usize>) -> Range<usize> {
    // SAFETY: asking for the page size has no preconditions.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    range.start / page * page..range.end.div_ceil(page) * page
}

/// Puts private mappings of one file, with the same contents, in the place of these ranges. Each comes with the length
/// of the part that does not begin as zero. Gives the file and the whole pages of the ranges.
///
/// # Safety
/// The ranges are mapped, readable and writable; the pages they touch hold nothing else that is in use; no thread uses
/// them meanwhile.
pub(crate) unsafe fn remap(ranges: &[(Range<usize>, usize)]) -> io::Result<(Memfd, Vec<Range<usize>>)> {
    let pages: Vec<Range<usize>> = ranges.iter().map(|(range, _)| whole_pages(range)).collect();
    let file = Memfd::new("snapshot", false)?;
    file.0.set_len(pages.iter().map(|range| range.len() as u64).sum())?;
    let mut at = 0;
    for ((range, filled), pages) in ranges.iter().zip(&pages) {
        let len = range.start + filled - pages.start;
        // SAFETY: the first pages of the range up to the end of its filled part: mapped and readable, as the caller says.
        let bytes = unsafe { std::slice::from_raw_parts(pages.start as *const u8, len) };
        file.write_at(at, bytes)?;
        at += pages.len() as u64;
    }
    let mut at: libc::off_t = 0;
    for pages in &pages {
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_FIXED);
        // SAFETY: replaces pages that hold nothing but the range, by ones with the same contents, as the caller says.
        let mapped =
            unsafe { libc::mmap(pages.start as *mut c_void, pages.len(), access, flags, file.0.as_raw_fd(), at) };
        if mapped == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        at += pages.len() as libc::off_t;
    }
    Ok((file, pages))
}
