//! What a file carries beside bytes, mode and owner: extended attributes, access control lists among them.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::io::{Errno, Result};

/// Gives `to`, a new file, what `from` carries, and takes off it what its folder gave it.
///
/// What only the system may set, such as labels, is left to the system.
///
/// # Errors
/// When something of the owner's cannot be read or set.
#[cfg(target_os = "linux")]
pub(super) fn keep(from: &OwnedFd, to: &File) -> Result<()> {
    use rustix::fs::{XattrFlags, fgetxattr, fgetxattr_query, fremovexattr, fsetxattr};

    let carried = names(from)?;
    for name in &carried {
        let set = || {
            let mut value = Vec::with_capacity(fgetxattr_query(from, name.as_slice())?);
            fgetxattr(from, name.as_slice(), rustix::buffer::spare_capacity(&mut value))?;
            fsetxattr(to, name.as_slice(), &value, XattrFlags::empty())
        };
        match set() {
            Err(Errno::PERM | Errno::ACCESS | Errno::OPNOTSUPP) if of_the_system(name) => {}
            done => done?,
        }
    }
    for name in names(to)?.iter().filter(|name| !carried.contains(name) && !of_the_system(name)) {
        fremovexattr(to, name.as_slice())?;
    }
    Ok(())
}

/// True when the owner of the file has no say in the attribute.
#[cfg(target_os = "linux")]
fn of_the_system(name: &[u8]) -> bool {
    name.starts_with(b"security.") || name.starts_with(b"trusted.")
}

/// The names of the attributes; none where the file system knows of no such thing.
#[cfg(target_os = "linux")]
fn names(file: impl std::os::fd::AsFd) -> Result<Vec<Vec<u8>>> {
    use rustix::fs::{flistxattr, flistxattr_query};

    let size = match flistxattr_query(&file) {
        Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        size => size?,
    };
    let mut list = Vec::with_capacity(size);
    flistxattr(&file, rustix::buffer::spare_capacity(&mut list))?;
    Ok(list.split(|byte| *byte == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect())
}

/// Keeps nothing: what there is to keep has other rules elsewhere.
#[cfg(not(target_os = "linux"))]
pub(super) fn keep(_from: &OwnedFd, _to: &File) -> Result<()> {
    Ok::<(), Errno>(())
}
