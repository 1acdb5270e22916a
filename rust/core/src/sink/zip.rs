//! A ZIP archive, written front to back.
//!
//! Local headers of whole members are right when they are written. Those of streamed members come before their sizes are
//! known: in a file the writer goes back to them; elsewhere a descriptor follows the bytes. The central directory waits
//! in an unlinked temporary file, so that memory does not grow with the number of members.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use tempfile::{SpooledTempFile, TempPath};

use crate::error::{Error, Result};
use crate::paths::{Kind, Place};

use super::compress::{Compression, END_OF_STREAM};
use super::header::{self, Entry, Method};
use super::pack::{Content, Files, Packed, Packing, Sum};
use super::{Sink, Written, check_name, misuse};

/// A ZIP archive as a file.
pub struct Archive {
    stream: Stream<File>,
    // Declared after the stream: the file is closed before it is removed, which Windows wants.
    hidden: TempPath,
    place: Place,
}

impl Archive {
    /// Begins an archive that will be at `path`. Errors: `output-exists`, `not-writable`.
    pub fn create(path: &Path, compression: Compression, overwrite: bool) -> Result<Self> {
        let place = Place::of_file(path, Kind::Zip, overwrite)?;
        let (file, hidden) = place.file()?;
        let directory = tempfile::spooled_tempfile_in(DIRECTORY_IN_MEMORY, &place.folder);
        let mut writer = Writer::new(file, directory, compression);
        writer.go_back = Some(go_back);
        let at = place.clone();
        Ok(Self { stream: Stream { writer, error: Box::new(move |error| at.error(error)) }, hidden, place })
    }
}

impl Sink for Archive {
    fn packing(&self) -> Packing {
        self.stream.packing()
    }

    fn begin(&mut self, name: &str) -> Result<()> {
        self.stream.begin(name)
    }

    fn begin_stored(&mut self, name: &str) -> Result<()> {
        self.stream.begin_stored(name)
    }

    fn write(&mut self, packed: Packed) -> Result<()> {
        self.stream.write(packed)
    }

    fn end(&mut self) -> Result<()> {
        self.stream.end()
    }

    fn finish(self: Box<Self>) -> Result<Written> {
        let Self { stream, hidden, place } = *self;
        let (file, written) = stream.close()?;
        place.put(file, hidden, Kind::Zip)?;
        Ok(written)
    }
}

/// A ZIP archive on its way to something that only takes bytes: a pipe, a bucket, an object of Python. What was written
/// when an export fails stays there; without its central directory it is not an archive.
pub struct Stream<W: Write> {
    writer: Writer<W>,
    error: Box<dyn Fn(&io::Error) -> Error + Send>,
}

impl<W: Write + Send> Stream<W> {
    /// Begins an archive. `error` makes an error of what a write said.
    pub fn new(out: W, compression: Compression, error: impl Fn(&io::Error) -> Error + Send + 'static) -> Self {
        let directory = tempfile::spooled_tempfile(DIRECTORY_IN_MEMORY);
        Self { writer: Writer::new(out, directory, compression), error: Box::new(error) }
    }

    fn open(&mut self, name: &str, method: Method) -> Result<()> {
        check_name(name)?;
        if self.writer.open.is_some() {
            return Err(misuse("a member begins inside another"));
        }
        self.writer.begin(name, method).map_err(|error| (self.error)(&error))
    }

    fn close(self) -> Result<(W, Written)> {
        if self.writer.open.is_some() {
            return Err(misuse("an archive ends inside a member"));
        }
        self.writer.finish().map_err(|error| (self.error)(&error))
    }
}

impl<W: Write + Send> Sink for Stream<W> {
    fn packing(&self) -> Packing {
        self.writer.packing
    }

    fn begin(&mut self, name: &str) -> Result<()> {
        self.open(name, self.writer.streamed)
    }

    fn begin_stored(&mut self, name: &str) -> Result<()> {
        self.open(name, Method::Store)
    }

    fn write(&mut self, packed: Packed) -> Result<()> {
        if packed.packing != self.writer.packing {
            return Err(misuse("a chunk was packed for another sink"));
        }
        let method = self.writer.open.as_ref().map(|member| member.entry.method);
        let written = match (packed.content, method) {
            (Content::Part(part, sum), Some(method)) if part == method => self.writer.part(&packed.bytes, sum),
            (Content::Files(files), None) => self.writer.files(&packed.bytes, &files),
            _ => return Err(misuse("a chunk came at the wrong time")),
        };
        written.map_err(|error| (self.error)(&error))
    }

