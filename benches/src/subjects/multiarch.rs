//! `page_table_multiarch`: its x86-64 table (that of arm64 exists on arm64 only), with a cursor for each call.

use crate::pool::pool;
use crate::walker::{Done, Operation, Refused, Size, Walker, Window, Words, X86_64};
use memory_addr::{PhysAddr, VirtAddr};
use page_table_multiarch::x86_64::X64PageTable;
use page_table_multiarch::{MappingFlags, PageSize, PagingHandler};
use std::mem::ManuallyDrop;

/// Frames of the pool by their own address.
#[derive(Debug)]
pub struct FromPool;

impl PagingHandler for FromPool {
    #[inline]
    fn alloc_frames(num: usize, _: usize) -> Option<PhysAddr> {
        if num == 1 { pool().take().map(|address| PhysAddr::from(address as usize)) } else { None }
    }
    #[inline]
    fn dealloc_frames(address: PhysAddr, _: usize) {
        pool().give(address.as_usize() as u64);
    }
    #[inline]
    fn phys_to_virt(address: PhysAddr) -> VirtAddr {
        VirtAddr::from(address.as_usize())
    }
}

/// The table.
pub struct Multiarch {
    table: ManuallyDrop<X64PageTable<FromPool>>,
}

const WRITABLE: MappingFlags = MappingFlags::READ.union(MappingFlags::WRITE);
const READ_ONLY: MappingFlags = MappingFlags::READ;

#[inline(always)]
fn va(address: u64) -> VirtAddr {
    VirtAddr::from(address as usize)
}

#[inline(always)]
fn pa(address: u64) -> PhysAddr {
    PhysAddr::from(address as usize)
}

impl Walker for Multiarch {
    const NAME: &'static str = "multiarch";
    const ABOUT: &'static str = "page_table_multiarch, x86-64";
    // It knows no dirty bit.
    const WORDS: Words = Words {
        x86: true,
        page: X86_64.page & !0x40,
        read_only: X86_64.read_only & !0x40,
        block: X86_64.block & !0x40,
    };

    fn lacks(operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::Split | Operation::UnmapInside => Some("cannot split a block"),
            _ => None,
        }
    }

    fn new(_: Window) -> Option<Self> {
        Some(Multiarch { table: ManuallyDrop::new(X64PageTable::try_new().ok()?) })
    }

    fn root(&self) -> u64 {
        self.table.root_paddr().as_usize() as u64
    }

    #[inline(always)]
    fn map(&mut self, start: u64, output: u64, bytes: u64, size: Size) -> Done {
        let delta = output.wrapping_sub(start) as usize;
        self.table
            .cursor()
            .map_region(
                va(start),
                |at| PhysAddr::from(at.as_usize().wrapping_add(delta)),
                bytes as usize,
                WRITABLE,
                size != Size::Page,
            )
            .map_err(|_| Refused)
    }

    #[inline(always)]
    fn map_page(&mut self, at: u64, output: u64) -> Done {
        self.table.cursor().map(va(at), pa(output), PageSize::Size4K, WRITABLE).map_err(|_| Refused)
    }

    #[inline(always)]
    fn map_pages(&mut self, pages: impl Iterator<Item = (u64, u64)>) -> Done {
        let mut cursor = self.table.cursor();
        for (at, output) in pages {
            cursor.map(va(at), pa(output), PageSize::Size4K, WRITABLE).map_err(|_| Refused)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn unmap(&mut self, at: u64, bytes: u64) -> Done {
        self.table.cursor().unmap_region(va(at), bytes as usize).map_err(|_| Refused)
    }

    #[inline(always)]
    fn unmap_page(&mut self, at: u64) -> Done {
        self.table.cursor().unmap(va(at)).map(|_| ()).map_err(|_| Refused)
    }

    #[inline(always)]
    fn unmap_pages(&mut self, pages: impl Iterator<Item = u64>) -> Done {
        let mut cursor = self.table.cursor();
        for at in pages {
            cursor.unmap(va(at)).map_err(|_| Refused)?;
        }
        Ok(())
    }

    #[inline(always)]
    fn look_up(&self, at: u64) -> Option<u64> {
        self.table.query(va(at)).ok().map(|(output, ..)| output.as_usize() as u64)
    }

    #[inline(always)]
    fn protect(&mut self, at: u64, bytes: u64) -> Done {
        self.table.cursor().protect_region(va(at), bytes as usize, READ_ONLY).map_err(|_| Refused)
    }

    #[inline(always)]
    fn protect_page(&mut self, at: u64) -> Done {
        self.table.cursor().protect(va(at), READ_ONLY).map(|_| ()).map_err(|_| Refused)
    }

    fn destroy(&mut self) -> Done {
        // SAFETY: nothing is called after `destroy`, so it is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.table) };
        Ok(())
    }
}
