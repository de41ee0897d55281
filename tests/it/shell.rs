use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use migrate::plan::load::parse;
use serde_json::Value;

use crate::kit::repo;
use crate::support::{MIGRATE, Repo, skip};

const SCHEMA: &str = include_str!("../../docs/plan.schema.json");

/// Where a value is not as the schema says. The keywords are those that this schema uses; any other would go unseen, so it is refused.
fn errors(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    static ROOT: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(SCHEMA).unwrap());
    let mut found = Vec::new();
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let fits = |text: &str, pattern: &Value| regex::Regex::new(pattern.as_str().unwrap()).unwrap().is_match(text);
    for (keyword, said) in schema.as_object().unwrap() {
        let (items, members, number) = (value.as_array(), value.as_object(), value.as_f64());
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                found.extend(errors(ROOT.pointer(said.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value, at));
                true
            }
            "type" => list(said).iter().any(|wanted| wanted == kind || (wanted == "number" && kind == "integer")),
            "enum" => list(said).contains(value),
            "const" => said == value,
            "pattern" => value.as_str().is_none_or(|text| fits(text, said)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() as u64 <= said.as_u64().unwrap()),
            "minimum" => number.is_none_or(|number| number >= said.as_f64().unwrap()),
            "maximum" => number.is_none_or(|number| number <= said.as_f64().unwrap()),
            "minItems" => items.is_none_or(|items| items.len() as u64 >= said.as_u64().unwrap()),
            "items" => {
                let each = items.into_iter().flatten().enumerate();
                found.extend(each.flat_map(|(nth, item)| errors(said, item, &format!("{at}/{nth}"))));
                true
            }
            "properties" => {
                let each = members.into_iter().flatten().filter_map(|(key, inner)| Some((key, said.get(key)?, inner)));
                found.extend(each.flat_map(|(key, schema, inner)| errors(schema, inner, &format!("{at}/{key}"))));
                true
            }
            "additionalProperties" => {
                let others = members.into_iter().flatten().filter(|(key, _)| schema["properties"].get(key).is_none());
                match said {
                    Value::Bool(false) => found.extend(others.map(|(key, _)| format!("{at}: {key} is unknown"))),
                    said => found.extend(others.flat_map(|(key, inner)| errors(said, inner, &format!("{at}/{key}")))),
                }
                true
            }
            "propertyNames" => members.is_none_or(|members| members.keys().all(|key| fits(key, &said["pattern"]))),
            "required" => members.is_none_or(|members| list(said).iter().all(|key| members.contains_key(key.as_str().unwrap()))),
            "oneOf" => list(said).iter().filter(|schema| errors(schema, value, at).is_empty()).count() == 1,
            other => panic!("the schema uses {other}, which is not looked at here"),
        };
        if !holds {
            found.push(format!("{at}: {value} is not as `{keyword}` says"));
        }
    }
    found
}

fn refusals(plan: &str) -> Vec<String> {
    errors(&serde_json::from_str(SCHEMA).unwrap(), &value(plan), "")
}

fn value(plan: &str) -> Value {
    serde_yaml::from_str(plan).unwrap_or_else(|error| panic!("{error}\n{plan}"))
}

#[track_caller]
fn takes(plan: &str, name: &str) {
    let errors = refusals(plan);
    assert!(errors.is_empty(), "{name}: {}", errors.join("\n"));
}

/// A plan with every key that there is.
const EVERYTHING: &str = r##"version: 1
name: all-keys
issue: "#1"
cache: { env: [PATH, "PYTHON*"], inputs: [.venv/pyvenv.cfg] }
scope: { include: "**/*.py", exclude: ["a/**"] }
guards: { syntax: error, await: error, unbound: error, unused-import: warn, awaitedness: error, violation: warn, exports: error, constants: "off" }
rules:
  a:
    rename: { from: p.a, to: "p:b", strings: true, docs: true }
    examples: [{ before: "import p\np.a", after: "import p\np.b" }, { unchanged: "x" }]
    may_match_nothing: true
  b:
    rewrite:
      before: "from p import c\n\nc($X)"
      after: "from p import d\n\nd($X)"
      where: { X: { regex: x, not-regex: y, kind: [name, call], awaited: false, inside: def, not-inside: [loop] }, match: { not-inside: test } }
      comments: keep
      strings: false
      docs: true
  c: { command: { run: ["x", "{file}", "{feedback}"], timeout: 1h30m, ok_exit: [0, 1], keep_line_endings: true, repeat: until-stable, attempts: 3 } }
