//! `aarch64-paging`: a `Mapping` with a translation of one's own, as its documentation shows.

use crate::pool::{pointer, pool};
use crate::walker::{ARM64, Done, Operation, Refused, Size, Walker, Window, Words};
use aarch64_paging::Mapping;
use aarch64_paging::descriptor::{Descriptor, El23Attributes, PhysicalAddress, UpdatableDescriptor};
use aarch64_paging::paging::{Constraints, El2, MemoryRegion, PageTable, Translation};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;

/// Frames of the pool by their own address.
#[derive(Debug)]
pub struct FromPool;

impl Translation<El23Attributes> for FromPool {
    #[inline]
    fn allocate_table(&mut self) -> (NonNull<PageTable<El23Attributes>>, PhysicalAddress) {
        // It can report no failure; the pool is large enough for every row.
        let Some(address) = pool().take_zeroed() else { std::process::abort() };
        (self.physical_to_virtual(PhysicalAddress(address as usize)), PhysicalAddress(address as usize))
    }
    #[inline]
    unsafe fn deallocate_table(&mut self, table: NonNull<PageTable<El23Attributes>>) {
        pool().give(table.as_ptr().expose_provenance() as u64);
    }
    #[inline]
    fn physical_to_virtual(&self, pa: PhysicalAddress) -> NonNull<PageTable<El23Attributes>> {
        NonNull::new(pointer(pa.0 as u64).cast()).unwrap_or_else(|| std::process::abort())
    }
}

/// Whether the table is marked active.
pub trait State {
    /// The column's name.
    const NAME: &'static str;
    /// What it is.
    const ABOUT: &'static str;
    /// Marked active.
    const ACTIVE: bool;
}
/// Not active.
#[derive(Debug)]
pub enum Idle {}
/// Active.
#[derive(Debug)]
pub enum Active {}
impl State for Idle {
    const NAME: &'static str = "aarch64-paging";
    const ABOUT: &'static str = "aarch64-paging, not active";
    const ACTIVE: bool = false;
}
impl State for Active {
    const NAME: &'static str = "aarch64-paging-live";
    const ABOUT: &'static str = "aarch64-paging, marked active; its barriers are nothing on this machine";
    const ACTIVE: bool = true;
}

/// The table.
#[derive(Debug)]
pub struct Aarch64Paging<S> {
    // Dropping an active one panics, and frames are taken back by the pool.
    mapping: ManuallyDrop<Mapping<FromPool, El2>>,
    state: PhantomData<S>,
}

/// Normal memory (attribute 0), writable, never executed.
const WRITABLE: El23Attributes = El23Attributes::VALID
    // AP[1], which is 1 in this regime.
    .union(El23Attributes::USER_RES1)
    .union(El23Attributes::INNER_SHAREABLE)
    .union(El23Attributes::ACCESSED)
    .union(El23Attributes::XN);
const PAGES: Constraints = Constraints::NO_BLOCK_MAPPINGS.union(Constraints::NO_CONTIGUOUS_HINT);

fn region(va: u64, bytes: u64) -> MemoryRegion {
    MemoryRegion::new(va as usize, (va + bytes) as usize)
}

impl<S: State> Aarch64Paging<S> {
    #[inline(always)]
    fn change(&mut self, va: u64, bytes: u64) -> Done {
        let read_only = |_: &MemoryRegion, descriptor: &mut UpdatableDescriptor<El23Attributes>| {
            descriptor.modify_flags(El23Attributes::READ_ONLY, El23Attributes::empty())
        };
        self.mapping.modify_range(&region(va, bytes), &read_only).map_err(|_| Refused)
    }
}

impl<S: State> Walker for Aarch64Paging<S> {
    const NAME: &'static str = S::NAME;
    const ABOUT: &'static str = S::ABOUT;
    const WORDS: Words = ARM64;

    fn lacks(operation: Operation) -> Option<&'static str> {
        match operation {
            Operation::MapCursor | Operation::UnmapCursor => Some("has no cursor"),
            Operation::Split => Some("splits only on the way to a change"),
            Operation::UnmapInside if S::ACTIVE => Some("refuses to split a live block"),
            _ => None,
        }
    }

    fn new(_: Window) -> Option<Self> {
        let mapping = Mapping::new(FromPool, 0, El2);
        if S::ACTIVE {
            mapping.mark_active();
        }
        Some(Aarch64Paging { mapping: ManuallyDrop::new(mapping), state: PhantomData })
    }

    fn root(&self) -> u64 {
        self.mapping.root_address().0 as u64
    }

    #[inline(always)]
    fn map(&mut self, va: u64, pa: u64, bytes: u64, size: Size) -> Done {
        let constraints = if size == Size::Page { PAGES } else { Constraints::NO_CONTIGUOUS_HINT };
        self.mapping
            .map_range(&region(va, bytes), PhysicalAddress(pa as usize), WRITABLE, constraints)
            .map_err(|_| Refused)
    }

    #[inline(always)]
    fn map_page(&mut self, va: u64, pa: u64) -> Done {
        self.map(va, pa, 4096, Size::Page)
    }

    #[inline(always)]
    fn unmap(&mut self, va: u64, bytes: u64) -> Done {
        self.mapping
            .map_range(&region(va, bytes), PhysicalAddress(0), El23Attributes::empty(), Constraints::empty())
            .map_err(|_| Refused)
    }

    #[inline(always)]
    fn unmap_page(&mut self, va: u64) -> Done {
        self.unmap(va, 4096)
    }

    #[inline(always)]
    fn look_up(&self, va: u64) -> Option<u64> {
        let page = va & !0xfff;
        let mut found = None;
        let walked = self.mapping.walk_range(
            &region(page, 4096),
            &mut |_: &MemoryRegion, descriptor: &Descriptor<El23Attributes>, level: usize| {
                if descriptor.is_valid() {
                    let inside = (1_u64 << (12 + 9 * (3 - level))) - 1;
                    found = Some(descriptor.output_address().0 as u64 | va & inside);
                }
                Ok(())
            },
        );
        walked.ok().and(found)
    }

    #[inline(always)]
    fn protect(&mut self, va: u64, bytes: u64) -> Done {
        self.change(va, bytes)
    }

    #[inline(always)]
    fn protect_page(&mut self, va: u64) -> Done {
        self.change(va, 4096)
    }

    #[inline(always)]
    fn unmap_inside(&mut self, va: u64) -> Done {
        self.unmap(va, 4096)
    }

    fn destroy(&mut self) -> Done {
        if S::ACTIVE {
            self.mapping.mark_inactive();
        }
        // SAFETY: nothing is called after `destroy`, so it is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.mapping) };
        Ok(())
    }
}
