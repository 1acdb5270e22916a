//! The linear sum assignment problem: the cheapest pairing of the rows of a cost matrix with its columns.
//!
//! Shortest augmenting paths as in D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE
//! Transactions on Aerospace and Electronic Systems 52(4), 2016. Equal costs are common (a mask is like no other mask),
//! and which pairs win among them decides which annotations are merged. Therefore the order in which columns are looked
//! at, and which of equally near ones is taken, follow SciPy's `linear_sum_assignment`, with which CVAT merges.

/// The column for each row such that the sum of costs is least; `min(rows, columns)` rows get one.
///
/// `costs` is row-major with `rows * columns` numbers; a matrix of another size pairs nothing. Costs should be finite:
/// a pair of cost NaN or infinity is never made, even if rows go without a column, and negative infinity has no
/// meaningful optimum.
pub fn solve(costs: &[f64], rows: usize, columns: usize) -> Vec<Option<usize>> {
    if rows.checked_mul(columns) != Some(costs.len()) || costs.is_empty() {
        return vec![None; rows];
    }
    if rows <= columns {
        return Solver::new(costs, rows, columns).run();
    }
    let transposed: Vec<f64> = (0..costs.len()).map(|at| costs[at % rows * columns + at / rows]).collect();
    let mut column_of_row = vec![None; rows];
    for (column, row) in Solver::new(&transposed, columns, rows).run().into_iter().enumerate() {
        if let Some(row) = row {
            column_of_row[row] = Some(column);
        }
    }
    column_of_row
}

/// The state for a matrix with at least as many columns as rows.
struct Solver<'a> {
    costs: &'a [f64],
    columns: usize,
    /// Dual variables; `costs - row_price - column_price` is never negative and zero for the pairs made.
    row_price: Vec<f64>,
    column_price: Vec<f64>,
    column_of_row: Vec<Option<usize>>,
    row_of_column: Vec<Option<usize>>,
    /// Of the present search: the reduced cost of the cheapest path to each column, and the row before it.
    path_cost: Vec<f64>,
    row_before: Vec<usize>,
    /// Of the present search: rows and columns on the tree of cheapest paths, and the columns not on it.
    tree_rows: Vec<usize>,
    tree_columns: Vec<usize>,
    remaining: Vec<usize>,
}

