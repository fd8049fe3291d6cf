//! Random sequences of operations agree with a flat map, for every format: at both ends of the address space and where tables
//! meet, with every size of table and leaf. All table pages come back.

#[expect(dead_code, reason = "only the spec is needed here")]
mod agree;
mod flat;
#[macro_use]
mod library;
mod offer;

use agree::spec;
use flat::{Flat, create, map_both, unmap_both};
use offer::{Depth, attributes, levels};
use proptest::prelude::*;
use ptdsl::{Arena, Boundary, Config, Existing, Extend, Format, Grouping, How, Phys, Range, Sizes};
use ptdsl_compiler::ir;

/// An operation as numbers, which the shape of a format's tables turns into addresses.
#[derive(Clone, Debug)]
struct Op {
    map: bool,
    high: bool,
    near: u8,
    off: i64,
    pages: u8,
    output: u8,
    attributes: usize,
    largest: bool,
    grouped: bool,
}

fn op() -> impl Strategy<Value = Op> {
    let what = (prop::bool::weighted(0.6), any::<bool>(), any::<u8>(), -3_i64..=3);
    let how = (any::<u8>(), any::<u8>(), any::<usize>(), prop::bool::weighted(0.75), any::<bool>());
    (what, how).prop_map(|((map, high, near, off), (pages, output, attributes, largest, grouped))| Op {
        map,
        high,
        near,
        off,
        pages,
        output,
        attributes,
        largest,
        grouped,
    })
}

struct Shape {
    width: u32,
    granule: u32,
    levels: Vec<Depth>,
    extend: Extend,
}

impl Shape {
    /// The addresses of one end of what is translated.
    fn half(&self, high: bool) -> (u64, u64) {
        let (all, half) = (u64::MAX >> (64 - self.width), u64::MAX >> (65 - self.width));
        match self.extend {
            Extend::Zero => (0, all),
            Extend::One => (!all, u64::MAX),
            Extend::Sign if high => (!half, u64::MAX),
            Extend::Sign => (0, half),
        }
    }

    /// An address near an end, or near the beginning of a table's second slot or second table.
    fn address(&self, op: &Op) -> u64 {
        let (first, last) = self.half(op.high);
        let place = usize::from(op.near) % (self.levels.len() + 2);
        let page = match place.checked_sub(2).map(|level| self.levels[level].shift) {
            None if place == 0 => first >> self.granule,
            None => last >> self.granule,
            Some(shift) if op.high => (last >> shift << shift) >> self.granule,
            Some(shift) => (first + ((1_u64 << shift) & (last - first))) >> self.granule,
        };
        page.saturating_add_signed(op.off).clamp(first >> self.granule, last >> self.granule) << self.granule
    }

    /// A few pages, about a table of them, or about two.
    fn pages(&self, op: &Op) -> u64 {
        let bits = self.levels.iter().rev().nth(1).map_or(1, |level| level.shift - self.granule);
        let table = 1_u64 << bits;
        // Comparing costs time for each page: large tables are filled less often.
        let choices = if table > 1024 { 32 } else { 8 };
        let few = 1 + u64::from(op.pages) % 4;
        match op.pages % choices {
            0 => table.max(4) - 3,
            1 => table,
            2 => table + 1,
            3 if choices == 8 => 2 * table + 3,
            _ => few,
        }
    }

    /// Beside 0, beside the most that fits, or as far from a leaf's boundary as the input.
    fn output(&self, op: &Op, va: u64, bits: u32) -> u64 {
        let top = u64::MAX >> (64 - bits);
        let far = u64::from(op.output >> 2) << self.granule;
        match op.output % 4 {
            0 => far,
            1 => (top - far) >> self.granule << self.granule,
            2 => va & top,
            _ => (va & top) ^ far,
        }
    }
}

fn run<F: Format>(known: &[F::Attributes], width: u32, ops: &[Op]) {
    let config: Config<F> = Config { width, ..Config::default() };
    let shape = Shape { width, granule: F::GRANULE_SHIFT, levels: levels::<F>(width), extend: F::EXTEND };
    let mut arena: Arena<F> = Arena::new(Phys(1 << 28), 160);
    let mut table = create(&mut arena, &config);
    let root = arena.live_frames();
    let mut flat = Flat::new(&config);
    for op in ops {
        let va = shape.address(op);
        let Ok(range) = Range::new(va, shape.pages(op) << shape.granule) else { continue };
        let (first, last) = shape.half(op.high);
        if op.map {
            let sizes = if op.largest { Sizes::Largest } else { Sizes::Pages };
            let grouping = if op.grouped { Grouping::Spans } else { Grouping::Single };
            let output = shape.output(op, va, config.output_bits);
            let how = How { sizes, existing: Existing::Refuse, grouping };
            let attributes = known[op.attributes % known.len()];
            map_both((&mut flat, &mut table, &mut arena), (range, output), attributes, how);
        } else if first <= range.first() && range.last() <= last {
            unmap_both(&mut flat, &mut table, &mut arena, range);
        } else {
            assert!(table.unmap(&mut arena, range, Boundary::Stop).is_err());
        }
        flat.compare(&table, &arena);
    }
    while let Some((va, page)) = flat.pages.first_key_value().map(|(&va, &page)| (va, page)) {
        let range = Range::inclusive(va, va | ((1 << page.shift) - 1)).expect("a leaf");
        unmap_both(&mut flat, &mut table, &mut arena, range);
    }
    assert_eq!(arena.live_frames(), root);
    // SAFETY: no hardware walks an arena.
    unsafe { table.deactivate() }.destroy(&mut arena);
    assert_eq!(arena.live_frames(), 0);
}

/// The narrowest and the widest tables, and those around which the root changes its level.
fn widths<F: Format>() -> Vec<u32> {
    let around = levels::<F>(u32::MAX).into_iter().flat_map(|level| [level.shift, level.shift + 1]);
    let mut widths: Vec<u32> = around.chain([F::MIN_WIDTH, F::MAX_WIDTH]).collect();
    widths.retain(|width| (F::MIN_WIDTH..=F::MAX_WIDTH).contains(width));
    widths.sort_unstable();
    widths.dedup();
    widths
}

fn sequences<F: Format>(format: &ir::Format) {
    let known = attributes::<F>(format);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 8,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let cases = (prop::sample::select(widths::<F>()), prop::collection::vec(op(), 1..12));
    let tried = runner.run(&cases, |(width, ops)| {
        run::<F>(&known, width, &ops);
        Ok(())
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
}

macro_rules! agree_with_a_flat_map {
    ($($module:ident, $marker:ty, $spec:literal;)+) => {
        $(
            #[test]
            fn $module() {
                sequences::<$marker>(&spec($spec));
            }
        )+
    };
}

for_every_format!(agree_with_a_flat_map);
