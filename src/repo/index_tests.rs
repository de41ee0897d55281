use std::path::Path;
use std::process::Command;

use super::*;

fn git(top: &Path, args: &[&str]) -> String {
    let out = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(top)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", top)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

fn repository(version: &str) -> tempfile::TempDir {
    let top = tempfile::tempdir().unwrap();
    let at = top.path();
    git(at, &["init", "-q"]);
    git(at, &["config", "index.version", version]);
    for (path, text) in [("a.py", "a"), ("pkg/b.py", "b"), ("pkg/deep/c.py", "c"), ("pkg/deep/d.py", "d"), ("pkg2/e.py", "e")] {
        std::fs::create_dir_all(at.join(path).parent().unwrap()).unwrap();
        std::fs::write(at.join(path), text).unwrap();
    }
    git(at, &["add", "-A"]);
    git(at, &["commit", "-qm", "one"]);
    git(at, &["update-index", "--index-version", version]);
    top
}

/// The trees of HEAD along a path, root first.
fn trees(at: &Path, commit: &str, folders: &[&str]) -> Vec<Oid> {
    folders.iter().map(|folder| Oid::from_str(&git(at, &["rev-parse", &format!("{commit}:{folder}")])).unwrap()).collect()
}

/// Changes `pkg/deep/c.py` through the index patch and returns the new index.
fn patch(at: &Path) -> Vec<u8> {
    std::fs::write(at.join("pkg/deep/c.py"), "changed").unwrap();
    let blob = git(at, &["hash-object", "-w", "pkg/deep/c.py"]);
    let old = trees(at, "HEAD", &["", "pkg", "pkg/deep"]);
    // The new trees, made by git in another index.
    let scratch = at.join(".git/scratch-index");
    let out = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "git read-tree HEAD && git update-index --cacheinfo 100644,{blob},pkg/deep/c.py && git commit-tree $(git write-tree) -m x"
        ))
        .current_dir(at)
        .env("GIT_INDEX_FILE", scratch)
        .envs([("GIT_AUTHOR_NAME", "t"), ("GIT_AUTHOR_EMAIL", "t@e"), ("GIT_COMMITTER_NAME", "t"), ("GIT_COMMITTER_EMAIL", "t@e")])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let commit = String::from_utf8(out.stdout).unwrap().trim().to_owned();
    let new = trees(at, &commit, &["", "pkg", "pkg/deep"]);
    let mut index = Index::parse(std::fs::read(at.join(".git/index")).unwrap()).unwrap();
    let stat = rustix::fs::lstat(at.join("pkg/deep/c.py")).unwrap();
    assert!(index.set(b"pkg/deep/c.py", Oid::from_str(&blob).unwrap(), &EntryStat::new(&stat)));
    index.move_trees(b"pkg/deep/c.py", &old, &new);
    index.seal();
    let bytes = index.bytes().to_vec();
    std::fs::write(at.join(".git/index"), &bytes).unwrap();
    git(at, &["update-ref", "HEAD", &commit]);
    bytes
}

#[test]
fn git_finds_the_patched_index_clean_in_every_version() {
    for version in ["2", "4"] {
        let top = repository(version);
        let size = std::fs::metadata(top.path().join(".git/index")).unwrap().len();
        let bytes = patch(top.path());
        assert_eq!(bytes.len() as u64, size, "the layout is kept");
        assert_eq!(bytes[7].to_string(), version);
        assert_eq!(git(top.path(), &["status", "--porcelain"]), "", "version {version}");
        assert_eq!(git(top.path(), &["diff-index", "--cached", "HEAD"]), "");
        assert_eq!(git(top.path(), &["diff-files"]), "", "the stat data is fresh");
        git(top.path(), &["fsck", "--strict"]);
        assert_eq!(git(top.path(), &["write-tree"]), git(top.path(), &["rev-parse", "HEAD^{tree}"]), "the tree cache is right");
    }
}

