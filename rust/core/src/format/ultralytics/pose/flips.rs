//! Which keypoint is which in a mirror, by the names of sides in them.

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// For each of `count` places the one whose keypoint it becomes in a mirror, of skeletons with these names.
///
/// None if no name tells a side, if a side lacks the other, or if two skeletons differ: a wrong answer would spoil a
/// training without a sign, while Ultralytics mirrors nothing if it is not told how.
pub fn mirrored(skeletons: &[Vec<&str>], count: usize) -> Option<Vec<usize>> {
    let mut partners: Vec<Option<usize>> = vec![None; count];
    let mut has_sides = false;
    for names in skeletons {
        let sides: Vec<_> = names.iter().map(|name| side(name)).collect();
        has_sides |= sides.iter().any(Option::is_some);
        for (place, own) in sides.iter().enumerate() {
            let is_other = |other: &Option<(String, Side)>| match (own, other) {
                (Some((part, side)), Some((other_part, other_side))) => part == other_part && side != other_side,
                _ => false,
            };
            let partner = if own.is_none() { place } else { sides.iter().position(is_other)? };
            if *partners[place].get_or_insert(partner) != partner {
                return None;
            }
        }
    }
    has_sides.then(|| partners.into_iter().enumerate().map(|(place, partner)| partner.unwrap_or(place)).collect())
}

/// What a name says without its side, and the side: `left_eye`, `LeftEye`, `lefteye`, `eye.L` and `eye left` are all
/// the left `eye`.
fn side(name: &str) -> Option<(String, Side)> {
    let mut words = words(name);
    let at = words.iter().position(|word| side_of(word).is_some())?;
    let (side, rest) = side_of(&words[at])?;
    let rest = rest.to_owned();
    words.remove(at);
    words.extend((!rest.is_empty()).then_some(rest));
    Some((words.join(" "), side))
}

/// The side at the beginning of a word, and what follows.
fn side_of(word: &str) -> Option<(Side, &str)> {
    match word {
        "l" => Some((Side::Left, "")),
        "r" => Some((Side::Right, "")),
        _ => {
            let left = word.strip_prefix("left").map(|rest| (Side::Left, rest));
            left.or_else(|| word.strip_prefix("right").map(|rest| (Side::Right, rest)))
        }
    }
}

/// The words of a name in lower case: parted by anything but letters and digits, and by capitals behind small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for symbol in name.chars() {
        if !symbol.is_alphanumeric() || symbol.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| symbol.is_alphanumeric()) {
            word.extend(symbol.to_lowercase());
        }
        before = symbol;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flips(skeletons: &[&[&str]]) -> Option<Vec<usize>> {
        let skeletons: Vec<Vec<&str>> = skeletons.iter().map(|names| names.to_vec()).collect();
        mirrored(&skeletons, skeletons.iter().map(Vec::len).max().unwrap_or_default())
    }

    #[test]
    fn sides_change_places_and_the_middle_stays() {
        for names in [
            ["nose", "left_eye", "right_eye"],
            ["nose", "leftEye", "Right Eye"],
            ["nose", "L-eye", "eye.r"],
            ["upright", "lefteye", "eye_right"],
        ] {
            assert_eq!(flips(&[&names]), Some(vec![0, 2, 1]), "{names:?}");
        }
    }

    #[test]
    fn nothing_is_told_where_names_do_not_tell_it() {
        for names in [&["1", "2"][..], &["nose", "left_eye"], &["left_eye", "right_ear"], &[]] {
            assert_eq!(flips(&[names]), None, "{names:?}");
        }
    }

    #[test]
    fn skeletons_must_agree_on_every_place() {
        let person: &[&str] = &["left", "right", "top"];
        assert_eq!(flips(&[person, &["r", "l"]]), Some(vec![1, 0, 2]));
        assert_eq!(flips(&[person, &["tip", "end"]]), None);
        assert_eq!(flips(&[&["tip"], &["top", "left", "right"]]), Some(vec![0, 2, 1]));
    }
}
