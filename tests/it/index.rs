//! What comes from the package index by pip, pinned, and is kept in the target folder.
//!
//! Where there is no pip or no index, the reason is printed and there is nothing, but not where `CI` is set: there it must come.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

/// A published wheel that is the same everywhere.
pub struct Wheel {
    /// Its name and version, such as `celery==5.4.0`.
    pub pin: &'static str,
    /// The file's name.
    pub file: &'static str,
    /// The digest of the file.
    pub sha256: &'static str,
}

impl Wheel {
    /// The file, from the target folder or else from the index.
    pub fn get(&self) -> Option<PathBuf> {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let wheel = cache.join(self.file);
        if self.is_genuine(&wheel) {
            return Some(wheel);
        }
        let folder = tempfile::tempdir_in(cache).expect("a folder in the target folder");
        let requirements = folder.path().join("requirements.txt");
        std::fs::write(&requirements, format!("{} --hash=sha256:{}\n", self.pin, self.sha256)).expect("a file in a new folder");
        let mut pip = pip("python3", "download");
        pip.args(["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--require-hashes", "--requirement"]);
        had(self.pin, pip.arg(&requirements).arg("--dest").arg(folder.path()))?;
        let downloaded = folder.path().join(self.file);
        assert!(self.is_genuine(&downloaded), "{} is not what it was", self.file);
        std::fs::rename(downloaded, &wheel).expect("both are in the target folder");
        Some(wheel)
    }

    /// Unpacks it into a folder, which is made if need be.
    pub fn unpack(&self, into: &Path) -> Option<()> {
        let wheel = self.get()?;
        let unpacked = Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(into).status();
        assert!(unpacked.expect("python3 on PATH").success(), "{} cannot be unpacked", self.file);
        Some(())
    }

    fn is_genuine(&self, wheel: &Path) -> bool {
        let digest = |bytes: Vec<u8>| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        std::fs::read(wheel).is_ok_and(|bytes| digest(bytes) == self.sha256)
    }
}

/// The programs of a virtual environment of the target folder with exactly these packages, such as `libcst==1.9.0`.
#[allow(dead_code, reason = "not all who use the index install something")]
pub fn installed(pins: &[&str]) -> Option<PathBuf> {
    let name = pins.join("-").replace("==", "-");
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("venv-{name}"));
    let programs = environment.join("bin");
    let complete = environment.join("complete");
    if complete.exists() {
        return Some(programs);
    }
    had(&name, Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let python = programs.join("python3");
    had(
        &name,
        pip(python.to_str().expect("cargo's folders have plain names"), "install").args(["--only-binary", ":all:"]).args(pins),
    )?;
    std::fs::write(complete, "").expect("a file in a new folder");
    Some(programs)
}

fn pip(python: &str, verb: &str) -> Command {
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", verb, "--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "15"]);
    pip
}

/// Runs pip; `None` when what it shall get cannot be had here.
fn had(what: &str, pip: &mut Command) -> Option<()> {
    let output = pip.output().expect("python3 on PATH");
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && !said.contains("DO NOT MATCH THE HASHES") && std::env::var_os("CI").is_none() {
        // A benchmark reads this file too, which has no harness to speak past.
        println!("skipped: {what} cannot be had here: {}", said.trim());
        return None;
    }
    assert!(output.status.success(), "{what}: {said}");
    Some(())
}
