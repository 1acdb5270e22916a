//! One error type for the whole core: what went wrong (a code that scripts can test), where in the data, and what to do.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};

use crate::text::{shortened, shown};

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Characters of a message, and of what it advises, that are shown.
const MAX_MESSAGE: usize = 800;
/// Characters of a name in a place that are shown.
const MAX_NAME: usize = 200;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What went wrong. The text of a code is stable: scripts and tests may compare it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of the list.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The stable text of the code, such as `bad-zip`.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

codes! {
    /// The file is no ZIP archive, or its directory or a member is damaged.
    BadZip = "bad-zip",
    /// A member of an archive unpacks to more than the limits allow.
    ZipBomb = "zip-bomb",
    /// A member or file name would leave its folder.
    UnsafeName = "unsafe-name",
    /// The source lacks a file that its kind must have.
    MissingFile = "missing-file",
    /// JSON ends in the middle.
    TruncatedJson = "truncated-json",
    /// JSON that does not parse, or a value of the wrong kind.
    MalformedJson = "malformed-json",
    /// The path given as source is neither a backup, a folder of server answers nor a saved dataset.
    UnknownSource = "unknown-source",
    /// The source, or a job in it, is not there.
    NotFound = "not-found",
    /// The manifest or the metadata contradict themselves.
    BadMetadata = "bad-metadata",
    /// A file that is not an image, or not of the size that the source states.
    BadPicture = "bad-picture",
    /// An annotation names a label that the schema lacks.
    UnknownLabel = "unknown-label",
    /// An annotation names an attribute that its label lacks.
    UnknownAttribute = "unknown-attribute",
    /// An attribute's value cannot be read as the kind that its label declares.
    BadAttributeValue = "bad-attribute-value",
    /// A coordinate is not a finite number.
    NotFinite = "not-finite",
    /// An annotation lies on a frame that the task lacks.
    FrameOutOfRange = "frame-out-of-range",
    /// A mask's runs do not fill its box.
    BadMask = "bad-mask",
    /// A shape has too few, too many or an odd number of coordinates for its kind.
    BadShape = "bad-shape",
    /// A track whose keyframes contradict each other.
    BadTrack = "bad-track",
    /// There is more data than an index of this version can count.
    TooLarge = "too-large",
    /// No format of that name.
    UnknownFormat = "unknown-format",
    /// The format cannot hold this source or option.
    Unsupported = "unsupported",
    /// Two members of the output would have one name.
    NameCollision = "name-collision",
    /// A subset name that the format reserves.
    ReservedName = "reserved-name",
    /// Annotations would be dropped, and `--strict` forbids that.
    Dropped = "dropped",
    /// The output exists, and overwriting was not asked for.
    OutputExists = "output-exists",
    /// The output cannot be written there.
    NotWritable = "not-writable",
    /// The disk is full.
    DiskFull = "disk-full",
    /// Reading or writing failed for another reason.
    Io = "io",
    /// The user stopped the run.
    Interrupted = "interrupted",
    /// An option has a value that it cannot have.
    BadOption = "bad-option",
    /// A saved dataset is damaged or from another version.
    BadDataset = "bad-dataset",
    /// A defect of framehaul itself.
    Internal = "internal",
}

/// Where in the data something happened. Every part is optional; the innermost code adds what it knows and the
/// callers around it add the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// File, or member of an archive.
    pub file: Option<String>,
    /// Name of the task.
    pub task: Option<String>,
    /// Place of the job in its task, from 0, or the server's job id.
    pub job: Option<u64>,
    /// Frame number, relative to the task.
    pub frame: Option<i64>,
    /// Place of the track among the tracks of its job, from 0.
    pub track: Option<u64>,
    /// Place of the shape (or keyframe, for a track) in its list, from 0.
    pub shape: Option<u64>,
    /// Name of the label.
    pub label: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut part = |f: &mut fmt::Formatter<'_>, name: &str, value: &dyn fmt::Display| {
            let comma = if std::mem::take(&mut first) { "" } else { ", " };
            write!(f, "{comma}{name} {value}")
        };
        if let Some(v) = &self.file {
            part(f, "file", &quoted(v))?;
        }
        if let Some(v) = &self.task {
            part(f, "task", &quoted(v))?;
        }
        if let Some(v) = self.job {
            part(f, "job", &v)?;
        }
        if let Some(v) = self.frame {
            part(f, "frame", &v)?;
        }
        if let Some(v) = self.track {
            part(f, "track", &v)?;
        }
        if let Some(v) = self.shape {
            part(f, "shape", &v)?;
        }
        if let Some(v) = &self.label {
            part(f, "label", &quoted(v))?;
        }
        Ok(())
    }
}

/// A name in quotes, shortened if it is very long.
fn quoted(name: &str) -> String {
    format!("{:?}", shortened(name, MAX_NAME))
}

/// An error with its code, its place and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    code: Code,
    message: String,
    place: Place,
    advice: Option<String>,
}

