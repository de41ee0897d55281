use std::collections::BTreeMap;

use migrate::copies::Touch::{Changed, Created, Deleted};
use migrate::copies::{Copies, CopyError, Touched};

use super::bench::{Bench, as_everyone, files, repo_path};

/// What `script` touches in a copy that shows `candidate`.
#[track_caller]
fn touched(bench: &Bench, copies: &Copies, candidate: &[(&str, Option<&str>)], script: &str) -> Touched {
    let pin = copies.pin(&files(&[])).unwrap();
    let copy = copies.copy(&pin, &files(candidate)).unwrap();
    bench.says(&copy, script);
    copy.touched().unwrap()
}

#[test]
fn what_is_written_as_it_was_is_not_touched() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "a\n"), ("d/b.py", "b\n"), ("c.py", "c\n")]);
        let Some(copies) = bench.copies() else { return };
        let candidate = [("a.py", Some("candidate\n")), ("c.py", None), ("n.py", Some("n\n"))];
        for script in [
            "exec 3<>a.py 4<>d/b.py",
            "touch a.py d/b.py n.py",
            "chmod 644 a.py; chmod u+r d/b.py",
            "touch d/b.py; git status >/dev/null",
            "rm .git/index; git reset -q",
            "cp a.py x; mv x a.py; rm d/b.py; printf 'b\\n' >d/b.py",
            "rm -r d; mkdir d; printf 'b\\n' >d/b.py",
            "touch c.py; rm c.py; rm n.py; printf 'n\\n' >n.py",
            "mkdir empty; mkfifo pipe; chmod 600 a.py",
            "git init -q nested",
        ] {
            let touched = touched(&bench, &copies, &candidate, script);
            assert_eq!((touched.files.len(), touched.moved_git()), (0, false), "{script}: {touched:?}");
        }
    });
}

#[test]
fn what_is_created_changed_and_deleted_is_told_file_by_file() {
    as_everyone(|| {
        let tree = [("a.py", "a\n"), ("b.py", "b\n"), ("d/c.py", "c\n"), ("d/e/f.py", "f\n"), ("g", "g\n"), ("h", "h\n")];
        let bench = Bench::with(&tree);
        let Some(copies) = bench.copies() else { return };
        let candidate = [("a.py", Some("candidate\n")), ("n.py", Some("n\n")), ("b.py", None), ("d/new.py", Some("new\n"))];
        let all_of_d = [("d/c.py", Deleted), ("d/e/f.py", Deleted), ("d/new.py", Deleted)];
        for (script, expected) in [
            ("echo x >>a.py", &[("a.py", Changed)][..]),
            ("git checkout -q a.py", &[("a.py", Changed)]),
            ("rm a.py n.py", &[("a.py", Deleted), ("n.py", Deleted)]),
            ("echo b >b.py", &[("b.py", Created)]),
            ("rm -r d", &all_of_d),
            (
                "rm -r d; mkdir d; echo 1 >d/c.py; echo x >d/x",
                &[("d/c.py", Changed), ("d/e/f.py", Deleted), ("d/new.py", Deleted), ("d/x", Created)],
            ),
            ("rm -r d; echo d >d", &[&[("d", Created)], &all_of_d[..]].concat()),
            ("rm g; mkdir g; echo x >g/x", &[("g", Deleted), ("g/x", Created)]),
            ("chmod +x g; rm h; ln -s g h; ln -s g i", &[("g", Changed), ("h", Changed), ("i", Created)]),
            (
                "mkdir -p k/l; echo x >k/l/m; chmod 0 k/l/m k/l k a.py; rm d/c.py; chmod 0 d",
                &[("d/c.py", Deleted), ("k/l/m", Created)],
            ),
            ("mv d/e moved", &[("d/e/f.py", Deleted), ("moved/f.py", Created)]),
            ("mkdir -p x/y; echo 1 >x/y/z; echo odd >\"o$(printf '\\ta')\"", &[("o\ta", Created), ("x/y/z", Created)]),
        ] {
            let touched = touched(&bench, &copies, &candidate, script);
            let expected: BTreeMap<_, _> = expected.iter().map(|(path, touch)| (repo_path(path), *touch)).collect();
            assert_eq!(touched.files, expected, "{script}");
        }
    });
}

#[test]
fn a_command_that_moves_head_a_branch_or_the_index_is_told_by_name() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "a\n"), ("b.py", "b\n")]);
        bench.repo.git(&["tag", "old"]);
        bench.repo.git(&["pack-refs", "--all"]);
        bench.repo.git(&["branch", "other"]);
        let Some(copies) = bench.copies() else { return };
        let branches = ["refs/heads/new", "refs/heads/other", "refs/tags/old"];
        for (script, head, refs, index) in [
            ("git status; git diff; git log; git stash list; git gc -q; git pack-refs --all", false, &[][..], &[][..]),
            ("git commit -qam mine", true, &["refs/heads/main"][..], &["a.py"][..]),
            ("git commit -q --allow-empty -m empty", true, &["refs/heads/main"], &[]),
            ("git add a.py", false, &[], &["a.py"]),
            ("git rm -q --cached b.py; echo x >x; git add -N x", false, &[], &["b.py", "x"]),
            ("git checkout -q --detach", true, &[], &[]),
            ("git checkout -q -f other", true, &[], &[]),
            ("git branch new; git tag -d old; git branch -qD other", false, &branches, &[]),
            ("git stash -q", false, &["refs/stash"], &[]),
        ] {
            let touched = touched(&bench, &copies, &[("a.py", Some("candidate\n"))], script);
            assert_eq!(touched.head, head, "{script}");
            assert_eq!(touched.refs.iter().collect::<Vec<_>>(), refs, "{script}");
            let index: Vec<_> = index.iter().map(|path| repo_path(path)).collect();
            assert_eq!(touched.index.into_iter().collect::<Vec<_>>(), index, "{script}");
        }
        let refs = bench.repo.git(&["for-each-ref", "--format=%(refname)"]);
        assert_eq!(refs, "refs/heads/main\nrefs/heads/other\nrefs/tags/old");
    });
}

#[test]
fn bytecode_that_a_command_leaves_is_told_like_any_file() {
    as_everyone(|| {
        let bench = Bench::with(&[("m.py", "X = 1\n")]);
        let compile = ["-m", "py_compile", "m.py"];
        assert!(bench.repo.command("python3").args(compile).status().unwrap().success());
        let Some(copies) = bench.copies() else { return };
        let touched = touched(&bench, &copies, &[("m.py", Some("X = 2\n"))], "python3 -m py_compile m.py");
        let names: Vec<_> = touched.files.iter().map(|(path, touch)| (path.to_string(), *touch)).collect();
        assert!(matches!(&names[..], [(name, Created)] if name.starts_with("__pycache__/m.")), "{names:?}");
    });
}

#[test]
fn a_file_below_a_file_makes_no_copy() {
    as_everyone(|| {
        let bench = Bench::with(&[("a.py", "a\n")]);
        let Some(copies) = bench.copies() else { return };
        let pin = copies.pin(&files(&[])).unwrap();
        let error = copies.copy(&pin, &files(&[("a", Some("x")), ("a/b", Some("y"))])).unwrap_err();
        assert!(matches!(error, CopyError::Io { .. }) && !error.help().is_empty(), "{error}");
    });
}
