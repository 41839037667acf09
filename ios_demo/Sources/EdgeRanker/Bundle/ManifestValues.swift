let largestCount: Int64 = 1 << 30
private let mostCharacters = 10_000

/// The values of one object of the manifest; what breaks a rule is refused by its path.
struct ManifestValues {
    private let path: String
    private let values: JsonObject
    var keys: [ByteText] { values.keys }

    init(_ path: String, _ value: JsonValue?) throws {
        guard case .object(let values) = value else { throw EdgeError("\(path) must be an object") }
        self.path = path
        self.values = values
    }

    subscript(key: ByteText) -> JsonValue? { values[key] }

    func has(_ key: ByteText) -> Bool { values[key] != nil }

    func count(_ key: ByteText, _ range: ClosedRange<Int64> = 0...largestCount) throws -> Int {
        guard case .integer(let value) = values[key], range.contains(value) else {
            throw error(key, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(value)
    }

    func number(_ key: ByteText) throws -> Double {
        guard let value = values[key]?.double else { throw error(key, "a number") }
        return value
    }

    func number(_ key: ByteText, _ range: ClosedRange<Double>) throws -> Double {
        let value = try number(key)
        if range.contains(value) { return value }
        throw error(key, "a number from \(range.lowerBound) to \(range.upperBound)")
    }

    func string(_ key: ByteText) throws -> ByteText {
        guard case .text(let text) = values[key] else { throw error(key, "text") }
        return text
    }

    /// Errors: not 1 to 10,000 characters, or white space alone.
    func checkText(_ key: ByteText) throws {
        let text = try string(key)
        let isBlank = text.bytes.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        if isBlank || text.length > mostCharacters { throw error(key, "text of 1 to \(mostCharacters) characters") }
    }

    func list(_ key: ByteText) throws -> [JsonValue] {
        guard case .list(let list) = values[key] else { throw error(key, "a list") }
        return list
    }

    func object(_ key: ByteText) throws -> ManifestValues { try ManifestValues("\(path).\(shown(key))", values[key]) }

    func error(_ key: ByteText, _ wanted: String) -> EdgeError {
        let found = values[key].map { shown($0) } ?? "absent"
        return EdgeError("\(path).\(shown(key)) must be \(wanted), not \(found)")
    }
}
