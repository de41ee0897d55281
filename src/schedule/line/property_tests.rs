//! The line against an oracle that judges each unit by itself, in random worlds.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::schedule::line::simulation_tests::{Dice, Outcome, Owner, WATCHFUL, World, policy, simulate};
use crate::schedule::line::{Fault, Policy, Why};

const UNITS: usize = 24;

/// Units that fail by themselves, two or three together; drafts that fail; units that are taken back.
fn world() -> impl Strategy<Value = World> {
    let few = || vec(0..UNITS, 0..4);
    let groups = vec((0..UNITS, 2..6_usize), 0..3);
    (1..=UNITS, few(), vec(vec(0..UNITS, 2..4), 0..4), few(), groups).prop_map(|(units, bad, together, unsound, groups)| {
        let mut world = World::good(units);
        bad.into_iter().filter(|unit| *unit < units).for_each(|unit| world.bad[unit] = true);
        world.fail_together = together.into_iter().filter(|set| set.iter().all(|unit| *unit < units)).collect();
        world.unsound = unsound;
        world.groups = groups.into_iter().map(|(start, wide)| start..start + wide).collect();
        world
    })
}

fn how() -> impl Strategy<Value = Policy> {
    let limit = prop_oneof![Just((None, false)), Just((None, true)), (0..4_usize).prop_map(|most| (Some(most), false))];
    let first = proptest::option::of(1..30_usize);
    (1..20_usize, 1..9_usize, limit, any::<bool>(), any::<bool>(), first).prop_map(
        |(batch_max, jobs, (most_given_up, stops), pairs, lands_several, first)| Policy {
            most_given_up,
            stops,
            pairs,
            lands_several,
            first,
            ..policy(batch_max, jobs)
        },
    )
}

fn same_as_one_by_one(world: &World, policy: Policy, out: &Outcome) -> Result<(), TestCaseError> {
    let (landed, given_up) = world.one_by_one(&policy);
    prop_assert_eq!(&out.landed, &landed);
    prop_assert_eq!(&out.given_up, &given_up);
    let all = landed.len() + given_up.len() == world.units;
    prop_assert!(all || out.stopped.is_some(), "{:?}", out);
    match out.stopped {
        Some(Why::Failed) => prop_assert!(policy.stops),
        Some(Why::TooManyGivenUp) => prop_assert!(policy.most_given_up.is_some()),
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: if std::env::var_os("MIGRATE_FULL").is_some() { 20_000 } else { 300 }, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_unit_gets_the_verdict_that_it_gets_one_by_one(world in world(), policy in how(), seed: u64) {
        let out = simulate(&world, policy, WATCHFUL, &mut Dice(seed));
        same_as_one_by_one(&world, policy, &out)?;
    }

    #[test]
    fn failures_that_others_cause_rescue_themselves(mut world in world(), policy in how(), seed: u64, disturbed in 1..300_u32) {
        world.disturbed = disturbed;
        let out = simulate(&world, policy, WATCHFUL, &mut Dice(seed));
        same_as_one_by_one(&world, Policy { pairs: false, ..policy }, &out)?;
    }

    #[test]
    fn nothing_changes_when_the_branch_moves_or_judgings_are_ended(world in world(), policy in how(), seed: u64, meddled in 1..200_u32) {
        let out = simulate(&world, policy, Owner { meddled, ..WATCHFUL }, &mut Dice(seed));
        same_as_one_by_one(&world, policy, &out)?;
    }

    #[test]
    fn what_is_taken_back_after_it_landed_counts_for_nothing_behind_it(
        mut world in world(),
        policy in how(),
        seed: u64,
        taken_back in vec(0..UNITS, 0..4),
    ) {
        world.groups.clear();
        world.taken_back = taken_back;
        // Alone, so that a unit lands before the next one is judged for good; a batch is verified as a whole.
        let policy = Policy { batch_max: 1, ..policy };
        let out = simulate(&world, policy, WATCHFUL, &mut Dice(seed));
        same_as_one_by_one(&world, policy, &out)?;
    }

    #[test]
    fn whoever_breaks_the_test_of_another_is_out_and_not_who_comes_behind(
        (broken, breaker) in (0..UNITS - 1).prop_flat_map(|broken| (Just(broken), broken + 1..UNITS)),
        bad in 0..UNITS,
        policy in how(),
        seed: u64,
    ) {
        let mut world = World::good(UNITS);
        (world.breaks, world.bad[bad]) = (vec![(breaker, broken)], true);
        let policy = Policy { stops: false, most_given_up: None, ..policy };
        let out = simulate(&world, policy, WATCHFUL, &mut Dice(seed));
        // It is noticed where one batch holds the two.
        let innocent: Vec<&usize> = out.given_up.iter().filter(|unit| **unit != breaker && **unit != bad).collect();
        prop_assert!(innocent.is_empty(), "{:?}", innocent);
        prop_assert!(out.given_up.contains(&bad));
    }

    #[test]
    fn whoever_fails_only_with_another_is_told_with_whom(
        (earlier, later) in (0..UNITS - 1).prop_flat_map(|earlier| (Just(earlier), earlier + 1..UNITS)),
        bad in 0..UNITS,
        policy in how(),
        seed: u64,
    ) {
        let mut world = World::good(UNITS);
        world.fail_together = vec![vec![earlier, later]];
        world.bad[bad] = true;
        let policy = Policy { pairs: true, stops: false, most_given_up: None, ..policy };
        let out = simulate(&world, policy, WATCHFUL, &mut Dice(seed));
        prop_assert_eq!(out.faults.get(&bad), Some(&Fault::Own));
        if bad != earlier && bad != later {
            prop_assert_eq!(out.faults.get(&later), Some(&Fault::With(super::Ticket(earlier))));
        }
    }
}
