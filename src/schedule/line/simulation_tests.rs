//! A world in which units fail, alone or together, and an owner that judges in it.

use std::collections::{BTreeMap, HashSet};

use crate::schedule::line::{Act, Answer, Draft, Fault, Judge, Judged, JudgingId, Kind, Line, Place, Policy, Rate, Why};

/// Random numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, most: usize) -> usize {
        (self.roll() % most as u64) as usize
    }

    pub fn happens(&mut self, per_mille: u32) -> bool {
        self.roll() % 1000 < u64::from(per_mille)
    }
}

/// What is wrong with which units.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub units: usize,
    /// A candidate that holds all of one of these fails.
    pub fail_together: Vec<Vec<usize>>,
    pub bad: Vec<bool>,
    /// A candidate that holds exactly one of such two fails.
    pub need_each_other: Vec<(usize, usize)>,
    /// Units whose drafts fail.
    pub unsound: Vec<usize>,
    /// Per mille of the judgings beside others that fail for that.
    pub disturbed: u32,
}

impl World {
    pub fn good(units: usize) -> Self {
        Self { units, bad: vec![false; units], ..Self::default() }
    }

    pub fn random(units: usize, bad_per_mille: u32, dice: &mut Dice) -> Self {
        Self { bad: (0..units).map(|_| dice.happens(bad_per_mille)).collect(), ..Self::good(units) }
    }

    fn fails(&self, new: &[usize], holds: &dyn Fn(usize) -> bool) -> bool {
        new.iter().any(|unit| self.bad[*unit])
            || self.fail_together.iter().any(|set| set.iter().all(|unit| holds(*unit)))
            || self.need_each_other.iter().any(|(one, other)| holds(*one) != holds(*other))
    }

    /// What lands when each unit is judged by itself, one after the other; where that ends.
    pub fn one_by_one(&self, policy: &Policy) -> (Vec<usize>, Vec<usize>) {
        let (mut landed, mut given_up) = (Vec::new(), Vec::new());
        let mut has = vec![false; self.units];
        for unit in 0..self.units {
            has[unit] = true;
            if self.unsound.contains(&unit) || self.fails(&[unit], &|other| has[other]) {
                has[unit] = false;
                given_up.push(unit);
                if policy.stops || policy.most_given_up.is_some_and(|most| given_up.len() > most) {
                    break;
                }
            } else {
                landed.push(unit);
            }
        }
        (landed, given_up)
    }
}

/// What a simulated phase came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    pub landed: Vec<usize>,
    pub given_up: Vec<usize>,
    pub faults: BTreeMap<usize, Fault>,
    pub needed_each_other: Vec<usize>,
    pub stopped: Option<Why>,
    /// How many judgings there were, and how many of them repeated a failure, and looked for pairs.
    pub runs: usize,
    pub repeats: usize,
    pub pairs: usize,
    pub rescues: usize,
    /// When it ended; a judging takes one, or a little more or less where `jitter` says so.
    pub time: f64,
}

pub fn policy(batch_max: usize, jobs: usize) -> Policy {
    let rate = Rate::seen(0, 0);
    let (most_given_up, stops, pairs, first) = (None, false, false, None);
    Policy { batch_max, jobs, most_given_up, stops, most_not_judged: usize::MAX, pairs, rate, first }
}

struct Job {
    judge: Judge,
    ends: f64,
    fails: bool,
}

/// How an owner behaves.
#[derive(Debug, Clone, Copy)]
pub struct Owner {
    /// Whether every candidate is remembered, to see that none is judged twice and that only what passed lands.
    pub remembers: bool,
    /// In per mille of the answers, somebody else moves the branch, or a judging is ended from outside.
    pub meddled: u32,
    /// How much longer or shorter than one a judging takes.
    pub jitter: f64,
}

pub const PLAIN: Owner = Owner { remembers: false, meddled: 0, jitter: 0.5 };
pub const WATCHFUL: Owner = Owner { remembers: true, ..PLAIN };

