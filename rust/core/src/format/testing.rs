//! Exports into memory, for tests.

use std::collections::BTreeMap;

use crate::dataset::Dataset;
use crate::error::Result;
use crate::plan::{Format, Options, Output, Part, Profile};
use crate::report::{Report, Tally};
use crate::timeline::Scene;

/// The members of an export and its report, encoded chunk by chunk on this thread.
pub(crate) struct Export {
    pub members: BTreeMap<String, Vec<u8>>,
    pub report: Report,
}

impl Export {
    /// A member as text.
    pub fn text(&self, name: &str) -> &str {
        let bytes = self.members.get(name).unwrap_or_else(|| panic!("{name} is not among {:?}", self.names()));
        std::str::from_utf8(bytes).unwrap()
    }

    /// The names of all members.
    pub fn names(&self) -> Vec<&str> {
        self.members.keys().map(String::as_str).collect()
    }

    /// The lines of the report: `car rectangle written 2`.
    pub fn rows(&self) -> Vec<String> {
        let rows = self.report.rows.iter();
        rows.map(|row| format!("{} {} {} {}", row.label, row.shape, row.outcome.as_str(), row.count)).collect()
    }
}

/// Exports a scene.
pub(crate) fn export(format: &Format, scene: &Scene<'_>) -> Result<Export> {
    export_for(Profile::Cvat, format, scene)
}

/// Exports a scene for a reader.
pub(crate) fn export_for(profile: Profile, format: &Format, scene: &Scene<'_>) -> Result<Export> {
    let dumped = Some("2024-05-01 10:00:00+00:00".to_owned());
    let options = Options { dumped, profile, ..Options::default() };
    let encoder = (format.encoder)(scene, &options)?;
    let mut members = BTreeMap::new();
    let (mut output, mut tally) = (Output::default(), Tally::default());
    let mut add = |name: &str, bytes: &[u8]| {
        assert!(members.insert(name.to_owned(), bytes.to_vec()).is_none(), "{name} is written twice");
    };
    for part in &encoder.parts(&options)? {
        let (chunks, name) = match part {
            Part::Member { name, chunks } => (chunks, Some(name)),
            Part::Files(chunks) | Part::Media(chunks) => (chunks, None),
            Part::Sidecar { .. } => continue,
        };
        let mut member = Vec::new();
        for chunk in chunks {
            output.clear();
            encoder.encode(chunk, &mut output)?;
            tally.merge(std::mem::take(&mut output.tally));
            member.extend_from_slice(&output.bytes);
            if name.is_some() {
                assert!(!output.has_files(), "a chunk of a member begins no files");
                continue;
            }
            output.files().for_each(|(name, content)| add(name, content));
        }
        if let Some(name) = name {
            add(name, &member);
        }
    }
    let report = Report::new(format.name, profile.as_str(), String::new(), scene.dataset, &tally, 0, 0);
    Ok(Export { members, report })
}

/// Exports a whole dataset.
pub(crate) fn export_all(format: &Format, dataset: &Dataset) -> Result<Export> {
    export(format, &Scene::new(dataset)?)
}
