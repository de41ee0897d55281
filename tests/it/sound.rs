//! Rewrite rules over the interpreter's standard library and three published packages, each result judged by CPython and pyflakes.
//!
//! `MIGRATE_FULL=1` takes every file, else a part. The packages come from the index, as does pyflakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use migrate::plan::{Rewrite, RuleKind};
use migrate::python::parsed::Parsed;
use migrate::python::source::Source;
use migrate::rewrite::{Applied, Step, apply};
use similar::{DiffTag, TextDiff};

use crate::flaws::{Judged, flaws};
use crate::index::Wheel;
use crate::published::{CELERY, File, NETWORKX, TWISTED, files_below, full, standard_library, write};
use crate::support::scratch;

/// A rule, and what is known of its changes.
struct Case {
    name: &'static str,
    before: &'static str,
    after: &'static str,
    /// The qualified names that are imported less and more for it, empty where it needs no import.
    names: [&'static str; 2],
    /// Lines that change together hold one of these, or an import.
    touches: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        name: "a-call-becomes-an-operator-with-a-new-import",
        before: "import os\n\nos.path.join($A, $B)",
        after: "from pathlib import Path\n\nstr(Path($A) / $B)",
        names: ["os.path.join", "pathlib.Path"],
        touches: &["join", "Path("],
    },
    Case {
        name: "a-comparison-becomes-a-call",
        before: "type($X) == $Y",
        after: "isinstance($X, $Y)",
        names: ["", ""],
        touches: &["type"],
    },
    Case { name: "a-comparison-becomes-a-negation", before: "len($X) == 0", after: "not $X", names: ["", ""], touches: &["len"] },
    Case {
        name: "a-negation-becomes-a-comparison",
        before: "not $A in $B",
        after: "$A not in $B",
        names: ["", ""],
        touches: &["not"],
    },
    Case {
        name: "an-imported-class-becomes-a-builtin",
        before: "from collections import OrderedDict\n\nOrderedDict($$$A)",
        after: "dict($$$A)",
        names: ["collections.OrderedDict", ""],
        touches: &["OrderedDict"],
    },
    Case {
        name: "another-function-of-the-same-module",
        before: "import time\n\ntime.time()",
        after: "import time\n\ntime.monotonic()",
        names: ["time.time", "time.monotonic"],
        touches: &["time"],
    },
    Case {
        name: "any-arguments-go-on-to-another-module",
        before: "import subprocess\n\nsubprocess.Popen($$$A)",
        after: "from processes import started\n\nstarted($$$A)",
        names: ["subprocess.Popen", "processes.started"],
        touches: &["Popen"],
    },
    Case {
        name: "a-method-of-any-object",
        before: "$LOG.warn($$$A)",
        after: "$LOG.warning($$$A)",
        names: ["", ""],
        touches: &["warn"],
    },
    Case {
        name: "an-argument-becomes-two",
        before: "self.assertTrue($A == $B)",
        after: "self.assertEqual($A, $B)",
        names: ["", ""],
        touches: &["assertTrue", "=="],
    },
    Case {
        name: "three-statements-become-one",
        before: "$X = $D.get($K)\nif $X is None:\n    $X = $V",
        after: "$X = $D.get($K, $V)",
        names: ["", ""],
        touches: &[".get(", " is None:", "="],
    },
    Case {
        name: "statements-with-others-between",
        before: "import threading\n\n$T = threading.Thread($$$A)\n...\n$T.start()",
        after: "from tasks import spawned\n\n$T = spawned($$$A)",
        names: ["threading.Thread", "tasks.spawned"],
        touches: &["Thread", ".start()"],
    },
    Case {
        name: "a-function-through-its-module",
        before: "from twisted.internet import defer\n\ndefer.succeed($X)",
        after: "from twisted.internet import later\n\nlater.done($X)",
        names: ["twisted.internet.defer.succeed", "twisted.internet.later.done"],
        touches: &["succeed", "later"],
    },
];

