use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use migrate::copies::Unavailable;

use super::bench::{Bench, ORDINARY, as_everyone, files, given_folder, in_namespace};
use crate::support::{MIGRATE, skip};

#[test]
fn scratch_inside_the_repository_is_refused() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "")]);
        symlink(&bench.top, bench.outside.path().join("way")).unwrap();
        for place in [bench.top.join("x"), bench.top.join(".git/x"), bench.outside.path().join("way/y")] {
            let why = bench.open_with(Some(&place)).unwrap_err();
            assert!(matches!(why, Unavailable::ScratchInside(_)), "{why}");
            assert!(why.help().contains("outside"), "{}", why.help());
            assert!(!place.exists(), "nothing is left where nothing may be");
        }
    });
}

#[test]
fn files_of_somebody_else_are_refused_by_name_unless_root_asks() {
    if let Some(top) = std::env::var_os("MIGRATE_TEST_TREE") {
        let bench = Bench::with(&[]).at(top.into());
        let why = bench.open().unwrap_err();
        assert!(matches!(&why, Unavailable::Foreign { path, .. } if path.ends_with("d/a.py")), "{why}");
        assert!(why.help().contains("chown"), "{}", why.help());
        return;
    }
    if !rustix::process::geteuid().is_root() {
        skip("only root can give files away");
        return;
    }
    let bench = Bench::with(&[("d/a.py", "")]);
    if bench.copies().is_none() {
        return;
    }
    let all = bench.top.join("..").canonicalize().unwrap();
    let given = Command::new("chown").args(["-R", &format!("{ORDINARY}:{ORDINARY}")]).arg(&all).status().unwrap();
    assert!(given.success());
    for (owner, group) in [(Some(0), None), (None, Some(0))] {
        chown(bench.top.join("d/a.py"), owner, group).unwrap();
        let own = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", std::thread::current().name().unwrap()])
            .env("MIGRATE_TEST_TREE", &bench.top)
            .uid(ORDINARY)
            .gid(ORDINARY)
            .output()
            .unwrap();
        assert!(own.status.success(), "{}", String::from_utf8_lossy(&own.stdout));
        chown(bench.top.join("d/a.py"), Some(ORDINARY), Some(ORDINARY)).unwrap();
    }
}

#[test]
fn a_file_system_mounted_below_the_tree_is_refused_by_name() {
    if !in_namespace("-m", "true") {
        return;
    }
    let bench = Bench::with(&[("data here/a", "")]);
    let below = bench.top.join("data here");
    assert!(Command::new("mount").args(["-t", "tmpfs", "none"]).arg(&below).status().unwrap().success());
    let why = bench.open().unwrap_err();
    assert!(matches!(&why, Unavailable::Mounted(path) if *path == below), "{why}");
    assert!(Command::new("umount").arg(&below).status().unwrap().success());
    assert!(bench.open().is_ok());
}

#[test]
fn scratch_on_an_overlay_is_refused_and_a_tree_on_one_is_not() {
    let script = "mount -t tmpfs none $1; cd $1; mkdir l u w o; mount -t overlay -o lowerdir=l,upperdir=u,workdir=w none o; cd /";
    if !in_namespace("-m", script) {
        return;
    }
    let overlay = given_folder().join("o");
    let bench = Bench::with(&[("a.py", "old\n")]);
    let why = bench.open_with(Some(&overlay.join("scratch"))).unwrap_err();
    assert!(matches!(why, Unavailable::ScratchOnOverlay(_)), "{why}");
    assert!(why.help().contains("tmpfs"), "{}", why.help());
    let top = overlay.join("clone");
    bench.repo.git(&["clone", "-q", ".", top.to_str().unwrap()]);
    let bench = bench.at(top);
    let copies = bench.open_with(Some(&given_folder().join("scratch"))).unwrap();
    let pin = copies.pin(&files(&[])).unwrap();
    let copy = copies.copy(&pin, &files(&[("a.py", Some("new\n"))])).unwrap();
    assert_eq!(bench.says(&copy, "cat a.py; git commit -qam x; git status --porcelain"), "new\n");
}

