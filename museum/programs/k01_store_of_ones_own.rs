//! ---
//! class: K1
//! title: a descriptor stored by hand over a live one
//! happened: Linux's repair (33729a5fc0ca) after its own split on unmap was illegal
//! stops: does not compile: only the runtime makes a `Permit`, one for each access
//! tests: program
//! ---
ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::Arm64Hyp;
use ptdsl::{Permit, World};

fn overwrite<W: World<Arm64Hyp>>(world: &mut W, table: W::Table) {
    world.store(Permit(core::marker::PhantomData), table, 0, 0x743);
}

fn main() {}
