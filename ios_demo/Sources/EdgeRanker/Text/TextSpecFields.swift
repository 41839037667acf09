let specKeys: [ByteText] = [
    "profile", "item", "event", "context", "numbers", "max_events", "max_segment_tokens", "max_user_tokens", "lowercase",
    "schema",
]
private let numberKeys: [ByteText] = [
    "name", "of", "history", "minus", "where", "last", "same", "over", "smoothing", "prior", "transform", "mean", "spread",
]

/// A number from decoded JSON. Errors: an unknown key, a value that cannot be.
func numberSpec(_ value: JsonValue, _ path: String) throws -> NumberSpec {
    let fields = try TextSpecFields(value, path, known: numberKeys)
    let spec = NumberSpec(
        name: try fields.text("name"),
        of: try fields.text("of", ""),
        history: try fields.text("history", ""),
        minus: try fields.text("minus", ""),
        where: try fields.text("where", ""),
        last: try fields.integer("last", 0),
        same: try fields.text("same", ""),
        over: try fields.text("over", "mean"),
        smoothing: try fields.number("smoothing", 0),
        prior: try fields.optionalNumber("prior"),
        transform: try fields.text("transform", ""),
        mean: try fields.number("mean", 0),
        spread: try fields.number("spread", 1)
    )
    try spec.check()
    return spec
}

/// The values of one object, by key; errors name the key below the path.
struct TextSpecFields {
    private let values: JsonObject
    private let path: String

    init(_ value: JsonValue, _ path: String, known: [ByteText]) throws {
        guard case .object(let values) = value else {
            throw EdgeError("\(path) must be an object, not \(shown(value))")
        }
        for key in values.keys where !known.contains(key) {
            let fix = known.map(\.description).joined(separator: ", ")
            throw EdgeError("\(path) has an unknown key '\(shown(key))'", fix: fix)
        }
        self.values = values
        self.path = path
    }

    func text(_ key: ByteText, _ absent: ByteText? = nil) throws -> ByteText {
        if let absent, values[key] == nil { return absent }
        guard case .text(let text) = values[key] else { throw error(key) }
        return text
    }

    func list(_ key: ByteText) throws -> [JsonValue] {
        guard let value = values[key] else { return [] }
        guard case .list(let list) = value else { throw error(key) }
        return list
    }

    func integer(_ key: ByteText, _ absent: Int64) throws -> Int64 {
        guard let value = values[key] else { return absent }
        guard case .integer(let integer) = value else { throw error(key) }
        return integer
    }

    func count(_ key: ByteText, _ absent: Int64) throws -> Int {
        let count = try integer(key, absent)
        if !(0...Int64(Int32.max)).contains(count) { throw error(key) }
        return Int(count)
    }

    func flag(_ key: ByteText, _ absent: Bool) throws -> Bool {
        guard let value = values[key] else { return absent }
        guard case .flag(let flag) = value else { throw error(key) }
        return flag
    }

    func number(_ key: ByteText, _ absent: Double) throws -> Double {
        guard let value = values[key] else { return absent }
        guard let number = value.double else { throw error(key) }
        return number
    }

    func optionalNumber(_ key: ByteText) throws -> Double? {
        values[key] == nil || values[key] == .null ? nil : try number(key, 0)
    }

    private func error(_ key: ByteText) -> EdgeError {
        guard let value = values[key] else { return EdgeError("\(path) has no \(key)") }
        return EdgeError("\(path): \(key) cannot be \(shown(value))")
    }
}
