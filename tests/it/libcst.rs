//! The tool's renames beside those of LibCST's `RenameCommand`, file by file; the table says why where they differ.
//!
//! What a difference amounts to is found by others: whether only the layout of imports differs by Python's `ast`, and what broke by
//! CPython and pyflakes. `MIGRATE_FULL=1` takes larger files and one rename more, which is minutes of LibCST's time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use migrate::plan::Rename;
use migrate::rewrite::Step;

use crate::flaws::{Judged, flaws};
use crate::index::{Wheel, installed};
use crate::published::{CELERY, File, NETWORKX, TWISTED, files_below, full, write};
use crate::support::scratch;

const LAYOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/layout.py");

/// A rename by both.
struct Work {
    wheel: &'static Wheel,
    from: &'static str,
    to: &'static str,
    /// The largest file in bytes, in the bounded form and in the full one.
    largest: [usize; 2],
}

const WORKS: &[Work] = &[
    Work { wheel: &CELERY, from: "celery.utils.imports.qualname", to: "celery.utils.naming.full_name", largest: [4_000, 60_000] },
    Work { wheel: &TWISTED, from: "twisted.internet.reactor", to: "twisted.running.reactor", largest: [1_500, 6_000] },
    Work {
        wheel: &NETWORKX,
        from: "networkx.utils.arbitrary_element",
        to: "networkx.picks.any_element",
        largest: [2_000, 8_000],
    },
    Work { wheel: &CELERY, from: "celery.utils.log.get_logger", to: "celery.utils.logs.logger_for", largest: [0, 30_000] },
];

/// Files that differ for one reason.
struct Difference {
    /// What others find of it: `left` is a file that LibCST does not change, `layout` one in which only imports stand otherwise, and
    /// the rest is what LibCST's result is judged to have.
    found: &'static str,
    /// Who is right, and why.
    #[allow(dead_code, reason = "it is said to who reads the table")]
    why: &'static str,
    /// Those of the full form too.
    files: &'static [&'static str],
}

const DIFFERENCES: &[Difference] = &[
    Difference {
        found: "left",
        why: "The tool: the old name comes by a relative import, which LibCST does not resolve, so it stays in use.",
        files: &[
            "celery/beat.py",
            "celery/bootsteps.py",
            "celery/utils/__init__.py",
            "celery/utils/deprecated.py",
            "networkx/algorithms/approximation/ramsey.py",
            "networkx/algorithms/components/connected.py",
            "networkx/algorithms/connectivity/stoerwagner.py",
            "networkx/utils/rcm.py",
        ],
    },
    Difference {
        found: "moved",
        why: "The tool: LibCST imports at the top too what a function imports when it is called, and a reactor that is imported is \
              installed, before the program has chosen its own.",
        files: &[
            "twisted/test/stdio_test_consumer.py",
            "twisted/test/stdio_test_halfclose.py",
            "twisted/test/stdio_test_halfclose_buggy.py",
            "twisted/test/stdio_test_halfclose_buggy_write.py",
            "twisted/test/stdio_test_hostpeer.py",
            "twisted/test/stdio_test_lastwrite.py",
            "twisted/test/stdio_test_loseconn.py",
            "twisted/test/stdio_test_producer.py",
            "twisted/test/stdio_test_write.py",
            "twisted/test/stdio_test_writeseq.py",
        ],
    },
    Difference {
        found: "moved",
        why: "The tool: LibCST drops a function's `import reactor as globalReactor` and imports at the top under the plain name.",
        files: &["twisted/test/test_strports.py"],
    },
    Difference {
        found: "moved, unused",
        why: "The tool: as above, and nothing uses what LibCST imports at the top, since the functions keep their own imports.",
        files: &[
            "twisted/application/strports.py",
            "twisted/internet/_posixstdio.py",
            "twisted/internet/_win32stdio.py",
            "twisted/internet/pyuisupport.py",
            "twisted/names/cache.py",
        ],
    },
    Difference {
        found: "",
        why: "The tool: LibCST has the import twice, at the top and where it stood.",
        files: &["twisted/internet/wxsupport.py"],
    },
    Difference {
        found: "",
        why: "Both: of `nx.utils.f` LibCST makes `f` and `from networkx.picks import f`, the tool `networkx.picks.f` and a plain import.",
        files: &["networkx/algorithms/broadcasting.py", "networkx/algorithms/regular.py"],
    },
    Difference {
        found: "layout",
        why: "The tool: LibCST imports it before the lines that make `sys.path` what it must be, the tool where the old import stood.",
        files: &["twisted/test/process_twisted.py"],
    },
    Difference {
        found: "layout",
        why: "Both: one name out of many becomes an import of its own, behind the old one by the tool, behind them all by LibCST.",
        files: &[
            "celery/app/log.py",
            "celery/app/utils.py",
            "celery/apps/beat.py",
            "celery/apps/worker.py",
            "twisted/conch/client/agent.py",
            "twisted/conch/stdio.py",
            "twisted/runner/inetd.py",
            "twisted/test/test_main.py",
            "twisted/trial/test/detests.py",
        ],
    },
];

