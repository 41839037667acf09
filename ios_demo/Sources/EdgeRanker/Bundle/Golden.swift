private let numberTolerance = 1e-4

/// A line of `golden.jsonl` (BUNDLE.md, section 3).
struct GoldenLine {
    let id: String
    let request: Request
    let texts: ManifestValues
    let ids: ManifestValues
    let numbers: [JsonValue]
    let logits: [(exit: Exit, logits: [Float])]
}

/// The golden requests of a bundle. Errors name the line's id and what differs.
struct Golden {
    let lines: [GoldenLine]
    private let manifest: Manifest
    private let texts: Texts

    /// Errors: a line that breaks a rule.
    init(_ manifest: Manifest, _ file: [UInt8], _ texts: Texts) throws {
        self.manifest = manifest
        self.texts = texts
        if file.isEmpty { throw EdgeError("golden.jsonl has no line", fix: again) }
        let text = file.last == 0x0A ? file.dropLast() : file[...]
        lines = try text.split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
            do {
                return try GoldenLine(JsonReader.readStrictly(Array(line)), manifest)
            } catch let error as JsonError {
                throw EdgeError("golden.jsonl has a line that is not JSON", evidence: error.reason, fix: again)
            }
        }
    }

    /// Texts, token ids and numbers, without an engine.
    func replayTexts() throws {
        for line in lines {
            try replayTexts(line)
            try replayNumbers(line)
        }
    }

    /// How far the logits of a line's request may be from its own, on an engine.
    func tolerance(_ engine: String) -> Float { Float(manifest.tolerances[engine] ?? manifest.tolerance) }

    private func replayTexts(_ line: GoldenLine) throws {
        let request = line.request
        let rendered: [(ByteText, [ByteText])] = [
            ("profile", [try texts.profile(request.user)]),
            ("items", try request.events.map { try texts.item($0.item) }),
            ("phrases", try request.events.map { try texts.phrase($0) }),
            ("candidates", try request.candidates.map { try texts.item($0) }),
            ("contexts", try request.candidates.map { try texts.context($0) }),
        ]
        for (key, found) in rendered {
            if line.texts[key] != .list(found.map { .text($0) }) { throw line.error("the texts of \(key) differ") }
            let ids = found.map { JsonValue.list(texts.tokens($0).map { .integer(Int64($0)) }) }
            if line.ids[key] != .list(ids) { throw line.error("the token ids of \(key) differ") }
        }
    }

    private func replayNumbers(_ line: GoldenLine) throws {
        let request = line.request
        var numbers = try UserNumbers(texts.spec.numbers, request.user)
        for (index, event) in request.events.enumerated() { _ = try numbers.add(event, "events[\(index)]") }
        if line.numbers.count != request.candidates.count { throw line.error("the numbers are not those of its candidates") }
        let candidates = try numbers.of(request.candidates, request.time)
        for index in request.candidates.indices {
            let found = Array(candidates[index])
            guard case .list(let expected) = line.numbers[index], expected.count == found.count else {
                throw line.error("candidate \(index) has another count of numbers")
            }
            for place in found.indices where !isNear(found[place], expected[place]) {
                throw line.error("number \(place) of candidate \(index) is \(found[place])")
            }
        }
    }

    private func isNear(_ found: Float, _ expected: JsonValue) -> Bool {
        if expected == .null { return found.isNaN }
        return expected.double.map { abs(Double(found) - $0) <= numberTolerance } ?? false
    }
}

private let again = "export the bundle again"

extension GoldenLine {
    /// Errors: what breaks a rule of BUNDLE.md, section 3.
    init(_ value: JsonValue, _ manifest: Manifest) throws {
        let values = try ManifestValues("golden.jsonl", value)
        let name = try values.string("id")
        if !(1...80).contains(name.bytes.count) || !name.bytes.allSatisfy({ (0x21...0x7E).contains($0) }) {
            throw values.error("id", "1 to 80 visible ASCII characters")
        }
        id = name.description
        guard let sent = values["request"] else { throw values.error("request", "a request") }
        request = try EdgeRanker.request(of: sent)
        texts = try values.object("texts")
        ids = try values.object("ids")
        numbers = try values.list("numbers")
        logits = try Self.logits(values.object("logits"), manifest, request.candidates.count)
    }

    func error(_ problem: String) -> EdgeError { EdgeError("golden request \(id): \(problem)", fix: again) }

    private static func logits(
        _ values: ManifestValues, _ manifest: Manifest, _ candidates: Int
    ) throws -> [(exit: Exit, logits: [Float])] {
        let exits = manifest.exits.map(\.exit)
        if Set(values.keys) != Set(exits.map { ByteText($0.description) }) {
            throw EdgeError("golden.jsonl: the logits are not those of the bundle's exits", fix: again)
        }
        return try exits.map { exit in
            let list = try values.list(ByteText(exit.description)).compactMap(\.double)
            let isWhole = try values.list(ByteText(exit.description)).count == list.count
            if !isWhole || list.count != candidates {
                throw EdgeError("golden.jsonl: exit \(exit) does not have a logit for each candidate", fix: again)
            }
            return (exit, list.map { Float($0) })
        }
    }
}
