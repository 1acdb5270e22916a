use super::*;
use crate::dataset::{Dataset, testing};
use crate::error::Code;
use crate::ingest::labels::{RawLabel, labels};
use crate::schema::ShapeKind;

const LABELS: &str = r##"[
    {"id": 1, "name": "car", "color": "#ff0000", "type": "any", "attributes": [
        {"id": 11, "name": "size", "mutable": true, "input_type": "text", "default_value": "", "values": []},
        {"id": 12, "name": "plate", "mutable": false, "input_type": "text", "default_value": "", "values": []}]},
    {"id": 2, "name": "person", "color": "#00ff00", "type": "skeleton", "attributes": [], "sublabels": [
        {"id": 3, "name": "car", "color": "#0000ff", "type": "points", "attributes": [
            {"id": 13, "name": "size", "mutable": true, "input_type": "text", "default_value": "", "values": []}]},
        {"id": 4, "name": "nose", "color": "#0000ff", "type": "points", "attributes": []}]}]"##;

fn read_job(json: &str) -> Result<(Dataset, Rows)> {
    read_job_of(JobKind::Annotation, json)
}

fn read_job_of(kind: JobKind, json: &str) -> Result<(Dataset, Rows)> {
    let raw: Vec<RawLabel> = serde_json::from_str(LABELS).unwrap();
    let mut builder = Builder::default();
    let labels = labels(raw, &mut builder)?;
    let vocabulary = Vocabulary::new(&labels);
    let place = Place { job: Some(7), ..Place::default() };
    let mut target = Target { builder: &mut builder, schema: &labels.schema, vocabulary: &vocabulary, size: 10, place };
    let mut reader = Reader::new(json.as_bytes());
    let mut job = Job { kind, ..testing::job(0, 9) };
    read(&mut reader, &mut target, &mut job)?;
    let rows = Rows { tags: job.tags, shapes: job.shapes, tracks: job.tracks };
    reader.finish()?;
    Ok((builder.finish(labels.schema, None, Vec::new()), rows))
}

fn texts(dataset: &Dataset, values: impl Iterator<Item = (u32, u32)>) -> Vec<(u32, String)> {
    values.map(|(attribute, value)| (attribute, dataset.columns.text(value).to_owned())).collect()
}

#[test]
fn names_and_ids_mean_the_same() {
    let backup = r#"{"version":0,"tags":[{"frame":3,"group":2,"source":"auto","label":"car",
            "attributes":[{"value":"P1","name":"plate"}]}],
        "shapes":[{"type":"skeleton","frame":4,"points":[],"attributes":[],"label":"person","elements":[
            {"type":"points","points":[1,2],"frame":4,"label":"car","attributes":[{"value":"s","name":"size"}]},
            {"type":"points","points":[3,4],"outside":true,"frame":4,"label":"nose","attributes":[]}]}],"tracks":[]}"#;
    let server = r#"{"version":0,"tags":[{"id":9,"label_id":1,"frame":3,"group":2,"source":"auto",
            "attributes":[{"spec_id":12,"value":"P1"}]}],
        "shapes":[{"id":7,"label_id":2,"type":"skeleton","frame":4,"points":[],"attributes":[],"elements":[
            {"id":8,"label_id":3,"type":"points","points":[1,2],"frame":4,"attributes":[{"spec_id":13,"value":"s"}]},
            {"id":9,"label_id":4,"type":"points","points":[3,4],"outside":true,"frame":4,"attributes":[]}]}],"tracks":[]}"#;
    for json in [backup, server] {
        let (dataset, rows) = read_job(json).unwrap();
        assert_eq!(rows, Rows { tags: 0..1, shapes: 0..3, tracks: 0..0 });
        let (tags, shapes) = (&dataset.columns.tags, &dataset.columns.shapes);
        assert_eq!((tags.frame[0], tags.label[0], tags.group[0]), (3, 0, 2));
        assert_eq!(dataset.columns.text(tags.source[0]), "auto");
        assert_eq!(texts(&dataset, tags.attributes.get(0)), [(1, "P1".to_owned())]);
        assert_eq!(*shapes.label, [2, 3, 1]);
        assert_eq!(*shapes.elements, [0, 0, 2]);
        assert_eq!(*shapes.frame, [4, 4, 4]);
        assert_eq!(shapes.outside.iter().collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(shapes.points.get(1), [3.0, 4.0]);
        assert_eq!(texts(&dataset, shapes.attributes.get(0)), [(2, "s".to_owned())]);
    }
}

