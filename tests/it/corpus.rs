//! Renames over the interpreter's standard library and three published packages, each result judged by CPython and pyflakes.
//!
//! `MIGRATE_FULL=1` takes every file and every rename, else a part of both. The packages come from the index, as does pyflakes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use migrate::plan::Rename;
use migrate::python::parsed::Parsed;
use migrate::python::source::Source;
use migrate::rewrite::Step;
use migrate::rewrite::error::{Problem, RewriteError};
use migrate::rewrite::glance::glance;
use migrate::rewrite::violation::look;

use crate::flaws::{Judged, flaws};
use crate::index::Wheel;
use crate::published::{CELERY, File, NETWORKX, TWISTED, files_below, full, standard_library, write};
use crate::support::scratch;

/// What is renamed in the standard library; the first of each list is all that is renamed in the bounded form.
const LIBRARY: &[(&str, &str)] = &[
    ("os.path.join", "os.route.combine"),
    ("warnings.warn", "alerts.raise_alert"),
    ("functools.wraps", "functools.dressed"),
    ("io.StringIO", "texts.Buffer"),
    ("collections.abc.Mapping", "collections.shapes.Mapping"),
    ("unittest.mock.patch", "unittest.doubles.replaced"),
    ("test.support.import_helper.import_module", "test.support.importing.load"),
    ("re.compile", "regex.build"),
];
const IN_CELERY: &[(&str, &str)] = &[
    ("celery.utils.log.get_logger", "celery.utils.logs.logger_for"),
    ("celery.exceptions.ImproperlyConfigured", "celery.errors.BadConfiguration"),
    ("celery.canvas.maybe_signature", "celery.signatures.as_signature"),
    ("celery.app.base.Celery", "celery.application.Celery"),
    ("celery.backends.base.KeyValueStoreBackend", "celery.stores.base.KeyValueStoreBackend"),
    ("kombu.utils.objects.cached_property", "functools.cached_property"),
];
const IN_NETWORKX: &[(&str, &str)] = &[
    ("networkx.convert_node_labels_to_integers", "networkx.relabelled.to_integers"),
    ("networkx.utils.arbitrary_element", "networkx.picks.any_element"),
    ("networkx.utils.not_implemented_for", "networkx.utils.refuse_for"),
    ("networkx.algorithms.flow.edmonds_karp", "networkx.algorithms.flows.edmonds_karp"),
];
const IN_TWISTED: &[(&str, &str)] = &[
    ("twisted.internet.error.ConnectionLost", "twisted.internet.error.Lost"),
    ("twisted.internet.defer.maybeDeferred", "twisted.internet.later.attempt"),
    ("twisted.internet.defer.fail", "twisted.internet.defer.failed"),
    ("twisted.internet.interfaces.IPushProducer", "twisted.internet.producers.IPushProducer"),
    ("twisted.python.filepath.FilePath", "twisted.files.Path"),
    ("twisted.internet.reactor", "twisted.running.reactor"),
];

/// What became of the files of a corpus.
#[derive(Default)]
struct Outcome {
    changed: usize,
    /// In how many files a glance told what there is.
    glances: usize,
    refused: BTreeMap<String, usize>,
    wrong: Vec<String>,
}

#[test]
fn the_standard_library_is_sound_after_any_rename() {
    sound(&standard_library(), LIBRARY, 16);
}

#[test]
fn celery_is_sound_after_any_rename() {
    package(&CELERY, IN_CELERY, 1);
}

#[test]
fn networkx_is_sound_after_any_rename() {
    package(&NETWORKX, IN_NETWORKX, 4);
}

#[test]
fn twisted_is_sound_after_any_rename() {
    package(&TWISTED, IN_TWISTED, 4);
}

fn package(wheel: &Wheel, renames: &[(&str, &str)], part: usize) {
    let folder = scratch();
    if wheel.unpack(folder.path()).is_some() {
        sound(folder.path(), renames, part);
    }
}

