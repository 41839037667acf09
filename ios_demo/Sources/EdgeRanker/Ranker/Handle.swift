/// An item that `Ranker.prepare` rendered and tokenised ahead of requests.
public struct Handle: Sendable {
    public let item: Item
    let owner: ObjectIdentifier
    let tokens: [Int32]
    let context: [Int32]
}
