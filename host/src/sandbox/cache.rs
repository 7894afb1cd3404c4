//! Compiled code, kept between runs.
//!
//! Compiling a component takes a hundred times longer than loading the result.
//! What is loaded is machine code, so nothing but our own may be: the folder
//! belongs to us alone. Beside each file stands its checksum, which finds what a
//! disk damaged; the file itself is mapped, not read.

use std::fs::{self, DirBuilder, File};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::hash::hex;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// SHA-256 of a component.
pub(super) type Hash = [u8; 32];

/// A private folder of compiled components.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the folder, creating it. `None` when it is not private to us: then
    /// there is no cache, and detectors are compiled each time.
    pub fn open(folder: &Path) -> Option<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).ok()?;
        is_private(folder).then(|| Self { folder: folder.to_owned() })
    }

    /// The compiled form of a component, if it is here and intact.
    #[expect(unsafe_code, reason = "loads machine code of our own making; see SAFETY")]
    pub(super) fn get(&self, engine: &Engine, component: &Hash) -> Option<Component> {
        let path = self.path(engine, component);
        let mut file = File::open(&path).ok()?;
        let sum = fs::read(path.with_extension(SUM)).ok()?;
        if !is_private(&self.folder) || checksum(&mut file).ok()?.as_slice() != sum {
            return None;
        }
        // SAFETY: the bytes must come from `Component::serialize` of a compatible
        // engine, and must not change as long as they are mapped. They were written by
        // `put` below: the folder belongs to this user and nobody else can write to it
        // (checked just above, so only somebody who can already run code as this user
        // could have placed or could change the file); `put` never writes to a file
        // that has its name, but puts another whole one in its place; it is intact (its
        // checksum was just compared), and its name binds it to the component's hash
        // and to the engine's version and configuration, which wasmtime checks again.
        // `a_foreign_or_altered_file_is_refused` tests the refusals.
        unsafe { Component::deserialize_file(engine, path) }.ok()
    }

    /// Keeps the compiled form. Failing to is no error: it is compiled again.
    pub(super) fn put(&self, engine: &Engine, component: &Hash, compiled: &Component) {
        let Ok(code) = compiled.serialize() else { return };
        let path = self.path(engine, component);
        let write = || -> io::Result<()> {
            self.replace(&path.with_extension(SUM), &checksum(&mut code.as_slice())?)?;
            self.replace(&path, &code)
        };
        // The next run compiles again; nothing else depends on it.
        drop(write());
    }

    /// Puts a new file in the place of one that somebody may have mapped.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.persist(path)?;
        Ok(())
    }

    /// Named by what is compiled, and by what for.
    fn path(&self, engine: &Engine, component: &Hash) -> PathBuf {
        let mut compatibility = ShaHasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut compatibility);
        let mut hash = compatibility.0;
        hash.update(component);
        let name = hex(&hash.finalize());
        self.folder.join(format!("{name}.cwasm"))
    }
}

/// Ends the name of a checksum.
const SUM: &str = "sum";

/// The CRC-32 and the length of all that is left in `reader`.
fn checksum(reader: &mut impl Read) -> io::Result<[u8; 8]> {
    let mut crc = flate2::Crc::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            let sum = (u64::from(crc.sum()) << 32) | u64::from(crc.amount());
            return Ok(sum.to_le_bytes());
        }
        crc.update(buffer.get(..count).unwrap_or_default());
    }
}

/// True for a folder of ours that nobody else can enter or write to.
fn is_private(folder: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(folder) else { return false };
    metadata.is_dir()
        && metadata.uid() == rustix::process::geteuid().as_raw()
        && metadata.mode() & 0o077 == 0
}

/// Feeds what is hashed to SHA-256, so that names stay the same between builds.
struct ShaHasher(Sha256);

impl Hasher for ShaHasher {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const COMPONENT: &Hash = &[1; 32];

    fn engine() -> Engine {
        Engine::default()
    }

    /// The smallest component there is, in binary.
    fn component(engine: &Engine) -> Component {
        Component::new(engine, b"\0asm\x0d\0\x01\0").expect("an empty component compiles")
    }

    /// The file of code in the folder.
    fn code_file(folder: &Path) -> PathBuf {
        let files = fs::read_dir(folder).expect("readable");
        let mut paths = files.map(|file| file.expect("readable").path());
        let is_code = |path: &PathBuf| path.extension().is_some_and(|end| end == "cwasm");
        paths.find(is_code).expect("one file of code")
    }

    /// Scenario: compiled code is kept and found again.
    /// Guarantees: the same component is found, another is not.
    #[test]
    fn compiled_code_is_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(&folder.path().join("cache")).expect("private");
        let engine = engine();
        assert!(cache.get(&engine, COMPONENT).is_none());
        cache.put(&engine, COMPONENT, &component(&engine));
        assert!(cache.get(&engine, COMPONENT).is_some());
        assert!(cache.get(&engine, &[2; 32]).is_none());
    }

    /// Scenario: a file that was altered, cut, or never ours; a folder that others
    /// can write to.
    /// Guarantees: refused before anything is loaded.
    #[test]
    fn a_foreign_or_altered_file_is_refused() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = parent.path().join("cache");
        let cache = Cache::open(&folder).expect("private");
        let engine = engine();
        cache.put(&engine, COMPONENT, &component(&engine));
        let file = code_file(&folder);
        let intact = fs::read(&file).expect("readable");
        let mut altered = intact.clone();
        altered[100] ^= 1;
        for bytes in [altered, intact[..intact.len() - 1].to_vec(), b"short".to_vec(), Vec::new()] {
            fs::write(&file, bytes).expect("writable");
            assert!(cache.get(&engine, COMPONENT).is_none());
        }
        fs::write(&file, &intact).expect("writable");
        assert!(cache.get(&engine, COMPONENT).is_some());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("ours");
        assert!(cache.get(&engine, COMPONENT).is_none());
        assert!(Cache::open(&folder).is_none());
    }
}