#[test]
fn what_the_user_has_staged_stays_staged() {
    for version in ["2", "4"] {
        let top = repository(version);
        let at = top.path();
        std::fs::write(at.join("pkg/b.py"), "staged").unwrap();
        git(at, &["add", "pkg/b.py"]);
        std::fs::write(at.join("new.py"), "new").unwrap();
        git(at, &["add", "-N", "new.py"]);
        git(at, &["write-tree"]);
        patch(at);
        assert_eq!(git(at, &["diff", "--cached", "--name-only"]), "pkg/b.py");
        assert_eq!(git(at, &["status", "--porcelain"]), " A new.py\nM  pkg/b.py");
        git(at, &["fsck", "--strict"]);
        let mut lines = git(at, &["ls-tree", "-r", &git(at, &["write-tree"])]);
        lines.retain(|c| c != '\t');
        assert!(lines.contains("pkg/b.py") && lines.contains("pkg/deep/c.py"));
        assert_eq!(git(at, &["diff", "--cached", "--name-only"]), "pkg/b.py", "the tree cache was not left lying");
    }
}

#[test]
fn entries_tell_flags_and_stages() {
    let top = repository("2");
    let at = top.path();
    git(at, &["update-index", "--assume-unchanged", "a.py"]);
    git(at, &["update-index", "--skip-worktree", "pkg/b.py"]);
    std::fs::write(at.join("new.py"), "new").unwrap();
    git(at, &["add", "-N", "new.py"]);
    let index = Index::parse(std::fs::read(at.join(".git/index")).unwrap()).unwrap();
    assert!(index.entry(b"a.py").unwrap().assume_unchanged);
    assert!(index.entry(b"pkg/b.py").unwrap().skip_worktree);
    assert!(index.entry(b"new.py").unwrap().intent_to_add);
    assert_eq!(index.entry(b"pkg/deep/c.py").unwrap().mode, 0o100_644);
    assert!(index.entry(b"pkg").is_none() && index.entry(b"zzz").is_none());
}

#[test]
fn split_and_damaged_indexes_are_left_to_git() {
    let top = repository("2");
    let at = top.path();
    let whole = std::fs::read(at.join(".git/index")).unwrap();
    for cut in 0..whole.len() {
        // Any cut is an error or an index that still reads; never a panic.
        if let Ok(index) = Index::parse(whole[..cut].to_vec()) {
            assert!(index.entry(b"zzz").is_none());
        }
    }
    git(at, &["update-index", "--split-index"]);
    let split = Index::parse(std::fs::read(at.join(".git/index")).unwrap());
    assert_eq!(split.unwrap_err(), IndexProblem::Unsupported("a split index (core.splitIndex)"));
}

/// An index of `count` plain files in the top folder, with its tree in the cache.
fn large(count: u32, tree: Oid) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x02".to_vec();
    bytes.extend_from_slice(&count.to_be_bytes());
    for nth in 0..count {
        bytes.extend_from_slice(&[0; NAME_OFFSET_OF_FLAGS]);
        bytes.extend_from_slice(&[0, 8]);
        bytes.extend_from_slice(format!("{nth:05}.py\0\0").as_bytes());
    }
    let cached = [format!("\0{count} 0\n").as_bytes(), tree.as_bytes()].concat();
    bytes.extend_from_slice(b"TREE");
    bytes.extend_from_slice(&u32::try_from(cached.len()).unwrap().to_be_bytes());
    bytes.extend_from_slice(&cached);
    let sum = Sha1::digest(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

#[test]
fn the_checksum_is_right_wherever_and_in_whatever_order_entries_change() {
    let oid = |nth: usize| Oid::hash_object(git2::ObjectType::Blob, &nth.to_be_bytes()).unwrap();
    let mut index = Index::parse(large(4_000, oid(0))).unwrap();
    assert!(index.bytes().len() > 4 * STRIDE);
    for nth in 1..60 {
        let path = format!("{:05}.py", nth * 2_657 % 4_000);
        assert!(index.set(path.as_bytes(), oid(nth), &EntryStat::unknown()));
        // In the end the cached tree is another one than it should be, and goes.
        let old = if nth == 50 { oid(0) } else { oid(nth - 1) };
        index.move_trees(path.as_bytes(), &[old], &[oid(nth)]);
        index.seal();
        let (content, sum) = index.bytes().split_at(index.bytes().len() - OID);
        assert_eq!(sum, Sha1::digest(content).as_slice(), "{nth}");
    }
    assert!(index.tree_cache.is_none());
}
