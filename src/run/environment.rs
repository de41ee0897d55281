//! What verdicts depend on beside the files of the repository: variables of the environment, and what the plan says of files that git
//! does not track.

use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::plan::CacheKeys;

/// The digest of all that counts: of variables their values, of files their bytes, of folders the names in them. A file that is not there
/// counts as such.
pub(super) fn environment(keys: &CacheKeys, top: &Path) -> String {
    let mut told: Vec<_> = std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| keys.counts(name))).collect();
    told.sort();
    let mut sum = Sha256::new();
    let mut add = |part: &[u8]| {
        sum.update(part);
        sum.update([0]);
    };
    for (name, value) in told {
        [name, value].iter().for_each(|part| add(part.as_encoded_bytes()));
    }
    for input in keys.inputs.iter().flatten() {
        add(input.as_bytes());
        match content(&top.join(input)) {
            Ok(content) => add(&content),
            Err(error) => add(format!("\0{}", error.kind()).as_bytes()),
        }
    }
    sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The inputs that are not there.
pub(super) fn missing<'k>(keys: &'k CacheKeys, top: &Path) -> Vec<&'k str> {
    let inputs = keys.inputs.iter().flatten().map(String::as_str);
    inputs.filter(|input| matches!(top.join(input).metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound)).collect()
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    if !path.is_dir() {
        return Ok(Sha256::digest(std::fs::read(path)?).to_vec());
    }
    let names: io::Result<Vec<_>> = std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())).collect();
    let mut names = names?;
    names.sort();
    let mut sum = Sha256::new();
    for name in names {
        sum.update(name.as_encoded_bytes());
        sum.update([0]);
    }
    Ok(sum.finalize().to_vec())
}