commit: { title: t, summary: "s", transform: x, footer: "f" }
format: ["black {files}"]
validate: [{ builtin: syntax, timeout: 5s, only: "*.py", at: tree }, [x, y]]
verify: [{ run: "x --junit={report}", timeout: 1s, retries: 2, allow_empty: true, report: junit, only: [a], ok_exit: [0, 3], keep: "x/**", at: tree, exclusive: db }]
levels:
  e2e: { validate: [x], verify: [{ builtin: imports }], metrics: [chat] }
metrics:
  pass-rate: { run: "t {report}", report: junit, read: pass_rate, target: 100%, tolerance: 1% }
  chat: { run: [x, y], read: passes, timeout: 1m, ok_exit: [0, 2], at: tree, exclusive: db }
  p95: { run: x, read: { json: /a/0 }, file: o.json, repeat: 8, baseline: 500, target: "< baseline + 5%", private: [tmp] }
  mean: { run: x, read: { regex: "m=(.*)" } }
  compliance: { builtin: compliance, target: 100%, baseline: 94.3%, tolerance: 0% }
triggers:
  - { when: "pass-rate < 95%", do: pause }
  - { when: not chat, do: { rollback: P0 } }
push: { remote: origin, branch: main, confirm: true }
phases:
  - id: P0
    title: t
    level: e2e
    after_rollback: { run: [x, { run: y, confirm: true }], metrics: [mean], within: 5m }
    budget: 2h30m
    on_failure: quarantine
    max_quarantined: 2.5%
    gate: { run: [{ builtin: imports }, { run: "y", keep: [a] }], metrics: [pass-rate, p95], on_failure: culprits }
    batch: { max: 8 }
    units: { by: folder, max_files: 3 }
    scope: s
    risk: HIGH
    impact: i
    recovery: r
    rules: [a, b, c]
    format: { replace: true, run: [] }
    validate: { replace: true, run: [x] }
    verify: []
    guards: { violation: "off" }
    files:
      - a.py
      - { path: b.py, edits: [{ near: 3, before: "a", after: "b" }], violations: 2, scope: s, risk: LOW, impact: i, recovery: r, rules: [a], format: [x], level: e2e, validate: [x], verify: [x], guards: { await: "off" } }
      - { glob: ["c/*.py"], exclude: "c/d.py" }
      - { group: g, label: l, paths: [e.py, f.py] }
      - { path: g.py, delete: true }
      - { path: h.py, create: "x" }
      - { path: i.py, move_to: j.py }
  - { id: P1, units: each, rules: [a], files: [z.py] }
"##;

#[test]
fn the_schema_is_printed_as_it_is_kept_and_takes_every_plan_there_is() {
    let printed = Repo::plain_folder().migrate(&["schema"]).succeeds().stdout;
    assert_eq!(printed, SCHEMA);
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for folder in ["plans", "tests/it/data"] {
        for entry in std::fs::read_dir(top.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "yaml") {
                takes(&std::fs::read_to_string(&path).unwrap(), &path.display().to_string());
                count += 1;
            }
        }
    }
    let pages = std::fs::read_dir(top.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md")).chain([top.join("README.md")]);
    for path in pages {
        let (text, document) = (std::fs::read_to_string(&path).unwrap(), path.display().to_string());
        let document = document.as_str();
        for block in text.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next()) {
            if block.starts_with("version: 1") {
                takes(block, document);
                count += 1;
            }
        }
    }
    assert!(count >= 5, "only {count} plans were found");
    parse("x", EVERYTHING.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    takes(EVERYTHING, "the plan with every key");
    let message = EVERYTHING.replace("title: t, summary: \"s\"", "message: \"fix: x\"");
    parse("x", message.as_bytes()).unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
    takes(&message, "the plan with a template");
}