#[test]
fn scratch_is_in_the_users_cache_or_where_it_can_be() {
    let script =
        "mount -t tmpfs none $1; cd $1; mkdir l u w o cache temp; mount -t overlay -o lowerdir=l,upperdir=u,workdir=w none o";
    if !in_namespace("-m", &format!("{script}; cd /; export XDG_CACHE_HOME=$1/cache TMPDIR=$1/temp")) {
        return;
    }
    let bench = Bench::with(&[("a.py", "")]);
    let holds = |folder: &str| fs::read_dir(given_folder().join(folder)).is_ok_and(|entries| entries.count() == 2);
    let copies = bench.open_with(None).unwrap();
    assert!(holds("cache/migrate"), "the lock and the run");
    drop(copies);
    for elsewhere in [given_folder().join("o"), bench.top.join("a.py")] {
        let other = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "copies::refused::body_of_a_process_whose_cache_will_not_do"])
            .env("XDG_CACHE_HOME", &elsewhere)
            .status()
            .unwrap();
        assert!(other.success(), "{}", elsewhere.display());
    }
}

/// The body of processes that the test above starts.
#[test]
fn body_of_a_process_whose_cache_will_not_do() {
    if std::env::var_os("MIGRATE_TEST_FOLDER").is_none() {
        return;
    }
    let bench = Bench::with(&[("a.py", "")]);
    let copies = bench.open_with(None).unwrap();
    let entries = fs::read_dir(given_folder().join(format!("temp/migrate-{}", rustix::process::geteuid().as_raw()))).unwrap();
    assert_eq!(entries.count(), 2, "the lock and the run");
    drop(copies);
}

#[test]
fn without_namespaces_the_call_the_reason_and_the_cure_are_told() {
    if !in_namespace("-Urm", "echo 0 >/proc/sys/user/max_mnt_namespaces") {
        return;
    }
    let bench = Bench::with(&[("a.py", "")]);
    let why = bench.open().unwrap_err();
    assert_eq!(why.to_string(), "unshare namespaces: No space left on device (os error 28)");
    assert!(why.help().contains("user.max_mnt_namespaces"), "{}", why.help());
}

#[test]
fn root_of_a_container_has_copies_too() {
    if !in_namespace("-Urm", "true") {
        return;
    }
    let bench = Bench::with(&[("a.py", "old\n")]);
    let copies = bench.open().unwrap();
    let pin = copies.pin(&files(&[])).unwrap();
    let copy = copies.copy(&pin, &files(&[("a.py", Some("new\n"))])).unwrap();
    assert_eq!(bench.says(&copy, "cat a.py; git commit -qam x; git status --porcelain; git log --format=%s"), "new\nx\nbase\n");
    assert_eq!(bench.repo.subjects(), ["base"]);
}

#[test]
fn a_scratch_that_is_full_is_told_with_what_helps() {
    if !in_namespace("-m", "mount -t tmpfs -o size=400k none $1") {
        return;
    }
    let bench = Bench::with(&[("a.py", "")]);
    let copies = bench.open_with(Some(&given_folder().join("scratch"))).unwrap();
    let pin = copies.pin(&files(&[])).unwrap();
    let error = copies.copy(&pin, &files(&[("a.py", Some(&"x".repeat(500_000)))])).unwrap_err();
    assert!(error.to_string().contains("No space left on device"), "{error}");
    assert!(error.help().contains("make room"), "{}", error.help());
    // What was begun is gone, so there is room again.
    assert!(copies.copy(&pin, &files(&[("a.py", Some(&"x".repeat(50_000)))])).is_ok());
}

/// The copy in `folder` that is tried by an ordinary user, by what the process that enters it is told.
fn tried(folder: &Path) -> Output {
    let own = std::process::id().to_string();
    Command::new(MIGRATE).args(["__copy", &own]).arg(folder).arg("shared").uid(ORDINARY).gid(ORDINARY).output().unwrap()
}

#[test]
fn what_another_user_left_beside_a_copy_is_in_nobodys_way_or_refused_by_name() {
    if !rustix::process::geteuid().is_root() {
        skip("only root can leave what others cannot clear");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["top", "pin", "copy", "copy/upper", "copy/work"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let inner = folder.path().join("copy").join("work").join("work");
    fs::create_dir(&inner).unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(folder.path().join("copy/spec"), format!("user\0{}\0{}", path("top"), path("pin"))).unwrap();
    for name in ["", "top", "pin", "copy", "copy/spec", "copy/upper", "copy/work"] {
        chown(folder.path().join(name), Some(ORDINARY), Some(ORDINARY)).unwrap();
    }
    fs::write(inner.join("x"), "").unwrap();
    let output = tried(&folder.path().join("copy"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("unshare") || said.contains("as private") {
        skip(&said);
        return;
    }
    // With the work folder of another the kernel would mount it, and read-only.
    assert!(output.status.success(), "{said}");
    chown(folder.path().join("copy/work"), Some(0), Some(0)).unwrap();
    let output = tried(&folder.path().join("copy"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(125), "{said}");
    assert!(said.contains("make a folder in"), "{said}");
}
