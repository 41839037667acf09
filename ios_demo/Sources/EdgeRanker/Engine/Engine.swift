/// What computes a model (ENGINE.md). It takes one call at a time, from one owner.
package protocol Engine: AnyObject {
    var name: String { get }
    var shape: ModelShape { get }

    /// The most tokens and segments of a chunk.
    var chunkTokens: Int { get }
    var chunkSegments: Int { get }

    /// The sizes that are computed for so many tokens, and for so many candidates at an interact depth.
    func paddedTokens(_ tokens: Int) -> Int
    func paddedCandidates(_ count: Int, depth: Int) -> Int

    /// A summary (H) of each segment's token ids, encoded `depth` times.
    func summarise(_ segments: [[Int32]], depth: Int) throws -> [[Float]]

    /// What a timeline keeps of new entries; with `profile` the first of them is the profile.
    func append(_ entries: Entries, profile: Bool, to timeline: Timeline) throws -> NewPlaces

    /// A logit of each candidate at an interact depth.
    func score(_ candidates: Entries, _ timeline: Timeline, depth: Int) throws -> [Float]
}
