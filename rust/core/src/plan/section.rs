//! Sections: which part of a format's files a chunk encodes.

/// Declares the sections of a format as an enum. A [`Chunk`](super::Chunk) carries its section as a number, so that all
/// formats share one type of chunk; `Section::of` turns the number back, and the compiler checks that an encoder handles
/// every section.
macro_rules! sections {
    ($($(#[$doc:meta])* $section:ident),+ $(,)?) => {
        /// What a chunk encodes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Section {
            $($(#[$doc])* $section,)+
        }

        impl Section {
            /// The section of a chunk.
            fn of(chunk: &crate::plan::Chunk) -> crate::error::Result<Self> {
                const ALL: &[Section] = &[$(Section::$section),+];
                ALL.get(usize::from(chunk.section)).copied().ok_or_else(crate::plan::unknown_section)
            }
        }

        impl From<Section> for u8 {
            fn from(section: Section) -> u8 {
                section as u8
            }
        }
    };
}
pub(crate) use sections;
