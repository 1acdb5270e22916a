//! `data/manifest.jsonl` of a backup: a header, and then a line per picture, or one about the video and one per seek
//! point.

use super::json::Reader;
use super::words;
use crate::error::{Code, Error, Result};

/// A picture of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Path with extension.
    pub name: String,
    /// Width in pixels, 0 if the manifest does not tell.
    pub width: u32,
    /// Height in pixels, 0 if the manifest does not tell.
    pub height: u32,
}

/// The video of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Video {
    /// File name and size.
    pub file: Picture,
    /// Number of frames.
    pub length: u64,
}

enum Key {
    Version,
    Type,
    Properties,
    Name,
    Extension,
    Width,
    Height,
    Resolution,
    Length,
    Other,
}

impl Key {
    fn of(name: &[u8]) -> Self {
        match name {
            b"version" => Self::Version,
            b"type" => Self::Type,
            b"properties" => Self::Properties,
            b"name" => Self::Name,
            b"extension" => Self::Extension,
            b"width" => Self::Width,
            b"height" => Self::Height,
            b"resolution" => Self::Resolution,
            b"length" => Self::Length,
            _ => Self::Other,
        }
    }
}

/// Reads a manifest. Each picture is given to `picture` as it comes; a video is the result.
pub fn read(reader: &mut Reader<'_>, mut picture: impl FnMut(Picture) -> Result<()>) -> Result<Option<Video>> {
    let mut video = None;
    let mut is_video = None;
    while reader.another()? {
        let line = read_line(reader)?;
        is_video = line.is_video.or(is_video);
        match is_video {
            _ if !line.is_picture && line.video.is_none() => {}
            Some(true) => video = line.video.or(video),
            Some(false) => picture(line.picture)?,
            None => return Err(bad("the manifest does not say whether it is of pictures or of a video")),
        }
    }
    match is_video {
        Some(true) if video.is_none() => Err(bad("the manifest of a video lacks its properties")),
        Some(_) => Ok(video),
        None => Err(bad("the manifest is empty")),
    }
}

#[derive(Default)]
struct Line {
    is_video: Option<bool>,
    is_picture: bool,
    picture: Picture,
    video: Option<Video>,
}

fn read_line(reader: &mut Reader<'_>) -> Result<Line> {
    let mut line = Line::default();
    let mut extension = String::new();
    reader.begin_object()?;
    while let Some(key) = reader.next_key(Key::of)? {
        if reader.null()? {
            continue;
        }
        match key {
            Key::Version => match reader.text()? {
                "1.0" | "1.1" => {}
                other => return Err(bad(&format!("the manifest is of version {other}, not 1.0 or 1.1"))),
            },
            Key::Type => match reader.text()? {
                "images" => line.is_video = Some(false),
                "video" => line.is_video = Some(true),
                other => return Err(words::unknown_task("manifest type", other)),
            },
            Key::Properties => line.video = Some(read_video(reader)?),
            Key::Name => {
                line.is_picture = true;
                line.picture.name = reader.text()?.to_owned();
            }
            Key::Extension => extension = reader.text()?.to_owned(),
            Key::Width => line.picture.width = pixels(reader)?,
            Key::Height => line.picture.height = pixels(reader)?,
            Key::Resolution | Key::Length | Key::Other => reader.skip()?,
        }
    }
    line.picture.name.push_str(&extension);
    Ok(line)
}

fn read_video(reader: &mut Reader<'_>) -> Result<Video> {
    let mut video = Video::default();
    reader.begin_object()?;
    while let Some(key) = reader.next_key(Key::of)? {
        match key {
            Key::Name => video.file.name = reader.text()?.to_owned(),
            Key::Length => {
                video.length = u64::try_from(reader.i64()?).map_err(|_| bad("a video of negative length"))?
            }
            Key::Resolution => {
                let mut sides = Vec::new();
                reader.begin_array()?;
                while reader.next_item()? {
                    sides.push(pixels(reader)?);
                }
                let &[width, height] = sides.as_slice() else {
                    return Err(bad("a resolution is a width and a height"));
                };
                (video.file.width, video.file.height) = (width, height);
            }
            _ => reader.skip()?,
        }
    }
    Ok(video)
}

fn pixels(reader: &mut Reader<'_>) -> Result<u32> {
    let side = reader.i64()?;
    u32::try_from(side).map_err(|_| bad(&format!("a side of {side} pixels")))
}

fn bad(what: &str) -> Error {
    Error::new(Code::BadMetadata, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Vec<Picture>, Option<Video>);

    fn manifest(text: &str) -> std::result::Result<Read, Code> {
        let mut pictures = Vec::new();
        let mut reader = Reader::new(text.as_bytes());
        let video = read(&mut reader, |picture| {
            pictures.push(picture);
            Ok(())
        });
        video.map(|video| (pictures, video)).map_err(|error| error.code())
    }

    fn picture(name: &str, width: u32, height: u32) -> Picture {
        Picture { name: name.to_owned(), width, height }
    }

    #[test]
    fn pictures_come_with_their_extension_and_size() {
        let text = "{\"version\":\"1.0\"}\n{\"type\":\"images\"}\n\n\
            {\"name\":\"a/b.c\",\"extension\":\".jpg\",\"width\":3,\"height\":2,\"meta\":{\"related_images\":[]}}\n\
            {\"name\":\"d\",\"extension\":\".pcd\",\"checksum\":null}";
        assert_eq!(manifest(text), Ok((vec![picture("a/b.c.jpg", 3, 2), picture("d.pcd", 0, 0)], None)));
    }

    #[test]
    fn a_video_has_one_size_and_its_seek_points_are_no_pictures() {
        let text = r#"{"version":"1.1"}{"type":"video"}
            {"properties":{"name":"v.mp4","resolution":[240,180],"length":60,"chapters":[]}}
            {"number":0,"pts":0,"checksum":"f3"}"#;
        assert_eq!(manifest(text), Ok((vec![], Some(Video { file: picture("v.mp4", 240, 180), length: 60 }))));
    }

    #[test]
    fn a_manifest_that_lacks_what_it_must_have_is_refused() {
        for text in [
            "",
            r#"{"version":"2.0"}{"type":"images"}"#,
            r#"{"version":"1.1"}{"name":"a","extension":".b"}"#,
            r#"{"version":"1.1"}{"type":"video"}"#,
            r#"{"type":"images"}{"name":"a","width":-1}"#,
            r#"{"type":"video"}{"properties":{"resolution":[1]}}"#,
        ] {
            assert_eq!(manifest(text), Err(Code::BadMetadata), "{text}");
        }
        assert_eq!(manifest(r#"{"type":"images"}{"name":"#), Err(Code::TruncatedJson));
        assert_eq!(manifest(r#"{"version":"1.1"}{"type":"sound"}"#), Err(Code::Unsupported));
    }
}
