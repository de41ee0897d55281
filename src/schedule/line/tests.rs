//! What a line asks for and decides, step by step.

use crate::schedule::line::simulation_tests::{Dice, WATCHFUL, World, policy, simulate};
use crate::schedule::line::{Act, Answer, Condition, Entrant, Fault, Instead, Judged, Judging, Line, Lot, Policy, Ticket, Why};

/// A line with this many sound units, closed.
fn line(policy: Policy, units: usize) -> Line {
    let mut line = Line::new(policy);
    for whole in 0..units {
        line.push(Entrant { whole, kind: Condition::Sound });
    }
    line.close();
    line
}

/// All that it says at once.
fn all_acts(line: &mut Line) -> Vec<Act> {
    std::iter::from_fn(|| line.next_act()).collect()
}

fn judges(acts: &[Act]) -> Vec<Judging> {
    acts.iter().filter_map(|act| if let Act::Judge(judge) = act { Some(judge.clone()) } else { None }).collect()
}

#[track_caller]
fn only(acts: &[Act]) -> Judging {
    let [Act::Judge(judge)] = acts else { panic!("{acts:?}") };
    judge.clone()
}

fn places(units: std::ops::Range<usize>) -> Vec<Ticket> {
    units.map(Ticket).collect()
}

fn land(members: Vec<Ticket>, judged: Judged) -> Act {
    Act::Land(vec![Lot { members, judged }])
}

fn first(batch: usize, policy: Policy) -> Policy {
    Policy { first: Some(batch), ..policy }
}

#[test]
fn a_batch_that_passes_lands_as_a_whole() {
    let mut line = line(first(4, policy(8, 1)), 4);
    let judge = only(&all_acts(&mut line));
    assert_eq!((judge.base, judge.members, judge.again), (vec![], places(0..4), vec![]));
    assert!(all_acts(&mut line).is_empty());
    line.answer(judge.id, Answer::Passed);
    assert_eq!(all_acts(&mut line), [land(places(0..4), Judged::Together)]);
    line.landed(4);
    assert_eq!(all_acts(&mut line), [Act::Done]);
    assert!(all_acts(&mut line).is_empty());
}

#[test]
fn a_batch_that_fails_is_halved_and_what_passes_lands_at_once() {
    let mut line = line(first(4, policy(8, 1)), 4);
    let whole = only(&all_acts(&mut line));
    line.answer(whole.id, Answer::Failed);
    let front = only(&all_acts(&mut line));
    assert_eq!((front.base, front.members), (vec![], places(0..2)));
    line.answer(front.id, Answer::Passed);
    let acts = all_acts(&mut line);
    assert!(acts.contains(&land(places(0..2), Judged::Together)), "{acts:?}");
    // What failed in the batch may be a command about one of those that passed.
    let [third] = judges(&acts).try_into().unwrap();
    assert_eq!((third.base, third.members, third.again), (places(0..2), places(2..3), places(0..2)));
    line.landed(2);
    line.answer(third.id, Answer::Passed);
    // The fourth failed as the last one of the batch: no run is needed.
    assert_eq!(all_acts(&mut line), [land(places(2..3), Judged::Alone)]);
    line.landed(1);
    assert_eq!(all_acts(&mut line), [Act::GiveUp { unit: Ticket(3), fault: Fault::Own }, Act::Done]);
}

#[test]
fn a_failure_beside_others_counts_only_when_it_is_repeated_alone() {
    let mut line = line(policy(1, 2), 3);
    let [one, two] = judges(&all_acts(&mut line)).try_into().unwrap();
    assert_eq!((&two.base, &two.members), (&places(0..1), &places(1..2)));
    line.answer(one.id, Answer::Failed);
    // What holds it is ended, and nothing begins before that has ended.
    assert_eq!(all_acts(&mut line), [Act::Cancel(two.id)]);
    line.answer(two.id, Answer::Passed);
    let again = only(&all_acts(&mut line));
    assert_eq!((again.alone, again.repeats, &again.members), (true, Some(one.id), &places(0..1)));
    line.answer(again.id, Answer::Passed);
    let acts = all_acts(&mut line);
    assert!(acts.contains(&land(places(0..1), Judged::Alone)), "{acts:?}");
    // One at a time there is nothing that could disturb.
    line.one_at_a_time();
    let [two, three] = judges(&acts).try_into().unwrap();
    line.answer(three.id, Answer::Failed);
    line.answer(two.id, Answer::Passed);
    line.landed(1);
    let acts = all_acts(&mut line);
    assert!(judges(&acts)[0].alone);
    line.answer(judges(&acts)[0].id, Answer::Failed);
    line.landed(1);
    assert_eq!(all_acts(&mut line), [Act::GiveUp { unit: Ticket(2), fault: Fault::Own }, Act::Done]);
}

#[test]
fn units_that_need_each_other_pass_together() {
    for jobs in [1, 2, 8] {
        for one in 0..7 {
            let mut world = World::good(8);
            world.need_each_other = vec![(one, 7)];
            let out = simulate(&world, first(8, policy(8, jobs)), WATCHFUL, &mut Dice(3));
            assert_eq!(out.landed, (0..8).collect::<Vec<_>>(), "{one} {jobs}");
        }
    }
    // By themselves they fail.
    let mut world = World::good(8);
    world.need_each_other = vec![(3, 7)];
    assert_eq!(simulate(&world, policy(1, 1), WATCHFUL, &mut Dice(3)).given_up, [3, 7]);
}

