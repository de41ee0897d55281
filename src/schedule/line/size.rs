//! How many units a batch holds, by the failure rate that was seen so far.
//!
//! The first bad unit of a batch is found by halving, and what stands behind it is judged in a new batch. So a batch of `m` units asks
//! once when all are good, and about `log2 m` times more to pass over its units up to the first bad one: a Golomb code of the runs of
//! good units. Its best `m` is the smallest with `q^m + q^(m + 1) <= 1`, where `q` is the share of good units (Gallager and van Voorhis,
//! 1975). From 38 % bad on that is one.

/// What is believed of the failure rate before anything was seen: as if so many of so many units had failed.
const BELIEVED_BAD: f64 = 0.25;
const BELIEVED: f64 = 6.0;

/// How much of the past counts after one more unit: bad units of one folder stand together, and what is long ago says little.
const REMEMBERED: f64 = 1.0 - 1.0 / 256.0;

/// From this share of bad units on, so few workers are no quicker than one: each failure is seen beside others and then repeated alone.
const ONE_IS_QUICKER: [(f64, usize); 2] = [(0.2, 2), (0.4, usize::MAX)];

/// A failure rate that is learnt while going.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    bad: f64,
    of: f64,
}

impl Rate {
    /// What is known where this many units failed of those that were seen.
    #[must_use]
    pub fn seen(bad: usize, of: usize) -> Self {
        let mut rate = Self { bad: 0.0, of: 0.0 };
        for nth in 0..of {
            rate.learn(nth < bad);
        }
        rate
    }

    /// Learns of one more unit.
    pub fn learn(&mut self, bad: bool) {
        self.bad = self.bad * REMEMBERED + f64::from(u8::from(bad));
        self.of = self.of * REMEMBERED + 1.0;
    }

    /// The share of bad units to reckon with.
    #[must_use]
    pub fn bad(self) -> f64 {
        (self.bad + BELIEVED_BAD) / (self.of + BELIEVED)
    }

    /// How many of so many workers are of use.
    #[must_use]
    pub fn jobs(self, jobs: usize) -> usize {
        let bad = self.bad();
        if ONE_IS_QUICKER.iter().any(|(share, most)| bad >= *share && jobs <= *most) { 1 } else { jobs }
    }

    /// How many units the next batch holds, when so many are judged side by side: what would be one batch is cut into so many. Together
    /// they may be bigger, since a failure is found in fewer turns: by simulation twice as big is quickest from 1 to 10 % bad.
    #[must_use]
    pub fn batch(self, jobs: usize, max: usize) -> usize {
        let (jobs, max) = (jobs.max(1), max.max(1));
        let best = best(1.0 - self.bad(), jobs.saturating_mul(max));
        let all = if jobs == 1 { best } else { best * 2 };
        all.div_ceil(jobs).clamp(1, max)
    }
}

/// The smallest `m` with `q^m + q^(m + 1) <= 1`, at most `most`.
fn best(good: f64, most: usize) -> usize {
    let mut power = good;
    let mut size = 1;
    while size < most && power * (1.0 + good) > 1.0 {
        power *= good;
        size += 1;
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_batch_for_each_failure_rate() {
        for (bad, want) in
            [(0.0, 1000), (0.001, 693), (0.01, 69), (0.02, 34), (0.05, 14), (0.1, 7), (0.2, 3), (0.3, 2), (0.4, 1), (1.0, 1)]
        {
            assert_eq!(best(1.0 - bad, 1000), want, "{bad}");
        }
    }

    #[test]
    fn a_batch_grows_while_units_pass_and_falls_back_to_one_while_they_fail() {
        let mut rate = Rate::seen(0, 0);
        assert_eq!(rate.batch(1, 64), 16);
        let mut sizes = Vec::new();
        while sizes.last() != Some(&64) {
            let size = rate.batch(1, 64);
            (0..size).for_each(|_| rate.learn(false));
            sizes.push(size);
            assert!(sizes.len() < 5, "{sizes:?}");
        }
        for _ in 0..200 {
            rate.learn(true);
        }
        assert_eq!(rate.batch(1, 64), 1);
        assert_eq!(Rate::seen(0, 1000).batch(1, 1), 1);
        assert_eq!(Rate::seen(0, 1000).batch(0, 0), 1);
    }

    #[test]
    fn what_runs_side_by_side_shares_what_would_be_one_batch() {
        let rate = Rate::seen(2, 100);
        let whole = rate.batch(1, 1000);
        assert_eq!(rate.batch(4, 1000), (2 * whole).div_ceil(4));
    }
}