impl Error {
    /// An error with a code and a message that says what was found.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { code, message: message.into(), place: Place::default(), advice: None }))
    }

    /// Adds what the user can do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// What went wrong.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What was found, without place and advice.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it was found.
    pub fn place(&self) -> &Place {
        &self.0.place
    }

    /// What the user can do, where there is something.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// An input or output error, in our words where we have some for what the operating system said.
    pub fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        const ACCESS: &str = "choose a place that you may read and write";
        const SPACE: &str = "free some space or choose another disk";
        let (code, message, advice) = match error.kind() {
            Kind::NotFound => (Code::NotFound, "there is no such file or folder", ""),
            Kind::AlreadyExists => {
                (Code::OutputExists, "the output exists already", "choose another name or pass --overwrite")
            }
            Kind::PermissionDenied => (Code::NotWritable, "the file system does not allow this", ACCESS),
            Kind::ReadOnlyFilesystem => (Code::NotWritable, "the disk is read-only", ACCESS),
            Kind::StorageFull => (Code::DiskFull, "the disk is full", SPACE),
            Kind::QuotaExceeded => (Code::DiskFull, "the disk quota is used up", SPACE),
            Kind::FileTooLarge => (Code::Io, "the file grew larger than the system allows", ""),
            Kind::IsADirectory => (Code::Io, "this is a folder, not a file", ""),
            Kind::NotADirectory => (Code::Io, "a part of the path is a file, not a folder", ""),
            Kind::InvalidFilename => (Code::Io, "the file system does not take this name", ""),
            Kind::StaleNetworkFileHandle => (Code::Io, "the network file system lost the file", ""),
            Kind::ResourceBusy => (Code::Io, "the file or folder is in use", ""),
            Kind::OutOfMemory => (Code::Io, "there is not enough memory", ""),
            _ => (Code::Io, "", ""),
        };
        let message = match message {
            "" => words(error),
            message => message.to_owned(),
        };
        let this = Self::new(code, message).in_file(path.display().to_string());
        if advice.is_empty() { this } else { this.advise(advice) }
    }
}

/// The words of the operating system without its number.
fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) if error.raw_os_error().is_some() => text[..end].to_owned(),
        _ => text,
    }
}

macro_rules! places {
    ($($(#[$doc:meta])* $method:ident($field:ident: $kind:ty);)*) => {
        impl Error {
            $($(#[$doc])*
            #[must_use]
            pub fn $method(mut self, value: impl Into<$kind>) -> Self {
                self.0.place.$field.get_or_insert_with(|| value.into());
                self
            })*
        }
    };
}

// Each keeps a value that is already there: the innermost code knows best.
places! {
    /// Names the file or archive member.
    in_file(file: String);
    /// Names the task.
    in_task(task: String);
    /// Names the job.
    in_job(job: u64);
    /// Names the frame.
    at_frame(frame: i64);
    /// Names the track.
    in_track(track: u64);
    /// Names the shape or keyframe.
    at_shape(shape: u64);
    /// Names the label.
    of_label(label: String);
}

/// The first few of what there is, for messages.
pub fn listed<T>(all: &[T], show: impl Fn(&T) -> String) -> String {
    const MAX_LISTED: usize = 12;
    let more = if all.len() > MAX_LISTED { ", …" } else { "" };
    let first: Vec<String> = all.iter().take(MAX_LISTED).map(show).collect();
    format!("{}{more}", first.join(", "))
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line that does nothing to a terminal, whatever the names hold that it repeats.
        let place = self.0.place.to_string();
        f.write_str(&shown(&self.0.message, MAX_MESSAGE))?;
        if !place.is_empty() {
            write!(f, " ({place})")?;
        }
        if let Some(advice) = &self.0.advice {
            write!(f, "; {}", shown(advice, MAX_MESSAGE))?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// The result of `work`, or an error if it panics: a defect of framehaul, which a caller must survive.
pub fn catch_panic<R>(work: impl FnOnce() -> R) -> Result<R> {
    // What was changed halfway is either gone with `work` or scratch memory, which each user begins anew.
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        Error::new(Code::Internal, format!("a defect of framehaul: {text}"))
            .advise("please report this with the source, if you can share it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_with_its_place_and_its_advice() {
        let error = Error::new(Code::UnknownLabel, "label \"a\nb\" is not in the schema")
            .at_frame(7)
            .in_task("night")
            .at_frame(9)
            .advise("add the label");
        assert_eq!(error.to_string(), "label \"a\\nb\" is not in the schema (task \"night\", frame 7); add the label");
    }

    #[test]
    fn an_error_of_the_operating_system_is_told_in_words() {
        use std::io;
        for (error, code, message) in [
            (io::ErrorKind::StorageFull.into(), Code::DiskFull, "the disk is full"),
            (io::ErrorKind::NotFound.into(), Code::NotFound, "there is no such file or folder"),
            (io::Error::new(io::ErrorKind::InvalidData, "an odd tail"), Code::Io, "an odd tail"),
        ] {
            let told = Error::io(std::path::Path::new("a"), &error);
            assert_eq!((told.code(), told.message()), (code, message));
        }
        #[cfg(target_os = "linux")]
        assert_eq!(Error::io("a".as_ref(), &io::Error::from_raw_os_error(5)).message(), "Input/output error");
    }

    #[test]
    fn a_panic_becomes_an_internal_error_with_its_message() {
        let caught = |work: fn() -> u8| catch_panic(work).map_err(|error| (error.code(), error.message().to_owned()));
        let message = |text: &str| Err((Code::Internal, format!("a defect of framehaul: {text}")));
        assert_eq!(caught(|| 7), Ok(7));
        assert_eq!(caught(|| panic!("plain")), message("plain"));
        assert_eq!(caught(|| panic!("row {}", 3)), message("row 3"));
        assert_eq!(caught(|| std::panic::panic_any(3)), message("no message"));
    }

    #[test]
    fn every_code_has_a_text_of_its_own() {
        let texts: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
    }
}
