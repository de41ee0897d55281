//! The units of a run as JUnit XML, for machines that show tests: each unit a test case, each phase a suite.
//!
//! A unit that was committed, or had nothing to do, passed; one that failed in this run, or was taken back, failed; one that was passed
//! over or not reached is skipped. A run that ended otherwise than well without any unit to blame is an error of its own, so that such a
//! report is never all green. Whatever names hold, the text is XML 1.0. Nothing here does I/O.

use std::collections::BTreeMap;
use std::fmt::Write;

use quick_xml::escape::escape as quoted;

use crate::event::{Event, PhaseLabel, UnitEnd};
use crate::report::escape;
use crate::report::failures::{Failed, Failures};
use crate::state::State;
use crate::stop::Stop;

/// Listens to a run.
#[derive(Debug, Default)]
pub struct Junit {
    plan: String,
    failures: Failures,
    /// How long the commands took that judged each unit.
    millis: BTreeMap<String, u64>,
    /// The gates that were asked, in their order.
    gates: Vec<PhaseLabel>,
    units: Vec<UnitEnd>,
}

/// What became of a test case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    Skipped,
    Error,
}

struct Case {
    name: String,
    millis: u64,
    verdict: Verdict,
    /// The one line.
    message: String,
    /// What else there is to say.
    text: String,
    /// In one word, what became of the unit.
    kind: &'static str,
}

impl Junit {
    /// Takes note of an event.
    pub fn see(&mut self, event: &Event) {
        self.failures.see(event);
        match event {
            Event::RunStarted { plan, .. } => self.plan.clone_from(plan),
            Event::CommandFinished { unit: Some(unit), millis, without_unit: false, .. } => {
                *self.millis.entry(unit.clone()).or_default() += millis;
            }
            Event::GatePassed { phase } | Event::GateFailed { phase, .. } if !self.gates.contains(phase) => {
                self.gates.push(phase.clone());
            }
            Event::RunFinished { units, .. } => self.units = units.to_vec(),
            _ => {}
        }
    }

    /// The report, given how the run ended.
    #[must_use]
    pub fn xml(&self, ended: Option<&Stop>) -> String {
        let mut suites: Vec<(String, Vec<Case>)> = Vec::new();
        for unit in &self.units {
            let name = unit.phase.to_string();
            let case = self.case(unit);
            match suites.iter_mut().find(|(suite, _)| *suite == name) {
                Some((_, cases)) => cases.push(case),
                None => suites.push((name, vec![case])),
            }
        }
        for phase in &self.gates {
            let (name, case) = (phase.to_string(), self.gate(phase));
            match suites.iter_mut().find(|(suite, _)| *suite == name) {
                Some((_, cases)) => cases.push(case),
                None => suites.push((name, vec![case])),
            }
        }
        let has_failed = suites.iter().flat_map(|(_, cases)| cases).any(|case| case.verdict == Verdict::Failed);
        let blames_a_unit = matches!(ended, Some(Stop::Failed(_) | Stop::NotDone(_)));
        if let Some(stop) = ended.filter(|_| !has_failed || !blames_a_unit) {
            let message = stop.to_string();
            let (name, text) = ("migrate run".to_owned(), help(stop));
            let case = Case { name, millis: 0, verdict: Verdict::Error, message, text, kind: "run" };
            suites.push(("run".to_owned(), vec![case]));
        }
        let all = || suites.iter().flat_map(|(_, cases)| cases);
        let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        let plan = if self.plan.is_empty() { "migrate" } else { &self.plan };
        push(&mut out, format_args!("<testsuites name=\"{}\"{}>\n", attribute(plan), tally(all())));
        for (name, cases) in &suites {
            push(&mut out, format_args!("  <testsuite name=\"{}\"{}>\n", attribute(name), tally(cases.iter())));
            cases.iter().for_each(|case| case.push(&mut out, name));
            out += "  </testsuite>\n";
        }
        out + "</testsuites>\n"
    }

