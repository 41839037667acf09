private let leaving = 2_500

/// A timeline that holds the events from `first` on.
struct KeptTimeline: Sendable {
    let first: Int
    var timeline: Timeline
}

/// What a ranker knows of a user: events with their numbers and values, and a timeline for each encode depth.
struct UserState: Sendable {
    let id: String
    let profile: User
    let profileTokens: [Int32]
    private(set) var events: [Event] = []
    private(set) var numbersOfEvents: [[Float]] = []
    /// The value of each event that the model reads; 0 if it is missing.
    private(set) var values: [Float] = []
    private(set) var numbers: UserNumbers
    var timelines: [Int: KeptTimeline] = [:]
    private var greatest = -Double.infinity
    private let value: ByteText
    private let specs: [NumberSpec]

    /// Errors: an invalid user, or one that the templates cannot render.
    init(_ id: String, _ profile: User, _ events: [Event], _ texts: Texts, _ shape: ModelShape) throws {
        self.id = id
        self.profile = profile
        profileTokens = texts.tokens(try texts.profile(profile))
        value = shape.value
        specs = texts.spec.numbers
        numbers = try UserNumbers(specs, profile)
        for (index, event) in events.enumerated() { try take(event, "events[\(index)]") }
        // An event that cannot be rendered is refused here, not by a later request.
        for event in events[firstEvent(events.count, most: shape.places - 1)...] { try render(event, texts) }
    }

    /// One more event. Errors: an invalid event, or one that is older than the newest; then nothing is changed.
    mutating func add(_ event: Event, _ texts: Texts) throws {
        try checkEvent(event, "event")
        if let time = event.time, time < greatest {
            throw EdgeError("event.time is before that of an earlier event", fix: "add events oldest first")
        }
        try numbers.check(event, "event")
        _ = try value(event, "event")
        try render(event, texts)
        if events.count == Limits.events { try removeOldest() }
        try take(event, "event")
    }

    private func render(_ event: Event, _ texts: Texts) throws {
        _ = try texts.phrase(event)
        _ = try texts.item(event.item)
    }

    private func value(_ event: Event, _ path: String) throws -> Float {
        Float(try number(event.attributes, value, path) ?? 0)
    }

    private mutating func take(_ event: Event, _ path: String) throws {
        values.append(try value(event, path))
        numbersOfEvents.append(try numbers.add(event, path))
        events.append(event)
        if let time = event.time { greatest = max(greatest, time) }
    }

    private mutating func removeOldest() throws {
        let left = events[leaving...]
        events = []
        numbersOfEvents = []
        values = []
        timelines = [:]
        numbers = try UserNumbers(specs, profile)
        for (index, event) in left.enumerated() { try take(event, "events[\(index)]") }
    }
}
