use super::*;

fn point(x: f64, y: f64, visibility: u8) -> Option<Keypoint> {
    Some(Keypoint { at: [x, y], visibility })
}

#[test]
fn points_out_of_sight_keep_their_place_but_neither_count_nor_widen_the_box() {
    let points = [point(12.25, 4.5, 0), point(3.0, 8.0, 1), None, point(5.5, 2.0, 2)];
    let mut out = Vec::new();
    write_points(&mut out, &points);
    assert_eq!(
        String::from_utf8_lossy(&out),
        r#","keypoints":[12.25,4.5,0,3.0,8.0,1,0,0,0,5.5,2.0,2],"num_keypoints":2"#
    );
    assert_eq!(bounds(&points), [3.0, 2.0, 2.5, 6.0]);
}

#[test]
fn a_skeleton_with_nothing_in_sight_has_an_empty_box() {
    assert_eq!(bounds(&[point(1.0, 2.0, 0), None]), [0.0; 4]);
}
