//! Messages, written and read back, by us and by git.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

use super::*;
use crate::message::parse::parse;
use crate::message::render::{Phase, TemplateError, render, render_template};
use crate::message::revert::{Undone, plain, revert, reverted};
use crate::message::trailers::{Cause, Reverted, Together, Trailers, trailers};
use crate::plan::template::{FIELDS, faults};
use crate::verdict::VerdictKind;

const PLAIN: &str = "\
fix(websocket): eliminate factory pattern in websocket_ssot.py - Issue #506

SSOT REMEDIATION: Replace deprecated WebSocket factory patterns with canonical
get_websocket_manager() to achieve 100% SSOT compliance.

Changes:
- Remove: get_websocket_manager_factory() import
- Add: get_websocket_manager() import
- Transform: lines 1394-1396 → 1394-1395, 1425-1427 → 1424-1426: factory calls → direct SSOT calls
- Validate: python3 -m py_compile netra_backend/app/routes/websocket_ssot.py

Business Impact: P0 - Core WebSocket routing
Risk Level: EXTREME
Rollback Plan: Git revert + immediate deployment

🤖 Footer, first line
Co-Authored-By: Somebody <somebody@example.com>

Migration-Plan: websocket-ssot
Migration-Plan-Digest: 0123456789abcdef
Migration-Phase: P0
Migration-Unit: netra_backend/app/routes/websocket_ssot.py
Migration-Rules: edits, direct-creation
";

fn message() -> Message {
    Message {
        scope: "websocket".into(),
        title: "eliminate factory pattern".into(),
        name: "websocket_ssot.py".into(),
        issue: "#506".into(),
        summary: "SSOT REMEDIATION: Replace deprecated WebSocket factory patterns with canonical\nget_websocket_manager() to achieve 100% SSOT compliance.".into(),
        changes: Changes {
            remove: vec!["get_websocket_manager_factory() import".into()],
            add: vec!["get_websocket_manager() import".into()],
            lines: vec![
                LineChange { old: Lines::new(1393, 3), new: Lines::new(1393, 2) },
                LineChange { old: Lines::new(1424, 3), new: Lines::new(1423, 3) },
            ],
            transform: "factory calls → direct SSOT calls".into(),
            validate: vec!["python3 -m py_compile netra_backend/app/routes/websocket_ssot.py".into()],
        },
        files: Vec::new(),
        impact: Some("Core WebSocket routing".into()),
        risk: Some(Risk::Extreme),
        recovery: Some("immediate deployment".into()),
        footer: Some("🤖 Footer, first line\nCo-Authored-By: Somebody <somebody@example.com>".into()),
        trailers: Applied {
            plan: "websocket-ssot".into(),
            digest: "0123456789abcdef".into(),
            phase: "P0".into(),
            unit: b"netra_backend/app/routes/websocket_ssot.py".to_vec(),
            rules: vec!["edits".into(), "direct-creation".into()],
            hooks_skipped: false,
            ..Applied::default()
        },
    }
}

#[test]
fn the_prescribed_format_comes_out_byte_for_byte() {
    assert_eq!(render(&message()), PLAIN);
    assert_eq!(parse(PLAIN), Some(message()));
}

#[test]
fn what_a_plan_does_not_give_is_left_out() {
    let mut bare = message();
    bare.changes = Changes::default();
    (bare.impact, bare.risk, bare.recovery, bare.footer) = (None, None, None, None);
    bare.trailers.hooks_skipped = true;
    let text = render(&bare);
    let rest = "Changes:\n- Validate: none\n\nBusiness Impact: P0\nRollback Plan: Git revert\n\nMigration-Plan:";
    assert!(text.contains(rest), "{text}");
    assert!(text.ends_with("\nMigration-Hooks: skipped\n"));
    assert_eq!(parse(&text), Some(bare.clone()));
    // An earlier release had a line for nothing.
    let nothing = "Changes:\n- Remove: nothing\n- Add: nothing\n- Transform: nothing\n";
    assert_eq!(parse(&text.replace("Changes:\n", nothing)), Some(bare));
}

