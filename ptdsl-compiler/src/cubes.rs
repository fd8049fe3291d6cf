//! Sets of words, exactly: a guard is a union of cubes, so that "never", "always" and "both" are decided and not sampled.

use crate::ir::Cube;

/// Most cubes that a set may have; real guards have a handful.
const MOST_CUBES: usize = 256;
/// Sets up to this size are made prime, which costs time that grows with the cube of the size.
const PRIME_LIMIT: usize = 32;

/// A set needs more cubes or more time than the compiler spends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// How many cube comparisons may still be made.
#[derive(Debug)]
pub(crate) struct Work(u32);

impl Default for Work {
    /// Enough for every real guard, and a few milliseconds at most.
    fn default() -> Self {
        Work(1_000_000)
    }
}

impl Work {
    fn spend(&mut self, steps: usize) -> Result<(), TooLarge> {
        let steps = u32::try_from(steps).map_err(|_| TooLarge)?;
        self.0 = self.0.checked_sub(steps).ok_or(TooLarge)?;
        Ok(())
    }
}

/// The low `bits` bits set; all of them for 64 and above.
#[must_use]
pub(crate) fn ones(bits: u32) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// A union of cubes over words of a fixed width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cubes {
    list: Vec<Cube>,
}

/// The words that are in both cubes, if any.
#[must_use]
pub(crate) fn meet(a: Cube, b: Cube) -> Option<Cube> {
    if (a.value ^ b.value) & a.mask & b.mask != 0 {
        return None;
    }
    Some(Cube { mask: a.mask | b.mask, value: a.value | b.value })
}

/// Whether every word of `inner` is in `outer`.
fn within(inner: Cube, outer: Cube) -> bool {
    outer.mask & !inner.mask == 0 && (inner.value ^ outer.value) & outer.mask == 0
}

impl Cubes {
    /// No word.
    pub(crate) fn none() -> Self {
        Cubes { list: Vec::new() }
    }

    /// Every word.
    pub(crate) fn all() -> Self {
        Cubes { list: vec![Cube { mask: 0, value: 0 }] }
    }

    /// The words of any of these cubes.
    #[cfg(feature = "doc")]
    pub(crate) fn of(list: Vec<Cube>) -> Self {
        Cubes { list }
    }

    /// The words whose bits `hi..=lo` are `value`. `value` must fit.
    pub(crate) fn equal(hi: u32, lo: u32, value: u64) -> Self {
        let mask = ones(hi - lo + 1) << lo;
        Cubes { list: vec![Cube { mask, value: (value << lo) & mask }] }
    }

    /// The words whose bits `hi..=lo` lie in `first..=last`: aligned runs, widest first, so at most two per bit.
    pub(crate) fn between(hi: u32, lo: u32, first: u64, last: u64) -> Self {
        let width = hi - lo + 1;
        let mut list = Vec::new();
        let mut next = Some(first);
        while let Some(start) = next.filter(|&start| start <= last) {
            let mut run = start.trailing_zeros().min(width);
            while start | ones(run) > last {
                run -= 1;
            }
            list.push(Cube { mask: (ones(width) & !ones(run)) << lo, value: start << lo });
            next = (start | ones(run)).checked_add(1);
        }
        Cubes { list }
    }

    /// The cubes.
    pub(crate) fn list(&self) -> &[Cube] {
        &self.list
    }

    /// Whether no word is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A word that is in it: the cubes leave no bit to guess, undecided bits are 0.
    pub(crate) fn witness(&self) -> Option<u64> {
        self.list.iter().map(|cube| cube.value).min()
    }

    /// Whether `word` is in it.
    pub(crate) fn contains(&self, word: u64) -> bool {
        self.list.iter().any(|cube| word & cube.mask == cube.value)
    }

    /// A word that is in both, if any.
    pub(crate) fn common_word(&self, other: &Cubes) -> Option<u64> {
        let pairs = self.list.iter().flat_map(|&a| other.list.iter().filter_map(move |&b| meet(a, b)));
        pairs.map(|cube| cube.value).min()
    }

    /// The bits that have one value in every word of the set, with that value. Exact: a bit outside a cube's mask takes both.
    pub(crate) fn pinned(&self) -> Cube {
        let Some(&first) = self.list.first() else { return Cube { mask: 0, value: 0 } };
        let mask = self.list.iter().fold(first.mask, |mask, c| mask & c.mask & !(c.value ^ first.value));
        Cube { mask, value: first.value & mask }
    }

