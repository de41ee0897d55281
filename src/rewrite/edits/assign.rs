//! Gives each edit of a file one of the places where its block stands.
//!
//! All edits are placed together: no two overlap, and they stand in the order of their `near`. Lines above may have come and
//! gone since the plan was written, so what counts is not how far a place is from `near` but how much that distance changes
//! from one edit to the next.

use crate::rewrite::edits::find::Match;

/// How many places of one edit are looked at, nearest first.
const PLACES: usize = 400;

/// An edit to be placed.
pub(super) struct Wanted {
    near: Option<u32>,
    /// First and last line, from 0, and the number of the match.
    places: Vec<(usize, usize, usize)>,
}

/// How it went.
pub(super) enum Outcome {
    /// The number of the match for each edit.
    Chosen(Vec<usize>),
    /// This edit could stand in several places.
    Ambiguous(usize),
}

impl Wanted {
    pub(super) fn new(near: Option<u32>, matches: &[Match]) -> Self {
        let mut places: Vec<_> = matches.iter().enumerate().map(|(number, found)| (found.first, found.last, number)).collect();
        let near_line = i64::from(near.unwrap_or(1));
        places.sort_by_key(|(first, ..)| (line(*first) - near_line).abs());
        places.truncate(PLACES);
        places.sort_unstable();
        Self { near, places }
    }

    /// How far a place is from `near`.
    fn drift(&self, place: usize) -> i64 {
        self.near.map_or(0, |near| line(self.places[place].0) - i64::from(near))
    }
}

fn line(index: usize) -> i64 {
    i64::try_from(index).map_or(i64::MAX / 4, |index| index + 1)
}

/// Places every edit, or names the first one that cannot be placed for certain.
pub(super) fn assign(wanted: &[Wanted]) -> Outcome {
    let mut order: Vec<usize> = (0..wanted.len()).filter(|index| wanted[*index].near.is_some()).collect();
    order.sort_by_key(|index| wanted[*index].near);
    let rest: Vec<usize> = (0..wanted.len()).filter(|index| wanted[*index].near.is_none()).collect();
    let mut chosen: Vec<Option<usize>> = vec![None; wanted.len()];
    for group in [order, rest] {
        let free: Vec<Wanted> = group.iter().map(|index| without_taken(wanted, &chosen, *index)).collect();
        match chain(&free) {
            Ok(places) => {
                for (index, (edit, place)) in group.iter().zip(free.iter().zip(places)) {
                    let number = edit.places[place].2;
                    chosen[*index] = wanted[*index].places.iter().position(|place| place.2 == number);
                }
            }
            Err(position) => return Outcome::Ambiguous(group[position]),
        }
    }
    let numbers = chosen.iter().zip(wanted).map(|(place, edit)| place.map(|place| edit.places[place].2));
    match numbers.collect::<Option<Vec<usize>>>() {
        Some(numbers) => Outcome::Chosen(numbers),
        None => Outcome::Ambiguous(0),
    }
}

/// True when there is some way to place all edits.
pub(super) fn is_possible(wanted: &[Wanted]) -> bool {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|index| wanted[*index].near);
    let ordered: Vec<&Wanted> = order.into_iter().map(|index| &wanted[index]).collect();
    Costs::forward(&ordered).total().is_some() || alone(&ordered).is_some()
}

fn without_taken(wanted: &[Wanted], chosen: &[Option<usize>], index: usize) -> Wanted {
    let taken: Vec<(usize, usize)> = chosen
        .iter()
        .enumerate()
        .filter_map(|(other, place)| place.map(|place| wanted[other].places[place]))
        .map(|(first, last, _)| (first, last))
        .collect();
    let free = |place: &&(usize, usize, usize)| taken.iter().all(|(first, last)| place.1 < *first || *last < place.0);
    Wanted { near: wanted[index].near, places: wanted[index].places.iter().filter(free).copied().collect() }
}

/// Places a chain of edits in order; the error is the position of the one in doubt.
fn chain(edits: &[Wanted]) -> Result<Vec<usize>, usize> {
    let edits: Vec<&Wanted> = edits.iter().collect();
    let forward = Costs::forward(&edits);
    let Some(best) = forward.total() else {
        let doubtful = edits.iter().position(|edit| edit.places.len() != 1).unwrap_or(0);
        return alone(&edits).ok_or(doubtful);
    };
    let backward = Costs::backward(&edits);
    let path = forward.path(&edits, best);
    for (position, edit) in edits.iter().enumerate() {
        for other in (0..edit.places.len()).filter(|other| *other != path[position]) {
            let (Some(before), Some(after)) = (forward.0[position][other], backward.0[position][other]) else { continue };
            // A way that costs twice as much as the best cannot be in doubt.
            let more = before + after - best;
            if more > 0 && more >= best {
                continue;
            }
            let rival = through(&edits, &forward, &backward, position, other);
            let (ours, theirs) = apart(&edits, &path, &rival);
            if ours * 2 > theirs || theirs == 0 {
                return Err(position);
            }
        }
    }
    Ok(path)
}

