//! The line against an oracle that judges each unit by itself.

use crate::schedule::line::simulation_tests::{Dice, WATCHFUL, World, policy, simulate};

#[test]
fn units_that_fail_by_themselves_get_the_same_verdicts_as_one_by_one() {
    for (bad, jobs, batch_max) in
        [(0, 1, 64), (10, 1, 64), (200, 1, 64), (10, 2, 64), (10, 8, 64), (200, 8, 64), (50, 8, 1), (500, 2, 1)]
    {
        for seed in 0..20 {
            let mut dice = Dice(seed);
            let world = World::random(230, bad, &mut dice);
            let out = simulate(&world, policy(batch_max, jobs), WATCHFUL, &mut dice);
            assert_eq!((out.landed, out.given_up), world.one_by_one(&policy(batch_max, jobs)), "{bad} {jobs} {batch_max}");
        }
    }
}
