/// A request that was answered.
struct Served {
    let user: String
    let profile: User
    let events: Int
    let time: Double
    let ranked: Ranked
    /// By item: the attributes of the user's newest event with it since.
    var outcomes: [ByteText: Attributes] = [:]
}

/// The newest requests, at most `most` candidates in all (PLAN.md, section 7).
struct ServedLog {
    private let most: Int
    private let name = randomName()
    private var kept: [(number: Int, served: Served)] = []
    private var rows = 0
    private var count = 0

    init(most: Int) { self.most = most }

    mutating func add(_ served: Served) {
        count += 1
        kept.append((count, served))
        rows += served.ranked.items.count
        while rows > most { rows -= kept.removeFirst().served.ranked.items.count }
    }

    /// Notes what the user did with an item, in the newest request that showed the item to that user.
    mutating func note(_ user: String, _ event: Event) {
        let shown = kept.lastIndex { entry in
            entry.served.user == user && entry.served.ranked.items.contains { $0.name == event.item.name }
        }
        if let shown { kept[shown].served.outcomes[event.item.name] = event.attributes }
    }

    mutating func clear() {
        kept = []
        rows = 0
    }

    /// A line for each candidate, with a JSON object. The log is empty afterwards.
    mutating func drain() -> String {
        var flags = Set<ByteText>()
        for attributes in kept.flatMap({ $0.served.outcomes.values }) {
            for (name, value) in zip(attributes.names, attributes.values) {
                if case .flag = value.value { flags.insert(name) }
            }
        }
        let ordered = flags.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        var out = ""
        for (number, served) in kept {
            for place in served.ranked.items.indices {
                out += writeJson(.object(row("\(name)-\(number)", served, place, ordered))) + "\n"
            }
        }
        clear()
        return out
    }

    private func row(_ request: String, _ served: Served, _ place: Int, _ flags: [ByteText]) -> JsonObject {
        let item = served.ranked.items[place]
        let score = served.ranked.scores[place]
        var row = JsonObject()
        func add(_ key: ByteText, _ value: JsonValue) { _ = row.add(key, value) }
        add("request", .text(ByteText(request)))
        add("user", .text(ByteText(served.user)))
        add("time", .number(served.time))
        add("item", .text(item.name))
        add("place", .integer(Int64(place + 1)))
        add("score", score.isNaN ? .null : .number(score))
        add("probability", .flag(served.ranked.explanation.areProbabilities))
        add("exit", .text(ByteText(served.ranked.explanation.exit.description)))
        add("events", .integer(Int64(served.events)))
        for (side, attributes) in [("user.", served.profile.attributes), ("item.", item.attributes)] {
            for (name, value) in zip(attributes.names, attributes.values) {
                add(ByteText(ByteText(side).bytes + name.bytes), json(value, flagsAsNumbers: false))
            }
        }
        // The names of PLAN.md's table win: `add` skips a name that is there already.
        let outcome = served.outcomes[item.name] ?? Attributes()
        for (name, value) in zip(outcome.names, outcome.values) { add(name, json(value, flagsAsNumbers: true)) }
        for flag in ["liked"] + flags { add(flag, .integer(0)) }
        return row
    }
}

private func json(_ attribute: Attribute, flagsAsNumbers: Bool) -> JsonValue {
    switch attribute.value {
    case .nothing: .null
    case .flag(let flag): flagsAsNumbers ? .integer(flag ? 1 : 0) : .flag(flag)
    case .number(let number): .number(number)
    case .text(let text): .text(text)
    case .list(let list): .list(list.map { .text($0) })
    }
}

/// 128 random bits in hex, so that no two processes make the same name.
func randomName() -> String { hex((0..<16).map { _ in UInt8.random(in: .min ... .max) }) }
