//! A seeded source of numbers: the same seed gives the same organization.

/// `SplitMix64` (Steele, Lea and Flood, 2014): one word of state, and any seed will do.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, or 0 where the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// True in the given share of cases, from 0 to 1.
    pub(crate) fn chance(&mut self, share: f64) -> bool {
        const STEPS: u32 = 1 << 24;
        let step = u32::try_from(self.below(u64::from(STEPS))).unwrap_or(0);
        f64::from(step) < share * f64::from(STEPS)
    }

    /// One of `choices`, or the type's default where there are none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, choices: &[T]) -> T {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices.get(index).copied().unwrap_or_default()
    }

    /// Lower-case letters and digits, as AWS's identifiers are made of.
    pub(crate) fn alphanumeric(&mut self, length: usize) -> String {
        let letter = |n: u64| char::from_digit(u32::try_from(n).unwrap_or(0), 36).unwrap_or('0');
        (0..length).map(|_| letter(self.below(36))).collect()
    }

    /// Twelve digits, the first of them not 0.
    pub(crate) fn account_id(&mut self) -> String {
        (100_000_000_000 + self.below(900_000_000_000)).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_published_generator() {
        let mut random = Random::new(1_234_567);
        assert_eq!(random.next(), 6_457_827_717_110_365_317);
        assert_eq!(random.next(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn a_share_of_none_never_happens_and_of_all_always() {
        let mut random = Random::new(7);
        assert!((0..1000).all(|_| !random.chance(0.0) && random.chance(1.0)));
    }
}
