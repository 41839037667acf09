let textSchema: ByteText = "edge-ranker/text/2"
private let mostNumbers = 64

/// The text specification, `text.json` (SPEC.md, section 2): templates, numbers and limits, checked when it is made.
struct TextSpec: Sendable {
    let profile: ByteText
    let item: ByteText
    let event: ByteText
    let context: ByteText
    let numbers: [NumberSpec]
    let maxEvents: Int
    let maxSegmentTokens: Int
    let maxUserTokens: Int
    let lowercase: Bool
    let profileTemplate: Template
    let itemTemplate: Template
    let eventTemplate: Template
    let contextTemplate: Template

    /// Of a `text.json`. Errors: no strict JSON, an unknown key, a value that cannot be.
    init(reading bytes: [UInt8]) throws {
        let value: JsonValue
        do {
            value = try JsonReader.readStrictly(bytes)
        } catch let error as JsonError {
            let problem = "text.json is no text specification"
            throw EdgeError(problem, evidence: error.reason, fix: "export the bundle again")
        }
        try self.init(TextSpecFields(value, "text.json", known: specKeys))
    }

    private init(_ fields: TextSpecFields) throws {
        let schema = try fields.text("schema", textSchema)
        if schema != textSchema {
            let problem = "schema is '\(shown(schema))', this version reads \(textSchema)"
            throw EdgeError(problem, fix: "export the bundle again")
        }
        profile = try fields.text("profile")
        item = try fields.text("item")
        event = try fields.text("event")
        context = try fields.text("context", "")
        numbers = try fields.list("numbers").enumerated().map { try numberSpec($0.element, "numbers[\($0.offset)]") }
        maxEvents = try fields.count("max_events", 20)
        maxSegmentTokens = try fields.count("max_segment_tokens", 32)
        maxUserTokens = try fields.count("max_user_tokens", 192)
        lowercase = try fields.flag("lowercase", true)
        profileTemplate = try Template(profile, name: "profile")
        itemTemplate = try Template(item, name: "item")
        eventTemplate = try Template(event, name: "event")
        contextTemplate = try Template(context, name: "context")
        try checkLimits()
    }

    private func checkLimits() throws {
        try limit("max_events", maxEvents, 0...4_096)
        try limit("max_segment_tokens", maxSegmentTokens, 3...1_024)
        try limit("max_user_tokens", maxUserTokens, maxSegmentTokens + 1...8_192)
        if numbers.count > mostNumbers {
            throw EdgeError("numbers has \(numbers.count) entries, \(mostNumbers) at most")
        }
        var names = Set<ByteText>()
        for number in numbers where !names.insert(number.name).inserted {
            throw EdgeError("numbers names '\(shown(number.name))' twice")
        }
    }

    private func limit(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        if range.contains(value) { return }
        let fix = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        throw EdgeError("\(name) is \(value)", fix: fix)
    }
}
