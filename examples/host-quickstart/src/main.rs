//! Map, translate and unmap on the host, over simulated memory.

ptdsl::ptdsl!("arm64-hyp.pt");

use arm64_hyp::{Attributes, Config, PageTable};
use ptdsl::{Arena, Boundary, Inactive, Mapping, Phys, Range};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Simulated memory for tables: 16 frames from 1 GiB up. On hardware this is the only part that differs.
    let mut memory = Arena::new(Phys(0x4000_0000), 16);
    let config = Config { width: 39, output_bits: 40, ..Config::default() };
    let mut table = PageTable::<Inactive>::create(&mut memory, &config)?.activate(&mut memory);
    println!("{:x?}", table.registers());
    memory.take_steps();

    // One 4 KiB page, one 2 MiB block, one page more.
    table.map(&mut memory, Range::new(0x1f_f000, 0x20_2000)?, Phys(0x801f_f000), Attributes::RW_NORMAL)?;
    println!("map {:?}", memory.take_steps());
    for Mapping { va, leaf } in table.mappings(&memory, Range::new(0, 1 << 39)?)? {
        println!("{va:#x} -> {:?} level {} {:?}", leaf.output, leaf.level, leaf.attributes());
    }
    println!("{:?}", table.translate(&memory, 0x23_4567)?.output);

    // The block reaches beyond this range, so it stays.
    println!("{:x?}", table.unmap(&mut memory, Range::new(0x1f_f000, 0x10_0000)?, Boundary::Stop)?);
    println!("unmap {:x?}", memory.take_steps());
    println!("{}", table.translate(&memory, 0x1f_f000).unwrap_err());
    Ok(())
}