#[test]
fn parts_of_a_unit_take_its_place_and_are_not_judged_together_again() {
    let mut line = Line::new(Policy { stops: true, ..policy(1, 1) });
    line.push(Entrant { whole: 0, kind: Condition::Replaceable });
    line.push(Entrant { whole: 1, kind: Condition::Sound });
    line.close();
    let whole = only(&all_acts(&mut line));
    line.answer(whole.id, Answer::Failed);
    assert_eq!(all_acts(&mut line), [Act::Instead(Ticket(0))]);
    assert!(all_acts(&mut line).is_empty());
    let part = Entrant { whole: 0, kind: Condition::Sound };
    assert_eq!(line.instead(&[part, part], Instead::Parts), places(2..4));
    let front = only(&all_acts(&mut line));
    assert_eq!(front.members, places(2..3));
    line.answer(front.id, Answer::Failed);
    // The phase stops at it, once the rest of its unit is through; what comes after is not judged.
    let acts = all_acts(&mut line);
    assert_eq!(acts[1], Act::GiveUp { unit: Ticket(2), fault: Fault::Own });
    let [behind] = judges(&acts).try_into().unwrap();
    assert_eq!(behind.members, places(3..4));
    line.answer(behind.id, Answer::Passed);
    assert_eq!(all_acts(&mut line), [land(places(3..4), Judged::Alone)]);
    line.landed(1);
    assert_eq!(all_acts(&mut line), [Act::Stop(Why::Failed)]);
}

#[test]
fn another_attempt_is_judged_anew() {
    let mut line = Line::new(policy(1, 1));
    line.push(Entrant { whole: 0, kind: Condition::Replaceable });
    line.close();
    let judge = only(&all_acts(&mut line));
    line.answer(judge.id, Answer::Failed);
    assert_eq!(all_acts(&mut line), [Act::Instead(Ticket(0))]);
    line.instead(&[Entrant { whole: 0, kind: Condition::Sound }], Instead::Another);
    let judge = only(&all_acts(&mut line));
    assert_eq!(judge.members, places(1..2));
    line.answer(judge.id, Answer::Failed);
    assert_eq!(all_acts(&mut line), [Act::GiveUp { unit: Ticket(1), fault: Fault::Own }, Act::Done]);
}

#[test]
fn several_units_in_a_row_that_no_command_can_judge_end_the_phase() {
    use Answer::{CouldNotJudge, Failed, Passed};
    for (answers, want) in [
        ([CouldNotJudge, CouldNotJudge, CouldNotJudge, Passed], Act::Stop(Why::CouldNotJudge)),
        ([CouldNotJudge, CouldNotJudge, Failed, CouldNotJudge], Act::Done),
        ([CouldNotJudge, CouldNotJudge, Passed, CouldNotJudge], Act::Done),
    ] {
        let mut line = line(Policy { most_not_judged: 3, ..policy(1, 1) }, 4);
        let mut answers = answers.into_iter();
        let mut last = None;
        while last.as_ref().is_none_or(|act| !matches!(act, Act::Stop(_) | Act::Done)) {
            for act in all_acts(&mut line) {
                match &act {
                    Act::Judge(judge) => line.answer(judge.id, answers.next().unwrap()),
                    Act::Land(_) => line.landed(1),
                    _ => {}
                }
                last = Some(act);
            }
        }
        assert_eq!(last, Some(want));
    }
}

#[test]
fn what_landed_only_in_part_is_judged_again_without_the_one_that_could_not() {
    let mut line = line(first(3, policy(8, 1)), 3);
    let judge = only(&all_acts(&mut line));
    line.answer(judge.id, Answer::Passed);
    assert!(matches!(all_acts(&mut line)[..], [Act::Land(_)]));
    line.landed(1);
    line.take_out(Ticket(1));
    let acts = all_acts(&mut line);
    assert_eq!(acts[1], Act::GiveUp { unit: Ticket(1), fault: Fault::Draft }, "{acts:?}");
    let judge = judges(&acts)[0].clone();
    assert_eq!((judge.base, judge.members), (vec![], places(2..3)));
}

#[test]
fn a_line_wants_as_many_units_as_can_be_judged_and_one_batch_more() {
    let mut line = Line::new(first(4, policy(8, 2)));
    assert_eq!(line.wants(), 12);
    for whole in 0..12 {
        line.push(Entrant { whole, kind: Condition::Sound });
    }
    assert_eq!(line.wants(), 0);
    assert_eq!(judges(&all_acts(&mut line))[0].members, places(0..4));
    line.close();
    assert_eq!(line.wants(), 0);
}

#[test]
fn a_phase_of_hundreds_gets_the_same_verdicts_as_one_by_one() {
    for (bad, jobs, batch_max) in
        [(0, 1, 64), (10, 1, 64), (200, 1, 64), (10, 2, 64), (10, 8, 64), (200, 8, 64), (50, 8, 1), (500, 2, 1)]
    {
        for seed in 0..5 {
            let mut dice = Dice(seed);
            let world = World { disturbed: 20, ..World::random(230, bad, &mut dice) };
            let out = simulate(&world, policy(batch_max, jobs), WATCHFUL, &mut dice);
            assert_eq!((out.landed, out.given_up), world.one_by_one(&policy(batch_max, jobs)), "{bad} {jobs} {batch_max}");
            assert!(jobs > 1 || out.repeats == 0, "what runs alone needs no repetition");
        }
    }
}
