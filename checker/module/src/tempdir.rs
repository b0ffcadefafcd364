//! A folder that goes away with its owner.

use crate::error::BuildError;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A new, private (0700) folder, removed with all that is in it on drop.
#[derive(Debug)]
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    /// In the folder for temporary files.
    pub(crate) fn new() -> Result<Self, BuildError> {
        Self::within(&std::env::temp_dir())
    }

    /// In this folder, which exists.
    pub(crate) fn within(parent: &Path) -> Result<Self, BuildError> {
        let doing = || format!("making a temporary folder in {}", parent.display());
        let parent = std::path::absolute(parent).map_err(|e| BuildError::io(doing(), e))?;
        let template = parent.join(OsStr::new("ringzero-XXXXXX")).into_os_string().into_vec();
        let template = CString::new(template).map_err(|e| BuildError::io(doing(), e.into()))?;
        let raw = template.into_raw();
        // SAFETY: `raw` is a writable string that ends in NUL and in six X, as mkdtemp asks; it is ours until retaken.
        let made = unsafe { libc::mkdtemp(raw) };
        let error = std::io::Error::last_os_error();
        // SAFETY: `raw` came from `into_raw`, and mkdtemp keeps the length of the string.
        let path = unsafe { CString::from_raw(raw) };
        if made.is_null() {
            return Err(BuildError::io(doing(), error));
        }
        Ok(Self(PathBuf::from(OsStr::from_bytes(path.as_bytes()))))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Gives the folder away: it stays.
    pub(crate) fn keep(self) -> PathBuf {
        let mut this = std::mem::ManuallyDrop::new(self);
        std::mem::take(&mut this.0)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