    fn end(&mut self) -> Result<()> {
        let member = self.writer.open.take().ok_or_else(|| misuse("a member ends that never began"))?;
        self.writer.end(member).map_err(|error| (self.error)(&error))
    }

    fn finish(self: Box<Self>) -> Result<Written> {
        Ok(self.close()?.1)
    }
}

/// A directory of up to this many bytes, some 10,000 members, needs no file.
const DIRECTORY_IN_MEMORY: usize = 1 << 20;

/// A streamed member under way.
struct Open {
    name: String,
    entry: Entry,
    checksum: crc32fast::Hasher,
}

/// Writes bytes over those at a place, and returns to the end.
type GoBack<W> = fn(&mut BufWriter<W>, place: u64, bytes: &[u8], end: u64) -> io::Result<()>;

fn go_back<W: Write + Seek>(out: &mut BufWriter<W>, place: u64, bytes: &[u8], end: u64) -> io::Result<()> {
    out.seek(SeekFrom::Start(place))?;
    out.write_all(bytes)?;
    out.seek(SeekFrom::Start(end)).map(drop)
}

/// The format itself, over anything that can be written.
struct Writer<W: Write> {
    out: BufWriter<W>,
    at: u64,
    directory: BufWriter<SpooledTempFile>,
    members: u64,
    packing: Packing,
    streamed: Method,
    open: Option<Open>,
    /// Without it streamed members are described behind their bytes.
    go_back: Option<GoBack<W>>,
    /// The record being made, kept for its memory.
    record: Vec<u8>,
}

impl<W: Write> Writer<W> {
    fn new(out: W, directory: SpooledTempFile, compression: Compression) -> Self {
        Self {
            out: BufWriter::new(out),
            at: 0,
            directory: BufWriter::new(directory),
            members: 0,
            packing: Packing::Zip(compression),
            streamed: if compression == Compression::None { Method::Store } else { Method::Deflate },
            open: None,
            go_back: None,
            record: Vec::new(),
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn begin(&mut self, name: &str, method: Method) -> io::Result<()> {
        let entry = Entry { method, is_described: self.go_back.is_none(), ..Entry::new(name, self.at) };
        let mut record = Vec::new();
        header::local(&entry, name, true, &mut record);
        self.append(&record)?;
        self.open = Some(Open { name: name.to_owned(), entry, checksum: crc32fast::Hasher::new() });
        Ok(())
    }

    fn part(&mut self, bytes: &[u8], sum: Sum) -> io::Result<()> {
        if let Some(member) = &mut self.open {
            member.entry.packed += bytes.len() as u64;
            member.entry.size += sum.size;
            member.checksum.combine(&crc32fast::Hasher::new_with_initial_len(sum.checksum, sum.size));
        }
        self.append(bytes)
    }

    fn end(&mut self, Open { name, mut entry, checksum }: Open) -> io::Result<()> {
        if entry.method == Method::Deflate {
            entry.packed += END_OF_STREAM.len() as u64;
            self.append(&END_OF_STREAM)?;
        }
        entry.checksum = checksum.finalize();
        let mut record = std::mem::take(&mut self.record);
        record.clear();
        match self.go_back {
            Some(go_back) => {
                header::local(&entry, &name, true, &mut record);
                go_back(&mut self.out, entry.start, &record, self.at)?;
            }
            None => {
                header::descriptor(&entry, &mut record);
                self.append(&record)?;
            }
        }
        self.record = record;
        self.list(&name, &entry)
    }

    fn files(&mut self, bytes: &[u8], files: &Files) -> io::Result<()> {
        for (name, entry) in files.iter() {
            self.list(name, &Entry { start: self.at + entry.start, ..*entry })?;
        }
        self.append(bytes)
    }

    /// Adds a member to the central directory.
    fn list(&mut self, name: &str, entry: &Entry) -> io::Result<()> {
        self.record.clear();
        header::central(entry, name, &mut self.record);
        self.members += 1;
        self.directory.write_all(&self.record)
    }

    fn finish(mut self) -> io::Result<(W, Written)> {
        let mut directory = self.directory.into_inner().map_err(io::IntoInnerError::into_error)?;
        directory.rewind()?;
        let len = io::copy(&mut directory, &mut self.out)?;
        self.record.clear();
        header::end(self.members, self.at, len, &mut self.record);
        self.out.write_all(&self.record)?;
        self.out.flush()?;
        let written = Written { bytes: self.at + len + self.record.len() as u64, members: self.members };
        Ok((self.out.into_inner().map_err(io::IntoInnerError::into_error)?, written))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Packer, unzip};
    use super::*;
    use crate::error::Code;
    use std::fs;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// The members of an archive that `fill` fills.
    fn archived(compression: Compression, fill: impl FnOnce(&mut dyn Sink, &mut Packer)) -> Vec<unzip::Member> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zip");
        let mut sink = Box::new(Archive::create(&path, compression, false).unwrap());
        let mut packer = Packer::new(sink.packing());
        fill(sink.as_mut(), &mut packer);
        let written = sink.finish().unwrap();
        assert_eq!(names(folder.path()), ["out.zip"]);
        let bytes = fs::read(&path).unwrap();
        let members = unzip::read(&bytes);
        assert_eq!((written.bytes, written.members), (bytes.len() as u64, members.len() as u64));
        members
    }

    #[test]
    fn an_archive_of_nothing_is_valid() {
        assert_eq!(archived(Compression::Fast, |_, _| ()), []);
    }

    #[test]
    fn a_stream_holds_the_members_of_a_file_and_describes_those_it_cannot_go_back_to() {
        let mut bytes = Vec::new();
        let mut sink = Box::new(Stream::new(&mut bytes, Compression::Fast, |error| misuse(&error.to_string())));
        let mut packer = Packer::new(sink.packing());
        sink.begin("annotations.xml").unwrap();
        sink.write(packer.part(&b"<box/>\n".repeat(40_000)).unwrap()).unwrap();
        sink.end().unwrap();
        packer.file("a.txt", b"1 0.5").unwrap();
        sink.write(packer.take()).unwrap();
        let written = sink.finish().unwrap();
        assert_eq!((written.bytes, written.members), (bytes.len() as u64, 2));
        assert_eq!(bytes[6..8], [8, 8], "the name is UTF-8, and a descriptor follows");
        assert_eq!(bytes[14..26], [[0; 4], [255; 4], [255; 4]].concat(), "no checksum, and sizes in the ZIP64 record");
        let members = unzip::read(&bytes);
        let expected = [("annotations.xml", 8, b"<box/>\n".repeat(40_000)), ("a.txt", 0, b"1 0.5".to_vec())];
        assert_eq!(members, expected.map(|(name, method, content)| (name.to_owned(), method, content)));
    }

    #[test]
    fn what_the_output_says_is_the_error() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let sink = Box::new(Stream::new(Full, Compression::Fast, |error| misuse(&error.kind().to_string())));
        assert_eq!(sink.finish().unwrap_err().message(), "no storage space");
    }

