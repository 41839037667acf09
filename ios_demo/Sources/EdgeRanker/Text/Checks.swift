/// What users, events and candidates may hold (SPEC.md, section 1); errors name the path of the value.
enum Limits {
    static let candidates = 1_000
    static let events = 10_000
    static let attributes = 100
    static let name = 100
    static let list = 100
    static let text = 10_000
    static let number = 1e15
}

func checkUser(_ user: User) throws { try check(user.attributes, "user", reserved: []) }

func checkEvents(_ events: [Event]) throws {
    try checkSize(events.count, "events", Limits.events)
    for (index, event) in events.enumerated() { try checkEvent(event, "events[\(index)]") }
    try checkTimes(events)
}

/// There may be none.
func checkCandidates(_ candidates: [Item]) throws {
    try checkSize(candidates.count, "candidates", Limits.candidates)
    for (index, item) in candidates.enumerated() { try checkItem(item, "candidates[\(index)]") }
    try checkIds(candidates)
}

func checkEvent(_ event: Event, _ path: @autoclosure () -> String) throws {
    try checkItem(event.item, path() + ".item", idNeeded: false)
    try checkTime(event.time, path() + ".time")
    try check(event.attributes, path(), reserved: ["item", "time"])
}

func checkItem(_ item: Item, _ path: @autoclosure () -> String, idNeeded: Bool = true) throws {
    if idNeeded && item.name.isEmpty {
        throw EdgeError("\(path()).id is empty", fix: "name each candidate: the answer refers to it")
    }
    try checkText(item.name, path() + ".id")
    try check(item.attributes, path(), reserved: ["id"])
}

func checkTime(_ time: Double?, _ path: @autoclosure () -> String) throws {
    if let time { try checkNumber(time, path()) }
}

func checkSize(_ count: Int, _ path: String, _ limit: Int) throws {
    if count <= limit { return }
    let fix = path == "events" ? "send the newest" : "rank them in several requests"
    throw EdgeError("\(path) has \(count) entries, \(limit) at most", fix: fix)
}

func checkIds(_ candidates: [Item]) throws {
    var places = [ByteText: Int](minimumCapacity: candidates.count)
    for (index, item) in candidates.enumerated() {
        guard let first = places.updateValue(index, forKey: item.name) else { continue }
        let problem = "candidates[\(index)].id repeats candidates[\(first)].id: '\(shown(item.name))'"
        throw EdgeError(problem, fix: "send each candidate once")
    }
}

func checkTimes(_ events: [Event]) throws {
    var latest = -Double.infinity
    for (index, event) in events.enumerated() {
        guard let time = event.time else { continue }
        if time < latest {
            throw EdgeError("events[\(index)].time is before that of an earlier event", fix: "list events oldest first")
        }
        latest = time
    }
}

private func check(_ attributes: Attributes, _ path: @autoclosure () -> String, reserved: [ByteText]) throws {
    if attributes.count > Limits.attributes {
        let problem = "\(path()) has \(attributes.count) attributes, \(Limits.attributes) at most"
        throw EdgeError(problem, fix: "leave out what the model does not read")
    }
    for (index, name) in attributes.names.enumerated() {
        if !(1...Limits.name).contains(name.length) {
            let problem = "\(path()) has an attribute named '\(shown(name))'"
            throw EdgeError(problem, fix: "names have 1 to \(Limits.name) characters")
        }
        if reserved.contains(name) {
            throw EdgeError("\(path()) has an attribute named '\(name)', which means something else", fix: "rename it")
        }
        try checkText(name, "an attribute name of \(path())")
        try checkValue(attributes.values[index], "\(path()).\(name)")
    }
}

private func checkValue(_ attribute: Attribute, _ path: @autoclosure () -> String) throws {
    switch attribute.value {
    case .nothing, .flag: break
    case .number(let number): try checkNumber(number, path())
    case .text(let text): try checkText(text, path())
    case .list(let list):
        if list.count > Limits.list {
            throw EdgeError("\(path()) has \(list.count) entries, \(Limits.list) at most", fix: "cut the list")
        }
        for (index, text) in list.enumerated() { try checkText(text, "\(path())[\(index)]") }
    }
}

private func checkText(_ text: ByteText, _ path: @autoclosure () -> String) throws {
    if text.bytes.count > Limits.text && text.length > Limits.text {
        throw EdgeError("\(path()) is \(text.length) characters long, \(Limits.text) at most", fix: "cut it")
    }
    if text.hasHalfOfPair {
        let problem = "\(path()) is not valid Unicode: half of a surrogate pair"
        throw EdgeError(problem, fix: "cut texts between characters, not within one")
    }
}

private func checkNumber(_ value: Double, _ path: @autoclosure () -> String) throws {
    if value.isNaN { throw EdgeError("\(path()) is NaN, which is no number", fix: "null for what is not known") }
    if abs(value) > Limits.number { throw EdgeError("\(path()) is out of range", fix: "between -1e15 and 1e15") }
}
