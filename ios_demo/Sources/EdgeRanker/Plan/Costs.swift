/// A cost in milliseconds by size: points in ascending order (PLAN.md, section 3).
struct Curve: Sendable {
    let sizes: [Int]
    let milliseconds: [Double]

    func at(_ size: Int) -> Double {
        let last = sizes.count - 1
        if last < 0 { return 0 }
        if size <= sizes[0] || last == 0 { return milliseconds[0] }
        if size >= sizes[last] {
            return milliseconds[last] < milliseconds[last - 1] ? milliseconds[last] : between(last - 1, last, size)
        }
        let index = sizes.firstIndex { $0 >= size } ?? last
        return between(index - 1, index, size)
    }

    private func between(_ low: Int, _ high: Int, _ size: Int) -> Double {
        let slope = (milliseconds[high] - milliseconds[low]) / Double(sizes[high] - sizes[low])
        return milliseconds[low] + slope * Double(size - sizes[low])
    }
}

/// What a device was measured to take: `score` by interact depth.
struct Costs: Sendable {
    let chunk: Curve
    let encode: Curve
    let append: Curve
    let score: [Curve]
}

/// What a request has to compute at an encode depth: sizes of chunks, missing entries, candidates as they are padded.
struct Work {
    let chunks: [Int]
    let phrases: [Int]
    let entries: Int
    let candidates: Int
    /// At interact depth 0.
    let candidatesWithoutLayers: Int

    /// Milliseconds of scoring alone.
    func scoring(_ costs: Costs, _ interact: Int) -> Double {
        let count = interact == 0 ? candidatesWithoutLayers : candidates
        return count == 0 ? 0 : costs.score[interact].at(count)
    }

    func milliseconds(_ costs: Costs, _ exit: Exit, phraseDepth: Int) -> Double {
        let items = chunks.reduce(0) { $0 + (costs.chunk.at($1) + Double(exit.encode) * costs.encode.at($1)) }
        let words = phrases.reduce(0) { $0 + (costs.chunk.at($1) + Double(phraseDepth) * costs.encode.at($1)) }
        return items + words + (entries == 0 ? 0 : costs.append.at(entries)) + scoring(costs, exit.interact)
    }
}
