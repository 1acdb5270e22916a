//! Putting keyframes in the order of their frames: a source need not list them so.

use arrow_buffer::BooleanBufferBuilder;

use super::{Builder, DrawnRows, PointRows, ValueRows};

impl Builder {
    /// The keyframes from `first` on become the rows that `order` numbers; rows that it leaves out are gone.
    pub fn rearrange_keyframes(&mut self, first: u32, order: &[u32]) {
        let rows = &mut self.keyframes;
        column(&mut rows.frame, first, order);
        rows.drawn.rearrange(first, order);
        rows.values.rearrange(first, order);
    }
}

fn column<T: Copy>(rows: &mut Vec<T>, first: u32, order: &[u32]) {
    let moved: Vec<T> = order.iter().map(|&row| rows[row as usize]).collect();
    rows.truncate(first as usize);
    rows.extend(moved);
}

fn flags(rows: &mut BooleanBufferBuilder, first: u32, order: &[u32]) {
    let moved: Vec<bool> = order.iter().map(|&row| rows.get_bit(row as usize)).collect();
    rows.truncate(first as usize);
    rows.append_slice(&moved);
}

impl DrawnRows {
    fn rearrange(&mut self, first: u32, order: &[u32]) {
        flags(&mut self.occluded, first, order);
        flags(&mut self.outside, first, order);
        column(&mut self.z_order, first, order);
        column(&mut self.rotation, first, order);
        self.points.rearrange(first, order);
    }
}

impl PointRows {
    fn rearrange(&mut self, first: u32, order: &[u32]) {
        let first = first as usize;
        let start = self.offsets[first];
        let moved = self.values.split_off(start as usize);
        let old = self.offsets.split_off(first);
        self.offsets.push(start);
        for &row in order {
            let (from, to) = (old[row as usize - first] - start, old[row as usize - first + 1] - start);
            self.values.extend_from_slice(&moved[from as usize..to as usize]);
            self.offsets.push(self.values.len() as i64);
        }
    }
}

impl ValueRows {
    fn rearrange(&mut self, first: u32, order: &[u32]) {
        let first = first as usize;
        let start = self.offsets[first];
        let (attributes, values) = (self.attribute.split_off(start as usize), self.value.split_off(start as usize));
        let old = self.offsets.split_off(first);
        self.offsets.push(start);
        for &row in order {
            let (from, to) = (old[row as usize - first] - start, old[row as usize - first + 1] - start);
            self.attribute.extend_from_slice(&attributes[from as usize..to as usize]);
            self.value.extend_from_slice(&values[from as usize..to as usize]);
            // No more values than before, so that they fit the offset.
            self.offsets.push(self.value.len() as i32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Drawn;
    use crate::schema::Schema;

    #[test]
    fn the_last_keyframes_take_the_order_asked_for_with_all_they_have() {
        let mut builder = Builder::default();
        for (frame, points, values) in
            [(5, &[9.0][..], &[(7, 7)][..]), (6, &[1.0], &[]), (7, &[2.0, 3.0], &[(1, 2)]), (8, &[], &[(3, 4), (5, 6)])]
        {
            let (occluded, outside) = (points.len() == 1, points.len() == 2);
            let drawn = Drawn { occluded, outside, z_order: points.len() as i32, rotation: 0.0, points };
            builder.keyframe(frame, drawn, values).unwrap();
        }
        builder.rearrange_keyframes(1, &[3, 2]);
        let keyframes = builder.finish(Schema::default(), None, Vec::new()).columns.keyframes;
        assert_eq!(*keyframes.frame, [5, 8, 7]);
        assert_eq!(*keyframes.z_order, [1, 0, 2]);
        assert_eq!(keyframes.occluded.iter().collect::<Vec<_>>(), [true, false, false]);
        assert_eq!(keyframes.outside.iter().collect::<Vec<_>>(), [false, false, true]);
        assert_eq!([0, 1, 2].map(|row| keyframes.points.get(row).to_vec()), [vec![9.0], vec![], vec![2.0, 3.0]]);
        assert_eq!(keyframes.attributes.get(1).collect::<Vec<_>>(), [(3, 4), (5, 6)]);
        assert_eq!(keyframes.attributes.get(2).collect::<Vec<_>>(), [(1, 2)]);
    }
}
