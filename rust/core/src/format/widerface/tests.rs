use super::*;
use crate::format::testing::export_for;
use crate::timeline::testing::*;

#[test]
fn frames_of_subsets_that_training_unites_have_names_of_their_own() {
    let clip = |name, subset| {
        let shapes = vec![rectangle(0, 1, [1.0, 2.0, 4.0, 6.0])];
        TaskSketch { name, subset, ..video(2, vec![JobSketch { shapes, ..job(0, 1) }]) }
    };
    let data = project(vec![label("face")], vec![clip("one", "train"), clip("two", "training")]);
    let made = export_for(Profile::Training, &FORMAT, &Scene::new(&data).unwrap()).unwrap();
    let lines = made.text("wider_face_split/wider_face_train_bbx_gt.txt").lines();
    let names: Vec<&str> = lines.filter(|line| line.ends_with(".png")).collect();
    assert_eq!(
        names,
        ["frame_000000.png", "frame_000001.png", "frame_000000_1.png", "frame_000001_1.png"]
            .map(|name| format!("no_label/{name}"))
    );
    assert_eq!(made.report.notes.iter().map(|note| note.count).collect::<Vec<_>>(), [2]);
}