pub fn simulate(world: &World, policy: Policy, owner: Owner, dice: &mut Dice) -> Outcome {
    let mut line = Line::new(policy);
    let mut out = Outcome::default();
    let (mut pushed, mut has) = (0, vec![false; world.units]);
    let mut jobs: BTreeMap<JudgingId, Job> = BTreeMap::new();
    let (mut judged, mut passed) = (HashSet::new(), HashSet::new());
    loop {
        while pushed < world.units && line.wants() > 0 {
            let kind = if world.unsound.contains(&pushed) { Kind::Unsound } else { Kind::Sound };
            assert_eq!(line.push(Draft { whole: pushed, kind }), Place(pushed));
            pushed += 1;
        }
        if pushed == world.units {
            line.close();
        }
        let acts = line.acts();
        let nothing = acts.is_empty();
        for act in acts {
            match act {
                Act::Judge(judge) => {
                    assert!(jobs.len() < policy.jobs, "more than {} jobs", policy.jobs);
                    assert!(!jobs.values().any(|job| job.judge.alone), "something runs beside what is to be alone");
                    assert!(!judge.alone || jobs.is_empty(), "what is to be alone runs beside something");
                    let new: Vec<usize> = judge.base.iter().chain(&judge.members).map(|unit| unit.0).collect();
                    let holds = |unit| (has[unit] && !judge.without.contains(&Place(unit))) || new.contains(&unit);
                    let fails = world.fails(&new, &holds);
                    out.runs += 1;
                    out.repeats += usize::from(judge.repeats.is_some());
                    out.pairs += usize::from(judge.is_about_a_pair);
                    if owner.remembers {
                        let set: Vec<usize> = (0..world.units).filter(|unit| holds(*unit)).collect();
                        let is_new = judged.insert(set.clone());
                        assert!(is_new || judge.repeats.is_some() || owner.meddled > 0, "{set:?} is judged twice");
                        if !fails {
                            passed.insert(set);
                        }
                    }
                    let ends = out.time + 1.0 + owner.jitter * (dice.below(2000) as f64 / 1000.0 - 1.0);
                    jobs.insert(judge.id, Job { judge, ends, fails });
                }
                Act::Cancel(id) => {
                    let job = jobs.remove(&id).expect("what is cancelled runs");
                    line.answer(job.judge.id, if dice.happens(500) { Answer::NoVerdict } else { Answer::Failed });
                }
                Act::Land { members, judged } => {
                    let units: Vec<usize> = members.iter().map(|unit| unit.0).collect();
                    assert_eq!(units.len() == 1, judged == Judged::Alone);
                    assert!(units.len() <= policy.batch_max);
                    if owner.meddled > 0 && dice.happens(owner.meddled) {
                        // Somebody else was faster.
                        line.void();
                        continue;
                    }
                    if judged == (Judged::Together { need_each_other: true }) {
                        out.needed_each_other.extend(&units);
                    }
                    units.iter().for_each(|unit| has[*unit] = true);
                    let set: Vec<usize> = (0..world.units).filter(|unit| has[*unit]).collect();
                    assert!(!owner.remembers || passed.contains(&set), "{set:?} lands and was not judged");
                    assert!(out.landed.last().is_none_or(|last| *last < units[0]), "{units:?} land out of order");
                    out.landed.extend(units);
                    line.landed(members.len());
                }
                Act::GiveUp { unit, fault } => {
                    assert!(out.given_up.last().is_none_or(|last| *last < unit.0), "{unit:?} is given up out of order");
                    out.given_up.push(unit.0);
                    out.faults.insert(unit.0, fault);
                }
                Act::Instead(unit) => panic!("{unit:?} cannot be replaced"),
                Act::Stop(why) => {
                    assert!(jobs.is_empty());
                    out.stopped = Some(why);
                    return out;
                }
                Act::Done => {
                    assert!(jobs.is_empty() && pushed == world.units);
                    return out;
                }
            }
        }
        let next = jobs.iter().min_by(|one, other| one.1.ends.total_cmp(&other.1.ends)).map(|(id, _)| *id);
        if let Some(id) = next.filter(|_| nothing) {
            let job = jobs.remove(&id).unwrap();
            out.time = job.ends;
            if owner.meddled > 0 && dice.happens(owner.meddled) {
                line.answer(id, Answer::NoVerdict);
                continue;
            }
            let beside = policy.jobs > 1 && !job.judge.alone;
            let fails = job.fails || (beside && dice.happens(world.disturbed));
            out.rescues += usize::from(job.judge.repeats.is_some() && !fails);
            line.answer(id, if fails { Answer::Failed } else { Answer::Passed });
            if owner.meddled > 0 && dice.happens(owner.meddled) {
                line.void();
            }
        } else {
            assert!(!nothing || (pushed < world.units && line.wants() > 0), "the line stands still");
        }
    }
}
