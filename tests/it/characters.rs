use crate::support::Repo;

/// A rule of each kind, with all that they can look at.
const PLAN: &str = "\
version: 1
name: test
issue: \"#1\"
guards: { awaitedness: off }
rules:
  f: { rename: { from: old.f, to: new.g, strings: true, docs: true }, may_match_nothing: true, examples: [{ before: \"from old import f\\nα = f('é')\\n\", after: \"from new import g\\nα = g('é')\\n\" }] }
  h: { rewrite: { before: \"from old import h\\nh($X)\", after: \"from new import k\\nk($X, é=1)\" }, may_match_nothing: true }
phases: [{ id: P0, on_failure: quarantine, files: [{ glob: \"*.py\" }] }]
";

/// Names, and what may stand in strings and comments, of two, three and four bytes a character; one that Python reads as `fi`.
const WORDS: [&str; 5] = ["α", "名前", "𝐱", "ä_é", "ﬁ"];

/// Programs around an import `I` and a use `U`, with a word `W` at every kind of place.
const PROGRAMS: [&str; 16] = [
    "I\nW = 0.1\nprint(U)\n",
    "W = 0.1\nI\nU\n",
    "'W'\nI\nU\nW = 'W'\nW\n",
    "I\nif W:\n    W = U\nelse:\n    W\n",
    "I\n@W\n@U\ndef W(W, *, b=U): 'W'; return W\n",
    "I\nclass W(W, k=U):\n    '''W'''\n    W: 'W' = U\n    W = 1\n",
    "I\nW['W', U].W(W)\n",
    "I\nx = f'W{W}W{U}W{W!r:W}'\n",
    "I\nx = b'', 'W' 'W', U  # W\n# W\nW\n",
    "I\ndef a():\n    W = 1\n    def b(): return W\n    return [W for W in U if W]\n",
    "I\nmatch W:\n    case W.W: U\n    case 'W': W\n",
    "I\nwith W as W: (W := U)\nfor W in W: W\n",
    "I\nimport W\nfrom W import W as b, W\nU\n",
    "I\nW; U; W\n",
    "I\nx = U, [\nW,\nW]\n'''\nW'''",
    "I\nW: U\nx = lambda W: U\nglobal W\n",
];

/// The files, each with what becomes of it.
fn files() -> Vec<(String, String, String)> {
    let mut files = Vec::new();
    for (number, program) in PROGRAMS.iter().enumerate() {
        for (word, text) in WORDS.iter().enumerate() {
            let ending = if word % 2 == 0 { "\n" } else { "\r\n" };
            let fill = |import: &str, call: &str| {
                let used = program.replace('I', import).replace('U', call).replace('W', text);
                used.replace('\n', ending)
            };
            for (rule, old, new) in [
                ("f", ("from old import f", format!("f({text})")), ("from new import g", format!("g({text})"))),
                ("h", ("from old import h", format!("h({text})")), ("from new import k", format!("k({text}, é=1)"))),
            ] {
                files.push((format!("{rule}{number}{word}.py"), fill(old.0, &old.1), fill(new.0, &new.1)));
            }
        }
    }
    files
}

#[test]
fn text_in_any_alphabet_at_any_place_is_migrated_by_every_command_alike() {
    let files = files();
    assert!(files.len() >= 100);
    let named: Vec<(&str, &str)> = files.iter().map(|(path, before, _)| (path.as_str(), before.as_str())).collect();
    let repo = Repo::with(&named);
    repo.write("plans/p.yaml", PLAN);
    repo.commit_all("plan");
    repo.migrate(&["test"]).succeeds();
    repo.migrate(&["check"]).succeeds().prints(&format!("{} to change", files.len()));
    repo.migrate(&["scan"]).succeeds().prints("0.0% of the files comply");
    repo.migrate(&["status"]).succeeds().prints(&format!("0 of {} done", files.len()));
    let diff = repo.migrate(&["diff"]).succeeds();
    repo.migrate(&["run"]).succeeds();
    for (path, before, after) in &files {
        let read = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(read(repo.read(path)), *after, "{path} was\n{before}");
    }
    let name = repo.git(&["diff", "--no-color", "--name-only", "HEAD~1"]);
    assert_eq!(name.lines().count(), 1, "{name}");
    let applied = repo.git(&["rev-list", "--count", "HEAD"]);
    assert_eq!(applied.trim(), (files.len() + 2).to_string());
    assert_eq!(diff.stdout.matches("\n+++ ").count(), files.len());
    repo.migrate(&["scan", "--fail-over", "0"]).succeeds().prints("100.0% of the files comply");
    repo.migrate(&["status"]).succeeds().prints("(100%)");
    assert_eq!(repo.migrate(&["diff"]).succeeds().stdout, "");
}

#[test]
fn a_file_in_which_what_is_sought_may_be_hidden_is_named_as_unreadable_and_never_complies() {
    for (text, place) in [
        ("x = [1, 2\nimport old\nold.f(1)\n", "a.py:1:10: "),
        ("x = [1, 2\nfrom old import f\nf(1)\n", "a.py:1:10: "),
        ("x = [1, 2\nfor y in x:\n    import old as o\n    o.f(y)\n", "a.py:1:10: "),
    ] {
        let repo = Repo::with(&[("a.py", text)]);
        repo.write("plans/p.yaml", PLAN);
        repo.commit_all("plan");
        let scan = repo.migrate(&["scan", "--json"]).succeeds();
        let found: serde_json::Value = serde_json::from_str(&scan.stdout).unwrap();
        assert_eq!(found["unreadable"].as_array().unwrap().len(), 1, "{text}{found}");
        assert!(!repo.migrate(&["scan"]).stdout.contains("100.0%"), "{text}");
        repo.migrate(&["check"]).exits(1).says(place);
        let ran = repo.migrate(&["run"]).exits(1);
        assert!((ran.stdout + &ran.stderr).contains(place), "{text}");
        assert!(!repo.migrate(&["status"]).stdout.contains("100%"), "{text}");
        assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), text);
    }
}

#[test]
fn a_file_that_python_refuses_and_that_can_be_looked_into_is_named_with_the_place() {
    for (text, place) in [
        ("€ = 2\nfrom old import f\nf(1)\n", "1:1"),
        ("from old import f\n€ = 2\nf(1)\n", "2:1"),
        ("'''\nfrom old import f\nf(1)\n", "1:1"),
        ("def g(:\n  from old import f; f(1)\n", "1:7"),
        ("x = (1))\nfrom old import f\n", "1:8"),
    ] {
        let repo = Repo::with(&[("a.py", text)]);
        repo.write("plans/p.yaml", PLAN);
        repo.commit_all("plan");
        repo.migrate(&["scan"]).succeeds().prints("not valid Python").prints("0.0% of the files comply");
        repo.migrate(&["check"]).exits(1).says(&format!("a.py:{place}: "));
        repo.migrate(&["run"]).exits(1);
        repo.migrate(&["status"]).prints(&format!("a.py:{place}: "));
        assert_eq!(String::from_utf8(repo.read("a.py")).unwrap(), text);
    }
}
