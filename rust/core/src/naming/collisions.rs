//! No output has two members of one name.
//!
//! An archive may hold two, but what unpacks it keeps the last one only, so that annotations would be lost. All names of
//! an export are known by their hashes when it ends; equal ones are a reason to look closer, before the output appears
//! under its name. Where tasks lie in subsets of which one is a folder of another, as `a` and `a/b`, that happens before
//! anything is written, since files of both may meet there: `1.jpg` of the one is `b/1.jpg` of the other.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::error::{Code, Error, Result};
use crate::plan::{Chunk, Encoder, Flush, Output, Part, Plan};
use crate::threads::{self, ParallelIterator};
use crate::timeline::{Scene, Timeline, hash};

/// A plan, and what encodes it.
type Planned<'p> = (&'p Plan, &'p dyn Encoder);

/// What a member is made of.
#[derive(Clone, Copy)]
struct Origin<'a> {
    part: &'a Part,
    /// The chunk that writes it, if a chunk writes whole members.
    chunk: Option<&'a Chunk>,
}

/// Whether the folders of two subsets lie in one another.
pub fn subsets_nest(scene: &Scene<'_>) -> bool {
    let subsets: HashSet<&str> = scene.timelines.iter().map(|timeline| timeline.subset.as_ref()).collect();
    let nests = |subset: &str| subset.match_indices('/').any(|(end, _)| subsets.contains(&subset[..end]));
    subsets.iter().any(|subset| nests(subset))
}

/// Refuses a plan in which two members have one name. `hashes` are those of all names; without them they are made anew.
pub fn refuse(scene: &Scene<'_>, planned: Planned<'_>, hashes: Option<Vec<u64>>) -> Result<()> {
    let hashes = hashes.map_or_else(|| gather(planned, |name, _| Some(hash(name))), Ok)?;
    let suspects = repeated(hashes);
    if suspects.is_empty() {
        return Ok(());
    }
    let mut first: HashMap<String, Origin<'_>> = HashMap::new();
    let named = gather(planned, |name, origin| suspects.contains(&hash(name)).then(|| (name.to_owned(), origin)))?;
    for (name, other) in named {
        let Some(&one) = first.get(&name) else {
            first.insert(name, other);
            continue;
        };
        // Images that are the same file are stored once, and others are compared when they are looked up.
        if !matches!((one.part, other.part), (Part::Media(_), Part::Media(_))) {
            let [one, other] = [one, other].map(|origin| describe(scene, planned, &name, origin));
            return Err(error("files", &name, &one, &other));
        }
    }
    Ok(())
}

/// The error about two members of one name, with what each is made of.
pub fn error(what: &str, name: &str, one: &str, other: &str) -> Error {
    let message = format!("two {what} would both be {name:?}: {one} and {other}");
    Error::new(Code::NameCollision, message).advise("give them names of their own with --name-template")
}

/// A frame as errors name it.
pub fn describe_frame(timeline: &Timeline<'_>, frame: u32) -> String {
    format!("{:?} (task {:?}, frame {frame})", timeline.file_name(frame), timeline.task.name)
}

/// The hashes that occur more than once.
fn repeated(mut hashes: Vec<u64>) -> HashSet<u64> {
    threads::sort(&mut hashes);
    hashes.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
}

/// What `take` makes of the names of all members, in order.
fn gather<'p, T: Send>(
    (plan, encoder): Planned<'p>,
    take: impl Fn(&str, Origin<'p>) -> Option<T> + Sync,
) -> Result<Vec<T>> {
    let origins = |part: &'p Part| {
        let one = matches!(part, Part::Member { .. } | Part::Sidecar { .. }).then_some(Origin { part, chunk: None });
        let chunks = if one.is_some() { &[] } else { part.chunks() };
        one.into_iter().chain(chunks.iter().map(move |chunk| Origin { part, chunk: Some(chunk) }))
    };
    let origins: Vec<Origin<'p>> = plan.parts.iter().flat_map(origins).collect();
    let taken = |output: &mut Output, origin: Origin<'p>| -> Result<Vec<T>> {
        Ok(names(encoder, origin, output)?.iter().filter_map(|name| take(name, origin)).collect())
    };
    let taken: Result<Vec<Vec<T>>> = threads::over(origins, |it| it.map_init(Output::default, taken).collect());
    Ok(taken?.into_iter().flatten().collect())
}

/// The names of the members of an origin.
fn names(encoder: &dyn Encoder, origin: Origin<'_>, output: &mut Output) -> Result<Vec<String>> {
    let Some(chunk) = origin.chunk else {
        return Ok(match origin.part {
            Part::Member { name, .. } | Part::Sidecar { name } => vec![name.clone()],
            _ => Vec::new(),
        });
    };
    // A chunk hands on what is too large to keep; its names are all that counts here.
    let early = Rc::new(RefCell::new(Vec::new()));
    let push = |output: &Output, names: &mut Vec<String>| names.extend(output.files().map(|(name, _)| name.to_owned()));
    let handed = early.clone();
    let flush: Flush = Box::new(move |output, _| {
        push(output, &mut handed.borrow_mut());
        Ok(())
    });
    output.clear();
    output.flush = Some(flush);
    let encoded = encoder.encode(chunk, output);
    push(output, &mut early.borrow_mut());
    output.flush = None;
    encoded?;
    let mut names = early.take();
    names.extend(output.images.drain(..).map(|request| request.name));
    Ok(names)
}

/// What a member is made of, as errors name it: the frame if a chunk of that frame alone has the member, too.
fn describe(scene: &Scene<'_>, (_, encoder): Planned<'_>, name: &str, origin: Origin<'_>) -> String {
    let Some(chunk) = origin.chunk else { return "a file about all frames".to_owned() };
    let timeline = &scene.timelines[chunk.timeline];
    let mut output = Output::default();
    let has_name = |place: &u64| {
        let alone = Chunk { range: *place..*place + 1, ..chunk.clone() };
        let names = names(encoder, Origin { chunk: Some(&alone), ..origin }, &mut output);
        names.is_ok_and(|names| names.iter().any(|other| other == name))
    };
    let place = chunk.range.clone().find(has_name).and_then(|place| u32::try_from(place).ok());
    let frame = place.and_then(|place| timeline.frames.slice(place..place + 1).next());
    frame.map_or_else(|| format!("a file of task {:?}", timeline.task.name), |frame| describe_frame(timeline, frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_that_occur_twice_are_found_and_others_are_not() {
        assert_eq!(repeated(vec![3, 1, 2, 1, 3, 3]), HashSet::from([1, 3]));
        assert!(repeated(vec![3, 1, 2]).is_empty());
        assert!(repeated(Vec::new()).is_empty());
    }
}
