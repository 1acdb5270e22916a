use super::*;

#[test]
fn paths_with_blanks_have_quotes_around_both() {
    assert_eq!(line("/default/a.jpg", "defaultannot/a.png"), "/default/a.jpg defaultannot/a.png\n");
    assert_eq!(line("/default/a.jpg", ""), "/default/a.jpg \n");
    assert_eq!(line("/default/a b.jpg", "defaultannot/a b.png"), "\"/default/a b.jpg\" \"defaultannot/a b.png\"\n");
    assert_eq!(line("/default/a\u{1f}b.jpg", ""), "\"/default/a\u{1f}b.jpg\" \"\"\n");
}
