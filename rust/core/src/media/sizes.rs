//! Sizes of images that the source does not state, as the headers of their files have them.
//!
//! They are part of the dataset, so that labels do not depend on whether images are written: files in the source are
//! read when it is opened, files in a folder that is named for an export when that begins, with and without images.

use std::path::Path;

use super::Files;
use crate::dataset::{Dataset, Media, Task};
use crate::error::Result;
use crate::threads::{self, ParallelIterator};

/// Bytes in which a header is looked for, first and at last: photographs have thumbnails before it.
const HEADERS: [u64; 2] = [256 << 10, 16 << 20];

/// Images that are measured between two looks at whether to go on.
const IMAGES_PER_LOOK: usize = 1024;

/// What the bytes of a file say of an image's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Width and height in pixels.
    Pixels(u32, u32),
    /// They are not an image, or one that is damaged.
    NotAnImage,
    /// Nobody here knows the type of image.
    Unknown,
}

/// Reads the sizes of images of types that are not known here, such as JPEG 2000. The bytes may be the beginning of a
/// file.
pub type ReadSize<'a> = dyn Fn(&[u8]) -> Size + Sync + 'a;

/// A [`ReadSize`] that knows no type.
pub fn unread(_: &[u8]) -> Size {
    Size::Unknown
}

/// The extensions of the types that are known here: a file of such a name that is not understood is not an image.
const KNOWN: [&str; 20] = [
    "avif", "bmp", "exr", "gif", "hdr", "heic", "ico", "jpeg", "jpg", "jxl", "pbm", "pgm", "png", "pnm", "ppm", "psd",
    "tga", "tif", "tiff", "webp",
];

/// The size of the image that is in a file of this name.
pub fn size_of(bytes: &[u8], name: &str, read: &ReadSize<'_>) -> Size {
    if let Ok(size) = imagesize::blob_size(bytes) {
        let sides = (u32::try_from(size.width), u32::try_from(size.height));
        return if let (Ok(width), Ok(height)) = sides { Size::Pixels(width, height) } else { Size::NotAnImage };
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
    match read(bytes) {
        Size::Unknown if extension.is_some_and(|extension| KNOWN.contains(&extension.as_str())) => Size::NotAnImage,
        size => size,
    }
}

/// Fills in the sizes that are not known. An image without a file, or with one that is not understood, keeps none.
///
/// The files are in `media`, or in the source; they are looked for only if a size is missing. `look` ends the work by
/// an error.
pub fn measure(
    dataset: &mut Dataset,
    media: Option<&Path>,
    read: &ReadSize<'_>,
    look: &dyn Fn() -> Result<()>,
) -> Result<()> {
    let unknown = unknown(dataset, media.is_some());
    if unknown.is_empty() {
        return Ok(());
    }
    let files = Files::find(dataset, media)?;
    let images = &dataset.columns.images;
    let (mut width, mut height) = (images.width.to_vec(), images.height.to_vec());
    for rows in unknown.chunks(IMAGES_PER_LOOK) {
        look()?;
        let size = |&(task, row): &(usize, usize)| size(&files, &dataset.tasks[task], images.name.value(row), read);
        let measured: Vec<_> = threads::over(rows, |rows| rows.map(size).collect());
        for (&(_, row), size) in rows.iter().zip(measured) {
            if let Some(size) = size {
                (width[row], height[row]) = size;
            }
        }
    }
    dataset.columns.images.width = width.into();
    dataset.columns.images.height = height.into();
    Ok(())
}

/// The dataset with the sizes that only the files in `media` have; `None` if it lacks none.
pub fn with_media(dataset: &Dataset, media: &Path, read: &ReadSize<'_>) -> Result<Option<Dataset>> {
    if unknown(dataset, true).is_empty() {
        return Ok(None);
    }
    let mut measured = dataset.clone();
    measure(&mut measured, Some(media), read, &|| Ok(()))?;
    measured.limits.check(&measured)?;
    Ok(Some(measured))
}

/// Tasks and rows of the images without a size whose files may be found.
fn unknown(dataset: &Dataset, is_named: bool) -> Vec<(usize, usize)> {
    let images = &dataset.columns.images;
    let is_unknown = |row: usize| images.width[row] == 0 || images.height[row] == 0;
    let may_have_files = |task: &Task| !task.is_3d && (is_named || task.media_folder.is_some());
    let tasks = dataset.tasks.iter().enumerate().filter(|(_, task)| may_have_files(task));
    tasks
        .filter_map(|(place, task)| match &task.media {
            Media::Images { rows } => Some(rows.clone().map(move |row| (place, row as usize))),
            Media::Video { .. } => None,
        })
        .flatten()
        .filter(|&(_, row)| is_unknown(row))
        .collect()
}

/// Width and height as the header of a file has them, which nearly always stands at its beginning.
fn size(files: &Files, task: &Task, name: &str, read: &ReadSize<'_>) -> Option<(u32, u32)> {
    HEADERS.into_iter().find_map(|length| {
        let bytes = files.head(task, name, length).ok()?;
        let Size::Pixels(width, height) = size_of(&bytes, name, read) else { return None };
        Some(if is_turned(&bytes) { (height, width) } else { (width, height) })
    })
}

/// Whether a JPEG says that it lies on its side. CVAT counts such an image by the size that it has when it is turned.
fn is_turned(bytes: &[u8]) -> bool {
    orientation_of_jpeg(bytes).is_some_and(|orientation| (5..=8).contains(&orientation))
}

/// The Exif orientation of a JPEG: in the segment APP1, before the image itself.
fn orientation_of_jpeg(bytes: &[u8]) -> Option<u16> {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8])?;
    while let [0xff, marker, high, low, ..] = *rest {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length)?;
        match (marker, segment.strip_prefix(b"Exif\0\0")) {
            (0xe1, Some(exif)) => return orientation(exif),
            (0xda, _) => return None,
            _ => rest = &rest[2 + length..],
        }
    }
    None
}

