/// What a request needs at an encode depth: two lists of segments, each of which is handled together (PLAN.md, section
/// 2).
struct Needed {
    let lacking: Lacking
    let items: [[Int32]]
    let phrases: [[Int32]]
    let newEvents: Int

    init(_ user: UserState, _ handles: [Handle], depth: Int, _ shape: ModelShape, _ texts: Texts) throws {
        let kept = user.timelines[depth]
        lacking = Lacking(
            events: user.events.count, most: shape.places - 1, keptFirst: kept?.first ?? 0,
            keptEntries: kept?.timeline.entries ?? 0)
        let new = user.events[lacking.from...]
        newEvents = new.count
        items = (lacking.whole ? [user.profileTokens] : [])
            + (try new.map { texts.tokens(try texts.item($0.item)) }) + handles.map(\.tokens)
        phrases = try new.map { texts.tokens(try texts.phrase($0)) } + handles.map(\.context)
    }
}
