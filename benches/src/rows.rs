//! The operations that are measured. To add one: a type that is a [`Row`], and its name in [`for_each_row`].

use crate::data::{Data, OUTPUT};
use crate::tree::Leaf;
use crate::walker::{Done, Operation, Refused, Size, Walker, Window, Words};
use std::hint::black_box;
use std::sync::atomic::{Ordering, compiler_fence};

const PAGE: u64 = 4096;
/// What one table of the last level maps.
const TABLE: u64 = 2 << 20;

/// 1 GiB, neither at 0 nor aligned to more than 1 GiB, as a real mapping of memory.
pub const DENSE: Window = Window { start: 3 << 30, bytes: 1 << 30, size: Size::Page };
/// Where scattered pages lie.
pub const SPARSE: Window = Window { start: 64 << 30, bytes: 64 << 30, size: Size::Page };

/// One operation, the same for every contender.
pub trait Row {
    /// What `--list` shows and the command line takes.
    const NAME: &'static str;
    /// What it is, for tables and charts.
    const TITLE: &'static str;
    /// What one unit is.
    const UNIT: &'static str;
    /// Units of one run on one table.
    const UNITS: u64;
    /// Tables that one run works on, one after another: for operations too short for the clock.
    const COPIES: usize = 1;
    /// What it needs.
    const OPERATION: Operation;
    /// Where it works.
    const WINDOW: Window;

    /// Sets the stage, off the clock.
    fn prepare<W: Walker>(walker: &mut W, data: &Data) -> Done;
    /// What is measured. The number is what it found, if it looks for something.
    fn run<W: Walker>(walker: &mut W, data: &Data) -> Result<u64, Refused>;
    /// What it must find.
    fn found(data: &Data) -> u64 {
        let _ = data;
        0
    }
    /// The leaves that must be there afterwards, in ascending order.
    fn leaves(data: &Data, words: &Words) -> Vec<Leaf>;
}

/// Calls a macro with all rows, in the order of the table.
#[macro_export]
macro_rules! for_each_row {
    ($each:ident) => {
        $each!(
            MapRange,
            MapBeside,
            MapEach,
            MapCursor,
            MapRandom,
            UnmapRange,
            UnmapInner,
            UnmapEach,
            UnmapCursor,
            UnmapRandom,
            LookUpDense,
            LookUpSparse,
            LookUpChained,
            Blocks1G,
            Blocks2M,
            ProtectRange,
            ProtectEach,
            Split,
            UnmapInside,
            Teardown
        )
    };
}

fn none(_: &Data, _: &Words) -> Vec<Leaf> {
    Vec::new()
}

fn leaf(va: u64, size: Size, bits: u64) -> Leaf {
    let output = va.wrapping_add(OUTPUT) & !(size.bytes() - 1);
    Leaf { va, bytes: size.bytes(), word: output | bits }
}

fn range(window: Window, bits: u64) -> Vec<Leaf> {
    let bytes = window.size.bytes();
    (0..window.bytes / bytes).map(|k| leaf(window.start + k * bytes, window.size, bits)).collect()
}

fn dense(_: &Data, words: &Words) -> Vec<Leaf> {
    range(DENSE, words.page)
}

fn dense_read_only(_: &Data, words: &Words) -> Vec<Leaf> {
    range(DENSE, words.read_only)
}

fn sparse(data: &Data, words: &Words) -> Vec<Leaf> {
    let mut pages = data.scattered.clone();
    pages.sort_unstable();
    pages.into_iter().map(|va| leaf(va, Size::Page, words.page)).collect()
}

/// The pages of a window. Where it starts is not known when a row is compiled, as it would not be to a kernel.
#[inline(always)]
fn pages(window: Window) -> impl Iterator<Item = u64> {
    let start = black_box(window.start);
    (0..window.bytes / PAGE).map(move |k| start + k * PAGE)
}

/// Between two calls, so that the compiler does not join them: it would otherwise keep what one call loaded for the
/// next, which no caller who does anything in between would see.
#[inline(always)]
fn call_ends() {
    compiler_fence(Ordering::SeqCst);
}

/// The same for calls that are made inside a contender.
#[inline(always)]
fn apart(pages: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
    pages.inspect(|_| call_ends())
}

