//! [`in_order`]: work on several items at a time, take the answers in the order of the items.

use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
};

use fanfare_audio::CancelFlag;

/// How [`in_order`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every answer was taken.
    Complete,
    /// The flag was raised; answers up to there were taken.
    Cancelled,
}

/// Not a single thread could be had.
#[derive(Debug)]
pub struct Refused;

#[derive(Default)]
struct Gate {
    next: usize,
    taken: usize,
    stop: bool,
}

/// Runs `work` on up to `workers` items at once and hands the answers to `take` in the items' order, on the calling
/// thread. At most `window` items are ahead of the oldest answer that is still missing. `work` gives `None`
/// when it was cancelled.
///
/// # Errors
/// The first error of `take` (the rest is cancelled), or [`Refused`].
pub fn in_order<Item: Sync, Answer: Send, Trouble: From<Refused>>(
    items: &[Item],
    workers: usize,
    window: usize,
    cancel: &CancelFlag,
    work: impl Fn(&Item) -> Option<Answer> + Sync,
    mut take: impl FnMut(Answer) -> Result<(), Trouble>,
) -> Result<End, Trouble> {
    let workers = workers.clamp(1, items.len().max(1));
    let window = window.max(workers);
    let gate = (Mutex::new(Gate::default()), Condvar::new());
    let (sender, receiver) = mpsc::sync_channel(window);
    thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..workers {
            let (gate, work, sender) = (&gate, &work, sender.clone());
            let worker = move || {
                while let Some(index) = claim(gate, items.len(), window, cancel) {
                    if sender.send((index, work(&items[index]))).is_err() {
                        return;
                    }
                }
            };
            started += usize::from(
                thread::Builder::new().name("analyze".to_owned()).spawn_scoped(scope, worker).is_ok(),
            );
        }
        drop(sender);
        if started == 0 && !items.is_empty() {
            return Err(Refused.into());
        }
        let mut waiting = BTreeMap::new();
        let mut taken = 0;
        let mut result = Ok(());
        'answers: for (index, answer) in &receiver {
            waiting.insert(index, answer);
            while let Some(answer) = waiting.remove(&taken) {
                let Some(answer) = answer else { break 'answers };
                result = take(answer);
                if result.is_err() {
                    break 'answers;
                }
                taken += 1;
                lock(&gate.0).taken = taken;
                gate.1.notify_all();
            }
        }
        if taken < items.len() {
            cancel.cancel();
        }
        lock(&gate.0).stop = true;
        gate.1.notify_all();
        // Workers that still send must not block on a full channel.
        drop(receiver);
        result.map(|()| if taken == items.len() { End::Complete } else { End::Cancelled })
    })
}

fn lock(gate: &Mutex<Gate>) -> MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

fn claim(gate: &(Mutex<Gate>, Condvar), items: usize, window: usize, cancel: &CancelFlag) -> Option<usize> {
    let mut state = lock(&gate.0);
    loop {
        if state.stop || cancel.is_cancelled() || state.next >= items {
            return None;
        }
        if state.next < state.taken + window {
            state.next += 1;
            return Some(state.next - 1);
        }
        state = gate.1.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    impl From<Refused> for String {
        fn from(_: Refused) -> Self {
            "refused".to_owned()
        }
    }

    /// Uneven work: some items spin for longer than others.
    fn uneven(item: &usize) -> Option<usize> {
        let turns = (item * 7919) % 1000;
        Some((0..turns).fold(*item, |sum, turn| std::hint::black_box(sum ^ turn ^ turn)))
    }

    #[test]
    fn answers_come_in_order_and_all_of_them() {
        let items: Vec<usize> = (0..500).collect();
        for (workers, window) in [(1, 1), (2, 2), (4, 32), (64, 1)] {
            let mut answers = Vec::new();
            let end =
                in_order::<_, _, String>(&items, workers, window, &CancelFlag::default(), uneven, |answer| {
                    answers.push(answer);
                    Ok(())
                });
            assert_eq!(end, Ok(End::Complete));
            assert_eq!(answers, items, "{workers} workers, window {window}");
        }
    }

    #[test]
    fn nothing_runs_further_ahead_than_the_window() {
        let items: Vec<usize> = (0..200).collect();
        let started = AtomicUsize::new(0);
        let mut taken = 0;
        let work = |item: &usize| {
            started.fetch_add(1, Ordering::SeqCst);
            uneven(item)
        };
        in_order::<_, _, String>(&items, 3, 5, &CancelFlag::default(), work, |_| {
            assert!(started.load(Ordering::SeqCst) <= taken + 5 + 1);
            taken += 1;
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn an_error_or_a_cancel_ends_it_early() {
        let items: Vec<usize> = (0..10_000).collect();
        let cancel = CancelFlag::default();
        let failed = in_order(&items, 4, 16, &cancel, uneven, |answer| {
            if answer == 10 { Err("pipe".to_owned()) } else { Ok(()) }
        });
        assert_eq!(failed, Err("pipe".to_owned()));
        assert!(cancel.is_cancelled(), "work in flight is told");

        let cancel = CancelFlag::default();
        let mut last = 0;
        let end = in_order::<_, _, String>(&items, 4, 16, &cancel, uneven, |answer| {
            last = answer;
            if answer == 10 {
                cancel.cancel();
            }
            Ok(())
        });
        assert_eq!(end, Ok(End::Cancelled));
        assert!(last < 10 + 64, "{last}");
        let none: [usize; 0] = [];
        assert_eq!(in_order::<_, usize, String>(&none, 4, 1, &cancel, uneven, |_| Ok(())), Ok(End::Complete));
    }
}
