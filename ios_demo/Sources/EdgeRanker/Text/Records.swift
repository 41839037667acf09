/// What an app knows of a user: attributes that do not change with behaviour.
public struct User: Hashable, Sendable {
    let attributes: Attributes

    public init(_ attributes: [String: Attribute] = [:]) { self.attributes = Attributes(attributes) }

    init(_ attributes: Attributes) { self.attributes = attributes }
}

/// Something to rank, or that was met in the past; there the id may be empty. Scores depend on the attributes alone.
public struct Item: Hashable, Sendable {
    let name: ByteText
    let attributes: Attributes

    public var id: String { name.description }

    public init(_ id: String, _ attributes: [String: Attribute] = [:]) {
        self.init(ByteText(id), Attributes(attributes))
    }

    init(_ name: ByteText, _ attributes: Attributes) {
        self.name = name
        self.attributes = attributes
    }

    /// The attribute of a name, `nothing` where there is none.
    public subscript(name: String) -> Attribute { attributes[ByteText(name)] }
}

/// What a user did with an item. `time` is in seconds since 1970, nil where it is not known.
public struct Event: Hashable, Sendable {
    public let item: Item
    public let time: Double?
    let attributes: Attributes

    public init(_ item: Item, _ attributes: [String: Attribute] = [:], time: Double? = nil) {
        self.init(item, Attributes(attributes), time: time)
    }

    init(_ item: Item, _ attributes: Attributes, time: Double?) {
        self.item = item
        self.time = time
        self.attributes = attributes
    }

    /// The same with another item.
    package func again(with item: Item) -> Event { Event(item, attributes, time: time) }
}

/// A user, events from the oldest on, the items to rank and the moment, in seconds since 1970.
public struct Request: Hashable, Sendable {
    public let user: User
    public let events: [Event]
    public let candidates: [Item]
    public let time: Double?

    public init(user: User = User(), events: [Event] = [], candidates: [Item], time: Double? = nil) {
        self.user = user
        self.events = events
        self.candidates = candidates
        self.time = time
    }
}
