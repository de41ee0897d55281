//! Culprits against a gate that is known, and one that does not always tell the truth.

use std::collections::BTreeSet;

use crate::schedule::culprits::{Ask, Culprit, Culprits, Found, Step, TURNS, With, cost};
use crate::schedule::line::simulation_tests::Dice;

/// What makes the gate fail: any of these sets of units, all of them together.
type Faults = Vec<Vec<usize>>;

fn fails(faults: &Faults, without: &BTreeSet<usize>) -> bool {
    faults.iter().any(|fault| fault.iter().all(|unit| !without.contains(unit)))
}

fn find(units: usize, turns: usize, mut fails: impl FnMut(&BTreeSet<usize>) -> bool) -> (Found, usize) {
    let (mut culprits, mut asked) = (Culprits::new(units, turns), 0);
    loop {
        match culprits.step() {
            Step::Done(found) => return (found, asked),
            Step::Ask { without, why } => {
                assert!(why != Ask::Again || without.is_empty());
                assert!(why != Ask::Before || without.len() == units);
                assert!(without.iter().all(|unit| *unit < units));
                culprits.answer(!fails(&without));
                asked += 1;
                assert!(asked < 100_000, "it never ends");
            }
        }
    }
}

fn alone(unit: usize) -> Culprit {
    Culprit { unit, with: With::Nothing }
}

#[test]
fn all_units_that_fail_by_themselves_are_found_at_the_cost_that_was_told() {
    for units in 1..=10_usize {
        for bad in 1..1_usize << units {
            let bad: Vec<usize> = (0..units).filter(|unit| bad >> unit & 1 == 1).collect();
            let faults = bad.iter().map(|unit| vec![*unit]).collect();
            let (found, asked) = find(units, TURNS, |without| fails(&faults, without));
            assert_eq!(found, Found::Culprits(bad.iter().map(|unit| alone(*unit)).collect()), "{bad:?} of {units}");
            assert!(asked <= cost(units, bad.len(), TURNS), "{asked} for {bad:?} of {units}");
        }
    }
}

#[test]
fn one_of_many_costs_what_is_told() {
    for (units, turns, want) in [(1, 1, 4), (64, 1, 10), (230, 1, 12), (230, 8, 26), (10_000, 8, 32)] {
        assert_eq!(cost(units, 1, turns), want, "{units} {turns}");
        let most = (0..units).step_by(1 + units / 20).map(|bad| find(units, turns, |without| !without.contains(&bad)).1).max();
        assert_eq!(most, Some(want), "{units} {turns}");
    }
}

#[test]
fn of_two_that_fail_only_together_the_later_is_found_and_the_other_told() {
    for units in 2..12 {
        for later in 1..units {
            for earlier in 0..later {
                let faults = vec![vec![earlier, later]];
                let want = Culprit { unit: later, with: With::Unit(earlier) };
                assert_eq!(find(units, TURNS, |without| fails(&faults, without)).0, Found::Culprits(vec![want]));
            }
        }
    }
    let three = vec![vec![1, 4, 6]];
    let want = Culprit { unit: 6, with: With::Several };
    assert_eq!(find(8, TURNS, |without| fails(&three, without)).0, Found::Culprits(vec![want]));
}

#[test]
fn what_is_red_without_the_units_has_no_culprit() {
    assert_eq!(find(20, TURNS, |_| true), (Found::RedBefore, 2));
    assert_eq!(find(0, TURNS, |_| true), (Found::RedBefore, 0));
}

#[test]
fn what_passes_when_it_is_asked_again_has_no_culprit() {
    assert_eq!(find(20, TURNS, |_| false), (Found::Flaky, 1));
}

#[test]
fn what_does_not_fail_alone_is_not_blamed() {
    // It fails with more than three of the five, whichever they are.
    let too_many = |without: &BTreeSet<usize>| without.len() < 2;
    let Found::Culprits(found) = find(5, TURNS, too_many).0 else { panic!("nothing was found") };
    assert_eq!(found, [Culprit { unit: 3, with: With::Several }, Culprit { unit: 4, with: With::Several }]);
    // 1 makes good what 0 does, and 2 is bad: taken out with 2, 0 was to blame for nothing.
    let made_good = |without: &BTreeSet<usize>| (!without.contains(&0) && without.contains(&1)) || !without.contains(&2);
    assert_eq!(find(3, TURNS, made_good).0, Found::Flaky);
}