#[test]
fn without_an_issue_the_subject_ends_before_it() {
    let mut free = message();
    free.issue = String::new();
    let text = render(&free);
    let subject = text.lines().next().unwrap();
    assert!(PLAIN.starts_with(&format!("{subject} - Issue #506\n")), "{subject}");
    assert_eq!(parse(&text), Some(free.clone()));
    for (title, name) in
        [("a - Issue b", "c"), ("a", "b - Issue c"), ("a - Issue", "b"), ("a", "Issue b"), ("a", "b - Issue - Issue c")]
    {
        (free.title, free.name) = (title.to_owned(), name.to_owned());
        assert_eq!(parse(&render(&free)), Some(free.clone()), "{}", render(&free));
    }
}

#[test]
fn lines_are_shown_as_people_count_them() {
    let change = |old, new| LineChange { old, new };
    let (one, two) = (change(Lines::new(11, 1), Lines::new(11, 0)), change(Lines::new(9, 0), Lines::new(9, 2)));
    for (lines, text, expected) in [
        (vec![one], "x", "lines 12 → after line 11: x"),
        (vec![two], "x", "after line 9 → 10-11: x"),
        (vec![one, two], "", "lines 12 → after line 11, after line 9 → 10-11"),
        (vec![], "lines 1 → 2: x", "\\u{6c}ines 1 → 2: x"),
        (vec![], "nothing", "\\u{6e}othing"),
        (vec![], "lines of code", "lines of code"),
    ] {
        assert_eq!(format::transform(&lines, text), expected);
        assert_eq!(format::split_transform(expected), Some((lines, text.to_owned())));
    }
}

#[test]
fn a_scope_is_found_in_the_path() {
    for (path, scope) in [("a/routes/x.py", "routes"), ("setup.py", "setup"), (".hidden", ".hidden")] {
        assert_eq!(scope_of(&RepoPath::new(path).unwrap()), scope);
    }
}

/// Texts that would disturb a careless format.
fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        " ",
        "\n",
        "\n\n",
        "\r\n",
        "\r",
        "\t",
        "\\",
        "\\n",
        "\\e",
        "\"",
        "'",
        ", ",
        ",",
        ": ",
        " in ",
        "in ",
        " in",
        " - Issue ",
        "- Issue ",
        "Issue",
        ")",
        "): ",
        "(",
        "#",
        "# x",
        "---\n",
        "\n---",
        "diff --git a b\n",
        "Changes:",
        "\nChanges:\n",
        "Signed-off-by: x <y>",
        "\n\nMigration-Unit: x\n",
        "Migration-Plan: p\nMigration-Plan-Digest: d\nMigration-Phase: q\nMigration-Unit: u\nMigration-Rules: r\n",
        "\nThis reverts commit 0123456789.",
        "nothing",
        "none",
        "lines 1-2 → 3",
        "after line 3 → 4",
        "12",
        " → ",
        " + ",
        " - ",
        "- Validate: x",
        "Risk Level: LOW\n",
        "Rollback Plan: Git revert",
        "\0",
        "\x1b[31m",
        "\u{202e}",
        "\u{2028}",
        "🤖",
        "é",
        "\u{200d}",
        "{{ x }}",
        "%s",
        "$(x)",
        "`",
    ]);
    prop_oneof![4 => prop::collection::vec(pieces, 0..6).prop_map(|parts| parts.concat()), 1 => any::<String>()]
}

fn lines() -> impl Strategy<Value = Lines> {
    (0..u32::MAX / 2, 0..5_u32).prop_map(|(before, count)| Lines::new(before, count))
}

