//! Where the next candidates of a batch that failed end.
//!
//! Candidates hold the units from the front of the line up to their end. Between an end that passed and one that failed the first bad
//! unit is found by candidates that end in between: one that passes shows that the bad one stands behind its end, one that fails that it
//! does not. Nothing is inferred from what holds a bad unit about what stands behind it.

/// Ends for so many free workers in the gap between what passed and what failed; `running` are the ends in between that are being
/// judged, in order.
#[must_use]
pub fn ends(passed: usize, failed: usize, running: &[usize], free: usize) -> Vec<usize> {
    let mut borders = vec![passed];
    borders.extend(running.iter().filter(|end| (passed + 1..failed).contains(*end)));
    borders.push(failed);
    let mut gaps: Vec<Gap> = borders.windows(2).map(|pair| Gap { from: pair[0], to: pair[1], cuts: 0 }).collect();
    for _ in 0..free {
        let Some(widest) = gaps.iter_mut().filter(|gap| gap.cuts + 1 < gap.to - gap.from).max_by_key(|gap| gap.part()) else {
            break;
        };
        widest.cuts += 1;
    }
    gaps.iter().flat_map(Gap::ends).collect()
}

struct Gap {
    from: usize,
    to: usize,
    cuts: usize,
}

impl Gap {
    fn part(&self) -> usize {
        (self.to - self.from).div_ceil(self.cuts + 1)
    }

    fn ends(&self) -> Vec<usize> {
        let wide = self.to - self.from;
        match self.cuts {
            0 => Vec::new(),
            1 => vec![self.from + half(wide)],
            cuts => (1..=cuts).map(|nth| self.from + wide * nth / (cuts + 1)).collect(),
        }
    }
}

/// Where to cut so many units in two. The first bad one is a little more likely to stand in front, so what is no power of two is cut
/// such that fewer steps lead to the front.
fn half(wide: usize) -> usize {
    let power = 1 << wide.ilog2();
    if wide >= power + power / 2 { wide - power } else { power / 2 }.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_worker_cuts() {
        for (wide, want) in [(2, 1), (3, 1), (4, 2), (5, 2), (6, 2), (7, 3), (8, 4), (12, 4), (13, 5), (16, 8), (64, 32)] {
            assert_eq!(ends(10, 10 + wide, &[], 1), [10 + want], "{wide}");
        }
        assert!(ends(10, 11, &[], 1).is_empty());
    }

    #[test]
    fn several_workers_cut_evenly_and_never_where_one_is_at_work() {
        assert_eq!(ends(0, 64, &[], 3), [16, 32, 48]);
        assert_eq!(ends(0, 64, &[32], 2), [16, 48]);
        assert_eq!(ends(0, 3, &[], 8), [1, 2]);
        assert_eq!(ends(0, 3, &[1], 8), [2]);
        assert!(ends(0, 3, &[1, 2], 8).is_empty());
        assert_eq!(ends(5, 9, &[2, 12], 1), [7]);
    }

    #[test]
    fn halving_finds_each_unit_in_no_more_steps_than_bits() {
        for wide in 1..200_usize {
            for bad in 1..=wide {
                let (mut passed, mut failed, mut steps) = (0, wide, 0);
                while failed - passed > 1 {
                    let end = ends(passed, failed, &[], 1)[0];
                    if end < bad {
                        passed = end;
                    } else {
                        failed = end;
                    }
                    steps += 1;
                }
                assert_eq!(failed, bad);
                assert!(steps <= wide.next_power_of_two().ilog2(), "{wide} {bad}: {steps}");
            }
        }
    }
}
