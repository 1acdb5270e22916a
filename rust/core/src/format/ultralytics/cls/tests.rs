use super::*;
use crate::format::testing::export_all;
use crate::timeline::testing::*;

#[test]
fn a_number_given_to_a_picture_tagged_twice_is_not_the_name_of_another() {
    let jobs = vec![JobSketch { tags: vec![(0, 0), (0, 0), (1, 0)], ..job(0, 1) }];
    let data = task(vec![label("car")], pictures(&["x.jpg", "x.0.jpg"], jobs));
    let expected = "{\"x\":{\"labels\":[\"car\",\"car\"],\"path\":\"car/x.0.jpg\"},\
        \"x.0\":{\"labels\":[\"car\"],\"path\":\"car/x.0.0.jpg\"}}";
    assert_eq!(export_all(&FORMAT, &data).unwrap().text("train/labels.json"), expected);
}

#[test]
fn names_that_are_taken_in_a_folder_are_numbered() {
    let mut used = Used::default();
    let names = ["x", "x", "x.1", "x"].map(|base| used.name("car", base));
    assert_eq!(names, ["x", "x.0", "x.1", "x.2"]);
    assert_eq!(used.name("bus", "x"), "x");
}