    fn case(&self, unit: &UnitEnd) -> Case {
        let name = unit.unit.clone();
        let millis = self.millis.get(&name).copied().unwrap_or_default();
        let kind = unit.state.word();
        let why = unit.why.as_deref().unwrap_or_default();
        let failed: Vec<&Failed> = self.failures.of(&name).collect();
        let (verdict, message, text) = match (failed.first(), unit.state) {
            _ if unit.state.is_done() => (Verdict::Passed, String::new(), String::new()),
            (Some(first), _) => (Verdict::Failed, first.telling.clone(), failed.iter().map(|failed| told(failed)).collect()),
            (None, State::Pending | State::Running) => {
                (Verdict::Skipped, "not reached: the run ended before it".to_owned(), String::new())
            }
            (None, _) => (Verdict::Skipped, format!("passed over: {kind}: {why}"), String::new()),
        };
        Case { name, millis, verdict, message, text, kind }
    }

    fn gate(&self, phase: &PhaseLabel) -> Case {
        let failed = self.failures.gate(phase);
        let verdict = if failed.is_some() { Verdict::Failed } else { Verdict::Passed };
        let message = failed.map(|failed| failed.telling.clone()).unwrap_or_default();
        let text = failed.map(told).unwrap_or_default();
        Case { name: "gate".to_owned(), millis: 0, verdict, message, text, kind: "gate" }
    }
}

impl Case {
    fn push(&self, out: &mut String, suite: &str) {
        let (class, name, seconds) = (attribute(suite), attribute(&self.name), seconds(self.millis));
        push(out, format_args!("    <testcase classname=\"{class}\" name=\"{name}\" time=\"{seconds}\""));
        let (message, text) = (attribute(&self.message), content(&self.text));
        match self.verdict {
            Verdict::Passed => *out += "/>\n",
            Verdict::Skipped => push(out, format_args!(">\n      <skipped message=\"{message}\"/>\n    </testcase>\n")),
            Verdict::Failed | Verdict::Error => {
                let tag = if self.verdict == Verdict::Failed { "failure" } else { "error" };
                let kind = self.kind;
                push(
                    out,
                    format_args!(">\n      <{tag} message=\"{message}\" type=\"{kind}\">{text}</{tag}>\n    </testcase>\n"),
                );
            }
        }
    }
}

/// What there is to read of a failure: why, and where the log is.
fn told(failed: &Failed) -> String {
    let files = if failed.files.is_empty() { String::new() } else { format!("{}: ", failed.files.join(", ")) };
    let log = failed.log.as_ref().map(|log| format!("log: {log}\n")).unwrap_or_default();
    format!("{files}{}\n{log}", failed.reason)
}

/// What a person is to do about it.
fn help(stop: &Stop) -> String {
    match stop {
        Stop::Failed(note) | Stop::NotDone(note) | Stop::Usage(note) | Stop::Refused(note) | Stop::NeedsYou(note) => {
            format!("help: {}\n", note.help)
        }
        Stop::Plan(problems) | Stop::Rules(problems) | Stop::Targets(problems) => problems.render(false, 100),
        Stop::Interrupted(_) | Stop::Unbegun(_) => String::new(),
    }
}

/// The attributes that count test cases.
fn tally<'c>(cases: impl Iterator<Item = &'c Case> + Clone) -> String {
    let count = |verdict| cases.clone().filter(|case| case.verdict == verdict).count();
    format!(
        " tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\"",
        cases.clone().count(),
        count(Verdict::Failed),
        count(Verdict::Error),
        count(Verdict::Skipped),
        seconds(cases.clone().map(|case| case.millis).sum()),
    )
}

fn seconds(millis: u64) -> String {
    format!("{}.{:03}", millis / 1000, millis % 1000)
}

/// A text for the value of an attribute, on one line.
fn attribute(text: &str) -> String {
    quoted(valid(&escape::line(text.as_bytes())).as_str()).into_owned()
}

/// A text for the inside of an element.
fn content(text: &str) -> String {
    quoted(valid(&escape::text(text.as_bytes())).as_str()).into_owned()
}

