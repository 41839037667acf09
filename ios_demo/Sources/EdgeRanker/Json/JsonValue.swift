/// Why a text is not the JSON that it must be. Whoever reads a file or a request makes an `EdgeError` of it.
struct JsonError: Error {
    let reason: String

    init(_ reason: String) { self.reason = reason }
}

/// A value of JSON. Integers that fit 64 bits are `integer`, all other numbers `number`.
enum JsonValue: Hashable, Sendable {
    case null
    case flag(Bool)
    case integer(Int64)
    case number(Double)
    case text(ByteText)
    case list([JsonValue])
    case object(JsonObject)

    /// Any number as a double.
    var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}

/// An object of JSON, in the order of its keys, none of them twice.
struct JsonObject: Hashable, Sendable {
    private(set) var keys: [ByteText] = []
    private(set) var values: [JsonValue] = []
    private var places: [ByteText: Int] = [:]

    subscript(key: ByteText) -> JsonValue? { places[key].map { values[$0] } }

    /// False, and nothing is changed, if the key is there.
    mutating func add(_ key: ByteText, _ value: JsonValue) -> Bool {
        if places.updateValue(keys.count, forKey: key) != nil { return false }
        keys.append(key)
        values.append(value)
        return true
    }
}