#[test]
fn what_is_missing_or_null_has_its_default() {
    let (dataset, _) = read_job(
        r#"{"shapes":[{"type":"rectangle","frame":0,"points":[0,0,1,1],"label":"car"},
            {"label":"car","type":"rectangle","frame":0,"points":[0,0,1,1],"group":null,"source":null,"z_order":null,
             "rotation":null,"occluded":null,"outside":null,"elements":null,"attributes":null,"score":{"x":[1]}}]}"#,
    )
    .unwrap();
    let shapes = &dataset.columns.shapes;
    for row in 0..2 {
        assert_eq!(shapes.group[row], 0);
        assert_eq!(dataset.columns.text(shapes.source[row]), "manual");
        assert_eq!((shapes.z_order[row], shapes.rotation[row]), (0, 0.0));
        assert!(!shapes.occluded.value(row) && !shapes.outside.value(row));
        assert_eq!(shapes.attributes.get(row as u32).len(), 0);
    }
}

#[test]
fn a_track_of_a_backup_names_its_label_last_and_its_keyframes_are_put_in_order() {
    let (dataset, rows) = read_job(
        r#"{"tracks":[
            {"frame":2,"group":0,"source":"manual","shapes":[
                {"type":"rectangle","frame":5,"points":[5,5,6,6],"outside":true,"attributes":[{"value":"b","name":"size"}]},
                {"type":"rectangle","frame":2,"points":[0,0,1,1],"attributes":[{"value":"a","name":"size"}]},
                {"type":"rectangle","frame":40,"points":[7,7,8,8],"attributes":[]}],
             "attributes":[{"value":"P","name":"plate"}],"elements":[],"label":"car"},
            {"frame":0,"shapes":[],"attributes":[],"elements":[],"label":"car"},
            {"frame":1,"shapes":[{"type":"skeleton","frame":1,"points":[]}],"elements":[
                {"frame":1,"shapes":[{"type":"points","frame":1,"points":[1,1],"attributes":[{"value":"c","name":"size"}]}],"label":"car"},
                {"frame":1,"shapes":[],"label":"nose"}],"label":"person"}]}"#,
    )
    .unwrap();
    let columns = &dataset.columns;
    assert_eq!(rows.tracks, 0..3);
    assert_eq!(*columns.tracks.label, [0, 2, 1]);
    assert_eq!(*columns.tracks.elements, [0, 0, 1]);
    assert_eq!(columns.tracks.kind(2), ShapeKind::Skeleton);
    assert_eq!(texts(&dataset, columns.tracks.attributes.get(0)), [(1, "P".to_owned())]);
    let frames = |track| columns.tracks.keyframes(track).map(|row| columns.keyframes.frame[row as usize]);
    assert_eq!(frames(0).collect::<Vec<_>>(), [2, 5, 40]);
    assert_eq!(frames(1).collect::<Vec<_>>(), [1]);
    let first = columns.tracks.keyframes(0).start;
    assert_eq!(columns.keyframes.points.get(first), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(texts(&dataset, columns.keyframes.attributes.get(first)), [(0, "a".to_owned())]);
    assert!(columns.keyframes.outside.value(first as usize + 1));
    let element = columns.tracks.keyframes(1).start;
    assert_eq!(texts(&dataset, columns.keyframes.attributes.get(element)), [(2, "c".to_owned())]);
}