/// The same without the two characters that XML 1.0 does not have and a terminal shows; control characters are escaped already.
fn valid(text: &str) -> String {
    text.replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

fn push(out: &mut String, args: std::fmt::Arguments<'_>) {
    out.write_fmt(args).expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;
    use crate::event::RunOutcome;
    use crate::results::junit;
    use crate::state::Counts;
    use crate::stop::Note;

    fn phase(ordinal: usize, id: &str) -> PhaseLabel {
        PhaseLabel { ordinal, id: id.into(), title: None }
    }

    fn end(unit: &str, state: State, why: Option<&str>) -> UnitEnd {
        UnitEnd { phase: phase(1, "P0"), unit: unit.into(), state, why: why.map(Into::into) }
    }

    fn finished(units: Vec<UnitEnd>) -> Event {
        let (tally, elsewhere, outcome) = (Counts::default(), Counts::default(), RunOutcome::Done);
        Event::RunFinished { tally, violations_left: 0, elsewhere, outcome, help: None, units: units.into() }
    }

    fn failed(unit: &str, reason: &str) -> Event {
        Event::UnitFailed { unit: unit.into(), files: Vec::new(), reason: reason.into(), log: None }
    }

    fn xml(events: &[Event], ended: Option<&Stop>) -> String {
        let mut report = Junit::default();
        events.iter().for_each(|event| report.see(event));
        report.xml(ended)
    }

    #[test]
    fn each_unit_is_a_test_case_of_its_phase() {
        let units = vec![
            end("a.py", State::Committed, None),
            end("b.py", State::Failed, Some("no")),
            end("c.py", State::Quarantined, Some("before")),
            end("d.py", State::Pending, None),
        ];
        let text = xml(&[failed("b.py", "a <b> & \"c\""), finished(units)], Some(&Stop::Failed(Note::new("x", "y"))));
        let want = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<testsuites name=\"migrate\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"2\" time=\"0.000\">
  <testsuite name=\"phase 1 (P0)\" tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"2\" time=\"0.000\">
    <testcase classname=\"phase 1 (P0)\" name=\"a.py\" time=\"0.000\"/>
    <testcase classname=\"phase 1 (P0)\" name=\"b.py\" time=\"0.000\">
      <failure message=\"a &lt;b&gt; &amp; &quot;c&quot;\" type=\"failed\">a &lt;b&gt; &amp; &quot;c&quot;
</failure>
    </testcase>
    <testcase classname=\"phase 1 (P0)\" name=\"c.py\" time=\"0.000\">
      <skipped message=\"passed over: quarantined: before\"/>
    </testcase>
    <testcase classname=\"phase 1 (P0)\" name=\"d.py\" time=\"0.000\">
      <skipped message=\"not reached: the run ended before it\"/>
    </testcase>
  </testsuite>
</testsuites>
";
        assert_eq!(text, want);
    }

    #[test]
    fn a_run_that_ended_badly_is_never_all_green() {
        for stop in [Stop::Refused(Note::new("dirty", "commit")), Stop::NotDone(Note::new("not done", "go on"))] {
            let text = xml(&[finished(vec![end("a.py", State::Committed, None)])], Some(&stop));
            assert!(
                text.contains(" errors=\"1\" ") && text.contains(&format!("<error message=\"{stop}\" type=\"run\">help: ")),
                "{text}"
            );
            assert!(xml(&[], Some(&stop)).contains(" tests=\"1\" failures=\"0\" errors=\"1\" "));
        }
        assert!(xml(&[finished(vec![end("a.py", State::Committed, None)])], None).contains(" failures=\"0\" errors=\"0\" "));
    }

    proptest! {
        #[test]
        fn names_of_any_characters_stay_one_test_case_of_valid_xml(name in any::<String>(), reason in any::<String>()) {
            let odd = format!("{name}\u{0}\u{ffff}\u{202e}]]>\x1b[2J\"'<&\n");
            let text = xml(&[failed(&odd, &reason), finished(vec![end(&odd, State::Failed, None)])], None);
            let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            assert!(text.chars().all(allowed), "{text:?}");
            let read = junit(text.as_bytes()).unwrap();
            assert_eq!(read.tests.len(), 1);
        }
    }
}
