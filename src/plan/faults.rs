//! What is wrong with the text of a command, before anything runs.

use std::ops::Range;

use crate::plan::Run;
use crate::plan::command::{NAMES, Piece, pieces};
use crate::plan::reader::nearest;
use crate::plan::shell::{self, Quoting};
use crate::plan::view::quoted;

/// Where a command stands, which decides what it may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is a rule, which changes one file.
    Rule,
    /// It judges a unit.
    Unit,
    /// It puts the files of a unit into the project's form.
    Format,
    /// It runs once after the last unit of a phase.
    Gate,
    /// It gives a number.
    Metric,
    /// It runs in the work tree itself after a phase was taken back.
    Recovery,
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

/// How many faults of one command are spoken of.
const MOST: usize = 20;

/// What is wrong with a command that stands at `place`.
#[must_use]
pub fn faults(run: &Run, place: Place) -> Vec<Fault> {
    let mut found: Vec<Fault> = match run {
        Run::Shell(text) => of_text(text, place),
        Run::Argv(words) => words.iter().flat_map(|word| of_word(word, place)).collect(),
        Run::Builtin(_) => Vec::new(),
    };
    if found.is_empty() && run.names_file() && run.names_files() {
        let other = if run.has_field("file") { "{file}" } else { "MIGRATE_FILE" };
        found.push(Fault {
            word: "{files}".to_owned(),
            message: format!("the command names both `{other}` and `{{files}}`"),
            help: format!("keep one: it runs once for each file with `{other}`, once for all of them with `{{files}}`"),
        });
    }
    found
}

fn of_text(text: &str, place: Place) -> Vec<Fault> {
    let mut found: Vec<Fault> = misplaced(text, place);
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
        let word = &text[range.clone()];
        if found.len() == MOST || !NAMES.contains(&name) || found.iter().any(|fault| fault.word == word) {
            continue;
        }
        let (message, help) = match scan.at(range.start) {
            Quoting::Impossible => {
                let message = format!("`{word}` stands where no value can be quoted safely");
                let help = match name {
                    "files" => "write `$(…)` instead of backquotes, and keep it out of `${…}` and here-documents".to_owned(),
                    name => format!("inside backquotes, `${{…}}` and here-documents use \"$MIGRATE_{}\"", name.to_uppercase()),
                };
                (message, help)
            }
            Quoting::Single | Quoting::Double if name == "files" => (
                "`{files}` stands inside quotes, where all files would be one word".to_owned(),
                "take it out of the quotes: each file is quoted on its own".to_owned(),
            ),
            Quoting::None if name == "files" && !is_word(text, &range) => (
                "`{files}` is joined to other text, which only one of the files would get".to_owned(),
                "put a blank before and after it: each file is a word of its own".to_owned(),
            ),
            Quoting::None | Quoting::Single | Quoting::Double | Quoting::Comment => continue,
        };
        found.push(Fault { word: word.to_owned(), message, help });
    }
    found
}

/// True when nothing is joined to what stands there.
fn is_word(text: &str, range: &Range<usize>) -> bool {
    const AROUND: [char; 8] = [' ', '\t', '\n', ';', '&', '|', '(', ')'];
    let (before, after) = (&text[..range.start], &text[range.end..]);
    (before.is_empty() || before.ends_with(AROUND))
        && (after.is_empty() || after.starts_with(AROUND) || after.starts_with(['<', '>']))
}

fn of_word(word: &str, place: Place) -> Vec<Fault> {
    let mut found = misplaced(word, place);
    let has_files = || pieces(word).iter().any(|piece| matches!(piece, Piece::Field { name: "files", .. }));
    if word != "{files}" && found.iter().all(|fault| fault.word != "{files}") && has_files() {
        found.push(Fault {
            word: "{files}".to_owned(),
            message: format!("`{{files}}` stands with other text in the word {}", quoted(word)),
            help: "make `{files}` a word of its own, such as [pytest, \"{files}\"]: each file becomes a word".to_owned(),
        });
    }
    found
}

/// The placeholders that have a value there.
fn known_at(place: Place) -> &'static [&'static str] {
    match place {
        Place::Rule => &["file", "plan", "phase", "unit", "feedback"],
        Place::Unit => &["file", "files", "plan", "phase", "unit", "report"],
        Place::Format => &["file", "files", "plan", "phase", "unit"],
        Place::Gate | Place::Metric | Place::Recovery => &["plan", "phase", "report"],
    }
}

