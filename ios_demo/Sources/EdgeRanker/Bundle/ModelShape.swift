private let mostKept = 1 << 26

/// The sizes of a model (ENGINE.md, "Sizes"), as the manifest names them.
package struct ModelShape: Sendable {
    package let hidden: Int
    package let heads: Int
    package let encodeDepths: [Int]
    package let interactLayers: Int
    package let positions: Int
    package let places: Int
    package let numbers: Int
    package let distances: Int
    package let matchSize: Int
    package let matchHeads: Int
    package let factors: Int
    package let vocabulary: Int
    /// The attribute of an event that is its value.
    let value: ByteText

    /// How often a phrase is encoded, whatever the depth of a request.
    var phraseDepth: Int { min(1, encodeDepths[encodeDepths.count - 1]) }

    /// Errors: sizes that no model can have.
    init(_ values: ManifestValues) throws {
        hidden = try values.count("hidden", 1...65_536)
        heads = try values.count("heads", 1...1_000)
        encodeDepths = try depths(values.list("encode_depths"))
        interactLayers = try values.count("interact_layers", 0...1_000)
        positions = try values.count("positions", 1...1_024)
        places = try values.count("places", 1...16_384)
        numbers = try values.count("numbers", 0...64)
        distances = try values.count("distances", 2...1_024)
        matchSize = try values.count("match_size", 1...65_536)
        matchHeads = try values.count("match_heads", 1...1_000)
        factors = try values.count("factors", 0...65_536)
        vocabulary = try values.count("vocabulary", 1...largestCount)
        value = try values.string("value")
        if hidden % heads != 0 { throw values.error("heads", "a divisor of \(hidden)") }
        if interactLayers * hidden * places > mostKept { throw values.error("places", "fewer") }
        if value != "rating" && value != "liked" { throw values.error("value", "rating or liked") }
        try checkFacts(values)
    }

    private func checkFacts(_ values: ManifestValues) throws {
        let parameters = values.has("parameters") ? try values.count("parameters", 1...largestCount) : Int(largestCount)
        if values.has("nonzero") { _ = try values.count("nonzero", 0...Int64(parameters)) }
        if values.has("precision") { try values.checkText("precision") }
    }
}

private func depths(_ values: [JsonValue]) throws -> [Int] {
    let depths = values.compactMap { value -> Int? in
        if case .integer(let depth) = value, (0...1_000).contains(depth) { return Int(depth) }
        return nil
    }
    let ascend = zip(depths, depths.dropFirst()).allSatisfy { $0 < $1 }
    if depths.count != values.count || !(1...16).contains(depths.count) || !ascend {
        throw EdgeError("model.encode_depths must be 1 to 16 ascending integers from 0 to 1000")
    }
    return depths
}
