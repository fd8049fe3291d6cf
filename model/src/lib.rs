//! The may-TLB model: everything that translation hardware may have cached of page tables that change under it.
//!
//! A test runs events over a [`Machine`]: stores, barriers, invalidations, of up to four PEs and an IOMMU. The machine keeps, for
//! each observer, the set of all walk entries, translations and faults that hardware could hold by now, under every order and
//! delay that the architecture allows. Nothing is random: an order that breaks a rule is found the first time it is possible.
//! See README.md for what is modelled, and what is not.
#![deny(missing_docs)]

pub mod arch;
mod check;
mod checks;
mod event;
mod machine;
mod memory;
pub mod port;
pub mod semantics;
pub mod tiny;
mod tlbi;
pub mod trace;
mod view;
mod walk;

pub use check::{Rule, Violation};
pub use checks::Found;
pub use event::{Accesses, Act, Domain, Event, Order};
pub use machine::{Machine, Mapped, Promise};
pub use memory::Place;
pub use tlbi::{Invalidate, Reach, Regime, Spaces, What};
pub use view::{MAX_PES, View};
