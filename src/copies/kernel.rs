//! The calls that only Linux has, and the few that the compiler cannot check.

/// Which process a call of [`fork_init`] returns to.
pub(super) enum Forked {
    /// The one that made it, with the number of the other.
    Outer(rustix::process::Pid),
    /// The one that was made.
    Inner,
}

#[cfg(target_os = "linux")]
pub(super) use linux::{
    close_below, die_with_parent, empty_temporary, enter_namespaces, fork_init, is_overlay, mount_overlay, mount_proc, unmount,
    whiteout,
};

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CString;
    use std::fs;
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
    use std::path::Path;

    use rustix::fs::{CWD, FileType, FsWord, Mode, OFlags, StatVfsMountFlags};
    use rustix::io::{Errno, FdFlags, fcntl_setfd};
    use rustix::mount::{
        MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount, mount_change, move_mount,
        open_tree,
    };
    use rustix::process::{Pid, Signal, getegid, geteuid, set_parent_process_death_signal};
    use rustix::thread::{UnshareFlags, unshare_unsafe};

    use super::Forked;
    use crate::copies::Private;
    use crate::copies::error::Unavailable;

    /// What `statfs` says of an overlay.
    const OVERLAY: FsWord = 0x794c_7630;

    /// Hides what lower layers have at `path`.
    pub(in crate::copies) fn whiteout(path: &Path) -> io::Result<()> {
        Ok(rustix::fs::mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), 0)?)
    }

    pub(in crate::copies) fn is_overlay(path: &Path) -> io::Result<bool> {
        Ok(rustix::fs::statfs(path)?.f_type == OVERLAY)
    }

    /// Makes the kernel kill this process when the one that started it dies.
    pub(in crate::copies) fn die_with_parent() -> io::Result<()> {
        Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
    }

    /// Makes namespaces of this process's own for mounts and for the processes it starts next, in a user namespace where `user` says
    /// so: there it keeps its user and group, as git looks anew at every file that seems to be another's.
    pub(in crate::copies) fn enter_namespaces(user: bool, private: Private) -> Result<(), Unavailable> {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let mut flags = UnshareFlags::NEWNS | UnshareFlags::NEWPID;
        flags.set(UnshareFlags::NEWUSER, user);
        flags.set(UnshareFlags::NEWIPC, private.tmp);
        flags.set(UnshareFlags::NEWNET, private.network);
        #[expect(unsafe_code, reason = "unsharing descriptors would be unsound, which is not asked for")]
        // SAFETY: `UnshareFlags::FILES` is not among the flags.
        let unshared = unsafe { unshare_unsafe(flags) };
        unshared.map_err(|errno| Unavailable::refused("unshare namespaces")(errno.into()))?;
        if user {
            for (file, text) in
                [("setgroups", "deny".to_owned()), ("uid_map", format!("{uid} {uid} 1")), ("gid_map", format!("{gid} {gid} 1"))]
            {
                let file = format!("/proc/self/{file}");
                fs::write(&file, text).map_err(Unavailable::refused(format!("write {file}")))?;
            }
        }
        if private.network {
            loopback_up().map_err(Unavailable::refused("start the loopback of a network of its own"))?;
        }
        let propagation = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", propagation).map_err(|errno| Unavailable::refused("mount / as private")(errno.into()))
    }

    /// Starts the loopback of the network namespace of this process: a new one is down.
    fn loopback_up() -> io::Result<()> {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
        let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        #[expect(unsafe_code, reason = "a request to a network device is a C structure with a union in it")]
        // SAFETY: all zeroes is a value of it; its name ends with a zero; the call reads it and keeps nothing of it.
        let done = unsafe {
            let mut request: libc::ifreq = std::mem::zeroed();
            for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
                *to = from.cast_signed();
            }
            request.ifr_ifru.ifru_flags = libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(1);
            libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &request)
        };
        if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Covers the folders for temporary files with empty ones, of which those that are `shown` show all the same what they have.
    pub(in crate::copies) fn empty_temporary(shown: &[&Path]) -> Result<(), Unavailable> {
        let refused = |act: &str, path: &Path| Unavailable::refused(format!("{act} {}", path.display()));
        for folder in ["/tmp", "/var/tmp", "/dev/shm"].map(Path::new) {
            if !folder.is_dir() || folder.is_symlink() {
                continue;
            }
            let inside: Vec<&Path> = shown.iter().copied().filter(|path| path.starts_with(folder)).collect();
            let mut kept = Vec::with_capacity(inside.len());
            for path in inside {
                let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_RECURSIVE;
                let tree = open_tree(CWD, path, flags).map_err(|errno| refused("take a second look at", path)(errno.into()))?;
                kept.push((path, tree));
            }
            let flags = MountFlags::NOSUID | MountFlags::NODEV;
            mount("tmpfs", folder, "tmpfs", flags, c"mode=1777")
                .map_err(|errno| refused("mount memory at", folder)(errno.into()))?;
            for (path, tree) in kept {
                fs::create_dir_all(path).map_err(refused("make", path))?;
                let moved = move_mount(&tree, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH);
                moved.map_err(|errno| refused("show again", path)(errno.into()))?;
            }
        }
        Ok(())
    }

    /// Mounts an overlay of `lower`, topmost first, under `upper` at `at`, and sees that it is one which can be written. What the kernel
    /// needs beside it is made anew in `works`.
    ///
    /// It is `volatile` where the kernel knows that: nothing in a copy has to outlast a power failure, and unmounting any other overlay
    /// writes out all that is dirty on the file system of its upper layer. A work folder cannot be used again after that.
    pub(in crate::copies) fn mount_overlay(
        at: &Path,
        lower: &[&Path],
        upper: &Path,
        works: &Path,
        options: &str,
    ) -> Result<(), Unavailable> {
        let refused = |act: &str, path: &Path| Unavailable::refused(format!("{act} {}", path.display()));
        // The kernel takes paths apart at `,`, `:` and `\`: a descriptor's name has none. They must be opened in the new namespace.
        let open = |path: &Path| -> Result<OwnedFd, Unavailable> {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| refused("open", path)(errno.into()))
        };
        let lower = lower.iter().map(|path| open(path)).collect::<Result<Vec<_>, _>>()?;
        let work = fresh_folder(works).map_err(refused("make a folder in", works))?;
        let (upper, work) = (open(upper)?, open(&work)?);
        let name = |fd: &OwnedFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
        let names: Vec<String> = lower.iter().map(name).collect();
        let options = format!("lowerdir={},upperdir={},workdir={},{options}", names.join(":"), name(&upper), name(&work));
        let mount_with = |options: String| {
            let options = CString::new(options).map_err(|_| Errno::INVAL)?;
            mount("overlay", at, "overlay", MountFlags::empty(), options.as_c_str())
        };
        let mounted = match mount_with(format!("{options},volatile")) {
            // A kernel before 5.10.
            Err(Errno::INVAL) => mount_with(options),
            mounted => mounted,
        };
        mounted.map_err(|errno| refused("mount an overlay at", at)(errno.into()))?;
        let stat = rustix::fs::statvfs(at).map_err(|errno| refused("look at the overlay at", at)(errno.into()))?;
        // Where the kernel cannot use the work folder it mounts all the same, but read-only.
        if stat.f_flag.contains(StatVfsMountFlags::RDONLY) || !is_overlay(at).map_err(refused("look at the overlay at", at))? {
            return Err(refused("mount an overlay that can be written at", at)(Errno::ROFS.into()));
        }
        Ok(())
    }

    /// A folder in `folder` that was not there.
    fn fresh_folder(folder: &Path) -> io::Result<std::path::PathBuf> {
        let mut nth = 0;
        loop {
            let fresh = folder.join(format!("{}-{nth}", std::process::id()));
            match fs::create_dir(&fresh) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => nth += 1,
                made => return made.map(|()| fresh),
            }
        }
    }

    pub(in crate::copies) fn unmount(at: &Path) -> io::Result<()> {
        Ok(rustix::mount::unmount(at, UnmountFlags::empty())?)
    }

    /// Closes, in the programs that are started next, what this process has inherited below `root`: writes to it would pass by the
    /// overlay.
    pub(in crate::copies) fn close_below(root: &Path) -> io::Result<()> {
        let numbers = fs::read_dir("/proc/self/fd")?.flatten().map(|entry| entry.file_name());
        for name in numbers.collect::<Vec<_>>() {
            let number = name.to_str().and_then(|name| name.parse::<i32>().ok()).filter(|number| *number > 2);
            let Some(number) = number else { continue };
            // One that is closed already was that of the listing.
            let Ok(target) = fs::read_link(format!("/proc/self/fd/{number}")) else { continue };
            if target.starts_with(root) {
                #[expect(unsafe_code, reason = "the number of a descriptor that was inherited has no owner in this program")]
                // SAFETY: it is open, as its link was read, and this process, which has one thread, does not close it meanwhile.
                let fd = unsafe { BorrowedFd::borrow_raw(number) };
                fcntl_setfd(fd, FdFlags::CLOEXEC)?;
            }
        }
        Ok(())
    }

    /// Makes a second process of this one, which is the first of the new namespace. This process must have one thread, so that its copy
    /// may go on as it does; starting the program anew instead would take a millisecond more for each command.
    pub(in crate::copies) fn fork_init() -> io::Result<Forked> {
        #[expect(unsafe_code, reason = "only a process with one thread may go on in its copy, which the compiler cannot check")]
        // SAFETY: a copy is entered before any other thread is started.
        let number = unsafe { libc::fork() };
        match number {
            -1 => Err(io::Error::last_os_error()),
            number => Ok(Pid::from_raw(number).map_or(Forked::Inner, Forked::Outer)),
        }
    }

    /// Mounts a `/proc` that shows the namespace of the process that calls this.
    pub(in crate::copies) fn mount_proc() -> io::Result<()> {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        Ok(mount(c"proc", c"/proc", c"proc", flags, None)?)
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{
    close_below, die_with_parent, empty_temporary, enter_namespaces, fork_init, is_overlay, mount_overlay, mount_proc, unmount,
    whiteout,
};

/// Where there are no overlays: [`crate::copies::Copies::open`] says so before any of these is called.
#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::io;
    use std::path::Path;

    use super::Forked;
    use crate::copies::Private;
    use crate::copies::error::Unavailable;

    pub(in crate::copies) fn whiteout(_path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::copies) fn is_overlay(_path: &Path) -> io::Result<bool> {
        Ok(false)
    }

    pub(in crate::copies) fn die_with_parent() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::copies) fn enter_namespaces(_user: bool, _private: Private) -> Result<(), Unavailable> {
        Err(Unavailable::NotLinux)
    }

    pub(in crate::copies) fn mount_overlay(
        _at: &Path,
        _lower: &[&Path],
        _upper: &Path,
        _works: &Path,
        _options: &str,
    ) -> Result<(), Unavailable> {
        Err(Unavailable::NotLinux)
    }

    pub(in crate::copies) fn empty_temporary(_shown: &[&Path]) -> Result<(), Unavailable> {
        Err(Unavailable::NotLinux)
    }

    pub(in crate::copies) fn unmount(_at: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::copies) fn close_below(_root: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(in crate::copies) fn fork_init() -> io::Result<Forked> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::copies) fn mount_proc() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
