//! The order of a skeleton's edges. CVAT keeps them in a Python set, so that files list them in the order in which
//! CPython walks its hash table; the table is rebuilt here to give the same order.
//!
//! Facts from CPython's `Objects/setobject.c` and `Objects/tupleobject.c` (3.8 to 3.13): open addressing with ten
//! neighbouring slots per probe, growth to over four times the entries at three fifths full, tuples hashed by a variant
//! of xxHash.

type Edge = (i64, i64);

/// Slots that are tried beside the first of a probe.
const NEIGHBOURS: usize = 9;

/// The edges, each once, in the order of a CPython set into which they were put one after another.
pub fn in_set_order(edges: &[Edge]) -> Vec<Edge> {
    let mut slots: Vec<Option<Edge>> = vec![None; 8];
    let mut used = 0;
    for &edge in edges {
        if !insert(&mut slots, edge) {
            continue;
        }
        used += 1;
        if used * 5 >= (slots.len() - 1) * 3 {
            let mut larger = vec![None; (used * 4 + 1).next_power_of_two().max(8)];
            for edge in slots.into_iter().flatten() {
                insert(&mut larger, edge);
            }
            slots = larger;
        }
    }
    slots.into_iter().flatten().collect()
}

/// Puts an edge into its slot; returns whether it is new.
fn insert(slots: &mut [Option<Edge>], edge: Edge) -> bool {
    let mask = slots.len() - 1;
    let mut perturb = hash(edge);
    let mut slot = perturb as usize & mask;
    loop {
        let last = if slot + NEIGHBOURS <= mask { slot + NEIGHBOURS } else { slot };
        for candidate in &mut slots[slot..=last] {
            match candidate {
                Some(known) if *known == edge => return false,
                Some(_) => {}
                None => {
                    *candidate = Some(edge);
                    return true;
                }
            }
        }
        perturb >>= 5;
        slot = slot.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize) & mask;
    }
}

/// Python's hash of a pair of integers.
fn hash((from, to): Edge) -> u64 {
    const PRIMES: [u64; 3] = [11_400_714_785_074_694_791, 14_029_467_366_897_019_727, 2_870_177_450_012_600_261];
    let mix = |sum: u64, number: i64| {
        sum.wrapping_add(hash_of_int(number).wrapping_mul(PRIMES[1])).rotate_left(31).wrapping_mul(PRIMES[0])
    };
    let sum = mix(mix(PRIMES[2], from), to).wrapping_add(2 ^ (PRIMES[2] ^ 3_527_539));
    // Python keeps the hash -1 for errors.
    if sum == u64::MAX { 1_546_275_796 } else { sum }
}

/// Python's hash of an integer: its rest by a Mersenne prime; -1 is kept for errors.
fn hash_of_int(number: i64) -> u64 {
    let rest = number % ((1 << 61) - 1);
    (if rest == -1 { -2 } else { rest }) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    // Expected values printed by list(set(...)) of CPython.
    #[test]
    fn edges_come_in_the_order_of_a_python_set() {
        assert_eq!(in_set_order(&[(1, 2), (2, 3), (3, 4), (4, 1)]), [(2, 3), (1, 2), (4, 1), (3, 4)]);
        assert_eq!(in_set_order(&[(2, 1), (3, 2), (3, 1)]), [(3, 1), (3, 2), (2, 1)]);
    }

    #[test]
    fn an_edge_that_is_drawn_twice_is_one() {
        assert_eq!(in_set_order(&[(1, 2), (1, 2)]), [(1, 2)]);
        assert!(in_set_order(&[]).is_empty());
    }

    #[test]
    fn a_tuple_is_hashed_as_python_hashes_it() {
        assert_eq!(hash((1, 2)) as i64, -3550055125485641917);
        assert_eq!(hash((-1, 0)) as i64, 2575514064802888272);
    }

    #[test]
    fn a_table_that_grows_twice_still_has_the_order_of_python() {
        let chain: Vec<Edge> = (1..21).map(|node| (node, node + 1)).collect();
        assert_eq!(
            in_set_order(&chain).iter().map(|edge| edge.0).collect::<Vec<_>>(),
            [3, 12, 8, 17, 13, 18, 4, 5, 14, 9, 1, 10, 19, 6, 15, 20, 2, 11, 7, 16]
        );
    }
}
