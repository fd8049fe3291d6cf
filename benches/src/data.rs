//! The addresses that the rows use, the same for every contender and in every run.

use crate::rows::SPARSE;
use std::hint::black_box;

/// Output minus input address.
pub const OUTPUT: u64 = 2 << 30;

/// What the rows take their addresses from.
#[derive(Debug)]
pub struct Data {
    /// 262,144 different pages of the sparse window, in no order.
    pub scattered: Vec<u64>,
    /// The same in another order.
    pub shuffled: Vec<u64>,
}

impl Data {
    /// The same each time.
    pub fn new() -> Self {
        // Each page of the window is chosen with the same probability, and each stretch of 64 has one: no page twice.
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut scattered: Vec<u64> =
            (0..262_144).map(|stretch| SPARSE.start + (stretch * 64 + random.below(64)) * 4096).collect();
        random.shuffle(&mut scattered);
        let mut shuffled = scattered.clone();
        random.shuffle(&mut shuffled);
        Data { scattered, shuffled }
    }

    /// The output of an address. Not known when the row is compiled, as it would not be to a kernel.
    #[inline(always)]
    pub fn output(&self, va: u64) -> u64 {
        black_box(va) + OUTPUT
    }
}

/// Xorshift: numbers without order, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }

    fn shuffle(&mut self, items: &mut [u64]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
