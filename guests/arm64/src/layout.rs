//! Where everything is: in physical memory, and in every table.

use guest_common::Ram;
use ptdsl::{Phys, Range};

/// Whole 64 KiB pages that all of the guest's tables map.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    pub first: u64,
    pub last: u64,
    pub output: u64,
}

impl Region {
    const fn new(first: u64, bytes: u64, output: u64) -> Self {
        Region { first, last: first + bytes - 1, output }
    }

    /// From virtual to physical.
    pub const fn distance(&self) -> u64 {
        self.output.wrapping_sub(self.first)
    }

    pub fn range(&self) -> Range {
        Range::inclusive(self.first, self.last).unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }

    pub fn phys(&self) -> Phys {
        Phys(self.output)
    }
}

/// The PL011: where the tables map it.
pub const UART: u64 = 0x00fe_0000;
const UART_OUTPUT: u64 = 0x0900_0000;
/// The image, and tables: the first 16 MiB of RAM.
pub const MEMORY: Region = Region::new(0x0100_0000, 16 << 20, 0x4000_0000);
/// Memory for tables.
pub const TABLES: Region = Region::new(0x0180_0000, 4 << 20, 0x4080_0000);
/// What the tables keep for the guest: its device, its switch, its image and its tables.
pub const OWN: Region = Region::new(UART, 0x0200_0000 - UART, UART);
/// Where EL1 and EL0 find their page of stubs, from the first address of the table.
pub const STUB_AT: [u64; 2] = [0x0100_0000, 0x0101_0000];
/// Memory to map: from 2 GiB on, 16 MiB of it tagged throughout.
pub const RAM: Ram = Ram { first: 0x8000_0000, dense: 16 << 20, bytes: 1 << 30 };

unsafe extern "C" {
    /// Code, constants, data, the end, the stubs of EL1 and EL0; from the linker script.
    safe static IMAGE: [u64; 6];
}

/// Code, constants, data, tables, the switch, the UART.
pub fn parts() -> [Region; 6] {
    let [code, constants, data, end, ..] = IMAGE;
    let part = |first, end: u64| Region { first, last: end - 1, output: first + MEMORY.distance() };
    let switch = Region::new(UART + 0x1_0000, 0x1_0000, UART + 0x1_0000);
    [
        part(code, constants),
        part(constants, data),
        part(data, end),
        TABLES,
        switch,
        Region::new(UART, 0x1_0000, UART_OUTPUT),
    ]
}

/// Physical addresses of the stubs.
pub fn stubs() -> [u64; 2] {
    [IMAGE[4] + MEMORY.distance(), IMAGE[5] + MEMORY.distance()]
}
