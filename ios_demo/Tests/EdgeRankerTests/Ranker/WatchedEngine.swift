import Foundation

@testable import EdgeRanker

/// Counts from 0, from any thread.
final class Counter: Sendable {
    private let lock = NSLock()
    nonisolated(unsafe) private var count = 0

    func next() -> Int {
        lock.lock()
        defer { lock.unlock() }
        count += 1
        return count - 1
    }
}

/// Tells of each call before it is made.
final class WatchedEngine: Engine {
    private let engine: any Engine
    private let tell: () -> Void
    var name: String { engine.name }
    var shape: ModelShape { engine.shape }
    var chunkTokens: Int { engine.chunkTokens }
    var chunkSegments: Int { engine.chunkSegments }

    init(_ engine: any Engine, _ tell: @escaping () -> Void) {
        self.engine = engine
        self.tell = tell
    }

    func paddedTokens(_ tokens: Int) -> Int { engine.paddedTokens(tokens) }

    func paddedCandidates(_ count: Int, depth: Int) -> Int { engine.paddedCandidates(count, depth: depth) }

    func summarise(_ segments: [[Int32]], depth: Int) throws -> [[Float]] {
        tell()
        return try engine.summarise(segments, depth: depth)
    }

    func append(_ entries: Entries, profile: Bool, to timeline: Timeline) throws -> NewPlaces {
        tell()
        return try engine.append(entries, profile: profile, to: timeline)
    }

    func score(_ candidates: Entries, _ timeline: Timeline, depth: Int) throws -> [Float] {
        tell()
        return try engine.score(candidates, timeline, depth: depth)
    }
}
