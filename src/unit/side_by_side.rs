//! The same work for many files, on all cores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Items that one thread takes at a time.
const STRIDE: usize = 4;

/// What `work` finds for each number below `count`, in their order, where it finds something. A thread is begun for every `worth` of them
/// that there are, as far as there are cores; `begin` makes what each keeps to itself.
pub fn side_by_side<S, T: Send>(
    count: usize,
    worth: usize,
    begin: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, usize) -> Option<T> + Sync,
) -> Vec<(usize, T)> {
    let next = AtomicUsize::new(0);
    let takes = || {
        let (mut own, mut found) = (begin(), Vec::new());
        loop {
            let first = next.fetch_add(STRIDE, Ordering::Relaxed);
            if first >= count {
                return found;
            }
            found.extend((first..count.min(first + STRIDE)).filter_map(|at| Some((at, work(&mut own, at)?))));
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(count.div_ceil(worth));
    let mut found: Vec<(usize, T)> = thread::scope(|scope| {
        // Where the system gives no thread this one does the work.
        let others: Vec<_> = (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, takes).ok()).collect();
        let mut found = takes();
        for other in others {
            found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        found
    });
    found.sort_by_key(|(number, _)| *number);
    found
}
