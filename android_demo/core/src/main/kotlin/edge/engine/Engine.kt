package edge.engine

import edge.bundle.ModelShape

/** What computes a model (ENGINE.md). It takes one call at a time. */
internal interface Engine {
    val name: String
    val shape: ModelShape

    /** The most tokens and segments of a chunk. */
    val chunkTokens: Int
    val chunkSegments: Int

    /** The sizes that are computed for so many tokens, and so many candidates at an interact depth. */
    fun paddedTokens(tokens: Int): Int

    fun paddedCandidates(count: Int, depth: Int): Int

    /** A summary (H) of each segment's token ids, encoded [depth] times. */
    fun summarise(segments: List<IntArray>, depth: Int): List<FloatArray>

    /** What a timeline keeps of new entries, until the next call; with [profile] the first is the profile. */
    fun append(entries: Entries, profile: Boolean, timeline: Timeline): NewPlaces

    /** A logit of each candidate at an interact depth. */
    fun score(candidates: Entries, timeline: Timeline, depth: Int): FloatArray

    /** Gives back what was kept to compute in. */
    fun trim() = Unit

    fun close()
}