/// The objects of the schema that have keys of their own, each with the text of a plan in which `KEY` stands as one of its keys.
fn objects() -> Vec<(&'static str, &'static str)> {
    const RULE: &str = "version: 1\nname: x\nissue: y\nrules: { r: RULE }\nphases: [{ id: P0, files: [a.py] }]\n";
    const ENTRY: &str =
        "version: 1\nname: x\nissue: y\nrules: { r: { command: c } }\nphases: [{ id: P0, PHASEfiles: [ENTRY] }]\n";
    let rule = |rule: &str| -> &'static str { RULE.replace("RULE", rule).leak() };
    let entry = |entry: &str| -> &'static str { ENTRY.replace("ENTRY", entry).replace("PHASE", "").leak() };
    let phase = |phase: &str| -> &'static str { ENTRY.replace("ENTRY", "a.py").replace("PHASE", &format!("{phase}, ")).leak() };
    let of_plan = |text: &str| -> &'static str {
        ENTRY.replace("ENTRY", "a.py").replace("PHASE", "").replace("phases", &format!("{text}\nphases")).leak()
    };
    vec![
        ("", "version: 1\nname: x\nissue: y\nKEY: 1\nphases: [{ id: P0, files: [{ path: a.py, delete: true }] }]\n"),
        (
            "/properties/scope",
            "version: 1\nname: x\nissue: y\nscope: { KEY: 1 }\nphases: [{ id: P0, files: [{ path: a.py, delete: true }] }]\n",
        ),
        (
            "/properties/commit",
            "version: 1\nname: x\nissue: y\ncommit: { KEY: 1 }\nphases: [{ id: P0, files: [{ path: a.py, delete: true }] }]\n",
        ),
        ("/properties/cache", of_plan("cache: { env: [A], KEY: 1 }")),
        ("/properties/push", of_plan("push: { remote: o, branch: b, KEY: 1 }")),
        ("/$defs/level", of_plan("levels: { l: { KEY: 1 } }")),
        ("/$defs/metric/oneOf", of_plan("metrics: { m: { run: x, read: passes, KEY: 1 } }")),
        ("/$defs/metric/oneOf/0/properties/read/oneOf/1", of_plan("metrics: { m: { run: x, read: { json: /a, KEY: 1 } } }")),
        ("/$defs/trigger", of_plan("triggers: [{ when: m < 1, do: stop, KEY: 1 }]")),
        ("/$defs/phase/properties/after_rollback", phase("after_rollback: { run: [x], KEY: 1 }")),
        ("/$defs/recoveryCommand/oneOf", phase("after_rollback: { run: [{ run: x, KEY: 1 }] }")),
        ("/$defs/rule", rule("{ command: c, KEY: 1 }")),
        ("/$defs/rename", rule("{ rename: { from: a.b, to: a.c, KEY: 1 } }")),
        ("/$defs/rewrite", rule("{ rewrite: { before: f($X), after: g($X), KEY: 1 } }")),
        ("/$defs/condition", rule("{ rewrite: { before: f($X), after: g($X), where: { X: { KEY: 1 } } } }")),
        ("/$defs/example/oneOf", rule("{ rename: { from: a.b, to: a.c }, examples: [{ unchanged: x, KEY: 1 }] }")),
        ("/$defs/ruleCommand/oneOf/2", rule("{ command: { run: x, KEY: 1 } }")),
        ("/$defs/command/oneOf", phase("validate: [{ run: x, KEY: 1 }]")),
        ("/$defs/gateCommand/oneOf", phase("gate: { run: [{ run: x, KEY: 1 }] }")),
        ("/$defs/formatCommand/oneOf/2", phase("format: [{ run: x, KEY: 1 }]")),
        ("/$defs/validates/oneOf/1", phase("validate: { replace: true, run: [], KEY: 1 }")),
        ("/$defs/guards", phase("guards: { KEY: 1 }")),
        ("/$defs/phase", phase("KEY: 1")),
        ("/$defs/phase/properties/gate", phase("gate: { run: [], KEY: 1 }")),
        ("/$defs/phase/properties/batch", phase("batch: { max: 2, KEY: 1 }")),
        ("/$defs/units/oneOf/1", phase("units: { by: all, KEY: 1 }")),
        ("/$defs/entry/oneOf/1", entry("{ path: a.py, KEY: 1 }")),
        ("/$defs/edit", entry("{ path: a.py, edits: [{ before: a, after: b, KEY: 1 }] }")),
    ]
}

/// The keys of an object of the schema, or of all the objects in a list of them.
fn keys(schema: &Value, at: &str) -> BTreeSet<String> {
    let found = schema.pointer(at).unwrap_or_else(|| panic!("the schema has no {at}"));
    let objects = found.as_array().map_or_else(|| vec![found], |all| all.iter().collect());
    objects.iter().filter_map(|object| object["properties"].as_object()).flat_map(|keys| keys.keys().cloned()).collect()
}

