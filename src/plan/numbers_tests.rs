//! Levels, metrics, triggers, and what comes after a rollback, as a plan has them.

use crate::plan::digest::digest;
use crate::plan::load::parse;
use crate::plan::{Act, GateFailure, Plan};

const HEAD: &str = "version: 1\nname: x\nissue: y\nrules: { r: { command: c } }\n";

fn loaded(text: &str) -> Plan {
    parse("x", format!("{HEAD}{text}").as_bytes()).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

/// The first problem of a plan, and its help.
fn problem(text: &str) -> String {
    match parse("x", format!("{HEAD}{text}").as_bytes()) {
        Ok(_) => panic!("nothing is wrong with\n{text}"),
        Err(problems) => problems.iter().map(|problem| format!("{} | {}\n", problem.message, problem.help)).collect(),
    }
}

fn runs(commands: &[crate::plan::Command]) -> Vec<String> {
    commands.iter().map(|command| command.run.to_string()).collect()
}

#[test]
fn a_level_is_what_is_written_out_and_an_entry_has_one() {
    let levels =
        "levels:\n  e2e: { validate: [{ builtin: syntax }], verify: [golden] }\n  unit: { validate: [{ builtin: imports }] }\n";
    let phases = "phases:\n  - id: P0\n    level: e2e\n    validate: [own]\n    files:\n      - a.py\n      - { path: b.py, level: unit, validate: [more] }\n";
    let plan = loaded(&format!("validate: [all]\n{levels}{phases}"));
    let targets = &plan.phases[0].targets;
    assert_eq!(runs(&targets[0].validate), ["builtin syntax", "all", "own"]);
    assert_eq!(runs(&targets[0].verify), ["golden"]);
    assert_eq!(runs(&targets[1].validate), ["builtin imports", "all", "own", "more"]);
    assert_eq!(runs(&targets[1].verify), [""; 0]);
    // Written out it is the same plan.
    let written = "phases:\n  - id: P0\n    files:\n      - { path: a.py, validate: [{ builtin: syntax }, all, own], verify: [golden] }\n      - { path: b.py, validate: [{ builtin: imports }, all, own, more] }\n";
    assert_eq!(digest(&plan), digest(&loaded(written)));
}

const NUMBERS: &str = "
levels:
  unit: { metrics: [chat] }
metrics:
  pass-rate: { run: \"pytest --junitxml={report}\", report: junit, read: pass_rate, target: 100% }
  chat: { run: e2e, read: passes }
  p95: { run: bench, read: { json: /p95_ms }, file: out/bench.json, repeat: 8, baseline: 500, target: \"< 550\", tolerance: 10% }
  mean: { run: bench, read: { regex: 'mean=([0-9.]+)' }, timeout: 1h }
  memory: { run: load, read: peak_memory, target: \"<= baseline + 5%\" }
  compliance: { builtin: compliance, target: 100% }
triggers:
  - { when: \"pass-rate < 95%\", do: rollback-phase }
  - { when: \"not chat\", do: { rollback: P0 } }
  - { when: not chat, do: rollback-unit }
  - { when: \"p95 > baseline + 10%\", do: pause }
push: { remote: origin, branch: develop, confirm: true }
phases:
  - id: P0
    level: unit
    gate: { run: [g], metrics: [pass-rate, chat, p95, mean, memory], on_failure: pause }
    after_rollback: { run: [check, { run: deploy, confirm: true }], metrics: [chat], within: 5m }
    budget: 4h
    files: [a.py]
";

#[test]
fn numbers_are_read_as_the_plan_has_them() {
    let plan = loaded(NUMBERS);
    assert_eq!(plan.metrics.len(), 6);
    let acts: Vec<String> = plan.triggers.iter().map(|trigger| trigger.act.words()).collect();
    assert_eq!(acts, ["rollback-phase", "rollback: P0", "rollback-unit", "pause"]);
    assert!(plan.triggers[1].act == Act::Rollback("P0".into()) && plan.phases[0].gate_on_failure == GateFailure::Pause);
    let p95 = plan.metric("p95").unwrap();
    assert_eq!((p95.repeat, p95.baseline, p95.is_noisy(), p95.more_is_better()), (8, Some(500.0), true, false));
    assert_eq!(p95.allowed().unwrap().shown(p95.scale), "<= baseline + 10%");
    assert_eq!(plan.metric("memory").unwrap().repeat, 8, "memory is never the same twice");
    assert!(plan.metric("pass-rate").unwrap().more_is_better());
    let after = plan.phases[0].after_rollback.as_ref().unwrap();
    assert!(after.run[1].confirm && after.within.is_some() && plan.phases[0].budget.is_some() && plan.push.is_some());
    assert_eq!(plan.phases[0].targets[0].metrics, ["chat"]);
}

#[test]
fn what_is_wrong_with_numbers_is_said_with_its_place() {
    for (from, to, message) in [
        ("when: \"pass-rate < 95%\"", "when: \"pass-rate -5\"", "a dash that could be a minus"),
        ("when: \"pass-rate < 95%\"", "when: \"pass-rate < 95\"", "write 95%"),
        ("when: \"pass-rate < 95%\"", "when: \"pass-rat < 95%\"", "no metric \"pass-rat\""),
        ("when: \"pass-rate < 95%\"", "when: \"pass-rate < 101%\"", "no percentage"),
        ("{ rollback: P0 }", "{ rollback: P9 }", "`P9`, which is no phase"),
        ("{ rollback: P0 }", "rollback-everything", "`do` cannot be `rollback-everything`"),
        ("baseline: 500", "baseline: 0", "the baseline of p95 is 0"),
        ("baseline: 500", "baseline: .nan", "is no number"),
        ("baseline: 500", "baseline: 50%", "p95 is a plain number"),
        ("repeat: 8", "repeat: 3", "too few to tell a difference from noise"),
        ("target: 100% }\n  chat", "target: 101% }\n  chat", "no percentage"),
        ("read: { json: /p95_ms }", "read: { json: p95_ms }", "is no JSON pointer"),
        ("read: { json: /p95_ms }", "read: { json: /a, regex: b }", "one of `json` and `regex`"),
        ("mean=([0-9.]+)", "mean=[0-9.]+", "the regex has 0 groups"),
        ("read: passes", "read: passed", "did you mean `passes`?"),
        ("read: passes", "read: passes, target: 100%", "for a metric that passes or fails"),
        ("read: passes", "timeout: 1s", "lacks the key `read`"),
        ("{ builtin: compliance,", "{ builtin: compliance, run: x,", "what is built in has no `run`"),
        ("file: out/bench.json", "file: /tmp/bench.json", "/tmp/bench.json"),
        ("metrics: [pass-rate, chat", "metrics: [pass-rate, pass-rate, chat", "listed twice"),
        ("metrics: [pass-rate, chat", "metrics: [passrate, chat", "did you mean `pass-rate`?"),
        (", mean, memory]", ", mean]", "the metric `memory` is looked at nowhere"),
        ("level: unit", "level: units", "did you mean `unit`?"),
        ("    level: unit\n", "", "the level `unit` is used nowhere"),
        ("metrics: [chat] }\nmetrics", "validate: [x] }\nmetrics", "is looked at after no unit"),
        ("within: 5m", "within: 5", "`within`: `5` has no unit"),
        ("budget: 4h", "budget: 4", "`budget`: `4` has no unit"),
        ("metrics: [chat], within", "metrics: [compliance], within", "it checks no recovery"),
        ("branch: develop", "branch: +develop", "cannot be the name of a branch"),
        ("remote: origin", "remote: --force", "cannot be the name of a remote"),
        ("gate: { run: [g],", "gate: { run: [{ run: g, confirm: true }],", "only a command of `after_rollback` has `confirm`"),
        ("on_failure: pause", "on_failure: paus", "did you mean `pause`?"),
        ("run: e2e", "run: \"e2e {file}\"", "`{file}`"),
    ] {
        assert!(NUMBERS.contains(from), "{from}");
        let said = problem(&NUMBERS.replacen(from, to, 1));
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(message), "{to}: {message:?} is not in\n{said}");
    }
}

#[test]
fn a_plan_without_numbers_keeps_its_digest_and_one_with_them_has_another() {
    let plain = loaded("phases: [{ id: P0, files: [a.py] }]\n");
    let budget = loaded("phases: [{ id: P0, budget: 3h, files: [a.py] }]\npush: { remote: origin, branch: main }\n");
    assert_eq!(digest(&plain), digest(&budget), "no unit is made otherwise by it");
    assert_ne!(digest(&loaded(NUMBERS)), digest(&loaded(&NUMBERS.replace("95%", "94%"))));
    let parts = loaded(NUMBERS).parts();
    assert!(parts.contains_key("triggers") && parts.contains_key("metric p95"));
    assert!(!plain.parts().contains_key("triggers"));
}
