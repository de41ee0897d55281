//! Whether one row of measurements is greater than another by more than chance: the exact one-sided test of Mann and Whitney.
//!
//! H. B. Mann and D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", Annals of
//! Mathematical Statistics 18 (1947), 50-60. Of n and m measurements of the same thing all orders are equally likely, whatever the noise is
//! like; U counts the pairs in which the first is not greater than the second. Nothing is assumed of the shape of the noise, only that
//! one measurement is as likely to be disturbed as the other, which is why the two are measured in turn.

/// So unlikely must a difference be among equals to count as one: 1 in 1,000.
pub const LIMIT: f64 = 0.001;

/// The fewest measurements of each side that can show a difference under [`LIMIT`] with room for two pairs in the wrong order.
pub const FEWEST: u32 = 8;

/// The most that are worth their time.
pub const MOST: u32 = 30;

/// True when `these` are shown to be greater than `those`. Equal values count against it, so that coarse clocks act less, not more.
#[must_use]
pub fn is_greater(these: &[f64], those: &[f64]) -> bool {
    let not_greater = these.iter().map(|this| those.iter().filter(|that| *this <= **that).count()).sum();
    chance(these.len(), those.len(), not_greater) <= LIMIT
}

/// How likely it is among equals that at most `pairs` of the `n` by `m` pairs are in the wrong order.
#[must_use]
pub fn chance(n: usize, m: usize, pairs: usize) -> f64 {
    if n == 0 || m == 0 {
        return 1.0;
    }
    let ways = arrangements(n, m);
    let (all, few): (u128, u128) = (ways.iter().sum(), ways.iter().take(pairs + 1).sum());
    few as f64 / all as f64
}

/// In how many orders of `n` and `m` values 0, 1, 2 ... pairs are in the wrong order: the coefficients of the Gaussian binomial.
fn arrangements(n: usize, m: usize) -> Vec<u128> {
    let size = n * m + 1;
    let mut ways = vec![0u128; size];
    ways[0] = 1;
    for step in 1..=m {
        // Times (1 - q^(n + step)), then over (1 - q^step); modulo 2^128, in which the result is exact.
        for at in (n + step..size).rev() {
            ways[at] = ways[at].wrapping_sub(ways[at - n - step]);
        }
        for at in step..size {
            ways[at] = ways[at].wrapping_add(ways[at - step]);
        }
    }
    ways
}

/// The middle of some values; none where there are none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = sorted.get(middle.checked_sub(1)?)?;
    Some(lower + (upper - lower) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_that_of_the_tables() {
        assert_eq!(arrangements(2, 2), [1, 1, 2, 1, 1]);
        assert_eq!(arrangements(8, 8).iter().sum::<u128>(), 12_870);
        // Critical values of U, one-sided, at 0.05, 0.01 and 0.001, as the published tables have them.
        for (n, m, level, critical) in [
            (5, 5, 0.05, 4),
            (5, 5, 0.01, 1),
            (8, 8, 0.05, 15),
            (8, 8, 0.01, 9),
            (8, 8, 0.001, 4),
            (10, 10, 0.05, 27),
            (10, 10, 0.01, 19),
            (10, 10, 0.001, 10),
            (20, 20, 0.01, 114),
        ] {
            assert!(chance(n, m, critical) <= level && chance(n, m, critical + 1) > level, "{n} {m} {level}");
        }
        assert_eq!(arrangements(30, 30).iter().sum::<u128>(), 118_264_581_564_861_424);
    }

    #[test]
    fn a_difference_must_be_more_than_chance_and_equals_show_none() {
        let low: Vec<f64> = (0..8).map(f64::from).collect();
        let high: Vec<f64> = low.iter().map(|value| value + 7.5).collect();
        assert!(is_greater(&high, &low));
        assert!(!is_greater(&low, &high));
        assert!(!is_greater(&low, &low));
        assert!(!is_greater(&[5.0; 8], &[5.0; 8]), "a clock that is too coarse shows nothing");
        assert!(!is_greater(&high[..3], &low[..3]), "three and three can show nothing");
        assert!(!is_greater(&[], &low) && !is_greater(&low, &[]));
        assert!(f64::from(FEWEST) > 0.0 && chance(8, 8, 2) < LIMIT);
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }

    /// Timings in milliseconds of one Python program, one after the other on a busy machine with two cores.
    const NOISE: &str = include_str!("noise.txt");

    /// Where a measurement began in the recording decides what it saw.
    struct Recording {
        timings: Vec<f64>,
        state: u64,
    }

    impl Recording {
        fn new() -> Self {
            let timings = NOISE.lines().filter(|line| !line.starts_with('#')).map(|line| line.parse().unwrap());
            Self { timings: timings.collect(), state: 1 }
        }

        fn random(&mut self, below: usize) -> usize {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(self.state >> 33).unwrap() % below
        }

        /// Base and tip as they are measured: in turn, each first every other time.
        fn measured(&mut self, slower: f64) -> (Vec<f64>, Vec<f64>) {
            let from = self.random(self.timings.len() - 16);
            let (mut base, mut tip) = (Vec::new(), Vec::new());
            for (at, pair) in self.timings[from..from + 16].chunks(2).enumerate() {
                let (first, second) = if at % 2 == 0 { (&mut base, &mut tip) } else { (&mut tip, &mut base) };
                first.push(pair[0]);
                second.push(pair[1]);
            }
            (base, tip.into_iter().map(|value| value * slower).collect())
        }

        /// True when a trigger on `baseline + margin` takes something back: it holds, and holds once more.
        fn acts(&mut self, slower: f64, margin: f64) -> bool {
            (0..2).all(|_| {
                let (base, tip) = self.measured(slower);
                let limit: Vec<f64> = base.iter().map(|value| value * margin).collect();
                median(&tip) > median(&limit) && is_greater(&tip, &limit)
            })
        }
    }

    #[test]
    fn noise_takes_nothing_back_in_a_thousand_runs_and_a_real_loss_does() {
        let mut recording = Recording::new();
        assert!(recording.timings.len() >= 1000);
        let spread = |recording: &Recording| {
            let mut sorted = recording.timings.clone();
            sorted.sort_by(f64::total_cmp);
            sorted[sorted.len() * 95 / 100] / sorted[sorted.len() / 20]
        };
        assert!(spread(&recording) > 1.15, "the recording is noisy: {}", spread(&recording));
        const RUNS: usize = 20_000;
        let false_alarms = (0..RUNS).filter(|_| recording.acts(1.0, 1.0)).count();
        assert!(false_alarms < RUNS / 1000, "without any margin: {false_alarms} of {RUNS}");
        let false_alarms = (0..RUNS).filter(|_| recording.acts(1.0, 1.1)).count();
        assert!(false_alarms < RUNS / 1000, "with a margin of 10 %: {false_alarms} of {RUNS}");
        let found = (0..RUNS).filter(|_| recording.acts(2.0, 1.1)).count();
        assert!(found > RUNS * 8 / 10, "twice as slow: found in {found} of {RUNS}");
    }
}
