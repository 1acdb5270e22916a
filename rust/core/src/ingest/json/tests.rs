use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use super::*;

/// Gives its bytes in pieces of at most `step`.
struct Dribble<'a>(&'a [u8], usize);

impl Input for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let room = buffer.len().min(self.1);
        self.0.read(&mut buffer[..room])
    }
}

fn value(reader: &mut Reader<'_>) -> Result<Value> {
    Ok(match reader.token()? {
        b'{' => {
            let mut object = Map::new();
            reader.begin_object()?;
            while let Some(key) = reader.next_key(|key| String::from_utf8(key.to_vec()).unwrap())? {
                let value = value(reader)?;
                object.insert(key, value);
            }
            Value::Object(object)
        }
        b'[' => {
            let mut array = Vec::new();
            reader.begin_array()?;
            while reader.next_item()? {
                array.push(value(reader)?);
            }
            Value::Array(array)
        }
        b'"' => Value::String(reader.text()?.to_owned()),
        b't' | b'f' => Value::Bool(reader.bool()?),
        b'n' => reader.null().map(|_| Value::Null)?,
        _ => Value::Number(Number::from_f64(reader.f64()?).unwrap()),
    })
}

fn read(bytes: &[u8], buffer: usize, step: usize) -> Result<Value> {
    let mut reader = Reader::with_buffer(Dribble(bytes, step), buffer);
    let value = value(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

fn skip(bytes: &[u8]) -> Result<()> {
    let mut reader = Reader::new(bytes);
    reader.skip()?;
    reader.finish()
}

fn code(text: &str) -> Option<Code> {
    read(text.as_bytes(), 8, 3).err().map(|error| error.code())
}

/// What serde_json reads, its whole numbers as doubles as ours are.
fn reference(bytes: &[u8]) -> Option<Value> {
    fn doubles(value: &mut Value) {
        match value {
            Value::Number(number) => *value = Value::from(number.as_f64().unwrap()),
            Value::Array(items) => items.iter_mut().for_each(doubles),
            Value::Object(object) => object.values_mut().for_each(doubles),
            _ => {}
        }
    }
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    doubles(&mut value);
    Some(value)
}

/// Whether two documents are the same but for the last digit of their numbers, which serde_json rounds carelessly.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            (one - other).abs() <= 4.0 * f64::EPSILON * one.abs() + f64::MIN_POSITIVE
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

fn agrees(bytes: &[u8]) {
    let wanted = reference(bytes);
    for (buffer, step) in [(BUFFER, BUFFER), (16, 16), (1, 1)] {
        let ours = read(bytes, buffer, step).ok();
        let agree = match (&ours, &wanted) {
            (Some(ours), Some(wanted)) => same(ours, wanted),
            _ => ours.is_none() && wanted.is_none(),
        };
        assert!(agree, "{ours:?} or {wanted:?}, buffer {buffer}: {:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(skip(bytes).is_ok(), wanted.is_some(), "skipped: {:?}", String::from_utf8_lossy(bytes));
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_filter("finite", |number| number.is_finite()),
        (any::<i32>(), 0..5_i32).prop_map(|(number, places)| f64::from(number) / 10_f64.powi(places)),
    ]
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::String),
        "[\"\\\\\u{0}-\u{1f}éя😀a]{0,6}".prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec(("[a-z\"\\\\é]{0,5}", inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn documents_mean_what_serde_json_reads(value in document(), pretty: bool) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
        agrees(&text.unwrap());
    }

    #[test]
    fn damaged_documents_are_refused_where_serde_json_refuses_them(
        value in document(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut text = serde_json::to_vec(&value).unwrap();
        for (place, byte, how) in damage {
            let at = place.index(text.len() + 1);
            // Mostly bytes that mean something, because others are refused at once.
            let byte = b"{}[]\",:\\0123456789.eE+- \nu\x01tfn"[usize::from(byte) % 30];
            match how {
                0 => text.insert(at, byte),
                1 if at < text.len() => text[at] = byte,
                2 if at < text.len() => { text.remove(at); }
                _ => text.truncate(at),
            }
        }
        agrees(&text);
    }

    #[test]
    fn numbers_are_rounded_as_the_standard_library_rounds_them(text in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?") {
        let wanted: f64 = text.parse().unwrap();
        let mut reader = Reader::new(text.as_bytes());
        match reader.f64() {
            Ok(number) => prop_assert_eq!(number.to_bits(), wanted.to_bits()),
            Err(error) => {
                prop_assert_eq!(error.code(), Code::NotFinite);
                prop_assert!(wanted.is_infinite());
            }
        }
    }
}

#[test]
fn a_document_means_the_same_wherever_the_buffer_ends() {
    let text = r#" { "a" : [ 1.25e-3, -0.0, 12345678901234567890123, true ,null], "\u00e9\ud83d\ude00\n" : "x\"é\\", "é":{} } "#;
    let wanted = reference(text.as_bytes());
    assert!(wanted.is_some());
    for buffer in 1..=text.len() {
        for step in 1..=buffer {
            assert_eq!(read(text.as_bytes(), buffer, step).ok(), wanted, "buffer {buffer}, step {step}");
        }
    }
}

#[test]
fn an_end_in_the_middle_is_told_from_nonsense() {
    let text = r#"{"a":[1,-2.5e3,"b\u00e9\ud83d\ude00",true,null,{}]}"#;
    for end in 0..text.len() {
        let cut = std::str::from_utf8(&text.as_bytes()[..end]).unwrap();
        // A number may end wherever a digit stands, so that what is missing then is the comma.
        assert_eq!(code(cut), Some(Code::TruncatedJson), "{cut}");
    }
    for nonsense in [
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "[1 2]",
        "01",
        "-",
        "1.",
        "1e",
        ".5",
        "+1",
        "truth",
        "nul ",
        "[1]]",
        "[1] x",
        "\"\t\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "[}",
        "'a'",
    ] {
        let found = code(nonsense);
        let cut_off = ["-", "1.", "1e"].contains(&nonsense);
        assert_eq!(found, Some(if cut_off { Code::TruncatedJson } else { Code::MalformedJson }), "{nonsense}");
    }
}

#[test]
fn what_no_double_can_hold_is_told_from_nonsense() {
    for text in ["NaN", "[1,NaN]", "Infinity", "-Infinity", "1e999", "-1e999", "[123e400]", "{\"a\":NaN}"] {
        assert_eq!(code(text), Some(Code::NotFinite), "{text}");
        assert_eq!(skip(text.as_bytes()).map_err(|error| error.code()), Err(Code::NotFinite), "{text}");
    }
    assert_eq!(code("Nothing"), Some(Code::MalformedJson));
    assert_eq!(code("-Inf"), Some(Code::MalformedJson));
    assert_eq!(read(b"1e-999", 8, 8).unwrap(), Value::from(0.0));
}

#[test]
fn an_error_says_at_which_byte_it_is() {
    let padding = " ".repeat(1000);
    let error = read(format!("{padding}[1,x]").as_bytes(), 64, 64).unwrap_err();
    assert_eq!(error.message(), "expected a number, found 'x' at byte 1003");
    let error = read(format!("{padding}[1,").as_bytes(), 64, 64).unwrap_err();
    assert_eq!(error.message(), "the JSON ends in the middle, after 1003 bytes");
}

#[test]
fn nesting_beyond_the_limit_is_refused_and_not_a_stack_overflow() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(read(nested(MAX_DEPTH as usize).as_bytes(), 64, 64).is_ok());
    assert_eq!(code(&nested(MAX_DEPTH as usize + 1)), Some(Code::MalformedJson));
    assert_eq!(code(&"[".repeat(1_000_000)), Some(Code::MalformedJson));
    assert_eq!(code(&"{\"a\":".repeat(1_000_000)), Some(Code::MalformedJson));
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    for bytes in [&b"\"\xff\""[..], b"{\"\xc3\":1}", b"[\"\xed\xa0\x80\"]"] {
        assert_eq!(read(bytes, 8, 8).map_err(|error| error.code()), Err(Code::MalformedJson));
        assert!(skip(bytes).is_err());
    }
}

#[test]
fn whole_numbers_are_read_to_the_last_one() {
    let whole = |text: &str| Reader::new(text.as_bytes()).i64().ok();
    assert_eq!(whole("9223372036854775807"), Some(i64::MAX));
    assert_eq!(whole("-9223372036854775807"), Some(-i64::MAX));
    assert_eq!(whole("-0"), Some(0));
    for text in ["9223372036854775808", "1.0", "1e2", "99999999999999999999", "true", "\"1\""] {
        assert_eq!(whole(text), None, "{text}");
    }
}

#[test]
fn documents_may_follow_each_other() {
    let mut reader = Reader::new(&b"{}\n\n[1] 2\n"[..]);
    let mut count = 0;
    while reader.another().unwrap() {
        reader.skip().unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn an_array_of_numbers_replaces_what_was_there() {
    let mut numbers = vec![9.0];
    Reader::new(&b"[ 1, -2.5 ,3e2]"[..]).numbers(&mut numbers).unwrap();
    assert_eq!(numbers, [1.0, -2.5, 300.0]);
    Reader::new(&b"[]"[..]).numbers(&mut numbers).unwrap();
    assert!(numbers.is_empty());
    assert_eq!(Reader::new(&b"[1,null]"[..]).numbers(&mut numbers).map_err(|e| e.code()), Err(Code::MalformedJson));
}

#[test]
fn damage_of_the_input_explains_an_error_before_it() {
    struct Damaged(u8);
    impl Input for Damaged {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            self.0 += 1;
            if self.0 > 20 {
                return Err(Error::new(Code::BadZip, "checksum"));
            }
            buffer[0] = b'x';
            Ok(1)
        }
    }
    let mut reader = Reader::new(Damaged(0));
    let error = reader.skip().unwrap_err();
    assert_eq!(error.code(), Code::MalformedJson);
    assert_eq!(reader.explain(error).code(), Code::BadZip);
}
