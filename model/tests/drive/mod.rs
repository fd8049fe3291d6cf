//! Random operations of the runtime over the model, with a flat map that says what may be used after each.

use std::collections::BTreeMap;

use ptdsl::{
    Boundary, Config, Existing, Extend, Format, Grouping, How, Inactive, Level, Live, PageTable, Phys, Range,
    Sizes, Word,
};
use ptdsl_model::arch::Rules;
use ptdsl_model::port::{Described, Family, Meaning, Model, Mutation, Site};
use ptdsl_model::semantics::{Decoded, Path, Semantics};
use ptdsl_model::{Promise, Rule, Violation};

/// Small, fast, the same on every machine.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

type Leaf<F> = (i32, fn(Phys, <F as Format>::Attributes) -> <F as Format>::Word);

fn last<F: Format, L: Level<F>>() -> Leaf<F> {
    if L::HAS_TABLE { last::<F, L::Next>() } else { (L::NUMBER, L::leaf) }
}

/// Every listed combination of attributes that random words at the last level come upon.
pub(crate) fn attributes<F: Format>(meaning: Meaning) -> Vec<F::Attributes> {
    let semantics = Described::<F>::new(meaning);
    let (level, leaf) = last::<F, F::Top>();
    let mut random = Random::new(7);
    let mut found: Vec<F::Attributes> = Vec::new();
    for _ in 0..200_000 {
        // Valid, and on arm64 a page with AF; address bits are 0.
        let bits = random.next() ^ random.next() << 40;
        for word in
            [bits & 0xfff0_0000_0000_0fff | 3, bits & 0xfff0_0000_0000_0fff | 0xc1, bits & 0xff | 0xc1]
        {
            let word = F::Word::from_u64(word | 1 << 10 & word << 9);
            if let Some(attributes) = F::attributes(level, word)
                && F::attributes(level, leaf(Phys(0), attributes)) == Some(attributes)
                && !found.contains(&attributes)
                && matches!(semantics.decode(level, leaf(Phys(0), attributes).to_u64(), Path::ROOT),
                    Decoded::Leaf(leaf) if leaf.accessed)
            {
                found.push(attributes);
            }
        }
        if found.len() >= 8 {
            break;
        }
    }
    found
}

