/// The texts of the ranking model and their tokens (BUNDLE.md, section 3): each by itself, without special tokens.
final class Texts {
    let spec: TextSpec
    private let encoder: TextEncoder
    var vocabulary: Int { encoder.vocabulary }

    init(_ spec: TextSpec, _ encoder: TextEncoder) {
        self.spec = spec
        self.encoder = encoder
    }

    func profile(_ user: User) throws -> ByteText { try spec.profileTemplate.render(user.attributes) }

    func item(_ item: Item) throws -> ByteText { try spec.itemTemplate.render(item.attributes) }

    func phrase(_ event: Event) throws -> ByteText { try spec.eventTemplate.render(event.attributes) }

    func context(_ item: Item) throws -> ByteText { try spec.contextTemplate.render(item.attributes) }

    /// Token ids of a text, cut to `max_segment_tokens`.
    func tokens(_ text: ByteText) -> [Int32] { encoder.encode(text, most: spec.maxSegmentTokens) }
}
