//! A world in which units fail, alone or together, and an owner that judges in it.

use std::collections::{BTreeMap, HashSet};

use crate::schedule::line::{
    Act, Answer, Condition, Entrant, Fault, Instead, Judged, Judging, JudgingId, Line, MOST_AT_ONCE, Policy, Rate, Ticket, Why,
};

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
    /// A unit, and another one whose own commands fail where a candidate holds the first; nobody else notices.
    pub breaks: Vec<(usize, usize)>,
    /// Units whose drafts fail.
    pub unsound: Vec<usize>,
    /// Units that land and are taken back by their verification.
    pub taken_back: Vec<usize>,
    /// Units that are judged as one at first, and by halves when they fail.
    pub groups: Vec<std::ops::Range<usize>>,
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

    /// Whether a candidate fails that holds these new units, where the commands of those are run that are asked.
    fn fails(&self, new: &[usize], asked: &[usize], holds: &dyn Fn(usize) -> bool) -> bool {
        new.iter().any(|unit| self.bad[*unit])
            || self.breaks.iter().any(|(breaker, broken)| holds(*breaker) && asked.contains(broken))
            || self.fail_together.iter().any(|set| set.iter().all(|unit| holds(*unit)))
            || self.need_each_other.iter().any(|(one, other)| holds(*one) != holds(*other))
    }

    /// What is brought into the line, in order.
    fn whole(&self) -> Vec<Vec<usize>> {
        let mut all: Vec<Vec<usize>> = Vec::new();
        let mut unit = 0;
        while unit < self.units {
            let group = self.groups.iter().find(|group| group.start == unit);
            let end = group.map_or(unit + 1, |group| group.end.min(self.units));
            all.push((unit..end).collect());
            unit = end;
        }
        all
    }

    /// What is brought for these units: as one, unless one of its drafts fails.
    fn drafts(&self, units: &[usize], whole: usize) -> Vec<(Vec<usize>, Entrant)> {
        let is_unsound = units.iter().any(|unit| self.unsound.contains(unit));
        let kind = match units.len() {
            1 if is_unsound => Condition::Unsound,
            1 => Condition::Sound,
            _ if !is_unsound => Condition::Replaceable,
            _ => return self.halves(units, whole),
        };
        vec![(units.to_vec(), Entrant { whole, kind })]
    }

    fn halves(&self, units: &[usize], whole: usize) -> Vec<(Vec<usize>, Entrant)> {
        let (first, second) = units.split_at(units.len() / 2);
        [self.drafts(first, whole), self.drafts(second, whole)].concat()
    }

    /// What lands and stays, and what is given up, when each unit is judged by itself, one after the other, until too many are given up.
    pub fn one_by_one(&self, policy: &Policy) -> (Vec<usize>, Vec<usize>) {
        let (mut landed, mut given_up, mut wholes) = (Vec::new(), Vec::new(), 0);
        let mut has = vec![false; self.units];
        for (nth, units) in self.whole().into_iter().enumerate() {
            let mut parts = vec![units];
            let before = given_up.len();
            while let Some(part) = parts.pop() {
                part.iter().for_each(|unit| has[*unit] = true);
                let unsound = part.iter().any(|unit| self.unsound.contains(unit));
                if !unsound && !self.fails(&part, &part, &|unit| has[unit]) {
                    part.iter().for_each(|unit| has[*unit] = !self.taken_back.contains(unit));
                    given_up.extend(part.iter().filter(|unit| !has[**unit]));
                    landed.extend(part.iter().filter(|unit| has[**unit]));
                    continue;
                }
                part.iter().for_each(|unit| has[*unit] = false);
                if part.len() == 1 {
                    given_up.extend(part);
                } else {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second.to_vec(), first.to_vec()]);
                }
            }
            wholes += usize::from(given_up.len() > before);
            let is_too_many = policy.stops || policy.most_given_up.is_some_and(|most| wholes > most);
            if given_up.len() > before && is_too_many {
                assert!(nth < self.units);
                break;
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
    Policy { batch_max, jobs, most_given_up, stops, most_not_judged: usize::MAX, pairs, rate, lands_several: true, first }
}