fn any_message() -> impl Strategy<Value = Message> {
    let list = || prop::collection::vec(nasty(), 0..3);
    let changes = (list(), list(), prop::collection::vec((lines(), lines()), 0..3), nasty(), list()).prop_map(
        |(remove, add, lines, transform, validate)| {
            let lines = lines.into_iter().map(|(old, new)| LineChange { old, new }).collect();
            Changes { remove, add, lines, transform, validate }
        },
    );
    let path = || prop::collection::vec(any::<u8>(), 0..9);
    let file = prop_oneof![
        (path(), list(), list(), prop::collection::vec((lines(), lines()), 0..3)).prop_map(|(path, remove, add, lines)| {
            let lines = lines.into_iter().map(|(old, new)| LineChange { old, new }).collect();
            FileChanges::Rewritten { path, remove, add, lines }
        }),
        path().prop_map(FileChanges::Deleted),
        path().prop_map(FileChanges::Created),
        (path(), path()).prop_map(|(from, to)| FileChanges::Moved { from, to }),
    ];
    let changes = (changes, prop::collection::vec(file, 0..3)).prop_map(|(mut changes, files)| {
        if !files.is_empty() {
            let keeps_words = files.iter().any(|file| matches!(file, FileChanges::Rewritten { .. }));
            let transform = if keeps_words { changes.transform } else { String::new() };
            changes = Changes { transform, validate: changes.validate, ..Changes::default() };
        }
        (changes, files)
    });
    let risk = prop_oneof![
        Just(None),
        Just(Some(Risk::Low)),
        Just(Some(Risk::Medium)),
        Just(Some(Risk::High)),
        Just(Some(Risk::Extreme))
    ];
    let unit = prop_oneof![nasty().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 0..9)];
    let paths = || prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..3);
    let trailers = ((nasty(), nasty(), nasty()), unit, (paths(), paths()), list(), any::<bool>()).prop_map(
        |((plan, digest, phase), unit, (files, left), rules, hooks_skipped)| Applied {
            plan,
            digest,
            phase,
            unit,
            files,
            left,
            rules,
            hooks_skipped,
            together: hooks_skipped.then(|| Together { nth: 3, of: 8, tree: "0123".into() }),
        },
    );
    let maybe = || prop::option::of(nasty());
    ((nasty(), nasty(), nasty(), nasty(), nasty()), changes, (maybe(), risk, maybe(), maybe()), trailers).prop_map(
        |((scope, title, name, issue, summary), (changes, files), (impact, risk, recovery, footer), trailers)| Message {
            scope,
            title,
            name,
            issue,
            summary,
            changes,
            files,
            impact,
            risk,
            recovery,
            footer,
            trailers,
        },
    )
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(500))]

    #[test]
    fn what_is_written_is_read_back(message in any_message()) {
        let text = render(&message);
        assert_eq!(parse(&text).as_ref(), Some(&message), "{text}");
        let without = Message { footer: None, ..message };
        let read = trailers(render(&without).as_bytes());
        assert_eq!(read, [Trailers::Applied(without.trailers)]);
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in nasty(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for bytes in [text.as_bytes(), &bytes[..]] {
            let known = reverted(bytes).len() + trailers(bytes).len();
            assert!(known < 20);
        }
        if let Some(message) = parse(&text) {
            assert_eq!(render(&message), text);
        }
    }

    #[test]
    fn a_template_disturbs_no_trailer(message in any_message(), text in nasty()) {
        let template = format!("s\n\n{text}{{{{ summary }}}}{{{{ footer }}}}\n{{{{ unit.name }}}}{{{{ changes.remove | join(text) }}}}");
        let template = template.replace("join(text)", "join('\n\n')");
        if let Ok(text) = render_template(&template, &message, Phase { ordinal: 1, title: None }) {
            assert_eq!(trailers(text.as_bytes()), [Trailers::Applied(message.trailers)], "{text}");
            assert_eq!(reverted(text.as_bytes()), []);
        }
    }
}

