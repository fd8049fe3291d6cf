//! Nobody but the runtime stores descriptors, not even with a world in hand.
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::Arm64Hyp;
use ptdsl::{Permit, World};

fn overwrite<W: World<Arm64Hyp>>(world: &mut W, table: W::Table) {
    world.store(Permit(core::marker::PhantomData), table, 0, 0x743);
}

fn main() {}
