/// An item that was rendered and tokenised before, by `Ranker.prepare`.
public struct Handle: Sendable {
    public let item: Item
    let owner: ObjectIdentifier
    let tokens: [Int32]
    let context: [Int32]
}