#[test]
fn a_template_can_name_every_field_that_the_plan_promises() {
    let all: String = FIELDS.iter().map(|field| format!("{field}={{{{ {field} }}}};")).collect();
    assert_eq!(faults(&all), []);
    let text =
        render_template(&format!("subject\n\n{all}\n"), &message(), Phase { ordinal: 1, title: Some("Critical") }).unwrap();
    for part in [
        "scope=websocket;",
        "phase.ordinal=1;",
        "phase.title=Critical;",
        "unit.risk=EXTREME;",
        "changes.lines=lines 1394-1396 → 1394-1395, 1425-1427 → 1424-1426;",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(text.ends_with("\n\nMigration-Plan: websocket-ssot\nMigration-Plan-Digest: 0123456789abcdef\nMigration-Phase: P0\nMigration-Unit: netra_backend/app/routes/websocket_ssot.py\nMigration-Rules: edits, direct-creation\n"));
}

#[test]
fn a_template_must_give_one_subject_line() {
    let phase = Phase { ordinal: 1, title: None };
    let failed = |text: &str| render_template(text, &message(), phase).unwrap_err();
    assert!(matches!(failed("\nx\n"), TemplateError::NoSubject));
    assert!(matches!(failed("{{ phase.title }}"), TemplateError::NoSubject));
    assert!(matches!(failed("x\ny\n"), TemplateError::LongSubject));
    assert!(matches!(failed("{{ nobody }}"), TemplateError::Fails(_)));
    let text = render_template("{{ title }}\n\n\n", &message(), phase).unwrap();
    assert!(text.starts_with("eliminate factory pattern\n\nMigration-Plan: "), "{text}");
}

#[test]
fn trailers_survive_what_people_do_to_messages() {
    let ours = [Trailers::Applied(message().trailers)];
    for text in [
        PLAIN.to_owned(),
        PLAIN.trim_end().to_owned(),
        format!("{PLAIN}Signed-off-by: A <a@b>\n"),
        format!("{PLAIN}\nSigned-off-by: A <a@b>\n"),
        format!("{PLAIN}(cherry picked from commit 0123456789012345678901234567890123456789)\n"),
        PLAIN.replace('\n', "\r\n"),
    ] {
        assert_eq!(trailers(text.as_bytes()), ours, "{text}");
    }
    let other = PLAIN.replace("Migration-Phase: P0", "Migration-Phase: P1");
    assert_eq!(trailers(format!("{PLAIN}\n{other}").as_bytes()).len(), 2);
    assert_eq!(trailers(PLAIN.replace("Migration-Unit: ", "Migration-Init: ").as_bytes()), []);
    assert_eq!(trailers(PLAIN.replace("\nMigration-Plan: ", "\n > Migration-Plan: ").as_bytes()), []);
}

/// Runs git without the configuration of whoever runs the tests.
fn git(folder: &Path, args: &[&str], input: &str) -> String {
    let mut child = Command::new("git")
        .args(["-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"])
        .args(args)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_DIR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "git {args:?}");
    String::from_utf8(out.stdout).unwrap()
}

fn repository() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"], "");
    std::fs::write(folder.path().join("f"), "0").unwrap();
    git(folder.path(), &["add", "f"], "");
    git(folder.path(), &["commit", "-q", "-m", "base"], "");
    folder
}

