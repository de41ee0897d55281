//! What must hold for every text, tried on many.

use std::sync::LazyLock;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{prop_assert, prop_assert_eq};

use crate::guard::{self, Context, Finding};
use crate::message::changes::changed_lines;
use crate::plan::guards::Guards;
use crate::plan::{BlockEdit, Rename};
use crate::python::parsed::Parsed;
use crate::python::source::Source;
use crate::rewrite::glance::{glance, hidden};
use crate::rewrite::violation::look;
use crate::rewrite::{Step, rewritten, touches};

static THERE: LazyLock<Rename> = LazyLock::new(|| Rename { from: "m.f".into(), to: "m.g".into(), ..Rename::default() });
static BACK: LazyLock<Rename> = LazyLock::new(|| Rename { from: "m.g".into(), to: "m.f".into(), ..Rename::default() });
static AWAY: LazyLock<Rename> = LazyLock::new(|| Rename { from: "m.f".into(), to: "n.o.g".into(), ..Rename::default() });

/// Lines of programs that import, use and shadow `f`, each valid alone, with no `g` of their own.
fn line() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("from m import f"),
        Just("from m import a, f  # why"),
        Just("from m import (\n    f,  # one\n    a,\n)"),
        Just("from m import f as h"),
        Just("import m"),
        Just("import m as k; k.f(1)"),
        Just("m.f(m.a)"),
        Just("f(1, f=f)"),
        Just("def h1(f): return f"),
        Just("def h2():\n    from m import f\n    return f('f')"),
        Just("class A:\n\tx = f\n\tdef y(self): return f, self.f"),
        Just("x = [f for f in f if f]"),
        Just("'''f\n  m.f'''"),
        Just("# f and m.f"),
        Just("try:\n    pass\nexcept E as e:\n    f(e)"),
        Just("if x:\n    import m, os\n    m.f"),
        Just("α = 0.1"),
        Just("名 = [f(α)]"),
        Just("if é: 𝐱"),
        Just(""),
    ]
}

/// Lines of which the first or the last character is none of ASCII's, some of them refused by Python.
fn foreign() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        line(),
        Just("@é\ndef 名(ä, *β): 'é'; f(ä)"),
        Just("class Ä(f):\n\t'''名'''\n\tα: f = 'é'"),
        Just("f(α := 名)['é']"),
        Just("f'é{f(α)}𝐱'"),
        Just("'é' '名'"),
        Just("# é"),
        Just("ﬁ = 1  # 𝐱"),
        Just("€ = 2"),
        Just("x = [é,"),
        Just("'''é"),
        Just("é\\"),
    ]
}

fn program() -> impl Strategy<Value = String> {
    program_of(line())
}

/// Texts of such lines, with either line ending, with and without a byte order mark and an end to the last line.
pub(super) fn program_of(line: impl Strategy<Value = &'static str>) -> impl Strategy<Value = String> {
    let ending = prop_oneof![Just("\n"), Just("\r\n")];
    (proptest::collection::vec(line, 0..8), ending, any::<bool>(), any::<bool>()).prop_map(|(lines, ending, bom, last)| {
        let mut text = lines.join("\n").replace('\n', ending);
        text.push_str(if last { ending } else { "" });
        if bom { format!("\u{feff}{text}") } else { text }
    })
}

/// What the guards find in `after`; nothing where they cannot read.
fn findings(before: &[u8], after: &[u8]) -> Vec<Finding> {
    let (Ok(old), Ok(new)) = (Source::new(before), Source::new(after)) else { return Vec::new() };
    let context =
        Context { guards: Guards::default(), rules: &[], files: &|_| None, loads: &|_| None, changes_before: &|_| false };
    guard::check(&Parsed::new(&old, None), &Parsed::new(&new, None), &context)
}

fn renamed(text: &[u8], rename: &Rename) -> Vec<u8> {
    rewritten(text, None, &[Step::Rename(rename)]).expect("none of these texts is refused")
}

proptest! {
    #[test]
    fn there_and_back_is_the_same_text(text in program()) {
        let there = renamed(text.as_bytes(), &THERE);
        prop_assert_eq!(&renamed(&there, &THERE), &there);
        prop_assert_eq!(String::from_utf8(renamed(&there, &BACK)).unwrap(), text);
    }

    #[test]
    fn a_result_is_sound_and_stays_as_it_is(text in program()) {
        for rename in [&*THERE, &*AWAY] {
            let result = renamed(text.as_bytes(), rename);
            prop_assert_eq!(findings(text.as_bytes(), &result), [], "{}", String::from_utf8_lossy(&result));
            prop_assert_eq!(&renamed(&result, rename), &result);
            prop_assert!(result == text.as_bytes() || touches(text.as_bytes(), &[Step::Rename(rename)]));
        }
    }

    #[test]
    fn a_glance_finds_what_a_look_finds_in_any_alphabet(text in program_of(foreign())) {
        let source = Source::new(text.as_bytes()).unwrap();
        let file = Parsed::new(&source, None);
        let step = Step::Rename(&THERE);
        let (glance, whole) = (glance(&file, step).unwrap(), look(&file, step).unwrap());
        // What Python refuses a look may take for a part of something else.
        if file.problems().is_empty() {
            prop_assert!(glance.as_ref().is_none_or(|seen| *seen == whole), "{:?} is not {:?}", glance, whole);
        }
        let told = hidden(&file, step).unwrap().is_some() || !file.tree().unwrap().root_node().has_error();
        prop_assert!(glance.is_some() || told, "nobody tells of {}", text);
        for step in [step, Step::Rename(&AWAY)] {
            if let Ok(result) = rewritten(text.as_bytes(), None, &[step]) {
                prop_assert!(std::str::from_utf8(&result).is_ok());
            }
        }
    }

    #[test]
    fn lines_without_the_name_stay(text in program()) {
        let result = renamed(text.as_bytes(), &THERE);
        let old: Vec<&[u8]> = text.as_bytes().split_inclusive(|byte| *byte == b'\n').collect();
        for change in changed_lines(text.as_bytes(), &result) {
            for number in change.old {
                let line = old[number as usize - 1];
                prop_assert!(line.contains(&b'f'), "{}", String::from_utf8_lossy(line));
            }
        }
    }

    #[test]
    fn any_bytes_at_all_are_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[ \t\n()a-f=:.,#'\"\\\\]{0,120}") {
        let edits = [BlockEdit { near: None, before: text.clone(), after: "x\n".into() }];
        for source in [bytes.as_slice(), text.as_bytes()] {
            for step in [Step::Rename(&THERE), Step::Rename(&AWAY), Step::Edits(&edits)] {
                if let Ok(result) = rewritten(source, None, &[step]) {
                    prop_assert!(findings(source, &result).is_empty() || result != source);
                }
            }
        }
    }

    #[test]
    fn an_edit_leaves_all_lines_around_it(above in program(), below in program(), depth in 0usize..3) {
        let indent = "\t".repeat(depth);
        let block = |name: &str| format!("{indent}{name}_one(1)\n{indent}{name}_two(2)\n");
        let edits = [BlockEdit { near: None, before: "zz_one($X)\nzz_two(2)\n".into(), after: "yy_one($X)\nyy_two(2)\n".into() }];
        let text = format!("{above}\n{}{below}", block("zz"));
        let result = rewritten(text.as_bytes(), None, &[Step::Edits(&edits)]).unwrap();
        prop_assert_eq!(String::from_utf8(result).unwrap(), format!("{above}\n{}{below}", block("yy")));
    }
}
