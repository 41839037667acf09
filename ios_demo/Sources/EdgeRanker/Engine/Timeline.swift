/// What `append` gives of new entries: keys and values by interact layer (A, n, H / A), the rest (n, size).
package struct NewPlaces: Sendable {
    package var keys: [[Float]]
    package var values: [[Float]]
    package var matchKeys: Matrix
    package var gates: Matrix
    package var said: Matrix
    package var factors: Matrix

    package init(
        keys: [[Float]], values: [[Float]], matchKeys: Matrix, gates: Matrix, said: Matrix, factors: Matrix
    ) {
        self.keys = keys
        self.values = values
        self.matchKeys = matchKeys
        self.gates = gates
        self.said = said
        self.factors = factors
    }
}

/// What is kept of a user's entries (ENGINE.md, "The timeline"); places behind the last entry are 0.
package struct Timeline: Sendable {
    private let shape: ModelShape
    package private(set) var keys: [[Float]]  // (L, A, E, H / A)
    package private(set) var values: [[Float]]
    package private(set) var matchKeys: Matrix
    package private(set) var gates: Matrix
    package private(set) var said: Matrix
    package private(set) var factors: Matrix
    package private(set) var events: [Float]
    package private(set) var liked: [Float]
    package private(set) var entries = 0

    package init(_ shape: ModelShape) {
        self.shape = shape
        keys = Array(
            repeating: Array(repeating: 0, count: shape.places * shape.hidden), count: shape.interactLayers)
        values = keys
        matchKeys = Matrix(rows: shape.places, columns: shape.matchSize)
        gates = Matrix(rows: shape.places, columns: shape.matchHeads)
        said = gates
        factors = Matrix(rows: shape.places, columns: shape.factors)
        events = Array(repeating: 0, count: shape.places)
        liked = events
    }

    /// Writes new entries into the places that follow; `liked` has the value of each.
    package mutating func append(_ new: NewPlaces, profile: Bool, liked likedOfNew: [Float]) {
        let count = likedOfNew.count
        for layer in keys.indices {
            copyHeads(new.keys[layer], to: &keys[layer], count)
            copyHeads(new.values[layer], to: &values[layer], count)
        }
        for row in 0..<count {
            let place = entries + row
            matchKeys.set(new.matchKeys[row], row: place)
            gates.set(new.gates[row], row: place)
            said.set(new.said[row], row: place)
            factors.set(new.factors[row], row: place)
            events[place] = profile && row == 0 ? 0 : 1
            liked[place] = likedOfNew[row]
        }
        entries += count
    }

    private func copyHeads(_ from: [Float], to target: inout [Float], _ count: Int) {
        let width = shape.hidden / shape.heads
        for head in 0..<shape.heads {
            let begin = (head * shape.places + entries) * width
            for index in 0..<count * width { target[begin + index] = from[head * count * width + index] }
        }
    }
}