/// What became of the files.
#[derive(Default)]
struct Outcome {
    changed: BTreeMap<&'static str, usize>,
    refused: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

#[test]
fn the_standard_library_is_sound_after_any_rewrite() {
    sound(&standard_library(), 60);
}

#[test]
fn celery_is_sound_after_any_rewrite() {
    package(&CELERY, 4);
}

#[test]
fn networkx_is_sound_after_any_rewrite() {
    package(&NETWORKX, 24);
}

#[test]
fn twisted_is_sound_after_any_rewrite() {
    package(&TWISTED, 24);
}

fn package(wheel: &Wheel, part: usize) {
    let folder = scratch();
    if wheel.unpack(folder.path()).is_some() {
        sound(folder.path(), part);
    }
}

/// Rewrites every file below `top` by each rule alone, or each `part`-th file, and judges what comes out.
fn sound(top: &Path, part: usize) {
    let files: Vec<File> = files_below(top).into_iter().step_by(if full() { 1 } else { part }).collect();
    let results = scratch();
    let folders: Vec<[PathBuf; 2]> =
        CASES.iter().map(|case| ["before", "after"].map(|name| results.path().join(case.name).join(name))).collect();
    let mut outcome = Outcome::default();
    let rules: Vec<Rewrite> = CASES.iter().map(Case::rule).collect();
    for file in &files {
        // Read once for all rules.
        let Ok(source) = Source::new(&file.bytes) else { continue };
        let parsed = Parsed::new(&source, file.module.as_deref());
        for ((case, rule), [before, after]) in CASES.iter().zip(&rules).zip(&folders) {
            let name = file.path.display();
            match apply(&parsed, &[Step::Rewrite(rule)]) {
                Ok(Applied { bytes: Some(bytes), .. }) => {
                    write(&before.join(&file.path), &file.bytes);
                    write(&after.join(&file.path), &bytes);
                    case.look(file, &bytes, rule, &mut outcome);
                }
                Ok(_) => {}
                Err(error) => {
                    *outcome.refused.entry(format!("{name}:{}: {}: {error}", error.line, case.name)).or_default() += 1;
                }
            }
        }
    }
    println!("{} files, changed: {:#?}, refused: {:#?}", files.len(), outcome.changed, outcome.refused);
    let judged: Vec<Judged> = CASES
        .iter()
        .zip(&folders)
        .map(|(case, [before, after])| Judged { before, after, from: case.names[0], to: case.names[1] })
        .collect();
    outcome.wrong.extend(flaws(&judged).unwrap_or_default());
    assert!(!outcome.changed.is_empty(), "the rules find nothing");
    assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
}

impl Case {
    /// Looks at what the rule made of a file.
    fn look(&self, file: &File, bytes: &[u8], rule: &Rewrite, outcome: &mut Outcome) {
        let name = file.path.display();
        *outcome.changed.entry(self.name).or_default() += 1;
        outcome.wrong.extend(self.strayed(&file.bytes, bytes).map(|line| format!("lines\t{name}\t{}: {line}", self.name)));
        match file.rewritten(bytes, &[Step::Rewrite(rule)]) {
            Ok(again) if again == bytes => {}
            Ok(_) => outcome.wrong.push(format!("twice\t{name}\t{}: the second time changes something", self.name)),
            Err(error) => outcome.wrong.push(format!("twice\t{name}\t{}: {error}", self.name)),
        }
    }

    /// The rule as a plan has it.
    fn rule(&self) -> Rewrite {
        let [before, after] = [self.before, self.after].map(|text| text.replace('\n', "\n        "));
        let plan = format!(
            "version: 1\nname: test\nissue: \"#1\"\nrules:\n  {}:\n    rewrite:\n      before: |\n        {before}\n      after: |\n        {after}\n\
             phases:\n  - {{ id: P0, files: [a.py] }}\n",
            self.name
        );
        let plan = migrate::plan::load::parse("plan", plan.as_bytes()).unwrap_or_else(|problems| panic!("{problems:?}"));
        match plan.rules.into_iter().next().map(|rule| rule.kind) {
            Some(RuleKind::Rewrite(rewrite)) => rewrite,
            other => panic!("{other:?}"),
        }
    }

    /// Lines that changed together and have nothing to do with the rule.
    fn strayed(&self, before: &[u8], after: &[u8]) -> Option<String> {
        let [before, after] = [before, after].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let diff = TextDiff::from_lines(&before, &after);
        let changes = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
        let mut changes = changes.map(|op| diff.iter_changes(op).map(|change| change.value()).collect::<String>());
        changes.find(|lines| !lines.contains("import") && !self.touches.iter().any(|word| lines.contains(word)))
    }
}
