use super::*;

#[test]
fn a_box_turned_by_a_right_angle_begins_at_its_top_right_corner() {
    let turned = ring([10.0, 20.0, 30.0, 60.0], 90.0).map(|value| (value * 1e6).round() / 1e6);
    assert_eq!(turned, [40.0, 30.0, 40.0, 50.0, 0.0, 50.0, 0.0, 30.0]);
}

#[test]
fn an_upright_box_keeps_its_corners_to_the_last_bit() {
    assert_eq!(ring([0.1, 0.2, 0.3, 0.7], 0.0)[..2], [0.1, 0.2]);
}