#[test]
fn the_schema_has_the_keys_that_plans_may_have_and_no_others() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    // Keys that the decoder knows everywhere to say where they do not belong.
    let elsewhere: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("/$defs/command/oneOf", &["keep_line_endings", "repeat", "attempts", "confirm"][..]),
        ("/$defs/gateCommand/oneOf", &["keep_line_endings", "repeat", "attempts", "only", "confirm"]),
        ("/$defs/recoveryCommand/oneOf", &["keep_line_endings", "repeat", "attempts", "only"]),
        (
            "/$defs/formatCommand/oneOf/2",
            &["keep_line_endings", "repeat", "attempts", "retries", "allow_empty", "report", "builtin", "confirm"],
        ),
        (
            "/$defs/ruleCommand/oneOf/2",
            &["retries", "allow_empty", "report", "only", "keep", "at", "exclusive", "private", "builtin", "confirm"],
        ),
    ]);
    let objects = objects();
    assert!(objects.len() >= 19);
    for (at, plan) in objects {
        let broken = plan.replace("KEY", "qqqqqqqq");
        let problems = parse("x", broken.as_bytes()).expect_err(plan);
        let unknown = problems.iter().find(|problem| problem.message.starts_with("unknown key `qqqqqqqq`"));
        let help = &unknown.unwrap_or_else(|| panic!("{plan}\n{}", problems.render(false, 100))).help;
        let known: BTreeSet<String> = help.strip_prefix("known here: ").unwrap().split(", ").map(str::to_owned).collect();
        let foreign = elsewhere.get(at).copied().unwrap_or_default();
        let known: BTreeSet<String> = known.into_iter().filter(|key| !foreign.contains(&key.as_str())).collect();
        assert_eq!(keys(&schema, at), known, "{at}");
        assert!(!refusals(&broken).is_empty(), "the schema takes an unknown key: {broken}");
    }
}

#[test]
fn what_a_plan_may_not_hold_the_schema_does_not_take_either() {
    for (from, to) in [
        ("version: 1", "version: 2"),
        ("name: all-keys\n", ""),
        ("name: all-keys", "name: All Keys"),
        ("risk: HIGH", "risk: high"),
        ("max_quarantined: 2.5%", "max_quarantined: lots"),
        ("on_failure: quarantine", "on_failure: never"),
        ("read: passes", "read: passed"),
        ("do: pause", "do: paus"),
        ("budget: 2h30m", "budget: 2"),
        ("builtin: compliance,", "builtin: compliance, run: x,"),
        ("by: folder", "by: each"),
        ("builtin: imports", "builtin: exports"),
        ("builtin: syntax,", "builtin: syntax, retries: 1,"),
        ("timeout: 1h30m", "timeout: 90"),
        ("comments: keep", "comments: drop"),
        ("kind: [name, call]", "kind: [name, thing]"),
        ("attempts: 3", "attempts: 11"),
        ("{ path: g.py, delete: true }", "{ delete: true }"),
        ("{ path: g.py, delete: true }", "{ path: g.py, glob: x, delete: true }"),
        ("violation: warn", "violation: maybe"),
        ("to: \"p:b\", ", ""),
    ] {
        assert!(EVERYTHING.contains(from), "{from}");
        let plan = EVERYTHING.replacen(from, to, 1);
        assert!(parse("x", plan.as_bytes()).is_err(), "the decoder takes {to:?}");
        assert!(!refusals(&plan).is_empty(), "the schema takes {to:?}");
    }
}