    #[test]
    fn a_streamed_member_is_its_parts_joined() {
        let parts = [b"<box/>\n".repeat(40_000), Vec::new(), b"<track/>\n".repeat(30_000)];
        for (compression, method) in [(Compression::None, 0), (Compression::Fast, 8), (Compression::Best, 8)] {
            let members = archived(compression, |sink, packer| {
                sink.begin("annotations.xml").unwrap();
                for part in &parts {
                    sink.write(packer.part(part).unwrap()).unwrap();
                }
                sink.end().unwrap();
                sink.begin("empty").unwrap();
                sink.end().unwrap();
                sink.begin_stored("video.mp4").unwrap();
                parts.iter().for_each(|part| sink.write(packer.stored_part(part)).unwrap());
                sink.end().unwrap();
            });
            let expected = [
                ("annotations.xml".to_owned(), method, parts.concat()),
                ("empty".to_owned(), method, Vec::new()),
                ("video.mp4".to_owned(), 0, parts.concat()),
            ];
            assert_eq!(members, expected);
        }
    }

    #[test]
    fn whole_members_are_compressed_where_it_pays_and_keep_their_names() {
        let text = b"0 0.5 0.5 0.25 0.25\n".repeat(100);
        let members = archived(Compression::Fast, |sink, packer| {
            packer.file("labels/größe/框.txt", &text).unwrap();
            packer.file("labels/short.txt", b"0 0.5 0.5 1 1\n").unwrap();
            sink.write(packer.take()).unwrap();
            sink.begin("data.yaml").unwrap();
            sink.write(packer.part(b"names: {}\n").unwrap()).unwrap();
            sink.end().unwrap();
            packer.stored_file("picture.png", &text, None).unwrap();
            packer.file("empty.txt", b"").unwrap();
            sink.write(packer.take()).unwrap();
            sink.write(packer.take()).unwrap();
        });
        let expected: [(&str, u16, &[u8]); 5] = [
            ("labels/größe/框.txt", 8, &text),
            ("labels/short.txt", 0, b"0 0.5 0.5 1 1\n"),
            ("data.yaml", 8, b"names: {}\n"),
            ("picture.png", 0, &text),
            ("empty.txt", 0, b""),
        ];
        assert_eq!(members, expected.map(|(name, method, bytes)| (name.to_owned(), method, bytes.to_vec())));
    }

