import EdgeRanker

private enum Kind: Int { case profile, event, candidate }

/// The arithmetic of ENGINE.md in Swift alone: it needs no library, and computes from a bundle's `weights.bin`.
package final class ReferenceEngine: Engine {
    package let name = "reference"
    package let shape: ModelShape
    package let chunkTokens = 256
    package let chunkSegments = 64
    private let texts: TextLayers
    private let layer: Layer
    private let interaction: Interaction
    private let match: Match
    private let likeness: Likeness
    private let kinds: Table
    private let small: Deep
    private let deep: Deep
    private let wide: Linear
    private let matched: Linear
    private let headNorm: Norm
    private let head: Linear

    package init(_ weights: PackedWeights, _ shape: ModelShape) throws {
        let weights = Parameters(weights)
        self.shape = shape
        layer = try Layer(weights, shape)
        texts = try TextLayers(weights, layer, shape)
        interaction = try Interaction(weights, shape)
        match = try Match(weights, shape)
        likeness = try Likeness(weights, shape)
        kinds = try weights.table("kind")
        small = try Deep(weights, "numbers.0", "numbers.2")
        deep = try Deep(weights, "deep.0", "deep.3")
        wide = try weights.linear("wide")
        matched = try weights.linear("matched")
        headNorm = try weights.norm("head_norm")
        head = try weights.linear("head")
    }

    package func paddedTokens(_ tokens: Int) -> Int { tokens }

    package func paddedCandidates(_ count: Int, depth: Int) -> Int { count }

    package func summarise(_ segments: [[Int32]], depth: Int) throws -> [[Float]] {
        try texts.summaries(segments, depth)
    }

    package func append(_ entries: Entries, profile: Bool, to timeline: Timeline) throws -> NewPlaces {
        var unknown = Matrix(rows: entries.count, columns: 2)
        for row in 0..<entries.count { unknown[row, 1] = 1 }
        let small = small(inputs(entries, unknown))
        var hidden = entries.items
        for row in 0..<entries.count {
            let isProfile = profile && row == 0
            if !isProfile {
                hidden.add(entries.phrases[row], toRow: row)
                hidden.add(small[row], toRow: row)
            }
            try kinds.add((isProfile ? Kind.profile : .event).rawValue, to: &hidden, row: row)
        }
        let kept = projected(hidden, timeline)
        return NewPlaces(
            keys: kept.map { $0.byHead(shape.heads, keys: true) }, values: kept.map { $0.byHead(shape.heads, keys: false) },
            matchKeys: match.keys(entries.items), gates: match.gates(entries.phrases), said: match.said(entries.phrases),
            factors: likeness.factors(entries.items))
    }

    /// What the interact layers project of new entries. Nothing attends to the states after the last of them.
    private func projected(_ entering: Matrix, _ timeline: Timeline) -> [Projected] {
        var hidden = entering
        var kept: [Projected] = []
        for depth in 0..<shape.interactLayers {
            kept.append(layer.projected(hidden))
            if depth + 1 < shape.interactLayers {
                hidden = layer.finish(hidden, interaction.attended(kept[depth], timeline, depth, growing: true))
            }
        }
        return kept
    }

    package func score(_ candidates: Entries, _ timeline: Timeline, depth: Int) throws -> [Float] {
        let numbers = inputs(candidates, likeness.of(candidates.items, timeline))
        let matched = matched(match.features(candidates.items, timeline))
        let (wide, deep) = (wide(numbers), deep(numbers))
        var hidden = small(numbers)
        hidden.add(candidates.items)
        hidden.add(candidates.phrases)
        for row in 0..<candidates.count { try kinds.add(Kind.candidate.rawValue, to: &hidden, row: row) }
        for interact in 0..<depth {
            let own = layer.projected(hidden)
            hidden = layer.finish(hidden, interaction.attended(own, timeline, interact, growing: false))
        }
        let head = head(headNorm(hidden))
        return (0..<candidates.count).map { head[$0, 0] + (matched[$0, 0] + wide[$0, 0] + deep[$0, 0]) }
    }

    /// (row, input): numbers, number, missing, flag; without number and flag if there are no factors.
    private func inputs(_ entries: Entries, _ likeness: Matrix) -> Matrix {
        let own = shape.factors > 0 ? 1 : 0
        var result = Matrix(rows: entries.count, columns: 2 * (shape.numbers + own))
        for row in 0..<entries.count {
            for column in 0..<shape.numbers {
                result[row, column] = entries.numbers[row, column]
                result[row, shape.numbers + own + column] = entries.missing[row, column]
            }
            if own == 0 { continue }
            result[row, shape.numbers] = likeness[row, 0]
            result[row, 2 * shape.numbers + 1] = likeness[row, 1]
        }
        return result
    }
}

/// Two linear layers with GELU between them.
private struct Deep {
    private let first: Linear
    private let second: Linear

    init(_ weights: Parameters, _ first: String, _ second: String) throws {
        self.first = try weights.linear(first)
        self.second = try weights.linear(second)
    }

    func callAsFunction(_ input: Matrix) -> Matrix {
        var inner = first(input)
        gelu(&inner.values, inner.values.count)
        return second(inner)
    }
}