/// The same by a validator of others.
#[test]
fn the_schema_is_one_that_a_validator_of_others_takes_too() {
    if std::env::var("MIGRATE_RUNNERS").map_or_else(|_| std::env::var_os("CI").is_none(), |wanted| wanted == "0") {
        skip("neither MIGRATE_RUNNERS nor CI is set: no package is installed");
        return;
    }
    let folder = Repo::plain_folder();
    folder.write("schema.json", SCHEMA);
    folder.write("plan.json", value(EVERYTHING).to_string());
    folder.write("wrong.json", value(&EVERYTHING.replace("by: folder", "by: each")).to_string());
    let script = "python3 -m venv v && v/bin/pip -q install jsonschema && v/bin/python -c \"
import json
from jsonschema import Draft202012Validator as V
schema, plan, wrong = (json.load(open(name + '.json')) for name in ('schema', 'plan', 'wrong'))
V.check_schema(schema)
V(schema).validate(plan)
assert len(list(V(schema).iter_errors(wrong))) == 1
\"";
    let ran = folder.command("sh").args(["-c", script]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn a_plan_that_init_writes_names_the_schema_for_editors() {
    let repo = Repo::with(&[("lib/old.py", "f = 1\n"), ("lib/new.py", "g = 1\n"), ("a.py", "from lib.old import f\nf\n")]);
    repo.migrate(&["init", "x", "--rename", "lib.old.f", "lib.new.g"]).succeeds();
    let text = String::from_utf8(repo.read("plans/x.yaml")).unwrap();
    let schema = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=").unwrap();
    assert_eq!(std::fs::read_to_string(repo.top().join("plans").join(schema)).unwrap(), SCHEMA);
    takes(&text, "plans/x.yaml");
}

/// A repository with a plan, in which shells find the tool.
fn with_plan() -> Repo {
    let files = [("app/a.py", "from old import f\n"), ("app/b.py", "from old import f\n"), ("tests/t.py", ""), ("z.txt", "")];
    let phases = "  - { id: P0, title: First, files: [app/a.py] }\n  - { id: P1, files: [{ glob: \"tests/*.py\" }] }\n";
    let repo = repo(&files, phases);
    std::fs::create_dir(repo.home().join("bin")).unwrap();
    std::os::unix::fs::symlink(MIGRATE, repo.home().join("bin/migrate")).unwrap();
    repo
}

/// What a shell offers behind each of some lines; `None` where the shell is not there.
fn offered(repo: &Repo, shell: &str, script: &str) -> Option<String> {
    let path = std::env::var("PATH").unwrap();
    let mut command = repo.command(shell);
    command.args(if shell == "bash" { &["--norc", "-c"][..] } else { &["-c"] }).arg(script);
    command.env("PATH", format!("{}:{path}", repo.home().join("bin").display()));
    match command.output() {
        Ok(output) => Some(String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)),
        Err(_) => {
            skip(&format!("there is no {shell}"));
            None
        }
    }
}

#[test]
fn bash_and_fish_offer_commands_and_the_phases_rules_and_files_of_the_plan() {
    let repo = with_plan();
    for (line, offers, not) in [
        (&["migrate", "ro"][..], "rollback", "run"),
        (&["migrate", "run", "--phase", ""], "P0", "P2"),
        (&["migrate", "run", "--file", "app/"], "app/a.py", "app/b.py"),
        (&["migrate", "run", "--file", ""], "tests/t.py", "z.txt"),
        (&["migrate", "scan", "--rule", ""], "f", "app"),
        (&["migrate", "--plan", "gone.yaml", "run", "--phase", ""], "", "P0"),
    ] {
        let words = line.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let bash = format!(
            "source <(migrate completions bash); COMP_WORDS=({words}); COMP_CWORD={}; COMP_TYPE=9; \
             _clap_complete_migrate migrate '{}' x; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            line.len() - 1,
            line.last().unwrap()
        );
        let fish = format!("source (migrate completions fish | psub); complete -C '{}'", line.join(" "));
        for (shell, script) in [("bash", bash), ("fish", fish)] {
            let Some(offered) = offered(&repo, shell, &script) else { continue };
            let words: Vec<&str> = offered.lines().map(|line| line.split('\t').next().unwrap_or(line)).collect();
            assert!(offers.is_empty() || words.contains(&offers), "{shell} {line:?}: {offered}");
            assert!(!words.contains(&not), "{shell} {line:?}: {offered}");
        }
    }
}

#[test]
fn zsh_offers_the_phases_of_the_plan() {
    let repo = with_plan();
    let script = "
zmodload zsh/zpty || exit 1
zpty z zsh -f -i
zpty -w z 'PROMPT=ready; autoload -U compinit; compinit -u -D; source <(migrate completions zsh); print sourced'
zpty -r z out '*sourced*sourced*'
zpty -w -n z $'migrate run --phase P\\t\\t'
sleep 1
while zpty -r -t z out; do print -r -- \"$out\"; done
zpty -d z
";
    if let Some(offered) = offered(&repo, "zsh", script) {
        assert!(offered.contains("P0") && offered.contains("P1"), "{offered}");
    }
}

#[test]
fn the_manual_has_a_page_for_each_command_and_all_three_need_no_repository() {
    let folder = Repo::plain_folder();
    folder.migrate(&["man", "pages/man1"]).succeeds();
    let page = String::from_utf8(folder.read("pages/man1/migrate-run.1")).unwrap();
    assert!(page.contains(".TH migrate-run 1") && page.contains("\\-\\-phase"), "{page}");
    assert!(folder.top().join("pages/man1/migrate.1").exists() && !folder.top().join("pages/man1/migrate-builtin.1").exists());
    folder.migrate(&["man", "/proc/nowhere"]).exits(2).says("cannot write the manual");
    folder.migrate(&["completions", "tcsh"]).exits(2).says("[possible values: bash, zsh, fish");
    for shell in ["bash", "zsh", "fish"] {
        folder.migrate(&["completions", shell]).succeeds().prints("migrate");
    }
}
