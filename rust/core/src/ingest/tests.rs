use super::testing::{file, folder, open_folder, open_zip, zip};
use super::*;
use crate::dataset::{Job, JobKind, Media, Task, ValidationMode};
use crate::media::sizes::unread;

const LABELS: &str = r##"[{"name":"car","color":"#ff0000","attributes":[],"type":"any","sublabels":[]}]"##;
const IMAGES: &str = r#"{"version":"1.1"}
{"type":"images"}
{"name":"a","extension":".png","width":10,"height":20,"meta":{}}
{"name":"b","extension":".png","width":11,"height":21,"meta":{}}
{"name":"c","extension":".png","width":12,"height":22,"meta":{}}
{"name":"d","extension":".png","width":13,"height":23,"meta":{}}
{"name":"e","extension":".png","width":14,"height":24,"meta":{}}"#;
const VIDEO: &str = r#"{"version":"1.1"}
{"type":"video"}
{"properties":{"name":"v.mp4","resolution":[240,180],"length":60}}"#;

fn task_json(data: &str, jobs: &str) -> String {
    format!(
        r#"{{"name":"night","bug_tracker":"http://b","status":"annotation","subset":"Train","labels":{LABELS},
            "version":"1.0","data":{{"chunk_size":72,"storage":"local",{data}}},"jobs":{jobs}}}"#
    )
}