/// Renames in every file below `top`, or in each `part`-th, and judges what comes out.
fn sound(top: &Path, renames: &[(&str, &str)], part: usize) {
    let full = full();
    let files: Vec<File> = files_below(top).into_iter().step_by(if full { 1 } else { part }).collect();
    let results = scratch();
    let mut outcome = Outcome::default();
    let renames = &renames[..if full { renames.len() } else { 1 }];
    let folders: Vec<[PathBuf; 2]> = (0..renames.len())
        .map(|number| ["before", "after"].map(|name| results.path().join(number.to_string()).join(name)))
        .collect();
    for ((from, to), [before, after]) in renames.iter().zip(&folders) {
        let rename = Rename { from: (*from).to_owned(), to: (*to).to_owned(), ..Rename::default() };
        renamed(&files, &rename, before, after, &mut outcome);
    }
    let Outcome { changed, glances, refused, .. } = &outcome;
    println!("{} files, {changed} changed, {glances} glances, refused: {refused:#?}", files.len());
    let judged: Vec<Judged> =
        renames.iter().zip(&folders).map(|((from, to), [before, after])| Judged { before, after, from, to }).collect();
    outcome.wrong.extend(flaws(&judged).unwrap_or_default());
    assert!(outcome.changed > 0 && outcome.glances > 0, "the renames find nothing");
    assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
}

/// Renames in each file; those that change are put into `before` as they were and into `after` as they are.
fn renamed(files: &[File], rename: &Rename, before: &Path, after: &Path, outcome: &mut Outcome) {
    let steps = [Step::Rename(rename)];
    let word = memchr::memmem::Finder::new(rename.from.rsplit('.').next().unwrap());
    for file in files {
        if word.find(&file.bytes).is_some() {
            outcome.glance(file, steps[0]);
        }
        match file.rewritten(&file.bytes, &steps) {
            Ok(bytes) if bytes == file.bytes => {}
            Ok(bytes) => {
                outcome.changed += 1;
                write(&before.join(&file.path), &file.bytes);
                write(&after.join(&file.path), &bytes);
                let name = file.path.display();
                if kept(&file.bytes, rename) != kept(&bytes, rename) {
                    outcome.wrong.push(format!("lines\t{name}\tmore changed than what names {}", rename.from));
                }
                match file.rewritten(&bytes, &steps) {
                    Ok(again) if again == bytes => {}
                    Ok(_) => outcome.wrong.push(format!("twice\t{name}\tthe second time changes something")),
                    Err(error) => outcome.wrong.push(format!("twice\t{name}\t{error}")),
                }
            }
            Err(RewriteError { kind: Problem::Overlap, .. }) => {
                outcome.wrong.push(format!("overlap\t{}\t{}", file.path.display(), rename.from));
            }
            Err(error) => *outcome.refused.entry(format!("{}:{}: {error}", file.path.display(), error.line)).or_default() += 1,
        }
    }
}

impl Outcome {
    /// Holds what is found without parsing the whole file against what is found in it.
    fn glance(&mut self, file: &File, step: Step) {
        let Ok(source) = Source::new(&file.bytes) else { return };
        let parsed = Parsed::new(&source, file.module.as_deref());
        match (glance(&parsed, step), look(&parsed, step)) {
            (Ok(Some(seen)), Ok(whole)) if seen != whole => {
                self.wrong.push(format!("glance\t{}\t{seen:?} is not {whole:?}", file.path.display()));
            }
            (Ok(Some(_)), Ok(_)) => self.glances += 1,
            _ => {}
        }
    }
}

/// The lines that have nothing to do with a rename: neither the name nor part of an import.
fn kept<'a>(bytes: &'a [u8], rename: &Rename) -> Vec<&'a [u8]> {
    let names = [&rename.from, &rename.to].map(|dotted| dotted.rsplit('.').next().unwrap().as_bytes());
    let has = |line: &[u8], word: &[u8]| memchr::memmem::find(line, word).is_some();
    let mut listing = false;
    let mut concerned = |line: &[u8]| {
        let listed = listing;
        listing = (listing || has(line, b"import (")) && !has(line, b")");
        listed || has(line, b"import") || names.iter().any(|name| has(line, name))
    };
    bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| !concerned(line) && line.trim_ascii() != b")").collect()
}
