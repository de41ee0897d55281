//! Units that passed land in one step of the protocol: each by its own commit, the very one that it would have alone, and what one landing
//! costs in waits for the disk, all of them cost.

use std::collections::BTreeSet;

use crate::event::{Activity, Event};
use crate::protocol::{Draft, Landed};
use crate::run::blame::InBranch;
use crate::run::line::{Lane, Lot};
use crate::schedule::line::Ticket;
use crate::stop::Stop;
use crate::takeback::MOST_FILES;

/// What came of it.
pub(super) enum AtOnce {
    /// All landed.
    Landed(Vec<InBranch>),
    /// It cannot be one step, and nothing was touched: landing one at a time, each unit finds out for itself what is in its way.
    Cannot,
    /// Somebody else committed meanwhile.
    Void,
}

impl Lane<'_, '_> {
    /// Lands the units of these lots in one step.
    pub(super) fn land_at_once(&mut self, lots: &[Lot], emit: &mut dyn FnMut(Event)) -> Result<AtOnce, Stop> {
        let members: Vec<Ticket> = lots.iter().flat_map(|lot| lot.members.iter().copied()).collect();
        // A hook sees a message on top of the commit before.
        if members.len() < 2 || self.run.has_message_hooks() || !self.fit_in_one_step(&members) {
            return Ok(AtOnce::Cannot);
        }
        let tip = self.run.held.tip().clone();
        let mut composed = Vec::with_capacity(members.len());
        for (lot, nth) in lots.iter().flat_map(|lot| (0..lot.members.len()).map(move |nth| (lot, nth))) {
            let Some((attempt, draft)) = &self.entries[lot.members[nth].0].drafted else { return Ok(AtOnce::Cannot) };
            let together = lot.together(nth);
            let validated = self.run.said_of(&attempt.changed, &lot.passed, together.as_ref());
            // What is wrong with a message is told when its unit lands, behind those before it.
            let Ok(message) = self.run.compose(attempt, draft, validated, together) else { return Ok(AtOnce::Cannot) };
            composed.push(message);
        }
        let drafts = members.iter().filter_map(|place| self.entries[place.0].drafted.as_ref().map(|(_, draft)| draft));
        let drafts: Vec<&Draft> = drafts.collect();
        let mut protocol = self.run.protocol();
        let (mut links, mut objects, mut head) = (Vec::with_capacity(members.len()), BTreeSet::new(), tip.commit);
        for (draft, composed) in drafts.iter().zip(&composed) {
            let link = protocol.link(head, draft, &composed.message, &mut objects)?;
            head = link.commit;
            links.push(link);
        }
        let chain = protocol.chain(links.clone(), &objects.into_iter().collect::<Vec<_>>())?;
        let (Some(chain), Some(last)) = (chain, drafts.last()) else { return Ok(AtOnce::Cannot) };
        let all = Draft {
            tip: tip.clone(),
            files: drafts.iter().flat_map(|draft| draft.files.iter().cloned()).collect(),
            verify: drafts.iter().any(|draft| draft.verify),
            chain: Some(chain),
            plan: last.plan.clone(),
            phase: last.phase.clone(),
            unit: last.unit.clone(),
            members: last.members.clone(),
            reverts: None,
        };
        emit(Event::Doing { unit: all.unit.to_string(), activity: Activity::Committing });
        let begun = protocol.begin(all)?;
        let log = format!("commit (migrate): {} commits", links.len());
        let placed = protocol.place(begun);
        let Landed { draft: all, .. } = match placed.and_then(|placed| protocol.land(placed, "", &log)) {
            Ok(landed) => landed,
            Err(stop) => {
                return match self.run.gave_up(&tip, stop) {
                    Ok(_) => Ok(AtOnce::Void),
                    Err(Stop::NeedsYou(_)) => Ok(AtOnce::Cannot),
                    Err(stop) => Err(stop),
                };
            }
        };
        self.run.held.moved_to(head);
        let mut landed = Vec::with_capacity(members.len());
        for ((place, link), composed) in members.into_iter().zip(links).zip(composed) {
            let Some((attempt, _)) = self.entries[place.0].drafted.take() else { continue };
            self.started(self.entries[place.0].whole, &attempt.part, emit);
            landed.push((self.run.has_landed(attempt, &all, link.commit, composed, emit), link.commit));
            self.has_landed(place, link.commit);
        }
        Ok(AtOnce::Landed(landed))
    }

    /// True when the units are ready to land as they are, none of them changes a file of another, and they are not too many files.
    fn fit_in_one_step(&self, members: &[Ticket]) -> bool {
        let tip = self.run.held.tip();
        let mut files = BTreeSet::new();
        let fits = members.iter().all(|place| {
            self.entries[place.0].drafted.as_ref().is_some_and(|(attempt, draft)| {
                let is_sound = attempt.tip == *tip || self.run.is_still_sound(attempt, draft).is_ok();
                is_sound && draft.files.iter().all(|file| files.insert(&file.path))
            })
        });
        fits && files.len() <= MOST_FILES
    }
}
