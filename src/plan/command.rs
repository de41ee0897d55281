//! Placeholders such as `{file}` in the plan's commands: found, and replaced by their values.
//!
//! In a text for the shell a value is quoted as its place demands, plain or inside quotes, so a file name can never become
//! code; where that cannot be done the plan is refused ([`faults`]). `{files}` stands for several values, each a word of its own.
//! `{{file}}` stands for a literal `{file}`; every other brace stays as it is, `${x}` included. Nothing here runs anything.

use std::ffi::OsString;
use std::ops::Range;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::path::RepoPath;
use crate::plan::Run;
use crate::plan::shell::{self, Quoting};
use crate::plan::view::escape;

/// The values that placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// `{file}`: the path below the top of the repository, which is the working directory; `None` in a gate.
    pub file: Option<&'a RepoPath>,
    /// `{files}`: the paths of all files that the command is about; none in a gate.
    pub files: &'a [RepoPath],
    /// `{report}`: where the command is to write its report; `None` where it is not asked for one.
    pub report: Option<&'a Path>,
    /// `{feedback}`: the file that says why what a codemod made before failed; `None` for what is no codemod.
    pub feedback: Option<&'a Path>,
    /// `{plan}`: the plan's name.
    pub plan: &'a str,
    /// `{phase}`: the phase's id.
    pub phase: &'a str,
    /// `{unit}`: the unit's name, as bytes since it may be a path; `None` in a gate.
    pub unit: Option<&'a [u8]>,
}

/// A command ready to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// The command as people read it, on one line, without control characters.
    pub shown: String,
}

/// This very program, as its own commands are started.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// The command of this program that does what is built in.
pub const BUILTIN: &str = "builtin";

/// The placeholders there are.
pub(super) const NAMES: [&str; 7] = ["file", "files", "plan", "phase", "unit", "report", "feedback"];

/// A stretch of a command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// It stands for itself.
    Text(&'t str),
    /// A placeholder, and where it stands.
    Field {
        /// The word in braces.
        name: &'t str,
        /// From its brace to its brace.
        range: Range<usize>,
    },
}

impl Run {
    /// The command with its placeholders replaced. A placeholder without a value, which a checked plan has none of, stays.
    #[must_use]
    pub fn resolve(&self, fields: &Fields<'_>) -> Resolved {
        match self {
            Self::Shell(text) => {
                let script = fill_shell(text, fields);
                let shown = show(&script);
                Resolved { argv: vec!["sh".into(), "-c".into(), OsString::from_vec(script)], shown }
            }
            Self::Argv(words) => {
                let words: Vec<Vec<u8>> = words.iter().flat_map(|word| fill_word(word, fields)).collect();
                let shown: Vec<String> = words.iter().map(|word| show(&shell::quote(word, Quoting::None))).collect();
                Resolved { argv: words.into_iter().map(OsString::from_vec).collect(), shown: shown.join(" ") }
            }
            Self::Builtin(builtin) => {
                // This very program; the files are behind what ends its options.
                let own = [OWN_PROGRAM, BUILTIN, builtin.word(), "--"].map(OsString::from);
                let files = fields.files.iter().map(|file| file.as_path().into());
                Resolved { argv: own.into_iter().chain(files).collect(), shown: self.to_string() }
            }
        }
    }

    /// Its text in the plan as one word of a shell's line.
    #[must_use]
    pub fn quoted(&self) -> String {
        show(&shell::quote(self.to_string().as_bytes(), Quoting::None))
    }

    /// True when it says which file it is about, by `{file}` or its variable.
    #[must_use]
    pub fn names_file(&self) -> bool {
        self.has_field("file") || self.has_variable("MIGRATE_FILE")
    }

    /// True when it says which unit it is about, by `{unit}` or its variable.
    #[must_use]
    pub fn names_unit(&self) -> bool {
        self.has_field("unit") || self.has_variable("MIGRATE_UNIT")
    }

    /// True when it takes all its files at once, by `{files}` or since it is built in.
    #[must_use]
    pub fn names_files(&self) -> bool {
        self.has_field("files") || self.builtin().is_some()
    }

