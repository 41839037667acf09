@testable import EdgeRanker

private let beginProfile: Int32 = 3
private let endUser: Int32 = 4
private let beginCandidate: Int32 = 5
private let endCandidate: Int32 = 6

/// The segments of the full model for one request, with the slots of the user side (SPEC.md, section 7).
struct Segments {
    let user: [[Int32]]
    let slots: [Int]
    let candidates: [[Int32]]

    /// Templates of events that the walk does not reach are not rendered.
    init(_ request: Request, _ spec: TextSpec, _ encoder: TextEncoder) throws {
        let most = spec.maxSegmentTokens
        let profileText = try spec.profileTemplate.render(request.user.attributes)
        let profile = [beginProfile] + encoder.encode(profileText, most: most - 1)
        var kept: [[Int32]] = []
        var tokens = profile.count + 1
        for event in request.events.reversed() {
            if kept.count == spec.maxEvents { break }
            let segment = encoder.encode(try eventText(event, spec), most: most)
            if tokens + segment.count > spec.maxUserTokens { break }
            tokens += segment.count
            if !segment.isEmpty { kept.append(segment) }
        }
        user = [profile] + kept.reversed() + [[endUser]]
        slots = [0] + kept.indices.reversed().map { $0 + 3 } + [2]
        candidates = try request.candidates.map {
            [beginCandidate] + encoder.encode(try candidateText($0, spec), most: most - 2) + [endCandidate]
        }
    }
}

func eventText(_ event: Event, _ spec: TextSpec) throws -> ByteText {
    joined(try spec.eventTemplate.render(event.attributes), try spec.itemTemplate.render(event.item.attributes))
}

func candidateText(_ item: Item, _ spec: TextSpec) throws -> ByteText {
    joined(try spec.contextTemplate.render(item.attributes), try spec.itemTemplate.render(item.attributes))
}

private func joined(_ first: ByteText, _ second: ByteText) -> ByteText {
    ByteText(first.bytes + (first.isEmpty || second.isEmpty ? [] : [0x20]) + second.bytes)
}
