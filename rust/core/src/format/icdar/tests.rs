use super::*;

#[test]
fn a_text_of_two_lines_is_refused() {
    let two_lines = [("occluded", Value::Flag(true)), ("text", Value::Text("a\nb"))];
    assert_eq!(transcription(&two_lines).map_err(|error| error.code()), Err(Code::BadAttributeValue));
    assert_eq!(transcription(&two_lines[..1]), Ok(None));
}

#[test]
fn quotes_in_a_text_stay_as_they_are() {
    let mut out = Vec::new();
    for value in [Value::Text("he\"l,o"), Value::Text(""), Value::Number(1.0), Value::Flag(true)] {
        write_quoted(&mut out, value);
    }
    assert_eq!(String::from_utf8_lossy(&out), r#""he"l,o""""1.0""True""#);
}

#[test]
fn quotes_are_escaped_where_the_data_sets_do_so() {
    let mut out = Vec::new();
    write_escaped(&mut out, Value::Text(r#"a\"b", c"#));
    assert_eq!(String::from_utf8_lossy(&out), r#""a\\\"b\", c""#);
}
