//! `x86_64`: an `OffsetPageTable`, page by page; it has no calls for ranges.

use crate::pool::{pointer, pool};
use crate::walker::{Done, Operation, Refused, Size, Walker, Window, Words, X86_64};
use x86_64::structures::paging::mapper::{MapToError, MapperFlush, Translate};
use x86_64::structures::paging::{
    FrameAllocator, Mapper, OffsetPageTable, Page, PageSize, PageTable, PageTableFlags, PhysFrame, Size1GiB,
    Size2MiB, Size4KiB,
};
use x86_64::{PhysAddr, VirtAddr};

/// Frames of the pool by their own address.
#[derive(Debug)]
pub struct FromPool;

// SAFETY: the pool hands out each frame once.
unsafe impl FrameAllocator<Size4KiB> for FromPool {
    #[inline]
    fn allocate_frame(&mut self) -> Option<PhysFrame> {
        pool().take().map(|address| PhysFrame::containing_address(PhysAddr::new(address)))
    }
}

/// The table.
#[derive(Debug)]
pub struct X8664 {
    root: u64,
    table: OffsetPageTable<'static>,
}

const WRITABLE: PageTableFlags = PageTableFlags::PRESENT
    .union(PageTableFlags::WRITABLE)
    .union(PageTableFlags::DIRTY)
    .union(PageTableFlags::NO_EXECUTE);
const READ_ONLY: PageTableFlags = WRITABLE.difference(PageTableFlags::WRITABLE);

#[inline(always)]
fn page<S: PageSize>(va: u64) -> Page<S> {
    Page::containing_address(VirtAddr::new(va))
}

impl X8664 {
    #[inline(always)]
    fn one<S: PageSize>(&mut self, va: u64, pa: u64) -> Done
    where
        OffsetPageTable<'static>: Mapper<S>,
    {
        let frame = PhysFrame::containing_address(PhysAddr::new(pa));
        // SAFETY: nobody runs on these tables.
        let mapped: Result<MapperFlush<S>, MapToError<S>> =
            unsafe { self.table.map_to(page::<S>(va), frame, WRITABLE, &mut FromPool) };
        mapped.map(MapperFlush::ignore).map_err(|_| Refused)
    }
}

impl Walker for X8664 {
    const NAME: &'static str = "x86_64";
    const ABOUT: &'static str = "x86_64, OffsetPageTable; ranges of blocks are a loop of its user";
    const WORDS: Words = X86_64;

    fn lacks(operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::MapRange | Operation::MapBeside | Operation::UnmapRange | Operation::ProtectRange => {
                Some("has no call for a range")
            }
            Operation::MapCursor | Operation::UnmapCursor => Some("has no cursor"),
            Operation::Split | Operation::UnmapInside => Some("cannot split a block"),
            Operation::Destroy => Some("frees empty tables only"),
            _ => None,
        }
    }

    fn new(_: Window) -> Option<Self> {
        let root = pool().take_zeroed()?;
        // SAFETY: a frame of the pool, zeroed, that nobody else uses.
        let level4: &'static mut PageTable = unsafe { &mut *pointer(root).cast() };
        // SAFETY: frames of the pool lie at their own addresses.
        let table = unsafe { OffsetPageTable::new(level4, VirtAddr::zero()) };
        Some(X8664 { root, table })
    }

    fn root(&self) -> u64 {
        self.root
    }

    #[inline(always)]
    fn map(&mut self, va: u64, pa: u64, bytes: u64, size: Size) -> Done {
        for at in (0..bytes).step_by(size.bytes() as usize) {
            match size {
                Size::Page => self.one::<Size4KiB>(va + at, pa + at)?,
                Size::Block2M => self.one::<Size2MiB>(va + at, pa + at)?,
                Size::Block1G => self.one::<Size1GiB>(va + at, pa + at)?,
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn map_page(&mut self, va: u64, pa: u64) -> Done {
        self.one::<Size4KiB>(va, pa)
    }

    #[inline(always)]
    fn unmap_page(&mut self, va: u64) -> Done {
        let (_, flush) = self.table.unmap(page::<Size4KiB>(va)).map_err(|_| Refused)?;
        flush.ignore();
        Ok(())
    }

    #[inline(always)]
    fn look_up(&self, va: u64) -> Option<u64> {
        self.table.translate_addr(VirtAddr::new(va)).map(PhysAddr::as_u64)
    }

    #[inline(always)]
    fn protect_page(&mut self, va: u64) -> Done {
        // SAFETY: nobody runs on these tables.
        let changed = unsafe { self.table.update_flags(page::<Size4KiB>(va), READ_ONLY) };
        changed.map(MapperFlush::ignore).map_err(|_| Refused)
    }
}
