//! Placeholders such as `{file}` in the plan's commands: found, checked, and replaced by their values.
//!
//! In a text for the shell a value is quoted as its place demands, plain or inside quotes, so a file name can never become
//! code; where that cannot be done the plan is refused. `{{file}}` stands for a literal `{file}`; every other brace stays as it
//! is, `${x}` included. Nothing here runs anything.

use std::ffi::OsString;
use std::ops::Range;
use std::os::unix::ffi::OsStringExt;

use crate::path::RepoPath;
use crate::plan::Run;
use crate::plan::reader::nearest;
use crate::plan::shell::{self, Quoting};
use crate::plan::view::escape;

/// The values that placeholders stand for.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// `{file}`: the path below the top of the repository, which is the working directory; `None` in a gate.
    pub file: Option<&'a RepoPath>,
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

/// Where a command stands, which decides what it may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It runs for one unit.
    Unit,
    /// It runs once after the last unit of a phase.
    Gate,
}

/// Something wrong with a command's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The word to look for in the text.
    pub word: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The placeholders there are.
const NAMES: [&str; 4] = ["file", "plan", "phase", "unit"];

/// How many faults of one command are spoken of.
const MOST_FAULTS: usize = 20;

/// A stretch of a command.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    Field { name: &'t str, range: Range<usize> },
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
                let words: Vec<Vec<u8>> = words.iter().map(|word| fill_word(word, fields)).collect();
                let shown: Vec<String> = words.iter().map(|word| show(&shell::quote(word, Quoting::None))).collect();
                Resolved { argv: words.into_iter().map(OsString::from_vec).collect(), shown: shown.join(" ") }
            }
        }
    }
}

/// What is wrong with a command that stands at `place`.
#[must_use]
pub fn faults(run: &Run, place: Place) -> Vec<Fault> {
    match run {
        Run::Shell(text) => {
            let mut found: Vec<Fault> = unknown(text, place);
            let scan = shell::scan(text);
            if let Some(quote) = scan.unclosed {
                found.push(Fault {
                    word: text.get(quote..).unwrap_or("").lines().next().unwrap_or("").to_owned(),
                    message: format!("the command has an unclosed {}", &text[quote..=quote]),
                    help: "close the quote, or put a backslash before it".to_owned(),
                });
                return found;
            }
            for piece in pieces(text) {
                let Piece::Field { name, range } = piece else { continue };
                if found.len() < MOST_FAULTS && scan.at(range.start) == Quoting::Impossible && NAMES.contains(&name) {
                    found.push(Fault {
                        word: text[range].to_owned(),
                        message: format!("`{{{name}}}` stands where no value can be quoted safely"),
                        help: format!("inside backquotes, `${{…}}` and here-documents use \"$MIGRATE_{}\"", name.to_uppercase()),
                    });
                }
            }
            found
        }
        Run::Argv(words) => words.iter().flat_map(|word| unknown(word, place)).collect(),
    }
}

fn unknown(text: &str, place: Place) -> Vec<Fault> {
    let mut found: Vec<Fault> = Vec::new();
    for piece in pieces(text) {
        let Piece::Field { name, range } = piece else { continue };
        if found.len() == MOST_FAULTS {
            break;
        }
        if found.iter().any(|fault| fault.word == text[range.clone()]) {
            continue;
        }
        let (message, help) = if !NAMES.contains(&name) {
            let near = nearest(name, &NAMES).map_or_else(
                || "the placeholders are `{file}`, `{plan}`, `{phase}` and `{unit}`.".to_owned(),
                |near| format!("did you mean `{{{near}}}`?"),
            );
            (format!("unknown placeholder `{{{name}}}`"), format!("{near} A literal `{{{name}}}` is written `{{{{{name}}}}}`"))
        } else if place == Place::Gate && matches!(name, "file" | "unit") {
            let message = format!("a gate has no `{{{name}}}`: it runs once, after the last file of the phase");
            (message, "use `{plan}` and `{phase}` here, or move the command to `validate`".to_owned())
        } else {
            continue;
        };
        found.push(Fault { word: text[range].to_owned(), message, help });
    }
    found
}

/// Cuts a text at its placeholders.
fn pieces(text: &str) -> Vec<Piece<'_>> {
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

fn fill_word(word: &str, fields: &Fields<'_>) -> Vec<u8> {
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
    out
}

fn fill_shell(text: &str, fields: &Fields<'_>) -> Vec<u8> {
    let scan = shell::scan(text);
    let mut out = Vec::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Field { name, range } => match (value(name, fields), scan.at(range.start)) {
                (None, _) | (_, Quoting::Comment | Quoting::Impossible) => out.extend_from_slice(text[range].as_bytes()),
                (Some(value), quoting) => out.extend_from_slice(&shell::quote(&value, quoting)),
            },
        }
    }
    out
}

fn value(name: &str, fields: &Fields<'_>) -> Option<Vec<u8>> {
    match name {
        "file" => fields.file.map(|file| {
            // A program would take a name that begins with a dash for an option.
            let dash: &[u8] = if file.as_bytes().starts_with(b"-") { b"./" } else { b"" };
            [dash, file.as_bytes()].concat()
        }),
        "plan" => Some(fields.plan.as_bytes().to_vec()),
        "phase" => Some(fields.phase.as_bytes().to_vec()),
        "unit" => fields.unit.map(<[u8]>::to_vec),
        _ => None,
    }
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
        Fields { file: Some(file), plan: "demo", phase: "P0", unit: Some(file.as_bytes()) }
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
    fn faults_are_found_before_anything_runs() {
        for (text, place, word, message) in [
            ("x {fil}", Place::Unit, "{fil}", "unknown placeholder `{fil}`"),
            ("x {file}", Place::Gate, "{file}", "a gate has no `{file}`"),
            ("x {unit}", Place::Gate, "{unit}", "a gate has no `{unit}`"),
            ("echo 'it", Place::Unit, "'it", "unclosed '"),
            ("echo \"it", Place::Unit, "\"it", "unclosed \""),
            ("x `cat {file}`", Place::Unit, "{file}", "no value can be quoted"),
            ("cat <<EOF\n{file}\nEOF\n", Place::Unit, "{file}", "no value can be quoted"),
            ("x ${y:-{file}}", Place::Unit, "{file}", "no value can be quoted"),
        ] {
            let found = faults(&Run::Shell(text.into()), place);
            assert!(found.len() == 1 && found[0].word == word && found[0].message.contains(message), "{text}: {found:?}");
        }
        for text in ["echo don\\'t # it's", "cat <<'E'\nit's\nE\n", "x \"$(y 'a b')\" {file}", "case x in a) y {file};; esac"] {
            assert_eq!(faults(&Run::Shell(text.into()), Place::Unit), [], "{text}");
        }
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
        }

        #[test]
        fn no_text_makes_the_scanner_panic(text in ".*", file in any::<bool>()) {
            let run = Run::Shell(text);
            assert!(faults(&run, if file { Place::Unit } else { Place::Gate }).len() <= 2 * MOST_FAULTS);
            let path = RepoPath::new("a b").unwrap();
            assert_eq!(run.resolve(&fields(&path)).argv.len(), 3);
        }
    }
}
