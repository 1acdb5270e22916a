use super::*;

#[test]
fn numbers_stand_in_the_order_of_a_python_set() {
    // What CPython 3.11 prints for `list(set(numbers))`.
    for (numbers, expected) in SETS {
        assert_eq!(in_set_order(numbers), *expected, "{numbers:?}");
    }
}

#[rustfmt::skip]
const SETS: &[(&[u32], &[u32])] = &[
    (&[], &[]),
    (&[8, 1, 0], &[8, 1, 0]),
    (&[8, 0], &[8, 0]),
    (&[5, 3, 1], &[1, 3, 5]),
    (&[9, 1, 17], &[9, 1, 17]),
    (&[8, 16, 0, 24], &[8, 16, 0, 24]),
    (&[100, 3, 27, 64, 12], &[64, 3, 100, 12, 27]),
    (&[40, 37, 34, 31, 28, 25, 22], &[34, 37, 40, 22, 25, 28, 31]),
    (&[130, 183, 271, 14, 238, 127, 26, 80, 57, 190, 240, 126, 194, 278, 52, 293, 6, 110, 208, 143, 93, 199, 81, 36, 71], &[130, 6, 14, 271, 143, 278, 26, 36, 293, 52, 183, 57, 190, 194, 199, 71, 80, 208, 81, 93, 238, 110, 240, 126, 127]),
];

#[test]
fn blanks_inside_a_name_put_quotes_around_it_but_not_around_its_extension() {
    for (id, expected) in [
        ("sub dir/b", "\"sub dir/b\".jpeg"),
        ("a", "a.jpeg"),
        (" a ", " a .jpeg"),
        ("a\u{1f}b", "\"a\u{1f}b\".jpeg"),
        ("a\"b", "a\"b.jpeg"),
        ("a \"b", "\"a \"b\".jpeg"),
    ] {
        let mut bytes = Vec::new();
        write_name(Picture { id, extension: ".jpeg" }, &mut bytes);
        assert_eq!(String::from_utf8(bytes).as_deref(), Ok(expected));
    }
}
