//! Who comes next: everybody's pictures wait in a line of their own, and the lines take turns.
//!
//! Invariants: between two pictures of one line, each other line that waits gets one; a line holds at most
//! [`WAITING_EACH`] and all together [`WAITING_ALL`]; within a line the first comes first.

use std::collections::VecDeque;

use fanfare_model::{Error, ErrorKind, Result, UserId};

/// Pictures of one line that wait at most: more than the files that one person may send at the same time.
pub(super) const WAITING_EACH: usize = 24;
/// Pictures that wait at most. Each holds a path, or at most four small covers.
pub(super) const WAITING_ALL: usize = 128;

/// For whom a picture is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Files in library folders.
    Scan,
    /// What that person sent, and the covers of their mixtapes.
    Person(UserId),
    /// Mixtapes that belong to nobody any more.
    Nobody,
}

/// The lines. A line without anything in it is not kept.
pub(super) struct Turns<T> {
    lines: VecDeque<(Whose, VecDeque<T>)>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { lines: VecDeque::new() }
    }
}

impl<T> Turns<T> {
    /// Adds to a line, behind what is in it.
    ///
    /// # Errors
    /// `TooMany` when that line is full, `Busy` when too many wait in all.
    pub(super) fn push(&mut self, whose: Whose, item: T) -> Result<()> {
        let all: usize = self.lines.iter().map(|(_, line)| line.len()).sum();
        let line = match self.lines.iter().position(|(of, _)| *of == whose) {
            Some(at) => at,
            None => {
                self.lines.push_back((whose, VecDeque::new()));
                self.lines.len() - 1
            }
        };
        let Some((_, line)) = self.lines.get_mut(line) else { return Ok(()) };
        let refused = match (line.len() >= WAITING_EACH, all >= WAITING_ALL) {
            (true, _) => Error::new(
                ErrorKind::TooMany,
                format!("{WAITING_EACH} of your pictures are waiting to be decoded already"),
            ),
            (false, true) => Error::new(ErrorKind::Busy, "too many pictures are waiting to be decoded"),
            (false, false) => {
                line.push_back(item);
                return Ok(());
            }
        };
        self.lines.retain(|(_, line)| !line.is_empty());
        Err(refused.remedy("send it again in a minute"))
    }

    /// The next one; its line goes behind the others.
    pub(super) fn next(&mut self) -> Option<T> {
        let (whose, mut line) = self.lines.pop_front()?;
        let next = line.pop_front();
        if !line.is_empty() {
            self.lines.push_back((whose, line));
        }
        next
    }

    /// Takes out entries without a waiting caller.
    pub(super) fn retain(&mut self, still_wanted: impl Fn(&T) -> bool) {
        for (_, line) in &mut self.lines {
            line.retain(&still_wanted);
        }
        self.lines.retain(|(_, line)| !line.is_empty());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn person(number: u8) -> Whose {
        Whose::Person(UserId::from_bytes([number; 16]))
    }

    #[test]
    fn one_picture_waits_for_one_turn_of_each_other_line_however_much_is_in_them() {
        // Issue 12: sixteen pictures of one account, then one of another.
        let mut turns = Turns::default();
        for number in 0..16 {
            turns.push(person(1), (1, number)).unwrap();
        }
        turns.push(Whose::Scan, (2, 0)).unwrap();
        turns.push(Whose::Scan, (2, 1)).unwrap();
        assert_eq!(turns.next(), Some((1, 0)));
        turns.push(person(3), (3, 0)).unwrap();
        let order: Vec<_> = std::iter::from_fn(|| turns.next()).take(5).collect();
        assert_eq!(order, [(2, 0), (1, 1), (3, 0), (2, 1), (1, 2)]);
    }

    #[test]
    fn a_full_line_refuses_its_own_and_nobody_elses() {
        let mut turns = Turns::default();
        for number in 0..WAITING_EACH {
            turns.push(person(1), number).unwrap();
        }
        let refused = turns.push(person(1), 0).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::TooMany);
        assert!(refused.remedy_text().is_some());
        turns.push(person(2), 0).unwrap();
        for number in 3.. {
            match turns.push(person(number), 0) {
                Ok(()) => {}
                Err(refused) => {
                    assert_eq!(
                        (refused.kind(), usize::from(number)),
                        (ErrorKind::Busy, 2 + WAITING_ALL - WAITING_EACH)
                    );
                    break;
                }
            }
        }
        // An entry without a waiting caller takes no place.
        turns.retain(|number| *number % 2 == 1);
        turns.push(person(1), 0).unwrap();
        turns.push(person(200), 0).unwrap();
    }

    proptest! {
        #[test]
        fn whatever_comes_when_the_turns_are_fair_and_nothing_is_lost(
            steps in proptest::collection::vec(proptest::option::of(0_u8..5), 1..200)
        ) {
            let mut turns = Turns::default();
            let (mut pushed, mut taken) = (Vec::new(), Vec::new());
            // How often others came since a line began to wait.
            let mut passed = [0_usize; 5];
            let mut waiting = [0_usize; 5];
            let mut step = |who: Option<u8>, number: usize| {
                match who {
                    Some(who) => if turns.push(person(who), (who, number)).is_ok() {
                        pushed.push((who, number));
                        waiting[usize::from(who)] += 1;
                    },
                    None => if let Some((who, number)) = turns.next() {
                        taken.push((who, number));
                        let who = usize::from(who);
                        waiting[who] -= 1;
                        for other in 0..5 {
                            passed[other] = if other == who || waiting[other] == 0 { 0 } else { passed[other] + 1 };
                            assert!(passed[other] < 5, "line {other} waited for {}", passed[other]);
                        }
                    },
                }
            };
            let count = steps.len();
            for (number, who) in steps.into_iter().enumerate() {
                step(who, number);
            }
            for _ in 0..count {
                step(None, 0);
            }
            for who in 0..5 {
                let of = |all: &[(u8, usize)]| all.iter().filter(|(of, _)| *of == who).copied().collect::<Vec<_>>();
                prop_assert_eq!(of(&pushed), of(&taken));
            }
        }
    }
}