#[test]
fn git_sees_the_trailers_that_we_see() {
    let folder = repository();
    let mut nasty = message();
    nasty.summary = "a\n---\nb\n\nMigration-Unit: forged\n# c\ndiff --git a b".into();
    nasty.changes.validate = vec!["x\n\nMigration-Unit: forged".into()];
    nasty.trailers.unit = b"a b/\"\n\xff.py ".to_vec();
    for message in [message(), nasty] {
        let text = render(&message);
        let unit = format!("{}\n", quote(&message.trailers.unit));
        let parsed = git(folder.path(), &["interpret-trailers", "--parse"], &text);
        assert_eq!(
            parsed.lines().filter(|line| line.starts_with("Migration-Unit: ")).collect::<Vec<_>>(),
            [format!("Migration-Unit: {}", unit.trim_end())]
        );
        let signed = git(folder.path(), &["interpret-trailers", "--trailer", "Signed-off-by: A <a@b>"], &text);
        assert_eq!(trailers(signed.as_bytes()), [Trailers::Applied(message.trailers.clone())]);
        git(folder.path(), &["commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-"], &text);
        let seen = git(folder.path(), &["log", "-1", "--format=%(trailers:key=Migration-Unit,valueonly)"], "");
        assert_eq!(seen.trim_end_matches('\n').to_owned() + "\n", unit);
        git(folder.path(), &["commit", "-q", "--amend", "--allow-empty", "-s", "--no-edit"], "");
        let amended = git(folder.path(), &["log", "-1", "--format=%B"], "");
        assert_eq!(trailers(amended.as_bytes()), [Trailers::Applied(message.trailers)]);
    }
}

#[test]
fn a_revert_says_what_git_revert_says() {
    let folder = repository();
    let mut count = 0;
    for original in [
        "fix: one\n\nbody\n",
        "Revert \"fix: one\"\n\nThis reverts commit 0123456789.\n",
        "Revert \"Revert \"x\"\"\n",
        "Reapply \"x\"\n",
        "Revert \"x\"y\n",
        "one\ntwo\n\nbody\n",
        "\n  \n  lead  \nx\n",
        "# hash\n",
        "tab\there  \r\n",
        "Revert \"x\"y  \n",
        PLAIN,
    ] {
        count += 1;
        std::fs::write(folder.path().join("f"), count.to_string()).unwrap();
        git(folder.path(), &["commit", "-q", "-a", "--cleanup=verbatim", "-F", "-"], original);
        let commit = git(folder.path(), &["rev-parse", "HEAD"], "").trim().to_owned();
        git(folder.path(), &["revert", "--no-edit", "HEAD"], "");
        let theirs = git(folder.path(), &["log", "-1", "--format=%B"], "");
        let theirs = format!("{}\n", theirs.trim_end_matches('\n'));
        assert_eq!(plain(original.as_bytes(), &commit), theirs);
        assert_eq!(reverted(theirs.as_bytes()), [Undone { commit, ours: None, whole: true }]);
    }
}

#[test]
fn our_reverts_add_the_reason_and_are_read_back() {
    let commit = "0123456789012345678901234567890123456789";
    let ours = Reverted {
        plan: "p".into(),
        phase: "P0".into(),
        unit: b"a b.py".to_vec(),
        files: Vec::new(),
        commit: commit.into(),
        cause: Cause::Verification,
        verdict: Some(VerdictKind::TimedOut),
    };
    let text = revert(PLAIN.as_bytes(), "verification failed:\n\nMigration-Reason: rollback", &ours);
    assert_eq!(
        text,
        format!(
            "Revert \"fix(websocket): eliminate factory pattern in websocket_ssot.py - Issue #506\"\n\nThis reverts commit {commit}.\n\nReason: verification failed:\\n\\nMigration-Reason: rollback\n\nMigration-Plan: p\nMigration-Phase: P0\nMigration-Unit: a b.py\nMigration-Reverts: {commit}\nMigration-Reason: verification\nMigration-Verdict: timed-out\n"
        )
    );
    assert_eq!(reverted(text.as_bytes()), [Undone { commit: commit.to_owned(), ours: Some(ours.clone()), whole: true }]);
    assert_eq!(trailers(text.as_bytes()), [Trailers::Reverted(ours)]);
    for (text, expected) in [
        ("This reverts commit 0123456 (fix, 2024-01-01).", 1),
        ("This reverts commit 0123456789, reversing\nchanges made to abc.", 1),
        ("x This reverts commit 0123456789.", 0),
        ("This reverts commit 0123.", 0),
        ("This reverts commit nothing.", 0),
    ] {
        assert_eq!(reverted(text.as_bytes()).len(), expected, "{text}");
    }
}
