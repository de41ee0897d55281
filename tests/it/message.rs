use crate::kit::{OLD, message, replan, repo};
use crate::support::Repo;

/// A plan that says everything a message has room for.
const WHOLE: &str = r##"version: 1
name: factory-out
issue: "#506"
rules:
  direct: { rename: { from: pkg.old.make, to: pkg.new.get } }
commit:
  title: eliminate factory pattern
  summary: |
    SSOT REMEDIATION: Replace deprecated factory patterns with canonical
    get() to achieve 100% SSOT compliance.
  transform: factory calls → direct calls
  footer: |
    🤖 Made with [migrate](https://example.com/migrate)
    Co-Authored-By: Someone Else <someone@example.com>
phases:
  - id: P0
    title: Critical
    files:
      - path: app/routes/ws.py
        scope: websocket
        risk: EXTREME
        impact: Core WebSocket routing
        recovery: immediate deployment
        validate: ["python3 -m py_compile {file}", [test, -s, "{file}"]]
"##;

const SOURCE: &str = "import os\nfrom pkg.old import make\n\n\ndef f():\n    return make(os.sep)\n";

#[test]
fn a_message_has_the_prescribed_form_byte_for_byte() {
    let repo = Repo::with(&[("app/routes/ws.py", SOURCE)]);
    replan(&repo, WHOLE);
    repo.migrate(&["run"]).succeeds();
    let text = message(&repo, "HEAD");
    let (said, trailers) = text.split_once("Migration-Plan: ").unwrap();
    assert_eq!(
        said,
        "fix(websocket): eliminate factory pattern in ws.py - Issue #506

SSOT REMEDIATION: Replace deprecated factory patterns with canonical
get() to achieve 100% SSOT compliance.

Changes:
- Remove: make() import
- Add: get() import
- Transform: lines 2 → 2, 6 → 6: factory calls → direct calls
- Validate: python3 -m py_compile app/routes/ws.py
- Validate: test -s app/routes/ws.py

Business Impact: P0 - Core WebSocket routing
Risk Level: EXTREME
Rollback Plan: Git revert + immediate deployment

🤖 Made with [migrate](https://example.com/migrate)
Co-Authored-By: Someone Else <someone@example.com>

"
    );
    let lines: Vec<&str> = trailers.lines().collect();
    assert_eq!(lines.len(), 5, "{trailers}");
    assert_eq!(
        (lines[0], lines[2], lines[3], lines[4]),
        ("factory-out", "Migration-Phase: P0", "Migration-Unit: app/routes/ws.py", "Migration-Rules: direct")
    );
    let digest = lines[1].strip_prefix("Migration-Plan-Digest: ").unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
    assert!(text.ends_with("direct\n"));
}

#[test]
fn the_footer_of_the_websocket_plan_comes_out_byte_for_byte() {
    let plan = include_str!("../../plans/websocket-ssot.yaml");
    let footer: Vec<&str> = plan.split_once("  footer: |\n").unwrap().1.lines().take(2).map(|line| &line[4..]).collect();
    let repo = Repo::with(&[("app/routes/ws.py", SOURCE)]);
    let own = "    🤖 Made with [migrate](https://example.com/migrate)\n    Co-Authored-By: Someone Else <someone@example.com>\n";
    replan(&repo, &WHOLE.replace(own, &format!("    {}\n    {}\n", footer[0], footer[1])));
    repo.migrate(&["run"]).succeeds();
    let expected =
        format!("\nRollback Plan: Git revert + immediate deployment\n\n{}\n{}\n\nMigration-Plan: ", footer[0], footer[1]);
    assert!(message(&repo, "HEAD").contains(&expected), "{}", message(&repo, "HEAD"));
}

#[test]
fn git_itself_reads_the_trailers() {
    let repo = Repo::with(&[("app/routes/ws.py", SOURCE)]);
    replan(&repo, WHOLE);
    repo.migrate(&["run"]).succeeds();
    for (key, value) in [("Migration-Plan", "factory-out"), ("Migration-Unit", "app/routes/ws.py"), ("Migration-Phase", "P0")] {
        let format = format!("--format=%(trailers:key={key},valueonly)");
        assert_eq!(repo.git(&["log", "-1", &format]), value);
    }
}

#[test]
fn a_plan_that_says_little_gets_a_message_that_says_little() {
    let repo = repo(&[("pkg/a.py", OLD)], "  - id: P0\n    files: [pkg/a.py]\n");
    repo.migrate(&["run"]).succeeds();
    let text = message(&repo, "HEAD");
    let said = text.split_once("\nMigration-Plan: ").unwrap().0;
    assert_eq!(
        said,
        "fix(pkg): apply test in a.py - Issue #1

One step of the migration test.

Changes:
- Remove: f() import
- Add: g() import
- Transform: lines 1-2 → 1-2
- Validate: none

Business Impact: P0
Rollback Plan: Git revert
"
    );
}

#[test]
fn a_template_of_the_plan_stands_above_the_same_trailers() {
    let repo = Repo::with(&[("app/routes/ws.py", SOURCE)]);
    let template = "  message: |\n    {{ phase.id }}: {{ title }} in {{ unit.name }} ({{ issue }})\n\n    {{ changes.remove | join(', ') }}\n  footer";
    replan(&repo, &WHOLE.replace("  footer", template));
    repo.migrate(&["run"]).succeeds();
    let text = message(&repo, "HEAD");
    assert!(
        text.starts_with("P0: eliminate factory pattern in ws.py (#506)\n\nmake() import\n\nMigration-Plan: factory-out\n"),
        "{text}"
    );
    assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Unit,valueonly)"]), "app/routes/ws.py");
}

#[test]
fn git_settings_for_messages_change_nothing_in_them() {
    let plain = Repo::with(&[("app/routes/ws.py", SOURCE)]);
    let odd = Repo::with(&[("app/routes/ws.py", SOURCE)]);
    for (key, value) in [
        ("commit.cleanup", "scissors"),
        ("core.commentChar", "S"),
        ("i18n.commitEncoding", "ISO-8859-1"),
        ("commit.verbose", "true"),
    ] {
        odd.git(&["config", key, value]);
    }
    for repo in [&plain, &odd] {
        replan(repo, WHOLE);
        repo.migrate(&["run"]).succeeds();
    }
    assert_eq!(message(&plain, "HEAD"), message(&odd, "HEAD"));
}

#[test]
fn texts_of_a_plan_cannot_forge_a_trailer() {
    let repo = Repo::with(&[("app/routes/ws.py", SOURCE)]);
    let forged = WHOLE.replace(
        "    SSOT REMEDIATION: Replace",
        "    x\n\n    Migration-Plan: other\n    Migration-Unit: b.py\n    SSOT: Replace",
    );
    replan(&repo, &forged);
    let ran = repo.migrate(&["run"]);
    if ran.code == Some(0) {
        assert_eq!(repo.git(&["log", "-1", "--format=%(trailers:key=Migration-Unit,valueonly)"]), "app/routes/ws.py");
        assert!(!message(&repo, "HEAD").contains("\nMigration-Plan: other"));
    } else {
        ran.exits(2).says("summary");
    }
}