    fn add(&mut self, cube: Cube, work: &mut Work) -> Result<(), TooLarge> {
        work.spend(self.list.len() + 1)?;
        if self.list.iter().any(|&old| within(cube, old)) {
            return Ok(());
        }
        self.list.retain(|&old| !within(old, cube));
        self.list.push(cube);
        if self.list.len() > MOST_CUBES { Err(TooLarge) } else { Ok(()) }
    }

    /// The words in one or the other.
    pub(crate) fn or(mut self, other: &Cubes, work: &mut Work) -> Result<Cubes, TooLarge> {
        for &cube in &other.list {
            self.add(cube, work)?;
        }
        Ok(self)
    }

    /// The words in both.
    pub(crate) fn and(&self, other: &Cubes, work: &mut Work) -> Result<Cubes, TooLarge> {
        let mut result = Cubes::none();
        for &a in &self.list {
            work.spend(other.list.len())?;
            for &b in &other.list {
                if let Some(cube) = meet(a, b) {
                    result.add(cube, work)?;
                }
            }
        }
        Ok(result)
    }

    /// The words of this set that are not in the other, by the sharp operation: each cube taken off splits what it meets
    /// along the bits that it decides.
    pub(crate) fn minus(&self, other: &Cubes, work: &mut Work) -> Result<Cubes, TooLarge> {
        let mut rest = self.list.clone();
        for &off in &other.list {
            let mut next = Vec::new();
            work.spend(rest.len())?;
            for &cube in &rest {
                if meet(cube, off).is_none() {
                    next.push(cube);
                    continue;
                }
                let mut kept = cube;
                let mut open = off.mask & !cube.mask;
                while open != 0 {
                    // The highest bit first, so that a range taken off leaves runs.
                    let bit = 1 << (63 - open.leading_zeros());
                    open &= !bit;
                    next.push(Cube { mask: kept.mask | bit, value: kept.value | (!off.value & bit) });
                    kept = Cube { mask: kept.mask | bit, value: kept.value | (off.value & bit) };
                }
                if next.len() > MOST_CUBES {
                    return Err(TooLarge);
                }
            }
            rest = next;
        }
        let mut result = Cubes::none();
        for cube in rest {
            result.add(cube, work)?;
        }
        Ok(result)
    }

    /// The words that are not in it.
    pub(crate) fn not(&self, work: &mut Work) -> Result<Cubes, TooLarge> {
        Cubes::all().minus(self, work)
    }

    /// The same words with fewer and larger cubes, in ascending order: neighbours merged, and in small sets every cube as
    /// large as the set allows.
    pub(crate) fn simplified(mut self, work: &mut Work) -> Cubes {
        while self.merge_once(work) {}
        if self.list.len() > 1 && self.list.len() <= PRIME_LIMIT {
            let whole = self.clone();
            for index in 0..self.list.len() {
                self.list[index] = whole.grown(self.list[index], work);
            }
            let mut small = Cubes::none();
            for cube in std::mem::take(&mut self.list) {
                if small.add(cube, work).is_err() {
                    return whole;
                }
            }
            self = small.without_redundant(work);
        }
        self.list.sort_by_key(|cube| (cube.value, cube.mask));
        self
    }

    /// Merges one pair of cubes that differ in one decided bit.
    fn merge_once(&mut self, work: &mut Work) -> bool {
        for first in 0..self.list.len() {
            for second in first + 1..self.list.len() {
                let (a, b) = (self.list[first], self.list[second]);
                let differ = a.value ^ b.value;
                if a.mask == b.mask && differ.is_power_of_two() {
                    self.list.swap_remove(second);
                    self.list.swap_remove(first);
                    let merged = Cube { mask: a.mask & !differ, value: a.value & !differ };
                    return self.add(merged, work).is_ok();
                }
            }
        }
        false
    }

    /// `cube` with every decided bit freed that may be freed without leaving the set, the lowest first.
    fn grown(&self, mut cube: Cube, work: &mut Work) -> Cube {
        let mut left = cube.mask;
        while left != 0 {
            let bit = left & left.wrapping_neg();
            left &= !bit;
            let larger = Cube { mask: cube.mask & !bit, value: cube.value & !bit };
            let outside = Cubes { list: vec![larger] }.minus(self, work);
            if outside.is_ok_and(|outside| outside.is_empty()) {
                cube = larger;
            }
        }
        cube
    }

