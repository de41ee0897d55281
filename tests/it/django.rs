//! A published code base, migrated whole and judged by Python's own `ast`, which shares no code with the tool.
//!
//! The wheel comes from the package index by pip, pinned by its hash; where it cannot be had the test says so and passes.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use crate::index::Wheel;
use crate::support::{Repo, scratch};

const WHEEL: Wheel = Wheel {
    pin: "django-cms==3.7.4",
    file: "django_cms-3.7.4-py2.py3-none-any.whl",
    sha256: "9302f0e21153fc9afca55d9c3424ca3654b51d274a1af6ec39f4fbb05059fe46",
};
const PLAN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/django-cms-4.yaml");
const MEANING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/meaning.py");

/// What the plan renames.
const RENAMES: [(&str, &str); 8] = [
    ("django.utils.translation.ugettext", "django.utils.translation.gettext"),
    ("django.utils.translation.ugettext_lazy", "django.utils.translation.gettext_lazy"),
    ("django.utils.translation.ungettext", "django.utils.translation.ngettext"),
    ("django.utils.translation.ungettext_lazy", "django.utils.translation.ngettext_lazy"),
    ("django.utils.translation.ugettext_noop", "django.utils.translation.gettext_noop"),
    ("django.utils.encoding.force_text", "django.utils.encoding.force_str"),
    ("django.utils.encoding.smart_text", "django.utils.encoding.smart_str"),
    ("django.utils.http.urlquote", "urllib.parse.quote"),
];

#[test]
fn django_cms_is_migrated_to_the_names_of_django_4_and_taken_back() {
    let repo = Repo::empty();
    let before = scratch();
    for folder in [before.path(), &repo.top()] {
        let Some(()) = WHEEL.unpack(folder) else { return };
    }
    repo.commit_all("django CMS 3.7.4 as published");
    let (base, tree) = (repo.git(&["rev-parse", "HEAD"]), repo.git(&["rev-parse", "HEAD^{tree}"]));

    let found = uses(before.path());
    assert_eq!(found.last().map(String::as_str), Some("345 files"));
    assert_eq!(found.iter().filter(|line| line.starts_with("import ")).count(), 95);
    assert_eq!(found.iter().filter(|line| line.starts_with("use ")).count(), 586);
    let translated: Vec<&String> = found.iter().filter(|line| line.contains(" django.utils.translation.u")).collect();
    assert_eq!(files(translated.iter().copied().filter(|line| line.starts_with("import "))).len(), 51);
    let mut expected = files(found.iter().filter(|line| line.contains(':')));
    assert_eq!(expected.len(), 69);

    repo.migrate(&["run", "--plan", PLAN]).succeeds();
    assert_eq!(uses(&repo.top()), ["345 files"], "each file compiles, and none imports or uses an old name");
    let pairs = RENAMES.map(|(old, new)| format!("{old}={new}"));
    let differences = meaning(&[OsStr::new("compare"), before.path().as_os_str(), repo.top().as_os_str()], &pairs);
    match &differences[..] {
        // The plan's own edit: quote takes a text, and the key is a number.
        [edited, count] if count == "345 files" => {
            assert!(edited.starts_with("meaning cms/test_utils/project/emailuserapp/models.py: "), "{edited}");
        }
        _ => panic!("more than the names changed: {differences:#?}"),
    }

    let log = repo.git(&["log", "--format=tformat:commit", "--name-only", &format!("{base}..")]);
    for commit in log.split("commit").skip(1) {
        let touched: Vec<&str> = commit.split_whitespace().collect();
        assert!(matches!(touched[..], [file] if expected.remove(file)), "a commit touches {touched:?}");
    }
    assert!(expected.is_empty(), "no commit touches {expected:?}");
    assert_eq!(repo.git(&["fsck", "--strict", "--no-progress", "--no-dangling"]), "");
    assert_eq!(repo.git(&["status", "--porcelain", "--untracked-files=no"]), "");

    repo.migrate(&["rollback", "--all", "--plan", PLAN]).succeeds();
    assert_eq!(repo.git(&["rev-parse", "HEAD^{tree}"]), tree);
    assert_eq!(repo.git(&["rev-list", "--count", &format!("{base}..")]), "138");
    assert_eq!(repo.git(&["status", "--porcelain", "--untracked-files=no"]), "");
    assert_eq!(repo.git(&["fsck", "--strict", "--no-progress", "--no-dangling"]), "");
}

/// Where the old names are imported and used, one a line, then how many files there are.
fn uses(folder: &Path) -> Vec<String> {
    meaning(&[OsStr::new("uses"), folder.as_os_str()], &RENAMES.map(|(old, _)| old.to_owned()))
}

fn meaning(args: &[&OsStr], names: &[String]) -> Vec<String> {
    let output = ok(Command::new("python3").arg(MEANING).args(args).args(names));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The files in lines such as `use FILE:12 NAME`.
fn files<'a>(lines: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    lines.map(|line| line.split([' ', ':']).nth(1).unwrap().to_owned()).collect()
}

#[track_caller]
fn ok(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