#[test]
fn every_difference_from_libcst_is_explained() {
    let Some(programs) = installed(&["libcst==1.9.0"]) else { return };
    let (mut found, mut seen, mut wrong) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
    for work in WORKS {
        let Some(()) = work.compare(&programs, &mut seen, &mut found, &mut wrong) else { return };
    }
    let explained = DIFFERENCES.iter().flat_map(|one| one.files.iter().map(|file| ((*file).to_owned(), one.found.to_owned())));
    let expected: BTreeMap<String, String> = explained.filter(|(file, _)| seen.contains(file)).collect();
    println!("{} files, {} of them otherwise than LibCST's", seen.len(), found.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(found == expected, "{}", shown(&found, &expected));
}

impl Work {
    /// Renames by both; what differs comes into `found`, what was looked at into `seen`, what the tool broke into `wrong`.
    fn compare(
        &self,
        programs: &Path,
        seen: &mut BTreeSet<String>,
        found: &mut BTreeMap<String, String>,
        wrong: &mut Vec<String>,
    ) -> Option<()> {
        let folder = scratch();
        let [before, ours, theirs] = ["before", "ours", "theirs"].map(|name| folder.path().join(name));
        let package = scratch();
        self.wheel.unpack(package.path())?;
        let files: Vec<File> = files_below(package.path()).into_iter().filter(|file| self.takes(file)).collect();
        if files.is_empty() {
            return Some(());
        }
        for file in &files {
            write(&before.join(&file.path), &file.bytes);
            write(&theirs.join(&file.path), &file.bytes);
        }
        self.codemod(programs, &theirs, &files);
        let rename = Rename { from: self.from.to_owned(), to: self.to.to_owned(), ..Rename::default() };
        let mut kinds: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut both = String::new();
        for file in &files {
            let name = file.path.to_str().unwrap().to_owned();
            let by_them = std::fs::read(theirs.join(&file.path)).unwrap();
            let by_us = match file.rewritten(&file.bytes, &[Step::Rename(&rename)]) {
                Ok(bytes) => bytes,
                Err(error) => {
                    kinds.entry(name.clone()).or_default().insert(format!("refused: {error}"));
                    file.bytes.clone()
                }
            };
            write(&ours.join(&file.path), &by_us);
            seen.insert(name.clone());
            if by_us != by_them {
                let kinds = kinds.entry(name).or_default();
                if by_them == file.bytes {
                    kinds.insert("left".to_owned());
                }
                both.push_str(&format!("{}\t{}\n", ours.join(&file.path).display(), theirs.join(&file.path).display()));
            }
        }
        for line in layout(&both).lines() {
            let file = Path::new(line.split('\t').next().unwrap()).strip_prefix(&ours).unwrap();
            kinds.get_mut(file.to_str().unwrap()).unwrap().insert("layout".to_owned());
        }
        let judged = |after| Judged { before: &before, after, from: self.from, to: self.to };
        wrong.extend(flaws(&[judged(&ours)])?);
        for line in flaws(&[judged(&theirs)])? {
            let mut parts = line.split('\t');
            let (kind, path) = (parts.next().unwrap(), Path::new(parts.next().unwrap()));
            let file = path.strip_prefix(&theirs).unwrap().to_str().unwrap().to_owned();
            kinds.entry(file).or_default().insert(kind.to_owned());
        }
        found.extend(kinds.into_iter().map(|(file, kinds)| (file, kinds.into_iter().collect::<Vec<String>>().join(", "))));
        Some(())
    }

    /// True for a file that holds the word and is not too large.
    fn takes(&self, file: &File) -> bool {
        let word = self.from.rsplit('.').next().unwrap();
        file.bytes.len() <= self.largest[usize::from(full())] && memchr::memmem::find(&file.bytes, word.as_bytes()).is_some()
    }

    /// Runs LibCST's codemod on the files of a folder.
    fn codemod(&self, programs: &Path, folder: &Path, files: &[File]) {
        let mut codemod = Command::new(programs.join("python3"));
        codemod.current_dir(folder).args(["-m", "libcst.tool", "codemod", "--no-format", "--hide-progress", "--jobs=1"]);
        codemod.arg("rename.RenameCommand").arg(format!("--old_name={}", self.from)).arg(format!("--new_name={}", self.to));
        let output = codemod.args(files.iter().map(|file| &file.path)).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Those of the pairs that differ in the layout of their imports alone.
fn layout(pairs: &str) -> String {
    let mut script = Command::new("python3");
    let mut child = script.arg(LAYOUT).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(pairs.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script failed");
    String::from_utf8(output.stdout).unwrap()
}

/// What was found and not expected, and the reverse.
fn shown(found: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) -> String {
    let only = |sign: char, one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| -> String {
        let lines = one.iter().filter(|(file, kind)| other.get(*file) != Some(kind));
        lines.map(|(file, kind)| format!("{sign} {kind}\t{file}\n")).collect()
    };
    only('+', found, expected) + &only('-', expected, found)
}
