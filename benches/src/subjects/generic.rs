//! `page-table-generic`: the generic table with descriptors of VMSAv8-64, which its user writes.

use crate::pool::{pointer, pool};
use crate::walker::{ARM64, Done, Operation, Refused, Size, Walker, Window, Words};
use page_table_generic::{
    FrameAllocator, MapConfig, PageTable, PageTableEntry, PhysAddr, TableMeta, VirtAddr,
};
use std::mem::ManuallyDrop;

/// Frames of the pool by their own address.
#[derive(Clone, Copy, Debug)]
pub struct FromPool;

impl FrameAllocator for FromPool {
    #[inline]
    fn alloc_frame(&self) -> Option<PhysAddr> {
        pool().take().map(|address| PhysAddr::from_usize(address as usize))
    }
    #[inline]
    fn dealloc_frame(&self, frame: PhysAddr) {
        pool().give(frame.as_usize() as u64);
    }
    #[inline]
    fn phys_to_virt(&self, address: PhysAddr) -> *mut u8 {
        pointer(address.as_usize() as u64).cast()
    }
}

/// A descriptor of VMSAv8-64.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Entry(u64);

/// Its address bits.
const ADDRESS: u64 = 0x0000_ffff_ffff_f000;

/// The attribute bits of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits(u64);

impl PageTableEntry for Entry {
    type PteConfig = Bits;

    #[inline]
    fn new_page(address: PhysAddr, config: Bits, is_huge: bool) -> Self {
        let kind = if is_huge { 0 } else { 2 };
        Entry(address.as_usize() as u64 & ADDRESS | config.0 & !2 | kind)
    }
    #[inline]
    fn new_table(address: PhysAddr) -> Self {
        Entry(address.as_usize() as u64 | 3)
    }
    #[inline]
    fn paddr(&self, _: bool) -> PhysAddr {
        PhysAddr::from_usize((self.0 & ADDRESS) as usize)
    }
    #[inline]
    fn config(&self, _: bool) -> Bits {
        Bits(self.0 & !ADDRESS | 2)
    }
    #[inline]
    fn present(&self) -> bool {
        self.0 & 1 != 0
    }
    #[inline]
    fn huge(&self, is_dir: bool) -> bool {
        is_dir && self.0 & 3 == 1
    }
    #[inline]
    fn unused(&self) -> bool {
        self.0 == 0
    }
    #[inline]
    fn clear(&mut self) {
        self.0 = 0;
    }
}

/// Four levels, granule 4 KiB.
#[derive(Clone, Copy, Debug)]
pub struct Arm64;

impl TableMeta for Arm64 {
    type P = Entry;
    const PAGE_SIZE: usize = 4096;
    const LEVEL_BITS: &[usize] = &[9, 9, 9, 9];
    const MAX_BLOCK_LEVEL: usize = 3;
    #[inline]
    fn flush(_: Option<VirtAddr>) {}
}

/// The table.
pub struct Generic {
    table: ManuallyDrop<PageTable<Arm64, FromPool>>,
}

const WRITABLE: Bits = Bits(ARM64.page);
const READ_ONLY: Bits = Bits(ARM64.read_only);

#[inline(always)]
fn at(address: u64) -> VirtAddr {
    VirtAddr::from_usize(address as usize)
}

impl Walker for Generic {
    const NAME: &'static str = "generic";
    const ABOUT: &'static str = "page-table-generic, with VMSAv8-64 descriptors of its user";
    const WORDS: Words = ARM64;

    fn lacks(operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::MapCursor | Operation::UnmapCursor => Some("has no cursor"),
            _ => None,
        }
    }

    fn new(_: Window) -> Option<Self> {
        Some(Generic { table: ManuallyDrop::new(PageTable::new(FromPool).ok()?) })
    }

    fn root(&self) -> u64 {
        self.table.root_paddr().as_usize() as u64
    }

    #[inline(always)]
    fn map(&mut self, va: u64, pa: u64, bytes: u64, size: Size) -> Done {
        let config = MapConfig {
            vaddr: at(va),
            paddr: PhysAddr::from_usize(pa as usize),
            size: bytes as usize,
            pte: WRITABLE,
            allow_huge: size != Size::Page,
            flush: false,
        };
        self.table.map(&config).map_err(|_| Refused)
    }

    #[inline(always)]
    fn map_page(&mut self, va: u64, pa: u64) -> Done {
        self.map(va, pa, 4096, Size::Page)
    }

    #[inline(always)]
    fn unmap(&mut self, va: u64, bytes: u64) -> Done {
        self.table.unmap(at(va), bytes as usize).map_err(|_| Refused)
    }

    #[inline(always)]
    fn unmap_page(&mut self, va: u64) -> Done {
        self.unmap(va, 4096)
    }

    #[inline(always)]
    fn look_up(&self, va: u64) -> Option<u64> {
        self.table.translate_phys(at(va)).ok().map(|output| output.as_usize() as u64)
    }

    #[inline(always)]
    fn protect(&mut self, va: u64, bytes: u64) -> Done {
        self.table.protect_region(at(va), bytes as usize, READ_ONLY).map_err(|_| Refused)
    }

    #[inline(always)]
    fn protect_page(&mut self, va: u64) -> Done {
        self.table.protect_page(at(va), READ_ONLY).map(|_| ()).map_err(|_| Refused)
    }

    #[inline(always)]
    fn split(&mut self, va: u64) -> Done {
        self.table.split_huge_page(at(va)).map(|_| ()).map_err(|_| Refused)
    }

    #[inline(always)]
    fn unmap_inside(&mut self, va: u64) -> Done {
        // `unmap` alone would remove the block whole.
        self.split(va)?;
        self.unmap(va, 4096)
    }

    fn destroy(&mut self) -> Done {
        // SAFETY: nothing is called after `destroy`, so it is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.table) };
        Ok(())
    }
}
