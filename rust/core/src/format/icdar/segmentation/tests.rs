use super::*;

#[test]
fn masks_without_an_index_take_the_numbers_that_are_left() {
    assert_eq!(numbered(&[Some(3), None, None, Some(1), None]), [3, 0, 2, 1, 4]);
}

#[test]
fn colours_are_three_numbers() {
    for (text, expected) in [
        ("10 20 30", Some([10, 20, 30])),
        (" 1\t2  3 ", Some([1, 2, 3])),
        ("red", None),
        ("1 2", None),
        ("1 2 3 4", None),
        ("1 2 256", None),
    ] {
        assert_eq!(colour_of(Value::Text(text)), expected, "{text:?}");
    }
}

#[test]
fn colours_of_voc_skip_those_that_are_taken() {
    let character = || Character { place: 0, index: 0, colour: BLACK, text: Value::Text(""), centre: None };
    let read = [Some([0, 128, 0]), None, None, Some([128, 0, 0])].map(|own| (own, character()));
    let colours: Vec<Colour> = with_colours(read.into()).into_iter().map(|it| it.colour).collect();
    assert_eq!(colours, [[0, 128, 0], [128, 0, 0], [128, 128, 0], [128, 0, 0]]);
}
