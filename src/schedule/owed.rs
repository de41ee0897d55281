//! Which verification is owed before anything else lands.
//!
//! Units land only when no earlier verification is owed, so at most the newest unit of a plan, or the newest batch, can be unverified. The
//! journal says whether it is; where the journal knows nothing of it, as in a clone, it is judged again.

/// What is known of the newest commit of a plan that has verify commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// True when the journal of this work tree knows the commit at all.
    pub known: bool,
    /// True when the journal says that it landed and was not judged.
    pub noted_unverified: bool,
    /// True when it holds one unit: a bigger one was put together by somebody, after its units were judged.
    pub one_unit: bool,
    /// True when it is the tip of the branch.
    pub is_tip: bool,
}

/// What to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// Nothing: it was judged, or is not ours to judge.
    Nothing,
    /// Judge it, and take it back when it fails.
    Verify,
    /// Judge it, and go no further when it fails: others have built upon it, and may know that it is sound.
    Judge,
}

/// What is owed to the newest commit.
#[must_use]
pub fn owed(newest: Newest) -> Owed {
    match newest {
        Newest { known: true, noted_unverified, .. } if noted_unverified => Owed::Verify,
        Newest { known: false, one_unit: true, is_tip, .. } => {
            if is_tip {
                Owed::Verify
            } else {
                Owed::Judge
            }
        }
        _ => Owed::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_verification_is_owed() {
        // known, noted as unverified, one unit, is the tip
        for (known, noted_unverified, one_unit, is_tip, want) in [
            (true, true, true, true, Owed::Verify),
            (true, true, true, false, Owed::Verify),
            (true, false, true, true, Owed::Nothing),
            (false, false, true, true, Owed::Verify),
            (false, false, true, false, Owed::Judge),
            (false, false, false, true, Owed::Nothing),
        ] {
            let newest = Newest { known, noted_unverified, one_unit, is_tip };
            assert_eq!(owed(newest), want, "{newest:?}");
        }
    }
}