/// The orientation in the first directory of an Exif block, which is laid out like a TIFF file.
fn orientation(exif: &[u8]) -> Option<u16> {
    let is_little = exif.starts_with(b"II");
    let short = |at: usize| {
        let bytes = exif.get(at..)?.first_chunk()?;
        Some(if is_little { u16::from_le_bytes(*bytes) } else { u16::from_be_bytes(*bytes) })
    };
    let long = |at: usize| {
        let bytes = exif.get(at..)?.first_chunk()?;
        Some(if is_little { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) })
    };
    const ORIENTATION: u16 = 0x0112;
    let directory = long(4)? as usize;
    let entries = (0..short(directory)?).map(|entry| directory.saturating_add(2 + 12 * usize::from(entry)));
    let entry = entries.into_iter().find(|&entry| short(entry) == Some(ORIENTATION))?;
    short(entry + 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_an_unknown_type_is_not_taken_for_a_damaged_one() {
        let jpeg_2000 = b"\0\0\0\x0cjP  \r\n\x87\n";
        assert_eq!(size_of(jpeg_2000, "a.jp2", &unread), Size::Unknown);
        assert_eq!(size_of(jpeg_2000, "a", &unread), Size::Unknown);
        assert_eq!(size_of(jpeg_2000, "a.jp2", &|_| Size::Pixels(40, 30)), Size::Pixels(40, 30));
        assert_eq!(size_of(b"<html>", "a.jp2", &|_| Size::NotAnImage), Size::NotAnImage);
        for name in ["a.png", "b/a.JPG"] {
            assert_eq!(size_of(b"<html>", name, &unread), Size::NotAnImage, "{name}");
        }
        assert_eq!(size_of(b"GIF89a\x05\0\x04\0\0\0\0", "a", &|_| Size::NotAnImage), Size::Pixels(5, 4));
    }

    /// The start of a JPEG with an Exif block of one entry.
    fn jpeg(big: bool, orientation: u16) -> Vec<u8> {
        let short = |number: u16| if big { number.to_be_bytes() } else { number.to_le_bytes() };
        let mut exif = if big { b"MM\0\x2a\0\0\0\x08".to_vec() } else { b"II\x2a\0\x08\0\0\0".to_vec() };
        for number in [1, 0x0112, 3] {
            exif.extend(short(number));
        }
        exif.extend(if big { [0, 0, 0, 1] } else { [1, 0, 0, 0] });
        exif.extend(short(orientation));
        let mut bytes = b"\xff\xd8\xff\xe0\0\x04ab\xff\xe1\0".to_vec();
        bytes.push(exif.len() as u8 + 8);
        bytes.extend(b"Exif\0\0");
        bytes.extend(exif);
        bytes
    }

    #[test]
    fn an_image_on_its_side_is_known_by_its_exif_block() {
        for big in [true, false] {
            for orientation in 1..=9 {
                assert_eq!(is_turned(&jpeg(big, orientation)), (5..=8).contains(&orientation), "{big} {orientation}");
            }
        }
    }

    #[test]
    fn a_jpeg_that_ends_anywhere_is_not_turned_and_does_not_panic() {
        let whole = jpeg(true, 6);
        for length in 0..whole.len() {
            assert!(!is_turned(&whole[..length]), "{length}");
        }
        assert!(!is_turned(b"\xff\xd8\xff\xe1\0\0Exif\0\0"));
        assert!(!is_turned(b"\xff\xd8\xff\xe1\0\x10Exif\0\0MM\0\x2a\xff\xff\xff\xff"));
    }
}