#[test]
fn an_outage_blames_nobody() {
    for units in [1, 2, 7, 64] {
        for begins in 0..40 {
            for lasts in 0..60 {
                let mut now = 0;
                let out = |_: &BTreeSet<usize>| {
                    now += 1;
                    (begins..begins + lasts).contains(&(now - 1))
                };
                let found = find(units, TURNS, out).0;
                assert!(!matches!(found, Found::Culprits(_)), "{units}: from {begins} on for {lasts}: {found:?}");
            }
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    asked_for: usize,
    runs: usize,
    found: usize,
    wrongly: usize,
}

/// Phases with no, one or more bad units, whose gate gives a wrong answer so many times in a thousand.
fn phases(many: u64, turns: usize, false_failures: u32, false_passes: u32) -> Count {
    let mut count = Count::default();
    for seed in 0..many {
        let mut dice = Dice(seed ^ u64::from(false_failures) << 32 ^ u64::from(false_passes) << 48);
        let units = 1 + dice.below(64);
        let faults: Faults = match dice.below(4) {
            0 => Vec::new(),
            bad => (0..bad).map(|nth| (0..1 + nth / 2).map(|_| dice.below(units)).collect()).collect(),
        };
        let mut answer = |without: &BTreeSet<usize>| {
            let fails = fails(&faults, without);
            fails != dice.happens(if fails { false_passes } else { false_failures })
        };
        if !answer(&BTreeSet::new()) {
            continue;
        }
        let (found, asked) = find(units, turns, answer);
        count.asked_for += 1;
        count.runs += asked;
        if let Found::Culprits(found) = found {
            count.found += 1;
            count.wrongly += usize::from(found.iter().any(|culprit| !faults.iter().flatten().any(|unit| *unit == culprit.unit)));
        }
    }
    count
}

#[test]
fn no_good_unit_is_ever_reverted_by_a_gate_that_fails_by_chance() {
    let many = if std::env::var_os("MIGRATE_FULL").is_some() { 10_000 } else { 1_000 };
    for (false_failures, false_passes) in [(10, 0), (50, 0), (100, 0), (300, 0), (100, 100), (300, 300), (0, 300), (500, 0)] {
        let count = phases(many, TURNS, false_failures, false_passes);
        assert!(count.asked_for as u64 > many / 3, "{count:?}");
        assert_eq!(count.wrongly, 0, "{false_failures} {false_passes}: {count:?}");
    }
    // Where the gate tells the truth, the bad ones are found.
    let honest = phases(many, TURNS, 0, 0);
    assert_eq!(honest.found, honest.asked_for);
    // It is the turns that do it.
    assert!(phases(1_000, 1, 300, 0).wrongly > 20);
}

#[test]
fn the_docs_tell_how_often_a_good_unit_is_blamed_by_the_number_of_turns() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/batches.md")).unwrap();
    let full = std::env::var_os("MIGRATE_FULL").is_some();
    for (what, false_failures, false_passes, quick) in [
        ("1 % false failures", 10, 0, false),
        ("10 % false failures", 100, 0, true),
        ("30 % false failures", 300, 0, false),
        ("30 % false failures and false passes", 300, 300, false),
        ("50 % false failures", 500, 0, false),
    ] {
        assert!(page.contains(&format!("| {what} | ")), "{what}");
        if quick || full {
            let wrongly = [1, 2, 4, 6, 8].map(|turns| phases(10_000, turns, false_failures, false_passes).wrongly);
            let row = format!("| {what} | {} |\n", wrongly.map(|count| count.to_string()).join(" | "));
            assert!(page.contains(&row), "docs/batches.md does not say: {row}");
        }
    }
}
