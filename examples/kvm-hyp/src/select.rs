//! Which format serves which setup.

use ptdsl_generated::arm64_hyp::Arm64Hyp;
use ptdsl_generated::arm64_hyp_16k::Arm64Hyp16k;
use ptdsl_generated::arm64_hyp_16k_lpa2::Arm64Hyp16kLpa2;
use ptdsl_generated::arm64_hyp_64k::Arm64Hyp64k;
use ptdsl_generated::arm64_hyp_64k_lpa::Arm64Hyp64kLpa;
use ptdsl_generated::arm64_hyp_lpa2::Arm64HypLpa2;

use crate::engine::Engine;
use crate::format::Hyp;
use crate::formats::hvhe_4k::Hvhe4k;
use crate::formats::hvhe_4k_lpa2::Hvhe4kLpa2;
use crate::formats::hvhe_16k::Hvhe16k;
use crate::formats::hvhe_16k_lpa2::Hvhe16kLpa2;
use crate::formats::hvhe_64k::Hvhe64k;
use crate::kvm::Kvm;
use crate::library::Library;
use crate::memory::FakeMemory;
use crate::setup::{Granule, Setup};

/// Both engines of a setup, each on a fresh memory of its own.
pub struct Engines {
    /// Linux's functions as visitors.
    pub kvm: Box<dyn Engine>,
    /// The runtime's own operations.
    pub library: Box<dyn Engine>,
}

fn over<F: Hyp>(setup: Setup, memory: FakeMemory) -> Engines {
    Engines {
        kvm: Box::new(Kvm::<F>::new(setup, memory.clone())),
        library: Box::new(Library::<F>::new(setup, memory)),
    }
}

/// The engines of a setup, with page 0 of the arena at `arena_base`.
#[must_use]
pub fn engines(setup: Setup, arena_base: u64) -> Engines {
    let over = match (setup.granule, setup.long_outputs, setup.hvhe) {
        (Granule::K4, false, false) => over::<Arm64Hyp>,
        (Granule::K4, true, false) => over::<Arm64HypLpa2>,
        (Granule::K16, false, false) => over::<Arm64Hyp16k>,
        (Granule::K16, true, false) => over::<Arm64Hyp16kLpa2>,
        (Granule::K64, false, false) => over::<Arm64Hyp64k>,
        (Granule::K64, true, false) => over::<Arm64Hyp64kLpa>,
        (Granule::K4, false, true) => over::<Hvhe4k>,
        (Granule::K4, true, true) => over::<Hvhe4kLpa2>,
        (Granule::K16, false, true) => over::<Hvhe16k>,
        (Granule::K16, true, true) => over::<Hvhe16kLpa2>,
        (Granule::K64, _, true) => over::<Hvhe64k>,
    };
    over(setup, FakeMemory::new(arena_base, setup.granule.bytes(), setup.page_count))
}
