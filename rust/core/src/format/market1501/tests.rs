use super::*;

#[test]
fn names_of_the_data_set_are_known_by_their_form() {
    for id in ["0002_c1s1_000451_03", "-1_c3s2_1_0", "1_c1s1_1_1.jpg", "\u{661}_c1s1_1_1x"] {
        assert!(is_market_name(id), "{id}");
    }
    for id in ["d/0002_c1s1_000451_03", "0002_c1s1_000451_", "_c1s1_1_1", "1_c1_1_1", "--1_c1s1_1_1", ""] {
        assert!(!is_market_name(id), "{id}");
    }
}

#[test]
fn yes_and_no_are_read_in_any_letter_case() {
    for (value, expected) in [
        (Value::Text("YES"), Some(true)),
        (Value::Text("on"), Some(true)),
        (Value::Text("Off"), Some(false)),
        (Value::Text(""), None),
        (Value::Text("maybe"), None),
        (Value::Number(0.0), Some(false)),
        (Value::Number(2.0), Some(true)),
        (Value::Flag(true), Some(true)),
    ] {
        assert_eq!(truth(value), expected, "{value:?}");
    }
}

#[test]
fn a_person_is_a_text_as_it_is_or_a_number_as_python_prints_it() {
    for (value, expected) in [
        (Value::Text("0012"), Some("0012")),
        (Value::Text("0"), Some("0")),
        (Value::Text(""), None),
        (Value::Number(12.0), Some("12.0")),
        (Value::Number(0.0), None),
    ] {
        assert_eq!(person(value).as_deref(), expected, "{value:?}");
    }
}