/// Edits with one place each, in whatever order they stand.
fn alone(edits: &[&Wanted]) -> Option<Vec<usize>> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    for edit in edits {
        let [(first, last, _)] = edit.places[..] else { return None };
        places.push((first, last));
    }
    places.sort_unstable();
    places.windows(2).all(|pair| pair[0].1 < pair[1].0).then(|| vec![0; edits.len()])
}

/// What it costs to get to, or on from, each place of each edit; `None` where there is no way.
struct Costs(Vec<Vec<Option<i64>>>);

fn step(from: &Wanted, at: usize, to: &Wanted, next: usize) -> Option<i64> {
    let apart = from.places[at].1 < to.places[next].0;
    apart.then(|| (to.drift(next) - from.drift(at)).abs())
}

impl Costs {
    fn forward(edits: &[&Wanted]) -> Self {
        let mut costs: Vec<Vec<Option<i64>>> = Vec::new();
        for (position, edit) in edits.iter().enumerate() {
            let row = (0..edit.places.len()).map(|place| match position.checked_sub(1) {
                None => Some(edit.drift(place).abs()),
                Some(last) => {
                    let ways = costs[last].iter().enumerate();
                    ways.filter_map(|(at, cost)| Some((*cost)? + step(edits[last], at, edit, place)?)).min()
                }
            });
            costs.push(row.collect());
        }
        Self(costs)
    }

    fn backward(edits: &[&Wanted]) -> Self {
        let mut costs: Vec<Vec<Option<i64>>> = vec![Vec::new(); edits.len()];
        for position in (0..edits.len()).rev() {
            let edit = edits[position];
            let row = (0..edit.places.len()).map(|place| match edits.get(position + 1) {
                None => Some(0),
                Some(next) => {
                    let ways = costs[position + 1].iter().enumerate();
                    ways.filter_map(|(at, cost)| Some((*cost)? + step(edit, place, next, at)?)).min()
                }
            });
            costs[position] = row.collect();
        }
        Self(costs)
    }

    fn total(&self) -> Option<i64> {
        match self.0.last() {
            Some(last) => last.iter().flatten().min().copied(),
            None => Some(0),
        }
    }

    /// The cheapest way.
    fn path(&self, edits: &[&Wanted], best: i64) -> Vec<usize> {
        let Some(last) = self.0.last() else { return Vec::new() };
        let end = last.iter().position(|cost| *cost == Some(best)).unwrap_or(0);
        self.back_from(edits, edits.len() - 1, end)
    }

    /// The cheapest way to a place, with it.
    fn back_from(&self, edits: &[&Wanted], position: usize, place: usize) -> Vec<usize> {
        let mut path = vec![place];
        for position in (1..=position).rev() {
            let here = path[path.len() - 1];
            let ways = self.0[position - 1].iter().enumerate();
            let before =
                ways.filter_map(|(at, cost)| Some(((*cost)? + step(edits[position - 1], at, edits[position], here)?, at))).min();
            path.push(before.map_or(0, |(_, at)| at));
        }
        path.reverse();
        path
    }
}

/// The cheapest way through one place.
fn through(edits: &[&Wanted], forward: &Costs, backward: &Costs, position: usize, place: usize) -> Vec<usize> {
    let mut path = forward.back_from(edits, position, place);
    for position in position + 1..edits.len() {
        let here = path[path.len() - 1];
        let ways = backward.0[position].iter().enumerate();
        let next =
            ways.filter_map(|(at, cost)| Some(((*cost)? + step(edits[position - 1], here, edits[position], at)?, at))).min();
        path.push(next.map_or(0, |(_, at)| at));
    }
    path
}

/// What two ways cost where they differ.
fn apart(edits: &[&Wanted], ours: &[usize], theirs: &[usize]) -> (i64, i64) {
    let cost = |path: &[usize], position: usize| match position.checked_sub(1) {
        None => edits[0].drift(path[0]).abs(),
        Some(last) => step(edits[last], path[last], edits[position], path[position]).unwrap_or(0),
    };
    let same =
        |position: usize| ours[position] == theirs[position] && (position == 0 || ours[position - 1] == theirs[position - 1]);
    let differing = (0..edits.len()).filter(|position| !same(*position));
    differing.fold((0, 0), |(mine, other), position| (mine + cost(ours, position), other + cost(theirs, position)))
}
