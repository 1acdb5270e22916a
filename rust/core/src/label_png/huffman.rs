//! Prefix codes as deflate has them (RFC 1951, 3.2.2).

/// A symbol's code, its bits in the order in which they are written, and their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Symbol {
    pub bits: u64,
    pub length: u8,
}

impl Symbol {
    /// This one with another behind it; 63 bits at most.
    #[inline]
    pub fn then(self, next: Self) -> Self {
        Self { bits: self.bits | next.bits << self.length, length: self.length + next.length }
    }
}

/// Finds the lengths of the best prefix code for symbols of these frequencies, none longer than `limit`. A symbol of
/// frequency 0 gets none.
pub(super) fn lengths(frequencies: &[u64], limit: u8) -> Vec<u8> {
    let mut used: Vec<(u64, usize)> =
        frequencies.iter().zip(0..).filter(|&(&frequency, _)| frequency > 0).map(|(&f, symbol)| (f, symbol)).collect();
    used.sort_unstable();
    let mut numbers = number_of_lengths(&used, limit);
    keep_limit(&mut numbers);
    let mut lengths = vec![0; frequencies.len()];
    // The rarest symbols have the longest codes.
    let longest_first = (0..=limit).rev().flat_map(|length| std::iter::repeat_n(length, numbers[length as usize]));
    used.iter().zip(longest_first).for_each(|(&(_, symbol), length)| lengths[symbol] = length);
    lengths
}

/// How many codes of each length Huffman's tree has, those above the limit counted as if they had it. `used` is sorted.
fn number_of_lengths(used: &[(u64, usize)], limit: u8) -> Vec<usize> {
    let leaves = used.len();
    let mut numbers = vec![0; limit as usize + 1];
    if leaves < 2 {
        numbers[1] = leaves;
        return numbers;
    }
    // Leaves and, behind them, the nodes in the order of their making, which is that of their weights: the two
    // lightest of all are always the next of either kind.
    let mut weights: Vec<u64> = used.iter().map(|&(frequency, _)| frequency).collect();
    let mut parents = vec![0; 2 * leaves - 1];
    let (mut leaf, mut node) = (0, leaves);
    for parent in leaves..2 * leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let is_leaf = leaf < leaves && (node == parent || weights[leaf] <= weights[node]);
            let lightest = if is_leaf { &mut leaf } else { &mut node };
            weight += weights[*lightest];
            parents[*lightest] = parent;
            *lightest += 1;
        }
        weights.push(weight);
    }
    let mut depths = vec![0; 2 * leaves - 1];
    for place in (0..2 * leaves - 2).rev() {
        depths[place] = depths[parents[place]] + 1;
    }
    depths[..leaves].iter().for_each(|&depth: &usize| numbers[depth.min(limit as usize)] += 1);
    numbers
}

/// Makes codes longer until all have room (Kraft's sum is 1 at most) with none above the limit.
fn keep_limit(numbers: &mut [usize]) {
    let limit = numbers.len() - 1;
    let mut sum: usize = numbers.iter().zip(0..).skip(1).map(|(number, length)| number << (limit - length)).sum();
    while sum > 1 << limit {
        let Some(shorter) = (1..limit).rev().find(|&length| numbers[length] > 0) else { return };
        // One of these moves down and takes one of the longest as its neighbour, which gives that one's room back.
        numbers[limit] -= 1;
        numbers[shorter] -= 1;
        numbers[shorter + 1] += 2;
        sum -= 1;
    }
}

/// The codes of these lengths.
pub(super) fn codes(lengths: &[u8]) -> Vec<Symbol> {
    let mut next = [0u32; 16];
    for length in 1..16 {
        let shorter = lengths.iter().filter(|&&l| usize::from(l) == length - 1 && l > 0).count() as u32;
        next[length] = (next[length - 1] + shorter) << 1;
    }
    // `next[n]` is now the first code of each length, by the recurrence of the RFC.
    let code = |&length: &u8| {
        let code = next[usize::from(length)];
        next[usize::from(length)] += 1;
        let bits = if length == 0 { 0 } else { u64::from(code.reverse_bits() >> (32 - u32::from(length))) };
        Symbol { bits, length }
    };
    lengths.iter().map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_symbols_have_short_codes() {
        assert_eq!(lengths(&[5, 0, 1, 1, 20], 15), [2, 0, 3, 3, 1]);
        assert_eq!(lengths(&[0, 7], 15), [0, 1]);
        assert_eq!(lengths(&[0, 0], 15), [0, 0]);
    }

    #[test]
    fn no_code_is_longer_than_the_limit_and_all_have_room() {
        // Fibonacci's numbers make the deepest tree.
        let mut fibonacci = vec![1u64, 1];
        while fibonacci.len() < 40 {
            fibonacci.push(fibonacci[fibonacci.len() - 1] + fibonacci[fibonacci.len() - 2]);
        }
        for limit in [6, 7, 15] {
            let lengths = lengths(&fibonacci, limit);
            assert!(lengths.iter().all(|&length| (1..=limit).contains(&length)));
            assert_eq!(lengths.iter().map(|&length| 1u64 << (limit - length)).sum::<u64>(), 1 << limit);
        }
    }

    #[test]
    fn codes_are_those_of_the_rfc_s_example() {
        // RFC 1951, 3.2.2: lengths (3, 3, 3, 3, 3, 2, 4, 4) give 010, 011, 100, 101, 110, 00, 1110, 1111.
        let bits: Vec<_> = codes(&[3, 3, 3, 3, 3, 2, 4, 4]).iter().map(|symbol| symbol.bits).collect();
        assert_eq!(bits, [0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111]);
    }
}