    /// True when it says where its report goes, by `{report}` or its variable.
    #[must_use]
    pub fn names_report(&self) -> bool {
        self.has_field("report") || self.has_variable("MIGRATE_REPORT")
    }

    /// True when a value is put in for the placeholder.
    pub(super) fn has_field(&self, wanted: &str) -> bool {
        self.texts().iter().any(|text| {
            let found = pieces(text).into_iter().filter_map(|piece| match piece {
                Piece::Field { name, range } if name == wanted => Some(range.start),
                Piece::Field { .. } | Piece::Text(_) => None,
            });
            let places: Vec<usize> = found.collect();
            let is_comment = |at: usize| matches!(self, Self::Shell(_)) && shell::scan(text).at(at) == Quoting::Comment;
            places.into_iter().any(|at| !is_comment(at))
        })
    }

    fn has_variable(&self, variable: &str) -> bool {
        let goes_on = |rest: &str| rest.starts_with(|c: char| c == '_' || c.is_ascii_alphanumeric());
        self.texts().iter().any(|text| text.match_indices(variable).any(|(at, _)| !goes_on(&text[at + variable.len()..])))
    }
}

/// Cuts a text at its placeholders.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = memchr::memchr(b'{', &bytes[at..]) {
        let open = at + found;
        at = open + 1;
        let doubled = bytes.get(open + 1) == Some(&b'{');
        let start = open + 1 + usize::from(doubled);
        let len = bytes[start..].iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
        let end = start + len;
        if len == 0 || bytes.get(end) != Some(&b'}') {
            continue;
        }
        if doubled {
            if bytes.get(end + 1) == Some(&b'}') {
                pieces.extend([Piece::Text(&text[from..=open]), Piece::Text(&text[start..=end])]);
                from = end + 2;
                at = from;
            }
        } else if open == 0 || bytes[open - 1] != b'$' {
            pieces.extend([Piece::Text(&text[from..open]), Piece::Field { name: &text[start..end], range: open..end + 1 }]);
            from = end + 1;
            at = from;
        }
    }
    pieces.push(Piece::Text(&text[from..]));
    pieces
}

/// The words that one word of a list becomes.
fn fill_word(word: &str, fields: &Fields<'_>) -> Vec<Vec<u8>> {
    if word == "{files}" && !fields.files.is_empty() {
        return fields.files.iter().map(path).collect();
    }
    let mut out = Vec::with_capacity(word.len());
    for piece in pieces(word) {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Field { name, range } => match value(name, fields) {
                Some(value) => out.extend_from_slice(&value),
                None => out.extend_from_slice(word[range].as_bytes()),
            },
        }
    }
    vec![out]
}

fn fill_shell(text: &str, fields: &Fields<'_>) -> Vec<u8> {
    let scan = shell::scan(text);
    let mut out = Vec::with_capacity(text.len());
    for piece in pieces(text) {
        let (name, range) = match piece {
            Piece::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                continue;
            }
            Piece::Field { name, range } => (name, range),
        };
        match (scan.at(range.start), value(name, fields)) {
            (Quoting::None, _) if name == "files" && !fields.files.is_empty() => {
                let words: Vec<Vec<u8>> = fields.files.iter().map(|file| shell::quote(&path(file), Quoting::None)).collect();
                out.extend_from_slice(&words.join(&b' '));
            }
            (Quoting::Comment | Quoting::Impossible, _) | (_, None) => out.extend_from_slice(text[range].as_bytes()),
            (quoting, Some(value)) => out.extend_from_slice(&shell::quote(&value, quoting)),
        }
    }
    out
}

/// The one value of a placeholder; `{files}` has several.
fn value(name: &str, fields: &Fields<'_>) -> Option<Vec<u8>> {
    match name {
        "file" => fields.file.map(path),
        "report" => fields.report.map(|report| no_option(report.as_os_str().as_bytes())),
        "feedback" => fields.feedback.map(|feedback| no_option(feedback.as_os_str().as_bytes())),
        "plan" => Some(fields.plan.as_bytes().to_vec()),
        "phase" => Some(fields.phase.as_bytes().to_vec()),
        "unit" => fields.unit.map(<[u8]>::to_vec),
        _ => None,
    }
}