    #[test]
    fn more_members_than_a_plain_directory_counts_are_all_there() {
        for count in [65_534, 65_535, 70_000] {
            let members = archived(Compression::Fast, |sink, packer| {
                for number in 0..count {
                    packer.file(&format!("{number}.txt"), b"x").unwrap();
                    if number % 10_000 == 0 {
                        sink.write(packer.take()).unwrap();
                    }
                }
                sink.write(packer.take()).unwrap();
            });
            assert_eq!(members.len(), count);
            assert_eq!(members[count - 1].0, format!("{}.txt", count - 1));
        }
    }

    #[test]
    fn an_archive_that_exists_is_replaced_only_when_told_so_and_only_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zip");
        let old = b"PK\x03\x04 and so on";
        fs::write(&path, old).unwrap();
        let refused = Archive::create(&path, Compression::Fast, false).err().unwrap();
        assert_eq!(refused.code(), Code::OutputExists);
        let sink = Box::new(Archive::create(&path, Compression::Fast, true).unwrap());
        assert_eq!(fs::read(&path).unwrap(), old);
        sink.finish().unwrap();
        assert_eq!(unzip::read(&fs::read(&path).unwrap()), []);
        assert_eq!(names(folder.path()), ["out.zip"]);
    }

    #[test]
    fn a_file_that_appears_during_the_work_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.zip");
        let sink = Box::new(Archive::create(&path, Compression::Fast, false).unwrap());
        fs::write(&path, "somebody else's").unwrap();
        assert_eq!(sink.finish().unwrap_err().code(), Code::OutputExists);
        assert_eq!(fs::read(&path).unwrap(), b"somebody else's");
        assert_eq!(names(folder.path()), ["out.zip"]);
    }

    #[test]
    fn a_file_that_is_not_an_archive_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in [("out.zip", "notes"), ("out.docx", "PK\x03\x04")] {
            let path = folder.path().join(name);
            fs::write(&path, content).unwrap();
            let refused = Archive::create(&path, Compression::Fast, true).err().unwrap();
            assert_eq!(refused.code(), Code::OutputExists);
            // Also not if it appears during the work.
            fs::remove_file(&path).unwrap();
            let sink = Box::new(Archive::create(&path, Compression::Fast, true).unwrap());
            fs::write(&path, content).unwrap();
            assert_eq!(sink.finish().unwrap_err().code(), Code::OutputExists);
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn an_archive_that_is_given_up_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut sink = Archive::create(&folder.path().join("out.zip"), Compression::Fast, false).unwrap();
        sink.begin("a").unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        assert!(names(folder.path())[0].starts_with(".out.zip."));
        drop(sink);
        assert_eq!(names(folder.path()).len(), 0);
    }

    #[test]
    fn an_output_without_a_folder_or_in_place_of_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path().join("missing/out.zip"), folder.path().to_owned(), "/".into()] {
            let refused = Archive::create(&path, Compression::Fast, true).err().unwrap();
            assert_eq!(refused.code(), Code::NotWritable, "{path:?}");
        }
    }

    #[test]
    fn calls_out_of_order_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let create = || Archive::create(&folder.path().join("out.zip"), Compression::Fast, false).unwrap();
        let mut sink = create();
        let mut packer = Packer::new(sink.packing());
        let part = packer.part(b"x").unwrap();
        assert_eq!(sink.write(part).unwrap_err().code(), Code::Internal);
        assert_eq!(sink.end().unwrap_err().code(), Code::Internal);
        assert_eq!(sink.write(Packer::new(Packing::Plain).take()).unwrap_err().code(), Code::Internal);
        assert_eq!(sink.begin("../a").unwrap_err().code(), Code::UnsafeName);
        sink.begin("a").unwrap();
        assert_eq!(sink.begin("b").unwrap_err().code(), Code::Internal);
        assert_eq!(sink.write(packer.stored_part(b"x")).unwrap_err().code(), Code::Internal);
        assert_eq!(sink.write(packer.take()).unwrap_err().code(), Code::Internal);
        assert_eq!(Box::new(sink).finish().unwrap_err().code(), Code::Internal);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_when_writing_and_when_finishing() {
        let full = || {
            let device = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            Writer::new(device, tempfile::spooled_tempfile(DIRECTORY_IN_MEMORY), Compression::None)
        };
        let mut packer = Packer::new(Packing::Zip(Compression::None));
        let mut writer = full();
        writer.begin("a", Method::Store).unwrap();
        let part = packer.part(&[0; 100_000]).unwrap();
        assert_eq!(writer.append(&part.bytes).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(full().finish().err().unwrap().kind(), io::ErrorKind::StorageFull);
    }
}