fn annotations(frames: &[u32]) -> String {
    let job =
        |frame: &u32| format!(r#"{{"version":0,"tags":[{{"frame":{frame},"label":"car"}}],"shapes":[],"tracks":[]}}"#);
    format!("[{}]", frames.iter().map(job).collect::<Vec<_>>().join(","))
}

fn backup(data: &str, jobs: &str, manifest: &str, frames: &[u32]) -> Result<Dataset> {
    open_zip(&[
        ("data/manifest.jsonl", manifest),
        ("data/a.png", ""),
        ("task.json", &task_json(data, jobs)),
        ("annotations.json", &annotations(frames)),
    ])
}

fn task(dataset: &Dataset) -> &Task {
    assert_eq!(dataset.tasks.len(), 1);
    &dataset.tasks[0]
}

fn image_names(dataset: &Dataset) -> Vec<&str> {
    dataset.columns.images.name.iter().flatten().collect()
}

fn ranges(jobs: &[Job]) -> Vec<(JobKind, u32, u32)> {
    jobs.iter().map(|job| (job.kind.clone(), job.start, job.stop)).collect()
}

const ONE_JOB: &str = r#"[{"status":"annotation","type":"annotation","start_frame":0,"stop_frame":1}]"#;

#[test]
fn a_backup_of_pictures_takes_those_that_its_range_and_step_name() {
    let data = r#""start_frame":1,"stop_frame":4,"frame_filter":"step=2","deleted_frames":[1]"#;
    let dataset = backup(data, ONE_JOB, IMAGES, &[1]).unwrap();
    let task = task(&dataset);
    assert_eq!((task.size, task.start_frame, task.stop_frame, task.step), (2, 1, 4, 2));
    assert_eq!(task.frame_filter, "step=2");
    assert_eq!(image_names(&dataset), ["b.png", "d.png"]);
    assert_eq!((&*dataset.columns.images.width, &*dataset.columns.images.height), (&[11, 13][..], &[21, 23][..]));
    assert_eq!(task.media, Media::Images { rows: 0..2 });
    assert_eq!((task.name.as_str(), task.subset.as_str()), ("night", "Train"));
    assert_eq!(task.provenance.bug_tracker, "http://b");
    assert_eq!(task.deleted, [1]);
    assert!(!task.is_3d && task.validation.is_none() && dataset.project.is_none());
    assert_eq!(*dataset.columns.tags.frame, [1]);
    assert_eq!(task.jobs[0].tags, 0..1);
}

#[test]
fn without_a_range_the_manifest_is_the_task() {
    let jobs = r#"[{"type":"annotation","start_frame":0,"stop_frame":4}]"#;
    let dataset = backup(r#""deleted_frames":[]"#, jobs, IMAGES, &[4]).unwrap();
    assert_eq!((task(&dataset).size, task(&dataset).stop_frame), (5, 4));
    assert_eq!(image_names(&dataset).len(), 5);
}

#[test]
fn a_backup_of_a_video_has_the_overlap_of_its_first_two_annotation_jobs() {
    let data = r#""start_frame":0,"stop_frame":59"#;
    let jobs = r#"[{"type":"ground_truth","start_frame":0,"stop_frame":59,"frames":[5,3]},
        {"start_frame":0,"stop_frame":21},{"type":"consensus_replica","start_frame":0,"stop_frame":21},
        {"type":"annotation","start_frame":20,"stop_frame":99}]"#;
    let dataset = backup(data, jobs, VIDEO, &[3, 0, 1, 30]).unwrap();
    let task = task(&dataset);
    assert_eq!(task.media, Media::Video { name: "v.mp4".into(), width: 240, height: 180 });
    assert_eq!((task.size, task.overlap, task.validation), (60, 2, Some(ValidationMode::Gt)));
    assert_eq!(task.jobs[0].frames, Some(vec![3, 5]));
    assert_eq!(
        ranges(&task.jobs),
        [
            (JobKind::GroundTruth, 0, 59),
            (JobKind::Annotation, 0, 21),
            (JobKind::Replica, 0, 21),
            (JobKind::Annotation, 20, 59)
        ]
    );
    assert_eq!(task.jobs.iter().map(|job| job.tags.clone()).collect::<Vec<_>>(), [0..1, 1..2, 2..3, 3..4]);
}

#[test]
fn jobs_that_list_their_files_say_which_pictures_the_frames_are() {
    let data = r#""start_frame":0,"stop_frame":3,"custom_segments":true,"validation_layout":{"mode":"gt_pool","frames":["b.png"]}"#;
    let jobs = r#"[{"type":"annotation","start_frame":0,"stop_frame":1,"files":["d.png","b.png"]},
        {"type":"annotation","start_frame":2,"stop_frame":2,"files":["a.png"]},
        {"type":"ground_truth","start_frame":3,"stop_frame":3,"files":["b.png"]}]"#;
    let dataset = backup(data, jobs, IMAGES, &[0, 2, 3]).unwrap();
    assert_eq!(image_names(&dataset), ["d.png", "b.png", "a.png", "b.png"]);
    assert_eq!(*dataset.columns.images.width, [13, 11, 10, 11]);
    let task = task(&dataset);
    assert_eq!((task.size, task.overlap, task.validation), (4, 0, Some(ValidationMode::GtPool)));

    let gap = jobs.replace(r#""start_frame":2,"stop_frame":2"#, r#""start_frame":5,"stop_frame":5"#);
    assert_eq!(backup(data, &gap, IMAGES, &[0, 2, 3]).unwrap_err().code(), Code::BadMetadata);
    let short = jobs.replace(r#"["a.png"]"#, "[]");
    assert_eq!(backup(data, &short, IMAGES, &[0, 2, 3]).unwrap_err().code(), Code::BadMetadata);
}

#[test]
fn a_lost_manifest_is_made_up_for_where_that_can_be_done() {
    let open = |data: &str, pictures: &[&str]| {
        let task = task_json(data, ONE_JOB);
        let annotations = annotations(&[0]);
        let mut members = vec![("task.json", task.as_str()), ("annotations.json", annotations.as_str())];
        members.extend(pictures.iter().map(|name| (*name, "")));
        open_zip(&members)
    };
    let sorted = r#""start_frame":0,"stop_frame":1,"sorting_method":"lexicographical""#;
    let dataset = open(sorted, &["data/b.JPG", "data/a/x.png", "data/notes.txt"]).unwrap();
    assert_eq!(image_names(&dataset), ["a/x.png", "b.JPG"]);
    assert_eq!(*dataset.columns.images.width, [0, 0]);
    let dataset = open(sorted, &["data/2.pcd", "data/1.pcd", "data/related_images/1_pcd/x.png"]).unwrap();
    assert!(task(&dataset).is_3d);

    for (data, pictures) in [
        (sorted, &["data/v.mp4"][..]),
        (sorted, &[]),
        (r#""start_frame":0,"stop_frame":1,"sorting_method":"random""#, &["data/a.png", "data/b.png"]),
    ] {
        let error = open(data, pictures).unwrap_err();
        assert_eq!(error.code(), Code::MissingFile);
        assert_eq!(error.place().file.as_deref(), Some("data/manifest.jsonl"), "{error}");
    }
}

#[test]
fn contradictions_of_a_backup_are_told() {
    let data = r#""start_frame":0,"stop_frame":1"#;
    let cases = [
        (r#""start_frame":0,"stop_frame":9"#, ONE_JOB, IMAGES, &[0][..], Code::BadMetadata),
        (r#""start_frame":3,"stop_frame":1"#, ONE_JOB, IMAGES, &[0], Code::BadMetadata),
        (r#""start_frame":0,"stop_frame":18446744073709551615"#, ONE_JOB, VIDEO, &[0], Code::TooLarge),
        (
            r#""start_frame":18446744073709551614,"stop_frame":18446744073709551615"#,
            ONE_JOB,
            VIDEO,
            &[0],
            Code::TooLarge,
        ),
        (r#""start_frame":0,"stop_frame":1,"deleted_frames":[2]"#, ONE_JOB, IMAGES, &[0], Code::BadMetadata),
        (r#""start_frame":0,"stop_frame":-1"#, ONE_JOB, IMAGES, &[0], Code::MalformedJson),
        (data, r#"[{"start_frame":1,"stop_frame":0}]"#, IMAGES, &[0], Code::BadMetadata),
        (data, r#"[{"start_frame":7,"stop_frame":9}]"#, IMAGES, &[0], Code::BadMetadata),
        (data, ONE_JOB, IMAGES, &[], Code::BadMetadata),
        (data, ONE_JOB, IMAGES, &[0, 0], Code::BadMetadata),
        (data, ONE_JOB, IMAGES, &[2], Code::FrameOutOfRange),
        (data, ONE_JOB, "", &[0], Code::BadMetadata),
    ];
    for (data, jobs, manifest, frames, code) in cases {
        let error = backup(data, jobs, manifest, frames).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let error = backup(data, ONE_JOB, IMAGES, &[2]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "frame 2 of a task of 2 frames (file \"annotations.json\", task \"night\", job 0, frame 2, shape 0)"
    );
    let newer = task_json(data, ONE_JOB).replace(r#""version":"1.0""#, r#""version":"7""#);
    let error = open_zip(&[("task.json", &newer)]).unwrap_err();
    assert!(error.to_string().contains("a backup of version 7"), "{error}");
    let error = open_zip(&[("task.json", &task_json(data, ONE_JOB)), ("data/manifest.jsonl", IMAGES)]).unwrap_err();
    assert_eq!((error.code(), error.place().file.as_deref()), (Code::MissingFile, Some("annotations.json")));
}

#[test]
fn the_tasks_of_a_project_come_by_number_and_those_without_data_are_left_out() {
    let project = format!(r#"{{"name":"p","bug_tracker":"","status":"annotation","labels":{LABELS},"version":"1.0"}}"#);
    let data = r#""start_frame":0,"stop_frame":1"#;
    let named = |name: &str| task_json(data, ONE_JOB).replace("night", name);
    let dataset = open_zip(&[
        ("project.json", &project),
        ("task_10/task.json", &named("ten")),
        ("task_10/annotations.json", &annotations(&[1])),
        ("task_10/data/manifest.jsonl", VIDEO),
        ("task_2/task.json", &named("two")),
        ("task_2/annotations.json", &annotations(&[0])),
        ("task_2/data/manifest.jsonl", IMAGES),
        ("task_3/task.json", &format!(r#"{{"name":"bare","labels":{LABELS},"version":"1.0"}}"#)),
    ])
    .unwrap();
    assert_eq!(dataset.project.as_ref().unwrap().name, "p");
    assert_eq!(dataset.tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(), ["two", "ten"]);
    assert_eq!((dataset.tasks[0].jobs[0].tags.clone(), dataset.tasks[1].jobs[0].tags.clone()), (0..1, 1..2));
}

const SERVER_TASK: &str = r##"{"url":"https://cvat.example.org/api/tasks/42","id":42,"name":"night","mode":"annotation",
    "owner":{"id":1,"username":"ann"},"assignee":null,"bug_tracker":"","created_date":"2024-01-01T00:00:00Z",
    "updated_date":"2024-01-02T00:00:00Z","overlap":0,"size":4,"dimension":"2d","subset":"","validation_mode":"gt"}"##;
const SERVER_LABELS: &str = r##"{"count":2,"next":null,"previous":null,"results":[
    {"id":9,"name":"car","color":"#ff0000","attributes":[],"type":"any","sublabels":[],"parent_id":null},
    {"id":5,"name":"person","color":"#00ff00","attributes":[],"type":"skeleton","parent_id":null,
     "svg":"<circle data-label-id=\"6\"/>","sublabels":[
        {"id":6,"name":"nose","color":"#0000ff","attributes":[],"type":"points"}]}]}"##;
const SERVER_META: &str = r#"{"size":4,"start_frame":2,"stop_frame":9,"frame_filter":"step=2","frames":[
    {"name":"a.png","width":1,"height":2},{"name":"b.png","width":3,"height":4},
    {"name":"c.png","width":5,"height":6},{"name":"d.png","width":7,"height":8}],"deleted_frames":[2],"included_frames":null}"#;
const SERVER_JOBS: &str = r#"[{"id":30,"type":"ground_truth","start_frame":0,"stop_frame":3,"assignee":{"username":"bob"}},
    {"id":20,"type":"annotation","start_frame":0,"stop_frame":3,"updated_date":"2024-01-03T00:00:00Z","assignee":null}]"#;

fn server_annotations(frame: u32) -> String {
    format!(r#"{{"version":0,"tags":[{{"id":1,"label_id":9,"frame":{frame}}}],"shapes":[],"tracks":[]}}"#)
}

#[test]
fn the_answers_of_a_server_about_a_task() {
    let (one, three) = (server_annotations(1), server_annotations(3));
    let ground_truth_meta = r#"{"start_frame":2,"stop_frame":8,"deleted_frames":[1,2],"included_frames":[8,4]}"#;
    let dataset = open_folder(&[
        ("task.json", SERVER_TASK),
        ("labels.json", SERVER_LABELS),
        ("data_meta.json", SERVER_META),
        ("jobs.json", SERVER_JOBS),
        ("annotations.json", "not read"),
        ("job_20/annotations.json", &one),
        ("job_30/annotations.json", &three),
        ("job_30/data_meta.json", ground_truth_meta),
    ])
    .unwrap();
    let names: Vec<_> = dataset.schema.labels().iter().map(|label| (label.name.as_str(), label.parent)).collect();
    assert_eq!(names, [("person", None), ("nose", Some(0)), ("car", None)]);
    assert_eq!(dataset.schema.label(0).svg.as_deref(), Some("<circle data-label-name=\"nose\"/>"));
    let task = task(&dataset);
    assert_eq!((task.size, task.start_frame, task.stop_frame, task.step), (4, 2, 9, 2));
    assert_eq!((&task.deleted[..], &task.disabled[..]), (&[2][..], &[1][..]));
    assert_eq!(task.validation, Some(ValidationMode::Gt));
    assert_eq!(image_names(&dataset), ["a.png", "b.png", "c.png", "d.png"]);
    assert_eq!(task.jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [Some(20), Some(30)]);
    assert_eq!(task.jobs[1].frames, Some(vec![1, 3]));
    assert_eq!(task.jobs[1].assignee.as_ref().unwrap().username, "bob");
    assert_eq!(task.jobs[0].updated.as_deref(), Some("2024-01-03T00:00:00Z"));
    assert_eq!(*dataset.columns.tags.frame, [1, 3]);
    assert_eq!(*dataset.columns.tags.label, [2, 2]);
    let about = &task.provenance;
    assert_eq!((about.id, about.server.as_deref()), (Some(42), Some("https://cvat.example.org")));
    assert_eq!(about.owner.as_ref().unwrap().username, "ann");
    assert_eq!(about.created.as_deref(), Some("2024-01-01T00:00:00Z"));
}

#[test]
fn without_folders_of_jobs_the_annotations_of_the_task_are_one_jobs() {
    let tags = server_annotations(1);
    let open = |jobs: &str| {
        open_folder(&[
            ("task.json", SERVER_TASK),
            ("labels.json", SERVER_LABELS),
            ("data_meta.json", SERVER_META),
            ("jobs.json", jobs),
            ("annotations.json", &tags),
        ])
        .unwrap()
    };
    let dataset = open(SERVER_JOBS);
    let jobs = &task(&dataset).jobs;
    assert_eq!((jobs.len(), jobs[0].id, jobs[0].tags.clone()), (1, Some(20), 0..1));

    let several = r#"[{"id":1,"start_frame":0,"stop_frame":1},{"id":2,"start_frame":2,"stop_frame":3}]"#;
    let dataset = open(several);
    let jobs = &task(&dataset).jobs;
    assert_eq!((jobs.len(), jobs[0].id, jobs[0].tags.clone()), (1, None, 0..1));
    assert_eq!(ranges(jobs), [(JobKind::Annotation, 0, 3)]);
}

#[test]
fn what_a_folder_lacks_is_named() {
    let tags = server_annotations(1);
    let all = [
        ("task.json", SERVER_TASK),
        ("labels.json", SERVER_LABELS),
        ("data_meta.json", SERVER_META),
        ("jobs.json", SERVER_JOBS),
        ("job_20/annotations.json", &tags),
        ("job_30/annotations.json", &tags),
        ("job_30/data_meta.json", "{}"),
    ];
    assert!(open_folder(&all).is_ok());
    for missing in 1..all.len() {
        let mut files = all.to_vec();
        let (name, _) = files.remove(missing);
        let error = open_folder(&files).unwrap_err();
        assert_eq!((error.code(), error.place().file.as_deref()), (Code::MissingFile, Some(name)), "{error}");
    }
    for damaged in 0..all.len() {
        let mut files = all.to_vec();
        files[damaged].1 = "";
        let error = open_folder(&files).unwrap_err();
        assert_eq!((error.code(), error.place().file.as_deref()), (Code::TruncatedJson, Some(all[damaged].0)));
        files[damaged].1 = "[7]";
        let error = open_folder(&files).unwrap_err();
        assert_eq!((error.code(), error.place().file.as_deref()), (Code::MalformedJson, Some(all[damaged].0)));
    }
    let mut files = all.to_vec();
    for page in [r#"{"count":3,"next":null,"results":[]}"#, r#"{"count":0,"next":"http://x?page=2","results":[]}"#] {
        files[3].1 = page;
        assert!(open_folder(&files).unwrap_err().to_string().contains("one page of several"));
    }
}

#[test]
fn a_project_of_a_server_has_its_tasks_by_id() {
    let project = r#"{"url":"http://c/api/projects/7","id":7,"name":"p","bug_tracker":null}"#;
    let (three, four) = (SERVER_TASK.replace("42", "3"), SERVER_TASK.replace("42", "4"));
    let tasks = format!(r#"{{"count":3,"next":null,"results":[{four},{{"id":5,"name":"bare"}},{three}]}}"#);
    let (one, two) = (server_annotations(1), server_annotations(2));
    let jobs = r#"[{"id":1,"start_frame":0,"stop_frame":3}]"#;
    let dataset = open_folder(&[
        ("project.json", project),
        ("tasks.json", &tasks),
        ("labels.json", SERVER_LABELS),
        ("task_3/data_meta.json", SERVER_META),
        ("task_3/jobs.json", jobs),
        ("task_3/annotations.json", &one),
        ("task_4/data_meta.json", SERVER_META),
        ("task_4/jobs.json", jobs),
        ("task_4/annotations.json", &two),
    ])
    .unwrap();
    assert_eq!(dataset.tasks.iter().map(|task| task.provenance.id).collect::<Vec<_>>(), [Some(3), Some(4)]);
    assert_eq!(dataset.project.as_ref().unwrap().provenance.id, Some(7));
    assert_eq!(*dataset.columns.tags.frame, [1, 2]);
    assert_eq!(dataset.tasks[1].media, Media::Images { rows: 4..8 });
}

#[test]
fn what_is_no_source_is_told_in_one_line() {
    let code = |path: &Path| open(path, &Limits::default(), &unread, &|_| true).unwrap_err().code();
    let empty = folder(&[("readme.txt", "")]);
    assert_eq!(code(empty.path()), Code::UnknownSource);
    assert_eq!(code(&empty.path().join("none.zip")), Code::NotFound);
    for bytes in [&b""[..], b"PK", b"hello world, hello"] {
        let (_folder, path) = file(bytes);
        assert_eq!(code(&path), Code::UnknownSource, "{bytes:?}");
    }
    let (_folder, path) = file(&zip(&[("x.json", b"{}")], false));
    let error = open(&path, &Limits::default(), &unread, &|_| true).unwrap_err();
    assert_eq!(error.code(), Code::UnknownSource);
    assert!(error.advice().unwrap().contains("backup"));
    let (_folder, path) = file(b"PK\x03\x04 and nothing more");
    assert_eq!(code(&path), Code::BadZip);
}

#[test]
fn a_reading_can_be_watched_and_stopped() {
    let members: Vec<(&str, String)> = vec![
        ("task.json", task_json(r#""start_frame":0,"stop_frame":1"#, ONE_JOB)),
        ("data/manifest.jsonl", IMAGES.to_owned()),
        ("annotations.json", annotations(&[0])),
    ];
    let total: usize = members.iter().map(|(_, text)| text.len()).sum();
    let bytes: Vec<_> = members.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (_folder, path) = file(&zip(&bytes, true));
    let last = std::cell::Cell::new(None);
    open(&path, &Limits::default(), &unread, &|progress| {
        last.set(Some(progress));
        true
    })
    .unwrap();
    assert_eq!(last.get(), Some(Progress { read: total as u64, total: total as u64 }));
    let stopped = open(&path, &Limits::default(), &unread, &|progress| progress.read < 100).unwrap_err();
    assert_eq!(stopped.code(), Code::Interrupted);
}

proptest::proptest! {
    #[test]
    fn a_damaged_backup_is_an_error_or_a_backup_but_no_panic(
        damage in proptest::collection::vec((proptest::prelude::any::<proptest::sample::Index>(), proptest::prelude::any::<u8>()), 1..4),
        cut in proptest::option::of(proptest::prelude::any::<proptest::sample::Index>()),
    ) {
        let task = task_json(r#""start_frame":0,"stop_frame":1"#, ONE_JOB);
        let annotations = annotations(&[0]);
        let members = [("task.json", task.as_bytes()), ("data/manifest.jsonl", IMAGES.as_bytes()), ("annotations.json", annotations.as_bytes())];
        let mut bytes = zip(&members, true);
        for (place, byte) in damage {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(cut.map_or(bytes.len(), |place| place.index(bytes.len() + 1)));
        let (_folder, path) = file(&bytes);
        let _ = open(&path, &Limits::default(), &unread, &|_| true);
    }
}
