//! Python that others wrote: the interpreter's standard library and three packages of the index, each in a style of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use migrate::program::naming::module_name;
use migrate::rewrite::error::RewriteError;
use migrate::rewrite::{Step, rewritten};

use crate::index::Wheel;

/// Imports of all forms, names of one module imported alone.
pub const CELERY: Wheel = Wheel {
    pin: "celery==5.4.0",
    file: "celery-5.4.0-py3-none-any.whl",
    sha256: "369631eb580cf8c51a82721ec538684994f8277637edde2dfc0dacd73ed97f64",
};
/// Everything through one module with a short alias; names passed on by star imports; doctests.
pub const NETWORKX: Wheel = Wheel {
    pin: "networkx==3.3",
    file: "networkx-3.3-py3-none-any.whl",
    sha256: "28575580c6ebdaf4505b22c6256a2b9de86b316dc63ba9e93abde3d78dfdbcf2",
};
/// Twenty years of it: modules from packages, names in parentheses, optional imports, classes inside functions.
pub const TWISTED: Wheel = Wheel {
    pin: "twisted==24.7.0",
    file: "twisted-24.7.0-py3-none-any.whl",
    sha256: "734832ef98108136e222b5230075b1079dad8a3fc5637319615619a7725b0c81",
};

/// A Python file.
pub struct File {
    /// Below the folder it was read from.
    pub path: PathBuf,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// The dotted name it is imported by.
    pub module: Option<String>,
}

impl File {
    /// What `steps` make of `bytes`, which stand for the file's own.
    pub fn rewritten(&self, bytes: &[u8], steps: &[Step]) -> Result<Vec<u8>, RewriteError> {
        rewritten(bytes, self.module.as_deref(), steps)
    }
}

/// True when all shall be done, however long it takes: `MIGRATE_FULL=1`.
pub fn full() -> bool {
    std::env::var_os("MIGRATE_FULL").is_some_and(|value| value != "0")
}

/// The folder of the standard library.
pub fn standard_library() -> PathBuf {
    let output = Command::new("python3").args(["-c", "import sysconfig; print(sysconfig.get_paths()['stdlib'])"]).output();
    let output = output.expect("python3 on PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// The Python files below a folder, without what was installed beside them.
pub fn files_below(top: &Path) -> Vec<File> {
    let mut folders = vec![top.to_owned()];
    let mut paths = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.extend((!path.ends_with("site-packages")).then_some(path));
            } else if path.extension().is_some_and(|ending| ending == "py") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    let exists = |path: &[u8]| top.join(std::str::from_utf8(path).unwrap()).exists();
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).unwrap();
        let path = path.strip_prefix(top).unwrap().to_owned();
        let text = String::from_utf8_lossy(&bytes);
        File { module: module_name(path.to_str().unwrap().as_bytes(), &text, exists), path, bytes }
    };
    paths.into_iter().map(read).collect()
}

/// Writes a file and the folders it stands in.
pub fn write(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
