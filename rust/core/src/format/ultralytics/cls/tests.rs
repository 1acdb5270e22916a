use super::*;
use crate::timeline::testing::*;

#[test]
fn a_number_given_to_a_picture_tagged_twice_is_not_the_name_of_another() {
    let jobs = vec![JobSketch { tags: vec![(0, 0), (0, 0), (1, 0)], ..job(0, 1) }];
    let data = task(vec![label("car")], pictures(&["x.jpg", "x.0.jpg"], jobs));
    let scene = Scene::new(&data).unwrap();
    let subsets = subsets(&scene, &[]).unwrap();
    let mut numbered: Vec<_> = numbered(&scene, &subsets, &[Sharing::Frames], None).into_iter().collect();
    numbered.sort();
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    assert_eq!(numbered, [((0, 0), names(&["x", "x.0"])), ((0, 1), names(&["x.0.0"]))]);
}

#[test]
fn names_that_are_taken_in_a_folder_are_numbered() {
    let mut used = Used::default();
    let names = ["x", "x", "x.1", "x"].map(|base| used.name("car", base));
    assert_eq!(names, ["x", "x.0", "x.1", "x.2"]);
    assert_eq!(used.name("bus", "x"), "x");
}
