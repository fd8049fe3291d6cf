//! What levels of a format have in common: generated code says it once.

/// What one level says in the same words as another.
#[doc(hidden)]
#[macro_export]
macro_rules! as_at {
    ($format:ident($word:ident), $level:ident: $($item:ident),+) => {
        $($crate::as_at!(@ $item $word (<$level as $crate::Level<$format>>));)+
    };
    (@ next_table $word:ident ($($level:tt)+)) => {
        #[inline(always)]
        fn next_table(raw: $word) -> Option<$crate::Phys> { $($level)+::next_table(raw) }
    };
    (@ link $word:ident ($($level:tt)+)) => {
        #[inline(always)]
        fn link(child: $crate::Phys) -> $word { $($level)+::link(child) }
    };
    (@ change $word:ident ($($level:tt)+)) => {
        fn change(old: $word, new: $word) -> $crate::Change { $($level)+::change(old, new) }
    };
    (@ through $word:ident ($($level:tt)+)) => {
        fn through(old: $word, new: $word) -> Option<$word> { $($level)+::through(old, new) }
    };
    (@ span $word:ident ($($level:tt)+)) => {
        #[inline(always)]
        fn span(raw: $word) -> u32 { $($level)+::span(raw) }
    };
    (@ accessed $word:ident ($($level:tt)+)) => {
        fn accessed(raw: $word) -> bool { $($level)+::accessed(raw) }
    };
    (@ with_accessed $word:ident ($($level:tt)+)) => {
        fn with_accessed(raw: $word, value: bool) -> $word { $($level)+::with_accessed(raw, value) }
    };
    (@ dirty $word:ident ($($level:tt)+)) => {
        fn dirty(raw: $word) -> bool { $($level)+::dirty(raw) }
    };
    (@ with_dirty $word:ident ($($level:tt)+)) => {
        fn with_dirty(raw: $word, value: bool) -> $word { $($level)+::with_dirty(raw, value) }
    };
    (@ annotated $word:ident ($($level:tt)+)) => {
        fn annotated(value: u64) -> $word { $($level)+::annotated(value) }
    };
    (@ annotation $word:ident ($($level:tt)+)) => {
        fn annotation(raw: $word) -> Option<u64> { $($level)+::annotation(raw) }
    };
}