/// How many events there were, and the sites that were reached; or what was broken.
pub(crate) type Verdict = Result<(u64, Vec<(Site, &'static str)>), Box<Violation>>;

/// One run: a table, random operations, the model's verdict.
pub(crate) struct Run<F: Format> {
    pub(crate) model: Model<F>,
    table: PageTable<F, Live>,
    flat: BTreeMap<u64, (u64, F::Attributes)>,
    attributes: Vec<F::Attributes>,
    width: u32,
    /// Where the table differs from the flat map in what hardware does not look at, such as software bits.
    difference: Option<Box<Violation>>,
}

impl<F: Format> Run<F> {
    pub(crate) fn new(mut model: Model<F>, config: &Config<F>, attributes: &[F::Attributes]) -> Self {
        let table =
            PageTable::<F, Inactive>::create(&mut model, config).expect("memory").activate(&mut model);
        model.walk(table.root());
        model.demand_need(true);
        Run {
            model,
            table,
            flat: BTreeMap::new(),
            attributes: attributes.to_vec(),
            width: config.width,
            difference: None,
        }
    }

    fn base(&self, upper: bool) -> u64 {
        match F::EXTEND {
            Extend::Zero => 0,
            Extend::One => !0 << self.width,
            Extend::Sign if upper => !0 << (self.width - 1),
            Extend::Sign => 0,
        }
    }

    fn range(&self, random: &mut Random) -> Range {
        let granule = F::GRANULE_SHIFT;
        let entries = granule - F::Word::BYTES.trailing_zeros();
        let pages = match random.below(12) {
            0 => 1 << entries,
            1 => (1 << entries) + 1,
            2 => 2 << entries,
            few => few % 4 + 1,
        };
        let near = [0_u64, 1 << entries, 2 << entries][random.below(3) as usize];
        let page = near.saturating_add_signed(random.below(7) as i64 - 3);
        let first = self.base(random.below(2) == 1).wrapping_add(page << granule);
        Range::new(first, pages << granule).expect("small")
    }

    fn pages(range: Range, bytes: u64) -> impl Iterator<Item = u64> {
        (0..bytes >> F::GRANULE_SHIFT).map(move |k| range.first() + (k << F::GRANULE_SHIFT))
    }

    pub(crate) fn operate(&mut self, random: &mut Random) {
        let range = self.range(random);
        if random.below(5) < 2 {
            let unmapped = self.table.unmap(&mut self.model, range, Boundary::Stop).expect("in range");
            for va in Self::pages(range, unmapped.bytes) {
                self.flat.remove(&va);
            }
        } else {
            let low = range.first() & 0xfff_ffff;
            let skew = if random.below(3) == 0 { 1 << F::GRANULE_SHIFT } else { 0 };
            let output = Model::<F>::DATA + low + skew;
            let attributes = self.attributes[random.below(self.attributes.len() as u64) as usize];
            let existing = if random.below(3) == 0 { Existing::Update } else { Existing::Refuse };
            let how = How {
                existing,
                sizes: if random.below(4) == 0 { Sizes::Pages } else { Sizes::Largest },
                grouping: if random.below(3) == 0 { Grouping::Spans } else { Grouping::Single },
            };
            let mapped = match self.table.map_with(&mut self.model, range, Phys(output), attributes, how) {
                Ok(()) => range.last() - range.first() + 1,
                Err(error) => error.mapped,
            };
            for va in Self::pages(range, mapped) {
                self.flat.insert(va, (output + (va - range.first()), attributes));
            }
        }
        self.promise(range);
    }

    /// The range and its neighbours translate as the flat map says.
    fn promise(&mut self, range: Range) {
        let granule = 1_u64 << F::GRANULE_SHIFT;
        let (level, leaf) = last::<F, F::Top>();
        let first = range.first() - granule.min(range.first() - self.base(range.first() >> 63 != 0));
        let end = range.last().saturating_add(granule);
        let pages = self.flat.range(first..=end);
        let mapped = pages
            .map(|(&va, &(output, attributes))| {
                let word = leaf(Phys(output), attributes);
                self.model.mapped(va, va | (granule - 1), level, word).expect("a leaf")
            })
            .collect();
        self.model.returned(Promise { first, last: end, mapped, lazily: Vec::new() });
        self.compare(range);
    }

    /// The table reads back as the flat map says, every attribute included.
    fn compare(&mut self, range: Range) {
        for va in Self::pages(range, range.last() - range.first() + 1) {
            let found = self.table.translate(&self.model, va).ok();
            let found = found.map(|found| (found.output.0, found.attributes()));
            let expected = self.flat.get(&va).map(|&(output, attributes)| (output, Some(attributes)));
            if found != expected {
                let detail = format!("{va:#x} is {found:?}, not {expected:?}");
                let violation = Violation { rule: Rule::Stale, detail, observer: None, trace: Vec::new() };
                self.difference.get_or_insert_with(|| Box::new(violation));
            }
        }
    }

    /// Unmaps what is left; only the root remains.
    pub(crate) fn end(mut self) -> Verdict {
        while let Some((&va, _)) = self.flat.first_key_value() {
            let bytes = (0..16).map(|k| 1_u64 << (F::GRANULE_SHIFT + k)).find_map(|bytes| {
                let range = Range::new(va, bytes).ok()?;
                let unmapped = self.table.unmap(&mut self.model, range, Boundary::Stop).ok()?;
                (unmapped.bytes != 0).then_some((range, unmapped.bytes))
            });
            let Some((range, bytes)) = bytes else { break };
            for va in Self::pages(range, bytes) {
                self.flat.remove(&va);
            }
            self.promise(range);
        }
        let (live, events) = (self.model.live_pages(), self.model.events());
        let sites = self.model.sites().iter().map(|(site, (name, _))| (*site, *name)).collect();
        self.model.finish()?;
        self.difference.map_or(Ok(()), Err)?;
        assert!(self.flat.is_empty(), "everything can be unmapped");
        assert_eq!(live, 1, "only the root is left");
        Ok((events, sites))
    }
}

/// One run of `operations` random operations.
pub(crate) fn one<F: Format>(
    (family, meaning, rules): (Family, Meaning, Rules),
    (config, attributes): (&Config<F>, &[F::Attributes]),
    (pes, seed, operations): (usize, u64, usize),
    mutation: Option<Mutation>,
) -> Verdict {
    let model = Model::new(config, meaning, family, rules, pes, false).with_mutation(mutation).recording();
    let mut run = Run::new(model, config, attributes);
    let mut random = Random::new(seed);
    for _ in 0..operations {
        run.operate(&mut random);
        if run.model.violation().is_some() {
            run.model.finish()?;
            unreachable!("a violation was there");
        }
        if let Some(difference) = run.difference.take() {
            return Err(difference);
        }
    }
    run.end()
}

/// Random operations for a format, with 1, 2 and 4 PEs.
pub(crate) fn run<F: Format>(
    hardware: (Family, Meaning, Rules),
    options: F::Options,
    attributes: &[F::Attributes],
) {
    assert!(attributes.len() > 1, "{attributes:?}");
    let widest = Config { options, ..Config::default() };
    let narrow = Config { width: widest.width.min(F::MIN_WIDTH.max(F::GRANULE_SHIFT * 2 + 10)), ..widest };
    for config in [widest, narrow] {
        for (pes, seed) in [(1, 1), (2, 2), (4, 3)] {
            if let Err(violation) = one::<F>(hardware, (&config, attributes), (pes, seed, 40), None) {
                panic!("{} with {pes} PEs: {violation}", F::NAME);
            }
        }
    }
}
