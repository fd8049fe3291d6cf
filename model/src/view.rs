//! Views: which stores of which PE must be visible.

/// PEs that a machine can have.
pub const MAX_PES: usize = 4;

/// For each PE, how many of its stores must be visible to whoever holds this view.
///
/// "A store carries its writer's view (for each location the oldest value that must be visible to who sees this store)."
/// The stores of one PE are numbered from 1, and every view of the model covers a prefix of them, so one number per PE says
/// for each location which value is the oldest that may still be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct View(pub(crate) [u32; MAX_PES]);

impl View {
    /// Demands nothing.
    pub const NONE: View = View([0; MAX_PES]);

    /// Both demands.
    #[inline]
    #[must_use]
    pub fn join(self, other: View) -> View {
        let mut joined = self;
        for (mine, theirs) in joined.0.iter_mut().zip(other.0) {
            *mine = (*mine).max(theirs);
        }
        joined
    }

    /// What both demand.
    #[inline]
    #[must_use]
    pub fn meet(self, other: View) -> View {
        let mut met = self;
        for (mine, theirs) in met.0.iter_mut().zip(other.0) {
            *mine = (*mine).min(theirs);
        }
        met
    }

    /// Whether store number `number` of a PE must be visible. Number 0 is what memory held before: always.
    #[inline]
    #[must_use]
    pub fn covers(&self, writer: u8, number: u32) -> bool {
        self.0.get(usize::from(writer)).is_some_and(|&n| number <= n)
    }

    /// Whether `other` demands nothing that this view does not.
    #[inline]
    #[must_use]
    pub fn includes(&self, other: &View) -> bool {
        self.0.iter().zip(other.0).all(|(mine, theirs)| *mine >= theirs)
    }
}
