private let mostRequestBytes = 64 << 20
private let requestKeys: [ByteText] = ["user", "events", "candidates", "time"]

/// A request from JSON (SPEC.md, section 1). Errors: no JSON, and whatever no request may have, by its path.
public func parseRequest(_ text: String) throws -> Request { try parseRequest(Array(text.utf8)) }

/// A request from JSON in UTF-8. Errors: as of text, and bytes that are not UTF-8.
public func parseRequest(_ bytes: [UInt8]) throws -> Request {
    if bytes.count > mostRequestBytes { throw EdgeError("the request is longer than 64 MiB", fix: "send fewer events") }
    do {
        return try request(of: JsonReader.read(bytes))
    } catch let error as JsonError {
        let fix = "send one object: {\"user\": {...}, \"events\": [...], \"candidates\": [...]}"
        throw EdgeError("the request is not JSON", evidence: error.reason, fix: fix)
    }
}

/// A request from decoded JSON. Of several faults the first in the order of this function is named.
func request(of value: JsonValue) throws -> Request {
    let record = try object(value, "request")
    for key in record.keys where !requestKeys.contains(key) {
        let known = requestKeys.map(\.description).joined(separator: ", ")
        throw EdgeError("the request has an unknown key '\(shown(key))'", fix: known)
    }
    guard let listed = record["candidates"] else {
        throw EdgeError("the request has no 'candidates'", fix: "list the items to rank")
    }
    let user = try User(record["user"].map { try attributes(object($0, "user"), "user", but: []) } ?? Attributes())
    try checkUser(user)
    let events = try (record["events"].map { try list($0, "events", Limits.events) } ?? []).enumerated()
        .map { try event($0.element, "events[\($0.offset)]") }
    try checkTimes(events)
    let candidates = try list(listed, "candidates", Limits.candidates).enumerated()
        .map { try candidate($0.element, "candidates[\($0.offset)]") }
    if candidates.isEmpty { throw EdgeError("candidates is empty", fix: "list the items to rank") }
    try checkIds(candidates)
    return Request(user: user, events: events, candidates: candidates, time: try time(record["time"], "time"))
}

private func event(_ value: JsonValue, _ path: String) throws -> Event {
    let record = try object(value, path)
    guard let about = record["item"] else {
        throw EdgeError("\(path) has no 'item'", fix: "{\"item\": {\"title\": ...}, ...}")
    }
    let item = try item(about, path + ".item")
    let own = try attributes(record, path, but: ["item", "time"])
    let event = Event(item, own, time: try time(record["time"], path + ".time"))
    try checkEvent(event, path)
    return event
}

private func candidate(_ value: JsonValue, _ path: String) throws -> Item {
    if try object(value, path)["id"] == nil { throw EdgeError("\(path) has no 'id'", fix: "name each candidate") }
    let item = try item(value, path)
    try checkItem(item, path)
    return item
}

private func item(_ value: JsonValue, _ path: String) throws -> Item {
    let record = try object(value, path)
    let own = try attributes(record, path, but: ["id"])
    guard let id = record["id"] else { return Item("", own) }
    guard case .text(let name) = id else { throw EdgeError("\(path).id must be a string", fix: "quote it: \"50\"") }
    if name.isEmpty { throw EdgeError("\(path).id is empty", fix: "leave it out for an item without a name") }
    return Item(name, own)
}

private func attributes(_ record: JsonObject, _ path: String, but reserved: [ByteText]) throws -> Attributes {
    var attributes = Attributes()
    for (key, value) in zip(record.keys, record.values) where !reserved.contains(key) {
        attributes.add(key, try attribute(value, "\(path).\(key)"))
    }
    return attributes
}

private func attribute(_ value: JsonValue, _ path: String) throws -> Attribute {
    switch value {
    case .null: return .nothing
    case .flag(let flag): return Attribute(.flag(flag))
    case .integer, .number: return Attribute(.number(value.double ?? .nan))
    case .text(let text): return Attribute(.text(text))
    case .list(let values):
        let texts = try values.enumerated().map { index, value in
            guard case .text(let text) = value else {
                throw EdgeError("\(path)[\(index)] must be a string, not \(shown(value))", fix: "quote it: \"50\"")
            }
            return text
        }
        return Attribute(.list(texts))
    case .object:
        throw EdgeError("\(path) must be a string, a number, true, false, null or a list of strings, not an object")
    }
}

private func time(_ value: JsonValue?, _ path: String) throws -> Double? {
    if value == nil || value == .null { return nil }
    guard let time = value?.double else {
        throw EdgeError("\(path) must be a number, not \(shown(value))", fix: "seconds since 1970")
    }
    try checkTime(time, path)
    return time
}

private func object(_ value: JsonValue, _ path: String) throws -> JsonObject {
    if case .object(let object) = value { return object }
    let fix = "write keys and values: {\"title\": \"Heat\"}"
    throw EdgeError("\(path) must be an object, not \(shown(value))", fix: fix)
}

private func list(_ value: JsonValue, _ path: String, _ limit: Int) throws -> [JsonValue] {
    guard case .list(let values) = value else {
        throw EdgeError("\(path) must be a list, not \(shown(value))", fix: "[{...}, {...}]")
    }
    try checkSize(values.count, path, limit)
    return values
}
