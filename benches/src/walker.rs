//! What a contender can do, in the words of the measurements.

/// The sizes that are measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 4 KiB.
    Page,
    /// 2 MiB.
    Block2M,
    /// 1 GiB.
    Block1G,
}

impl Size {
    /// Bytes.
    pub const fn bytes(self) -> u64 {
        match self {
            Size::Page => 4 << 10,
            Size::Block2M => 2 << 20,
            Size::Block1G => 1 << 30,
        }
    }
}

/// What a row needs of a contender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `map` with pages.
    MapRange,
    /// `map` with pages, beside others that exist.
    MapBeside,
    /// `map_page`.
    MapPage,
    /// `map_pages`.
    MapCursor,
    /// `map` with blocks.
    MapBlocks,
    /// `unmap`.
    UnmapRange,
    /// `unmap_page`.
    UnmapPage,
    /// `unmap_pages`.
    UnmapCursor,
    /// `look_up`.
    LookUp,
    /// `protect`.
    ProtectRange,
    /// `protect_page`.
    ProtectPage,
    /// `split`.
    Split,
    /// `unmap_inside`.
    UnmapInside,
    /// `destroy`.
    Destroy,
}

/// A contender refused; what was asked for is in the caller's message.
#[derive(Clone, Copy, Debug)]
pub struct Refused;

/// Whether it did what was asked for.
pub type Done = Result<(), Refused>;

/// The descriptors that a contender writes: for the check, which reads tables by itself.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// x86-64, or VMSAv8-64.
    pub x86: bool,
    /// Bits of a writable page besides its address.
    pub page: u64,
    /// Bits of a read-only page.
    pub read_only: u64,
    /// Bits of a writable block.
    pub block: u64,
}

/// VMSAv8-64 at EL2: normal memory, read and write, never executed.
pub const ARM64: Words = Words {
    x86: false,
    page: 0x0040_0000_0000_0743,
    read_only: 0x0040_0000_0000_07c3,
    block: 0x0040_0000_0000_0741,
};

/// x86-64: supervisor, write-back, never executed, dirty.
pub const X86_64: Words = Words {
    x86: true,
    page: 0x8000_0000_0000_0043,
    read_only: 0x8000_0000_0000_0041,
    block: 0x8000_0000_0000_00c3,
};

/// Where a row works: what the limits set up beforehand.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// First input address.
    pub start: u64,
    /// Bytes.
    pub bytes: u64,
    /// Size of its leaves.
    pub size: Size,
}

/// A contender. Every call is monomorphized into the row, as it would be into its user.
#[allow(unused_variables, reason = "what a contender does not have is refused")]
pub trait Walker: Sized {
    /// The column's name.
    const NAME: &'static str;
    /// What it is, in a few words.
    const ABOUT: &'static str;
    /// What its tables hold.
    const WORDS: Words;

    /// Whether it leaves no leaf behind, whatever was asked for.
    const CLEARS: bool = false;

    /// Why it cannot do something; `None` if it can.
    fn lacks(operation: Operation) -> Option<&'static str>;
    /// An empty table for 48 bits of input.
    fn new(window: Window) -> Option<Self>;
    /// Physical address of the root.
    fn root(&self) -> u64;

    /// Maps a range in one call. `size` is the only size that is used.
    #[inline(always)]
    fn map(&mut self, va: u64, pa: u64, bytes: u64, size: Size) -> Done {
        Err(Refused)
    }
    /// Maps one page in one call.
    #[inline(always)]
    fn map_page(&mut self, va: u64, pa: u64) -> Done {
        Err(Refused)
    }
    /// Maps pages one by one through whatever keeps the place from one to the next.
    #[inline(always)]
    fn map_pages(&mut self, pages: impl Iterator<Item = (u64, u64)>) -> Done {
        Err(Refused)
    }
    /// Unmaps a range in one call.
    #[inline(always)]
    fn unmap(&mut self, va: u64, bytes: u64) -> Done {
        Err(Refused)
    }
    /// Unmaps one page in one call.
    #[inline(always)]
    fn unmap_page(&mut self, va: u64) -> Done {
        Err(Refused)
    }
    /// Unmaps pages one by one through whatever keeps the place from one to the next.
    #[inline(always)]
    fn unmap_pages(&mut self, pages: impl Iterator<Item = u64>) -> Done {
        Err(Refused)
    }
    /// The output address of one byte.
    #[inline(always)]
    fn look_up(&self, va: u64) -> Option<u64> {
        None
    }
    /// Takes the right to write away from a range in one call.
    #[inline(always)]
    fn protect(&mut self, va: u64, bytes: u64) -> Done {
        Err(Refused)
    }
    /// Takes the right to write away from one page in one call.
    #[inline(always)]
    fn protect_page(&mut self, va: u64) -> Done {
        Err(Refused)
    }
    /// Replaces the 2 MiB block there by a table of pages that maps the same.
    #[inline(always)]
    fn split(&mut self, va: u64) -> Done {
        Err(Refused)
    }
    /// Unmaps one page inside a block of 2 MiB; the rest stays mapped.
    #[inline(always)]
    fn unmap_inside(&mut self, va: u64) -> Done {
        Err(Refused)
    }
    /// Frees all tables, whatever they map. Nothing else is called afterwards.
    #[inline(always)]
    fn destroy(&mut self) -> Done {
        Err(Refused)
    }
}
