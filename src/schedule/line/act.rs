//! What goes into a line and what comes out of it.

/// A unit's number in a line. The line gives them, in the order in which it gets the units, from 0 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub usize);

/// Names one judging of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JudgingId(pub usize);

/// A unit that comes into the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entrant {
    /// The unit of the plan that it is, or is a part of; parts of one unit count once when they are given up.
    pub whole: usize,
    /// What is known of it.
    pub kind: Condition,
}

/// What is known of a unit before it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It can be judged.
    Sound,
    /// It can be judged, and when it fails there is something else to try: its halves, or another attempt ([`Act::Instead`]).
    Replaceable,
    /// Its draft failed already, by a guard or a codemod. It is never judged, and is given up at its place.
    Unsound,
}

/// What comes in the stead of a unit that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// Its parts: all together they hold exactly what the unit held, and are known to fail.
    Parts,
    /// Something else.
    Another,
}

/// What the owner of a line does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Judging a candidate, and [`answer`](super::Line::answer).
    Judge(Judging),
    /// End a judging: its candidate holds a unit that is out, or nobody needs its verdict any more. It is to be answered all the same,
    /// once nothing of it runs any more; what the answer says does not matter.
    Cancel(JudgingId),
    /// Commit the units of these lots, each by a commit of its own and in this order, and tell the line by
    /// [`landed`](super::Line::landed). With each lot the branch holds exactly what passed.
    Land(Vec<Lot>),
    /// Give up a unit: everything before it has landed or was given up.
    GiveUp {
        /// The unit.
        unit: Ticket,
        /// Whose fault it is.
        fault: Fault,
    },
    /// A replaceable unit failed: say by [`instead`](super::Line::instead) what comes in its stead. Until then nothing is judged.
    Instead(Ticket),
    /// The phase ends here, and nothing runs any more.
    Stop(Why),
    /// Every unit of the closed line landed or was given up, and nothing runs any more.
    Done,
}

/// A candidate that is to be judged: the tip, without `without`, with `base` and `members` in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judging {
    /// Names this judging in the answer.
    pub id: JudgingId,
    /// True when the one member is out already, and it is asked whether it fails without all the others, too. Nobody lands by it.
    pub is_about_a_pair: bool,
    /// Landed units that the candidate does not hold; only where it is about a pair.
    pub without: Vec<Ticket>,
    /// Units before the members that have not landed, and are taken to pass.
    pub base: Vec<Ticket>,
    /// The units that are judged.
    pub members: Vec<Ticket>,
    /// Units that passed out of a batch that failed. A command of one of them may be what failed in the batch, so their own commands are
    /// asked again, unless the batch failed by a command that is about no unit.
    pub again: Vec<Ticket>,
    /// True when nothing else may run beside it, which the line sees to: the next one comes after the answer.
    pub alone: bool,
    /// The judging whose failure this one repeats. When it passes now, what ran beside it made it fail: that is a rescue.
    pub repeats: Option<JudgingId>,
}

/// What a judging came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Everything passed.
    Passed,
    /// Something failed.
    Failed,
    /// No command could judge it: it took too long, or did not find what it needs. It counts as failed.
    CouldNotJudge,
    /// There is no verdict: it was ended from outside. What is still needed is judged again.
    NoVerdict,
}

/// Units that passed as one candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    /// The units.
    pub members: Vec<Ticket>,
    /// How they were judged.
    pub judged: Judged,
}

/// How units that land were judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// By itself, upon those before it.
    Alone,
    /// As one batch, upon those before it: they may need each other.
    Together,
}

/// Whose fault it is that a unit failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Its draft failed before it was judged, or the owner took it out.
    Draft,
    /// Its own, or it was not asked whether another one has part in it.
    Own,
    /// It fails only together with this earlier one.
    With(Ticket),
    /// It passes without the earlier units of the line, and it is not one of them alone with which it fails.
    WithEarlier,
}

/// Why a phase ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A unit failed, and the phase stops there.
    Failed,
    /// More units were given up than the plan allows.
    TooManyGivenUp,
    /// No command could judge several units in a row.
    CouldNotJudge,
}
