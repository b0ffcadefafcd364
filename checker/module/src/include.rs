//! The header tree on disk, and the cache it lies in.

use crate::error::BuildError;
use crate::hash::Hash;
use crate::tempdir::TempDir;
use std::path::{Component, Path, PathBuf};

/// The unpacked headers. Kept in the cache of the user, or, if that cannot be written, in a folder that goes away on
/// drop.
#[derive(Debug)]
pub struct Include {
    dir: PathBuf,
    hash: String,
    /// Where objects may be cached.
    cache: Option<PathBuf>,
    _temp: Option<TempDir>,
}

impl Include {
    /// Writes the files (path below the tree, text) unless the cache has them already, whole and unchanged.
    ///
    /// The cache is `$XDG_CACHE_HOME/ringzero`, else `~/.cache/ringzero`. It may be removed at any time.
    ///
    /// # Errors
    /// [`BuildError::Io`] if no folder can be written, [`BuildError::Input`] for a path that leaves the tree.
    pub fn unpack(files: &[(&str, &str)]) -> Result<Self, BuildError> {
        Self::unpack_to(cache_dir().as_deref(), files)
    }

    /// As [`Include::unpack`], in this cache; with `None` in a folder that goes away on drop.
    ///
    /// # Errors
    /// As [`Include::unpack`].
    pub fn unpack_to(cache: Option<&Path>, files: &[(&str, &str)]) -> Result<Self, BuildError> {
        let mut hash = Hash::new();
        for (path, text) in files {
            if !Path::new(path).components().all(|c| matches!(c, Component::Normal(_))) {
                return Err(BuildError::input(Path::new(path), None, "not a path below the header tree"));
            }
            hash = hash.add(path.as_bytes()).add(text.as_bytes());
        }
        let hash = hash.hex();
        if let Some(cache) = cache.and_then(|cache| std::path::absolute(cache).ok())
            && let Ok(dir) = cached(&cache, &format!("include-{hash}"), files)
        {
            return Ok(Self { dir, hash, cache: Some(cache), _temp: None });
        }
        let temp = TempDir::new()?;
        write_tree(temp.path(), files)?;
        Ok(Self { dir: temp.path().to_owned(), hash, cache: None, _temp: Some(temp) })
    }

    /// The folder for `-I`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The hash of all paths and texts.
    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// A cached object, if it is there and whole.
    pub(crate) fn object(&self, key: &str) -> Option<Vec<u8>> {
        let mut bytes = std::fs::read(self.object_path(key)?).ok()?;
        let sum = bytes.split_off(bytes.len().checked_sub(16)?);
        (Hash::new().add(&bytes).value().to_le_bytes() == sum[..]).then_some(bytes)
    }

    /// Caches an object. If that fails, it is not cached.
    pub(crate) fn store_object(&self, key: &str, bytes: &[u8]) {
        let Some(path) = self.object_path(key) else { return };
        let Some(parent) = path.parent() else { return };
        let store = || -> Result<(), BuildError> {
            let failed = |e| BuildError::io("writing the cache", e);
            std::fs::create_dir_all(parent).map_err(failed)?;
            let temp = TempDir::within(parent)?;
            let file = temp.path().join("object");
            let sum = Hash::new().add(bytes).value().to_le_bytes();
            std::fs::write(&file, [bytes, &sum].concat()).map_err(failed)?;
            std::fs::rename(&file, &path).map_err(failed)
        };
        let _ = store();
    }

    fn object_path(&self, key: &str) -> Option<PathBuf> {
        Some(self.cache.as_ref()?.join("objects").join(key))
    }
}

/// `$XDG_CACHE_HOME/ringzero`, else `~/.cache/ringzero`; none if neither is set to an absolute path.
fn cache_dir() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(base.join("ringzero"))
}

/// The folder `name` of the cache with exactly these files: the one that is there if it is right, else a new one,
/// which is written beside it and renamed, so that nobody ever sees half of it.
fn cached(cache: &Path, name: &str, files: &[(&str, &str)]) -> Result<PathBuf, BuildError> {
    let failed = |e| BuildError::io("writing the cache", e);
    let dir = cache.join(name);
    if is_whole(&dir, files) {
        return Ok(dir);
    }
    std::fs::create_dir_all(cache).map_err(failed)?;
    let temp = TempDir::within(cache)?;
    write_tree(temp.path(), files)?;
    if std::fs::rename(temp.path(), &dir).is_ok() {
        let _ = temp.keep();
        return Ok(dir);
    }
    // Someone was faster, or what is there is damaged: then it goes.
    if !is_whole(&dir, files) {
        let aside = TempDir::within(cache)?;
        let _ = std::fs::rename(&dir, aside.path().join("damaged"));
        if std::fs::rename(temp.path(), &dir).is_ok() {
            let _ = temp.keep();
        }
    }
    if is_whole(&dir, files) { Ok(dir) } else { Err(failed(std::io::ErrorKind::InvalidData.into())) }
}

fn is_whole(dir: &Path, files: &[(&str, &str)]) -> bool {
    files.iter().all(|(path, text)| std::fs::read(dir.join(path)).is_ok_and(|there| there == text.as_bytes()))
}

fn write_tree(dir: &Path, files: &[(&str, &str)]) -> Result<(), BuildError> {
    for (path, text) in files {
        let path = dir.join(path);
        let failed = |e| BuildError::io(format!("writing {}", path.display()), e);
        std::fs::create_dir_all(path.parent().unwrap_or(dir)).map_err(failed)?;
        std::fs::write(&path, text).map_err(failed)?;
    }
    Ok(())
}