fn path(file: &RepoPath) -> Vec<u8> {
    no_option(file.as_bytes())
}

/// A path that no program takes for an option, as it would one that begins with a dash.
fn no_option(path: &[u8]) -> Vec<u8> {
    let dash: &[u8] = if path.starts_with(b"-") { b"./" } else { b"" };
    [dash, path].concat()
}

fn show(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.trim_ascii().utf8_chunks() {
        out.push_str(&escape(chunk.valid()));
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    use proptest::prelude::{any, prop, proptest};

    use super::*;

    fn fields(file: &RepoPath) -> Fields<'_> {
        Fields {
            file: Some(file),
            files: &[],
            report: None,
            feedback: None,
            plan: "demo",
            phase: "P0",
            unit: Some(file.as_bytes()),
        }
    }

    fn shell(text: &str, file: &str) -> String {
        let file = RepoPath::new(file).unwrap();
        let resolved = Run::Shell(text.to_owned()).resolve(&fields(&file));
        assert_eq!(resolved.argv[..2], ["sh", "-c"]);
        resolved.argv[2].clone().into_string().unwrap()
    }

    #[test]
    fn placeholders_are_replaced_and_other_braces_stay() {
        for (text, expected) in [
            ("python3 -m py_compile {file}", "python3 -m py_compile a/b.py"),
            ("run {plan} {phase} {unit}", "run demo P0 a/b.py"),
            ("echo ${file} {{file}} { } {} {a b}", "echo ${file} {file} { } {} {a b}"),
            ("awk '{if (x) {y()}}' ${a:-${b}}", "awk '{if (x) {y()}}' ${a:-${b}}"),
            ("# about {file}\nx {file}", "# about {file}\nx a/b.py"),
        ] {
            assert_eq!(shell(text, "a/b.py"), expected);
        }
    }

    #[test]
    fn values_are_quoted_as_their_place_demands() {
        for (text, expected) in [
            ("x {file}", r"x 'a '\''$(b)`c`".to_owned() + "\"'"),
            ("x '{file}'", r"x 'a '\''$(b)`c`".to_owned() + "\"'"),
            ("x \"{file}\"", "x \"a '\\$(b)\\`c\\`\\\"\"".to_owned()),
            ("x \"$(cat {file})\"", "x \"$(cat 'a '\\''$(b)`c`\"')\"".to_owned()),
        ] {
            assert_eq!(shell(text, "a '$(b)`c`\""), expected);
        }
        assert_eq!(shell("x {file}", "-rf"), "x ./-rf");
        let file = RepoPath::new("-a b").unwrap();
        let resolved = Run::Argv(vec!["x".into(), "--f={file}".into(), "{{unit}}".into()]).resolve(&fields(&file));
        assert_eq!(resolved.argv, ["x", "--f=./-a b", "{unit}"]);
        assert_eq!(resolved.shown, "x '--f=./-a b' '{unit}'");
    }

    #[test]
    fn what_is_shown_stays_on_one_line() {
        let file = RepoPath::new(&b"a\n\x1b\xff"[..]).unwrap();
        assert_eq!(Run::Shell("x {file}\ny\n".into()).resolve(&fields(&file)).shown, "x 'a\\n\\u{1b}\\xff'\\ny");
    }

    #[test]
    fn every_file_is_a_word_of_its_own() {
        let files = ["a.py", "-b c.py", "d'e.py"].map(|file| RepoPath::new(file).unwrap());
        let fields = Fields { file: None, files: &files, report: Some(Path::new("/r s/1.xml")), ..fields(&files[0]) };
        let shell = |text: &str| Run::Shell(text.to_owned()).resolve(&fields).argv[2].clone().into_string().unwrap();
        let all = "a.py './-b c.py' 'd'\\''e.py'";
        for (text, expected) in [
            ("x {files}", format!("x {all}")),
            ("for f in {files}; do x \"$f\"; done", format!("for f in {all}; do x \"$f\"; done")),
            ("x \"$(y {files} )\" {{files}}", format!("x \"$(y {all} )\" {{files}}")),
            ("x {file}", "x {file}".to_owned()),
            ("x --out={report} \"{report}\"", "x --out='/r s/1.xml' \"/r s/1.xml\"".to_owned()),
            // A checked plan has none of these.
            ("x '{files}' `{files}` # {files}", "x '{files}' `{files}` # {files}".to_owned()),
        ] {
            assert_eq!(shell(text), expected);
        }
        let list = Run::Argv(["x", "{files}", "--out={report}", "-y={files}", "{files}"].map(str::to_owned).to_vec());
        let words = ["a.py", "./-b c.py", "d'e.py"];
        let expected: Vec<&str> = [&["x"][..], &words, &["--out=/r s/1.xml", "-y={files}"], &words].concat();
        assert_eq!(list.resolve(&fields).argv, expected);
        let none = list.resolve(&Fields { files: &[], report: None, ..fields });
        assert_eq!(none.argv, ["x", "{files}", "--out={report}", "-y={files}", "{files}"]);
    }

    #[test]
    fn what_a_command_names_is_a_placeholder_with_a_value_or_its_variable() {
        let names = |run: &Run| [run.names_file(), run.names_files(), run.names_report()];
        for (text, expected) in [
            ("x {file}", [true, false, false]),
            ("x $MIGRATE_FILE", [true, false, false]),
            ("x {files}", [false, true, false]),
            ("x {report}", [false, false, true]),
            ("make test OUT=$MIGRATE_REPORT", [false, false, true]),
            ("x {{file}} {{files}} {{report}} ${file}", [false; 3]),
            ("x # {file} {files} {report}", [false; 3]),
            ("x $MIGRATE_FILES $MIGRATE_REPORT_2", [false; 3]),
        ] {
            assert_eq!(names(&Run::Shell(text.into())), expected, "{text}");
        }
        assert_eq!(names(&Run::Argv(vec!["x".into(), "#".into(), "{files}".into(), "--o={report}".into()])), [false, true, true]);
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(60))]

        #[test]
        fn a_real_shell_sees_the_very_bytes_of_the_file_name(name in prop::collection::vec(1..=255u8, 1..12)) {
            let Ok(file) = RepoPath::new(name) else { return Ok(()) };
            for text in ["printf %s {file}", "printf %s '{file}'", "printf %s \"{file}\"", "printf %s \"$(printf %sx {file})\""] {
                let resolved = Run::Shell(text.into()).resolve(&fields(&file));
                let out = Command::new(&resolved.argv[0]).args(&resolved.argv[1..]).output().unwrap();
                let mut expected = value("file", &fields(&file)).unwrap();
                if text.contains("sx") {
                    expected.push(b'x');
                }
                assert_eq!(out.stdout, expected, "{:?}", resolved.argv[2].as_bytes());
            }
            let files = [RepoPath::new("-a b").unwrap(), file.clone()];
            let resolved = Run::Shell("printf '%s/' {files}".into()).resolve(&Fields { files: &files, ..fields(&file) });
            let out = Command::new(&resolved.argv[0]).args(&resolved.argv[1..]).output().unwrap();
            let expected = [b"./-a b/".as_slice(), &value("file", &fields(&file)).unwrap(), b"/"].concat();
            assert_eq!(out.stdout, expected, "{:?}", resolved.argv[2].as_bytes());
        }

        #[test]
        fn no_text_makes_the_scanner_panic(text in ".*", file in any::<bool>()) {
            let run = Run::Shell(text);
            let path = RepoPath::new("a b").unwrap();
            let fields = Fields { files: if file { std::slice::from_ref(&path) } else { &[] }, ..fields(&path) };
            assert_eq!(run.resolve(&fields).argv.len(), 3);
            let _named = [run.names_file(), run.names_files(), run.names_report()];
        }
    }
}