struct Job {
    judge: Judging,
    /// What its candidate holds, where that is remembered.
    set: Vec<usize>,
    ends: f64,
    fails: bool,
    beside: bool,
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
    // What landed at once is not taken back before the next of it lands.
    let policy = Policy { lands_several: policy.lands_several && world.taken_back.is_empty(), ..policy };
    let mut line = Line::new(policy);
    let mut out = Outcome::default();
    let (whole, mut has) = (world.whole(), vec![false; world.units]);
    let (mut pushed, mut units_at): (usize, Vec<Vec<usize>>) = (0, Vec::new());
    let mut jobs: BTreeMap<JudgingId, Job> = BTreeMap::new();
    let (mut judged, mut passed) = (HashSet::new(), HashSet::new());
    let all = if owner.remembers { world.units } else { 0 };
    loop {
        while pushed < whole.len() && line.wants() > 0 {
            for (units, draft) in world.drafts(&whole[pushed], pushed) {
                assert_eq!(line.push(draft), Ticket(units_at.len()));
                units_at.push(units);
            }
            pushed += 1;
        }
        if pushed == whole.len() {
            line.close();
        }
        let mut nothing = true;
        while let Some(act) = line.next_act() {
            nothing = false;
            match act {
                Act::Judge(judge) => {
                    assert!(jobs.len() < policy.jobs, "more than {} jobs", policy.jobs);
                    assert!(!jobs.values().any(|job| job.judge.alone), "something runs beside what is to be alone");
                    assert!(!judge.alone || jobs.is_empty(), "what is to be alone runs beside something");
                    let (new, without) = (
                        units_of(&units_at, &[judge.base.clone(), judge.members.clone()].concat()),
                        units_of(&units_at, &judge.without),
                    );
                    let holds = |unit| (has[unit] && !without.contains(&unit)) || new.contains(&unit);
                    let asked = units_of(&units_at, &[judge.members.clone(), judge.again.clone()].concat());
                    let fails = world.fails(&new, &asked, &holds);
                    out.runs += 1;
                    out.repeats += usize::from(judge.repeats.is_some());
                    out.pairs += usize::from(judge.is_about_a_pair);
                    let set: Vec<usize> = (0..all).filter(|unit| holds(*unit)).collect();
                    let is_new = !judged.contains(&set) && jobs.values().all(|job| job.set != set);
                    assert!(
                        !owner.remembers || is_new || judge.repeats.is_some() || owner.meddled > 0,
                        "{set:?} is judged twice"
                    );
                    let beside = !jobs.is_empty();
                    jobs.values_mut().for_each(|job| job.beside |= beside);
                    let ends = out.time + 1.0 + owner.jitter * (dice.below(2000) as f64 / 1000.0 - 1.0);
                    jobs.insert(judge.id, Job { judge, set, ends, fails, beside });
                }
                Act::Cancel(id) => {
                    let job = jobs.remove(&id).expect("what is cancelled runs");
                    line.answer(job.judge.id, if dice.happens(500) { Answer::NoVerdict } else { Answer::Failed });
                }
                Act::Land(lots) => {
                    for lot in &lots {
                        assert_eq!(lot.members.len() == 1, lot.judged == Judged::Alone);
                        assert!(lot.members.len() <= policy.batch_max);
                    }
                    assert!(policy.lands_several || lots.len() == 1);
                    let members: Vec<Ticket> = lots.into_iter().flat_map(|lot| lot.members).collect();
                    assert!(members.len() <= MOST_AT_ONCE.max(policy.batch_max));
                    let units = units_of(&units_at, &members);
                    if owner.meddled > 0 && dice.happens(owner.meddled) {
                        // Somebody else was faster.
                        line.void();
                        continue;
                    }
                    units.iter().for_each(|unit| has[*unit] = true);
                    let set: Vec<usize> = (0..all).filter(|unit| has[*unit]).collect();
                    assert!(!owner.remembers || passed.contains(&set), "{set:?} lands and was not judged");
                    assert!(out.landed.last().is_none_or(|last| *last < units[0]), "{units:?} land out of order");
                    line.landed(members.len());
                    for unit in units {
                        if world.taken_back.contains(&unit) {
                            has[unit] = false;
                            out.given_up.push(unit);
                            line.take_out(members[members.iter().position(|place| units_at[place.0] == [unit]).unwrap()]);
                        } else {
                            out.landed.push(unit);
                        }
                    }
                }
                Act::GiveUp { unit, fault } => {
                    let unit = units_at[unit.0][0];
                    assert!(out.given_up.last().is_none_or(|last| *last < unit), "{unit:?} is given up out of order");
                    out.given_up.push(unit);
                    let partner = match fault {
                        Fault::With(Ticket(partner)) => Fault::With(Ticket(units_at[partner][0])),
                        fault => fault,
                    };
                    out.faults.insert(unit, partner);
                }
                Act::Instead(_) if owner.meddled > 0 && dice.happens(owner.meddled) => line.void(),
                Act::Instead(unit) => {
                    let units = units_at[unit.0].clone();
                    let (parts, drafts): (Vec<_>, Vec<Entrant>) =
                        world.halves(&units, whole_of(&whole, units[0])).into_iter().unzip();
                    assert_eq!(line.instead(&drafts, Instead::Parts).first(), Some(&Ticket(units_at.len())));
                    units_at.extend(parts);
                }
                Act::Stop(why) => {
                    assert!(jobs.is_empty());
                    out.stopped = Some(why);
                    return out;
                }
                Act::Done => {
                    assert!(jobs.is_empty() && pushed == whole.len());
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
            let fails = job.fails || (job.beside && dice.happens(world.disturbed));
            if owner.remembers {
                if !fails {
                    passed.insert(job.set.clone());
                }
                judged.insert(job.set);
            }
            out.rescues += usize::from(job.judge.repeats.is_some() && !fails);
            line.answer(id, if fails { Answer::Failed } else { Answer::Passed });
            if owner.meddled > 0 && dice.happens(owner.meddled) {
                line.void();
            }
        } else {
            assert!(!nothing || (pushed < whole.len() && line.wants() > 0), "the line stands still");
        }
    }
}

fn whole_of(whole: &[Vec<usize>], unit: usize) -> usize {
    whole.iter().position(|units| units.contains(&unit)).unwrap()
}

fn units_of(units_at: &[Vec<usize>], places: &[Ticket]) -> Vec<usize> {
    places.iter().flat_map(|place| units_at[place.0].clone()).collect()
}
