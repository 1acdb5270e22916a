use super::*;

// Expected values printed by Python's int().
#[test]
fn ids_are_cut_to_whole_numbers_as_python_cuts_them() {
    let cut = |value| whole_number(value);
    assert_eq!(cut(Value::Number(7.9)).as_deref(), Some("7"));
    assert_eq!(cut(Value::Number(-0.5)).as_deref(), Some("0"));
    assert_eq!(cut(Value::Number(1e17)).as_deref(), Some("100000000000000000"));
    assert_eq!(cut(Value::Number(f64::NAN)), None);
    assert_eq!(cut(Value::Text(" +12 ")).as_deref(), Some("12"));
    assert_eq!(cut(Value::Text("1.5")), None);
    assert_eq!(cut(Value::Text("")), None);
}