#[test]
fn each_mistake_has_its_code() {
    let shape = |fields: &str| format!(r#"{{"shapes":[{{"label":"car","frame":0,{fields}}}]}}"#);
    let rectangle = r#""type":"rectangle","points":[0,0,1,1]"#;
    let track = |keyframes: &str| format!(r#"{{"tracks":[{{"label":"car","shapes":[{keyframes}]}}]}}"#);
    for (json, code) in [
        (r#"{"tags":[{"frame":0,"label":"bus"}]}"#.to_owned(), Code::UnknownLabel),
        (r#"{"tags":[{"frame":0,"label":"nose"}]}"#.to_owned(), Code::UnknownLabel),
        (r#"{"tags":[{"frame":0,"label_id":99}]}"#.to_owned(), Code::UnknownLabel),
        (r#"{"tags":[{"frame":0,"label_id":-1}]}"#.to_owned(), Code::UnknownLabel),
        (r#"{"tags":[{"frame":0}]}"#.to_owned(), Code::MalformedJson),
        (r#"{"tags":[{"label":"car"}]}"#.to_owned(), Code::MalformedJson),
        (r#"{"tags":[{"frame":10,"label":"car"}]}"#.to_owned(), Code::FrameOutOfRange),
        (r#"{"tags":[{"frame":-1,"label":"car"}]}"#.to_owned(), Code::FrameOutOfRange),
        (r#"{"tags":[{"frame":0,"label":"person","attributes":[{"name":"size","value":"1"}]}]}"#.to_owned(), Code::UnknownAttribute),
        (r#"{"tags":[{"frame":0,"label":"car","attributes":[{"name":"none","value":"1"}]}]}"#.to_owned(), Code::UnknownAttribute),
        (r#"{"tags":[{"frame":0,"label":"car","attributes":[{"spec_id":13,"value":"1"}]}]}"#.to_owned(), Code::UnknownAttribute),
        (r#"{"tags":[{"frame":0,"label":"car","attributes":[{"name":"size"}]}]}"#.to_owned(), Code::MalformedJson),
        (r#"{"tags":{}}"#.to_owned(), Code::MalformedJson),
        (r#"{"tags":[{"frame":"0","label":"car"}]}"#.to_owned(), Code::MalformedJson),
        (r#"{"tags":[{"frame":0,"label":"car","group":-1}]}"#.to_owned(), Code::MalformedJson),
        (r#"{"tags":["#.to_owned(), Code::TruncatedJson),
        (shape(r#""points":[0,0,1,1]"#), Code::MalformedJson),
        (shape(r#""type":"rectangle","points":[0,0,NaN,1]"#), Code::NotFinite),
        (shape(r#""type":"rectangle","points":[0,0,1e999,1]"#), Code::NotFinite),
        (shape(r#""type":"rectangle","points":[0,0,null,1]"#), Code::MalformedJson),
        (shape(&format!("{rectangle},\"rotation\":Infinity")), Code::NotFinite),
        (shape(&format!("{rectangle},\"z_order\":3000000000")), Code::MalformedJson),
        (r#"{"shapes":[{"label":"person","frame":0,"type":"skeleton","points":[],"elements":[{"label":"person","type":"points","points":[1,2]}]}]}"#.to_owned(), Code::UnknownLabel),
        (track(&format!(r#"{{"frame":0,{rectangle}}},{{"frame":1,"type":"points","points":[1,2]}}"#)), Code::BadTrack),
        (track(&format!(r#"{{"frame":-1,{rectangle}}}"#)), Code::FrameOutOfRange),
        (track(&format!(r#"{{"frame":99999999999,{rectangle}}}"#)), Code::FrameOutOfRange),
        (track(&format!(r#"{{"frame":2147483647,{rectangle}}}"#)), Code::FrameOutOfRange),
        (track(&format!(r#"{{{rectangle}}}"#)), Code::MalformedJson),
        (r#"{"tracks":[{"shapes":[{"frame":0,"type":"points","points":[1,2]}]}]}"#.to_owned(), Code::MalformedJson),
        ("[]".to_owned(), Code::MalformedJson),
        (String::new(), Code::TruncatedJson),
    ] {
        assert_eq!(read_job(&json).map(|_| ()).map_err(|error| error.code()), Err(code), "{json}");
    }
}

/// Messages, counts, places and annotations left out.
fn notes(dataset: &Dataset) -> Vec<(&str, u64, &str, u64)> {
    let note = |note: &'_ crate::dataset::Note| (note.count, note.left_out);
    dataset.notes.iter().map(|it| (it.message.as_str(), note(it).0, it.place.as_str(), note(it).1)).collect()
}

#[test]
fn shapes_and_tracks_of_unknown_types_are_left_out_with_a_note() {
    let (dataset, rows) = read_job(
        r#"{"shapes":[{"type":"circle","frame":3,"points":[1],"label":"car"},
                {"label":"car","type":"rectangle","frame":0,"points":[0,0,1,1]},
                {"frame":99,"points":[],"label":"car","type":"circle"},
                {"type":"skeleton","frame":4,"label":"person","elements":[
                    {"type":"points","points":[1,2],"label":"car"},{"type":"ring","points":[],"label":"nose"}]}],
            "tracks":[{"frame":5,"shapes":[
                {"type":"rectangle","frame":5,"points":[0,0,1,1],"attributes":[{"name":"size","value":"1"}]},
                {"type":"helix","frame":6,"points":[1,2,3]}],"label":"car"},
                {"frame":1,"shapes":[{"type":"points","frame":1,"points":[1,1]}],"label":"car"}]}"#,
    )
    .unwrap();
    assert_eq!(rows, Rows { tags: 0..0, shapes: 0..3, tracks: 0..1 });
    assert_eq!(*dataset.columns.shapes.elements, [0, 0, 1]);
    assert_eq!(dataset.columns.keyframes.len(), 1);
    assert_eq!(
        notes(&dataset),
        [
            (r#"elements of skeletons of the type "ring", which is not known, are left out"#, 1, "job 7, frame 4", 0),
            (r#"shapes of the type "circle", which is not known, are left out"#, 2, "job 7, frame 3", 2),
            (r#"tracks of the type "helix", which is not known, are left out"#, 1, "job 7, frame 5", 1),
        ]
    );
    crate::dataset::check(&dataset).unwrap();
}

#[test]
fn annotations_of_a_job_of_unknown_type_are_counted_and_not_read() {
    let json = r#"{"tags":[{"x":1}],"shapes":[1,2],"tracks":null,"intervals":[{"start":0}],"version":9}"#;
    let (dataset, rows) = read_job_of(JobKind::Other("review".to_owned()), json).unwrap();
    assert_eq!(rows, Rows { tags: 0..0, shapes: 0..0, tracks: 0..0 });
    let message = r#"a job of the type "review", which is not known, is left out"#;
    assert_eq!(notes(&dataset), [(message, 1, "job 7", 4)]);
}

#[test]
fn intervals_among_frames_are_noted() {
    let (dataset, _) = read_job(r#"{"intervals":[{"start":0,"stop":null},{"start":1}]}"#).unwrap();
    assert_eq!(notes(&dataset), [("intervals are left out: the task has frames, not sound", 1, "job 7", 2)]);
    assert!(read_job(r#"{"intervals":[]}"#).unwrap().0.notes.is_empty());
}

#[test]
fn a_mistake_is_told_with_its_place() {
    let rectangle = r#"{"label":"car","frame":0,"type":"rectangle","points":[0,0,1,1]}"#;
    let error =
        read_job(&format!(r#"{{"shapes":[{rectangle},{{"frame":7,"label":"bus","type":"points","points":[]}}]}}"#))
            .unwrap_err();
    assert_eq!(error.to_string(), "the source declares no such label: bus (frame 7, shape 1)");
    let error = read_job(
        r#"{"tracks":[{"label":"car","shapes":[{"frame":3,"type":"points","points":[1,2],"attributes":[{"name":"gone","value":""}]}]}]}"#,
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "the label declares no such attribute: gone (frame 3, track 0, shape 0)");
}

proptest::proptest! {
    #[test]
    fn damaged_annotations_are_an_error_or_annotations_but_no_panic(
        damage in proptest::collection::vec((0..2000_usize, proptest::prelude::any::<u8>()), 1..6),
    ) {
        let mut json = r#"{"version":0,"tags":[{"id":9,"label_id":1,"frame":3,"group":2,"source":"auto","attributes":[{"spec_id":12,"value":"P1"}]}],"shapes":[{"type":"mask","frame":4,"points":[1,4,1,10,20,12,21],"attributes":[],"label":"car","elements":[]},{"type":"skeleton","frame":4,"points":[],"attributes":[],"label":"person","elements":[{"type":"points","points":[1,2],"frame":4,"label":"car","attributes":[{"value":"s","name":"size"}]}]}],"tracks":[{"frame":2,"shapes":[{"type":"rectangle","frame":5,"points":[5,5,6,6],"outside":true},{"type":"rectangle","frame":2,"points":[0,0,1,1]}],"attributes":[{"value":"P","name":"plate"}],"elements":[],"label":"car"},{"frame":1,"shapes":[{"type":"skeleton","frame":1,"points":[]}],"elements":[{"frame":1,"shapes":[{"type":"points","frame":1,"points":[1,1]}],"label":"car"}],"label":"person"}]}"#.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at % json.len();
            json[at] = b"0123456789-.[]{},:\"etfnls "[usize::from(byte) % 26];
        }
        if let Ok(json) = String::from_utf8(json) {
            let _ = read_job(&json);
        }
    }
}
