/// Which events of a list a timeline of at most `most` holds: those from here on (PLAN.md, section 1).
func firstEvent(_ events: Int, most: Int) -> Int {
    if events <= most { return 0 }
    if most == 0 { return events }
    let step = max(most / 4, 1)
    return step * ((events - most + step - 1) / step)
}

/// What a request has to append: with `whole` the profile and the events from `from` on, else those events alone.
struct Lacking {
    let whole: Bool
    let first: Int
    let from: Int

    /// Of a list of `events`, of which a timeline is kept that begins at `keptFirst` and holds `keptEntries`, the profile
    /// included (0: nothing is kept).
    init(events: Int, most: Int, keptFirst: Int, keptEntries: Int) {
        first = firstEvent(events, most: most)
        whole = keptEntries == 0 || keptFirst != first
        from = whole ? first : first + keptEntries - 1
    }
}
