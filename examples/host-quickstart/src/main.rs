//! Smoke.
use ptdsl::{Arena, Boundary, Inactive, Phys, Range};
use ptdsl_generated::arm64_hyp::*;
fn main() {
    let mut w: Arena<Arm64Hyp> = Arena::new(Phys(0x40000000), 4096);
    let mut pt = PageTable::<Inactive>::create(
        &mut w,
        &Config { width: 39, output_bits: 40, options: Options::default() },
    )
    .unwrap()
    .activate(&mut w);
    let rw = Attributes::new(Prot::Rw, Memory::Normal).unwrap();
    pt.map(&mut w, Range::new(0x1000, 0x40400000).unwrap(), Phys(0x80001000), rw).unwrap();
    println!("{:?} {:x?}", pt, pt.registers());
    for m in pt.mappings(&w, Range::new(0, 1 << 39).unwrap()).unwrap().take(3) {
        println!("{m:x?}");
    }
    println!("{} frames {:?}", w.live_frames(), w.take_steps());
    println!("{:x?}", pt.translate(&w, 0x200abc));
    println!("{:x?}", pt.unmap(&mut w, Range::new(0x1000, 0x1000).unwrap(), Boundary::Stop));
    println!("{:x?}", w.take_steps());
    println!("{:x?}", pt.unmap(&mut w, Range::new(0x2000, 0x403ff000).unwrap(), Boundary::Stop));
    println!("{} frames", w.live_frames());
    println!(
        "{:x?}",
        pt.map(
            &mut w,
            Range::inclusive(0x7fffffff000, (1 << 39) - 1)
                .unwrap_or(Range::new((1 << 39) - 4096, 4096).unwrap()),
            Phys(0),
            rw
        )
    );
}
