//! What happens when a unit or a gate fails, as the plan says.

use serde::Serialize;

/// What happens to the rest of a phase when one unit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    /// The run ends there.
    #[default]
    Stop,
    /// The unit is set aside and the phase goes on.
    Quarantine,
}

/// What happens when the gate of a phase fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum GateFailure {
    /// The run ends there, and what was committed stays.
    #[default]
    Stop,
    /// The units that make it fail are found and taken back.
    Culprits,
    /// Every unit of the phase is taken back.
    RollbackPhase,
    /// The run ends there until a person says that it goes on.
    Pause,
}

impl GateFailure {
    /// True when nothing is taken back.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        *self == Self::Stop
    }
}

/// A share of something, in hundredths of a percent: `10%` is 1000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Share(pub u32);
