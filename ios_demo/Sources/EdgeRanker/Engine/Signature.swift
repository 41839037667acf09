/// The extents of an entry point's arrays by name (ENGINE.md); without those of no element, and inputs that nothing reads.
package struct Signature: Sendable {
    /// A size that each call chooses.
    package static let any = -1
    /// The arrays of int32; all others are float32.
    package static let integers: Set<String> = ["ids", "positions", "apart"]

    package let inputs: [String: [Int]]
    package let outputs: [String: [Int]]

    private init(_ inputs: [String: [Int]], _ outputs: [String: [Int]]) {
        self.inputs = inputs.filter { !$0.value.contains(0) }
        self.outputs = outputs.filter { !$0.value.contains(0) }
    }

    /// Of an entry point in a bucket, such as "score" of 2 and 64; nil if a model of this shape has no such bucket.
    package init?(_ entry: String, _ sizes: [Int], _ shape: ModelShape) {
        guard let size = sizes.last, sizes.count == (entry == "summarise" || entry == "score" ? 2 : 1) else { return nil }
        let hidden = [size, shape.hidden]
        switch entry {
        case "embed": self.init(["ids": [size], "positions": [size]], ["hidden": hidden])
        case "encode": self.init(["hidden": hidden, "mask": [size, size]], ["stepped": hidden])
        case "summarise": self.init(["hidden": hidden, "weights": sizes], ["summaries": [sizes[0], shape.hidden]])
        case "append": self.init(appended(size, shape), kept(size, shape))
        case "score":
            if sizes[0] != 0 && sizes[0] != shape.interactLayers { return nil }
            self.init(scored(sizes[0], size, shape), ["logits": [sizes[0] + 1, size]])
        default: return nil
        }
    }

    /// Of a bucket by its name, such as "score_2_64".
    package init?(bucket: String, _ shape: ModelShape) {
        let parts = bucket.split(separator: "_")
        let sizes = parts.dropFirst().compactMap { Int($0) }
        guard let entry = parts.first, sizes.count == parts.count - 1 else { return nil }
        self.init(String(entry), sizes, shape)
    }
}

private func appended(_ size: Int, _ shape: ModelShape) -> [String: [Int]] {
    var inputs = rows(size, shape)
    if shape.interactLayers == 0 { return inputs.filter { ["items", "phrases"].contains($0.key) } }
    inputs["events"] = [size]
    // At the last layer no new entry attends to another.
    if shape.interactLayers == 1 { return inputs }
    inputs["apart"] = [size, size == Signature.any ? Signature.any : shape.places + size]
    return inputs.merging(states(shape.places, shape)) { $1 }
}

private func kept(_ size: Int, _ shape: ModelShape) -> [String: [Int]] {
    let arrays = states(size, shape).merging(match(size, shape)) { $1 }
    return Dictionary(uniqueKeysWithValues: arrays.map { ("new_\($0)", $1) })
}

private func scored(_ depth: Int, _ size: Int, _ shape: ModelShape) -> [String: [Int]] {
    var inputs = rows(size, shape).merging(match(shape.places, shape)) { $1 }
    inputs["events"] = [shape.places]
    inputs["liked"] = [shape.factors > 0 ? shape.places : 0]
    if depth == 0 { return inputs }
    inputs["apart"] = [shape.places]
    return inputs.merging(states(shape.places, shape)) { $1 }
}

private func rows(_ size: Int, _ shape: ModelShape) -> [String: [Int]] {
    let few = [size, shape.numbers]
    return ["items": [size, shape.hidden], "phrases": [size, shape.hidden], "numbers": few, "missing": few]
}

private func states(_ places: Int, _ shape: ModelShape) -> [String: [Int]] {
    let byHead = [shape.interactLayers, shape.heads, places, shape.hidden / shape.heads]
    return ["keys": byHead, "values": byHead]
}

private func match(_ places: Int, _ shape: ModelShape) -> [String: [Int]] {
    [
        "match_keys": [places, shape.matchSize], "gates": [places, shape.matchHeads], "said": [places, shape.matchHeads],
        "factors": [places, shape.factors],
    ]
}