#[inline(always)]
fn map_each<W: Walker>(walker: &mut W, pages: impl Iterator<Item = u64>) -> Result<u64, Refused> {
    for va in pages {
        walker.map_page(va, va + OUTPUT)?;
        call_ends();
    }
    Ok(0)
}

/// For preparations: one call if there is one for ranges, else page by page.
#[inline(never)]
fn map_dense<W: Walker>(walker: &mut W, _: &Data) -> Done {
    walker.map(DENSE.start, DENSE.start + OUTPUT, DENSE.bytes, Size::Page)
}

#[inline(never)]
fn map_scattered<W: Walker>(walker: &mut W, data: &Data) -> Done {
    map_each(walker, data.scattered.iter().copied()).map(|_| ())
}

#[inline(never)]
fn nothing<W: Walker>(_: &mut W, _: &Data) -> Done {
    Ok(())
}

macro_rules! row {
    (
        $(#[$doc:meta])* $name:ident: $text:literal, $title:literal, per $unit:literal, $units:expr, on $copies:literal,
        $operation:ident, $window:expr, after $prepare:ident, run |$walker:ident, $data:ident| $run:expr,
        $(finds |$found:ident| $sum:expr,)? leaves $leaves:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Row for $name {
            const NAME: &'static str = $text;
            const TITLE: &'static str = $title;
            const UNIT: &'static str = $unit;
            const UNITS: u64 = $units;
            const COPIES: usize = $copies;
            const OPERATION: Operation = Operation::$operation;
            const WINDOW: Window = $window;
            fn prepare<W: Walker>(walker: &mut W, data: &Data) -> Done {
                $prepare(walker, data)
            }
            #[inline(always)]
            fn run<W: Walker>($walker: &mut W, $data: &Data) -> Result<u64, Refused> {
                let _ = $data;
                $run
            }
            $(fn found($found: &Data) -> u64 {
                $sum
            })?
            fn leaves(data: &Data, words: &Words) -> Vec<Leaf> {
                let leaves: fn(&Data, &Words) -> Vec<Leaf> = $leaves;
                leaves(data, words)
            }
        }
    };
}

const PAGES: u64 = DENSE.bytes / PAGE;

row!(
    /// One call.
    MapRange: "map-range", "map 1 GiB of pages in one call", per "page", PAGES, on 1, MapRange, DENSE, after nothing,
    run |walker, data| walker.map(DENSE.start, data.output(DENSE.start), DENSE.bytes, Size::Page).map(|()| 0),
    leaves dense
);

#[inline(never)]
fn map_firsts<W: Walker>(walker: &mut W, _: &Data) -> Done {
    map_each(walker, pages(DENSE).step_by((TABLE / PAGE) as usize)).map(|_| ())
}

row!(
    /// Into tables that stand already.
    MapBeside: "map-beside", "map the rest of tables with one page, 511 pages a call", per "page", PAGES - PAGES / 512,
    on 1, MapBeside, DENSE, after map_firsts,
    run |walker, data| {
        for table in pages(DENSE).step_by((TABLE / PAGE) as usize) {
            walker.map(table + PAGE, data.output(table + PAGE), TABLE - PAGE, Size::Page)?;
        }
        Ok(0)
    },
    leaves dense
);

row!(
    /// Page by page.
    MapEach: "map-each", "map 262,144 pages, one call each, in order", per "page", PAGES, on 1, MapPage, DENSE,
    after nothing, run |walker, data| map_each(walker, pages(DENSE)), leaves dense
);

row!(
    /// Page by page, the place kept.
    MapCursor: "map-cursor", "the same through a cursor", per "page", PAGES, on 1, MapCursor, DENSE, after nothing,
    run |walker, data| walker.map_pages(apart(pages(DENSE)).map(|va| (va, va + OUTPUT))).map(|()| 0), leaves dense
);

row!(
    /// At random.
    MapRandom: "map-random", "map 262,144 pages at random over 64 GiB", per "page", PAGES, on 1, MapPage, SPARSE,
    after nothing, run |walker, data| map_each(walker, data.scattered.iter().copied()), leaves sparse
);

row!(
    /// One call.
    UnmapRange: "unmap-range", "unmap 1 GiB of pages in one call", per "page", PAGES, on 1, UnmapRange, DENSE,
    after map_dense, run |walker, data| walker.unmap(DENSE.start, DENSE.bytes).map(|()| 0), leaves none
);

row!(
    /// So that no table goes as a whole.
    UnmapInner: "unmap-inner", "unmap all pages of a table but one, 511 a call", per "page", PAGES - PAGES / 512, on 1,
    UnmapRange, DENSE, after map_dense,
    run |walker, data| {
        for table in pages(DENSE).step_by((TABLE / PAGE) as usize) {
            walker.unmap(table + PAGE, TABLE - PAGE)?;
        }
        Ok(0)
    },
    leaves |data, words| dense(data, words).into_iter().step_by((TABLE / PAGE) as usize).collect()
);

#[inline(never)]
fn map_dense_each<W: Walker>(walker: &mut W, _: &Data) -> Done {
    map_each(walker, pages(DENSE)).map(|_| ())
}

row!(
    /// Page by page.
    UnmapEach: "unmap-each", "unmap 262,144 pages, one call each, in order", per "page", PAGES, on 1, UnmapPage, DENSE,
    after map_dense_each,
    run |walker, data| {
        for va in pages(DENSE) {
            walker.unmap_page(va)?;
            call_ends();
        }
        Ok(0)
    },
    leaves none
);

row!(
    /// Page by page, the place kept.
    UnmapCursor: "unmap-cursor", "the same through a cursor", per "page", PAGES, on 1, UnmapCursor, DENSE,
    after map_dense_each, run |walker, data| walker.unmap_pages(apart(pages(DENSE))).map(|()| 0), leaves none
);

row!(
    /// At random.
    UnmapRandom: "unmap-random", "unmap 262,144 pages at random over 64 GiB", per "page", PAGES, on 1, UnmapPage, SPARSE,
    after map_scattered,
    run |walker, data| {
        for &va in &data.scattered {
            walker.unmap_page(va)?;
            call_ends();
        }
        Ok(0)
    },
    leaves none
);

#[inline(always)]
fn sum<W: Walker>(walker: &W, addresses: impl Iterator<Item = u64>) -> Result<u64, Refused> {
    let mut sum = 0_u64;
    for va in addresses {
        sum = sum.wrapping_add(walker.look_up(va).ok_or(Refused)?);
        call_ends();
    }
    Ok(sum)
}

fn expected_sum(addresses: impl Iterator<Item = u64>) -> u64 {
    addresses.fold(0, |sum, va| sum.wrapping_add(va + OUTPUT))
}

row!(
    /// Neighbours.
    LookUpDense: "lookup-dense", "look up each page of 1 GiB, in order", per "lookup", PAGES, on 1, LookUp, DENSE,
    after map_dense_each, run |walker, data| sum(walker, pages(DENSE).map(|va| va + 0x123)),
    finds |_data| expected_sum(pages(DENSE).map(|va| va + 0x123)), leaves dense
);

row!(
    /// Far apart.
    LookUpSparse: "lookup-sparse", "look up 262,144 pages at random over 64 GiB", per "lookup", PAGES, on 1, LookUp,
    SPARSE, after map_scattered, run |walker, data| sum(walker, data.shuffled.iter().copied()),
    finds |data| expected_sum(data.shuffled.iter().copied()), leaves sparse
);

/// The next address of a chain, from the output found for the last.
#[inline(always)]
fn next(output: u64) -> u64 {
    // A step of a linear congruential generator over the pages: it visits each once.
    let page = ((output - OUTPUT - DENSE.start) / PAGE).wrapping_mul(0x5_2d65).wrapping_add(12_345) % PAGES;
    DENSE.start + page * PAGE
}

row!(
    /// Each waits for the last.
    LookUpChained: "lookup-chained", "look up pages of 1 GiB, each address from the last result", per "lookup", PAGES,
    on 1, LookUp, DENSE, after map_dense_each,
    run |walker, data| {
        let mut va = black_box(DENSE.start);
        for _ in 0..PAGES {
            va = next(walker.look_up(va).ok_or(Refused)?);
            call_ends();
        }
        Ok(va)
    },
    finds |_data| (0..PAGES).fold(DENSE.start, |va, _| next(va + OUTPUT)), leaves dense
);

/// Blocks of 1 GiB.
const TIB: Window = Window { start: 1 << 40, bytes: 1 << 40, size: Size::Block1G };
/// Blocks of 2 MiB, whose outputs are aligned to no more.
const MANY: Window = Window { start: 64 << 30, bytes: 64 << 30, size: Size::Block2M };
/// What keeps them from becoming larger.
const SHIFTED: u64 = 2 << 20;

fn shifted(window: Window, bits: u64) -> Vec<Leaf> {
    range(window, bits).into_iter().map(|leaf| Leaf { word: leaf.word + SHIFTED, ..leaf }).collect()
}

row!(
    /// The largest.
    Blocks1G: "blocks-1g", "map 1 TiB as 1 GiB blocks", per "block", 1024, on 64, MapBlocks, TIB, after nothing,
    run |walker, data| walker.map(TIB.start, data.output(TIB.start), TIB.bytes, Size::Block1G).map(|()| 0),
    leaves |_, words| range(TIB, words.block)
);

row!(
    /// The next.
    Blocks2M: "blocks-2m", "map 64 GiB as 2 MiB blocks", per "block", 32_768, on 4, MapBlocks, MANY, after nothing,
    run |walker, data| {
        walker.map(MANY.start, data.output(MANY.start) + SHIFTED, MANY.bytes, Size::Block2M).map(|()| 0)
    },
    leaves |_, words| shifted(MANY, words.block)
);

row!(
    /// One call.
    ProtectRange: "protect-range", "make 1 GiB of pages read-only in one call", per "page", PAGES, on 1, ProtectRange,
    DENSE, after map_dense, run |walker, data| walker.protect(DENSE.start, DENSE.bytes).map(|()| 0),
    leaves dense_read_only
);

row!(
    /// Page by page.
    ProtectEach: "protect-each", "make 262,144 pages read-only, one call each", per "page", PAGES, on 1, ProtectPage,
    DENSE, after map_dense_each,
    run |walker, data| {
        for va in pages(DENSE) {
            walker.protect_page(va)?;
            call_ends();
        }
        Ok(0)
    },
    leaves dense_read_only
);

/// 512 blocks of 2 MiB that are taken apart.
const APART: Window = Window { start: 64 << 30, bytes: 1 << 30, size: Size::Block2M };

#[inline(never)]
fn map_apart<W: Walker>(walker: &mut W, data: &Data) -> Done {
    walker.map(APART.start, data.output(APART.start) + SHIFTED, APART.bytes, Size::Block2M)
}

fn taken_apart(words: &Words) -> impl Iterator<Item = Leaf> {
    let bits = words.page;
    (0..APART.bytes / PAGE)
        .map(move |k| leaf(APART.start + k * PAGE, Size::Page, bits))
        .map(|leaf| Leaf { word: leaf.word + SHIFTED, ..leaf })
}

row!(
    /// A block becomes a table.
    Split: "split", "split 512 blocks of 2 MiB", per "block", 512, on 4, Split, APART, after map_apart,
    run |walker, data| {
        for block in 0..512 {
            walker.split(APART.start + block * TABLE)?;
        }
        Ok(0)
    },
    leaves |_, words| taken_apart(words).collect()
);

row!(
    /// A hole in a block.
    UnmapInside: "unmap-inside", "unmap one page inside each of 512 blocks", per "block", 512, on 4, UnmapInside, APART,
    after map_apart,
    run |walker, data| {
        for block in 0..512 {
            walker.unmap_inside(APART.start + block * TABLE + 7 * PAGE)?;
        }
        Ok(0)
    },
    leaves |_, words| taken_apart(words).filter(|leaf| leaf.va % TABLE != 7 * PAGE).collect()
);

row!(
    /// All tables are freed.
    Teardown: "teardown", "free the tables of 1 GiB of pages", per "page", PAGES, on 4, Destroy, DENSE,
    after map_dense, run |walker, data| walker.destroy().map(|()| 0), leaves none
);