/// Placeholders that are unknown, or have no value there.
fn misplaced(text: &str, place: Place) -> Vec<Fault> {
    let mut found: Vec<Fault> = Vec::new();
    for piece in pieces(text) {
        let Piece::Field { name, range } = piece else { continue };
        if found.len() == MOST {
            break;
        }
        if found.iter().any(|fault| fault.word == text[range.clone()]) {
            continue;
        }
        let (message, help) = match (place, name) {
            (_, name) if !NAMES.contains(&name) => {
                let known = known_at(place);
                let near = nearest(name, known).map_or_else(
                    || {
                        format!(
                            "the placeholders here are {}.",
                            known.iter().map(|known| format!("`{{{known}}}`")).collect::<Vec<_>>().join(", ")
                        )
                    },
                    |near| format!("did you mean `{{{near}}}`?"),
                );
                (
                    format!("unknown placeholder `{{{name}}}`"),
                    format!("{near} A literal `{{{name}}}` is written `{{{{{name}}}}}`"),
                )
            }
            (Place::Gate | Place::Metric | Place::Recovery, "file" | "files" | "unit") => {
                let message = format!("a gate has no `{{{name}}}`: it runs once, after the last file of the phase");
                (message, "use `{plan}` and `{phase}` here, or move the command to `validate`".to_owned())
            }
            (Place::Unit | Place::Format | Place::Gate | Place::Metric | Place::Recovery, "feedback") => (
                "only a rule's command has `{feedback}`: the file that says why its last result failed".to_owned(),
                "remove it, or move the command to a rule".to_owned(),
            ),
            (Place::Rule, "files") => {
                ("a rule has no `{files}`: its command is run on one file".to_owned(), "did you mean `{file}`?".to_owned())
            }
            (Place::Rule, "report") => (
                "a rule has no `{report}`: its command judges nothing".to_owned(),
                "remove it: reports are for the commands of `validate`, `verify` and gates".to_owned(),
            ),
            _ => continue,
        };
        found.push(Fault { word: text[range].to_owned(), message, help });
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn faults_of_a_text_are_found_before_anything_runs() {
        for (text, place, word, message) in [
            ("x {fil}", Place::Unit, "{fil}", "unknown placeholder `{fil}`"),
            ("x {file}", Place::Gate, "{file}", "a gate has no `{file}`"),
            ("x {files}", Place::Gate, "{files}", "a gate has no `{files}`"),
            ("x {unit}", Place::Gate, "{unit}", "a gate has no `{unit}`"),
            ("x {files}", Place::Rule, "{files}", "a rule has no `{files}`"),
            ("x '{files}'", Place::Rule, "{files}", "a rule has no `{files}`"),
            ("x {report}", Place::Rule, "{report}", "a rule has no `{report}`"),
            ("echo 'it", Place::Unit, "'it", "unclosed '"),
            ("echo \"it", Place::Unit, "\"it", "unclosed \""),
            ("x `cat {file}`", Place::Unit, "{file}", "no value can be quoted"),
            ("cat <<EOF\n{file}\nEOF\n", Place::Unit, "{file}", "no value can be quoted"),
            ("x ${y:-{file}}", Place::Unit, "{file}", "no value can be quoted"),
            ("x `cat {files}`", Place::Unit, "{files}", "no value can be quoted"),
            ("x '{files}'", Place::Unit, "{files}", "inside quotes"),
            ("x \"a {files}\"", Place::Unit, "{files}", "inside quotes"),
            ("sh -c 'x {files}'", Place::Unit, "{files}", "inside quotes"),
            ("x --in={files}", Place::Unit, "{files}", "joined to other text"),
            ("X={files} y", Place::Unit, "{files}", "joined to other text"),
            ("x {files}.bak", Place::Unit, "{files}", "joined to other text"),
            ("x <{files}", Place::Unit, "{files}", "joined to other text"),
            ("x \"a\"{files}", Place::Unit, "{files}", "joined to other text"),
            ("x {files} {file}", Place::Unit, "{files}", "both `{file}` and `{files}`"),
            ("x {files} $MIGRATE_FILE", Place::Unit, "{files}", "both `MIGRATE_FILE` and `{files}`"),
        ] {
            let found = faults(&Run::Shell(text.into()), place);
            assert!(found.len() == 1 && found[0].word == word && found[0].message.contains(message), "{text}: {found:?}");
        }
        for text in [
            "echo don\\'t # it's",
            "cat <<'E'\nit's\nE\n",
            "x \"$(y 'a b')\" {file}",
            "case x in a) y {file};; esac",
            "x {files}",
            "x {files}; for f in {files};do y \"$(z {files})\"; done>o",
            "x {files} # not '{files}', and {file}",
            "x {report} \"{report}\"",
        ] {
            assert_eq!(faults(&Run::Shell(text.into()), Place::Unit), [], "{text}");
        }
    }

    #[test]
    fn in_a_list_the_files_are_words() {
        for (words, message) in [
            (&["x", "--in={files}"][..], "stands with other text in the word `--in={files}`"),
            (&["sh", "-c", "x {files}"], "stands with other text in the word `x {files}`"),
            (&["x", "{files}", "{file}"], "both `{file}` and `{files}`"),
            (&["x", "{filse}"], "unknown placeholder `{filse}`"),
        ] {
            let found = faults(&Run::Argv(words.iter().map(|&word| word.to_owned()).collect()), Place::Unit);
            assert!(found.len() == 1 && found[0].message.contains(message), "{words:?}: {found:?}");
        }
        assert_eq!(faults(&Run::Argv(vec!["x".into(), "{files}".into(), "'{{files}}'".into()]), Place::Unit), []);
    }

    proptest! {
        #![proptest_config(proptest::test_runner::Config::with_cases(60))]

        #[test]
        fn of_no_text_are_there_too_many(text in ".*", word in "[a-z{}'\"` ]*") {
            for place in [Place::Rule, Place::Unit, Place::Gate] {
                assert!(faults(&Run::Shell(text.clone()), place).len() <= MOST + 1);
                assert!(faults(&Run::Shell(word.clone()), place).len() <= MOST + 1);
                assert!(faults(&Run::Argv(vec![word.clone(), text.clone()]), place).len() <= 2 * (MOST + 1));
            }
        }
    }
}