impl<'a> Solver<'a> {
    fn new(costs: &'a [f64], rows: usize, columns: usize) -> Self {
        Solver {
            costs,
            columns,
            row_price: vec![0.0; rows],
            column_price: vec![0.0; columns],
            column_of_row: vec![None; rows],
            row_of_column: vec![None; columns],
            path_cost: vec![0.0; columns],
            row_before: vec![0; columns],
            tree_rows: Vec::new(),
            tree_columns: Vec::new(),
            remaining: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Option<usize>> {
        for row in 0..self.column_of_row.len() {
            if let Some((sink, cost)) = self.cheapest_path(row) {
                self.update_prices(row, cost);
                self.augment(row, sink);
            }
        }
        self.column_of_row
    }

    /// The free column that is cheapest to reach from `start`, and the cost of the path there (Dijkstra's search).
    fn cheapest_path(&mut self, start: usize) -> Option<(usize, f64)> {
        self.tree_rows.clear();
        self.tree_columns.clear();
        self.remaining.clear();
        // Backwards, as SciPy has it: a matrix of equal costs then gives row n column n.
        self.remaining.extend((0..self.columns).rev());
        self.path_cost.fill(f64::INFINITY);
        let (mut row, mut cost) = (start, 0.0);
        loop {
            self.tree_rows.push(row);
            let at = self.nearest_column(row, cost)?;
            // The last of the remaining takes its place, which decides later ties.
            let column = self.remaining.swap_remove(at);
            self.tree_columns.push(column);
            cost = self.path_cost[column];
            match self.row_of_column[column] {
                Some(next) => row = next,
                None => return Some((column, cost)),
            }
        }
    }

    /// Shortens the paths to the remaining columns through `row`, which costs `cost` to reach, and gives the place of
    /// the nearest column among them. Of equally near ones the first is taken, unless a later one is free.
    fn nearest_column(&mut self, row: usize, cost: f64) -> Option<usize> {
        let costs = &self.costs[row * self.columns..][..self.columns];
        let row_price = self.row_price[row];
        let (mut nearest, mut lowest) = (None, f64::INFINITY);
        for (at, &column) in self.remaining.iter().enumerate() {
            let through_row = cost + costs[column] - row_price - self.column_price[column];
            if through_row < self.path_cost[column] {
                self.path_cost[column] = through_row;
                self.row_before[column] = row;
            }
            let path_cost = self.path_cost[column];
            let free = self.row_of_column[column].is_none();
            if path_cost < lowest || (path_cost == lowest && free && lowest < f64::INFINITY) {
                (nearest, lowest) = (Some(at), path_cost);
            }
        }
        nearest
    }

    fn update_prices(&mut self, start: usize, cost: f64) {
        self.row_price[start] += cost;
        for &row in self.tree_rows.iter().filter(|&&row| row != start) {
            if let Some(column) = self.column_of_row[row] {
                self.row_price[row] += cost - self.path_cost[column];
            }
        }
        for &column in &self.tree_columns {
            self.column_price[column] -= cost - self.path_cost[column];
        }
    }

    /// Makes the pairs along the path from `start` to `sink` and undoes those that it crosses.
    fn augment(&mut self, start: usize, sink: usize) {
        let mut column = Some(sink);
        while let Some(here) = column {
            let row = self.row_before[here];
            self.row_of_column[here] = Some(row);
            // The start had no column before, which ends the path.
            column = self.column_of_row[row].replace(here).filter(|_| row != start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_sum_wins_over_the_least_single_cost() {
        assert_eq!(solve(&[1.0, 2.0, 2.0, 9.0], 2, 2), [Some(1), Some(0)]);
        assert_eq!(solve(&[4.0, 1.0, 3.0, 2.0, 0.0, 5.0, 3.0, 2.0, 2.0], 3, 3), [Some(1), Some(0), Some(2)]);
    }

    #[test]
    fn a_rectangular_matrix_pairs_as_many_as_its_smaller_side() {
        assert_eq!(solve(&[5.0, 1.0, 3.0], 1, 3), [Some(1)]);
        assert_eq!(solve(&[5.0, 1.0, 3.0], 3, 1), [None, Some(0), None]);
        assert_eq!(solve(&[], 2, 0), [None, None]);
        assert_eq!(solve(&[], 0, 2), []);
    }

    #[test]
    fn equal_costs_pair_row_n_with_column_n() {
        assert_eq!(solve(&[1.0; 9], 3, 3), [Some(0), Some(1), Some(2)]);
        assert_eq!(solve(&[1.0; 6], 2, 3), [Some(0), Some(1)]);
        assert_eq!(solve(&[1.0; 6], 3, 2), [Some(0), Some(1), None]);
    }

    #[test]
    fn ties_fall_as_in_scipy() {
        let rows = |rows: &[&[u8]]| -> Vec<Option<usize>> {
            let costs: Vec<f64> = rows.iter().flat_map(|row| row.iter().map(|&cost| f64::from(cost))).collect();
            solve(&costs, rows.len(), rows[0].len())
        };
        assert_eq!(rows(&[&[0, 1, 0], &[0, 1, 0], &[0, 1, 1]]), [Some(0), Some(2), Some(1)]);
        assert_eq!(
            rows(&[&[1, 0, 0, 1, 0], &[0, 0, 0, 0, 1], &[1, 1, 0, 1, 0], &[1, 1, 0, 1, 0]]),
            [Some(1), Some(0), Some(2), Some(4)]
        );
        assert_eq!(
            rows(&[&[0, 0, 0, 1], &[1, 1, 0, 1], &[1, 0, 0, 1], &[1, 1, 1, 1], &[1, 1, 0, 0]]),
            [Some(0), Some(2), Some(1), None, Some(3)]
        );
    }

    #[test]
    fn costs_that_are_no_numbers_or_too_few_neither_panic_nor_hang() {
        assert_eq!(solve(&[f64::NAN; 4], 2, 2), [None, None]);
        assert_eq!(solve(&[f64::NAN, 1.0, 1.0, f64::NAN], 2, 2), [Some(1), Some(0)]);
        assert_eq!(solve(&[f64::INFINITY, 1.0, f64::INFINITY, 1.0], 2, 2), [Some(1), None]);
        assert_eq!(solve(&[f64::NEG_INFINITY; 9], 3, 3).len(), 3);
        assert_eq!(solve(&[1.0; 3], 2, 2), [None, None]);
    }
}
