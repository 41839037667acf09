private let schema: ByteText = "edge-ranker/summaries/1"
private let mostTextBytes = 1 << 26
private let headFix = "compute them with the bundle that ranks: edge encode ITEMS.jsonl --bundle BUNDLE --out FILE"
private let lineFix = "send the first line that edge encode wrote, then lines of items"

/// All summaries in a text from a server, in the order of its lines (BUNDLE.md, section 9). Errors: text of another
/// form, or of other weights.
func sentSummaries(
    _ text: [UInt8], weights: String, _ shape: ModelShape
) throws -> [(key: SummaryKey, halves: [UInt16])] {
    if text.count > mostTextBytes {
        throw EdgeError("the summaries have \(text.count) bytes, \(mostTextBytes) at most", fix: "send fewer at once")
    }
    let whole = text.last == 0x0A ? text.dropLast() : text[...]
    let lines = whole.split(separator: 0x0A, omittingEmptySubsequences: false)
    try checkHead(SentLine(1, lines[0]), weights, shape)
    var summaries: [(key: SummaryKey, halves: [UInt16])] = []
    for (index, line) in lines.enumerated().dropFirst() {
        try add(SentLine(index + 1, line), shape, to: &summaries)
    }
    return summaries
}

/// One line, which holds a JSON object. Its errors give the number of the line.
private struct SentLine {
    let number: Int
    let values: JsonObject

    init(_ number: Int, _ bytes: ArraySlice<UInt8>) throws {
        guard case .object(let values) = try? JsonReader.readStrictly(Array(bytes)) else {
            throw refusal(number, "it is not one JSON object")
        }
        self.number = number
        self.values = values
    }

    subscript(key: ByteText) -> JsonValue? { values[key] }

    func refused(_ reason: String) -> EdgeError { refusal(number, reason) }
}

private func refusal(_ number: Int, _ reason: String) -> EdgeError {
    EdgeError("line \(number) of the summaries: \(reason)", fix: lineFix)
}

private func checkHead(_ line: SentLine, _ weights: String, _ shape: ModelShape) throws {
    guard line["schema"] == .text(schema) else {
        throw line.refused("its schema is \(shown(line["schema"])), this version reads '\(schema)'")
    }
    for key in ["weights", "hidden"] as [ByteText] where line[key] == nil { throw line.refused("it has no \(key)") }
    if weights.isEmpty || line["weights"] != .text(ByteText(weights)) || line["hidden"]?.double != Double(shape.hidden) {
        let evidence = "weights of the summaries: \(shown(line["weights"])), of the bundle: '\(weights)'"
        throw EdgeError("the summaries were computed from other weights", evidence: evidence, fix: headFix)
    }
}

private func add(
    _ line: SentLine, _ shape: ModelShape, to summaries: inout [(key: SummaryKey, halves: [UInt16])]
) throws {
    guard case .list(let ids) = line["tokens"], ids.count <= shape.positions else {
        throw line.refused("tokens must be a list of at most \(shape.positions) ids")
    }
    let tokens = try ids.map { id in
        guard case .integer(let token) = id, token >= 0, token < shape.vocabulary else {
            throw line.refused("tokens must be ids from 0 to \(shape.vocabulary - 1)")
        }
        return Int32(token)
    }
    guard case .object(let coded) = line["summaries"] else { throw line.refused("summaries must be an object") }
    for (key, value) in zip(coded.keys, coded.values) {
        guard let depth = shape.encodeDepths.first(where: { ByteText("\($0)") == key }) else {
            throw line.refused("'\(shown(key))' is no encode depth of the model: \(shape.encodeDepths)")
        }
        summaries.append((SummaryKey(depth: depth, tokens: tokens), try halves(value, shape.hidden, line)))
    }
}

private func halves(_ value: JsonValue, _ hidden: Int, _ line: SentLine) throws -> [UInt16] {
    guard case .text(let coded) = value, let content = bytes(ofBase64: coded.bytes, unusedBits: true),
        content.count == 2 * hidden
    else { throw line.refused("a summary must be \(hidden) float16 numbers in base64") }
    guard let halves = finiteHalves(content[...]) else { throw line.refused("a summary has a number that is not finite") }
    return halves
}
