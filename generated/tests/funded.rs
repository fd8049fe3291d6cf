//! A funded map is all or nothing as to memory, for every format: with one table page too few nothing happens, and it takes no
//! more pages than the same map without.

#[expect(dead_code, reason = "only the spec is needed here")]
mod agree;
#[allow(dead_code, reason = "only what makes a table and compares it is needed here")]
mod flat;
#[macro_use]
mod library;
mod offer;

use agree::spec;
use flat::{Flat, create, map_both};
use offer::{attributes, levels};
use ptdsl::{Arena, Config, Error, Extend, Format, Grouping, How, MapError, PageTable, Phys, Range, Sizes};
use ptdsl_compiler::ir;

/// A table of the format's widest input.
struct Bed<F: Format> {
    flat: Flat<F>,
    table: PageTable<F>,
    arena: Arena<F>,
}

/// First address of what a table of that width translates.
fn base<F: Format>(width: u32) -> u64 {
    match F::EXTEND {
        Extend::One => !(u64::MAX >> (64 - width)),
        Extend::Zero | Extend::Sign => 0,
    }
}

fn range(va: u64, bytes: u64) -> Range {
    Range::new(va, bytes).expect("small")
}

/// Something is there already: a page at the beginning of the first leaf table.
fn bed<F: Format>(config: &Config<F>, attributes: F::Attributes) -> Bed<F> {
    let mut arena: Arena<F> = Arena::new(Phys(1 << 28), 200);
    let mut table = create(&mut arena, config);
    let mut flat = Flat::new(config);
    let page = range(base::<F>(config.width), 1 << F::GRANULE_SHIFT);
    map_both((&mut flat, &mut table, &mut arena), (page, 0), attributes, How::default());
    Bed { flat, table, arena }
}

/// Maps with as few pages as it takes; what each smaller number gives leaves everything as it was. How many it took.
fn least<F: Format>(
    config: &Config<F>,
    attributes: F::Attributes,
    (range, output): (Range, u64),
    how: How,
) -> usize {
    for pages in 0..64 {
        let Bed { mut flat, mut table, mut arena } = bed(config, attributes);
        let before = arena.live_frames();
        arena.ration(Some(pages));
        arena.take_steps();
        let mapped = table.map_funded(&mut arena, range, Phys(output), attributes, how);
        if mapped.is_ok() {
            flat.map(range, output, attributes, how).expect("the same");
            flat.compare(&table, &arena);
            return pages;
        }
        let refused = matches!(mapped, Err(MapError { mapped: 0, error: Error::OutOfMemory { .. } }));
        assert!(refused, "{mapped:?} with {pages}");
        assert_eq!(arena.take_steps().len(), 0, "no maintenance");
        assert_eq!(arena.live_frames(), before, "every page went back");
        flat.compare(&table, &arena);
    }
    panic!("64 pages are not enough for {range:?}");
}

fn funded<F: Format>(format: &ir::Format) {
    let attributes = attributes::<F>(format)[0];
    let config: Config<F> = Config::default();
    let granule = 1_u64 << F::GRANULE_SHIFT;
    let levels = levels::<F>(config.width);
    let mut most = 0;
    for level in &levels {
        let entry = 1_u64 << level.shift;
        // The flat map holds every page.
        let whole = entry.min(granule << 12);
        // Around the second entry of each level, which nothing reaches yet, and from the page that is there on.
        let start = base::<F>(config.width) + entry;
        for (first, bytes, sizes) in [
            (start, whole, Sizes::Largest),
            (start - granule.min(entry), 2 * granule, Sizes::Pages),
            (start, whole, Sizes::Pages),
            (start + granule.min(entry / 2), whole, Sizes::Largest),
        ] {
            let asked = range(first & !(granule - 1), bytes.max(granule));
            let page = asked.first() == base::<F>(config.width);
            let output = (asked.first() - base::<F>(config.width)) & ((1 << (config.output_bits - 1)) - 1);
            if page || (output + bytes) >> config.output_bits != 0 {
                continue;
            }
            for grouping in [Grouping::Single, Grouping::Spans] {
                let how = How { sizes, grouping, ..How::default() };
                let tables = |bed: Bed<F>| bed.arena.live_frames();
                let pages = least(&config, attributes, (asked, output), how);
                most = most.max(pages);
                let mut plain = bed(&config, attributes);
                let before = plain.arena.live_frames();
                let mapped = plain.table.map_with(&mut plain.arena, asked, Phys(output), attributes, how);
                mapped.unwrap_or_else(|error| panic!("{asked:?}: {error}"));
                // Frames and pages are the same where a table is no larger than a granule.
                if F::GRANULE_SHIFT >= 12 {
                    assert_eq!(tables(plain) - before, pages, "{asked:?} {how:?}");
                }
            }
        }
    }
    assert!(most > 0, "some map needs tables");
}

macro_rules! tests {
    ($($name:ident, $marker:ty, $spec:literal;)*) => {$(
        #[test]
        fn $name() {
            funded::<$marker>(&spec($spec));
        }
    )*};
}
for_every_format!(tests);

#[test]
fn what_lies_before_an_entry_in_the_way_stays_mapped_and_the_rest_goes_back() {
    use ptdsl_generated::arm64_hyp::{Arm64Hyp, Attributes};
    let config: Config<Arm64Hyp> = Config::default();
    let Bed { mut table, mut arena, .. } = bed(&config, Attributes::R_NORMAL);
    table.map(&mut arena, range(0x60_0000, 0x1000), Phys(0), Attributes::R_NORMAL).expect("free");
    let before = arena.live_frames();
    // 2 MiB of pages, then the table with the page in the way, then 2 MiB that would need another table.
    let how = How { sizes: Sizes::Pages, ..How::default() };
    let mapped =
        table.map_funded(&mut arena, range(0x40_0000, 0x60_0000), Phys(0), Attributes::R_NORMAL, how);
    assert!(
        matches!(
            mapped,
            Err(MapError { mapped: 0x20_0000, error: Error::AlreadyMapped { va: 0x60_0000, .. } })
        ),
        "{mapped:?}"
    );
    assert_eq!(arena.live_frames(), before + 1);
}