    /// Drops cubes that the others cover together.
    fn without_redundant(mut self, work: &mut Work) -> Cubes {
        let mut index = 0;
        while index < self.list.len() {
            let cube = self.list.remove(index);
            let rest = Cubes { list: vec![cube] }.minus(&self, work);
            if !rest.is_ok_and(|rest| rest.is_empty()) {
                self.list.insert(index, cube);
                index += 1;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A set over six-bit words, with the words that it must hold found by evaluating the formula on each word.
    #[derive(Clone, Debug)]
    enum Formula {
        Between(u32, u32, u64, u64),
        Not(Box<Formula>),
        And(Box<Formula>, Box<Formula>),
        Or(Box<Formula>, Box<Formula>),
    }

    impl Formula {
        fn holds(&self, word: u64) -> bool {
            match self {
                Formula::Between(hi, lo, first, last) => {
                    (*first..=*last).contains(&((word >> lo) & ones(hi - lo + 1)))
                }
                Formula::Not(a) => !a.holds(word),
                Formula::And(a, b) => a.holds(word) && b.holds(word),
                Formula::Or(a, b) => a.holds(word) || b.holds(word),
            }
        }

        fn cubes(&self, work: &mut Work) -> Cubes {
            match self {
                Formula::Between(hi, lo, first, last) => Cubes::between(*hi, *lo, *first, *last),
                Formula::Not(a) => a.cubes(work).not(work).expect("six bits fit"),
                Formula::And(a, b) => a.cubes(work).and(&b.cubes(work), work).expect("six bits fit"),
                Formula::Or(a, b) => a.cubes(work).or(&b.cubes(work), work).expect("six bits fit"),
            }
        }
    }

    fn formula() -> impl Strategy<Value = Formula> {
        let leaf = (0u32..6, 0u32..6, 0u64..64, 0u64..64).prop_map(|(a, b, x, y)| {
            let (hi, lo) = (a.max(b), a.min(b));
            let (x, y) = (x & ones(hi - lo + 1), y & ones(hi - lo + 1));
            Formula::Between(hi, lo, x.min(y), x.max(y))
        });
        leaf.prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|a| Formula::Not(Box::new(a))),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| Formula::And(Box::new(a), Box::new(b))),
                (inner.clone(), inner).prop_map(|(a, b)| Formula::Or(Box::new(a), Box::new(b))),
            ]
        })
    }

    proptest! {
        #[test]
        fn sets_hold_exactly_the_words_of_their_formula(formula in formula()) {
            let mut work = Work::default();
            let plain = formula.cubes(&mut work);
            let small = plain.clone().simplified(&mut work);
            prop_assert!(small.list().len() <= plain.list().len());
            for word in 0..64 {
                prop_assert_eq!(plain.contains(word), formula.holds(word));
                prop_assert_eq!(small.contains(word), formula.holds(word));
            }
            let pinned = plain.pinned();
            for bit in 0..6 {
                let seen: Vec<u64> = (0..64).filter(|&w| formula.holds(w)).map(|w| (w >> bit) & 1).collect();
                let same = !seen.is_empty() && seen.iter().all(|&v| v == seen[0]);
                prop_assert_eq!(pinned.mask >> bit & 1 == 1, same);
                if same {
                    prop_assert_eq!(pinned.value >> bit & 1, seen[0]);
                }
            }
            prop_assert_eq!(plain.is_empty(), (0..64).all(|w| !formula.holds(w)));
        }
    }

    #[test]
    fn one_test_is_one_cube() {
        let set = Cubes::equal(0, 0, 0).simplified(&mut Work::default());
        assert_eq!(set.list(), [Cube { mask: 1, value: 0 }]);
        let set = Cubes::equal(2, 0, 0).not(&mut Work::default()).expect("small");
        let bits: Vec<Cube> = [1, 2, 4].map(|bit| Cube { mask: bit, value: bit }).into();
        assert_eq!(set.simplified(&mut Work::default()).list(), bits, "not zero: any of the bits");
    }

    #[test]
    fn ranges_reach_both_ends_of_64_bits() {
        assert_eq!(Cubes::between(63, 0, 0, u64::MAX).list(), [Cube { mask: 0, value: 0 }]);
        let set = Cubes::between(63, 0, 1, u64::MAX - 1);
        assert_eq!(set.list().len(), 126);
        for (word, inside) in [(0, false), (1, true), (u64::MAX - 1, true), (u64::MAX, false)] {
            assert_eq!(set.contains(word), inside, "{word:#x}");
        }
    }

    #[test]
    fn a_parity_is_too_large_and_is_refused() {
        let mut work = Work::default();
        let mut set = Cubes::equal(0, 0, 1);
        let mut result = Ok(());
        for bit in 1..32 {
            let one = Cubes::equal(bit, bit, 1);
            let zero = Cubes::equal(bit, bit, 0);
            let step = set.and(&zero, &mut work).and_then(|a| {
                let b = set.not(&mut work)?.and(&one, &mut work)?;
                a.or(&b, &mut work)
            });
            match step {
                Ok(next) => set = next,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        assert_eq!(result, Err(TooLarge));
    }
}
